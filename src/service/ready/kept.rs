//! What is kept of an answer: the facts in little memory, and what was put into words, so that it is done once.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::domain::FileId;
use crate::service::modules::{Location, Versions};
use crate::service::tickets::LastTicket;

/// Bytes of a list of versions from which on its rendered form is kept as well: below, making it anew costs little.
const LONG_LIST: usize = 2048;
/// Bytes of a URL, about.
const URL_BYTES: usize = 256;

/// The versions of a module, in little memory.
#[derive(Debug)]
pub struct KeptVersions {
    /// How many versions there are.
    pub count: usize,
    /// The full path of the project that published last, then the versions, highest first. A line feed behind each.
    text: Box<str>,
    rendered: OnceLock<Bytes>,
}

impl KeptVersions {
    /// What is kept of these, and the bytes it takes. Nothing when there are none.
    pub(super) fn of(versions: &Versions) -> Option<(Self, usize)> {
        let mut listed = format!("{}\n", versions.source.as_deref()?);
        for version in &versions.versions {
            listed.push_str(&version.to_string());
            listed.push('\n');
        }
        let count = versions.versions.len();
        // A long list is kept rendered too, at about ninety bytes a version.
        let rendered = if listed.len() < LONG_LIST { 0 } else { count * 96 + listed.len() };
        let cost = listed.len() + rendered;
        Some((Self { count, text: listed.into(), rendered: OnceLock::new() }, cost))
    }

    /// The full path of the project that published last, then the versions, highest first.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        // By bytes: for short pieces quicker than to split by a character.
        let mut rest = &*self.text;
        std::iter::from_fn(move || {
            let end = rest.bytes().position(|byte| byte == b'\n')?;
            let (line, behind) = rest.split_at_checked(end)?;
            rest = behind.get(1..)?;
            Some(line)
        })
    }

    /// The rendered form, made once for a long list and each time for a short one.
    pub fn rendered(&self, render: impl FnOnce(&Self) -> Bytes) -> Bytes {
        if self.text.len() < LONG_LIST {
            return render(self);
        }
        self.rendered.get_or_init(|| render(self)).clone()
    }
}

/// Where an archive is.
#[derive(Debug)]
pub struct KeptLocation {
    location: Location,
    pub(super) file: FileId,
    /// Anybody may read the file: no ticket is needed.
    pub(super) anyone: bool,
    pub(super) last_ticket: LastTicket,
    rendered: OnceLock<Box<str>>,
}

impl KeptLocation {
    /// Of a location without a ticket.
    pub(super) fn new(location: Location, file: FileId, anyone: bool) -> Self {
        Self { location, file, anyone, last_ticket: LastTicket::default(), rendered: OnceLock::new() }
    }

    /// Bytes it takes.
    pub(super) fn cost(&self) -> usize {
        size_of::<Self>() + self.location.namespace.len() + URL_BYTES
    }

    /// The URL without a ticket, made once.
    pub fn rendered(&self, render: impl FnOnce(&Location) -> String) -> &str {
        self.rendered.get_or_init(|| render(&self.location).into())
    }
}
