//! A host name that cannot be resolved.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convert_core::ReqwestTransport;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::kit::Shop;
use crate::outage::survives;
use crate::tls::client;

/// A name server that knows no name, or that all of them are this machine.
#[derive(Clone, Default)]
struct Names {
    known: Arc<AtomicBool>,
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let known = self.known.load(Ordering::SeqCst);
        Box::pin(async move {
            let here = SocketAddr::from(([127, 0, 0, 1], 0));
            if known { Ok(Box::new(std::iter::once(here)) as Addrs) } else { Err("no such name".into()) }
        })
    }
}

#[test]
fn ten_minutes_without_name_service_cost_no_event_and_no_doubt() {
    let names = Names::default();
    let client = client(rustls::RootCertStore::empty()).dns_resolver(names.clone()).build().unwrap();
    let shop = Shop::with(|builder, collector| {
        builder
            .async_transport(ReqwestTransport::with_client(client))
            .track_endpoint(format!("http://metrics.test:{}/v1", collector.address().port()))
    });
    survives(&shop, || {}, || names.known.store(true, Ordering::SeqCst));
    assert_eq!(shop.stats().ambiguous.total(), 0, "without an address nothing was sent");
}
