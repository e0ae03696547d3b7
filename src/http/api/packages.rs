//! The packages API: lists, one package, its files, deletion.

#![expect(clippy::indexing_slicing, reason = "a key is set in a value that was just made as an object")]

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::endpoint::Packages;
use super::paging::Page;
use super::shapes::time;
use super::{Order, flag, pipelines};
use crate::domain::package::{Package, PackageFile, Warning};
use crate::http::file;
use crate::http::request::Context;
use crate::http::response::{Reply, empty, json};
use crate::service::packages::{PackagePage, PackageQuery, PackageView};
use crate::service::{PackageOrder, ServiceError, Window};

/// A project's packages.
pub(super) async fn project(
    context: &Context<'_>,
    project: &str,
    part: Packages<'_>,
) -> Result<Reply, ServiceError> {
    let registry = context.registry();
    let caller = &context.caller;
    let deletes = context.head.method == hyper::Method::DELETE;
    registry.check_packages(caller, project)?;
    match part {
        Packages::List => {
            let (page, query) = query(context, false)?;
            let found = registry.project_packages(caller, project, query).await?;
            Ok(list(context, page, &found, false))
        }
        Packages::One(id) if deletes => {
            let deleted = registry.delete_package(caller, project, number(id)?).await?;
            tracing::info!(module = deleted.full_name(), version = %deleted.version, by = caller.label(), "deleted a package");
            Ok(empty(StatusCode::NO_CONTENT))
        }
        Packages::One(id) => {
            let view = registry.package(caller, project, number(id)?)?;
            let others = registry.other_versions(&view)?;
            let mut value = package_json(context, &view, false);
            if let Value::Object(fields) = &mut value {
                fields.insert("versions".to_owned(), others.iter().map(other_json).collect());
            }
            Ok(json(StatusCode::OK, &value))
        }
        Packages::Files(id) => {
            let mut files = registry.package_files(caller, project, number(id)?)?;
            sort_files(context, &mut files)?;
            let page = Page::from_query(context)?;
            Ok(page.reply(context, page.slice(&files).iter().map(file_json).collect(), files.len()))
        }
        Packages::Pipelines(id) => pipelines::list(context, project, number(id)?),
        Packages::File(id, file) => {
            registry.delete_package_file(caller, project, number(id)?, number(file)?).await?;
            Ok(empty(StatusCode::NO_CONTENT))
        }
        Packages::FileDownload(id, file) => {
            let archive = registry.package_file(caller, project, number(id)?, number(file)?)?;
            file::send(registry, &archive, &context.head.method, &context.head.headers).await
        }
    }
}

/// A group's packages.
pub(super) async fn group(context: &Context<'_>, group: &str) -> Result<Reply, ServiceError> {
    context.registry().check_group_packages(&context.caller, group)?;
    let subgroups = !flag(context, "exclude_subgroups")?.unwrap_or(false);
    let (page, query) = query(context, true)?;
    let found = context.registry().group_packages(&context.caller, group, subgroups, query).await?;
    Ok(list(context, page, &found, true))
}

fn list(context: &Context<'_>, page: Page, found: &PackagePage, in_group: bool) -> Reply {
    let rows = found.rows.iter().map(|view| package_json(context, view, in_group)).collect();
    page.reply(context, rows, found.total)
}

/// GitLab's types of packages. There is one here; lists of the others are empty.
pub(in crate::http) const PACKAGE_TYPES: [&str; 14] = [
    "terraform_module",
    "maven",
    "npm",
    "conan",
    "nuget",
    "pypi",
    "composer",
    "generic",
    "golang",
    "debian",
    "rubygems",
    "helm",
    "ml_model",
    "rpm",
];
/// GitLab's statuses of packages. There is one here; lists of the others are empty.
pub(in crate::http) const STATUSES: [&str; 6] =
    ["default", "hidden", "processing", "error", "pending_destruction", "deprecated"];

