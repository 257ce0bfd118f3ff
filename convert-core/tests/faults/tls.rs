//! A server whose certificate cannot be trusted, until it gets another.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use convert_core::testing::Collector;
use convert_core::{DeliveryError, FlushError, ReqwestTransport, TransportErrorKind};
use rcgen::CertifiedKey;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::kit::{PATIENCE, Shop, names, seconds};

const HOST: &str = "metrics.test";

/// A client as an app may build one, with these roots.
pub(crate) fn client(roots: RootCertStore) -> reqwest::ClientBuilder {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(PATIENCE)
        .tls_backend_preconfigured(tls.with_root_certificates(roots).with_no_client_auth())
}

struct Certificate {
    public: CertificateDer<'static>,
    private: PrivateKeyDer<'static>,
}

impl Certificate {
    fn new() -> Self {
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        Self { public: cert.der().clone(), private: signing_key.into() }
    }

    fn serve(self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = builder.with_no_client_auth().with_single_cert(vec![self.public], self.private).unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// TLS in front of a collector, with a certificate that can be replaced.
struct Front {
    address: SocketAddr,
    acceptor: Arc<Mutex<TlsAcceptor>>,
    _runtime: tokio::runtime::Runtime,
}

impl Front {
    fn start(collector: &Collector, certificate: Certificate) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = Arc::new(Mutex::new(certificate.serve()));
        let (current, behind) = (Arc::clone(&acceptor), collector.address());
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let accepting = current.lock().unwrap().accept(stream);
                tokio::spawn(async move {
                    if let (Ok(mut outside), Ok(mut inside)) = (accepting.await, TcpStream::connect(behind).await) {
                        let _ = copy_bidirectional(&mut outside, &mut inside).await;
                    }
                });
            }
        });
        Self { address, acceptor, _runtime: runtime }
    }

    fn replace(&self, certificate: Certificate) {
        *self.acceptor.lock().unwrap() = certificate.serve();
    }
}

#[test]
fn a_certificate_that_cannot_be_trusted_costs_no_event_and_no_doubt() {
    let (wrong, right) = (Certificate::new(), Certificate::new());
    let mut roots = RootCertStore::empty();
    roots.add(right.public.clone()).unwrap();
    let mut front = None;
    let shop = Shop::with(|builder, collector| {
        let started = Front::start(collector, wrong);
        let client = client(roots).resolve(HOST, started.address).build().unwrap();
        let endpoint = format!("https://{HOST}:{}/v1", started.address.port());
        front = Some(started);
        builder.async_transport(ReqwestTransport::with_client(client)).track_endpoint(endpoint)
    });
    let front = front.unwrap();
    for second in 0..60 {
        shop.buy(second * 20..(second + 1) * 20);
        shop.clock.advance(Duration::from_secs(1));
        shop.settle();
    }
    let Err(FlushError::Failed { report, source, .. }) = shop.core.flush(PATIENCE) else { panic!("it was trusted") };
    assert_eq!((report.pending, shop.stats().ambiguous.total()), (1_200, 0), "{source}");
    let DeliveryError::Transport { source, .. } = source else { panic!("there was an answer: {source}") };
    assert!(source.kind() == TransportErrorKind::Tls && source.surely_not_sent(), "{source}");

    front.replace(right);
    shop.clock.advance(seconds(30));
    assert!(shop.collector.wait_for_events(1_200, PATIENCE));
    assert_eq!(shop.arrived(), names(0..1_200), "each once, in order");
}
