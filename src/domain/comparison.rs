//! What changed between two versions of a module, and whether the step between their numbers says so.
//!
//! The interface of a Terraform module is what a caller writes and what a plan does to what the module made: inputs,
//! outputs, the providers and Terraform versions it works with, its managed resources, and its submodules, which may be
//! called on their own. Each change is judged alone ([`ChangeKind::impact`]), the worst decides which step of
//! [SemVer](https://semver.org) the new version needs.
//!
//! What is not decided, and errs on the side of a warning: whether another type still takes every value the old one took
//! (any change of a type breaks, unless only its spelling changed), and whether a `moved` block keeps a resource (a
//! managed resource that is gone breaks). What is not seen at all: other arguments of resources, validation rules,
//! descriptions, module calls, examples. Of constraints only the lowest major version is understood.

mod judgement;
mod spelling;

use std::collections::BTreeMap;

use super::Version;
use super::manifest::{Input, Manifest, ModulePart, Output, ProviderRequirement};
pub use judgement::{Step, Verdict};

/// How much a change asks of those who use the module. In order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Impact {
    /// Nothing: a patch step is enough.
    Fix,
    /// Something new that may be left alone: a minor step.
    Feature,
    /// Callers may have to change something, or lose something: a major step.
    Breaking,
}

impl Impact {
    /// One word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fix => "fix",
            Self::Feature => "feature",
            Self::Breaking => "breaking",
        }
    }
}

/// One difference between two versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Path of the submodule it is in; empty for the module itself.
    pub module: String,
    /// What changed: name of an input, output or provider, `aws_vpc.this`, path of a submodule, or `terraform`.
    pub name: String,
    /// How.
    pub kind: ChangeKind,
}

/// The ways in which something can change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    /// A new input.
    InputAdded {
        /// Callers must set it.
        required: bool,
    },
    /// An input is gone.
    InputRemoved,
    /// An input lost its default.
    InputRequired,
    /// An input got a default.
    InputOptional,
    /// An input takes another type; empty text for none.
    InputType {
        /// Before, as written.
        from: String,
        /// After, as written.
        to: String,
    },
    /// The default of an input is another.
    InputDefault {
        /// Before, as JSON.
        from: String,
        /// After, as JSON.
        to: String,
    },
    /// An input is hidden in output now, or no longer.
    InputSensitive {
        /// It is now.
        now: bool,
    },
    /// A new output.
    OutputAdded,
    /// An output is gone.
    OutputRemoved,
    /// An output is hidden now, or no longer.
    OutputSensitive {
        /// It is now.
        now: bool,
    },
    /// A new provider.
    ProviderAdded,
    /// A provider is no longer needed.
    ProviderRemoved,
    /// The name of a provider stands for another provider.
    ProviderSource {
        /// Before; empty when there was none.
        from: String,
        /// After.
        to: String,
    },
    /// Other versions of a provider are accepted.
    ProviderVersion {
        /// Constraint before; empty for any version.
        from: String,
        /// Constraint after.
        to: String,
    },
    /// Other versions of Terraform are accepted.
    RequiredVersion {
        /// Constraints before; empty for any version.
        from: String,
        /// Constraints after.
        to: String,
    },
    /// A new resource or data source.
    ResourceAdded {
        /// It is a data source.
        data: bool,
    },
    /// A resource or data source is gone, or has another name.
    ResourceRemoved {
        /// It is a data source.
        data: bool,
    },
    /// A new submodule.
    SubmoduleAdded,
    /// A submodule is gone.
    SubmoduleRemoved,
}

impl ChangeKind {
    /// How much it asks of callers.
    pub fn impact(&self) -> Impact {
        match self {
            Self::InputAdded { required: true }
            | Self::InputRemoved
            | Self::InputRequired
            | Self::InputType { .. }
            | Self::OutputRemoved
            // Terraform refuses a root output that shows a hidden value and does not say so.
            | Self::OutputSensitive { now: true }
            | Self::ProviderSource { .. }
            // What it made is destroyed.
            | Self::ResourceRemoved { data: false }
            | Self::SubmoduleRemoved => Impact::Breaking,
            Self::ProviderVersion { from, to } | Self::RequiredVersion { from, to } => {
                if spelling::asks_for_later_major(from, to) { Impact::Breaking } else { Impact::Feature }
            }
            Self::InputAdded { required: false }
            | Self::InputOptional
            | Self::InputDefault { .. }
            | Self::OutputAdded
            | Self::OutputSensitive { now: false }
            | Self::ProviderAdded
            | Self::ResourceAdded { data: false }
            | Self::SubmoduleAdded => Impact::Feature,
            Self::InputSensitive { .. }
            | Self::ProviderRemoved
            | Self::ResourceAdded { data: true }
            | Self::ResourceRemoved { data: true } => Impact::Fix,
        }
    }
}

/// What changed from one version to a later one.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The lower version.
    pub from: Version,
    /// The higher one.
    pub to: Version,
    /// The differences: of the module first, then of its submodules; inputs, outputs, providers, resources, by name.
    pub changes: Vec<Change>,
    /// Whether the step between the numbers says as much.
    pub verdict: Verdict,
}

impl Comparison {
    /// Compares two versions, whichever is given first.
    pub fn between(one: (&Version, &Manifest), other: (&Version, &Manifest)) -> Self {
        let (from, to) = if one.0 <= other.0 { (one, other) } else { (other, one) };
        let changes = changes(from.1, to.1);
        let worst = changes.iter().map(|change| change.kind.impact()).max();
        let verdict = Verdict::of(worst, from.0, to.0);
        Self { from: from.0.clone(), to: to.0.clone(), changes, verdict }
    }

