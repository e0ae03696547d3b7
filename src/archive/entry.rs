//! Names in an archive: the refusal table as pure functions. What passes can be installed on every system Terraform
//! runs on, and shown to people.

use super::escape::is_invisible;

/// Bytes of one component of a path: what file systems allow.
const MAX_COMPONENT_BYTES: usize = 255;

/// Why a name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameProblem {
    /// More bytes than the limit.
    #[error("is longer than {0} bytes")]
    TooLong(usize),
    /// A component longer than file systems allow.
    #[error("has a part longer than {MAX_COMPONENT_BYTES} bytes")]
    LongComponent,
    /// A link target that goes in and out of directories.
    #[error("goes in and out of too many directories")]
    Turns,
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// Nothing.
    #[error("is empty")]
    Empty,
    /// A trailing slash on something that is no directory.
    #[error("ends in a slash although it is no directory")]
    TrailingSlash,
    /// A leading slash.
    #[error("is absolute")]
    Absolute,
    /// A `..`.
    #[error("contains `..`")]
    Parent,
    /// A control byte.
    #[error("contains a control character")]
    Control,
    /// A backslash, which Windows takes for a slash.
    #[error("contains a backslash")]
    Backslash,
    /// An invisible or direction-changing character.
    #[error("contains an invisible or direction-changing character")]
    Invisible,
    /// A drive letter or an alternate stream on Windows.
    #[error("contains a colon, which is a drive or a stream on Windows")]
    Colon,
    /// A component ending in a dot or a space, which Windows drops.
    #[error("has a part that ends in a dot or a space, which Windows drops")]
    TrailingDotOrSpace,
    /// `CON`, `NUL`, `COM1` and so on, with any extension.
    #[error("has a part that is a device on Windows")]
    Device,
}

/// Normalises the path of an entry: no leading `./`, no doubled or trailing slashes. Empty means the top directory.
pub fn parse_path(name: &[u8], limit: usize) -> Result<String, NameProblem> {
    let text = check_text(name, limit)?;
    let mut path = String::with_capacity(text.len());
    for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            return Err(NameProblem::Parent);
        }
        check_component(part)?;
        push(&mut path, part);
    }
    Ok(path)
}

/// Where a symbolic link at `path` (normalised) leads, normalised; nothing when it leaves the archive. Empty means the
/// top directory. The text decides alone: that no part on the way is a link itself is checked by the caller.
pub fn resolve_link(path: &str, target: &[u8], limit: usize) -> Result<Option<Resolved>, NameProblem> {
    let text = check_text(target, limit)?;
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    // The directories the link itself is in; they are no links, or it could not be there.
    let mut own = parts.len();
    let mut passed = Vec::new();
    for part in text.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." {
            if parts.len() > own {
                passed.push(parts.join("/"));
            }
            if parts.pop().is_none() {
                return Ok(None);
            }
            own = own.min(parts.len());
        } else {
            check_component(part)?;
            parts.push(part);
        }
        if passed.len() > MAX_TURNS {
            return Err(NameProblem::Turns);
        }
    }
    Ok(Some(Resolved { path: parts.join("/"), passed }))
}

/// Directories a link's target may enter and leave again. Hardly any does; many are an attempt to exhaust a resolver.
const MAX_TURNS: usize = 4;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The target.
    pub path: String,
    /// Paths that were entered on the way and left again by `..`.
    pub passed: Vec<String>,
}

fn push(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    path.push_str(part);
}

/// The checks that need no components.
fn check_text(name: &[u8], limit: usize) -> Result<&str, NameProblem> {
    if name.len() > limit {
        return Err(NameProblem::TooLong(limit));
    }
    let text = std::str::from_utf8(name).or(Err(NameProblem::NotUtf8))?;
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' if *byte != b'\\');
    if !name.iter().all(plain) {
        text.chars().try_for_each(check_char)?;
    }
    match text.as_bytes() {
        [] => Err(NameProblem::Empty),
        [b'/', ..] => Err(NameProblem::Absolute),
        _ => Ok(text),
    }
}

fn check_char(char: char) -> Result<(), NameProblem> {
    match char {
        '\\' => Err(NameProblem::Backslash),
        _ if char.is_control() => Err(NameProblem::Control),
        _ if is_invisible(char) => Err(NameProblem::Invisible),
        _ => Ok(()),
    }
}

fn check_component(part: &str) -> Result<(), NameProblem> {
    if part.len() > MAX_COMPONENT_BYTES {
        Err(NameProblem::LongComponent)
    } else if part.contains(':') {
        Err(NameProblem::Colon)
    } else if part.ends_with(['.', ' ']) {
        Err(NameProblem::TrailingDotOrSpace)
    } else if is_device(part) {
        Err(NameProblem::Device)
    } else {
        Ok(())
    }
}

/// Names Windows keeps for devices, whatever the extension behind them.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end();
    let is = |name: &str| stem.eq_ignore_ascii_case(name);
    match stem.split_at_checked(3) {
        Some((kind, "")) => ["CON", "PRN", "AUX", "NUL"].iter().any(|name| kind.eq_ignore_ascii_case(name)),
        Some((kind, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")) => {
            kind.eq_ignore_ascii_case("COM") || kind.eq_ignore_ascii_case("LPT")
        }
        _ => is("CONIN$") || is("CONOUT$"),
    }
}

