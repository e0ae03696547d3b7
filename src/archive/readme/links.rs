//! Where links and images of a README lead: to files of the same version, to other sites, or nowhere.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::Url;

use super::elements::{ID_PREFIX, is_local};

/// What a file is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To be read: a link to it.
    Page,
    /// To be shown within the text.
    Image,
}

/// What a README's references are relative to.
pub struct Links<'a> {
    /// The directory the README is in: empty, or like `modules/subnet`.
    pub directory: &'a str,
    /// The URL of a file or directory of the archive, by its normalised path (empty for the top): a path on this server,
    /// with one slash in front. Nothing when it cannot be shown.
    pub resolve: &'a dyn Fn(&str, Target) -> Option<String>,
}

impl fmt::Debug for Links<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Links").field("directory", &self.directory).finish_non_exhaustive()
    }
}

/// Where a reference leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// A path on this server, or a place in the README.
    Own(String),
    /// Another site, or a mail address.
    Foreign(String),
}

impl Links<'_> {
    /// Where a reference leads; nothing when it leads nowhere, or nowhere good.
    pub(super) fn destination(&self, reference: &str, target: Target) -> Option<Destination> {
        // As browsers read it (WHATWG URL): these characters do not count.
        let reference: String = reference
            .trim_matches(|char: char| char.is_whitespace() || char.is_control())
            .chars()
            .filter(|char| !matches!(char, '\t' | '\n' | '\r'))
            .collect();
        if let Some(id) = reference.strip_prefix('#') {
            return fragment(id).map(Destination::Own);
        }
        match Url::parse(&reference) {
            Ok(url) => foreign(&url),
            Err(url::ParseError::RelativeUrlWithoutBase) => self.relative(&reference, target),
            Err(_unusable) => None,
        }
    }

    fn relative(&self, reference: &str, target: Target) -> Option<Destination> {
        // To a browser, a backslash is a slash.
        let reference = reference.replace('\\', "/");
        if reference.starts_with("//") {
            return foreign(&Url::parse(&format!("https:{reference}")).ok()?);
        }
        let (reference, fragment) = reference.split_once('#').unwrap_or((&reference, ""));
        let path = reference.split('?').next().filter(|path| !path.is_empty())?;
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let path = normalise(self.directory, &path)?;
        let mut url = (self.resolve)(&path, target).filter(|url| is_local(url))?;
        if !fragment.is_empty() && target == Target::Page && !url.contains('#') {
            url.push('#');
            url.push_str(fragment);
        }
        is_local(&url).then_some(Destination::Own(url))
    }
}

fn foreign(url: &Url) -> Option<Destination> {
    matches!(url.scheme(), "http" | "https" | "mailto").then(|| Destination::Foreign(url.to_string()))
}

/// A place in the README itself.
fn fragment(id: &str) -> Option<String> {
    let id = percent_decode_str(id).decode_utf8().ok()?;
    (!id.is_empty()).then(|| format!("#{}", prefixed(&id)))
}

/// An identifier of the README as it is in the page.
pub(super) fn prefixed(id: &str) -> String {
    let id: String = id.chars().filter(|char| !char.is_whitespace() && !char.is_control()).collect();
    if id.starts_with(ID_PREFIX) { id } else { format!("{ID_PREFIX}{id}") }
}

/// The path a reference in a file of `directory` names, from the top of the archive; nothing when it is outside. A
/// leading slash means the top, as on the sites READMEs are written for.
fn normalise(directory: &str, reference: &str) -> Option<String> {
    let mut parts: Vec<&str> = if reference.starts_with('/') {
        Vec::new()
    } else {
        directory.split('/').filter(|part| !part.is_empty()).collect()
    };
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part if part.chars().any(char::is_control) => return None,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_files_of_the_version_or_to_other_sites_or_nowhere() {
        let resolve = |path: &str, target| match target {
            Target::Page => Some(format!("/files/{path}")),
            Target::Image => path.strip_suffix(".png").map(|_| format!("/raw/{path}")),
        };
        let links = Links { directory: "modules/subnet", resolve: &resolve };
        let at = |reference: &str, target| match links.destination(reference, target) {
            None => "nowhere".to_owned(),
            Some(Destination::Own(url)) => format!("own {url}"),
            Some(Destination::Foreign(url)) => format!("foreign {url}"),
        };
        for (reference, expected) in [
            ("main.tf", "own /files/modules/subnet/main.tf"),
            ("./main.tf", "own /files/modules/subnet/main.tf"),
            ("../vpc/", "own /files/modules/vpc"),
            ("../../README.md", "own /files/README.md"),
            ("../..", "own /files/"),
            ("../../../x", "nowhere"),
            ("a/../../../../x", "nowhere"),
            ("%2e%2e/%2e%2e/%2e%2e/x", "nowhere"),
            ("/docs/x.md", "own /files/docs/x.md"),
            ("/../x", "nowhere"),
            ("docs//x.md", "own /files/modules/subnet/docs/x.md"),
            ("docs\\x.md", "own /files/modules/subnet/docs/x.md"),
            ("a%20b.md", "own /files/modules/subnet/a b.md"),
            ("x.md#usage", "own /files/modules/subnet/x.md#usage"),
            ("x.md?raw=true#usage", "own /files/modules/subnet/x.md#usage"),
            ("%00", "nowhere"),
            ("%ff", "nowhere"),
            ("?x=y", "nowhere"),
            ("", "nowhere"),
            ("#usage", "own #user-content-usage"),
            ("#user-content-usage", "own #user-content-usage"),
            ("#", "nowhere"),
            ("https://a.example/x?y#z", "foreign https://a.example/x?y#z"),
            ("HTTPS://A.example", "foreign https://a.example/"),
            ("//a.example/x", "foreign https://a.example/x"),
            ("\\\\a.example/x", "foreign https://a.example/x"),
            ("/\\a.example/x", "foreign https://a.example/x"),
            ("/\t/a.example/x", "foreign https://a.example/x"),
            ("mailto:a@b.example", "foreign mailto:a@b.example"),
            ("javascript:alert(1)", "nowhere"),
            ("JaVaScRiPt:alert(1)", "nowhere"),
            ("java\tscript:alert(1)", "nowhere"),
            (" \u{1}javascript:alert(1)", "nowhere"),
            ("data:text/html,x", "nowhere"),
            ("vbscript:x", "nowhere"),
            ("file:///etc/passwd", "nowhere"),
            ("ftp://a.example", "nowhere"),
            ("blob:https://a.example/x", "nowhere"),
            ("https://", "nowhere"),
        ] {
            assert_eq!(at(reference, Target::Page), expected, "{reference:?}");
        }
        assert_eq!(at("x.png#f", Target::Image), "own /raw/modules/subnet/x.png");
        assert_eq!(at("x.svg", Target::Image), "nowhere");
    }

    #[test]
    fn a_resolver_cannot_lead_to_another_host() {
        for url in ["//a.example", "https://a.example", "javascript:x", "/\\a.example", "x", "/a\nb"] {
            let resolve = |_: &str, _| Some(url.to_owned());
            let links = Links { directory: "", resolve: &resolve };
            assert_eq!(links.destination("x", Target::Page), None, "{url}");
        }
    }
}
