//! Which variation a bucket value selects.

use std::cmp::Ordering;

use crate::text::Text;

use super::places::Places;

/// The scale of anchored ranges: constant, whatever the configured `max_traffic` (as the JavaScript SDK).
const ANCHOR_SCALE: f64 = 10_000.0;

/// One served variation, as far as traffic is concerned.
#[derive(Debug)]
pub(super) struct Arm {
    pub(super) id: Text,
    /// The first variation of the experience with this id: the one that is returned.
    pub(super) variation: u32,
    /// Percent; finite.
    pub(super) weight: f64,
    pub(super) running: bool,
}

impl Arm {
    fn is_active(&self) -> bool {
        self.running && self.weight > 0.0
    }
}

/// The ranges of bucket values of an experience's variations.
#[derive(Debug)]
pub(crate) enum Layout {
    /// Arms follow each other from 0 (config version 11 or less).
    Packed(Box<[PackedArm]>),
    /// Each arm has a fixed start, and grows at its own end as traffic is added (config version above 11).
    Anchored(Box<[AnchoredArm]>),
}

/// The end (exclusive) of one packed arm; it starts where the previous one ends.
#[derive(Debug)]
pub(crate) struct PackedArm {
    end: f64,
    variation: u32,
}

/// The range of one anchored arm: start inclusive, end exclusive.
#[derive(Debug)]
pub(crate) struct AnchoredArm {
    start: f64,
    end: f64,
    variation: u32,
}

impl Layout {
    /// Sums of doubles, in the JavaScript SDK's order and without rounding, so that edges fall on the same values.
    pub(super) fn packed(arms: &[Arm]) -> Self {
        let mut end = 0.0;
        let packed = in_js_object_order(arms.iter().filter(|arm| arm.is_active())).into_iter().map(|arm| {
            end += arm.weight * 100.0;
            PackedArm { end, variation: arm.variation }
        });
        Self::Packed(packed.collect())
    }

    /// Config order; inactive arms keep their place and count in the total.
    pub(super) fn anchored(arms: &[Arm]) -> Self {
        let total = arms.iter().fold(0.0, |sum, arm| sum + arm.weight);
        if total <= 0.0 {
            return Self::Anchored(Box::default());
        }
        let mut before = 0.0;
        let mut anchored = Vec::with_capacity(arms.len());
        for arm in arms {
            let start = before / total * ANCHOR_SCALE;
            before += arm.weight;
            if arm.is_active() {
                anchored.push(AnchoredArm { start, end: start + arm.weight * 100.0, variation: arm.variation });
            }
        }
        Self::Anchored(anchored.into_boxed_slice())
    }

    /// The index of the variation that a bucket value selects, if any.
    #[inline]
    pub(crate) fn select(&self, value: u32) -> Option<u32> {
        let value = f64::from(value);
        match self {
            Self::Packed(arms) => arms.iter().find(|arm| value < arm.end).map(|arm| arm.variation),
            Self::Anchored(arms) => {
                arms.iter().find(|arm| arm.start <= value && value < arm.end).map(|arm| arm.variation)
            }
        }
    }
}

