//! The parts that pages are made of. Each is a function from values to markup; `web/app.css` gives it its look.

use jiff::Timestamp;
use jiff::tz::Offset;
use maud::{Markup, html};
use secrecy::{ExposeSecret, SecretString};

use super::frame::Csrf;

/// What a badge means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing in particular.
    Plain,
    /// Worth a look: a latest version, a kind.
    Accent,
    /// All is well.
    Good,
    /// Take care.
    Warn,
    /// Something is wrong, or gone.
    Bad,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Plain => "badge",
            Self::Accent => "badge accent",
            Self::Good => "badge good",
            Self::Warn => "badge warn",
            Self::Bad => "badge bad",
        }
    }
}

/// A word in a small frame. Its meaning is in the word: the colour only repeats it.
pub fn badge(tone: Tone, text: &str) -> Markup {
    html! { span class=(tone.class()) { (text) } }
}

/// A moment, as "2 days ago" with the exact time as its title.
pub fn time(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(at) title=(exact(at)) { (relative(at, now)) } }
}

/// A day, `2026-03-01` in UTC.
pub fn day(at: Timestamp) -> Markup {
    let date = Offset::UTC.to_datetime(at).date();
    html! { time datetime=(date) title=(exact(at)) { (date) } }
}

fn exact(at: Timestamp) -> String {
    format!("{} UTC", Offset::UTC.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S"))
}

/// How long ago, or in how long, in the largest unit of which there is at least one.
fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    let units =
        [("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let found = units.into_iter().map(|(unit, length)| (unit, seconds.unsigned_abs() / length));
    let Some((unit, count)) = found.into_iter().find(|(_, count)| *count > 0) else {
        return "just now".to_owned();
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds > 0 { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

/// A size for people, with the exact number of bytes as its title.
pub fn bytes(size: u64) -> Markup {
    html! { span title=(format!("{size} bytes")) { (rounded(size)) } }
}

fn rounded(size: u64) -> String {
    let mut scaled = size;
    let mut tenths = 0;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if scaled < 1024 {
            return if unit == "bytes" || scaled >= 100 {
                format!("{scaled} {unit}")
            } else {
                format!("{scaled}.{tenths} {unit}")
            };
        }
        tenths = scaled % 1024 * 10 / 1024;
        scaled /= 1024;
    }
    format!("{scaled}.{tenths} TiB")
}

/// Text to copy, in a block, with a button that `copy.js` shows and serves.
pub fn copy_block(code: &str) -> Markup {
    html! {
        div.copy {
            pre tabindex="0" { code { (code) } }
            button.quiet type="button" hidden data-copy { "Copy" }
        }
    }
}

/// A secret to copy, that is shown once.
pub fn copy_field(label: &str, secret: &SecretString) -> Markup {
    html! {
        p.copy-label { (label) }
        (copy_block(secret.expose_secret()))
    }
}

/// What stands where a list has no rows: what that means, and what to do.
pub fn empty_state(title: &str, hint: &Markup) -> Markup {
    html! { div.empty { h2 { (title) } (hint) } }
}

/// Which part of a list a page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// This page; the first is 1.
    pub current: usize,
    /// Rows of a page.
    pub per_page: usize,
    /// Rows of the whole list.
    pub total: usize,
}

impl Pages {
    /// How many rows stand before this page. Beyond the last page that is beyond the last row.
    pub const fn offset(self) -> usize {
        self.current.saturating_sub(1).saturating_mul(self.per_page)
    }

    /// How many pages there are; an empty list has one.
    pub const fn count(self) -> usize {
        let per_page = if self.per_page == 0 { 1 } else { self.per_page };
        let count = self.total.div_ceil(per_page);
        if count == 0 { 1 } else { count }
    }
}

/// Links to the other pages of a list; nothing when there are none. `url` makes the URL of a page.
pub fn pager(pages: Pages, url: impl Fn(usize) -> String) -> Markup {
    pager_of("Pages", pages, url)
}

/// The same, named, where a page has several lists.
pub fn pager_of(label: &str, pages: Pages, url: impl Fn(usize) -> String) -> Markup {
    let last = pages.count();
    if last == 1 {
        return html! {};
    }
    let current = pages.current.clamp(1, last);
    let mut shown: Vec<usize> =
        [1, last].into_iter().chain(current.saturating_sub(2)..=current + 2).collect();
    shown.retain(|page| (1..=last).contains(page));
    shown.sort_unstable();
    shown.dedup();
    let gap_before = |index: usize| {
        let before = index.checked_sub(1).and_then(|before| shown.get(before));
        before.zip(shown.get(index)).is_some_and(|(before, page)| before + 1 < *page)
    };
    html! {
        nav.pager aria-label=(label) {
            @if current > 1 { a rel="prev" href=(url(current - 1)) { "Previous" } }
            ol {
                @for (index, page) in shown.iter().copied().enumerate() {
                    @if gap_before(index) { li.gap aria-hidden="true" { "…" } }
                    li {
                        a href=(url(page)) aria-label=(format!("Page {page}")) aria-current=[(page == current).then_some("page")] {
                            (page)
                        }
                    }
                }
            }
            @if current < last { a rel="next" href=(url(current + 1)) { "Next" } }
        }
    }
}

/// A hidden field of a form.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A field of a form, with its label, an explanation and what was wrong with it.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// Its name in the form. Its id is made from it, so that a section may be called the same.
    pub name: &'a str,
    /// What it is called.
    pub label: &'a str,
    /// `text`, `password`, `email`, `date`, `number`.
    pub kind: &'a str,
    /// What stands in it.
    pub value: &'a str,
    /// What helps to fill it in.
    pub hint: &'a str,
    /// What was wrong with it.
    pub problem: Option<&'a str>,
    /// Whether it may be left empty.
    pub optional: bool,
    /// What browsers fill in by themselves (HTML, `autocomplete`).
    pub autocomplete: &'a str,
}

impl<'a> Field<'a> {
    /// A text that must be given.
    pub const fn text(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            label,
            kind: "text",
            value: "",
            hint: "",
            problem: None,
            optional: false,
            autocomplete: "off",
        }
    }

    /// A password: `current-password` or `new-password`.
    pub const fn password(name: &'a str, label: &'a str, autocomplete: &'a str) -> Self {
        Self { kind: "password", autocomplete, ..Self::text(name, label) }
    }
}

impl maud::Render for Field<'_> {
    fn render(&self) -> Markup {
        let [id, hint, problem] = ["field", "hint", "problem"].map(|part| format!("{}-{part}", self.name));
        let described =
            [(!self.hint.is_empty()).then_some(hint.as_str()), self.problem.map(|_| problem.as_str())];
        let described: Vec<&str> = described.into_iter().flatten().collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        html! {
            div.field {
                label for=(id) { (self.label) @if self.optional { span.quiet { " (optional)" } } }
                input id=(id) name=(self.name) type=(self.kind) value=(self.value) required[!self.optional]
                    autocomplete=(self.autocomplete) autocapitalize="none" spellcheck="false"
                    aria-invalid=[self.problem.map(|_| "true")] aria-describedby=[described];
                @if !self.hint.is_empty() { p.hint id=(hint) { (self.hint) } }
                @if let Some(text) = self.problem { p.wrong id=(problem) { (text) } }
            }
        }
    }
}

