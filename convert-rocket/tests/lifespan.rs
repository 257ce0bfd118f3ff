//! How an app ends: requests under way are answered, and what was tracked is delivered.
#![allow(clippy::unwrap_used, clippy::result_large_err, reason = "tests may panic; errors are Rocket's")]

#[macro_use]
extern crate rocket;

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use convert_rocket::core::testing::{Answer, RecordingTransport};
use convert_rocket::core::{Core, RequestKind};
use convert_rocket::{ConvertContext, ConvertFairing};
use rocket::error::ErrorKind;
use rocket::fairing::AdHoc;
use rocket::figment::Figment;
use rocket::response::stream::TextStream;
use rocket::tokio::sync::Semaphore;
use rocket::{Config, Ignite, Rocket, Shutdown, State};
use web_testing::{FOR_EVER, builder, sent};

/// Where handlers and the test meet.
struct Meeting {
    entered: Mutex<mpsc::Sender<()>>,
    go: Semaphore,
}

#[get("/buy")]
fn buy(convert: &ConvertContext) -> String {
    convert.track_conversion("purchase").is_queued().to_string()
}

#[get("/slow")]
async fn slow(convert: &ConvertContext, meeting: &State<Arc<Meeting>>) -> String {
    meeting.entered.lock().unwrap().send(()).unwrap();
    meeting.go.acquire().await.unwrap().forget();
    convert.track_conversion("purchase").is_queued().to_string()
}

#[get("/streams")]
fn streams(convert: &ConvertContext, meeting: &State<Arc<Meeting>>) -> TextStream![String] {
    let (convert, meeting) = (convert.clone(), Arc::clone(meeting));
    TextStream! {
        yield "begun ".to_owned();
        meeting.entered.lock().unwrap().send(()).unwrap();
        meeting.go.acquire().await.unwrap().forget();
        yield convert.track_conversion("purchase").is_queued().to_string();
    }
}

#[get("/stop")]
fn stop(shutdown: Shutdown) -> &'static str {
    shutdown.notify();
    "stopping"
}

fn recording() -> (Core, RecordingTransport) {
    let transport = RecordingTransport::new();
    (builder().async_transport(transport.clone()).build().unwrap(), transport)
}

#[test]
fn terminating_a_local_client_delivers_what_is_queued() {
    let (core, transport) = recording();
    let client = common::client(ConvertFairing::new(&core), routes![buy]);
    assert_eq!(common::get_as(&client, "v", "/buy").body, "true");
    assert_eq!(sent(&transport), [], "it waits for a batch");
    client.terminate();
    assert_eq!(sent(&transport), [("v".to_owned(), "conversion".to_owned())]);
    assert_eq!(core.stats().pending.total(), 0);
    let late = core.create_context("late").unwrap();
    assert!(!late.track_conversion("purchase").is_queued(), "the core is closed");
}

#[test]
fn the_last_delivery_has_a_deadline() {
    let (core, transport) = recording();
    transport.otherwise(RequestKind::Tracking, Answer::Hang);
    let fairing = ConvertFairing::new(&core).flush_deadline(Duration::from_millis(20));
    let client = common::client(fairing, routes![buy]);
    assert_eq!(common::get_as(&client, "v", "/buy").body, "true");
    client.terminate();
    let stats = core.stats();
    assert_eq!(stats.accepted.total(), stats.pending.total() + stats.dropped.total() + stats.delivered.total());
    assert_eq!(stats.delivered.total(), 0);
}

#[test]
fn a_deadline_may_be_as_far_off_as_there_are_times() {
    let by_method = ConvertFairing::flush_deadline;
    for (deadline, in_the_table) in [(Some(Duration::MAX), None), (None, Some(1e19))] {
        let (core, transport) = recording();
        let fairing = ConvertFairing::new(&core);
        let fairing = deadline.into_iter().fold(fairing, by_method);
        let figment = in_the_table
            .into_iter()
            .fold(common::figment(), |figment, seconds: f64| figment.merge(("convert.flush_deadline", seconds)));
        let app = rocket::custom(figment).attach(fairing).mount("/", routes![buy]);
        let client = rocket::local::blocking::Client::untracked(app).unwrap();
        assert_eq!(common::get_as(&client, "v", "/buy").body, "true");
        client.terminate();
        assert_eq!(sent(&transport).len(), 1);
    }
}

/// A server on loopback, on threads of its own.
struct Server {
    address: SocketAddr,
    shutdown: Shutdown,
    meeting: Arc<Meeting>,
    entered: mpsc::Receiver<()>,
    done: mpsc::Receiver<Result<Rocket<Ignite>, rocket::Error>>,
}

