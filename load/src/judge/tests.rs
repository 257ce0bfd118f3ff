//! The judge itself: one run that is as promised, and what must not pass for one.

use super::{Seen, as_count, judge};
use crate::outcome::{Answered, Served};
use crate::server::{QUEUE_FULL, QUEUE_LIMIT, ServerReport};

/// A run, as the clients, the server and the endpoint saw it.
struct Run {
    served: Served,
    report: ServerReport,
    seen: Seen,
}

impl Run {
    /// So many requests, all of them answered, with all of their events delivered once.
    fn good(requests: u64) -> Self {
        let events =
            (0..requests).flat_map(|id| ["bucketing", "conversion"].map(|kind| ((id.to_string(), kind.to_owned()), 1)));
        Self {
            served: Served { requests: (0..requests).map(|id| (id, Answered::Well)).collect() },
            report: ServerReport {
                entered: (0..requests).collect(),
                accepted: requests * 2,
                delivered: requests * 2,
                ..ServerReport::default()
            },
            seen: Seen { counts: events.collect() },
        }
    }

    /// So many of the events are dropped instead of delivered, and do not arrive.
    fn dropped(mut self, reason: &str, count: usize) -> Self {
        self.report.delivered -= as_count(count);
        self.report.dropped.push((reason.to_owned(), as_count(count)));
        self.seen.counts = self.seen.counts.into_iter().skip(count).collect();
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// What does not hold; nothing where all does.
    fn fault(&self) -> String {
        judge(&self.served, &self.report, &self.seen).err().map_or_else(String::new, |error| error.to_string())
    }
}

#[test]
fn a_run_as_promised_holds() {
    assert_eq!(Run::good(410).fault(), "");
    let ambiguous = Run::good(2).with(|run| {
        run.report.ambiguous = 1;
        run.seen.counts.values_mut().take(1).for_each(|count| *count = 3);
    });
    assert_eq!(ambiguous.fault(), "", "an ambiguous event may arrive again");
    let gone = Run::good(2).with(|run| run.served.requests.push((2, Answered::LeftAlone)));
    assert_eq!(gone.fault(), "", "a client may go");
}

#[test]
fn an_endpoint_that_takes_nothing_does_not_hold() {
    let fault = Run::good(410).dropped("closed", 820).fault();
    assert_eq!(fault, "this does not hold: events were dropped from a full queue only, but for 820");
}

#[test]
fn no_event_is_dropped_for_another_reason_than_a_full_queue() {
    for reason in ["rejected", "too large", "ambiguous", "closed"] {
        assert!(Run::good(410).dropped(reason, 1).fault().contains("from a full queue only"), "{reason}");
    }
}

#[test]
fn a_queue_is_full_only_once_it_holds_what_it_may() {
    let requests = QUEUE_LIMIT / 2 + 5;
    assert_eq!(Run::good(requests).dropped(QUEUE_FULL, 10).fault(), "");
    assert!(Run::good(requests).dropped(QUEUE_FULL, 11).fault().contains("held what it may"));
}

#[test]
fn counts_that_cannot_be_do_not_hold() {
    type Change = fn(&mut Run);
    let cases: [(&str, Change); 8] = [
        ("requests were answered", |run| run.served.requests.clear()),
        ("no request failed", |run| run.served.requests.push((9, Answered::Badly))),
        ("no answer was cut off", |run| run.served.requests.push((9, Answered::CutOff))),
        ("no request was refused before", |run| run.served.requests.push((9, Answered::Refused))),
        ("every accepted request was answered, but for 1", |run| {
            run.report.entered.push(9);
            run.served.requests.push((9, Answered::Never));
        }),
        ("two events were accepted", |run| run.report.accepted -= 1),
        ("more than two events", |run| run.report.accepted += 1),
        ("only ambiguous events", |run| run.seen.counts.values_mut().take(1).for_each(|count| *count = 2)),
    ];
    for (what, change) in cases {
        let fault = Run::good(4).with(change).fault();
        assert!(fault.contains(what), "{what}: {fault}");
    }
    let lost = Run::good(4).with(|run| run.report.delivered -= 1).fault();
    assert!(lost.contains("delivered or dropped"));
    let never_arrived = Run::good(4).with(|run| run.seen.counts.clear()).fault();
    assert!(never_arrived.contains("every delivered event arrived"));
    let pending = Run::good(4).with(|run| (run.report.pending, run.report.delivered) = (1, 7)).fault();
    assert!(pending.contains("nothing is pending"));
}
