//! The last-known-good file.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use convert_core::testing::Answer;
use convert_core::{BuildError, Clock, ConfigOrigin, Core, CoreBuilder, FetchError, Refreshed, RequestKind};
use futures_executor::block_on;

use crate::kit::{Endpoint, PATIENCE, seconds, served, settle, told, untagged, version};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("convert-refresh-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("config")
    }

    fn holds(&self, version: u32) -> bool {
        fs::read_to_string(self.file()).is_ok_and(|saved| saved.contains(&format!("goal-{version}")))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn saving(endpoint: &Endpoint, folder: &Folder) -> CoreBuilder {
    endpoint.builder().last_known_good_file(folder.file())
}

/// A process that runs for no longer than it takes to fetch that version.
fn save(endpoint: &Endpoint, folder: &Folder, version: u32) {
    endpoint.answer([served(version)]);
    saving(endpoint, folder).build().unwrap().close(PATIENCE);
    assert!(folder.holds(version));
}

#[test]
fn a_start_during_an_outage_serves_what_was_saved_and_says_so() {
    let (folder, endpoint) = (Folder::new("outage"), Endpoint::new());
    save(&endpoint, &folder, 1);
    endpoint.clock.advance(seconds(3600));
    endpoint.answer([Answer::status(503), Answer::status(503), served(2)]);
    let core = saving(&endpoint, &folder).build().unwrap();
    assert_eq!(version(&core), Some(1));
    let status = core.config_status();
    assert_eq!((status.origin, status.age), (Some(ConfigOrigin::LastKnownGood), Some(seconds(3600))));
    assert!(status.is_stale());

    // Asked again until it answers, though no refresh was asked for; only a newer config is sent.
    let told = told(&core);
    endpoint.clock.advance(seconds(1));
    assert!(endpoint.transport.wait_for(RequestKind::Config, 3, PATIENCE));
    assert_eq!(endpoint.last_tag().as_deref(), Some("\"v1\""));
    // The second try may be under way still, and fails.
    while core.refresh_now().wait(PATIENCE).is_err() {}
    assert_eq!(version(&core), Some(2));
    assert!(!core.config_status().is_stale());
    assert!(told.try_iter().any(|event| event == "updated Some(2)"));
}

#[test]
fn what_was_saved_may_turn_out_to_be_the_present_config() {
    let (folder, endpoint) = (Folder::new("present"), Endpoint::new());
    save(&endpoint, &folder, 1);
    endpoint.answer([Answer::Unreachable, Answer::status(304)]);
    let core = saving(&endpoint, &folder).build().unwrap();
    assert!(core.config_status().is_stale());
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Unchanged);
    assert_eq!(core.config_status().origin, Some(ConfigOrigin::Fetched));
    assert!(!core.config_status().is_stale());
}

#[test]
fn a_restart_knows_when_the_config_was_last_confirmed() {
    let (folder, endpoint) = (Folder::new("confirmed"), Endpoint::new());
    let confirmations = [
        // Of a server with tags, and of one without.
        (served(1), Answer::status(304)),
        (untagged(2), untagged(2)),
    ];
    for (first, confirmation) in confirmations {
        endpoint.answer([first, confirmation, Answer::status(503)]);
        let core = saving(&endpoint, &folder).build().unwrap();
        endpoint.clock.advance(seconds(30 * 24 * 3600));
        assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Unchanged);
        core.close(PATIENCE);
        endpoint.clock.advance(seconds(60));
        let core = saving(&endpoint, &folder).build().unwrap();
        let status = core.config_status();
        assert_eq!((status.origin, status.age), (Some(ConfigOrigin::LastKnownGood), Some(seconds(60))));
    }
}

#[test]
fn an_endpoint_that_hangs_holds_a_start_up_no_longer_than_its_timeout() {
    let (folder, endpoint) = (Folder::new("hang"), Endpoint::new());
    save(&endpoint, &folder, 1);
    endpoint.answer([Answer::Hang]);
    let started = endpoint.clock.now();
    let building = std::thread::spawn({
        let builder = saving(&endpoint, &folder).startup_timeout(seconds(2));
        move || block_on(builder.build_async())
    });
    assert!(endpoint.transport.wait_for(RequestKind::Config, 2, PATIENCE));
    endpoint.clock.advance(seconds(2));
    let core = building.join().unwrap().unwrap();
    assert_eq!(endpoint.clock.now() - started, seconds(2));
    assert!(core.is_ready() && core.config_status().is_stale());
}

#[test]
fn a_core_that_may_start_unready_serves_it_at_once() {
    let (folder, endpoint) = (Folder::new("unready"), Endpoint::new());
    save(&endpoint, &folder, 1);
    endpoint.answer([Answer::Hang]);
    let core = saving(&endpoint, &folder).start_unready(true).build().unwrap();
    assert_eq!(version(&core), Some(1));
    assert!(core.config_status().is_stale());
}

#[test]
fn a_config_is_saved_though_the_core_is_closed_right_away() {
    let (folder, endpoint) = (Folder::new("short"), Endpoint::new());
    for version in (1..40).step_by(2) {
        endpoint.answer([served(version), served(version + 1)]);
        let core = saving(&endpoint, &folder).build().unwrap();
        assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
        core.close(PATIENCE);
        assert!(folder.holds(version + 1));

        endpoint.answer([served(version)]);
        block_on(async { saving(&endpoint, &folder).build_async().await.unwrap().close(PATIENCE).await });
        assert!(folder.holds(version));
    }
}

#[test]
fn each_newer_config_is_saved() {
    let (folder, endpoint) = (Folder::new("newer"), Endpoint::new());
    endpoint.answer([served(1), served(2), Answer::status(503), Answer::status(503)]);
    let core = saving(&endpoint, &folder).build().unwrap();
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    // A refresh starts when the write before it has ended.
    assert!(core.refresh_now().wait(PATIENCE).is_err());
    assert!(fs::read_to_string(folder.file()).unwrap().contains("goal-2"));
    settle(&core);
    let core = saving(&endpoint, &folder).build().unwrap();
    assert_eq!(version(&core), Some(2));
}

#[test]
fn another_environment_and_a_debug_token_do_not_get_it() {
    let (folder, endpoint) = (Folder::new("identity"), Endpoint::new());
    save(&endpoint, &folder, 1);
    let before = fs::read(folder.file()).unwrap();
    for builder in [
        saving(&endpoint, &folder).environment("staging"),
        saving(&endpoint, &folder).sdk_key("1/3"),
        saving(&endpoint, &folder).debug_token("token"),
    ] {
        endpoint.answer([Answer::status(401)]);
        let error = builder.build().unwrap_err();
        assert!(matches!(error, BuildError::Fetch { source: FetchError::Unauthorized { .. }, .. }), "{error}");
    }
    endpoint.answer([served(2)]);
    let core = saving(&endpoint, &folder).debug_token("token").build().unwrap();
    settle(&core);
    assert_eq!(fs::read(folder.file()).unwrap(), before, "drafts are not saved");
}

#[test]
fn a_folder_that_cannot_be_written_fails_nothing() {
    let (folder, endpoint) = (Folder::new("missing"), Endpoint::new());
    endpoint.answer([served(1), served(2)]);
    let core: Core = endpoint.builder().last_known_good_file(folder.0.join("no/such/file")).build().unwrap();
    assert_eq!(core.refresh_now().wait(PATIENCE).unwrap(), Refreshed::Updated);
    assert!(core.wait_ready(Duration::ZERO));
}
