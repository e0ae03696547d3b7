//! What every page must be: usable with a keyboard, a screen reader, a phone and a wide screen, in light and dark.

use serde_json::{Value, json};

use crate::axe;
use crate::browser::Browser;

/// The narrowest phone, and a wide screen, in CSS pixels. WCAG 2.1 (1.4.10) wants pages to fit into 320.
const WIDTHS: [u32; 2] = [320, 1280];

/// How often Tab is pressed before looking whether it still leads to something new.
const TABS: usize = 25;

impl Browser {
    /// Fails the test unless the page that is open is all of the above. Leaves it as it was.
    #[track_caller]
    pub(crate) fn audit(&self) -> &Self {
        let mut problems = self.problems();
        problems.extend(self.console_errors().iter().map(|error| format!("console: {error}")));
        problems.extend(self.foreign_requests().iter().map(|url| format!("asks others: {url}")));
        assert!(problems.is_empty(), "{} has problems:\n- {}", self.url(), problems.join("\n- "));
        self
    }

    /// Fails the test when axe finds something in the page as it is shown now.
    #[track_caller]
    pub(crate) fn axe(&self) -> &Self {
        let violations = self.violations(false);
        assert!(violations.is_empty(), "{}: axe finds\n- {}", self.url(), violations.join("\n- "));
        self
    }

    /// What is wrong with the page, in words.
    #[track_caller]
    pub(crate) fn problems(&self) -> Vec<String> {
        let (width, dark) = (self.window_width(), self.is_dark());
        // What watches the page needs scripts; those of the page were not run when it was loaded.
        self.allow_scripts(true);
        let mut problems = lines(&self.script(include_str!("scripts/structure.js"), &json!([])));
        for pixels in WIDTHS {
            self.width(pixels);
            let overflow = self.script(include_str!("scripts/overflow.js"), &json!([]));
            problems.extend(overflow.as_str().map(str::to_owned));
            for dark in [false, true] {
                self.scheme(dark);
                let scheme = if dark { "dark" } else { "light" };
                // Only colours depend on the scheme.
                let found = self.violations(dark);
                problems.extend(found.iter().map(|line| format!("{scheme}, {pixels} px: {line}")));
            }
            problems.extend(self.tab_problems().iter().map(|line| format!("{pixels} px: {line}")));
        }
        // A common phone, and the page at 200 % (WCAG 2.1, 1.4.4).
        let overflow = || self.script(include_str!("scripts/overflow.js"), &json!([]));
        self.width(375);
        problems.extend(overflow().as_str().map(str::to_owned));
        self.zoomed();
        problems.extend(overflow().as_str().map(|found| format!("at 200 %: {found}")));
        self.width(width).scheme(dark).allow_scripts(!self.is_without_scripts());
        problems
    }

    /// What axe finds: everything, or what colours do.
    #[track_caller]
    fn violations(&self, colours_only: bool) -> Vec<String> {
        let Some(axe) = axe::script() else { return Vec::new() };
        if self.script("return typeof window.axe", &json!([])) == "undefined" {
            self.script(axe, &json!([]));
        }
        lines(&self.async_script(include_str!("scripts/axe_run.js"), &json!([colours_only])))
    }

    /// What Tab does not reach, or reaches without that being visible.
    #[track_caller]
    fn tab_problems(&self) -> Vec<String> {
        self.script(include_str!("scripts/tab_begin.js"), &json!([]));
        let reached = || self.script("return window.tabWatch.reached.size", &json!([])).as_u64();
        let mut before = None;
        while before != reached() {
            before = reached();
            self.press_often("Tab", TABS);
        }
        lines(&self.script(include_str!("scripts/tab_end.js"), &json!([])))
    }
}

fn lines(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
}