/// Whether Terraform or OpenTofu would read a file of this name as configuration.
pub fn is_configuration(path: &str) -> bool {
    let name = file_name(path);
    let ignored =
        name.starts_with('.') || name.ends_with('~') || (name.starts_with('#') && name.ends_with('#'));
    !ignored && [".tf", ".tf.json", ".tofu", ".tofu.json"].iter().any(|suffix| name.ends_with(suffix))
}

/// Whether a file of this name holds state, which usually holds secrets.
pub fn is_state(path: &str) -> bool {
    file_name(path).split('.').skip(1).any(|part| part.eq_ignore_ascii_case("tfstate"))
}

/// The last component of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The path of the directory a path is in: empty for the top.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_installed_everywhere_are_refused() {
        use NameProblem as P;
        let long = "a".repeat(256);
        let deep = "a/".repeat(600);
        let cases: [(&str, &[u8], Result<&str, P>); 36] = [
            ("a file", b"main.tf", Ok("main.tf")),
            ("a leading ./", b"./modules/a/main.tf", Ok("modules/a/main.tf")),
            ("several leading ./", b"././a", Ok("a")),
            ("a trailing slash", b"modules/", Ok("modules")),
            ("doubled slashes", b"modules//a", Ok("modules/a")),
            ("the top directory", b"./", Ok("")),
            ("a dot directory", b".github/x", Ok(".github/x")),
            ("a leading dash", b"-rf", Ok("-rf")),
            ("spaces and accents inside", "dés rées.tf".as_bytes(), Ok("dés rées.tf")),
            ("three dots in front", b"...a", Ok("...a")),
            ("nothing", b"", Err(P::Empty)),
            ("a parent", b"../x", Err(P::Parent)),
            ("a parent behind ./", b"./../x", Err(P::Parent)),
            ("a parent inside", b"a/../../x", Err(P::Parent)),
            ("a parent at the end", b"a//../..", Err(P::Parent)),
            ("an absolute path", b"/etc/passwd", Err(P::Absolute)),
            ("a doubled root", b"//srv/share", Err(P::Absolute)),
            ("a backslash parent", br"..\x", Err(P::Backslash)),
            ("a share", br"\\srv\s", Err(P::Backslash)),
            ("a drive", b"C:/x", Err(P::Colon)),
            ("a drive without a slash", b"C:x", Err(P::Colon)),
            ("a stream", b"file::$DATA", Err(P::Colon)),
            ("a newline", b"a\nb", Err(P::Control)),
            ("an escape", b"a\x1b[2J", Err(P::Control)),
            ("a C1 control", "a\u{9b}b".as_bytes(), Err(P::Control)),
            ("a direction override", "a\u{202e}ft.tf".as_bytes(), Err(P::Invisible)),
            ("a zero-width space", "main\u{200b}.tf".as_bytes(), Err(P::Invisible)),
            ("overlong UTF-8", b"a\xc0\xafb", Err(P::NotUtf8)),
            ("a surrogate", b"a\xed\xa0\x80", Err(P::NotUtf8)),
            ("a trailing dot", b"main.tf.", Err(P::TrailingDotOrSpace)),
            ("a trailing space", b"a /b", Err(P::TrailingDotOrSpace)),
            ("three dots", b"...", Err(P::TrailingDotOrSpace)),
            ("a device", b"modules/CON", Err(P::Device)),
            ("a device with an extension", b"aux.tf", Err(P::Device)),
            ("a long component", long.as_bytes(), Err(P::LongComponent)),
            ("a deep path", deep.as_bytes(), Err(P::TooLong(1024))),
        ];
        for (situation, name, expected) in cases {
            assert_eq!(parse_path(name, 1024), expected.map(str::to_owned), "{situation}");
        }
    }

    #[test]
    fn a_link_is_resolved_against_its_own_directory() {
        let cases = [
            ("beside", "a/link", "file", Some("a/file")),
            ("up and down", "a/link", "../b/file", Some("b/file")),
            ("to the top", "a/link", "..", Some("")),
            ("in and out of another directory", "a/link", "../b/../c", Some("c")),
            ("out", "a/link", "../../x", None),
            ("out and in again", "link", "../top/x", None),
        ];
        for (situation, path, target, expected) in cases {
            let resolved = resolve_link(path, target.as_bytes(), 1024).unwrap().map(|resolved| resolved.path);
            assert_eq!(resolved.as_deref(), expected, "{situation}");
        }
        assert_eq!(resolve_link("a", b"/etc/passwd", 1024), Err(NameProblem::Absolute));
        assert_eq!(resolve_link("a", "b/../".repeat(5).as_bytes(), 1024), Err(NameProblem::Turns));
        let up = resolve_link("a/b/c/d/e/f/link", "../".repeat(6).as_bytes(), 1024).unwrap().unwrap();
        assert_eq!((up.path.as_str(), up.passed.len()), ("", 0), "its own directories need no look");
    }

    #[test]
    fn configuration_is_what_terraform_and_opentofu_read() {
        for name in ["main.tf", "modules/a/x.tf.json", "x.tofu", "x.tofu.json"] {
            assert!(is_configuration(name), "{name}");
        }
        for name in [".main.tf", "main.tf~", "#main.tf#", "main.tfvars", "x.tftest.hcl", "tf", "a.tf/readme"]
        {
            assert!(!is_configuration(name), "{name}");
        }
    }
}
