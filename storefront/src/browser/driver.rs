//! The browser.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Failure, wire};

/// The name under which a WebDriver hands elements over.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How long a page may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the browser is shown on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// A desk's: 1280 by 900.
    Desk,
    /// A phone's: 390 by 844.
    Phone,
}

/// A headless chromium. It ends when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// Starts a browser; `None` where chromium or its driver is not installed.
    ///
    /// # Errors
    /// [`Failure`] where it is there but does not start.
    pub fn start(screen: Screen) -> Result<Option<Self>, Failure> {
        let is_there =
            |program: &str| Command::new(program).arg("--version").output().is_ok_and(|it| it.status.success());
        if !is_there("chromedriver") || !is_there("chromium") {
            return Ok(None);
        }
        let mut driver =
            Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut browser = match announced_port(&mut driver) {
            Some(port) => Self { driver, port, session: String::new() },
            None => {
                driver.kill()?;
                return Err(Failure::new("the WebDriver does not say where it listens"));
            }
        };
        let answer = wire::command(browser.port, "POST", "/session", Some(&capabilities(screen)))?;
        browser.session = text(&answer, "sessionId")?;
        Ok(Some(browser))
    }

    /// Opens a page.
    ///
    /// # Errors
    /// [`Failure`], here and below, where the browser cannot do it.
    pub fn open(&self, url: &str) -> Result<(), Failure> {
        self.command("POST", "/url", Some(&json!({ "url": url }))).map(|_| ())
    }

    /// Clicks on what a CSS selector finds first.
    ///
    /// # Errors
    /// [`Failure`] where there is nothing to click on.
    pub fn click(&self, selector: &str) -> Result<(), Failure> {
        let element = self.find(selector)?;
        self.command("POST", &format!("/element/{element}/click"), Some(&json!({}))).map(|_| ())
    }

    /// Clicks on what leads to another page, and waits until that is there. The driver alone does not wait for the answer
    /// to a form.
    ///
    /// # Errors
    /// [`Failure`] where there is nothing to click on, or no other page comes.
    pub fn follow(&self, selector: &str) -> Result<(), Failure> {
        self.evaluate("document.left = true")?;
        self.click(selector)?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            // Between two pages there is nothing to ask.
            if let Ok(Value::Bool(true)) = self.evaluate("!document.left && document.readyState === 'complete'") {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(Failure::new(format!("{selector} leads to no other page")))
    }

    /// The text of what a CSS selector finds first, shown or not.
    ///
    /// # Errors
    /// [`Failure`] where it finds nothing.
    pub fn text(&self, selector: &str) -> Result<String, Failure> {
        let element = self.find(selector)?;
        let value = self.command("GET", &format!("/element/{element}/property/textContent"), None)?;
        value.as_str().map(str::to_owned).ok_or_else(|| Failure::new(format!("{selector} has no text")))
    }

    /// Whether a CSS selector finds something.
    ///
    /// # Errors
    /// [`Failure`] where the browser cannot look.
    pub fn has(&self, selector: &str) -> Result<bool, Failure> {
        let found = self.command("POST", "/elements", Some(&json!({ "using": "css selector", "value": selector })))?;
        Ok(found.as_array().is_some_and(|found| !found.is_empty()))
    }

    /// A cookie of the page.
    ///
    /// # Errors
    /// [`Failure`] where the browser cannot look.
    pub fn cookie(&self, name: &str) -> Result<Option<Value>, Failure> {
        let cookies = self.command("GET", "/cookie", None)?;
        let mut cookies = cookies.as_array().cloned().unwrap_or_default().into_iter();
        Ok(cookies.find(|cookie| cookie.get("name").and_then(Value::as_str) == Some(name)))
    }

    /// What a script in the page answers.
    ///
    /// # Errors
    /// [`Failure`] where it cannot run.
    pub fn evaluate(&self, expression: &str) -> Result<Value, Failure> {
        let script = json!({ "script": format!("return {expression};"), "args": [] });
        self.command("POST", "/execute/sync", Some(&script))
    }

    /// A picture of the page: a PNG file in base64.
    ///
    /// # Errors
    /// [`Failure`] where the browser cannot take it.
    pub fn screenshot(&self) -> Result<String, Failure> {
        let picture = self.command("GET", "/screenshot", None)?;
        picture.as_str().map(str::to_owned).ok_or_else(|| Failure::new("no picture"))
    }

    fn find(&self, selector: &str) -> Result<String, Failure> {
        let found = self.command("POST", "/element", Some(&json!({ "using": "css selector", "value": selector })))?;
        text(&found, ELEMENT)
    }

    fn command(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        wire::command(self.port, method, &format!("/session/{}{path}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends chromium; the driver would leave it behind.
        let _ = self.command("DELETE", "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn capabilities(screen: Screen) -> Value {
    // No sandbox: it does not work for root, nor in most containers, and the pages are the test's own.
    let arguments =
        ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,900"];
    let mut options = json!({ "args": arguments });
    if let (Screen::Phone, Some(options)) = (screen, options.as_object_mut()) {
        let metrics = json!({ "width": 390, "height": 844, "pixelRatio": 2.0, "mobile": true, "touch": true });
        options.insert("mobileEmulation".to_owned(), json!({ "deviceMetrics": metrics }));
    }
    json!({ "capabilities": { "alwaysMatch": { "browserName": "chrome", "goog:chromeOptions": options } } })
}

/// The driver says on which free port it listens.
fn announced_port(driver: &mut Child) -> Option<u16> {
    let lines = BufReader::new(driver.stdout.take()?).lines().map_while(Result::ok);
    let mut lines = lines.filter(|line| line.contains("started successfully on port"));
    lines.next()?.rsplit(' ').next()?.trim_end_matches('.').parse().ok()
}

fn text(value: &Value, member: &str) -> Result<String, Failure> {
    let text = value.get(member).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| Failure::new(format!("the driver's answer has no {member}: {value}")))
}
