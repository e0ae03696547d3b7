//! What is published and where, from the flags, the variables of GitLab's template and the CI environment, in that order.

use std::path::PathBuf;

use super::{PublishArgs, Usage};
use crate::cli::ci_environment::{CiEnvironment, Found, Variables, filled};
use crate::cli::upload::Target;
use crate::domain::{FullPath, ModuleName, System, Version};

/// Why a repository's name cannot say it.
const NAME_ADVICE: &str = "give the module's name with --name or TERRAFORM_MODULE_NAME";

/// What is published, and what of that was not given as a flag.
#[derive(Debug)]
pub(super) struct Plan {
    /// Project, name, system and version.
    pub target: Target,
    /// `version from tag v1.2.0`, one for each value that was found.
    pub origins: Vec<String>,
}

impl Plan {
    /// Puts together what is known. Fails with wrong usage, naming the flag that helps, when something is missing.
    pub(super) fn new(
        args: &PublishArgs,
        variables: Variables<'_>,
        environment: Option<&CiEnvironment>,
    ) -> Result<Self, Usage> {
        let mut origins = Vec::new();
        let repository = environment.and_then(|environment| environment.repository.as_ref());
        let target = Target {
            project: project(args, environment, &mut origins)?,
            name: name(args, variables, repository, &mut origins)?,
            system: system(args, variables, environment, &mut origins)?,
            version: version(args, variables, environment, &mut origins)?,
        };
        Ok(Self { target, origins })
    }
}

/// The directory or archive: in a job, the directory it is in unless something else is said.
pub(super) fn source(
    args: &PublishArgs,
    variables: Variables<'_>,
    environment: Option<&CiEnvironment>,
) -> Result<PathBuf, Usage> {
    args.source
        .clone()
        .or_else(|| filled(variables, "TERRAFORM_MODULE_DIR").map(PathBuf::from))
        .or_else(|| environment.map(|_in_a_job| PathBuf::from(".")))
        .ok_or_else(|| {
            Usage("name the directory of a module or a finished .tar.gz, as in `cairn publish .`".to_owned())
        })
}

fn project(
    args: &PublishArgs,
    environment: Option<&CiEnvironment>,
    origins: &mut Vec<String>,
) -> Result<FullPath, Usage> {
    if let Some(project) = &args.project {
        return Ok(project.clone());
    }
    let Some(found) = environment.and_then(|environment| environment.project.as_ref()) else {
        return Err(Usage(
            "in which project? Give its full path with --project or CAIRN_PROJECT, such as acme/network"
                .to_owned(),
        ));
    };
    origins.push(format!("project from {}", found.variable));
    found.value.parse().map_err(|error| {
        Usage(format!("{}: {error}; name the project with --project or CAIRN_PROJECT", found.variable))
    })
}

fn name(
    args: &PublishArgs,
    variables: Variables<'_>,
    repository: Option<&Found>,
    origins: &mut Vec<String>,
) -> Result<ModuleName, Usage> {
    if let Some(name) = &args.name {
        return Ok(name.clone());
    }
    let (text, variable) = match (filled(variables, "TERRAFORM_MODULE_NAME"), repository) {
        (Some(name), _) => (name, "TERRAFORM_MODULE_NAME"),
        (None, Some(found)) => (split(&found.value).1.to_owned(), found.variable),
        (None, None) => return Err(Usage(format!("which module? {NAME_ADVICE}"))),
    };
    origins.push(format!("name from {variable}"));
    // Terraform takes underscores; GitLab's recipe writes hyphens, and so addresses stay the same.
    let text = text.replace([' ', '_'], "-");
    text.parse().map_err(|error| Usage(format!("{variable}: {error}; {NAME_ADVICE}")))
}

fn system(
    args: &PublishArgs,
    variables: Variables<'_>,
    environment: Option<&CiEnvironment>,
    origins: &mut Vec<String>,
) -> Result<System, Usage> {
    if let Some(system) = &args.system {
        return Ok(system.clone());
    }
    let repository = environment.and_then(|environment| environment.repository.as_ref());
    let (text, origin) = if let Some(system) = filled(variables, "TERRAFORM_MODULE_SYSTEM") {
        (system, "TERRAFORM_MODULE_SYSTEM")
    } else if let Some((system, variable)) =
        repository.and_then(|found| Some((split(&found.value).0?.to_owned(), found.variable)))
    {
        (system, variable)
    } else if environment.is_some() {
        ("local".to_owned(), "GitLab's default")
    } else {
        return Err(Usage("for which system? Give --system, such as aws".to_owned()));
    };
    origins.push(format!("system from {origin}"));
    text.parse().map_err(|error| Usage(format!("{origin}: {error}")))
}

fn version(
    args: &PublishArgs,
    variables: Variables<'_>,
    environment: Option<&CiEnvironment>,
    origins: &mut Vec<String>,
) -> Result<Version, Usage> {
    if let Some(version) = &args.module_version {
        return Ok(version.clone());
    }
    let tag = environment.and_then(|environment| environment.tag.clone());
    let (text, origin) = match (filled(variables, "TERRAFORM_MODULE_VERSION"), tag, environment) {
        (Some(version), _, _) => (version, "TERRAFORM_MODULE_VERSION".to_owned()),
        (None, Some(tag), _) => (tag.clone(), format!("tag {tag}")),
        (None, None, Some(_)) => {
            return Err(Usage(
                "which version? This pipeline runs for no tag: run it for tags such as v1.2.0 only, or give --version"
                    .to_owned(),
            ));
        }
        (None, None, None) => return Err(Usage("which version? Give --version, such as 1.2.0".to_owned())),
    };
    let bare = text.strip_prefix(['v', 'V']).filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let version = bare
        .unwrap_or(&text)
        .parse()
        .map_err(|error| Usage(format!("{origin}: {error}; use tags such as v1.2.0, or give --version")))?;
    origins.push(format!("version from {origin}"));
    Ok(version)
}

