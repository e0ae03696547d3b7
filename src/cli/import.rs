//! `cairn import`: every module of a folder, into projects that mirror it.

mod calls;
mod report;
mod tree;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use hyper::StatusCode;
use indicatif::{HumanBytes, ProgressBar};

use super::admin::visibility;
use super::client::{Client, Refused};
use super::destination::{Destination, host_of};
use super::output::{Output, note};
use super::places;
use super::upload::{self, Packed, Published, Target};
use crate::domain::{FullPath, PathSegment, Sha256, Version, Visibility};
use report::{Outcome, Report, Row};
use tree::{Found, Tree};

/// What the help says below the arguments.
const LAYOUT: &str = "\
DIR holds <namespace>/<name>/<system>/<version>.tar.gz (or .tgz), or unpacked folders of such paths, which are \
packed as `cairn publish` does. A leading v of a version (v1.2.0.tar.gz) is dropped. Each namespace becomes a group \
with one project. Importing again publishes only what is new.

The report says of every module whether it is new, there already with the same bytes, or refused and why; what is \
no module is skipped with a reason; and warnings name calls inside modules that no registry can redirect, such as \
git:: sources. Exit code 0: nothing was refused; 1: something was, and everything else was published.";

/// What to import, and where.
#[derive(Debug, clap::Args)]
#[command(after_help = LAYOUT)]
pub(super) struct ImportArgs {
    /// The folder of modules
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Project of each namespace to publish in
    #[arg(long, value_name = "NAME", default_value = "mirror")]
    project: PathSegment,
    /// Who sees the groups and projects that are created; those that are there stay as they are
    #[arg(long, default_value = "private", value_parser = visibility())]
    visibility: Visibility,
    #[command(flatten)]
    destination: Destination,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(args: ImportArgs, output: Output) -> Result<ExitCode> {
    args.destination.check()?;
    let Tree { found, skipped } = tree::read(&args.folder)?;
    // Only a server can say what becomes of modules; that there are none needs no server.
    let client = if found.is_empty() { None } else { Some(args.destination.open().await?) };
    let mut report = Report::new(output, args.dry_run, found.len());
    for skipped in skipped {
        report.skip(skipped);
    }
    let Some(client) = client else {
        report.finish()?;
        bail!(
            "there are no modules in {}: name the folder that holds <namespace>/<name>/<system>/<version>.tar.gz",
            args.folder.display()
        );
    };
    let own_host = host_of(&args.destination.public_url(&client).await).to_owned();
    let bar = report.bar().clone();
    let mut import = Import { client: &client, args: &args, own_host, bar, place: None, module: None };
    let mut outcome = Ok(());
    for found in &found {
        match import.one(found).await {
            Ok(row) => report.add(row),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    client.close().await;
    let complete = report.finish();
    outcome?;
    Ok(if complete? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An import under way. What the server said about a project or a module is kept until the next one.
struct Import<'a> {
    client: &'a Client,
    args: &'a ImportArgs,
    own_host: String,
    /// Says what is being done.
    bar: ProgressBar,
    /// Whether the project is still missing, or why nothing can be published in it.
    place: Option<(FullPath, Result<bool, Refused>)>,
    module: Option<Module>,
}

/// A module of a project with its versions.
struct Module {
    project: FullPath,
    name: String,
    versions: Vec<Known>,
}

/// A version that is there.
enum Known {
    /// It is on the server.
    Published(Published),
    /// It was sent a moment ago, or would have been.
    Sent(Version, Sha256),
}

impl Known {
    const fn version(&self) -> &Version {
        match self {
            Self::Published(published) => &published.version,
            Self::Sent(version, _) => version,
        }
    }
}

impl Import<'_> {
    /// Imports one module. Fails when the rest cannot be imported either.
    async fn one(&mut self, found: &Found) -> Result<Row> {
        let root = FullPath::from(found.namespace.clone());
        let project = root.join(&self.args.project)?;
        let target = Target {
            project: project.clone(),
            name: found.name.clone(),
            system: found.system.clone(),
            version: found.version.clone(),
        };
        let row = Row::new(found, &project);
        self.bar.set_message(row.what());
        let mut packed = match Packed::of(&found.source, |_files| ProgressBar::hidden()) {
            Ok(packed) => packed,
            Err(error) => return Ok(row.refused(format!("{error:#}"))),
        };
        let row = row.packed(packed.size, &packed.sha256);
        let warnings = match packed.inspect() {
            Ok(report) => calls::outside(&report.manifest, &self.own_host),
            // The server's limits may be other ones: it has the last word.
            Err(error) if self.args.dry_run => return Ok(row.refused(error.to_string())),
            Err(_) => Vec::new(),
        };
        match self.settle(&target, packed).await {
            Ok(outcome) => Ok(row.accepted(outcome, warnings)),
            Err(error) => Ok(row.refused(refused(error)?.to_string())),
        }
    }

    /// Publishes a version unless it is there.
    async fn settle(&mut self, target: &Target, packed: Packed) -> Result<Outcome> {
        let sha256 = packed.sha256;
        self.reach(target).await?;
        if self.is_there(target, &sha256).await? {
            return Ok(Outcome::There);
        }
        if !self.args.dry_run {
            let (bar, what, size) =
                (self.bar.clone(), self.bar.message(), HumanBytes(packed.size).to_string());
            let progress = move |sent| bar.set_message(format!("{what} ({} of {size})", HumanBytes(sent)));
            if let Err(error) = upload::send(self.client, target, None, packed, progress).await {
                // Somebody else may have published it meanwhile.
                let there =
                    upload::may_be_there(&error) && upload::is_there(self.client, target, &sha256).await?;
                return if there { Ok(Outcome::There) } else { Err(error) };
            }
        }
        if let Some(module) = &mut self.module {
            module.versions.push(Known::Sent(target.version.clone(), sha256));
        }
        Ok(Outcome::New)
    }

    /// Makes sure that the project is there, and asks for the versions of the module, unless both was done before.
    async fn reach(&mut self, target: &Target) -> Result<()> {
        let missing = match &self.place {
            Some((project, state)) if *project == target.project => state.clone(),
            _ => {
                let asked = if self.args.dry_run {
                    places::is_missing(self.client, &target.project).await
                } else {
                    let say = |text: &str| self.bar.suspend(|| note(text));
                    places::ensure(self.client, &target.project, self.args.visibility, &say)
                        .await
                        .map(|()| false)
                };
                let state = match asked {
                    Ok(missing) => Ok(missing),
                    Err(error) => Err(refused(error)?),
                };
                self.place = Some((target.project.clone(), state.clone()));
                state
            }
        }?;
        let name = target.module();
        let is_known = self.module.as_ref().is_some_and(|module| {
            module.project == target.project && module.name.eq_ignore_ascii_case(&name)
        });
        if !is_known {
            self.module = None;
            let published = if missing { Vec::new() } else { upload::versions(self.client, target).await? };
            let versions = published.into_iter().map(Known::Published).collect();
            self.module = Some(Module { project: target.project.clone(), name, versions });
        }
        Ok(())
    }

    /// Whether the version is there with these bytes. With other bytes it is refused: it need not be sent for that.
    async fn is_there(&self, target: &Target, sha256: &Sha256) -> Result<bool> {
        let mut known = self.module.iter().flat_map(|module| &module.versions);
        let Some(found) = known.find(|known| *known.version() == target.version) else { return Ok(false) };
        let digest = sha256.to_hex();
        let is_same = match found {
            Known::Published(published) => {
                upload::digests(self.client, target, published).await?.contains(&digest)
            }
            Known::Sent(_, sent) => sent == sha256,
        };
        if is_same {
            return Ok(true);
        }
        let text = format!(
            "{} {} is published with other bytes; versions never change: publish these as a new version",
            target.module(),
            found.version(),
        );
        Err(Refused::saying(StatusCode::FORBIDDEN, text).into())
    }
}

/// A refusal of one module or one project. Any other failure, and a token that is no good, is one of the whole import.
fn refused(error: anyhow::Error) -> Result<Refused> {
    match error.downcast_ref::<Refused>() {
        Some(refused) if refused.status != StatusCode::UNAUTHORIZED => {
            Ok(Refused::saying(refused.status, format!("{error:#}")))
        }
        _ => Err(error),
    }
}
