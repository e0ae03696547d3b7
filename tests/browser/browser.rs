//! What a person does with a browser, and sees in it. Everything waits for what it needs; nothing waits for the clock.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::{Value, json};
use url::{Host, Url};

use crate::driver::{Driver, Element, Failure};
use crate::support::server::{Server, write_file};

/// How long a page may take to show something before a test gives up on it. Never how long a test takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Presses of Tab after which a thing counts as out of reach.
const MAX_TABS: usize = 60;

/// A folder for pictures of pages.
const SCREENSHOTS: &str = "CAIRN_SCREENSHOTS";

/// Pixels of a window, unless a test wants others.
const WIDTH: u32 = 1280;
const HEIGHT: u32 = 900;

/// A browser of one test: empty, light, 1280 pixels wide, with scripts. When it ends well, the test fails if the console
/// had errors that it did not ask for with [`Browser::console_errors`], or if a page asked for anything that is not on
/// this machine.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) driver: Driver,
    origin: String,
    dark: Cell<bool>,
    width: Cell<u32>,
    scripts: Cell<bool>,
    seen: RefCell<Seen>,
}

/// What the browser reported so far.
#[derive(Debug, Default)]
struct Seen {
    requests: Vec<String>,
    documents: HashSet<String>,
    errors: Vec<String>,
}

impl Browser {
    /// A browser for the pages of a server. Nothing, and a line that says so, when this machine has none.
    pub(crate) fn start(server: &Server) -> Option<Self> {
        Self::at(&server.url())
    }

    /// A browser for the pages below an origin (`http://127.0.0.1:1234`).
    pub(crate) fn at(origin: &str) -> Option<Self> {
        let browser = Self {
            driver: Driver::start()?,
            origin: origin.to_owned(),
            dark: Cell::new(false),
            width: Cell::new(WIDTH),
            scripts: Cell::new(true),
            seen: RefCell::default(),
        };
        browser.light().width(WIDTH);
        browser.open("about:blank");
        browser.listen();
        *browser.seen.borrow_mut() = Seen::default();
        Some(browser)
    }

    /// From here on pages cannot run scripts.
    pub(crate) fn without_scripts(&self) -> &Self {
        self.allow_scripts(false);
        self.scripts.set(false);
        self
    }

    /// Whether the page that is open was shown without scripts.
    pub(crate) fn is_without_scripts(&self) -> bool {
        !self.scripts.get()
    }

