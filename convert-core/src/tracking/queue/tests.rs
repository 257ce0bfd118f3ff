use proptest::prelude::*;

use super::*;
use crate::tracking::Dropped;

const ROOMY: Limits = Limits { events: 1_000, bytes: 1_000_000 };

fn queue(limits: Limits) -> Queue<u32> {
    Queue::new(limits, usize::MAX)
}

fn push(queue: &Queue<u32>, events: impl IntoIterator<Item = u32>) {
    for event in events {
        let _ = queue.push(event, kind(event), 10, None);
    }
}

/// Odd events are conversions.
fn kind(event: u32) -> EventType {
    if event % 2 == 1 { EventType::Conversion } else { EventType::Bucketing }
}

fn take(queue: &Queue<u32>, max_events: usize) -> Vec<Entry<u32>> {
    let mut batch = Vec::new();
    queue.take(max_events, usize::MAX, &mut batch);
    batch
}

fn events(batch: &[Entry<u32>]) -> Vec<u32> {
    batch.iter().map(|entry| entry.event).collect()
}

fn counts(bucketing: u64, conversions: u64) -> EventCounts {
    EventCounts { bucketing, conversions }
}

#[test]
fn a_returned_batch_goes_before_what_came_meanwhile() {
    let queue = queue(ROOMY);
    push(&queue, 0..4);
    let mut batch = take(&queue, 3);
    push(&queue, 4..6);
    queue.settle(&mut batch, Fate::Return, false);
    assert!(batch.is_empty());
    assert_eq!(events(&take(&queue, 100)), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_batch_ends_at_either_limit_but_has_at_least_one_event() {
    let queue = queue(ROOMY);
    push(&queue, 0..10);
    let mut batch = Vec::new();
    queue.take(500, 35, &mut batch);
    assert_eq!(events(&batch), [0, 1, 2]);
    queue.settle(&mut batch, Fate::Delivered, false);
    queue.take(2, 1_000, &mut batch);
    assert_eq!(events(&batch), [3, 4]);
    queue.settle(&mut batch, Fate::Delivered, false);
    queue.take(500, 1, &mut batch);
    assert_eq!(events(&batch), [5]);
}

#[test]
fn a_full_queue_drops_the_oldest_and_tells_at_the_first_and_at_the_end() {
    let queue = queue(Limits { events: 10, bytes: 1_000 });
    push(&queue, 0..10);
    assert_eq!(queue.take_news(), DropNews::default());
    let push_one = |event| queue.push(event, kind(event), 10, None);
    assert_eq!([push_one(10), push_one(11)], [Pushed::Wake, Pushed::Quiet], "the worker is to tell of the first");
    push(&queue, 12..13);
    let news = queue.take_news();
    assert_eq!((news.dropped.queue_full, news.full_begins, news.full_is_over), (counts(2, 1), true, None));
    push(&queue, 13..25);
    let stats = queue.stats();
    assert_eq!(stats.accepted, counts(13, 12));
    assert_eq!(stats.pending, counts(5, 5));
    assert_eq!(stats.dropped.queue_full, counts(8, 7));
    assert_eq!(queue.take_news(), DropNews::default(), "told of already");

    let mut batch = take(&queue, 4);
    assert_eq!(events(&batch), [15, 16, 17, 18]);
    queue.settle(&mut batch, Fate::Delivered, false);
    assert_eq!(queue.take_news(), DropNews::default(), "six of ten: not over");
    let mut batch = take(&queue, 1);
    queue.settle(&mut batch, Fate::Delivered, false);
    let news = queue.take_news();
    assert_eq!((news.dropped.queue_full, news.full_begins), (counts(6, 6), false), "the rest");
    assert_eq!(news.full_is_over, Some(counts(8, 7)), "the whole");
    assert_eq!(queue.take_news(), DropNews::default());
}

#[test]
fn an_episode_that_nobody_saw_is_told_of_whole() {
    let queue = queue(Limits { events: 10, bytes: 1_000 });
    push(&queue, 0..14);
    let mut batch = take(&queue, 10);
    queue.settle(&mut batch, Fate::Delivered, false);
    let news = queue.take_news();
    assert_eq!((news.dropped.queue_full, news.full_begins), (counts(2, 2), true));
    assert_eq!(news.full_is_over, Some(counts(2, 2)));
}

#[test]
fn an_episode_may_begin_with_a_new_event() {
    let queue = queue(Limits { events: 3, bytes: 1_000 });
    push(&queue, 0..3);
    let _in_flight = take(&queue, 3);
    let push_one = |event| queue.push(event, kind(event), 10, None);
    assert_eq!([push_one(3), push_one(4)], [Pushed::Wake, Pushed::Quiet]);
    assert_eq!(queue.take_news().dropped.queue_full, counts(1, 1));
}

#[test]
fn a_push_over_the_half_wakes_whatever_length_is_armed() {
    for limits in [Limits { events: 4, bytes: 1_000 }, Limits { events: 1_000, bytes: 40 }] {
        let queue = queue(limits);
        let push_one = || queue.push(0, EventType::Bucketing, 10, None);
        assert_eq!([push_one(), push_one()], [Pushed::Quiet, Pushed::Quiet]);
        assert!(!queue.view().half_full);
        assert_eq!([push_one(), push_one()], [Pushed::Wake, Pushed::Quiet]);
        assert!(queue.view().half_full);
    }
}

#[test]
fn the_batch_in_flight_counts_against_the_bound_and_is_never_the_one_to_go() {
    let queue = queue(Limits { events: 3, bytes: 1_000 });
    push(&queue, 0..3);
    let mut batch = take(&queue, 2);
    push(&queue, 3..5);
    queue.settle(&mut batch, Fate::Return, false);
    assert_eq!(events(&take(&queue, 100)), [0, 1, 4]);
    assert_eq!(queue.stats().dropped.queue_full, counts(1, 1));
    // All in flight: the new event is the one to go.
    push(&queue, [6]);
    assert_eq!(queue.stats().dropped.queue_full, counts(2, 1));
    assert_eq!(queue.stats().pending.total(), 3);
}

#[test]
fn bytes_are_bounded_too() {
    let queue = queue(Limits { events: 1_000, bytes: 100 });
    push(&queue, 0..12);
    assert_eq!(queue.stats().pending.total(), 10);
    let _ = queue.push(12, EventType::Bucketing, 55, None);
    assert_eq!(queue.stats().pending.total(), 5, "six went for one of fifty-five bytes");
    assert_eq!(queue.push(13, EventType::Conversion, 101, None), Pushed::Wake);
    assert_eq!(queue.stats().dropped.too_large, counts(0, 1));
    assert_eq!(queue.take_news().dropped.too_large, counts(0, 1));
    assert_eq!(queue.stats().pending.total(), 5);
}

#[test]
fn a_push_wakes_once_at_the_armed_length() {
    let queue = queue(ROOMY);
    assert!(queue.arm(2));
    let push = |event| queue.push(event, EventType::Bucketing, 1, None);
    assert_eq!([push(0), push(1), push(2)], [Pushed::Quiet, Pushed::Wake, Pushed::Quiet]);
    assert!(!queue.arm(3), "three are there already");
    assert!(queue.arm(4));
    assert_eq!(push(3), Pushed::Wake);
}

#[test]
fn the_first_event_after_a_release_sets_the_time() {
    let queue = queue(ROOMY);
    let push = |second| queue.push(0, EventType::Bucketing, 1, Some(Duration::from_secs(second)));
    let _ = (push(5), push(6));
    assert_eq!(queue.view().since, Some(Duration::from_secs(5)));
    let mut batch = take(&queue, 1);
    assert_eq!(queue.view().since, Some(Duration::from_secs(5)), "what is left has waited since then");
    queue.settle(&mut batch, Fate::Return, false);
    let mut batch = take(&queue, 2);
    assert_eq!(queue.view().since, None);
    let _ = push(9);
    queue.settle(&mut batch, Fate::Return, false);
    assert_eq!(queue.view().since, Some(Duration::from_secs(9)));
}

#[test]
fn an_event_is_counted_as_ambiguous_once() {
    let queue = queue(ROOMY);
    push(&queue, 0..3);
    let mut batch = take(&queue, 2);
    queue.settle(&mut batch, Fate::Return, true);
    let mut batch = take(&queue, 3);
    queue.settle(&mut batch, Fate::Return, true);
    assert_eq!(queue.stats().ambiguous, counts(2, 1));
    let mut batch = take(&queue, 3);
    queue.settle(&mut batch, Fate::Delivered, false);
    assert_eq!((queue.stats().ambiguous, queue.stats().delivered), (counts(2, 1), counts(2, 1)));
}

#[test]
fn a_closed_queue_counts_what_comes_later() {
    let queue = queue(ROOMY);
    push(&queue, 0..2);
    queue.close();
    assert_eq!(queue.push(2, kind(2), 10, None), Pushed::Late);
    push(&queue, 3..5);
    let stats = queue.stats();
    assert_eq!((stats.accepted.total(), stats.pending.total(), stats.dropped.closed.total()), (5, 2, 3));
    assert_eq!(queue.take_news(), DropNews::default(), "kept until asked for");
    queue.release_late();
    assert_eq!(queue.take_news().dropped.closed, counts(2, 1));
    queue.release_late();
    assert_eq!(queue.take_news(), DropNews::default());
}

#[test]
fn an_abandoned_batch_is_accounted_for_once() {
    let queue = queue(ROOMY);
    push(&queue, 0..5);
    let mut batch = take(&queue, 2);
    let ticket = queue.claim().unwrap();
    assert_eq!(queue.abandon(), counts(3, 2));
    // Its answer comes too late to count.
    queue.settle(&mut batch, Fate::Delivered, false);
    let stats = queue.stats();
    assert_eq!((stats.delivered, stats.pending), (counts(0, 0), counts(0, 0)));
    assert_eq!((stats.dropped.closed, stats.ambiguous), (counts(3, 2), counts(1, 1)));
    assert_eq!(queue.end_claim(ticket), Some(FlushReport { delivered: 0, dropped: 5, pending: 0 }));
}

#[test]
fn a_claim_follows_its_events_and_no_others() {
    let queue = queue(Limits { events: 10, bytes: 1_000 });
    assert_eq!(queue.claim(), None);
    push(&queue, 0..6);
    let mut batch = take(&queue, 2);
    let ticket = queue.claim().unwrap();
    push(&queue, 6..13);
    // Thirteen for ten places: 2, 3 and 4 went, three of the claimed ones.
    assert_eq!(queue.report(ticket), FlushReport { delivered: 0, dropped: 3, pending: 3 });
    queue.settle(&mut batch, Fate::Return, false);
    assert_eq!(queue.report(ticket), FlushReport { delivered: 0, dropped: 3, pending: 3 });
    let mut batch = take(&queue, 5);
    assert_eq!(events(&batch), [0, 1, 5, 6, 7]);
    assert_eq!(queue.report(ticket), FlushReport { delivered: 0, dropped: 3, pending: 3 });
    queue.settle(&mut batch, Fate::Delivered, false);
    assert_eq!(queue.end_claim(ticket), Some(FlushReport { delivered: 3, dropped: 3, pending: 0 }));
}

#[derive(Clone, Debug)]
enum Step {
    Push { event: u32, bytes: u32 },
    Take { events: usize, bytes: usize },
    Settle { fate: Fate, ambiguous: bool },
    Claim,
    Close,
    Abandon,
    Tell,
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![
        3 => Just(Fate::Delivered),
        3 => Just(Fate::Return),
        1 => Just(Fate::Drop(DropReason::Rejected)),
        1 => Just(Fate::Drop(DropReason::Ambiguous)),
    ];
    prop_oneof![
        20 => (any::<u32>(), 0_u32..120).prop_map(|(event, bytes)| Step::Push { event, bytes }),
        5 => (1_usize..8, 0_usize..200).prop_map(|(events, bytes)| Step::Take { events, bytes }),
        5 => (fate, any::<bool>()).prop_map(|(fate, ambiguous)| Step::Settle { fate, ambiguous }),
        2 => Just(Step::Claim),
        2 => Just(Step::Tell),
        1 => Just(Step::Close),
        1 => Just(Step::Abandon),
    ]
}

proptest! {
    #[test]
    fn the_counters_add_up_after_every_step(steps in prop::collection::vec(step(), 1..200)) {
        let limits = Limits { events: 12, bytes: 400 };
        let queue = queue(limits);
        let mut batch: Vec<Entry<u32>> = Vec::new();
        let mut tickets = Vec::new();
        let (mut told, mut pushed) = (Dropped::default(), 0);
        let tell = |told: &mut Dropped| {
            for (reason, counts) in queue.take_news().dropped.each() {
                told.by_mut(reason).add_all(counts);
            }
        };
        for step in steps {
            match step {
                Step::Push { event, bytes } => {
                    pushed += 1;
                    let _ = queue.push(event, kind(event), bytes, None);
                }
                Step::Take { events, bytes } if batch.is_empty() => queue.take(events, bytes, &mut batch),
                Step::Settle { fate, ambiguous } => queue.settle(&mut batch, fate, ambiguous),
                Step::Claim => tickets.extend(queue.claim().map(|ticket| (ticket, queue.stats().pending.total()))),
                Step::Close => queue.close(),
                Step::Abandon => { queue.abandon(); }
                Step::Tell => tell(&mut told),
                Step::Take { .. } => {}
            }
            let stats = queue.stats();
            prop_assert_eq!(stats.accepted.total(), pushed);
            for kind in [EventType::Bucketing, EventType::Conversion] {
                let of = |counts: EventCounts| match kind {
                    EventType::Bucketing => counts.bucketing,
                    EventType::Conversion => counts.conversions,
                };
                let dropped: u64 = stats.dropped.each().map(|(_, counts)| of(counts)).sum();
                prop_assert_eq!(of(stats.accepted), of(stats.delivered) + of(stats.pending) + dropped);
                prop_assert!(of(stats.ambiguous) <= of(stats.accepted));
            }
            prop_assert!(stats.pending.total() <= limits.events as u64);
            let inner = queue.lock();
            let held: usize = inner.ring.iter().map(|entry| entry.bytes as usize).sum();
            let in_flight = inner.in_flight.as_ref().map_or((0, 0), |flight| (flight.events, flight.bytes));
            prop_assert_eq!(inner.bytes, held + in_flight.1);
            prop_assert!(inner.bytes <= limits.bytes);
            prop_assert_eq!(stats.pending.total(), inner.ring.len() as u64 + in_flight.0);
            prop_assert!(inner.ring.iter().is_sorted_by_key(|entry| entry.seq));
            drop(inner);
            for (ticket, claimed) in &tickets {
                let report = queue.report(*ticket);
                prop_assert_eq!(report.delivered + report.dropped + report.pending, *claimed);
            }
        }
        queue.abandon();
        queue.release_late();
        tell(&mut told);
        prop_assert_eq!(told, queue.stats().dropped, "every drop is told of once");
        prop_assert_eq!(queue.stats().pending.total(), 0);
    }
}
