//! The grammar of patterns: ECMAScript's, without the flag `u`, with Annex B.

use super::units::UnitSet;
use super::{Fault, MAX_SUBJECT, class, escape, names};

/// Groups that may be open at one place.
pub(super) const MAX_DEPTH: usize = 96;

/// A pattern, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Empty,
    Unit(u16),
    Set(UnitSet),
    Start,
    End,
    WordBoundary {
        negated: bool,
    },
    Concat(Vec<Node>),
    Any(Vec<Node>),
    /// A capturing group, by its number.
    Capture(usize, Box<Node>),
    Look {
        behind: bool,
        negated: bool,
        node: Box<Node>,
    },
    BackReference(usize),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        lazy: bool,
    },
}

impl Node {
    /// Whether it always takes at least one code unit.
    pub(super) fn consumes(&self) -> bool {
        match self {
            Self::Unit(_) | Self::Set(_) => true,
            Self::Concat(nodes) => nodes.iter().any(Self::consumes),
            Self::Any(nodes) => nodes.iter().all(Self::consumes),
            Self::Capture(_, node) => node.consumes(),
            Self::Repeat { node, min, .. } => *min > 0 && node.consumes(),
            Self::Empty | Self::Start | Self::End | Self::WordBoundary { .. } => false,
            Self::Look { .. } | Self::BackReference(_) => false,
        }
    }

    /// Its characters, classes and their ranges; with repetitions written out it is what [`regex`] compiles.
    pub(super) fn size(&self, written_out: bool) -> usize {
        match self {
            Self::Set(set) => 1 + set.ranges().len(),
            Self::Concat(nodes) | Self::Any(nodes) => {
                nodes.iter().fold(1, |sum, node| sum.saturating_add(node.size(written_out)))
            }
            Self::Capture(_, node) | Self::Look { node, .. } => node.size(written_out).saturating_add(1),
            Self::Repeat { node, min, max, .. } => {
                let rounds = if written_out { max.unwrap_or(*min).max(1) } else { 1 };
                node.size(written_out).saturating_mul(rounds as usize).saturating_add(1)
            }
            _ => 1,
        }
    }
}

pub(super) fn parse(units: &[u16]) -> Result<Node, Fault> {
    let groups = names::scan(units)?;
    let mut parser = Parser { groups, ..Parser::new(units) };
    let node = parser.disjunction()?;
    // Only a `)` ends a disjunction early.
    if parser.peek().is_some() {
        return Err(Fault::Syntax);
    }
    Ok(node)
}

#[derive(Debug)]
pub(super) struct Parser<'p> {
    units: &'p [u16],
    at: usize,
    groups: names::Groups,
    /// Capturing groups whose `(` was read.
    opened: usize,
    /// How many groups of every kind are open.
    depth: usize,
}

/// What a group is, by what follows its `(`.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Capture(usize),
    Look { behind: bool, negated: bool },
    Plain,
}

impl<'p> Parser<'p> {
    pub(super) fn new(units: &'p [u16]) -> Self {
        let groups = names::Groups::default();
        Self { units, at: 0, groups, opened: 0, depth: 0 }
    }