    pub(crate) fn allow_scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", &json!({ "value": !allowed }));
    }

    /// As somebody who prefers dark pages.
    pub(crate) fn dark(&self) -> &Self {
        self.scheme(true)
    }

    /// As somebody who prefers light pages.
    pub(crate) fn light(&self) -> &Self {
        self.scheme(false)
    }

    /// Whether dark pages are preferred now.
    pub(crate) fn is_dark(&self) -> bool {
        self.dark.get()
    }

    /// As somebody who prefers dark pages, or light ones. Movement is never preferred: tests would have to wait for it.
    pub(crate) fn scheme(&self, dark: bool) -> &Self {
        self.dark.set(dark);
        let features = json!([
            { "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", &json!({ "features": features }));
        self
    }

    /// In a window of that width, in CSS pixels.
    pub(crate) fn width(&self, pixels: u32) -> &Self {
        self.window(pixels, HEIGHT, 1)
    }

    /// In the usual window, with everything in it twice as large.
    pub(crate) fn zoomed(&self) -> &Self {
        self.window(WIDTH / 2, HEIGHT / 2, 2)
    }

    fn window(&self, width: u32, height: u32, scale: u32) -> &Self {
        self.width.set(width);
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", &size);
        self
    }

    /// How wide the window is now, in CSS pixels.
    pub(crate) fn window_width(&self) -> u32 {
        self.width.get()
    }

    /// Opens a path (`/groups/acme`) or a whole URL, and waits until it is loaded.
    #[track_caller]
    pub(crate) fn open(&self, target: &str) -> &Self {
        let url =
            if target.starts_with('/') { format!("{}{target}", self.origin) } else { target.to_owned() };
        must(self.driver.post("/url", &json!({ "url": url })));
        self
    }

    /// Signs in on the page for it, and waits until that is left.
    #[track_caller]
    pub(crate) fn sign_in(&self, name: &str, password: &str) -> &Self {
        self.open("/users/sign_in").fill("User name", name).fill("Password", password);
        self.click_in("Password", "Sign in");
        until("the sign-in page is left", || Ok(self.path() != "/users/sign_in"));
        self
    }

    /// Clicks the one link, button, label or summary with that name; else the one whose name has it.
    #[track_caller]
    pub(crate) fn click_text(&self, name: &str) -> &Self {
        self.click_found(&json!([name]), &format!("{name:?}"))
    }

    /// The same in the row, list item, form or section that shows a text.
    #[track_caller]
    pub(crate) fn click_in(&self, around: &str, name: &str) -> &Self {
        self.click_found(&json!([name, around]), &format!("{name:?} in {around:?}"))
    }

    #[track_caller]
    fn click_found(&self, wanted: &Value, what: &str) -> &Self {
        let source = include_str!("scripts/clickable.js");
        until(&format!("there is one {what} to click"), || {
            let found = Element::all_in(&self.try_script(source, wanted)?);
            let [one] = found.as_slice() else {
                return Err(Failure {
                    error: format!("{} things are called {what}", found.len()),
                    message: String::new(),
                });
            };
            self.driver.post_to(one, "click", &json!({})).map(|_| true)
        });
        self
    }

    /// Types into the control with that label, or picks the option of that text, instead of what was there.
    #[track_caller]
    pub(crate) fn fill(&self, label: &str, value: &str) -> &Self {
        let control = self.control(label);
        let options =
            "return [...(arguments[0].options ?? [])].filter((o) => o.text.trim() === arguments[1])";
        let options = self.script(options, &json!([control.argument(), value]));
        if let [option] = Element::all_in(&options).as_slice() {
            must(self.driver.post_to(option, "click", &json!({})));
        } else {
            must(self.driver.post_to(&control, "clear", &json!({})));
            must(self.driver.post_to(&control, "value", &json!({ "text": value })));
        }
        self
    }

    /// Gives a date field that day (`2999-12-31`), or none. What is typed there differs with the language of a browser.
    #[track_caller]
    pub(crate) fn fill_date(&self, label: &str, day: &str) -> &Self {
        let control = self.control(label);
        self.script("arguments[0].value = arguments[1]", &json!([control.argument(), day]));
        self
    }

    /// The value of the control with that label.
    #[track_caller]
    pub(crate) fn value(&self, label: &str) -> String {
        let control = self.control(label);
        text_of(&self.script("return arguments[0].value", &json!([control.argument()])))
    }

    /// The one visible control that the browser tells a screen reader has that name.
    #[track_caller]
    fn control(&self, label: &str) -> Element {
        let mut found = None;
        until(&format!("there is one control labelled {label:?}"), || {
            let mut named = Vec::new();
            let mut names = Vec::new();
            for control in Element::all_in(&self.try_script(include_str!("scripts/controls.js"), &json!([]))?)
            {
                let name = text_of(&self.driver.get_of(&control, "computedlabel")?);
                if name == label {
                    named.push(control);
                }
                names.push(name);
            }
            if named.len() != 1 {
                return Err(Failure { error: format!("the controls are {names:?}"), message: String::new() });
            }
            found = named.pop();
            Ok(true)
        });
        found.unwrap()
    }

    /// Presses a key: a character, or `Tab`, `Shift+Tab`, `Enter`, `Escape`, `Space`, `Up`, `Down`, `Left`, `Right`,
    /// `Home`, `End`.
    #[track_caller]
    pub(crate) fn press(&self, key: &str) -> &Self {
        self.press_often(key, 1)
    }

    /// The same several times.
    #[track_caller]
    pub(crate) fn press_often(&self, key: &str, times: usize) -> &Self {
        let (shift, key) = key.strip_prefix("Shift+").map_or((false, key), |key| (true, key));
        let code = key_code(key);
        let press = |kind: &str, value: &str| json!({ "type": kind, "value": value });
        let mut strokes = Vec::new();
        for _ in 0..times {
            strokes.extend(shift.then(|| press("keyDown", "\u{e008}")));
            strokes.extend([press("keyDown", code), press("keyUp", code)]);
            strokes.extend(shift.then(|| press("keyUp", "\u{e008}")));
        }
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        must(self.driver.post("/actions", &actions));
        self
    }

    /// What a screen reader says has the focus: its role and name, `textbox User name`.
    #[track_caller]
    pub(crate) fn focused(&self) -> String {
        must(self.try_focused())
    }

    fn try_focused(&self) -> Result<String, Failure> {
        let active = self.driver.active()?;
        let part = |what: &str| Ok(text_of(&self.driver.get_of(&active, what)?));
        Ok(format!("{} {}", part("computedrole")?, part("computedlabel")?))
    }

    /// Waits until that has the focus. A page gives the focus to one of its controls only after it was loaded.
    #[track_caller]
    pub(crate) fn focuses(&self, what: &str) -> &Self {
        until(&format!("{what:?} has the focus"), || Ok(self.try_focused()? == what));
        self
    }

    /// Presses Tab from the top of the page on until that has the focus.
    #[track_caller]
    pub(crate) fn tab_to(&self, what: &str) -> &Self {
        // Where the focus was before does not matter.
        self.script("document.activeElement?.blur(); getSelection().collapse(document.body, 0)", &json!([]));
        let mut passed = Vec::new();
        while passed.len() < MAX_TABS {
            let focused = self.press("Tab").focused();
            if focused == what {
                return self;
            }
            passed.push(focused);
        }
        panic!("Tab does not lead to {what:?} but to {passed:?}")
    }

    /// The fields that are marked as wrong, with the reasons that stand beside them.
    #[track_caller]
    pub(crate) fn complaints(&self) -> Vec<String> {
        let found = self.script(include_str!("scripts/complaints.js"), &json!([]));
        found.as_array().unwrap().iter().map(text_of).collect()
    }

    /// The names and values that the page states about one thing.
    #[track_caller]
    pub(crate) fn facts(&self) -> Vec<(String, String)> {
        let pairs = "return [...document.querySelectorAll('dl.facts dt')]\
                     .map((e) => [e.innerText, e.nextElementSibling.innerText])";
        let found = self.script(pairs, &json!([]));
        found.as_array().unwrap().iter().map(|pair| (text_of(&pair[0]), text_of(&pair[1]))).collect()
    }

    /// The text that can be seen.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        text_of(&self.script("return document.body.innerText", &json!([])))
    }

    /// The title of the page.
    #[track_caller]
    pub(crate) fn title(&self) -> String {
        text_of(&must(self.driver.get("/title")))
    }

    /// The URL of the page.
    #[track_caller]
    pub(crate) fn url(&self) -> String {
        text_of(&must(self.driver.get("/url")))
    }

    /// The path of the page, without a query.
    #[track_caller]
    pub(crate) fn path(&self) -> String {
        Url::parse(&self.url()).unwrap().path().to_owned()
    }

    /// Waits until a text can be seen.
    #[track_caller]
    pub(crate) fn shows(&self, text: &str) -> &Self {
        until(&format!("the page shows {text:?}"), || Ok(self.try_text()?.contains(text)));
        self
    }

    /// Waits until a text cannot be seen.
    #[track_caller]
    pub(crate) fn hides(&self, text: &str) -> &Self {
        until(&format!("the page does not show {text:?}"), || Ok(!self.try_text()?.contains(text)));
        self
    }

    /// Waits until a path is open.
    #[track_caller]
    pub(crate) fn is_at(&self, path: &str) -> &Self {
        until(&format!("{path} is open"), || Ok(self.path() == path));
        self
    }

    fn try_text(&self) -> Result<String, Failure> {
        Ok(text_of(&self.try_script("return document.body?.innerText", &json!([]))?))
    }

    /// What was copied last.
    #[track_caller]
    pub(crate) fn clipboard(&self) -> String {
        self.devtools("Browser.grantPermissions", &json!({ "permissions": ["clipboardReadWrite"] }));
        text_of(
            &self.async_script("navigator.clipboard.readText().then(arguments[0], arguments[0])", &json!([])),
        )
    }

    /// Audits the page and leaves pictures of it: wide and on a phone, light and dark.
    #[track_caller]
    pub(crate) fn audit_with_pictures(&self, name: &str) -> &Self {
        let (width, dark) = (self.window_width(), self.is_dark());
        self.audit();
        for (pixels, size) in [(WIDTH, "wide"), (375, "phone")] {
            for (dark, scheme) in [(false, "light"), (true, "dark")] {
                self.width(pixels).scheme(dark).screenshot(&format!("{name}-{size}-{scheme}"));
            }
        }
        self.width(width).scheme(dark)
    }

    /// Leaves a picture of the whole page in the folder for them, if there is one.
    #[track_caller]
    pub(crate) fn screenshot(&self, name: &str) -> &Self {
        if let Some(folder) = std::env::var_os(SCREENSHOTS).map(PathBuf::from) {
            let taken = self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true }));
            let bytes = BASE64.decode(text_of(&taken["data"]).as_bytes()).unwrap();
            std::fs::create_dir_all(&folder).unwrap();
            write_file(&folder.join(format!("{name}.png")), &bytes);
        }
        self
    }

    /// What the console complained about since the last time: scripts that failed, what the Content-Security-Policy
    /// forbade, files that are not there. The page's own status is none of that.
    #[track_caller]
    pub(crate) fn console_errors(&self) -> Vec<String> {
        self.listen();
        std::mem::take(&mut self.seen.borrow_mut().errors)
    }

    /// Every URL that was asked for, also when the browser then refused to fetch it.
    #[track_caller]
    pub(crate) fn request_log(&self) -> Vec<String> {
        self.listen();
        self.seen.borrow().requests.clone()
    }

    /// Those of them that lead away from this machine.
    pub(crate) fn foreign_requests(&self) -> Vec<String> {
        self.request_log().into_iter().filter(|url| is_foreign(url)).collect()
    }

    /// Has what was asked for so far not count as an error.
    pub(crate) fn forget_requests(&self) {
        self.seen.borrow_mut().requests.clear();
    }

    /// Reads what the browser reported since the last time.
    #[track_caller]
    fn listen(&self) {
        let requests = must(self.driver.post("/se/log", &json!({ "type": "performance" })));
        let console = must(self.driver.post("/se/log", &json!({ "type": "browser" })));
        let mut seen = self.seen.borrow_mut();
        for entry in requests.as_array().unwrap() {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let (event, parameters) = (&event["message"]["method"], &event["message"]["params"]);
            if event == "Network.requestWillBeSent" {
                let url = text_of(&parameters["request"]["url"]);
                if parameters["type"] == "Document" {
                    seen.documents.insert(url.clone());
                }
                seen.requests.push(url);
            }
        }
        for entry in console.as_array().unwrap() {
            let message = text_of(&entry["message"]);
            let of_document = message.split(' ').next().is_some_and(|url| seen.documents.contains(url));
            if entry["level"] == "SEVERE" && !(entry["source"] == "network" && of_document) {
                seen.errors.push(message);
            }
        }
    }

    /// Runs the body of a function in the page, with `arguments`.
    #[track_caller]
    pub(crate) fn script(&self, source: &str, arguments: &Value) -> Value {
        must(self.try_script(source, arguments))
    }

    /// The same, ended by a call of its last argument.
    #[track_caller]
    pub(crate) fn async_script(&self, source: &str, arguments: &Value) -> Value {
        must(self.driver.post("/execute/async", &json!({ "script": source, "args": arguments })))
    }

    pub(crate) fn try_script(&self, source: &str, arguments: &Value) -> Result<Value, Failure> {
        self.driver.post("/execute/sync", &json!({ "script": source, "args": arguments }))
    }

    #[track_caller]
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        must(self.driver.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let shown = self.driver.get("/url").map(|url| text_of(&url)).unwrap_or_default();
            let text = self.try_text().unwrap_or_default();
            let _ = writeln!(std::io::stderr(), "the browser was at {shown}, which shows:\n{text}");
            return;
        }
        assert_eq!(self.console_errors(), [""; 0], "the console has errors");
        assert_eq!(self.foreign_requests(), [""; 0], "pages ask others");
    }
}

