//! How modules look in JSON: the public registry's attributes.

use serde::Serialize;
use serde_json::{Value, json};

use super::paging::Meta;
use crate::domain::System;
use crate::domain::manifest::{Input, ModulePart, ProviderRequirement};
use crate::http::request::Context;
use crate::service::module_details::{DownloadSummary, ModuleDetails, Release};
use crate::service::module_list::ListedModule;

/// The namespace of a provider that names none (Terraform).
const DEFAULT_PROVIDER_NAMESPACE: &str = "hashicorp";

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct List<'a> {
    pub(super) meta: Meta,
    pub(super) modules: Vec<Module<'a>>,
}

/// A row of a list, and the head of the details.
#[derive(Debug, Serialize)]
pub(super) struct Module<'a> {
    id: String,
    owner: &'a str,
    namespace: &'a str,
    name: &'a str,
    version: String,
    provider: &'a str,
    /// Providers have no logos here.
    provider_logo_url: &'static str,
    description: &'a str,
    source: String,
    /// Of a version that came from a version control system; here all are uploaded.
    tag: &'static str,
    published_at: String,
    downloads: u64,
    /// Nobody vouches for modules here.
    verified: bool,
}

impl<'a> Module<'a> {
    pub(super) fn new(context: &Context<'_>, module: &'a ListedModule) -> Self {
        Self {
            id: format!("{}/{}", full_name(module), module.version),
            owner: &module.owner,
            namespace: &module.namespace,
            name: module.name.as_str(),
            version: module.version.to_string(),
            provider: module.system.as_str(),
            provider_logo_url: "",
            description: &module.description,
            source: source(context, module),
            tag: "",
            published_at: time(module.published_at),
            downloads: module.downloads,
            verified: false,
        }
    }
}

/// A module in full.
#[derive(Debug, Serialize)]
pub(super) struct Details<'a> {
    #[serde(flatten)]
    module: Module<'a>,
    root: Part<'a>,
    submodules: Vec<Part<'a>>,
    examples: Vec<Part<'a>>,
    providers: Vec<&'a str>,
    versions: Vec<String>,
    deprecation: Option<()>,
}

impl<'a> Details<'a> {
    pub(super) fn new(context: &Context<'_>, details: &'a ModuleDetails) -> Self {
        let manifest = &details.manifest;
        let below = |parts: &'a [ModulePart]| parts.iter().map(|part| Part::new(part, part_name(part)));
        Self {
            module: Module::new(context, &details.module),
            root: Part::new(&manifest.root, details.module.name.as_str()),
            submodules: below(&manifest.submodules).collect(),
            examples: below(&manifest.examples).collect(),
            providers: details.systems.iter().map(System::as_str).collect(),
            versions: details.releases.iter().map(|release| release.version.to_string()).collect(),
            deprecation: None,
        }
    }
}

/// One directory of a module.
#[derive(Debug, Serialize)]
struct Part<'a> {
    path: &'a str,
    name: &'a str,
    readme: &'a str,
    empty: bool,
    inputs: Vec<InputShape<'a>>,
    outputs: Vec<OutputShape<'a>>,
    dependencies: Vec<Dependency<'a>>,
    provider_dependencies: Vec<ProviderDependency<'a>>,
    resources: Vec<ResourceShape<'a>>,
}

#[derive(Debug, Serialize)]
struct InputShape<'a> {
    name: &'a str,
    r#type: &'a str,
    description: &'a str,
    /// JSON as a string; empty when there is no default.
    default: &'a str,
    required: bool,
}

#[derive(Debug, Serialize)]
struct OutputShape<'a> {
    name: &'a str,
    description: &'a str,
}

#[derive(Debug, Serialize)]
struct Dependency<'a> {
    name: &'a str,
    source: &'a str,
    version: &'a str,
}

#[derive(Debug, Serialize)]
struct ProviderDependency<'a> {
    name: &'a str,
    namespace: &'a str,
    source: String,
    version: &'a str,
}

#[derive(Debug, Serialize)]
struct ResourceShape<'a> {
    name: &'a str,
    r#type: &'a str,
}

