//! What one configuration file declares, and how the files of a directory add up to a module.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::manifest::{Input, ModuleCall, ModulePart, Output, ProviderRequirement, Resource};

/// What a declaration costs in memory and in the stored manifest besides its text.
const COST_OF_ONE: usize = 96;

/// The declarations of one file, as written: absent arguments stay absent, so that override files can be merged.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) inputs: Vec<InputFact>,
    pub(crate) outputs: Vec<OutputFact>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) required: Vec<ProviderFact>,
    pub(crate) configured: Vec<ProviderFact>,
    pub(crate) required_version: Vec<String>,
    pub(crate) calls: Vec<CallFact>,
}

/// A `variable` block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct InputFact {
    pub(crate) name: String,
    pub(crate) r#type: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) sensitive: Option<bool>,
}

/// An `output` block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OutputFact {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) sensitive: Option<bool>,
}

/// An item of `required_providers`, or a `provider` block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ProviderFact {
    pub(crate) name: String,
    pub(crate) source: Option<String>,
    pub(crate) version: Option<String>,
}

/// A `module` block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CallFact {
    pub(crate) name: String,
    pub(crate) source: Option<String>,
    pub(crate) version: Option<String>,
}

impl Facts {
    /// Roughly the bytes these facts take, kept or stored.
    pub(crate) fn cost(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let inputs = self.inputs.iter().map(|input| {
            input.name.len()
                + text(&input.r#type)
                + text(&input.description)
                + text(&input.default)
                + COST_OF_ONE
        });
        let outputs =
            self.outputs.iter().map(|output| output.name.len() + text(&output.description) + COST_OF_ONE);
        let resources = self.resources.iter().map(|item| item.name.len() + item.r#type.len() + COST_OF_ONE);
        let providers = self.required.iter().chain(&self.configured);
        let providers =
            providers.map(|item| item.name.len() + text(&item.source) + text(&item.version) + COST_OF_ONE);
        let calls = self.calls.iter();
        let calls =
            calls.map(|call| call.name.len() + text(&call.source) + text(&call.version) + COST_OF_ONE);
        let versions = self.required_version.iter().map(|version| version.len() + COST_OF_ONE);
        inputs.chain(outputs).chain(resources).chain(providers).chain(calls).chain(versions).sum()
    }
}

/// A module while its files are put together.
///
/// Files come in order: ordinary ones first, then override files. Of two declarations of one name in ordinary files
/// (which Terraform refuses, unless one file is `x.tf` and the other `x.tofu`) the first is kept. An override file
/// replaces argument by argument, as Terraform does; what it declares without anything to override is kept too.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    inputs: BTreeMap<String, InputFact>,
    outputs: BTreeMap<String, OutputFact>,
    resources: BTreeSet<(bool, String, String)>,
    required: BTreeMap<String, ProviderFact>,
    configured: BTreeMap<String, ProviderFact>,
    required_version: Vec<String>,
    calls: BTreeMap<String, CallFact>,
}

/// Takes the value of an override where it has one.
fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

/// Adds `new` under its name, or merges it into what is there if it overrides.
fn place<T>(
    map: &mut BTreeMap<String, T>,
    name: String,
    new: T,
    overrides: bool,
    merge: impl FnOnce(&mut T, T),
) {
    match map.entry(name) {
        std::collections::btree_map::Entry::Vacant(slot) => drop(slot.insert(new)),
        std::collections::btree_map::Entry::Occupied(mut slot) if overrides => merge(slot.get_mut(), new),
        std::collections::btree_map::Entry::Occupied(_) => {}
    }
}

impl Assembly {
    /// Adds the declarations of the next file.
    pub(crate) fn add(&mut self, facts: Facts, overrides: bool) {
        for input in facts.inputs {
            place(&mut self.inputs, input.name.clone(), input, overrides, |old, new| {
                replace(&mut old.r#type, new.r#type);
                replace(&mut old.description, new.description);
                replace(&mut old.default, new.default);
                replace(&mut old.sensitive, new.sensitive);
            });
        }
        for output in facts.outputs {
            place(&mut self.outputs, output.name.clone(), output, overrides, |old, new| {
                replace(&mut old.description, new.description);
                replace(&mut old.sensitive, new.sensitive);
            });
        }
        for call in facts.calls {
            place(&mut self.calls, call.name.clone(), call, overrides, |old, new| {
                replace(&mut old.source, new.source);
                replace(&mut old.version, new.version);
            });
        }
        for provider in facts.required {
            place(&mut self.required, provider.name.clone(), provider, overrides, |old, new| *old = new);
        }
        for provider in facts.configured {
            place(&mut self.configured, provider.name.clone(), provider, overrides, |old, new| {
                replace(&mut old.version, new.version);
            });
        }
        self.resources.extend(facts.resources.into_iter().map(|item| (item.data, item.r#type, item.name)));
        if overrides && !facts.required_version.is_empty() {
            self.required_version.clear();
        }
        self.required_version.extend(facts.required_version);
    }

    /// The module, its lists in order of name.
    pub(crate) fn finish(mut self, path: String, readme: Option<String>) -> ModulePart {
        for (name, configured) in self.configured {
            let required = self.required.entry(name.clone());
            let required = required.or_insert(ProviderFact { name, source: None, version: None });
            // The old place for a version constraint.
            if required.version.is_none() {
                required.version = configured.version;
            }
        }
        self.required_version.sort_unstable();
        self.required_version.dedup();
        ModulePart {
            path,
            readme,
            inputs: self.inputs.into_values().map(Input::from).collect(),
            outputs: self.outputs.into_values().map(Output::from).collect(),
            resources: self
                .resources
                .into_iter()
                .map(|(data, r#type, name)| Resource { name, r#type, data })
                .collect(),
            providers: self.required.into_values().map(ProviderRequirement::from).collect(),
            required_version: self.required_version,
            calls: self.calls.into_values().map(ModuleCall::from).collect(),
        }
    }
}

impl From<InputFact> for Input {
    fn from(fact: InputFact) -> Self {
        Self {
            name: fact.name,
            r#type: fact.r#type.unwrap_or_default(),
            description: fact.description.unwrap_or_default(),
            required: fact.default.is_none(),
            default: fact.default,
            sensitive: fact.sensitive.unwrap_or_default(),
        }
    }
}

impl From<OutputFact> for Output {
    fn from(fact: OutputFact) -> Self {
        Self {
            name: fact.name,
            description: fact.description.unwrap_or_default(),
            sensitive: fact.sensitive.unwrap_or_default(),
        }
    }
}

impl From<ProviderFact> for ProviderRequirement {
    fn from(fact: ProviderFact) -> Self {
        Self {
            name: fact.name,
            source: fact.source.unwrap_or_default(),
            version: fact.version.unwrap_or_default(),
        }
    }
}

impl From<CallFact> for ModuleCall {
    fn from(fact: CallFact) -> Self {
        Self {
            name: fact.name,
            source: fact.source.unwrap_or_default(),
            version: fact.version.unwrap_or_default(),
        }
    }
}