/// A box to tick, or one of several to choose with `kind` "radio".
pub fn choice(kind: &str, name: &str, value: &str, checked: bool, label: &Markup) -> Markup {
    html! {
        label.choice {
            input type=(kind) name=(name) value=(value) checked[checked];
            span { (label) }
        }
    }
}

/// Several choices under one question.
pub fn choices(question: &str, problem: Option<&str>, boxes: &Markup) -> Markup {
    html! {
        fieldset {
            legend { (question) }
            (boxes)
            @if let Some(text) = problem { p.wrong { (text) } }
        }
    }
}

/// A list to choose one value from.
pub fn select(name: &str, label: &str, options: &[(&str, &str)], chosen: &str) -> Markup {
    let id = format!("{name}-field");
    html! {
        div.field {
            label for=(id) { (label) }
            select id=(id) name=(name) {
                @for (value, text) in options { option value=(value) selected[*value == chosen] { (text) } }
            }
        }
    }
}

/// Names and values, for facts about one thing.
pub fn facts(pairs: &[(&str, Markup)]) -> Markup {
    html! { dl.facts { @for (name, value) in pairs { div { dt { (name) } dd { (value) } } } } }
}

/// A table that becomes a list of cards where there is no room: cells are given by [`cell`]. A column of buttons needs no
/// head.
pub fn table(caption: &str, heads: &[&str], rows: &Markup) -> Markup {
    html! {
        table.rows {
            caption.unseen { (caption) }
            thead { tr { @for head in heads { @if head.is_empty() { td {} } @else { th scope="col" { (head) } } } } }
            tbody { (rows) }
        }
    }
}

/// A cell of a [`table`], with the name of its column for narrow screens; that may be empty.
pub fn cell(column: &str, content: &Markup) -> Markup {
    html! { td data-column=(column) { (content) } }
}

