//! What became of the requests, as the clients saw it.

/// What became of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// As it should be.
    Well,
    /// With another status or another text.
    Badly,
    /// The connection ended before the answer, or in its middle.
    CutOff,
    /// The connection ended before the first byte of an answer, when the server had been told to stop: where it was not
    /// accepted, the client may ask again.
    Never,
    /// The same, or no connection could be made, though nobody had told the server to stop.
    Refused,
    /// The client itself went away.
    LeftAlone,
}

/// What became of all requests.
#[derive(Debug, Default)]
pub struct Served {
    /// By request.
    pub requests: Vec<(u64, Answered)>,
}

impl Served {
    pub(crate) fn count(&self, answered: Answered) -> usize {
        self.requests.iter().filter(|(_, what)| *what == answered).count()
    }

    pub(crate) fn ids(&self, answered: Answered) -> impl Iterator<Item = u64> {
        self.requests.iter().filter(move |(_, what)| *what == answered).map(|(id, _)| *id)
    }
}