    pub(super) fn peek(&self) -> Option<u16> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u16> {
        self.units.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<u16> {
        let unit = self.peek()?;
        self.at += 1;
        Some(unit)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    pub(super) fn back(&mut self) {
        self.at -= 1;
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(u16::from(byte));
        self.at += usize::from(there);
        there
    }

    fn eat_all(&mut self, text: &str) -> bool {
        let there = text.bytes().enumerate().all(|(ahead, byte)| self.peek_at(ahead) == Some(u16::from(byte)));
        self.at += if there { text.len() } else { 0 };
        there
    }

    pub(super) fn has_names(&self) -> bool {
        self.groups.has_names()
    }

    fn disjunction(&mut self) -> Result<Node, Fault> {
        let mut alternatives = vec![self.alternative()?];
        while self.eat(b'|') {
            alternatives.push(self.alternative()?);
        }
        Ok(single_or(alternatives, Node::Any))
    }

    fn alternative(&mut self) -> Result<Node, Fault> {
        let mut terms = Vec::new();
        while let Some(unit) = self.peek() {
            if unit == u16::from(b'|') || unit == u16::from(b')') {
                break;
            }
            terms.push(self.term()?);
        }
        Ok(single_or(terms, Node::Concat))
    }

    fn term(&mut self) -> Result<Node, Fault> {
        if let Some(assertion) = self.assertion() {
            // What cannot be repeated must not be followed by a quantifier.
            return if self.quantifier()?.is_some() { Err(Fault::Syntax) } else { Ok(assertion) };
        }
        if self.quantifier()?.is_some() {
            return Err(Fault::Syntax);
        }
        let node = self.atom()?;
        let Some((min, max)) = self.quantifier()? else { return Ok(node) };
        let lazy = self.eat(b'?');
        Ok(match node {
            Node::Look { behind: true, .. } => return Err(Fault::Syntax),
            // A round that matches nothing is only made where one is asked for.
            Node::Look { .. } if min == 0 => Node::Empty,
            Node::Look { .. } => node,
            _ => repeat(node, min, max, lazy),
        })
    }

    fn assertion(&mut self) -> Option<Node> {
        for (text, node) in [
            ("^", Node::Start),
            ("$", Node::End),
            ("\\b", Node::WordBoundary { negated: false }),
            ("\\B", Node::WordBoundary { negated: true }),
        ] {
            if self.eat_all(text) {
                return Some(node);
            }
        }
        None
    }

    /// `*`, `+`, `?` or a valid `{...}`; anything else between braces is literal.
    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, Fault> {
        for (byte, bounds) in [(b'*', (0, None)), (b'+', (1, None)), (b'?', (0, Some(1)))] {
            if self.eat(byte) {
                return Ok(Some(bounds));
            }
        }
        let start = self.at;
        if self.eat(b'{') {
            if let Some(min) = self.number() {
                let max = if self.eat(b',') { self.number() } else { Some(min) };
                if self.eat(b'}') {
                    return if max.is_some_and(|max| max < min) { Err(Fault::Syntax) } else { Ok(Some((min, max))) };
                }
            }
        }
        self.at = start;
        Ok(None)
    }

    fn number(&mut self) -> Option<u32> {
        let mut number: Option<u32> = None;
        while let Some(digit) = self.peek().and_then(digit) {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            self.at += 1;
        }
        number
    }

    fn atom(&mut self) -> Result<Node, Fault> {
        let unit = self.next().ok_or(Fault::Syntax)?;
        Ok(match u8::try_from(unit) {
            Ok(b'.') => Node::Set(class::dot()),
            Ok(b'(') => return self.group(),
            Ok(b'[') => Node::Set(class::parse(self)?),
            Ok(b'\\') => return self.atom_escape(),
            _ => Node::Unit(unit),
        })
    }

    fn group(&mut self) -> Result<Node, Fault> {
        let kind = if self.eat_all("?:") {
            Kind::Plain
        } else if self.eat_all("?=") {
            Kind::Look { behind: false, negated: false }
        } else if self.eat_all("?!") {
            Kind::Look { behind: false, negated: true }
        } else if self.eat_all("?<=") {
            Kind::Look { behind: true, negated: false }
        } else if self.eat_all("?<!") {
            Kind::Look { behind: true, negated: true }
        } else {
            if self.eat_all("?<") {
                names::read(self)?;
            } else if self.peek() == Some(u16::from(b'?')) {
                return Err(Fault::Syntax);
            }
            self.opened += 1;
            Kind::Capture(self.opened)
        };
        if self.depth == MAX_DEPTH {
            return Err(Fault::TooLarge);
        }
        self.depth += 1;
        let node = self.disjunction()?;
        self.depth -= 1;
        if !self.eat(b')') {
            return Err(Fault::Syntax);
        }
        Ok(match kind {
            Kind::Look { behind, negated } => Node::Look { behind, negated, node: Box::new(node) },
            Kind::Capture(group) => Node::Capture(group, Box::new(node)),
            // Around a look-behind it is what makes it one that can be repeated.
            Kind::Plain if matches!(node, Node::Look { .. }) => Node::Concat(vec![node]),
            Kind::Plain => node,
        })
    }

    fn atom_escape(&mut self) -> Result<Node, Fault> {
        if let Some(set) = self.peek().and_then(class::shorthand) {
            self.at += 1;
            return Ok(Node::Set(set));
        }
        let start = self.at;
        if self.peek().and_then(digit).is_some_and(|digit| digit != 0) {
            match self.number() {
                Some(group) if group as usize <= self.groups.count() => return Ok(Node::BackReference(group as usize)),
                // More than there are groups: a legacy octal escape, or the digit itself.
                _ => self.at = start,
            }
        }
        if self.has_names() && self.eat(b'k') {
            if !self.eat(b'<') {
                return Err(Fault::Syntax);
            }
            let name = names::read(self)?;
            return self.groups.find(&name).map(Node::BackReference).ok_or(Fault::Syntax);
        }
        escape::parse(self, false).map(Node::Unit)
    }
}

/// More rounds than the longest subject has code units are as many as there can be, or never come together.
fn repeat(node: Node, min: u32, max: Option<u32>, lazy: bool) -> Node {
    let max = max.filter(|max| *max as usize <= MAX_SUBJECT);
    if max == Some(0) || node == Node::Empty {
        Node::Empty
    } else if min as usize > MAX_SUBJECT && node.consumes() {
        Node::Set(UnitSet::default())
    } else {
        Node::Repeat { node: Box::new(node), min, max, lazy }
    }
}

fn digit(unit: u16) -> Option<u32> {
    char::from_u32(u32::from(unit))?.to_digit(10)
}

fn single_or(mut nodes: Vec<Node>, many: impl FnOnce(Vec<Node>) -> Node) -> Node {
    match nodes.len() {
        0 => Node::Empty,
        1 => nodes.pop().unwrap_or(Node::Empty),
        _ => many(nodes),
    }
}