impl<'a> Part<'a> {
    fn new(part: &'a ModulePart, name: &'a str) -> Self {
        let calls = part.calls.iter().filter(|call| !is_local(&call.source));
        // What the module may create: data sources are read, not created, and the public registry leaves them out.
        let resources = part.resources.iter().filter(|resource| !resource.data);
        Self {
            path: &part.path,
            name,
            readme: part.readme.as_deref().unwrap_or_default(),
            empty: is_empty(part),
            inputs: part.inputs.iter().map(input).collect(),
            outputs: part
                .outputs
                .iter()
                .map(|output| OutputShape { name: &output.name, description: &output.description })
                .collect(),
            dependencies: calls
                .map(|call| Dependency { name: &call.name, source: &call.source, version: &call.version })
                .collect(),
            provider_dependencies: part.providers.iter().map(provider).collect(),
            resources: resources
                .map(|resource| ResourceShape { name: &resource.name, r#type: &resource.r#type })
                .collect(),
        }
    }
}

/// Whether there is no configuration in the directory.
fn is_empty(part: &ModulePart) -> bool {
    part.inputs.is_empty()
        && part.outputs.is_empty()
        && part.resources.is_empty()
        && part.providers.is_empty()
        && part.calls.is_empty()
        && part.required_version.is_empty()
}

/// A submodule or an example is called as its directory.
fn part_name(part: &ModulePart) -> &str {
    part.path.rsplit_once('/').map_or(part.path.as_str(), |(_, name)| name)
}

/// Terraform's rule for paths inside the same archive.
fn is_local(source: &str) -> bool {
    ["./", "../", ".\\", "..\\"].iter().any(|prefix| source.starts_with(prefix))
}

fn input(input: &Input) -> InputShape<'_> {
    InputShape {
        name: &input.name,
        r#type: &input.r#type,
        description: &input.description,
        default: input.default.as_deref().unwrap_or_default(),
        required: input.required,
    }
}

/// A provider's source is `[HOST/]NAMESPACE/TYPE`; without one Terraform looks for its name in the default namespace.
fn provider(provider: &ProviderRequirement) -> ProviderDependency<'_> {
    let source = if provider.source.is_empty() { &provider.name } else { &provider.source };
    let namespace = source.rsplit('/').nth(1);
    ProviderDependency {
        name: &provider.name,
        namespace: namespace.unwrap_or(DEFAULT_PROVIDER_NAMESPACE),
        source: match namespace {
            Some(_) => source.clone(),
            None => format!("{DEFAULT_PROVIDER_NAMESPACE}/{source}"),
        },
        version: &provider.version,
    }
}

/// A module as a JSON:API document.
pub(super) fn document(context: &Context<'_>, details: &ModuleDetails, with_versions: bool) -> Value {
    let module = &details.module;
    // Highest first: what readers look for.
    let releases = || details.releases.iter().rev();
    let references: Vec<Value> =
        releases().map(|release| json!({ "type": "module-versions", "id": version_id(release) })).collect();
    let id = full_name(module);
    let data = json!({
        "type": "modules",
        "id": id,
        "attributes": {
            "downloads": module.downloads,
            "full-name": id,
            "name": module.name,
            "namespace": module.namespace,
            "owner-name": module.owner,
            "provider-name": module.system,
            "source": source(context, module),
            "verified": false,
        },
        "relationships": { "module-versions": { "data": references } },
        "links": { "self": format!("/v2/modules/{id}") },
    });
    if !with_versions {
        return json!({ "data": data });
    }
    let versions = releases().map(|release| {
        json!({
            "type": "module-versions",
            "id": version_id(release),
            "attributes": {
                "version": release.version,
                "published-at": time(release.published_at),
                "downloads": release.downloads,
                "tag": "",
            },
        })
    });
    json!({ "data": data, "included": versions.collect::<Vec<_>>() })
}

/// Identifiers are texts in JSON:API.
fn version_id(release: &Release) -> String {
    release.package.to_string()
}

/// How often a module was downloaded.
pub(super) fn summary(summary: &DownloadSummary) -> Value {
    json!({
        "data": {
            "type": "module-downloads-summary",
            "id": summary.module,
            "attributes": {
                "week": summary.week,
                "month": summary.month,
                "year": summary.year,
                "total": summary.total,
            },
        },
    })
}

fn full_name(module: &ListedModule) -> String {
    format!("{}/{}/{}", module.namespace, module.name, module.system)
}

/// The project's page.
fn source(context: &Context<'_>, module: &ListedModule) -> String {
    format!("{}/{}", context.absolute_base_url(), module.project)
}

/// RFC 3339 in UTC with milliseconds.
fn time(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}
