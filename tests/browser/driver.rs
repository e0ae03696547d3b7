//! `ChromeDriver` as a process of its own, and `WebDriver` (W3C) to it: JSON over one HTTP connection on loopback.
//!
//! The connection of the other tests does for that: a `WebDriver` crate would bring an asynchronous runtime into tests that
//! need none, and most of them TLS.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::wire::Wire;

/// When it is `1`, a test that needs a browser and cannot have it fails instead of being skipped.
const REQUIRED: &str = "CAIRN_REQUIRE_BROWSER";

/// Under which `WebDriver` refers to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Milliseconds that a page or a script may take.
const TIMEOUT: u32 = 30_000;

/// A browser of its own for every test, with nothing in it and no way out of this machine.
const FLAGS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
];

/// Ends the program when its own input ends: when the test lets go of it, and also when the tests are killed. It lets go of
/// the program's output, so that this ends with the program.
const GUARD: &str = r#""$1" "$2" & exec >&-; read -r _; kill $!; wait"#;

/// How often a driver is started: now and then one ends before it has begun.
const STARTS: usize = 3;

/// A session: a browser that runs, and the one way to it.
#[derive(Debug)]
pub(crate) struct Driver {
    process: Child,
    /// Kept open: a process that cannot print ends.
    _printed: BufReader<ChildStdout>,
    address: SocketAddr,
    wire: RefCell<Wire>,
    session: String,
    profile: TempDir,
    _turn: Turn,
}

/// What a browser says when it does not do something.
#[derive(Debug)]
pub(crate) struct Failure {
    /// `no such element`, `stale element reference`, ...
    pub(crate) error: String,
    /// The same in more words.
    pub(crate) message: String,
}

/// A reference to an element of the page that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element(String);

impl Element {
    /// All that a script returned.
    pub(crate) fn all_in(value: &Value) -> Vec<Self> {
        value.as_array().into_iter().flatten().filter_map(Self::of).collect()
    }

    fn of(value: &Value) -> Option<Self> {
        value[ELEMENT].as_str().map(|id| Self(id.to_owned()))
    }

    /// As an argument of a script.
    pub(crate) fn argument(&self) -> Value {
        json!({ ELEMENT: self.0 })
    }
}

impl Driver {
    /// Starts a browser. Nothing, and a line that says so, when this machine has none.
    pub(crate) fn start() -> Option<Self> {
        let found =
            program(&["chromedriver"]).zip(program(&["chromium", "chromium-browser", "google-chrome"]));
        let Some((driver, browser)) = found else {
            skip("no chromium and chromedriver are on the path");
            return None;
        };
        let turn = Turn::take();
        let (process, printed, port) =
            (0..STARTS).find_map(|_| begin(&driver)).expect("ChromeDriver did not start");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut driver = Self {
            process,
            _printed: printed,
            address,
            wire: RefCell::new(Wire::open(address)),
            session: String::new(),
            profile: tempfile::tempdir().unwrap(),
            _turn: turn,
        };
        let begun = driver.send("POST", "/session", &driver.wanted(&browser));
        driver.session = begun.unwrap()["sessionId"].as_str().unwrap().to_owned();
        Some(driver)
    }

    /// The session to be begun.
    fn wanted(&self, browser: &Path) -> Value {
        let profile = format!("--user-data-dir={}", self.profile.path().display());
        let flags: Vec<&str> = FLAGS.iter().copied().chain([profile.as_str()]).collect();
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "pageLoad": TIMEOUT, "script": TIMEOUT, "implicit": 0 },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "goog:chromeOptions": { "binary": browser, "args": flags, "prefs": {
                // The page of new tabs is a heavy application.
                "session": { "restore_on_startup": 4, "startup_urls": ["about:blank"] },
            } },
        } } })
    }

    /// A command of the session: a path below it, such as `/url`.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.send("GET", &format!("/session/{}{path}", self.session), &Value::Null)
    }

    /// The same with something to be done.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.send("POST", &format!("/session/{}{path}", self.session), body)
    }

    /// A command about an element.
    pub(crate) fn get_of(&self, element: &Element, what: &str) -> Result<Value, Failure> {
        self.get(&format!("/element/{}/{what}", element.0))
    }

    /// The same with something to be done.
    pub(crate) fn post_to(&self, element: &Element, what: &str, body: &Value) -> Result<Value, Failure> {
        self.post(&format!("/element/{}/{what}", element.0), body)
    }

    /// The element that has the focus.
    pub(crate) fn active(&self) -> Result<Element, Failure> {
        self.get("/element/active").map(|found| Element::of(&found).unwrap())
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut wire = self.wire.borrow_mut();
        wire.send(head).send(body);
        let answer = wire.answer().unwrap_or_else(|| panic!("{method} {path}: ChromeDriver is gone"));
        let value = answer.json()["value"].take();
        if answer.status == 200 {
            return Ok(value);
        }
        let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
        Err(Failure { error: text("error"), message: text("message") })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let path = format!("/session/{}", self.session);
        let _gone_already = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            self.send("DELETE", &path, &Value::Null)
        }));
        drop(self.process.stdin.take());
        let _reaped_already = self.process.wait();
    }
}

/// Says why a test does nothing, or fails it when it must not be skipped.
pub(crate) fn skip(problem: &str) {
    let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
    assert!(!required, "{REQUIRED} is set, but {problem}");
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: {problem}; install what is missing, or see it fail with {REQUIRED}=1"
    );
}

/// The first of some programs that is on the path.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|found| found.is_file()))
}

/// Where `ChromeDriver` says that it listens.
/// Starts a driver, and waits until it says where it listens. Nothing when it ends instead.
fn begin(driver: &Path) -> Option<(Child, BufReader<ChildStdout>, u16)> {
    let mut process = Command::new("sh")
        .args(["-c", GUARD, "sh"])
        .arg(driver)
        .arg("--port=0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(process.stdout.take().unwrap());
    if let Some(port) = port(&mut printed) {
        return Some((process, printed, port));
    }
    drop(process.stdin.take());
    process.wait().unwrap();
    None
}

fn port(printed: &mut impl BufRead) -> Option<u16> {
    printed.lines().find_map(|line| {
        let line = line.unwrap();
        let (_, port) = line.split_once("started successfully on port ")?;
        Some(port.trim_end_matches('.').parse().unwrap())
    })
}

/// Browsers at once: they are heavy, and a machine that is busy with many makes each of them time out.
const BROWSERS: usize = 2;

static FREE: (Mutex<usize>, Condvar) = (Mutex::new(BROWSERS), Condvar::new());

/// The right to run a browser. A test that takes two may wait for ever for another that does the same.
#[derive(Debug)]
struct Turn;

impl Turn {
    fn take() -> Self {
        let free = FREE.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = FREE.1.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *FREE.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        FREE.1.notify_one();
    }
}
