//! What came of an import: a line for each thing as it is done, or one JSON document at the end.

use std::io;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::calls::Outside;
use super::tree::{Found, Skipped};
use crate::archive::Escaped;
use crate::cli::output::{Output, line};
use crate::domain::{FullPath, Sha256};

/// What became of one module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// It was published, or would be.
    New,
    /// It is published with the same bytes.
    There,
    /// It is not published.
    Refused,
}

/// One module with what became of it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    outcome: Outcome,
    project: FullPath,
    module: String,
    version: String,
    path: String,
    /// Why it was refused.
    reason: Option<String>,
    /// Of the archive; nothing when it could not be read or packed.
    sha256: Option<String>,
    bytes: Option<u64>,
    /// Calls that the registry cannot answer.
    warnings: Vec<Outside>,
}

impl Row {
    /// A module that was not looked into yet.
    pub(super) fn new(found: &Found, project: &FullPath) -> Self {
        Self {
            outcome: Outcome::Refused,
            project: project.clone(),
            module: format!("{}/{}/{}", found.namespace, found.name, found.system),
            version: found.version.to_string(),
            path: found.path.clone(),
            reason: None,
            sha256: None,
            bytes: None,
            warnings: Vec::new(),
        }
    }

    /// With its archive.
    pub(super) fn packed(mut self, size: u64, sha256: &Sha256) -> Self {
        self.bytes = Some(size);
        self.sha256 = Some(sha256.to_hex());
        self
    }

    /// Published, or there already.
    pub(super) fn accepted(mut self, outcome: Outcome, warnings: Vec<Outside>) -> Self {
        self.outcome = outcome;
        self.warnings = warnings;
        self
    }

    /// Refused.
    pub(super) fn refused(mut self, reason: String) -> Self {
        self.outcome = Outcome::Refused;
        self.reason = Some(reason);
        self
    }

    /// Module and version.
    pub(super) fn what(&self) -> String {
        format!("{} {}", self.module, self.version)
    }

    fn text(&self) -> String {
        let what = self.what();
        let mut lines = vec![match (self.outcome, &self.reason) {
            (Outcome::New, _) => format!("new      {what}"),
            (Outcome::There, _) => format!("there    {what}"),
            (Outcome::Refused, reason) => {
                format!("refused  {what}: {}", reason.as_deref().unwrap_or_default())
            }
        }];
        lines.extend(self.warnings.iter().map(|warning| format!("warning  {what}: {}", warning.message())));
        lines.join("\n")
    }
}

/// How many things came to which end.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Summary {
    new: usize,
    there: usize,
    refused: usize,
    skipped: usize,
    warnings: usize,
}

/// The whole report as scripts get it.
#[derive(Serialize)]
struct Document<'a> {
    dry_run: bool,
    summary: Summary,
    modules: &'a [Row],
    skipped: Vec<SkippedRow<'a>>,
}

#[derive(Serialize)]
struct SkippedRow<'a> {
    path: &'a str,
    reason: &'a str,
}

/// A report that is being written.
pub(super) struct Report {
    output: Output,
    dry_run: bool,
    summary: Summary,
    /// Kept for the document only.
    rows: Vec<Row>,
    skipped: Vec<Skipped>,
    bar: ProgressBar,
    /// Why lines cannot be written any more. The import goes on: its reader may have seen enough.
    unwritable: Option<io::Error>,
}

impl Report {
    /// An empty report about that many modules, with a progress bar on standard error when that is a terminal.
    pub(super) fn new(output: Output, dry_run: bool, modules: usize) -> Self {
        let bar = ProgressBar::new(modules as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self {
            output,
            dry_run,
            summary: Summary::default(),
            rows: Vec::new(),
            skipped: Vec::new(),
            bar,
            unwritable: None,
        }
    }

    /// The bar, to say what is being done.
    pub(super) const fn bar(&self) -> &ProgressBar {
        &self.bar
    }

    /// Adds what is no module.
    pub(super) fn skip(&mut self, skipped: Skipped) {
        self.summary.skipped += 1;
        if self.output.json {
            self.skipped.push(skipped);
        } else {
            self.line(&format!("skipped  {}: {}", Escaped::new(skipped.path.as_bytes()), skipped.reason));
        }
    }

    /// Adds a module.
    pub(super) fn add(&mut self, row: Row) {
        *match row.outcome {
            Outcome::New => &mut self.summary.new,
            Outcome::There => &mut self.summary.there,
            Outcome::Refused => &mut self.summary.refused,
        } += 1;
        self.summary.warnings += row.warnings.len();
        if self.output.json {
            self.rows.push(row);
        } else {
            self.line(&row.text());
        }
        self.bar.inc(1);
    }

    fn line(&mut self, text: &str) {
        if self.unwritable.is_none() {
            self.unwritable = self.bar.suspend(|| line(text)).err();
        }
    }

    /// Ends the report. Says whether nothing was refused.
    pub(super) fn finish(mut self) -> io::Result<bool> {
        self.bar.finish_and_clear();
        let Summary { new, there, refused, skipped, warnings } = self.summary;
        if self.output.json {
            let skipped = self
                .skipped
                .iter()
                .map(|skipped| SkippedRow { path: &skipped.path, reason: &skipped.reason });
            let document = Document {
                dry_run: self.dry_run,
                summary: self.summary,
                modules: &self.rows,
                skipped: skipped.collect(),
            };
            self.unwritable = self.output.result(&document, String::new).err();
        } else {
            let plural = if warnings == 1 { "" } else { "s" };
            let end = if self.dry_run { "; nothing was sent" } else { "" };
            self.line(&format!(
                "{new} new, {there} there already, {refused} refused, {skipped} skipped, {warnings} warning{plural}{end}"
            ));
        }
        match self.unwritable {
            // What was refused matters more than that nobody reads about it.
            Some(error) if refused == 0 => Err(error),
            _ => Ok(refused == 0),
        }
    }
}
