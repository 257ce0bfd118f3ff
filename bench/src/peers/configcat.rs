use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use configcat::{Client, ConfigCache, PollingMode, User};
use serde_json::{Map, json};

use super::Peer;
use crate::common::{ATTRIBUTE, ATTRIBUTES, VISITOR, experience_key};

pub struct ConfigCat {
    client: Client,
    user: User,
}

/// Gives the config once; later there is nothing newer.
struct Given(std::sync::Mutex<Option<String>>);

impl ConfigCache for Given {
    fn read(&self, _: &str) -> Option<String> {
        self.0.lock().ok()?.take()
    }

    fn write(&self, _: &str, _: &str) {}
}

impl ConfigCat {
    fn value(&self, key: &str) -> String {
        let asked = pin!(self.client.get_value(key, String::new(), Some(self.user.clone())));
        match asked.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            // Offline it waits for nothing.
            Poll::Pending => String::new(),
        }
    }
}

impl Peer for ConfigCat {
    const NAME: &'static str = "configcat";

    fn config(flags: usize) -> String {
        let flag = |key: String| {
            let condition = json!({"u": {"a": ATTRIBUTE, "c": 28, "s": "germany"}});
            let half = |value: &str| json!({"p": 50, "v": {"s": value}});
            let rule = json!({"c": [condition], "p": [half("a"), half("b")]});
            (key, json!({"t": 1, "v": {"s": "none"}, "r": [rule]}))
        };
        let flags: Map<_, _> = (0..flags).map(|n| flag(experience_key(n))).collect();
        let preferences = json!({"u": "http://localhost", "r": 0, "s": "salt"});
        json!({"p": preferences, "f": flags}).to_string()
    }

    fn load(config: &str) -> Self {
        let cached = format!("1767225600000\netag\n{config}");
        let key = "0123456789012345678901/0123456789012345678901";
        let cache = Given(std::sync::Mutex::new(Some(cached)));
        let client = Client::builder(key).offline(true).polling_mode(PollingMode::Manual).cache(Box::new(cache));
        let user = ATTRIBUTES.into_iter().fold(User::new(VISITOR), |user, (name, value)| user.custom(name, value));
        let loaded = Self { client: client.build().expect("the settings are in order"), user };
        // The config is read at the first question.
        let _ = loaded.value("");
        loaded
    }

    fn decide(&self, key: &str) -> usize {
        self.value(key).len()
    }
}
