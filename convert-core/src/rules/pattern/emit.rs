//! A parsed pattern, written for an engine.
//!
//! The engines' own classes, case folding and anchors are not used: every set is spelt out, in code units.

use std::fmt::Write as _;

use super::fold;
use super::parse::Node;
use super::units::{UnitSet, scalar};

/// The engine that it is written for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// No groups are captured: only whether there is a match is ever asked.
    Linear,
    Backtracking,
}

const WORD: &str = "[0-9A-Z_a-z]";

pub(super) fn emit(node: &Node, target: Target) -> String {
    let mut writer = Writer { out: String::new(), target, captures: Vec::new() };
    writer.node(node);
    writer.out
}

struct Writer {
    out: String,
    target: Target,
    /// The numbers of the groups written so far, in their order.
    captures: Vec<usize>,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => self.push("(?:)"),
            Node::Unit(unit) => self.set(&lower_case(fold::closed(*unit))),
            Node::Set(set) => self.set(set),
            Node::Start => self.push("\\A"),
            Node::End => self.push("\\z"),
            Node::WordBoundary { negated } => self.word_boundary(*negated),
            Node::Concat(nodes) => nodes.iter().for_each(|node| match node {
                Node::Any(_) => self.group("(?:", node),
                _ => self.node(node),
            }),
            Node::Any(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    if i > 0 {
                        self.push("|");
                    }
                    self.node(node);
                }
            }
            Node::Capture(_, node) if self.target == Target::Linear => self.group("(?:", node),
            Node::Capture(number, node) => {
                self.captures.push(*number);
                self.group("(", node);
            }
            Node::Look { behind, negated, node } => {
                let open = match (behind, negated) {
                    (false, false) => "(?=",
                    (false, true) => "(?!",
                    (true, false) => "(?<=",
                    (true, true) => "(?<!",
                };
                self.group(open, node);
            }
            Node::BackReference(number) => self.back_reference(*number),
            Node::Repeat { node, min, max, lazy } => {
                self.group("(?:", node);
                self.bounds(*min, *max);
                if *lazy {
                    self.push("?");
                }
            }
        }
    }

    fn group(&mut self, open: &str, node: &Node) {
        self.push(open);
        self.node(node);
        self.push(")");
    }

    /// A group that took no part in the match, or was left out with what holds it, is nothing, which matches.
    fn back_reference(&mut self, number: usize) {
        match self.captures.iter().position(|written| *written == number) {
            Some(at) => {
                let group = at + 1;
                let _ = write!(self.out, "(?:(?({group})\\{group}|))");
            }
            None => self.node(&Node::Empty),
        }
    }

    fn bounds(&mut self, min: u32, max: Option<u32>) {
        match (min, max) {
            (0, None) => self.push("*"),
            (1, None) => self.push("+"),
            (0, Some(1)) => self.push("?"),
            (min, None) => {
                let _ = write!(self.out, "{{{min},}}");
            }
            (min, Some(max)) => {
                let _ = write!(self.out, "{{{min},{max}}}");
            }
        }
    }

    fn word_boundary(&mut self, negated: bool) {
        let _ = match (self.target, negated) {
            (Target::Linear, false) => write!(self.out, "(?-u:\\b)"),
            (Target::Linear, true) => write!(self.out, "(?-u:\\B)"),
            (Target::Backtracking, false) => {
                write!(self.out, "(?:(?<={WORD})(?!{WORD})|(?<!{WORD})(?={WORD}))")
            }
            (Target::Backtracking, true) => {
                write!(self.out, "(?:(?<={WORD})(?={WORD})|(?<!{WORD})(?!{WORD}))")
            }
        };
    }

    fn set(&mut self, set: &UnitSet) {
        match set.ranges() {
            [] => self.push("[^\\x{0}-\\x{10ffff}]"),
            [(first, last)] if first == last => self.unit(*first),
            ranges => {
                self.push("[");
                for &(first, last) in ranges {
                    // The surrogates stand elsewhere, so a range over them is up to three.
                    for (from, to) in [(0, 0xd7ff), (0xd800, 0xdfff), (0xe000, u16::MAX)] {
                        let (first, last) = (first.max(from), last.min(to));
                        if first <= last {
                            self.unit(first);
                            if first < last {
                                self.push("-");
                                self.unit(last);
                            }
                        }
                    }
                }
                self.push("]");
            }
        }
    }

    fn unit(&mut self, unit: u16) {
        let c = scalar(unit);
        if c.is_ascii_alphanumeric() {
            self.out.push(c);
        } else {
            let _ = write!(self.out, "\\x{{{:x}}}", u32::from(c));
        }
    }
}

/// Subjects are lower case: a letter's upper case can be left out, and what is left is a literal to the engine.
fn lower_case(set: UnitSet) -> UnitSet {
    match set.ranges() {
        [(upper, _), (lower, last)] if (0x41..=0x5a).contains(upper) && lower == last => {
            UnitSet::of(&[(*lower, *last)])
        }
        _ => set,
    }
}
