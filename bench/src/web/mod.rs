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

/// What contenders add to the bare request, which comes first, and how that is to what the peer named with them adds. Answers
/// these ratios.
fn print_added(title: &str, bare: &Timed, contenders: &[(&Timed, Option<&Timed>)]) -> Vec<f64> {
    println!("\n{title}; a bare request takes {:.0} ns:\n", bare.median);
    println!("| | adds, ns | to the peer | adds, allocations |\n|---|---|---|---|");
    let added = |timed: &Timed| timed.median - bare.median;
    let mut ratios = Vec::new();
    for (timed, peer) in contenders {
        let ratio = peer.map(|peer| added(timed) / added(peer));
        let to_peer = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        let allocations = shown(timed.allocations - bare.allocations);
        println!("| {} | {:.0} | {to_peer} | {allocations} |", timed.name, added(timed));
        ratios.extend(ratio);
    }
    println!();
    ratios
}