/// System and name in the name of a repository: `terraform-aws-vpc` is `vpc` for `aws`, as the public registry reads it.
fn split(repository: &str) -> (Option<&str>, &str) {
    let parts = repository.strip_prefix("terraform-").and_then(|rest| rest.split_once('-'));
    match parts.filter(|(system, name)| system.parse::<System>().is_ok() && !name.is_empty()) {
        Some((system, name)) => (Some(system), name),
        None => (None, repository),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PublishArgs,
    }

    const GITLAB: [(&str, &str); 4] = [
        ("GITLAB_CI", "true"),
        ("CI_PROJECT_PATH", "acme/Net/my_net work"),
        ("CI_PROJECT_NAME", "my_net work"),
        ("CI_COMMIT_TAG", "v1.2.0"),
    ];

    /// What is published with these flags in this environment, or what is wrong, in one line.
    fn planned(flags: &[&str], pairs: &[&[(&str, &str)]]) -> String {
        let args = Line::parse_from([&["publish"], flags].concat()).args;
        let variables = |name: &str| {
            let all = pairs.iter().copied().flatten();
            all.rev().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let environment = CiEnvironment::detect(&variables);
        match Plan::new(&args, &variables, environment.as_ref()) {
            Ok(Plan { target, origins }) => {
                format!("{} {} {} ({})", target.project, target.module(), target.version, origins.join(", "))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn flags_come_first_then_variables_then_the_environment() {
        let flags = ["--project=a/b", "--name=vpc", "--system=aws", "--version=3.0.0"];
        let project = [("CI_PROJECT_PATH", "acme/net")];
        let template = [
            ("TERRAFORM_MODULE_NAME", "base_net"),
            ("TERRAFORM_MODULE_SYSTEM", "gcp"),
            ("TERRAFORM_MODULE_VERSION", "v2.0.0"),
        ];
        let public = [("CI_PROJECT_NAME", "terraform-aws-vpc-peering")];
        for (situation, said, expected) in [
            ("flags alone", planned(&flags, &[]), "a/b vpc/aws 3.0.0 ()"),
            ("flags in a job", planned(&flags, &[&GITLAB, &template]), "a/b vpc/aws 3.0.0 ()"),
            (
                "a job",
                planned(&[], &[&GITLAB, &project]),
                "acme/net my-net-work/local 1.2.0 (project from CI_PROJECT_PATH, name from CI_PROJECT_NAME, \
                 system from GitLab's default, version from tag v1.2.0)",
            ),
            (
                "the variables of GitLab's template",
                planned(&["--project=a/b"], &[&GITLAB, &template]),
                "a/b base-net/gcp 2.0.0 (name from TERRAFORM_MODULE_NAME, system from TERRAFORM_MODULE_SYSTEM, \
                 version from TERRAFORM_MODULE_VERSION)",
            ),
            (
                "a repository named as the public registry wants it",
                planned(&["--project=a/b"], &[&GITLAB, &public]),
                "a/b vpc-peering/aws 1.2.0 (name from CI_PROJECT_NAME, system from CI_PROJECT_NAME, \
                 version from tag v1.2.0)",
            ),
            (
                "that with a name of its own",
                planned(&["--project=a/b", "--name=x"], &[&GITLAB, &public]),
                "a/b x/aws 1.2.0 (system from CI_PROJECT_NAME, version from tag v1.2.0)",
            ),
        ] {
            assert_eq!(said, expected, "{situation}");
        }
    }

    #[test]
    fn what_is_missing_is_named_with_the_flag_that_helps() {
        let path = [("CI_PROJECT_PATH", "api/x")];
        let name = [("CI_PROJECT_NAME", "my.net")];
        let project = ["--project=a/b"];
        for (said, expected) in [
            (planned(&[], &[]), "Give its full path with --project or CAIRN_PROJECT"),
            (planned(&[], &[&GITLAB, &path]), "CI_PROJECT_PATH: path \"api\" is reserved"),
            (planned(&project, &[]), "which module? give the module's name with --name"),
            (planned(&project, &[&GITLAB, &name]), "CI_PROJECT_NAME: module name \"my.net\""),
            (planned(&["--project=a/b", "--name=x"], &[]), "for which system? Give --system"),
            (planned(&["--project=a/b", "--name=x", "--system=aws"], &[]), "which version? Give --version"),
            (planned(&project, &[&GITLAB, &[("CI_COMMIT_TAG", "")]]), "This pipeline runs for no tag"),
            (planned(&project, &[&GITLAB, &[("CI_COMMIT_TAG", "release-1")]]), "tag release-1: "),
            (planned(&project, &[&GITLAB, &[("CI_COMMIT_TAG", "v1.2")]]), "use tags such as v1.2.0"),
            (
                planned(&project, &[&GITLAB, &[("TERRAFORM_MODULE_SYSTEM", "AWS")]]),
                "TERRAFORM_MODULE_SYSTEM: ",
            ),
        ] {
            assert!(said.contains(expected), "{expected}: {said}");
        }
    }

    #[test]
    fn names_of_repositories_are_split_as_the_public_registry_does() {
        for (repository, expected) in [
            ("terraform-aws-vpc", (Some("aws"), "vpc")),
            ("terraform-google-my-net", (Some("google"), "my-net")),
            ("terraform-modules", (None, "terraform-modules")),
            ("terraform-AWS-vpc", (None, "terraform-AWS-vpc")),
            ("terraform-aws-", (None, "terraform-aws-")),
            ("vpc", (None, "vpc")),
        ] {
            assert_eq!(split(repository), expected);
        }
    }
}
