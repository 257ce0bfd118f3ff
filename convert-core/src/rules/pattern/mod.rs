//! Regular expressions of rules: ECMAScript's, run in bounded time.
//!
//! A pattern is parsed as ECMAScript reads it (flag `i`, no flag `u`: Annex B applies, and characters are UTF-16 code
//! units). Where it neither looks around nor refers back it runs on [`regex`], whose work grows with the product of
//! program and subject, so that product is bounded ([`MAX_PRODUCT`]). Else it runs on a machine that backtracks as
//! ECMAScript says and counts its steps ([`MAX_STEPS`]). Either way a comparison takes at most about 10 ms, whoever
//! chose pattern and subject, and its result depends on nothing else.
//!
//! Known differences from JavaScript, each with a test:
//!
//! - A pattern longer than [`MAX_PATTERN`] code units, or nested deeper than [`parse::MAX_DEPTH`] groups, cannot be
//!   run: false, with a load warning. Nor can one for the linear engine that is larger than [`MAX_SIZE`] with its
//!   repetitions written out, or compiles to more than [`MAX_COMPILED`] bytes.
//! - A subject longer than [`MAX_SUBJECT`] bytes, or than the pattern's size allows, or work over the limit: false,
//!   negated or not, counted, and warned of once per pattern.
//! - Inline modifiers (`(?i:...)`) and two groups of one name are syntax errors, as in every JavaScript engine before
//!   ECMAScript 2025.

mod class;
mod emit;
mod escape;
mod fold;
mod machine;
mod names;
mod parse;
mod program;
mod units;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use hashbrown::HashMap;

use parse::Node;
use program::Program;

/// Code units of the longest pattern.
const MAX_PATTERN: usize = 16 * 1024;
/// Characters, classes and their ranges of a pattern whose repetitions are written out.
const MAX_SIZE: usize = 16 * 1024;
/// Bytes of memory that a program of the linear engine may take.
const MAX_COMPILED: usize = 256 * 1024;
/// Bytes that a program is first given. Most need no more.
const MIN_COMPILED: usize = 2 * 1024;
/// Bytes that a program takes for each of its characters, where all are ASCII.
const EXPECTED: usize = 36;
/// Bytes of the longest subject.
const MAX_SUBJECT: usize = 16 * 1024;
/// Bytes of a program times bytes of a subject. The linear engine's worst is about 250 ns for each 1,024 of them, where
/// every byte of the subject meets every state anew: 8 ms.
const MAX_PRODUCT: usize = 32 * 1024 * 1024;
/// Steps that the machine may take for one subject, at up to 6 ns.
const MAX_STEPS: usize = 1_500_000;

/// Why a pattern cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Syntax,
    TooLarge,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "is not valid in JavaScript",
            Self::TooLarge => "is too large to be run",
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
    /// With the longest subject, in bytes, that the size of the program allows.
    Linear(regex::Regex, usize),
    Backtracking(Program),
}

impl Engine {
    fn new(node: &Node) -> Result<Self, Fault> {
        let Some(text) = emit::emit(node) else { return Ok(Self::Backtracking(Program::new(node))) };
        let size = node.size();
        if size > MAX_SIZE { Err(Fault::TooLarge) } else { Self::linear(&text, size) }
    }

    /// The engine does not tell how large a program is, only whether it is within a limit.
    fn linear(text: &str, size: usize) -> Result<Self, Fault> {
        let mut limit = (size * EXPECTED).clamp(MIN_COMPILED, MAX_COMPILED);
        loop {
            let built = regex::RegexBuilder::new(text)
                .size_limit(limit)
                .dfa_size_limit(MAX_COMPILED)
                .nest_limit(u32::MAX)
                .build();
            match built {
                Ok(regex) => return Ok(Self::Linear(regex, MAX_SUBJECT.min(MAX_PRODUCT / limit))),
                Err(_) if limit < MAX_COMPILED => limit = (limit + limit / 2).min(MAX_COMPILED),
                Err(_) => return Err(Fault::TooLarge),
            }
        }
    }
}

impl Pattern {
    fn compile(source: Arc<str>, over_limit: Arc<AtomicU64>) -> Result<Self, Fault> {
        let units: Vec<u16> = source.encode_utf16().take(MAX_PATTERN + 1).collect();
        if units.len() > MAX_PATTERN {
            return Err(Fault::TooLarge);
        }
        let node = parse::parse(&units)?;
        let engine = Engine::new(&node)?;
        Ok(Self { engine, source, over_limit, warned: AtomicBool::new(false) })
    }

    /// Whether the pattern matches somewhere in the text, which is lower case; `None` where a limit was met.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        let result = match &self.engine {
            _ if text.len() > MAX_SUBJECT => None,
            Engine::Linear(regex, longest) => {
                let text = units::encode(text);
                (text.len() <= *longest).then(|| regex.is_match(&text))
            }
            Engine::Backtracking(program) => {
                let text: Vec<u16> = text.encode_utf16().collect();
                let mut steps = MAX_STEPS;
                machine::is_match(program, &text, &mut steps).ok()
            }
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
