//! A parsed pattern, written for the linear engine.
//!
//! The engine's own classes, case folding and anchors are not used: every set is spelt out, in code units.

use std::fmt::Write as _;

use super::fold;
use super::parse::Node;
use super::units::{UnitSet, scalar};

/// No groups are captured: only whether there is a match is ever asked. `None` where it looks around or refers back.
pub(super) fn emit(node: &Node) -> Option<String> {
    let mut writer = Writer { out: String::new() };
    writer.node(node)?;
    Some(writer.out)
}

struct Writer {
    out: String,
}

impl Writer {
    fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn node(&mut self, node: &Node) -> Option<()> {
        match node {
            Node::Empty => self.push("(?:)"),
            Node::Unit(unit) => self.set(&fold::lower_case(fold::closed(*unit))),
            Node::Set(set) => self.set(set),
            Node::Start => self.push("\\A"),
            Node::End => self.push("\\z"),
            Node::WordBoundary { negated: false } => self.push("(?-u:\\b)"),
            Node::WordBoundary { negated: true } => self.push("(?-u:\\B)"),
            Node::Concat(nodes) => {
                for node in nodes {
                    match node {
                        Node::Any(_) => self.group(node)?,
                        _ => self.node(node)?,
                    }
                }
            }
            Node::Any(nodes) => {
                for (i, node) in nodes.iter().enumerate() {
                    if i > 0 {
                        self.push("|");
                    }
                    self.node(node)?;
                }
            }
            Node::Capture(_, node) => self.group(node)?,
            Node::Look { .. } | Node::BackReference(_) => return None,
            Node::Repeat { node, min, max, lazy } => {
                self.group(node)?;
                self.bounds(*min, *max);
                if *lazy {
                    self.push("?");
                }
            }
        }
        Some(())
    }

    fn group(&mut self, node: &Node) -> Option<()> {
        self.push("(?:");
        self.node(node)?;
        self.push(")");
        Some(())
    }

    fn bounds(&mut self, min: u32, max: Option<u32>) {
        match (min, max) {
            (0, None) => self.push("*"),
            (1, None) => self.push("+"),
            (0, Some(1)) => self.push("?"),
            (min, None) => {
                let _ = write!(self.out, "{{{min},}}");
            }
            (min, Some(max)) => {
                let _ = write!(self.out, "{{{min},{max}}}");
            }
        }
    }

    fn set(&mut self, set: &UnitSet) {
        match set.ranges() {
            [] => self.push("[^\\x{0}-\\x{10ffff}]"),
            [(first, last)] if first == last => self.unit(*first),
            ranges => {
                self.push("[");
                for &(first, last) in ranges {
                    // The surrogates stand elsewhere, so a range over them is up to three.
                    for (from, to) in [(0, 0xd7ff), (0xd800, 0xdfff), (0xe000, u16::MAX)] {
                        let (first, last) = (first.max(from), last.min(to));
                        if first <= last {
                            self.unit(first);
                            if first < last {
                                self.push("-");
                                self.unit(last);
                            }
                        }
                    }
                }
                self.push("]");
            }
        }
    }

    fn unit(&mut self, unit: u16) {
        let c = scalar(unit);
        if c.is_ascii_alphanumeric() {
            self.out.push(c);
        } else {
            let _ = write!(self.out, "\\x{{{:x}}}", u32::from(c));
        }
    }
}
