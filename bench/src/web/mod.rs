//! What a layer adds to a request whose cookie is there.

pub mod actix;
pub mod axum;
pub mod rocket;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::common;
use crate::rounds::{Timed, shown};

/// A name and a value, as they stand in the header.
fn cookies(own: &str) -> String {
    format!("theme=dark; {own}; lang=en")
}

fn visitor_cookie() -> String {
    cookies(&format!("convert_visitor_id={}", common::VISITOR))
}

/// The output of a future that waits for nothing.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing is waited for"),
    }
}

/// What a request takes, and what the same one takes bare.
#[derive(Clone, Copy)]
struct Added<'a> {
    with: &'a Timed,
    bare: &'a Timed,
}

impl<'a> Added<'a> {
    fn to(bare: &'a Timed) -> impl Fn(&'a Timed) -> Self {
        move |with| Self { with, bare }
    }

    fn nanoseconds(&self) -> f64 {
        self.with.median - self.bare.median
    }

    fn allocations(&self) -> f64 {
        self.with.allocations - self.bare.allocations
    }

    /// How what is added is to what the other adds.
    fn ratio(&self, other: &Self) -> f64 {
        self.nanoseconds() / other.nanoseconds()
    }
}

/// Prints a table of what is added, each with the peer that it is compared with.
fn print_added(title: &str, rows: &[(Added<'_>, Option<Added<'_>>)]) {
    println!("\n{title}:\n");
    println!("| | adds, ns | to the peer | adds, allocations |\n|---|---|---|---|");
    for (added, peer) in rows {
        let to_peer = peer.map_or_else(String::new, |peer| format!("{:.2}", added.ratio(&peer)));
        let allocations = shown(added.allocations());
        println!("| {} | {:.0} | {to_peer} | {allocations} |", added.with.name, added.nanoseconds());
    }
    println!();
}
