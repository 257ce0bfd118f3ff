use super::*;

const BATCH: usize = 10;

fn machine() -> Machine {
    Machine::new(Settings { batch_size: BATCH, interval: None, policy: AmbiguousPolicy::Retry })
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `queued` events, the oldest at place `oldest`, none stamped.
fn idle(queued: usize, oldest: u64) -> Input {
    Input::Idle(View { queued, oldest, next: oldest + queued as u64, since: None, half_full: false })
}

fn ended(outcome: Outcome, events: usize) -> Input {
    Input::Ended { outcome, events, draw: 1.0 }
}

fn status(status: u16) -> Outcome {
    Outcome::Answered { status, retry_after: None }
}

fn flush(id: u64, upto: u64) -> Input {
    Input::Flush { ticket: Ticket { id, upto }, reason: ReleaseReason::Explicit }
}

fn send(reason: ReleaseReason, max_events: usize) -> Action {
    Action::Send { reason, max_events }
}

fn settle(fate: Fate) -> Action {
    Action::Settle { fate, ambiguous: false, failed_flushes: None }
}

const WAIT_FOR_BATCH: Action = Action::Wait { until: None, wake_at: BATCH };

fn held_until(seconds: u64) -> Action {
    Action::Wait { until: Some(at(seconds)), wake_at: usize::MAX }
}

/// Feeds the inputs and compares each action.
#[track_caller]
fn run(machine: &mut Machine, steps: &[(u64, Input, Action)]) {
    for (n, (seconds, input, expected)) in steps.iter().enumerate() {
        assert_eq!(machine.next(at(*seconds), *input), *expected, "step {n}: {input:?}");
    }
}

#[test]
fn what_an_answer_means_for_the_batch() {
    use Outcome::{NoAnswer, NotSent};
    for (outcome, fate, ambiguous, held) in [
        (status(200), Fate::Delivered, false, false),
        (status(202), Fate::Delivered, false, false),
        (status(204), Fate::Delivered, false, false),
        (status(101), Fate::Return, false, true),
        (status(301), Fate::Return, false, true),
        (status(304), Fate::Return, false, true),
        (status(307), Fate::Return, false, true),
        (status(400), Fate::Drop(DropReason::Rejected), false, false),
        (status(401), Fate::Drop(DropReason::Rejected), false, false),
        (status(404), Fate::Drop(DropReason::Rejected), false, false),
        (status(408), Fate::Return, false, true),
        (status(413), Fate::Return, false, false),
        (status(429), Fate::Return, false, true),
        (status(500), Fate::Return, false, true),
        (status(503), Fate::Return, false, true),
        (status(599), Fate::Return, false, true),
        (status(499), Fate::Drop(DropReason::Rejected), false, false),
        (status(999), Fate::Return, false, true),
        (NotSent, Fate::Return, false, true),
        (NoAnswer, Fate::Return, true, true),
    ] {
        let mut machine = machine();
        machine.next(at(0), idle(10, 0));
        let action = machine.next(at(0), ended(outcome, 10));
        assert_eq!(action, Action::Settle { fate, ambiguous, failed_flushes: None }, "{outcome:?}");
        let next = machine.next(at(0), idle(20, 10));
        assert_eq!(next == held_until(1), held, "{outcome:?}: {next:?}");
    }
}

#[test]
fn the_drop_policy_gives_up_only_what_got_no_answer() {
    let settings = Settings { batch_size: BATCH, interval: None, policy: AmbiguousPolicy::Drop };
    for (outcome, fate) in [
        (Outcome::NoAnswer, Fate::Drop(DropReason::Ambiguous)),
        (Outcome::NotSent, Fate::Return),
        (status(503), Fate::Return),
    ] {
        let mut machine = Machine::new(settings);
        machine.next(at(0), idle(10, 0));
        let ambiguous = outcome == Outcome::NoAnswer;
        let expected = Action::Settle { fate, ambiguous, failed_flushes: None };
        assert_eq!(machine.next(at(0), ended(outcome, 10)), expected);
    }
}

#[test]
fn the_batch_size_releases_everything_queued() {
    run(
        &mut machine(),
        &[
            (0, idle(9, 0), WAIT_FOR_BATCH),
            (0, idle(1_200, 0), send(ReleaseReason::Size, 500)),
            (1, ended(status(200), 500), settle(Fate::Delivered)),
            (1, idle(700, 500), send(ReleaseReason::Size, 500)),
            (2, ended(status(200), 500), settle(Fate::Delivered)),
            // The last two hundred and three newer ones: under way already, so no batch size is waited for.
            (2, idle(203, 1_000), send(ReleaseReason::Size, 500)),
            (3, ended(status(200), 203), settle(Fate::Delivered)),
            (3, idle(3, 1_203), WAIT_FOR_BATCH),
        ],
    );
}

#[test]
fn a_queue_that_is_half_full_is_released_below_the_batch_size() {
    let half_full = Input::Idle(View { queued: 3, oldest: 0, next: 3, since: None, half_full: true });
    run(
        &mut machine(),
        &[
            (0, half_full, send(ReleaseReason::Size, 500)),
            (0, ended(status(503), 3), settle(Fate::Return)),
            // Not through the backoff, though.
            (0, half_full, held_until(1)),
            (1, half_full, send(ReleaseReason::Timeout, 500)),
            (1, ended(status(200), 3), settle(Fate::Delivered)),
            (1, idle(0, 3), WAIT_FOR_BATCH),
        ],
    );
}

#[test]
fn a_failure_holds_size_releases_back_and_retries_when_due() {
    run(
        &mut machine(),
        &[
            (0, idle(10, 0), send(ReleaseReason::Size, 500)),
            (0, ended(status(503), 10), settle(Fate::Return)),
            (0, idle(400, 0), held_until(1)),
            (1, idle(400, 0), send(ReleaseReason::Timeout, 500)),
            (1, ended(Outcome::NotSent, 400), settle(Fate::Return)),
            (2, idle(400, 0), held_until(3)),
            (3, idle(400, 0), send(ReleaseReason::Timeout, 500)),
            (3, ended(status(200), 400), settle(Fate::Delivered)),
            // Delivered: nothing is held, and the next failure starts with the shortest delay.
            (3, idle(10, 400), send(ReleaseReason::Size, 500)),
            (3, ended(status(503), 10), settle(Fate::Return)),
            (3, idle(10, 400), held_until(4)),
        ],
    );
}

#[test]
fn a_failed_batch_below_the_batch_size_is_retried_too() {
    let failed = Action::Settle { fate: Fate::Return, ambiguous: false, failed_flushes: Some(0) };
    run(
        &mut machine(),
        &[
            (0, flush(0, 3), Action::Nothing),
            (0, idle(3, 0), send(ReleaseReason::Explicit, 500)),
            (0, ended(status(500), 3), failed),
            (0, idle(3, 0), held_until(1)),
            (1, idle(3, 0), send(ReleaseReason::Timeout, 500)),
        ],
    );
}

#[test]
fn retry_after_holds_and_a_flush_tries_all_the_same() {
    let asked = Outcome::Answered { status: 429, retry_after: Some(at(120)) };
    let failed = |id| Action::Settle { fate: Fate::Return, ambiguous: false, failed_flushes: Some(id) };
    run(
        &mut machine(),
        &[
            (0, idle(10, 0), send(ReleaseReason::Size, 500)),
            (0, ended(asked, 10), settle(Fate::Return)),
            (5, idle(50, 0), held_until(120)),
            (5, flush(7, 50), Action::Nothing),
            (5, idle(50, 0), send(ReleaseReason::Explicit, 500)),
            (5, ended(status(503), 50), failed(7)),
            // The failed try does not shorten what the endpoint asked for.
            (5, idle(50, 0), held_until(120)),
            (6, flush(8, 50), Action::Nothing),
            (6, idle(50, 0), send(ReleaseReason::Explicit, 500)),
            (6, ended(status(200), 50), settle(Fate::Delivered)),
            (6, idle(10, 50), send(ReleaseReason::Size, 500)),
        ],
    );
}

#[test]
fn a_flush_drains_what_was_queued_at_its_call_and_no_more() {
    run(
        &mut machine(),
        &[
            (0, flush(0, 501), Action::Nothing),
            (0, idle(501, 0), send(ReleaseReason::Explicit, 500)),
            (0, ended(status(200), 500), settle(Fate::Delivered)),
            (0, idle(2, 500), send(ReleaseReason::Explicit, 500)),
            (0, ended(status(200), 2), settle(Fate::Delivered)),
            (0, idle(1, 502), WAIT_FOR_BATCH),
        ],
    );
}

#[test]
fn a_flush_during_a_request_makes_an_attempt_of_its_own() {
    let failed = Action::Settle { fate: Fate::Return, ambiguous: false, failed_flushes: Some(0) };
    run(
        &mut machine(),
        &[
            (0, idle(10, 0), send(ReleaseReason::Size, 500)),
            (1, flush(0, 12), Action::Nothing),
            (2, ended(status(503), 10), settle(Fate::Return)),
            (2, idle(12, 0), send(ReleaseReason::Explicit, 500)),
            (3, flush(1, 12), Action::Nothing),
            // Only the flush that the attempt was made for fails.
            (4, ended(status(503), 12), failed),
            (4, idle(12, 0), send(ReleaseReason::Explicit, 500)),
        ],
    );
}

#[test]
fn a_flush_whose_events_are_gone_sends_nothing() {
    run(
        &mut machine(),
        &[(0, flush(0, 5), Action::Nothing), (0, idle(0, 5), WAIT_FOR_BATCH), (0, idle(3, 5), WAIT_FOR_BATCH)],
    );
}

#[test]
fn the_periodic_release_counts_from_the_first_event() {
    let mut machine =
        Machine::new(Settings { batch_size: BATCH, interval: Some(at(30)), policy: AmbiguousPolicy::Retry });
    let stamped = |queued, oldest, since| {
        Input::Idle(View { queued, oldest, next: oldest + queued as u64, since: Some(at(since)), half_full: false })
    };
    run(
        &mut machine,
        &[
            // The first event is to wake the worker: it starts the time.
            (0, idle(0, 0), Action::Wait { until: None, wake_at: 1 }),
            (7, stamped(1, 0, 5), Action::Wait { until: Some(at(35)), wake_at: BATCH }),
            (34, stamped(4, 0, 5), Action::Wait { until: Some(at(35)), wake_at: BATCH }),
            (35, stamped(4, 0, 5), send(ReleaseReason::Timeout, 500)),
            (35, ended(status(200), 4), settle(Fate::Delivered)),
            (36, stamped(10, 4, 36), send(ReleaseReason::Size, 500)),
        ],
    );
}

#[test]
fn a_refused_size_is_halved_and_remembered() {
    run(
        &mut machine(),
        &[
            (0, idle(100, 0), send(ReleaseReason::Size, 500)),
            (0, ended(status(413), 100), settle(Fate::Return)),
            (0, idle(100, 0), send(ReleaseReason::Size, 50)),
            (0, ended(status(413), 50), settle(Fate::Return)),
            (0, idle(100, 0), send(ReleaseReason::Size, 25)),
            (0, ended(status(200), 25), settle(Fate::Delivered)),
            (0, idle(75, 25), send(ReleaseReason::Size, 25)),
            (0, ended(status(200), 75), settle(Fate::Delivered)),
            // Ten minutes after the last refusal the size is forgotten.
            (599, idle(100, 100), send(ReleaseReason::Size, 25)),
            (599, ended(status(200), 100), settle(Fate::Delivered)),
            (600, idle(100, 200), send(ReleaseReason::Size, 500)),
        ],
    );
}

#[test]
fn a_single_event_too_large_is_dropped_and_the_size_grows_again() {
    let mut machine = machine();
    run(
        &mut machine,
        &[
            (0, idle(10, 0), send(ReleaseReason::Size, 500)),
            (0, ended(status(413), 1), settle(Fate::Drop(DropReason::TooLarge))),
        ],
    );
    let mut oldest = 1;
    for size in [1, 2, 4, 8, 16, 32, 64, 128, 256, 500, 500] {
        run(
            &mut machine,
            &[
                (0, idle(1_000, oldest), send(ReleaseReason::Size, size)),
                (0, ended(status(200), size), settle(Fate::Delivered)),
            ],
        );
        oldest += size as u64;
    }
}

#[test]
fn a_size_refused_while_growing_is_remembered() {
    run(
        &mut machine(),
        &[
            (0, idle(100, 0), send(ReleaseReason::Size, 500)),
            (0, ended(status(413), 1), settle(Fate::Drop(DropReason::TooLarge))),
            (0, idle(99, 1), send(ReleaseReason::Size, 1)),
            (0, ended(status(200), 1), settle(Fate::Delivered)),
            (0, idle(98, 2), send(ReleaseReason::Size, 2)),
            (0, ended(status(413), 2), settle(Fate::Return)),
            (0, idle(98, 2), send(ReleaseReason::Size, 1)),
            (0, ended(status(200), 1), settle(Fate::Delivered)),
            (0, idle(97, 3), send(ReleaseReason::Size, 1)),
        ],
    );
}

#[test]
fn a_flush_goes_on_after_a_split() {
    run(
        &mut machine(),
        &[
            (0, flush(0, 4), Action::Nothing),
            (0, idle(4, 0), send(ReleaseReason::Explicit, 500)),
            (0, ended(status(413), 4), settle(Fate::Return)),
            (0, idle(4, 0), send(ReleaseReason::Explicit, 2)),
            (0, ended(status(200), 2), settle(Fate::Delivered)),
            (0, idle(2, 2), send(ReleaseReason::Explicit, 2)),
            (0, ended(status(200), 2), settle(Fate::Delivered)),
            (0, idle(0, 4), WAIT_FOR_BATCH),
        ],
    );
}
