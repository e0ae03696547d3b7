//! The packages API: lists, one package, its files, deletion.

#![expect(clippy::indexing_slicing, reason = "a key is set in a value that was just made as an object")]

use std::cmp::Ordering;

use hyper::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::endpoint::Packages;
use super::paging::Page;
use super::shapes::time;
use crate::domain::package::{Package, PackageFile, Publisher, Warning};
use crate::http::file;
use crate::http::request::Context;
use crate::http::response::{Reply, empty, json};
use crate::service::ServiceError;
use crate::service::packages::{Filter, PackageView};

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
            let (filter, order) = (filter(context)?, order(context, false)?);
            list(context, registry.project_packages(caller, project, filter).await?, order, false)
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
            let files = registry.package_files(caller, project, number(id)?)?;
            let page = Page::from_query(context)?;
            Ok(page.reply(context, page.slice(&files).iter().map(file_json).collect(), files.len()))
        }
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
    let with_subgroups = !matches!(context.query("exclude_subgroups").as_deref(), Some("true" | "1"));
    let (filter, order) = (filter(context)?, order(context, true)?);
    let found = context.registry().group_packages(&context.caller, group, with_subgroups, filter).await?;
    list(context, found, order, true)
}

fn list(
    context: &Context<'_>,
    mut found: Vec<PackageView>,
    order: impl Fn(&PackageView, &PackageView) -> Ordering,
    in_group: bool,
) -> Result<Reply, ServiceError> {
    let page = Page::from_query(context)?;
    found.sort_by(order);
    let rows = page.slice(&found).iter().map(|view| package_json(context, view, in_group)).collect();
    Ok(page.reply(context, rows, found.len()))
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

fn filter(context: &Context<'_>) -> Result<Filter, ServiceError> {
    let first_of = |name: &str, known: &[&str]| match context.query(name) {
        Some(value) if !known.contains(&value.as_str()) => {
            Err(ServiceError::Invalid(format!("{name} does not have a valid value")))
        }
        Some(value) => Ok(known.first().is_some_and(|first| *first == value)),
        None => Ok(true),
    };
    let (ours, live) = (first_of("package_type", &PACKAGE_TYPES)?, first_of("status", &STATUSES)?);
    let (name, version) = (context.query("package_name"), context.query("package_version"));
    Ok(Filter { name, version, none: !(ours && live) })
}

fn order(
    context: &Context<'_>,
    in_group: bool,
) -> Result<impl Fn(&PackageView, &PackageView) -> Ordering + use<>, ServiceError> {
    let by = context.query("order_by").unwrap_or_else(|| "created_at".to_owned());
    let allowed =
        matches!(by.as_str(), "created_at" | "name" | "version" | "type") || in_group && by == "project_path";
    let descending = match context.query("sort").as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(_) => return Err(ServiceError::Invalid("sort does not have a valid value".to_owned())),
    };
    if !allowed {
        return Err(ServiceError::Invalid("order_by does not have a valid value".to_owned()));
    }
    Ok(move |a: &PackageView, b: &PackageView| {
        let ordering = match by.as_str() {
            "name" => a
                .package
                .name
                .key()
                .cmp(&b.package.name.key())
                .then(a.package.system.as_str().cmp(b.package.system.as_str())),
            "version" => a.package.version.cmp(&b.package.version),
            "project_path" => a.project_path.cmp(&b.project_path),
            _ => Ordering::Equal,
        };
        let ordering = ordering.then(a.package.id.cmp(&b.package.id));
        if descending { ordering.reverse() } else { ordering }
    })
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
    let creator = match package.publisher {
        Publisher::User(user, _) => Some(user),
        Publisher::DeployToken(_) | Publisher::Operator => None,
    };
    let mut value = json!({
        "id": package.id,
        "name": package.full_name(),
        "version": package.version,
        "package_type": "terraform_module",
        "status": package.status.as_str(),
        "_links": links,
        "created_at": time(package.created_at),
        "last_downloaded_at": last.map(time),
        "creator_id": creator,
        "tags": [],
        "warnings": package.warnings.iter().map(warning_json).collect::<Vec<_>>(),
    });
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
