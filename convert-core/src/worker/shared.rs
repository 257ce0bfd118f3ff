//! What the SDK's thread shares with the callers' threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::agenda::Agenda;
use super::lane::Fetch;
use super::machine::{AmbiguousPolicy, Settings};
use super::notify::Notify;
use super::{Task, Worker};
use crate::clock::{Clock, Jitter};
use crate::completion::{Completer, lock};
use crate::events::{Event, EventBus};
use crate::text::Text;
use crate::tracking::{
    DropNews, DropReason, EventCounts, FlushError, FlushReport, Limits, Queue, ReleaseReason, Ticket, TrackingEvent,
};
use crate::transport::{AsyncTransport, Endpoints};

/// Of the events that come after the close, the first is told of at once and more of them at most this often.
const LATE_REPORT_GAP: Duration = Duration::from_secs(30);

/// What delivery works with.
pub(crate) struct DeliveryConfig {
    pub(crate) transport: Arc<dyn AsyncTransport>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) jitter: Arc<dyn Jitter>,
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) batch_size: usize,
    /// How long after the first queued event a release comes even if the batch size is not reached; `None` is never.
    pub(crate) auto_flush_interval: Option<Duration>,
    pub(crate) limits: Limits,
    pub(crate) ambiguous: AmbiguousPolicy,
    pub(crate) enrich_data: bool,
    pub(crate) source: Text,
}

impl DeliveryConfig {
    /// The default batch size of the official SDKs.
    pub(crate) const BATCH_SIZE: usize = 10;
    pub(crate) const LIMITS: Limits = Limits { events: 100_000, bytes: 32 * 1024 * 1024 };
}

/// Where the events go and which project they are of.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) account_id: Text,
    pub(crate) project_id: Text,
    pub(crate) url: Arc<str>,
}

/// A flush as the worker gets it.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) ticket: Ticket,
    pub(crate) reason: ReleaseReason,
    pub(crate) deadline: Duration,
    /// The worker ends after it.
    pub(crate) closing: bool,
    pub(crate) done: Completer<Result<FlushReport, FlushError>>,
}

/// What callers ask of the worker.
#[derive(Default)]
pub(crate) struct Commands {
    pub(crate) flushes: Vec<Flush>,
    pub(super) fetches: Vec<Fetch>,
    pub(super) tasks: Vec<Task>,
    /// End at once: the last handle is gone, or a close had nothing to deliver.
    pub(super) stop: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Life {
    /// No thread yet, or it was lost.
    Idle,
    Running,
    /// Closed: no thread any more.
    Ended,
}

pub(crate) struct Shared {
    pub(crate) config: DeliveryConfig,
    pub(crate) bus: Arc<EventBus>,
    pub(crate) queue: Queue<TrackingEvent>,
    pub(super) commands: Mutex<Commands>,
    pub(super) notify: Notify,
    pub(super) agenda: Agenda,
    target: Mutex<Option<Arc<Target>>>,
    life: Mutex<Life>,
    running: AtomicBool,
    /// The process that the thread is in.
    #[cfg(feature = "exit-hook")]
    process: std::sync::atomic::AtomicU32,
    /// Events that come after the close are told of from then on.
    late_report_due: Mutex<Duration>,
}

impl Shared {
    pub(crate) fn new(config: DeliveryConfig, bus: Arc<EventBus>) -> Arc<Self> {
        let wake_at = if config.auto_flush_interval.is_some() { 1 } else { config.batch_size.max(1) };
        Arc::new(Self {
            queue: Queue::new(config.limits, wake_at),
            config,
            bus,
            commands: Mutex::default(),
            notify: Notify::default(),
            agenda: Agenda::default(),
            target: Mutex::default(),
            life: Mutex::new(Life::Idle),
            running: AtomicBool::new(false),
            #[cfg(feature = "exit-hook")]
            process: std::sync::atomic::AtomicU32::new(0),
            late_report_due: Mutex::default(),
        })
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            batch_size: self.config.batch_size,
            interval: self.config.auto_flush_interval,
            policy: self.config.ambiguous,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        self.config.clock.now()
    }

    pub(crate) fn target(&self) -> Option<Arc<Target>> {
        lock(&self.target).clone()
    }

    pub(crate) fn set_target(&self, target: Target) {
        *lock(&self.target) = Some(Arc::new(target));
        if self.running.load(Ordering::Acquire) {
            self.notify.notify();
        }
    }

    /// Puts a command in place and sees to it that a worker takes it. False when none can: it is dropped then.
    pub(crate) fn command(self: &Arc<Self>, put: impl FnOnce(&mut Commands)) -> bool {
        put(&mut lock(&self.commands));
        let working = self.wake_worker();
        if !working {
            self.drop_commands();
        }
        working
    }

