//! What a module declares: inputs, outputs, resources, providers and module calls, read from its files at publish.

use serde::{Deserialize, Serialize};

use super::summary;

/// Everything read from one archive. Field names follow the public registry's API where it has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The module at the top of the archive.
    pub root: ModulePart,
    /// Modules below `modules/`, by path.
    pub submodules: Vec<ModulePart>,
    /// Modules below `examples/`, by path.
    pub examples: Vec<ModulePart>,
}

impl Manifest {
    /// A line or two about the module: the first paragraph of its README as plain text; empty when there is none.
    pub fn description(&self) -> String {
        self.root.readme.as_deref().and_then(summary::first_paragraph).unwrap_or_default()
    }
}

/// One directory of configuration files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModulePart {
    /// Path inside the archive without a leading `./`: empty for the root, `modules/subnet` for a submodule.
    pub path: String,
    /// Text of `README.md` (or `README`), cut at the limit.
    pub readme: Option<String>,
    /// Its `variable` blocks, in order of name.
    pub inputs: Vec<Input>,
    /// Its `output` blocks, in order of name.
    pub outputs: Vec<Output>,
    /// Its `resource` and `data` blocks.
    pub resources: Vec<Resource>,
    /// Its `required_providers`, and providers configured without being required.
    pub providers: Vec<ProviderRequirement>,
    /// Its `required_version` constraints.
    pub required_version: Vec<String>,
    /// Its `module` blocks.
    pub calls: Vec<ModuleCall>,
}

/// A `variable` block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// Name of the variable.
    pub name: String,
    /// Its type expression as written; empty when there is none.
    pub r#type: String,
    /// Its description; empty when there is none.
    pub description: String,
    /// Its default as JSON text (`"null"` for a null default), or nothing when it has none. An expression that is not
    /// a literal is kept as a JSON string of its source.
    pub default: Option<String>,
    /// Whether a caller must set it: it has no default.
    pub required: bool,
    /// Whether its value is hidden in output.
    pub sensitive: bool,
}

/// An `output` block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Name of the output.
    pub name: String,
    /// Its description; empty when there is none.
    pub description: String,
    /// Whether its value is hidden.
    pub sensitive: bool,
}

/// A `resource` or `data` block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Its local name.
    pub name: String,
    /// Its type: `aws_vpc`.
    pub r#type: String,
    /// Whether it is a data source.
    pub data: bool,
}

/// A provider the module needs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderRequirement {
    /// Its local name: `aws`.
    pub name: String,
    /// Its source address as written: `hashicorp/aws`; empty when there is none.
    pub source: String,
    /// Its version constraint as written; empty when there is none.
    pub version: String,
}

/// A `module` block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleCall {
    /// Its label.
    pub name: String,
    /// Its source as written.
    pub source: String,
    /// Its version constraint as written; empty when there is none.
    pub version: String,
}