/// Arms as the members of a JavaScript object: array indexes first, ascending, then the others as they came. A repeated
/// id keeps its first place and takes its last weight.
fn in_js_object_order<'a>(arms: impl Iterator<Item = &'a Arm>) -> Vec<&'a Arm> {
    let (mut ordered, mut by_id): (Vec<(Option<u32>, &Arm)>, _) = (Vec::new(), Places::default());
    for arm in arms {
        let earlier = by_id.find_in_growing(&ordered, &arm.id, |(_, earlier)| &earlier.id);
        match earlier.and_then(|at| ordered.get_mut(at)) {
            Some((_, earlier)) => *earlier = arm,
            None => ordered.push((array_index(&arm.id), arm)),
        }
    }
    ordered.sort_by(|(a, _), (b, _)| match (a, b) {
        (Some(a), Some(b)) => a.cmp(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
    ordered.into_iter().map(|(_, arm)| arm).collect()
}

/// The array index that JavaScript takes a member name for: a canonical decimal of at most 4294967294.
fn array_index(id: &str) -> Option<u32> {
    let canonical = id.bytes().all(|byte| byte.is_ascii_digit()) && (id == "0" || !id.starts_with('0'));
    if !canonical {
        return None;
    }
    id.parse().ok().filter(|&index| index < u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(id: &str, variation: u32, weight: f64) -> Arm {
        Arm { id: id.into(), variation, weight, running: true }
    }

    fn packed_order(arms: &[Arm]) -> Vec<u32> {
        in_js_object_order(arms.iter()).into_iter().map(|arm| arm.variation).collect()
    }

    #[test]
    fn only_canonical_decimals_below_the_limit_are_array_indexes() {
        assert_eq!(array_index("0"), Some(0));
        assert_eq!(array_index("4294967294"), Some(4_294_967_294));
        for id in ["", "4294967295", "99999999999", "010", "00", "+1", "-1", "1.0", " 1", "1e3", "v1", "١"] {
            assert_eq!(array_index(id), None, "{id:?}");
        }
    }

    #[test]
    fn array_indexes_come_first_and_the_rest_keeps_its_order() {
        let arms = ["b", "10", "9", "a", "2"].map(|id| arm(id, 0, 1.0));
        let ids: Vec<&str> = in_js_object_order(arms.iter()).into_iter().map(|arm| arm.id.as_str()).collect();
        assert_eq!(ids, ["2", "9", "10", "b", "a"]);
    }

    #[test]
    fn a_repeated_id_keeps_its_place_and_takes_the_last_weight() {
        let arms = [arm("A", 0, 30.0), arm("B", 1, 20.0), arm("A", 0, 40.0)];
        assert_eq!(packed_order(&arms), [0, 1]);
        let layout = Layout::packed(&arms);
        assert_eq!(layout.select(3999), Some(0));
        assert_eq!(layout.select(4000), Some(1));
        assert_eq!(layout.select(5999), Some(1));
        assert_eq!(layout.select(6000), None);
    }

    #[test]
    fn packed_edges_are_running_double_sums() {
        // 3 × 8.333 × 100 is 2499.9, and twelve of them end at 9999.6: value 9999 is in, 10000 is out.
        let arms: Vec<Arm> = (0..12).map(|i| arm(&format!("v{i}"), i, 8.333)).collect();
        let layout = Layout::packed(&arms);
        assert_eq!(layout.select(2499), Some(2));
        assert_eq!(layout.select(2500), Some(3));
        assert_eq!(layout.select(9999), Some(11));
        assert_eq!(layout.select(10_000), None);
    }

    #[test]
    fn anchored_arms_grow_at_their_own_end() {
        let layout = Layout::anchored(&[arm("a", 0, 5.0), arm("b", 1, 5.0)]);
        assert_eq!(layout.select(499), Some(0));
        assert_eq!(layout.select(500), None);
        assert_eq!(layout.select(5000), Some(1));
        assert_eq!(layout.select(5499), Some(1));
        assert_eq!(layout.select(5500), None);
    }

    #[test]
    fn an_inactive_anchored_arm_keeps_its_place() {
        let mut stopped = arm("a", 0, 50.0);
        stopped.running = false;
        let layout = Layout::anchored(&[stopped, arm("b", 1, 50.0)]);
        assert_eq!(layout.select(0), None);
        assert_eq!(layout.select(4999), None);
        assert_eq!(layout.select(5000), Some(1));
    }

    #[test]
    fn nothing_is_selected_where_the_total_is_not_positive() {
        let layout = Layout::anchored(&[arm("a", 0, -50.0), arm("b", 1, 50.0)]);
        assert!((0..10_000).all(|value| layout.select(value).is_none()));
    }
}
