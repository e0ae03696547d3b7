//! Where a value comes from: a flag beats the environment, the environment the file, the file the default.

use std::fmt;
use std::ops::Deref;
use std::path::Path;

use super::ConfigError;
use super::file::{Many, One};
use super::value::Value;

/// Looks up an environment variable. Injected, so that nothing but `main` reads the process's own.
pub type Environment = dyn Fn(&str) -> Option<String>;

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A flag on the command line.
    Flag,
    /// An environment variable.
    Environment,
    /// The configuration file.
    File,
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flag => "flag",
            Self::Environment => "environment",
            Self::File => "file",
            Self::Default => "default",
        })
    }
}

/// A value that knows where it came from. Reads like the value itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub source: Source,
}

impl<T> Deref for Setting<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Setting<T> {
    fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), source: self.source }
    }
}

/// The layers above the default.
pub(super) struct Layers<'a> {
    pub(super) environment: &'a Environment,
}

impl Layers<'_> {
    /// A setting with one value.
    pub(super) fn one<T: Value>(
        &self,
        name: &'static str,
        flag: Option<&String>,
        file: Option<One<T>>,
        default: T,
    ) -> Result<Setting<T>, ConfigError> {
        let found = self.optional(name, flag, file)?;
        let source = found.source;
        Ok(Setting { value: found.value.unwrap_or(default), source })
    }

    /// A setting that may be absent.
    pub(super) fn optional<T: Value>(
        &self,
        name: &'static str,
        flag: Option<&String>,
        file: Option<One<T>>,
    ) -> Result<Setting<Option<T>>, ConfigError> {
        let flags = flag.map(std::slice::from_ref).unwrap_or_default();
        if let Some(found) = self.written(name, flags, |text| vec![text])? {
            return Ok(found.map(|values| values.into_iter().next()));
        }
        Ok(match file {
            Some(One(value)) => Setting { value: Some(value), source: Source::File },
            None => Setting { value: None, source: Source::Default },
        })
    }

    /// A setting with any number of values. A layer that speaks replaces the list of the one below.
    pub(super) fn many<T: Value>(
        &self,
        name: &'static str,
        flags: &[String],
        file: Option<Many<T>>,
        default: Vec<T>,
    ) -> Result<Setting<Vec<T>>, ConfigError> {
        if let Some(found) = self.written(name, flags, list_items)? {
            return Ok(found);
        }
        Ok(match file {
            Some(Many(value)) => Setting { value, source: Source::File },
            None => Setting { value: default, source: Source::Default },
        })
    }

    /// What the flags say, or else the environment.
    fn written<T: Value>(
        &self,
        name: &'static str,
        flags: &[String],
        split: fn(&str) -> Vec<&str>,
    ) -> Result<Option<Setting<Vec<T>>>, ConfigError> {
        if !flags.is_empty() {
            let value = parse_all(flags.iter().map(String::as_str), || format!("--{name}"))?;
            return Ok(Some(Setting { value, source: Source::Flag }));
        }
        let variable = variable(name);
        let Some(text) = lookup(self.environment, &variable) else { return Ok(None) };
        let value = parse_all(split(&text).into_iter(), || variable.clone())?;
        Ok(Some(Setting { value, source: Source::Environment }))
    }
}

fn list_items(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// The environment variable of a flag: `CAIRN_DATA_DIR` of `data-dir`.
pub(super) fn variable(name: &str) -> String {
    format!("CAIRN_{}", name.to_ascii_uppercase().replace('-', "_"))
}

/// An environment variable. An empty one counts as absent: that is how compose files leave one out.
pub(super) fn lookup(environment: &Environment, variable: &str) -> Option<String> {
    environment(variable).filter(|text| !text.is_empty())
}

fn parse_all<'a, T: Value>(
    texts: impl Iterator<Item = &'a str>,
    origin: impl Fn() -> String,
) -> Result<Vec<T>, ConfigError> {
    let invalid =
        |text: &str, reason| ConfigError::Invalid { origin: origin(), value: T::quote(text), reason };
    texts.map(|text| T::parse(text).map_err(|reason| invalid(text, reason))).collect()
}

/// Reads the configuration file, if it is a plain file of a sensible size.
pub(super) fn read_file(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    super::watch::read_bounded(path)
        .and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_not_text| std::io::Error::other("the file is not UTF-8 text"))
        })
        .map_err(unreadable)
}
