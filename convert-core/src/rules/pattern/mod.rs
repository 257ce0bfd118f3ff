//! Regular expressions of rules: ECMAScript's, run in bounded time.
//!
//! A pattern is parsed as ECMAScript reads it (flag `i`, no flag `u`: Annex B applies, and characters are UTF-16 code
//! units). Then it has two ways to run, which agree:
//!
//! - [`regex`], where it neither looks around nor refers back. Its work grows with the product of program and subject,
//!   so only pairs whose product is small are given to it ([`MAX_PRODUCT`]).
//! - Everything else runs on a machine that backtracks as ECMAScript says and counts its steps ([`MAX_STEPS`]).
//!
//! Either way a comparison takes at most about 10 ms, whoever chose pattern and subject, and its result depends on
//! nothing but the two.
//!
//! Known differences from JavaScript, each with a test:
//!
//! - A pattern longer than [`MAX_PATTERN`] code units, larger than [`MAX_SIZE`], or nested deeper than
//!   [`parse::MAX_DEPTH`] groups cannot be run: false, with a load warning.
//! - A subject longer than [`MAX_SUBJECT`] bytes, or work over the limit: false, negated or not, counted, and warned of
//!   once per pattern.
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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;

use parse::Node;
use program::Program;

/// Code units of the longest pattern.
const MAX_PATTERN: usize = 16 * 1024;
/// Characters, classes and their ranges of a pattern. For [`regex`], with its repetitions written out.
const MAX_SIZE: usize = 16 * 1024;
/// Bytes of the longest subject.
const MAX_SUBJECT: usize = 16 * 1024;

/// Bytes of memory that a program of [`regex`] is first given. Most need no more.
const MIN_COMPILED: usize = 4 * 1024;
/// Bytes of memory that a program of [`regex`] may take.
const MAX_COMPILED: usize = 64 * 1024;
/// Bytes that it takes for each character, where all are ASCII.
const BYTES_PER_SIZE: usize = 36;
/// Bytes of memory in which [`regex`] keeps what it finds out about a program as it runs.
const MAX_CACHED: usize = 256 * 1024;
/// Bytes of a program of [`regex`] times bytes of a subject. Its worst is about 250 ns for each 1,024 of them, where
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
    Linear(Linear),
    Backtracking(Program),
}

#[derive(Debug)]
struct Linear {
    regex: regex::Regex,
    /// Bytes of the longest subject that the size of the program allows.
    longest: usize,
    /// For longer ones, made at first need.
    program: OnceLock<Option<Program>>,
}

impl Linear {
    /// `None` where the program is too large. The engine does not tell how large one is, only whether it is within a
    /// limit.
    fn new(node: &Node) -> Option<Self> {
        let size = node.size(true);
        if size > MAX_SIZE {
            return None;
        }
        let text = emit::emit(node)?;
        let mut limit = (size * BYTES_PER_SIZE).clamp(MIN_COMPILED, MAX_COMPILED);
        loop {
            let built = regex::RegexBuilder::new(&text)
                .size_limit(limit)
                .dfa_size_limit(MAX_CACHED)
                .nest_limit(u32::MAX)
                .build();
            match built {
                Ok(regex) => return Some(Self { regex, longest: MAX_PRODUCT / limit, program: OnceLock::new() }),
                Err(_) if limit < MAX_COMPILED => limit = (limit + limit / 2).min(MAX_COMPILED),
                Err(_) => return None,
            }
        }
    }

    /// The result, where the subject is short enough.
    fn is_match(&self, text: &str) -> Option<bool> {
        let text = units::encode(text);
        (text.len() <= self.longest).then(|| self.regex.is_match(&text))
    }
}

impl Pattern {
    fn compile(source: Arc<str>, over_limit: Arc<AtomicU64>) -> Result<Self, Fault> {
        let node = parse(&source)?;
        let engine = Linear::new(&node).map_or_else(|| Engine::Backtracking(Program::new(&node)), Engine::Linear);
        Ok(Self { engine, source, over_limit, warned: AtomicBool::new(false) })
    }

    /// Whether the pattern matches somewhere in the text, which is lower case; `None` where a limit was met.
    pub(super) fn is_match(&self, text: &str) -> Option<bool> {
        let result = if text.len() > MAX_SUBJECT { None } else { self.run(text) };
        if result.is_none() {
            self.give_up(text.len());
        }
        result
    }

    fn run(&self, text: &str) -> Option<bool> {
        let program = match &self.engine {
            Engine::Linear(linear) => match linear.is_match(text) {
                None => {
                    let program = || parse(&self.source).ok().map(|node| Program::new(&node));
                    linear.program.get_or_init(program).as_ref()?
                }
                result => return result,
            },
            Engine::Backtracking(program) => program,
        };
        let text: Vec<u16> = text.encode_utf16().collect();
        let mut steps = MAX_STEPS;
        machine::is_match(program, &text, &mut steps).ok()
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

fn parse(source: &str) -> Result<Node, Fault> {
    let units: Vec<u16> = source.encode_utf16().take(MAX_PATTERN + 1).collect();
    if units.len() > MAX_PATTERN {
        return Err(Fault::TooLarge);
    }
    let node = parse::parse(&units)?;
    if node.size(false) > MAX_SIZE { Err(Fault::TooLarge) } else { Ok(node) }
}

#[cfg(test)]
mod tests;