/// Links between the parts of a page: label, URL and count, if it has one. The chosen one is marked.
pub fn tabs(label: &str, entries: &[(&str, String, Option<usize>)], chosen: usize) -> Markup {
    html! {
        nav.tabs aria-label=(label) {
            ul {
                @for (index, (name, href, count)) in entries.iter().enumerate() {
                    li {
                        a href=(href) aria-current=[(index == chosen).then_some("page")] {
                            (name)
                            @if let Some(count) = count { " " span.count { (count) } }
                        }
                    }
                }
            }
        }
    }
}

/// A question before something is destroyed, folded behind a button: what goes, and a button that does it.
#[derive(Debug, Clone, Copy)]
pub struct Confirm<'a> {
    /// Where the form is sent.
    pub action: &'a str,
    /// The token of the form.
    pub csrf: &'a Csrf,
    /// On the button that opens it: "Delete".
    pub verb: &'a str,
    /// What will happen, naming what goes.
    pub warning: &'a str,
}

impl Confirm<'_> {
    /// The folded question, with more hidden fields.
    pub fn with(&self, fields: &[(&str, &str)]) -> Markup {
        html! {
            details.confirm {
                summary.button.danger.small { (self.verb) }
                form method="post" action=(self.action) {
                    (self.csrf)
                    @for (name, value) in fields { (hidden(name, value)) }
                    p { (self.warning) }
                    button.button.danger.small { "Yes, " (self.verb.to_lowercase()) }
                }
            }
        }
    }
}

impl maud::Render for Confirm<'_> {
    fn render(&self) -> Markup {
        self.with(&[])
    }
}

/// A link to another site, for text that comes from outside: only web addresses become one, and the other site learns
/// nothing about this page.
pub fn external(url: &str, label: &str) -> Markup {
    let parsed = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    html! {
        @match parsed {
            Some(url) => a href=(url) rel="noopener noreferrer nofollow" { (label) },
            None => (label),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_largest_unit() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        for (seconds_ago, expected) in [
            (0, "just now"),
            (59, "just now"),
            (60, "1 minute ago"),
            (7_199, "1 hour ago"),
            (7_200, "2 hours ago"),
            (86_400 * 3, "3 days ago"),
            (86_400 * 70, "2 months ago"),
            (86_400 * 800, "2 years ago"),
            (-90, "in 1 minute"),
            (-86_400 * 40, "in 1 month"),
        ] {
            let at = Timestamp::from_second(1_700_000_000 - seconds_ago).unwrap();
            assert_eq!(relative(at, now), expected, "{seconds_ago}");
        }
        let markup = time(now, now).into_string();
        assert!(markup.contains("title=\"2023-11-14 22:13:20 UTC\""), "{markup}");
    }

    #[test]
    fn sizes_are_rounded_down_to_three_digits_or_so() {
        for (size, expected) in [
            (0, "0 bytes"),
            (1023, "1023 bytes"),
            (1024, "1.0 KiB"),
            (1536, "1.5 KiB"),
            (150 * 1024, "150 KiB"),
            (5 * 1024 * 1024, "5.0 MiB"),
            (3 << 30, "3.0 GiB"),
            (2 << 40, "2.0 TiB"),
        ] {
            assert_eq!(rounded(size), expected);
        }
    }

    #[test]
    fn a_pager_names_the_ends_and_the_neighbours() {
        let shown = |current, total| {
            let markup =
                pager(Pages { current, per_page: 20, total }, |page| format!("?page={page}")).into_string();
            let text = regex::Regex::new("<[^>]*>").unwrap().replace_all(&markup, " ").into_owned();
            text.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown(1, 20), "");
        assert_eq!(shown(1, 0), "");
        assert_eq!(shown(1, 21), "1 2 Next");
        assert_eq!(shown(6, 200), "Previous 1 … 4 5 6 7 8 … 10 Next");
        assert_eq!(shown(10, 200), "Previous 1 … 8 9 10");
        assert_eq!(shown(99, 200), "Previous 1 … 8 9 10", "beyond the end");
    }

    #[test]
    fn only_web_addresses_become_links() {
        for (url, is_link) in [
            ("https://example.com/a?b=\"c", true),
            ("http://example.com", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("//example.com", false),
            ("", false),
        ] {
            let markup = external(url, "<label>").into_string();
            assert_eq!(markup.contains("href"), is_link, "{markup}");
            assert!(markup.contains("&lt;label&gt;"), "{markup}");
        }
    }
}
