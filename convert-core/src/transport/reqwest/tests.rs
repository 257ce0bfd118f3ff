//! The transport against a loopback server.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::*;
use crate::redact::Secret;
use crate::testing::{Collector, Fault, Route};
use crate::transport::{EndpointOptions, Endpoints};

/// Only reached where something is broken.
const LONG: Duration = Duration::from_secs(30);

const BODY: &str = r#"{"visitors":[{"visitorId":"a","events":[{"eventType":"bucketing","data":{}}]}]}"#;

struct Setup {
    collector: Collector,
    transport: ReqwestTransport,
    endpoints: Endpoints,
    runtime: tokio::runtime::Runtime,
}

impl Setup {
    fn new() -> Self {
        Self::with(ReqwestTransport::new(), |_| {})
    }

    fn with(transport: ReqwestTransport, change: impl FnOnce(&mut EndpointOptions)) -> Self {
        let collector = Collector::start().unwrap();
        let mut options = EndpointOptions {
            sdk_key: Some("100/200".to_owned()),
            config_endpoint: Some(collector.config_endpoint()),
            track_endpoint: Some(collector.track_endpoint()),
            ..EndpointOptions::default()
        };
        change(&mut options);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { collector, transport, endpoints: Endpoints::new(options).unwrap(), runtime }
    }

    fn tracking_request(&self) -> Request {
        let url = self.endpoints.tracking_url("1", "2").unwrap();
        self.endpoints.tracking_request(url, BODY.as_bytes())
    }

    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.runtime.block_on(self.transport.send(request))
    }

    fn track(&self) -> Result<Response, TransportError> {
        self.send(self.tracking_request())
    }

    fn fetch(&self) -> Result<Response, TransportError> {
        self.send(self.endpoints.config_request(None).unwrap())
    }

    /// What an error says of itself: its kind, and whether the request was surely not sent.
    fn failed_track(&self, fault: Fault) -> (TransportErrorKind, bool) {
        self.collector.fail_once(Route::Track, fault);
        let error = self.track().unwrap_err();
        (error.kind(), error.surely_not_sent())
    }
}