    /// How many changes are of that impact.
    pub fn count(&self, impact: Impact) -> usize {
        self.changes.iter().filter(|change| change.kind.impact() == impact).count()
    }
}

fn changes(from: &Manifest, to: &Manifest) -> Vec<Change> {
    let mut list = List { module: String::new(), changes: Vec::new() };
    list.compare_parts(&from.root, &to.root);
    let path = |part: &ModulePart| part.path.clone();
    let pairs = paired(&from.submodules, &to.submodules, path);
    for (path, pair) in &pairs {
        match pair {
            (None, Some(_)) => list.add(path, ChangeKind::SubmoduleAdded),
            (Some(_), None) => list.add(path, ChangeKind::SubmoduleRemoved),
            _ => {}
        }
    }
    for (path, pair) in pairs {
        if let (Some(before), Some(after)) = pair {
            list.module = path;
            list.compare_parts(before, after);
        }
    }
    list.changes
}

/// What two lists have under each key.
fn paired<'t, T, K: Ord>(
    from: &'t [T],
    to: &'t [T],
    key: impl Fn(&T) -> K,
) -> BTreeMap<K, (Option<&'t T>, Option<&'t T>)> {
    let mut pairs: BTreeMap<K, (Option<&T>, Option<&T>)> = BTreeMap::new();
    for item in from {
        pairs.entry(key(item)).or_default().0 = Some(item);
    }
    for item in to {
        pairs.entry(key(item)).or_default().1 = Some(item);
    }
    pairs
}

/// The differences found so far, and where the next ones are.
struct List {
    module: String,
    changes: Vec<Change>,
}

impl List {
    fn add(&mut self, name: &str, kind: ChangeKind) {
        self.changes.push(Change { module: self.module.clone(), name: name.to_owned(), kind });
    }

    fn compare_parts(&mut self, from: &ModulePart, to: &ModulePart) {
        for (name, pair) in paired(&from.inputs, &to.inputs, |input| input.name.clone()) {
            self.compare_inputs(&name, pair);
        }
        for (name, pair) in paired(&from.outputs, &to.outputs, |output| output.name.clone()) {
            self.compare_outputs(&name, pair);
        }
        for (name, pair) in paired(&from.providers, &to.providers, |provider| provider.name.clone()) {
            self.compare_providers(&name, pair);
        }
        let (before, after) = (from.required_version.join(", "), to.required_version.join(", "));
        if !spelling::same_constraint(&before, &after) {
            self.add("terraform", ChangeKind::RequiredVersion { from: before, to: after });
        }
        let key = |resource: &super::manifest::Resource| {
            (resource.data, resource.r#type.clone(), resource.name.clone())
        };
        for ((data, r#type, name), pair) in paired(&from.resources, &to.resources, key) {
            let name = if data { format!("data.{type}.{name}") } else { format!("{type}.{name}") };
            match pair {
                (None, Some(_)) => self.add(&name, ChangeKind::ResourceAdded { data }),
                (Some(_), None) => self.add(&name, ChangeKind::ResourceRemoved { data }),
                _ => {}
            }
        }
    }

    fn compare_inputs(&mut self, name: &str, pair: (Option<&Input>, Option<&Input>)) {
        let (before, after) = match pair {
            (Some(before), Some(after)) => (before, after),
            (None, Some(new)) => return self.add(name, ChangeKind::InputAdded { required: new.required }),
            (Some(_), None) => return self.add(name, ChangeKind::InputRemoved),
            (None, None) => return,
        };
        match (before.required, after.required) {
            (false, true) => self.add(name, ChangeKind::InputRequired),
            (true, false) => self.add(name, ChangeKind::InputOptional),
            _ => {}
        }
        if !spelling::same_type(&before.r#type, &after.r#type) {
            let (from, to) = (before.r#type.clone(), after.r#type.clone());
            self.add(name, ChangeKind::InputType { from, to });
        }
        if let (Some(from), Some(to)) = (&before.default, &after.default)
            && !spelling::same_json(from, to)
        {
            self.add(name, ChangeKind::InputDefault { from: from.clone(), to: to.clone() });
        }
        if before.sensitive != after.sensitive {
            self.add(name, ChangeKind::InputSensitive { now: after.sensitive });
        }
    }

    fn compare_outputs(&mut self, name: &str, pair: (Option<&Output>, Option<&Output>)) {
        match pair {
            (None, Some(_)) => self.add(name, ChangeKind::OutputAdded),
            (Some(_), None) => self.add(name, ChangeKind::OutputRemoved),
            (Some(before), Some(after)) if before.sensitive != after.sensitive => {
                self.add(name, ChangeKind::OutputSensitive { now: after.sensitive });
            }
            _ => {}
        }
    }

    fn compare_providers(
        &mut self,
        name: &str,
        pair: (Option<&ProviderRequirement>, Option<&ProviderRequirement>),
    ) {
        let (before, after) = match pair {
            (Some(before), Some(after)) => (before, after),
            (None, Some(_)) => return self.add(name, ChangeKind::ProviderAdded),
            (Some(_), None) => return self.add(name, ChangeKind::ProviderRemoved),
            (None, None) => return,
        };
        if !spelling::same_source(name, &before.source, &after.source) {
            let (from, to) = (before.source.clone(), after.source.clone());
            self.add(name, ChangeKind::ProviderSource { from, to });
        }
        if !spelling::same_constraint(&before.version, &after.version) {
            let (from, to) = (before.version.clone(), after.version.clone());
            self.add(name, ChangeKind::ProviderVersion { from, to });
        }
    }
}

#[cfg(test)]
mod tests;
