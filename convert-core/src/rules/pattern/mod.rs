//! Regular expressions of rules: ECMAScript's, run in bounded time.
//!
//! A pattern is parsed as ECMAScript reads it (flag `i`, no flag `u`: Annex B applies, and characters are UTF-16 code
//! units), then written for an engine that cannot run away: [`regex`] where the pattern neither looks around nor refers
//! back, else [`fancy_regex`] with a limit on its work. Case is resolved while translating, by ECMAScript's own rule,
//! so the engines themselves compare exactly.
//!
//! Known differences from JavaScript, each with a test:
//!
//! - A group inside a repetition keeps what it matched in an earlier round, for a later back-reference; ECMAScript
//!   forgets it at each round.
//! - A back-reference compares lower-case texts exactly, so `σ` and `ς`, which ECMAScript holds equal, differ.
//! - A look-behind of variable length that itself looks around (`\b` does, too), and any that refers to a group inside
//!   it, cannot be run: false, with a load warning.
//! - A pattern longer than [`MAX_PATTERN`] code units, larger than [`MAX_SIZE`] with its repetitions written out, that
//!   compiles to more than [`MAX_COMPILED`] bytes, or nests deeper than [`parse::MAX_DEPTH`] groups cannot be run:
//!   false, with a load warning.
//! - A subject longer than [`MAX_SUBJECT`] bytes ([`MAX_BACKTRACKED_SUBJECT`] for patterns that look around or refer
//!   back), or work over the limit: false, negated or not, counted, and warned of once per pattern.
//! - Inline modifiers (`(?i:...)`) and two groups of one name are syntax errors, as in every JavaScript engine before
//!   ECMAScript 2025.

mod class;
mod emit;
mod escape;
mod fold;
mod names;
mod parse;
mod units;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hashbrown::HashMap;

/// Code units of the longest pattern.
const MAX_PATTERN: usize = 16 * 1024;
/// Characters, classes and their ranges of a pattern whose repetitions are written out.
const MAX_SIZE: usize = 16 * 1024;
/// Bytes of memory that the program of one pattern may take.
const MAX_COMPILED: usize = 512 * 1024;
/// Bytes of the longest subject.
const MAX_SUBJECT: usize = 64 * 1024;
/// Bytes of the longest subject of a pattern that backtracks, where each step may look at all of it.
const MAX_BACKTRACKED_SUBJECT: usize = 4 * 1024;
/// Steps back that a match may take.
const MAX_BACKTRACKS: usize = 20_000;

/// Why a pattern cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Syntax,
    TooLarge,
    Unsupported,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not valid in JavaScript",
            Self::TooLarge => "is too large to be run",
            Self::Unsupported => "has a look-behind or back-reference that cannot be run in bounded time",
        })
    }
}

/// The patterns of one config: equal ones are compiled once, and all count into one counter.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    compiled: HashMap<Arc<str>, Result<Arc<Pattern>, Fault>>,
    over_limit: Arc<AtomicU64>,
}

impl Patterns {
    /// How many comparisons were given up for their size or work.
    pub(crate) fn over_limit(&self) -> u64 {
        self.over_limit.load(Ordering::Relaxed)
    }

    pub(super) fn compile(&mut self, source: &str) -> Result<Arc<Pattern>, Fault> {
        if let Some(known) = self.compiled.get(source) {
            return known.clone();
        }
        let source: Arc<str> = source.into();
        let pattern = Pattern::compile(Arc::clone(&source), Arc::clone(&self.over_limit)).map(Arc::new);
        self.compiled.insert(source, pattern.clone());
        pattern
    }

    /// Lets go of what is only needed while a config loads.
    pub(crate) fn forget(&mut self) {
        self.compiled = HashMap::new();
    }
}

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    engine: Engine,
    source: Arc<str>,
    over_limit: Arc<AtomicU64>,
    warned: AtomicBool,
}

#[derive(Debug)]
enum Engine {
    Linear(regex::Regex),
    Backtracking(fancy_regex::Regex),
}

impl Pattern {
    fn compile(source: Arc<str>, over_limit: Arc<AtomicU64>) -> Result<Self, Fault> {
        let units: Vec<u16> = source.encode_utf16().take(MAX_PATTERN + 1).collect();
        if units.len() > MAX_PATTERN {
            return Err(Fault::TooLarge);
        }
        let node = parse::parse(&units)?;
        if node.size() > MAX_SIZE {
            return Err(Fault::TooLarge);
        }
        let engine = if node.backtracks() {
            let text = emit::emit(&node, emit::Target::Backtracking);
            fancy_regex::RegexBuilder::new(&text)
                .backtrack_limit(MAX_BACKTRACKS)
                .delegate_size_limit(MAX_COMPILED)
                .delegate_dfa_size_limit(MAX_COMPILED)
                .build()
                .map(Engine::Backtracking)
                .map_err(|_| Fault::Unsupported)?
        } else {
            let text = emit::emit(&node, emit::Target::Linear);
            regex::RegexBuilder::new(&text)
                .size_limit(MAX_COMPILED)
                .dfa_size_limit(MAX_COMPILED)
                .nest_limit(u32::MAX)
                .build()
                .map(Engine::Linear)
                .map_err(|_| Fault::TooLarge)?
        };
        Ok(Self { engine, source, over_limit, warned: AtomicBool::new(false) })
    }

    /// Whether the pattern matches somewhere in the text, which is lower case; `None` where a limit was met.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        let text = units::encode(text);
        let result = match &self.engine {
            Engine::Linear(regex) if text.len() <= MAX_SUBJECT => Some(regex.is_match(&text)),
            Engine::Backtracking(regex) if text.len() <= MAX_BACKTRACKED_SUBJECT => regex.is_match(&text).ok(),
            _ => None,
        };
        if result.is_none() {
            self.give_up(text.len());
        }
        result
    }

    #[cold]
    fn give_up(&self, subject_bytes: usize) {
        self.over_limit.fetch_add(1, Ordering::Relaxed);
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                target: "convert",
                pattern = %self.source,
                subject_bytes,
                "a regular expression of a rule met its work limit; the rule is false"
            );
        }
    }
}

#[cfg(test)]
mod tests;