impl Server {
    /// One whose requests may finish within so many seconds of grace.
    fn start(fairing: ConvertFairing, grace: u32) -> Self {
        let figment = Figment::from(Config::release_default()).merge(("port", 0)).merge(("log_level", "off"));
        let figment = figment.merge(("shutdown.grace", grace)).merge(("shutdown.mercy", 1));
        let (launched, launch) = mpsc::channel();
        let (entered_sender, entered) = mpsc::channel();
        let meeting = Arc::new(Meeting { entered: Mutex::new(entered_sender), go: Semaphore::new(0) });
        let launched = Mutex::new(launched);
        let tell = AdHoc::on_liftoff("Tell", move |rocket| {
            let at = (rocket.config().address, rocket.config().port);
            launched.lock().unwrap().send((SocketAddr::from(at), rocket.shutdown())).unwrap();
            Box::pin(async {})
        });
        let app = rocket::custom(figment).manage(Arc::clone(&meeting)).attach(fairing).attach(tell);
        let app = app.mount("/", routes![buy, slow, streams, stop]);
        let (ended, done) = mpsc::channel();
        std::thread::spawn(move || ended.send(rocket::execute(convert_rocket::launch(app))));
        let (address, shutdown) = launch.recv_timeout(FOR_EVER).unwrap();
        Self { address, shutdown, meeting, entered, done }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(FOR_EVER)).unwrap();
        stream
    }

    fn ended(&self) -> Result<Rocket<Ignite>, rocket::Error> {
        self.done.recv_timeout(FOR_EVER).unwrap()
    }
}

fn ask(stream: &mut TcpStream, path: &str, visitor: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: shop.example\r\nCookie: convert_visitor_id={visitor}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
}

/// All that comes until the connection ends.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn requests_under_way_end_before_the_last_delivery() {
    let (core, transport) = recording();
    let server = Server::start(ConvertFairing::new(&core), 60);
    let (mut slow, mut stream) = (server.connect(), server.connect());
    ask(&mut slow, "/slow", "slow");
    ask(&mut stream, "/streams", "stream");
    for _ in 0..2 {
        server.entered.recv_timeout(FOR_EVER).unwrap();
    }
    let begun = Instant::now();
    server.shutdown.clone().notify();
    server.meeting.go.add_permits(2);
    let (slow, stream) = (rest(slow), rest(stream));
    assert!(slow.ends_with("true"), "{slow}");
    assert!(stream.contains("begun") && stream.contains("true"), "{stream}");
    assert!(server.ended().is_ok());
    assert!(begun.elapsed() < Duration::from_secs(50), "the grace is not waited for");
    let mut visitors: Vec<String> = sent(&transport).into_iter().map(|(visitor, _)| visitor).collect();
    visitors.sort();
    assert_eq!(visitors, ["slow", "stream"]);
    assert_eq!(core.stats().dropped.total(), 0);
}

/// Asks for a small answer, and says whether the connection is open for another one.
fn stays_open(connection: &mut BufReader<TcpStream>, visitor: usize) -> bool {
    let request =
        format!("GET /buy HTTP/1.1\r\nHost: shop.example\r\nCookie: convert_visitor_id=busy-{visitor}\r\n\r\n");
    if connection.get_mut().write_all(request.as_bytes()).is_err() {
        return false;
    }
    let mut stays = true;
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        stays &= !line.eq_ignore_ascii_case("connection: close\r\n");
        if line == "\r\n" {
            break;
        }
    }
    let mut body = [0; 4];
    connection.read_exact(&mut body).unwrap();
    assert_eq!(&body, b"true", "whoever is served while the app ends loses nothing");
    stays
}

#[test]
fn busy_connections_do_not_hold_the_end_up() {
    let (core, transport) = recording();
    let server = Server::start(ConvertFairing::new(&core), 60);
    let mut busy = BufReader::new(server.connect());
    let mut slow = server.connect();
    ask(&mut slow, "/slow", "slow");
    server.entered.recv_timeout(FOR_EVER).unwrap();
    assert!(stays_open(&mut busy, 0));
    server.shutdown.clone().notify();
    let closed = (1..).find(|visitor| !stays_open(&mut busy, *visitor));
    assert!(closed.is_some());
    server.meeting.go.add_permits(1);
    assert!(rest(slow).ends_with("true"));
    assert!(server.ended().is_ok());
    let stats = core.stats();
    assert_eq!((stats.pending.total(), stats.dropped.total()), (0, 0));
    assert_eq!(sent(&transport).len() as u64, stats.accepted.total());
}

