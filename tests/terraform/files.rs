//! A module as names and contents: to be published, and to be compared with what was installed.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::support::archive::Module;

/// The files of a module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Files(pub(crate) BTreeMap<String, String>);

impl Files {
    /// These names and contents.
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
    }

    /// One `main.tf` that differs from every other text's.
    pub(crate) fn saying(text: &str) -> Self {
        Self::of(&[("main.tf", &format!("output \"said\" {{\n  value = \"{text}\"\n}}\n"))])
    }

    /// As it is published.
    pub(crate) fn archive(&self) -> Vec<u8> {
        let module = self.0.iter().fold(Module::new(), |module, (name, text)| module.file(name, text));
        module.build()
    }
}

/// A `module` block. Without a version it has none.
pub(crate) fn block(label: &str, source: &str, version: Option<&str>) -> String {
    let mut text = format!("module \"{label}\" {{\n  source = \"{source}\"\n");
    if let Some(version) = version {
        writeln!(text, "  version = \"{version}\"").unwrap();
    }
    text + "}\n"
}