#[track_caller]
fn must<T>(outcome: Result<T, Failure>) -> T {
    outcome.unwrap_or_else(|failure| panic!("{failure:?}"))
}

/// Tries again and again until something holds. A failure is part of waiting: a page that is being left loses its
/// elements under the test's hands.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> Result<bool, Failure>) {
    let end = Instant::now() + PATIENCE;
    loop {
        let last = match holds() {
            Ok(true) => return,
            Ok(false) => String::new(),
            Err(failure) => format!("{}: {}", failure.error, failure.message),
        };
        assert!(Instant::now() < end, "waited too long until {what}. {last}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Whether a URL leads away from this machine.
fn is_foreign(url: &str) -> bool {
    match Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned())) {
        Some(Host::Ipv4(address)) => !address.is_loopback(),
        Some(Host::Ipv6(address)) => !address.is_loopback(),
        // `chrome://resources/...` is in the browser.
        Some(Host::Domain(name)) => name != "localhost" && !url.starts_with("chrome"),
        None => false,
    }
}

/// What `WebDriver` calls a key (W3C `WebDriver`, 17.4.2).
fn key_code(key: &str) -> &str {
    match key {
        "Tab" => "\u{e004}",
        "Enter" => "\u{e007}",
        "Escape" => "\u{e00c}",
        "Space" => " ",
        "End" => "\u{e010}",
        "Home" => "\u{e011}",
        "Left" => "\u{e012}",
        "Up" => "\u{e013}",
        "Right" => "\u{e014}",
        "Down" => "\u{e015}",
        character => character,
    }
}