    /// Wakes the worker, starting its thread at first need. False when there is none and none can be.
    pub(crate) fn wake_worker(self: &Arc<Self>) -> bool {
        if self.running.load(Ordering::Acquire) {
            self.notify.notify();
            return true;
        }
        {
            let mut life = lock(&self.life);
            match *life {
                Life::Ended => return false,
                Life::Running => {
                    self.notify.notify();
                    return true;
                }
                Life::Idle => *life = Life::Running,
            }
        }
        // Before the thread is there: whoever notifies now is heard at its first round.
        self.running.store(true, Ordering::Release);
        self.start_thread()
    }

    /// Whether the thread is in this process, or could be started in it.
    #[cfg(feature = "exit-hook")]
    pub(crate) fn works_in_this_process(&self) -> bool {
        *lock(&self.life) == Life::Idle || self.process.load(Ordering::Acquire) == std::process::id()
    }

    fn start_thread(self: &Arc<Self>) -> bool {
        #[cfg(feature = "exit-hook")]
        self.process.store(std::process::id(), Ordering::Release);
        let worker = Worker::new(Arc::clone(self));
        let transport = Arc::clone(&self.config.transport);
        let thread = thread::Builder::new().name("convert-sdk".to_owned());
        // A thread that cannot start drops the worker, which sets the state back.
        match thread.spawn(move || transport.drive(worker)) {
            Ok(_) => true,
            Err(error) => {
                tracing::error!(target: "convert", %error, "the SDK's thread could not be started");
                false
            }
        }
    }

    /// A worker that the test polls by hand, in place of the thread.
    #[cfg(test)]
    pub(super) fn worker_by_hand(self: &Arc<Self>) -> Worker {
        *lock(&self.life) = Life::Running;
        self.running.store(true, Ordering::Release);
        Worker::new(Arc::clone(self))
    }

    #[cfg(test)]
    pub(super) fn has_thread(&self) -> bool {
        *lock(&self.life) == Life::Running
    }

    /// Gives up everything pending and ends. Answers what was lost.
    pub(crate) fn give_up(&self) -> EventCounts {
        let lost = self.queue.abandon();
        self.stop();
        lost
    }

    /// Ends an idle delivery in place; a running worker is told to.
    pub(crate) fn stop(&self) {
        let idle = {
            let mut life = lock(&self.life);
            let idle = *life == Life::Idle;
            if idle {
                *life = Life::Ended;
            }
            idle
        };
        if idle {
            self.report_drops();
        } else {
            lock(&self.commands).stop = true;
            self.notify.notify();
        }
    }

    /// The worker is gone: `ended` for good, or lost, and then the next need starts another.
    pub(super) fn worker_left(&self, ended: bool) {
        self.rearm();
        {
            let mut life = lock(&self.life);
            *life = if ended { Life::Ended } else { Life::Idle };
            self.running.store(false, Ordering::Release);
        }
        self.drop_commands();
    }

    /// With no worker to ask for the next wake-up, one is asked for a batch later.
    fn rearm(&self) {
        let queued = self.queue.view().queued;
        self.queue.arm(queued.saturating_add(self.config.batch_size.max(1)));
    }

    fn drop_commands(&self) {
        // Not under the lock: dropping a completer wakes, and dropping a task runs the task's own code.
        let commands = std::mem::take(&mut *lock(&self.commands));
        drop(commands);
    }

    /// Tells of the events dropped since the last call.
    pub(crate) fn report_drops(&self) {
        let DropNews { dropped, full_begins, full_is_over } = self.queue.take_news();
        for (reason, counts) in dropped.each().filter(|(_, counts)| counts.total() > 0) {
            let (bucketing, conversions) = (counts.bucketing, counts.conversions);
            // An episode of a full queue has its warning at the beginning.
            if reason != DropReason::QueueFull || full_begins {
                tracing::warn!(target: "convert", bucketing, conversions, "tracking events dropped: {}", describe(reason));
            }
            self.bus.emit(|| Event::EventsDropped { reason, bucketing, conversions });
        }
        if let Some(EventCounts { bucketing, conversions }) = full_is_over {
            tracing::info!(
                target: "convert", bucketing, conversions,
                "the queue has room again; these are all tracking events dropped while it was full"
            );
        }
    }

    /// Tells of events that came after the close, from the caller's thread: the SDK's has ended or is about to.
    pub(crate) fn report_late(&self) {
        let now = self.now();
        {
            let mut due = lock(&self.late_report_due);
            if now < *due {
                return;
            }
            *due = now.saturating_add(LATE_REPORT_GAP);
        }
        self.report_all_late();
    }

    pub(crate) fn report_all_late(&self) {
        self.queue.release_late();
        self.report_drops();
    }
}

fn describe(reason: DropReason) -> &'static str {
    match reason {
        DropReason::QueueFull => {
            "the queue is full, the oldest go until there is room again; see that the endpoint is reachable"
        }
        DropReason::Rejected => "the endpoint refused them; check the SDK key, its secret and the endpoint",
        DropReason::TooLarge => "each alone is larger than the endpoint or the queue accepts",
        DropReason::Ambiguous => "their request got no answer and the policy is to drop such",
        DropReason::Closed => {
            "they were not delivered before the core was closed or dropped; close it last, and with enough time"
        }
    }
}