#[test]
fn events_arrive_over_one_connection_with_the_right_headers() {
    let setup = Setup::with(ReqwestTransport::new(), |options| options.sdk_key_secret = Some(Secret::new("s3cret")));
    for _ in 0..3 {
        let response = setup.track().unwrap();
        assert_eq!((response.status(), response.body_bytes()), (200, &b"{}"[..]));
    }
    assert_eq!((setup.collector.event_count(), setup.collector.connection_count()), (3, 1));
    let request = &setup.collector.requests()[0];
    assert_eq!((request.method(), request.path(), request.query()), ("POST", "/v1/track/100/200", None));
    assert_eq!(request.body(), BODY.as_bytes());
    assert_eq!(request.header("user-agent"), Some("ConvertAgent/1.0"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(request.header("accept-encoding"), None);
}

#[test]
fn configs_arrive_with_their_tag() {
    let setup = Setup::with(ReqwestTransport::new(), |options| {
        options.environment = Some("st aging".to_owned());
        options.debug_token = Some(Secret::new("t&k"));
    });
    setup.collector.serve_config("{\"a\":1}");
    let response = setup.fetch().unwrap();
    assert_eq!((response.status(), response.body_bytes()), (200, &b"{\"a\":1}"[..]));
    let tag = response.header_value("etag").unwrap();
    let again = setup.send(setup.endpoints.config_request(Some(tag.into())).unwrap()).unwrap();
    assert_eq!(again.status(), 304);
    let request = &setup.collector.requests()[0];
    assert_eq!((request.method(), request.path()), ("GET", "/api/v1/config/100/200"));
    assert_eq!(request.query(), Some("environment=st%20aging&_conv_low_cache=1&debug_token=t%26k"));
}

#[test]
fn any_status_is_an_answer() {
    let setup = Setup::new();
    setup.collector.fail_once(Route::Track, Fault::RetryAfter { status: 429, value: "7".to_owned() });
    let response = setup.track().unwrap();
    assert_eq!((response.status(), response.retry_after(Duration::ZERO)), (429, Some(Duration::from_secs(7))));
    for status in [202, 204, 400, 413, 500, 503] {
        setup.collector.fail_once(Route::Track, Fault::Status(status));
        assert_eq!(setup.track().unwrap().status(), status);
    }
}

#[test]
fn redirects_are_handed_over_and_not_followed() {
    let setup = Setup::new();
    for (route, target) in [(Route::Config, "/elsewhere"), (Route::Track, "http://127.0.0.1:1/")] {
        setup.collector.fail_once(route, Fault::Redirect { status: 307, location: target.to_owned() });
    }
    for (response, target) in [(setup.fetch(), "/elsewhere"), (setup.track(), "http://127.0.0.1:1/")] {
        let response = response.unwrap();
        assert_eq!((response.status(), response.header_value("location")), (307, Some(target)));
    }
    assert_eq!(setup.collector.requests().len(), 2);
}

#[test]
fn a_refused_connection_was_surely_not_used() {
    let setup = Setup::new();
    let Setup { collector, transport, endpoints, runtime } = setup;
    let request = endpoints.tracking_request(endpoints.tracking_url("1", "2").unwrap(), *b"{}");
    // The port is free again, and nobody listens on it.
    drop(collector);
    let error = runtime.block_on(transport.send(request)).unwrap_err();
    assert_eq!((error.kind(), error.surely_not_sent()), (TransportErrorKind::Connect, true));
}

#[test]
fn a_connection_that_breaks_after_the_request_is_ambiguous() {
    let setup = Setup::new();
    for fault in [Fault::ResetBeforeBody, Fault::ResetMidBody, Fault::ResetAfterBody, Fault::LostAnswer] {
        assert_eq!(setup.failed_track(fault.clone()), (TransportErrorKind::Io, false), "{fault:?}");
    }
    assert_eq!(setup.failed_track(Fault::Garbage), (TransportErrorKind::Protocol, false));
    assert_eq!(setup.track().unwrap().status(), 200, "the next one goes over a new connection");
    assert_eq!(setup.collector.event_count(), 2, "the lost answer's and the last one's");
}

#[test]
fn a_kept_connection_that_the_server_closed_is_not_used_again() {
    let setup = Setup::new();
    assert_eq!(setup.track().unwrap().status(), 200);
    setup.runtime.block_on(async {
        for connections in 1..10 {
            setup.collector.fail_once(Route::Track, Fault::CloseAfter);
            assert_eq!(setup.transport.send(setup.tracking_request()).await.unwrap().status(), 200);
            assert!(setup.collector.wait_for_close(LONG));
            assert_eq!(setup.collector.connection_count(), connections);
            // The runtime had no chance to see the end of the connection before this request.
            assert_eq!(setup.transport.send(setup.tracking_request()).await.unwrap().status(), 200);
        }
    });
    assert_eq!(setup.collector.event_count(), 19, "each exactly once");
}

#[test]
fn of_a_tracking_answer_the_status_is_enough() {
    let setup = Setup::new();
    let faults = [
        Fault::CutAnswer,
        Fault::StallAnswer,
        Fault::Oversized { bytes: 10 << 20, announced: true },
        Fault::Oversized { bytes: 10 << 20, announced: false },
    ];
    for fault in faults {
        setup.collector.fail_once(Route::Track, fault.clone());
        let response = setup.track().unwrap();
        assert_eq!(response.status(), 200, "{fault:?}");
        assert!(response.body_bytes().len() <= 64 << 10, "{fault:?}");
    }
    assert_eq!(setup.collector.event_count(), 4);
}

#[test]
fn a_config_of_200_mb_of_nothing_ends_early() {
    let setup = Setup::with(ReqwestTransport::new(), |options| options.max_config_bytes = Some(1 << 20));
    for announced in [true, false] {
        setup.collector.fail_once(Route::Config, Fault::Oversized { bytes: 200 << 20, announced });
        assert_eq!(setup.fetch().unwrap_err().kind(), TransportErrorKind::TooLarge);
    }
    setup.collector.serve_config(" ".repeat(1 << 20));
    assert_eq!(setup.fetch().unwrap().body_bytes().len(), 1 << 20, "just as long as allowed");
}

#[test]
fn a_cut_config_is_a_broken_connection() {
    let setup = Setup::new();
    setup.collector.fail_once(Route::Config, Fault::CutAnswer);
    assert_eq!(setup.fetch().unwrap_err().kind(), TransportErrorKind::Io);
}

#[cfg(any(feature = "reqwest-rustls", feature = "reqwest-native-tls"))]
#[test]
fn a_connection_that_never_comes_about_was_surely_not_used() {
    let clients = Clients::default_backend();
    clients.fit_to(Duration::from_millis(2));
    let setup = Setup::with(ReqwestTransport::over(clients), |_| {});
    // The system accepts the connection, and nobody ever takes part in the handshake.
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("https://{}/v1/track/k", listener.local_addr().unwrap());
    let error = setup.send(Request::tracking(url, *b"{}", LONG)).unwrap_err();
    assert_eq!((error.kind(), error.surely_not_sent()), (TransportErrorKind::Timeout, true), "{error:?}");
}

#[test]
fn connecting_may_take_half_the_request_timeout_and_five_seconds_at_most() {
    let clients = Clients::default_backend();
    assert_eq!(clients.connect_timeout(), Duration::from_secs(5));
    for (request_timeout, expected) in [(200, 100), (2_000, 1_000), (10_000, 5_000), (60_000, 5_000), (500, 250)] {
        clients.fit_to(Duration::from_millis(request_timeout));
        assert_eq!(clients.connect_timeout(), Duration::from_millis(expected), "{request_timeout}");
    }
}

#[test]
fn a_body_goes_out_without_a_copy() {
    let request = Request::tracking("https://m.test/v1/track/k", BODY.as_bytes(), LONG);
    let outgoing = outgoing_body(request.body.as_ref().unwrap());
    assert_eq!(outgoing.as_bytes().unwrap().as_ptr(), request.body().unwrap().as_ptr());
}

#[test]
fn a_request_that_hangs_can_be_dropped() {
    let setup = Setup::new();
    setup.collector.fail_once(Route::Track, Fault::Hang);
    setup.runtime.block_on(async {
        let mut sending = pin!(setup.transport.send(setup.tracking_request()));
        // Polled until the server has it, and then given up.
        poll_fn(|cx| {
            assert!(sending.as_mut().poll(cx).is_pending());
            if setup.collector.wait_for_requests(1, Duration::ZERO) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    });
    assert_eq!(setup.track().unwrap().status(), 200);
    assert_eq!(setup.collector.event_count(), 1);
}

#[test]
fn no_url_that_a_client_reads_differently_is_sent_anywhere() {
    let setup = Setup::new();
    for url in ["https://", "nonsense", "http://[::1", ""] {
        let error = setup.send(Request::tracking(url, *b"{}", LONG)).unwrap_err();
        assert!(error.surely_not_sent(), "{url}: {error:?}");
    }
}

#[test]
fn errors_name_no_url() {
    // A proxy of the environment would have an answer of its own.
    let setup = Setup::with(ReqwestTransport::with_client(app_client()), |_| {});
    let url = "http://nowhere.invalid/v1/track/k3y?debug_token=t0ken";
    let error = setup.send(Request::tracking(url, *b"{}", LONG)).unwrap_err();
    assert!(error.surely_not_sent(), "{error:?}");
    let mut shown = format!("{error} {error:?}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        shown.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    assert!(!shown.contains("k3y") && !shown.contains("t0ken"), "{shown}");
}

#[test]
fn outside_its_runtime_it_fails_and_does_not_panic() {
    let setup = Setup::new();
    let mut sending = pin!(setup.transport.send(setup.tracking_request()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let Poll::Ready(Err(error)) = sending.as_mut().poll(&mut cx) else { panic!("an answer is due") };
    assert!(error.surely_not_sent());
}

#[test]
fn a_client_of_the_app_is_used_as_it_is() {
    let setup = Setup::with(ReqwestTransport::with_client(app_client()), |_| {});
    assert_eq!(setup.track().unwrap().status(), 200);
    assert_eq!(setup.collector.requests()[0].header("x-app"), Some("1"));
}

fn app_client() -> ::reqwest::Client {
    let headers = [("x-app".parse().unwrap(), "1".parse().unwrap())].into_iter().collect();
    let builder = ::reqwest::Client::builder().default_headers(headers).no_proxy();
    #[cfg(feature = "reqwest-rustls")]
    let builder = builder.tls_backend_preconfigured(
        rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth(),
    );
    builder.build().unwrap()
}

/// A request over TLS to a server that speaks none.
#[cfg(any(feature = "reqwest-rustls", feature = "reqwest-native-tls"))]
fn failed_handshake(transport: ReqwestTransport) -> TransportError {
    let setup = Setup::with(transport, |_| {});
    let url = setup.collector.track_endpoint().replace("http:", "https:") + "/track/k";
    setup.send(Request::tracking(url, *b"{}", LONG)).unwrap_err()
}

/// The one test that touches the process's default provider, so that it sees both states of it.
#[cfg(feature = "reqwest-rustls")]
#[test]
fn tls_works_whatever_the_process_default_provider_is() {
    use rustls::crypto::{CryptoProvider, ring};

    assert!(CryptoProvider::get_default().is_none());
    let error = failed_handshake(ReqwestTransport::with_rustls());
    assert_eq!((error.kind(), error.surely_not_sent()), (TransportErrorKind::Tls, true), "{error:?}");
    assert!(CryptoProvider::get_default().is_none(), "the process's default is not ours to set");

    // A provider that can do nothing: a client that took it could not be built.
    let other = CryptoProvider { cipher_suites: Vec::new(), kx_groups: Vec::new(), ..ring::default_provider() };
    other.install_default().unwrap();
    let error = failed_handshake(ReqwestTransport::with_rustls());
    assert_eq!((error.kind(), error.surely_not_sent()), (TransportErrorKind::Tls, true), "{error:?}");
    assert!(CryptoProvider::get_default().unwrap().cipher_suites.is_empty());
}

#[cfg(feature = "reqwest-native-tls")]
#[test]
fn the_system_s_tls_can_be_chosen() {
    let transport = ReqwestTransport::with_native_tls();
    assert!(format!("{transport:?}").contains("Native"));
    let error = failed_handshake(transport);
    assert!(error.surely_not_sent(), "{error:?}");
}

#[cfg(feature = "reqwest-rustls")]
#[test]
fn rustls_is_the_default() {
    assert!(format!("{:?}", ReqwestTransport::new()).contains("Rustls"));
}

#[test]
fn a_redirect_to_another_origin_carries_neither_secret_nor_token() {
    use crate::config::{Fetch, FetchPolicy, FetchStep};

    let setup = Setup::with(ReqwestTransport::new(), |options| {
        options.sdk_key_secret = Some(Secret::new("s3cret"));
        options.debug_token = Some(Secret::new("t0ken"));
    });
    let elsewhere = Collector::start().unwrap();
    elsewhere.serve_config(r#"{"account_id":"1","project":{"id":"2"}}"#);
    let location = format!("{}/config/other?debug_token=t0ken&a=b", elsewhere.config_endpoint());
    setup.collector.fail_once(Route::Config, Fault::Redirect { status: 302, location });

    let request = setup.endpoints.config_request(None).unwrap();
    let mut fetch = Fetch::new(request, setup.endpoints.debug_token().cloned(), FetchPolicy::once(LONG));
    let mut step = fetch.next(Duration::ZERO);
    while let FetchStep::Send(request) = step {
        step = fetch.answered(setup.send(request), Duration::ZERO, Duration::ZERO, 0.0);
    }
    assert!(matches!(step, FetchStep::Parse(_)), "{step:?}");

    assert_eq!(setup.collector.requests()[0].header("authorization"), Some("Bearer s3cret"));
    let request = &elsewhere.requests()[0];
    assert_eq!((request.header("authorization"), request.query()), (None, Some("a=b")));
    assert!(request.headers().all(|(_, value)| !value.contains("s3cret") && !value.contains("t0ken")));
}
