//! What lists show and what their URLs say, as tests wait for it.

use serde_json::{Value, json};
use url::Url;

use crate::browser::{Browser, until};

impl Browser {
    /// Waits until the first column of the page's table has just these names, in this order.
    #[track_caller]
    pub(crate) fn lists(&self, names: &[&str]) -> &Self {
        until(&format!("the page lists {names:?}"), || {
            Ok(texts(&self.try_script(NAMES, &json!([]))?) == names)
        });
        self
    }

    /// The query of the page's URL.
    #[track_caller]
    pub(crate) fn query(&self) -> String {
        Url::parse(&self.url()).unwrap().query().unwrap_or_default().to_owned()
    }

    /// Waits until the URL has that query.
    #[track_caller]
    pub(crate) fn asks(&self, query: &str) -> &Self {
        until(&format!("the URL asks for {query:?}"), || Ok(self.query() == query));
        self
    }

    /// Opens the URL that the page has now once more.
    #[track_caller]
    pub(crate) fn reload(&self) -> &Self {
        self.open(&self.url())
    }

    /// Presses the first button that copies.
    #[track_caller]
    pub(crate) fn copy_first(&self) -> &Self {
        self.script("document.querySelector('[data-copy]:not([hidden])').click()", &json!([]));
        self
    }

    /// Opens the sidebar where the page is too narrow to have it beside itself.
    #[track_caller]
    pub(crate) fn open_menu(&self) -> &Self {
        let open = "const closed = [...document.querySelectorAll('button[popovertarget]')].find((e) => e.offsetParent);\
                    closed?.click()";
        self.script(open, &json!([]));
        self
    }

    /// How many things of the page a CSS selector finds.
    #[track_caller]
    pub(crate) fn count(&self, selector: &str) -> u64 {
        let found = self.script("return document.querySelectorAll(arguments[0]).length", &json!([selector]));
        found.as_u64().unwrap_or_default()
    }

    /// The text of the one thing a CSS selector finds.
    #[track_caller]
    pub(crate) fn text_at(&self, selector: &str) -> String {
        let found = self.script(ONE, &json!([selector]));
        found.as_str().unwrap_or_else(|| panic!("there is not one {selector}")).to_owned()
    }

    /// The path and query that the one thing a CSS selector finds leads to.
    #[track_caller]
    pub(crate) fn link_at(&self, selector: &str) -> String {
        let found = self
            .script("return document.querySelector(arguments[0])?.getAttribute('href')", &json!([selector]));
        found.as_str().unwrap_or_else(|| panic!("there is no link {selector}")).to_owned()
    }
}

const NAMES: &str =
    "return [...document.querySelectorAll('table tbody .name')].map((e) => e.innerText.trim())";
const ONE: &str = "const found = document.querySelectorAll(arguments[0]); \
                   return found.length === 1 ? found[0].innerText.trim() : null";

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
