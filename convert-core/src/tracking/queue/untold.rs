//! Dropped events that nobody was told of yet.

use crate::tracking::event::{DropReason, EventType};
use crate::tracking::stats::{Dropped, EventCounts};

/// What there is to tell of dropped events. Summed over all that is told, `dropped` is what the counters say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DropNews {
    pub(crate) dropped: Dropped,
    /// Those of a full queue are the first ones of an episode.
    pub(crate) full_begins: bool,
    /// An episode of a full queue is over: its whole loss.
    pub(crate) full_is_over: Option<EventCounts>,
}

/// A time of a full queue, from the first eviction until the queue is half empty.
#[derive(Debug, Default)]
struct Episode {
    lost: EventCounts,
    untold: EventCounts,
    is_told: bool,
}

/// What was dropped since the last telling.
#[derive(Debug, Default)]
pub(super) struct Untold {
    news: DropNews,
    episode: Option<Episode>,
    /// Came after the close. Kept until asked for, as each of them may be the last of many.
    late: EventCounts,
}

impl Untold {
    pub(super) fn add(&mut self, reason: DropReason, counts: EventCounts) {
        self.news.dropped.by_mut(reason).add_all(counts);
    }

    /// Counts an event that a full queue lost. True when an episode begins with it.
    pub(super) fn evicted(&mut self, kind: EventType) -> bool {
        let begins = self.episode.is_none();
        let episode = self.episode.get_or_insert_default();
        episode.lost.add(kind, 1);
        episode.untold.add(kind, 1);
        begins
    }

    pub(super) fn end_episode(&mut self) {
        let Some(episode) = self.episode.take() else { return };
        self.news.dropped.queue_full.add_all(episode.untold);
        self.news.full_begins |= !episode.is_told;
        self.news.full_is_over.get_or_insert_default().add_all(episode.lost);
    }

    pub(super) fn late(&mut self, kind: EventType) {
        self.late.add(kind, 1);
    }

    pub(super) fn release_late(&mut self) {
        self.news.dropped.closed.add_all(std::mem::take(&mut self.late));
    }

    /// Everything to tell now: of an episode its beginning, and the rest once it is over.
    pub(super) fn take(&mut self) -> DropNews {
        let mut news = std::mem::take(&mut self.news);
        if let Some(episode) = self.episode.as_mut().filter(|episode| !episode.is_told) {
            episode.is_told = true;
            news.full_begins = true;
            news.dropped.queue_full.add_all(std::mem::take(&mut episode.untold));
        }
        news
    }
}