#[test]
fn a_client_that_goes_away_is_not_waited_for() {
    let (core, transport) = recording();
    let server = Server::start(ConvertFairing::new(&core), 60);
    let mut left = server.connect();
    ask(&mut left, "/streams", "left");
    server.entered.recv_timeout(FOR_EVER).unwrap();
    // Rocket's response callback was long before; the handler's next part finds nobody.
    drop(left);
    server.shutdown.clone().notify();
    server.meeting.go.add_permits(1);
    assert!(server.ended().is_ok());
    assert_eq!(sent(&transport), [("left".to_owned(), "conversion".to_owned())]);
}

#[test]
fn what_goes_on_past_the_grace_is_not_waited_for_and_its_events_are_counted() {
    let (core, transport) = recording();
    let server = Server::start(ConvertFairing::new(&core), 1);
    let (mut bought, mut stuck) = (server.connect(), server.connect());
    ask(&mut bought, "/buy", "bought");
    let mut first = [0; 12];
    bought.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    ask(&mut stuck, "/slow", "stuck");
    server.entered.recv_timeout(FOR_EVER).unwrap();
    server.shutdown.clone().notify();
    assert!(transport.wait_for(RequestKind::Tracking, 1, FOR_EVER), "delivered while the other request goes on");
    // A handler that never ends keeps the rocket from landing; the core is closed all the same.
    let error = server.ended().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Shutdown(..)));
    assert_eq!(sent(&transport), [("bought".to_owned(), "conversion".to_owned())]);
    server.meeting.go.add_permits(1);
    drop(stuck);
}

#[test]
fn a_request_can_stop_the_server_that_serves_it() {
    let (core, transport) = recording();
    let server = Server::start(ConvertFairing::new(&core), 60);
    for (path, expected) in [("/buy", "true"), ("/stop", "stopping")] {
        let mut stream = server.connect();
        ask(&mut stream, path, "v");
        if path == "/stop" {
            assert!(rest(stream).ends_with(expected));
        } else {
            let mut first = [0; 12];
            stream.read_exact(&mut first).unwrap();
        }
    }
    assert!(server.ended().is_ok());
    assert_eq!(sent(&transport).len(), 1);
}

#[test]
fn a_launch_that_fails_delivers_what_was_tracked_before() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (core, transport) = recording();
    let tracked = core.clone();
    let app = rocket::custom(common::figment().merge(("port", taken.local_addr().unwrap().port())))
        .attach(ConvertFairing::new(&core))
        .attach(AdHoc::on_ignite("Startup", |rocket| async move {
            tracked.create_context("startup").unwrap().track_conversion("purchase");
            rocket
        }));
    let error = rocket::execute(convert_rocket::launch(app)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Bind(_)));
    assert_eq!(sent(&transport), [("startup".to_owned(), "conversion".to_owned())]);
}

#[test]
fn an_ignition_that_fails_after_the_core_was_made_delivers_what_was_tracked() {
    let transport = RecordingTransport::new();
    let app = rocket::custom(common::figment())
        .attach(ConvertFairing::from_builder(builder().async_transport(transport.clone())))
        .attach(AdHoc::on_ignite("Startup", |rocket| async move {
            let core = rocket.state::<Core>().unwrap();
            core.create_context("startup").unwrap().track_conversion("purchase");
            rocket
        }))
        .mount("/", routes![buy])
        .mount("/", routes![buy]);
    let error = rocket::execute(convert_rocket::launch(app)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Collisions(_)));
    assert_eq!(sent(&transport), [("startup".to_owned(), "conversion".to_owned())]);
}

#[test]
fn where_rocket_itself_launches_the_cores_handle_delivers_after_a_failure() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (core, transport) = recording();
    let app = rocket::custom(common::figment().merge(("port", taken.local_addr().unwrap().port())));
    let app = app.attach(ConvertFairing::new(&core));
    core.create_context("startup").unwrap().track_conversion("purchase");
    let error = rocket::execute(app.launch()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Bind(_)));
    assert_eq!(sent(&transport), []);
    core.close(FOR_EVER);
    assert_eq!(sent(&transport).len(), 1);
}

#[test]
fn a_rocket_that_fails_to_ignite_is_told_so() {
    let app = rocket::custom(common::figment()).mount("/", routes![buy]);
    let error = rocket::execute(convert_rocket::launch(app)).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)));
}
