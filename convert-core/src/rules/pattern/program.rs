//! A parsed pattern, written as steps for the machine that backtracks.

use super::fold;
use super::parse::Node;
use super::units::UnitSet;

/// A register that holds nothing.
pub(super) const UNSET: usize = usize::MAX;

/// One step. Where nothing else is said, the next one follows.
#[derive(Debug)]
pub(super) enum Step {
    Unit(u16),
    Set(UnitSet),
    /// As many of a set as there are, giving back one at a time.
    Run {
        set: UnitSet,
        min: usize,
        max: usize,
    },
    Start,
    End,
    WordBoundary {
        negated: bool,
    },
    Open(Group),
    Close(Group),
    BackReference(Group),
    /// Goes on; on the way back, at this step.
    Fork(usize),
    Jump(usize),
    /// What is looked for follows, up to `Done`; the rest is at `end`.
    Look {
        behind: bool,
        negated: bool,
        end: usize,
    },
    /// Enters a repetition with no round made.
    Repeat(usize),
    /// Decides whether another round is made.
    Decide(usize),
    /// Begins a round.
    Round(usize),
    /// Ends a round, and decides again.
    Again(usize),
    Done,
}

/// The first of the three registers of a capturing group: where it was opened, and what it captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Group(pub(super) usize);

#[derive(Debug)]
pub(super) struct Loop {
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) lazy: bool,
    /// Its `Decide`.
    pub(super) decide: usize,
    pub(super) exit: usize,
    /// The register that counts rounds, where there is something to count for.
    pub(super) rounds: Option<usize>,
    /// The register of where a round began, where one may match nothing.
    pub(super) began: Option<usize>,
    /// The groups inside, which each round forgets.
    pub(super) groups: Vec<Group>,
}

#[derive(Debug)]
pub(super) struct Program {
    pub(super) steps: Vec<Step>,
    pub(super) loops: Vec<Loop>,
    pub(super) registers: usize,
}

impl Program {
    pub(super) fn new(node: &Node) -> Self {
        let mut writer =
            Writer { program: Self { steps: Vec::new(), loops: Vec::new(), registers: 0 }, groups: Vec::new() };
        writer.node(node, false);
        writer.push(Step::Done);
        writer.program
    }
}

struct Writer {
    program: Program,
    /// The groups met so far by their numbers, in whichever order.
    groups: Vec<(usize, Group)>,
}

impl Writer {
    fn here(&self) -> usize {
        self.program.steps.len()
    }

    fn push(&mut self, step: Step) {
        self.program.steps.push(step);
    }

    /// A step that is set later, when what it leads to has a place.
    fn reserve(&mut self) -> usize {
        self.push(Step::Done);
        self.here() - 1
    }

    fn set(&mut self, at: usize, step: Step) {
        if let Some(place) = self.program.steps.get_mut(at) {
            *place = step;
        }
    }

    fn registers(&mut self, count: usize) -> usize {
        let first = self.program.registers;
        self.program.registers += count;
        first
    }

    /// A reference may come before its group.
    fn group(&mut self, number: usize) -> Group {
        if let Some((_, group)) = self.groups.iter().find(|(known, _)| *known == number) {
            return *group;
        }
        let group = Group(self.registers(3));
        self.groups.push((number, group));
        group
    }

    fn node(&mut self, node: &Node, backwards: bool) {
        match node {
            Node::Empty => {}
            Node::Unit(_) | Node::Set(_) => {
                let set = units(node).unwrap_or_default();
                self.push(match set.ranges() {
                    [(first, last)] if first == last => Step::Unit(*first),
                    _ => Step::Set(set),
                });
            }
            Node::Start => self.push(Step::Start),
            Node::End => self.push(Step::End),
            Node::WordBoundary { negated } => self.push(Step::WordBoundary { negated: *negated }),
            Node::Concat(nodes) if backwards => nodes.iter().rev().for_each(|node| self.node(node, true)),
            Node::Concat(nodes) => nodes.iter().for_each(|node| self.node(node, false)),
            Node::Any(nodes) => self.any(nodes, backwards),
            Node::Capture(number, node) => {
                let group = self.group(*number);
                self.push(Step::Open(group));
                self.node(node, backwards);
                self.push(Step::Close(group));
            }
            Node::Look { behind, negated, node } => {
                let look = self.reserve();
                self.node(node, *behind);
                self.push(Step::Done);
                self.set(look, Step::Look { behind: *behind, negated: *negated, end: self.here() });
            }
            Node::BackReference(number) => {
                let group = self.group(*number);
                self.push(Step::BackReference(group));
            }
            Node::Repeat { node, min, max, lazy } => {
                let (min, max) = (*min as usize, max.map_or(usize::MAX, |max| max as usize));
                match units(node) {
                    Some(set) if !*lazy && !backwards => self.push(Step::Run { set, min, max }),
                    _ => self.repeat(node, min, max, *lazy, backwards),
                }
            }
        }
    }

    fn any(&mut self, nodes: &[Node], backwards: bool) {
        let mut ends = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            if i + 1 == nodes.len() {
                self.node(node, backwards);
            } else {
                let fork = self.reserve();
                self.node(node, backwards);
                ends.push(self.reserve());
                self.set(fork, Step::Fork(self.here()));
            }
        }
        for end in ends {
            self.set(end, Step::Jump(self.here()));
        }
    }

    fn repeat(&mut self, node: &Node, min: usize, max: usize, lazy: bool, backwards: bool) {
        let number = self.program.loops.len();
        let rounds = (min > 0 || max < usize::MAX).then(|| self.registers(1));
        let began = (!node.consumes()).then(|| self.registers(1));
        let mut numbers = Vec::new();
        captures(node, &mut numbers);
        let groups = numbers.into_iter().map(|number| self.group(number)).collect();
        let decide = self.here() + 1;
        self.program.loops.push(Loop { min, max, lazy, decide, exit: 0, rounds, began, groups });
        self.push(Step::Repeat(number));
        self.push(Step::Decide(number));
        self.push(Step::Round(number));
        self.node(node, backwards);
        self.push(Step::Again(number));
        let exit = self.here();
        if let Some(written) = self.program.loops.get_mut(number) {
            written.exit = exit;
        }
    }
}

/// The code units of a node that takes exactly one. Subjects are lower case.
fn units(node: &Node) -> Option<UnitSet> {
    match node {
        Node::Unit(unit) => Some(fold::lower_case(fold::closed(*unit))),
        Node::Set(set) => Some(set.clone()),
        _ => None,
    }
}

fn captures(node: &Node, numbers: &mut Vec<usize>) {
    match node {
        Node::Capture(number, node) => {
            numbers.push(*number);
            captures(node, numbers);
        }
        Node::Concat(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| captures(node, numbers)),
        Node::Look { node, .. } | Node::Repeat { node, .. } => captures(node, numbers),
        _ => {}
    }
}
