//! The machine for patterns that look around or refer back: ECMAScript's own backtracking, with every step counted.

use super::fold;
use super::program::{Group, Loop, Program, Step, UNSET};
use super::units::UnitSet;

/// The work that a match may take, or the trail that it may leave, is over its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OverLimit;

/// Whether a program matches somewhere in a text, in at most `steps` steps; what is left of them is written back.
pub(super) fn is_match(program: &Program, text: &[u16], steps: &mut usize) -> Result<bool, OverLimit> {
    let registers = vec![UNSET; program.registers];
    let mut machine = Machine { program, text, registers, trail: Vec::new(), steps };
    for at in 0..=text.len() {
        if machine.run(0, at, false)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Entries of the longest trail: what a match may take of memory.
pub(super) const MAX_TRAIL: usize = 128 * 1024;

/// What is done on the way back.
enum Trail {
    Branch {
        step: usize,
        at: usize,
    },
    /// A run of one set that ends at `at`, and may be as short as to end at `least`.
    Run {
        step: usize,
        least: usize,
        at: usize,
    },
    Register {
        register: usize,
        was: usize,
    },
}

struct Machine<'m> {
    program: &'m Program,
    text: &'m [u16],
    registers: Vec<usize>,
    trail: Vec<Trail>,
    steps: &'m mut usize,
}

impl<'m> Machine<'m> {
    /// Goes on from a step up to `Done`. What it leaves on the trail is for the caller; where it fails, nothing.
    fn run(&mut self, mut step: usize, mut at: usize, backwards: bool) -> Result<bool, OverLimit> {
        let base = self.trail.len();
        let program = self.program;
        while let Some(what) = program.steps.get(step) {
            self.spend(1)?;
            let next = match what {
                Step::Done => return Ok(true),
                Step::Unit(unit) => self.take(at, backwards, |there| there == *unit).map(|at| (step + 1, at)),
                Step::Set(set) => self.take(at, backwards, |there| set.contains(there)).map(|at| (step + 1, at)),
                Step::Run { set, min, max } => self.take_run(set, *min, *max, step + 1, at)?.map(|at| (step + 1, at)),
                Step::Start => (at == 0).then_some((step + 1, at)),
                Step::End => (at == self.text.len()).then_some((step + 1, at)),
                Step::WordBoundary { negated } => (self.is_word_boundary(at) != *negated).then_some((step + 1, at)),
                Step::Open(Group(register)) => {
                    self.write(*register, at)?;
                    Some((step + 1, at))
                }
                Step::Close(Group(register)) => {
                    let opened = self.read(*register);
                    self.write(register + 1, opened.min(at))?;
                    self.write(register + 2, opened.max(at))?;
                    Some((step + 1, at))
                }
                Step::BackReference(group) => self.take_again(*group, at, backwards)?.map(|at| (step + 1, at)),
                Step::Fork(second) => {
                    self.leave(Trail::Branch { step: *second, at })?;
                    Some((step + 1, at))
                }
                Step::Jump(to) => Some((*to, at)),
                Step::Look { behind, negated, end } => {
                    self.look(step + 1, at, *behind, *negated)?.then_some((*end, at))
                }
                Step::Repeat(number) => {
                    if let Some(rounds) = self.repetition(*number).and_then(|repetition| repetition.rounds) {
                        self.write(rounds, 0)?;
                    }
                    Some((step + 1, at))
                }
                Step::Decide(number) => match self.repetition(*number) {
                    Some(repetition) => Some((self.decide(repetition, at)?, at)),
                    None => None,
                },
                Step::Round(number) => {
                    if let Some(repetition) = self.repetition(*number) {
                        self.begin_round(repetition, at)?;
                    }
                    Some((step + 1, at))
                }
                Step::Again(number) => self
                    .repetition(*number)
                    .filter(|repetition| self.may_end(repetition, at))
                    .map(|repetition| (repetition.decide, at)),
            };
            match next {
                Some(next) => (step, at) = next,
                None => match self.back(base)? {
                    Some(next) => (step, at) = next,
                    None => return Ok(false),
                },
            }
        }
        Ok(false)
    }

    fn spend(&mut self, steps: usize) -> Result<(), OverLimit> {
        *self.steps = self.steps.checked_sub(steps).ok_or(OverLimit)?;
        Ok(())
    }

    fn leave(&mut self, entry: Trail) -> Result<(), OverLimit> {
        if self.trail.len() == MAX_TRAIL {
            return Err(OverLimit);
        }
        self.trail.push(entry);
        Ok(())
    }

    /// The last place where there is another way, with all that was written since undone.
    fn back(&mut self, base: usize) -> Result<Option<(usize, usize)>, OverLimit> {
        while self.trail.len() > base {
            self.spend(1)?;
            match self.trail.pop() {
                Some(Trail::Branch { step, at }) => return Ok(Some((step, at))),
                Some(Trail::Run { step, least, at }) => {
                    if let Some(at) = self.shorten(step, least, at)? {
                        if at > least {
                            self.trail.push(Trail::Run { step, least, at });
                        }
                        return Ok(Some((step, at)));
                    }
                }
                Some(Trail::Register { register, was }) => self.restore(register, was),
                None => break,
            }
        }
        Ok(None)
    }

    /// The next shorter end of a run; where one code unit must follow, one that it follows.
    fn shorten(&mut self, step: usize, least: usize, at: usize) -> Result<Option<usize>, OverLimit> {
        let Some(Step::Unit(unit)) = self.program.steps.get(step) else { return Ok(at.checked_sub(1)) };
        let ends = self.text.get(least..at).unwrap_or_default();
        let found = ends.iter().rposition(|there| there == unit);
        self.spend((ends.len() - found.unwrap_or(0)) / SCANNED_PER_STEP)?;
        Ok(found.map(|found| least + found))
    }

    fn read(&self, register: usize) -> usize {
        self.registers.get(register).copied().unwrap_or(UNSET)
    }

    fn write(&mut self, register: usize, value: usize) -> Result<(), OverLimit> {
        let was = self.read(register);
        if was != value {
            self.leave(Trail::Register { register, was })?;
            self.restore(register, value);
        }
        Ok(())
    }

    fn restore(&mut self, register: usize, value: usize) {
        if let Some(place) = self.registers.get_mut(register) {
            *place = value;
        }
    }

    fn take(&self, at: usize, backwards: bool, is_in: impl Fn(u16) -> bool) -> Option<usize> {
        let (there, next) = if backwards { (at.checked_sub(1)?, at.checked_sub(1)?) } else { (at, at + 1) };
        self.text.get(there).copied().filter(|there| is_in(*there)).map(|_| next)
    }

    fn take_run(
        &mut self,
        set: &UnitSet,
        min: usize,
        max: usize,
        step: usize,
        at: usize,
    ) -> Result<Option<usize>, OverLimit> {
        let rest = self.text.get(at..).unwrap_or_default();
        let length = rest.iter().take(max).take_while(|there| set.contains(**there)).count();
        self.spend(length)?;
        if length < min {
            return Ok(None);
        }
        let (least, end) = (at + min, at + length);
        if end > least {
            self.leave(Trail::Run { step, least, at: end })?;
        }
        Ok(Some(end))
    }

    fn take_again(&mut self, group: Group, at: usize, backwards: bool) -> Result<Option<usize>, OverLimit> {
        let (start, end) = (self.read(group.0 + 1), self.read(group.0 + 2));
        // A group that has captured nothing is nothing, which matches.
        let Some(captured) = self.text.get(start..end) else { return Ok(Some(at)) };
        self.spend(captured.len() * STEPS_PER_FOLD)?;
        let (from, to, next) = if backwards {
            let Some(from) = at.checked_sub(captured.len()) else { return Ok(None) };
            (from, at, from)
        } else {
            (at, at + captured.len(), at + captured.len())
        };
        let is_same = |there: &[u16]| there.iter().zip(captured).all(|(a, b)| fold::is_same(*a, *b));
        Ok(self.text.get(from..to).is_some_and(is_same).then_some(next))
    }

    fn is_word_boundary(&self, at: usize) -> bool {
        let is_word = |at: Option<usize>| {
            at.and_then(|at| self.text.get(at))
                .and_then(|unit| u8::try_from(*unit).ok())
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        is_word(at.checked_sub(1)) != is_word(Some(at))
    }

    /// Once it is found, how it is found is settled; what it captured stays.
    fn look(&mut self, step: usize, at: usize, behind: bool, negated: bool) -> Result<bool, OverLimit> {
        let base = self.trail.len();
        let found = self.run(step, at, behind)?;
        if found {
            self.spend(self.trail.len() - base)?;
            if negated {
                while self.trail.len() > base {
                    if let Some(Trail::Register { register, was }) = self.trail.pop() {
                        self.restore(register, was);
                    }
                }
            } else {
                let mut kept = base;
                for i in base..self.trail.len() {
                    if matches!(self.trail.get(i), Some(Trail::Register { .. })) {
                        self.trail.swap(kept, i);
                        kept += 1;
                    }
                }
                self.trail.truncate(kept);
            }
        }
        Ok(found != negated)
    }

    fn repetition(&self, number: usize) -> Option<&'m Loop> {
        self.program.loops.get(number)
    }

    fn rounds(&self, repetition: &Loop) -> usize {
        repetition.rounds.map_or(0, |rounds| self.read(rounds))
    }

    fn decide(&mut self, repetition: &Loop, at: usize) -> Result<usize, OverLimit> {
        let (rounds, round) = (self.rounds(repetition), repetition.decide + 1);
        if rounds < repetition.min {
            return Ok(round);
        }
        if rounds >= repetition.max {
            return Ok(repetition.exit);
        }
        let (first, second) = if repetition.lazy { (repetition.exit, round) } else { (round, repetition.exit) };
        self.leave(Trail::Branch { step: second, at })?;
        Ok(first)
    }

    fn begin_round(&mut self, repetition: &Loop, at: usize) -> Result<(), OverLimit> {
        if let Some(rounds) = repetition.rounds {
            let made = self.read(rounds);
            self.write(rounds, made + 1)?;
        }
        if let Some(began) = repetition.began {
            self.write(began, at)?;
        }
        self.spend(repetition.groups.len())?;
        for group in &repetition.groups {
            self.write(group.0 + 1, UNSET)?;
            self.write(group.0 + 2, UNSET)?;
        }
        Ok(())
    }

    /// A round that was not asked for must take something.
    fn may_end(&self, repetition: &Loop, at: usize) -> bool {
        let asked_for = repetition.rounds.is_some() && self.rounds(repetition) <= repetition.min;
        asked_for || repetition.began.is_none_or(|began| self.read(began) != at)
    }
}

/// Code units that a search for one of them passes in the time of a step.
const SCANNED_PER_STEP: usize = 8;
/// Steps in whose time two code units are compared without case.
const STEPS_PER_FOLD: usize = 4;