/// What a list's parameters ask for.
fn query(context: &Context<'_>, in_group: bool) -> Result<(Page, PackageQuery), ServiceError> {
    let first_of = |name: &str, known: &[&str]| match context.query(name) {
        Some(value) if !known.contains(&value.as_str()) => Err(invalid(name)),
        Some(value) => Ok(known.first().is_some_and(|first| *first == value)),
        None => Ok(true),
    };
    let (ours, live) = (first_of("package_type", &PACKAGE_TYPES)?, first_of("status", &STATUSES)?);
    // Every package here has a version: there is nothing to include or leave out.
    flag(context, "include_versionless")?;
    let mut orders = vec!["created_at", "type", "name", "version"];
    if in_group {
        orders.push("project_path");
    }
    let Order { by, descending } = Order::from_query(context, &orders, "created_at", false)?;
    let order = match by.as_str() {
        "name" => PackageOrder::Name,
        "version" => PackageOrder::Version,
        "project_path" => PackageOrder::ProjectPath,
        // All are of one type.
        _ => PackageOrder::Created,
    };
    let page = Page::from_query(context)?;
    let window = Window { order, descending, offset: page.offset(), limit: page.size };
    let (name, version) = (context.query("package_name"), context.query("package_version"));
    Ok((page, PackageQuery { name, version, none: !(ours && live), window }))
}

fn invalid(name: &str) -> ServiceError {
    ServiceError::Invalid(format!("{name} does not have a valid value"))
}

/// A package's files, in GitLab's orders.
fn sort_files(context: &Context<'_>, files: &mut [PackageFile]) -> Result<(), ServiceError> {
    let Order { by, descending } =
        Order::from_query(context, &["id", "created_at", "file_name"], "id", false)?;
    // Numbers are given in order of publication.
    files.sort_by_key(|file| file.id);
    if by == "file_name" {
        files.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    }
    if descending {
        files.reverse();
    }
    Ok(())
}

fn number(text: &str) -> Result<u64, ServiceError> {
    text.parse().map_err(|_not_a_number| ServiceError::Invalid("package_id is invalid".to_owned()))
}

fn package_json(context: &Context<'_>, view: &PackageView, in_group: bool) -> Value {
    let package = &view.package;
    let mut links = json!({
        "web_path": format!("/{}/-/infrastructure_registry/{}", view.project_path, package.id),
    });
    if view.can_delete {
        links["delete_api_path"] = format!(
            "{}/api/v4/projects/{}/packages/{}",
            context.absolute_base_url(),
            package.project,
            package.id
        )
        .into();
    }
    let last = Timestamp::from_millisecond(view.downloads.last_ms).ok().filter(|_| view.downloads.count > 0);
    let mut value = json!({
        "id": package.id,
        "name": package.full_name(),
        "version": package.version,
        "package_type": "terraform_module",
        "status": package.status.as_str(),
        "_links": links,
        "created_at": time(package.created_at),
        "last_downloaded_at": last.map(time),
        "creator_id": package.publisher.user(),
        "tags": [],
        "warnings": package.warnings.iter().map(warning_json).collect::<Vec<_>>(),
    });
    if let Some(known) = &view.provenance {
        value["provenance"] = pipelines::provenance(known);
        if let Some(run) = &known.pipeline {
            value["pipeline"] = pipelines::pipeline(run, known);
            // Always empty, as in GitLab: they have an endpoint of their own.
            value["pipelines"] = json!([]);
        }
    }
    if in_group {
        value["project_id"] = json!(package.project);
        value["project_path"] = json!(view.project_path);
    }
    value
}

fn other_json(package: &Package) -> Value {
    json!({ "id": package.id, "version": package.version, "created_at": time(package.created_at), "tags": [] })
}

fn warning_json(warning: &Warning) -> Value {
    json!({ "code": warning.code.as_str(), "path": warning.path, "message": warning.message })
}

fn file_json(file: &PackageFile) -> Value {
    json!({
        "id": file.id,
        "package_id": file.package,
        "created_at": time(file.created_at),
        "file_name": file.file_name,
        "size": file.size,
        "file_md5": null,
        "file_sha1": null,
        "file_sha256": file.sha256.to_hex(),
    })
}
