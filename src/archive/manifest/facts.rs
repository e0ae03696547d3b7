//! What one configuration file declares, and how the files of a directory add up to a module.

use std::collections::BTreeSet;

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
    inputs: Vec<Declared<InputFact>>,
    outputs: Vec<Declared<OutputFact>>,
    resources: BTreeSet<(bool, String, String)>,
    required: Vec<Declared<ProviderFact>>,
    configured: Vec<Declared<ProviderFact>>,
    required_version: Vec<String>,
    calls: Vec<Declared<CallFact>>,
}

/// A declaration, and whether it stands in an override file.
#[derive(Debug, Default)]
struct Declared<T> {
    fact: T,
    overrides: bool,
}

/// What has a name.
trait Named {
    fn name(&self) -> &str;
}

/// Takes the value of an override where it has one.
fn replace<T>(old: &mut Option<T>, new: Option<T>) {
    if new.is_some() {
        *old = new;
    }
}

/// Takes over what a file declares.
fn extend<T>(list: &mut Vec<Declared<T>>, facts: Vec<T>, overrides: bool) {
    list.extend(facts.into_iter().map(|fact| Declared { fact, overrides }));
}

/// One declaration of each name, in order of name: the first, with the overrides behind it merged into it.
fn settle<T: Named + Default>(mut list: Vec<Declared<T>>, merge: impl Fn(&mut T, T)) -> Vec<T> {
    let mut settled: Vec<T> = Vec::with_capacity(list.len());
    for at in by_name(list.iter().map(|declared| declared.fact.name())) {
        let Some(Declared { fact, overrides }) = list.get_mut(at).map(std::mem::take) else { continue };
        match settled.last_mut() {
            Some(old) if old.name() == fact.name() => {
                if overrides {
                    merge(old, fact);
                }
            }
            _ => settled.push(fact),
        }
    }
    settled
}

/// Places in order of the names that stand there, those of one name as they come. Every sort of another type is some
/// kilobytes of code, so all lists are sorted by this one.
fn by_name<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let mut names: Vec<(&str, usize)> = names.zip(0..).collect();
    names.sort_unstable();
    names.into_iter().map(|(_, at)| at).collect()
}

impl Assembly {
    /// Adds the declarations of the next file.
    pub(crate) fn add(&mut self, facts: Facts, overrides: bool) {
        extend(&mut self.inputs, facts.inputs, overrides);
        extend(&mut self.outputs, facts.outputs, overrides);
        extend(&mut self.calls, facts.calls, overrides);
        extend(&mut self.required, facts.required, overrides);
        extend(&mut self.configured, facts.configured, overrides);
        self.resources.extend(facts.resources.into_iter().map(|item| (item.data, item.r#type, item.name)));
        if overrides && !facts.required_version.is_empty() {
            self.required_version.clear();
        }
        self.required_version.extend(facts.required_version);
    }

    /// The module, its lists in order of name.
    pub(crate) fn finish(mut self, path: String, readme: Option<String>) -> ModulePart {
        let inputs = settle(self.inputs, |old, new| {
            replace(&mut old.r#type, new.r#type);
            replace(&mut old.description, new.description);
            replace(&mut old.default, new.default);
            replace(&mut old.sensitive, new.sensitive);
        });
        let outputs = settle(self.outputs, |old, new| {
            replace(&mut old.description, new.description);
            replace(&mut old.sensitive, new.sensitive);
        });
        let calls = settle(self.calls, |old, new| {
            replace(&mut old.source, new.source);
            replace(&mut old.version, new.version);
        });
        self.required_version.sort_unstable();
        self.required_version.dedup();
        ModulePart {
            path,
            readme,
            inputs: inputs.into_iter().map(Input::from).collect(),
            outputs: outputs.into_iter().map(Output::from).collect(),
            resources: self
                .resources
                .into_iter()
                .map(|(data, r#type, name)| Resource { name, r#type, data })
                .collect(),
            providers: providers(self.required, self.configured),
            required_version: self.required_version,
            calls: calls.into_iter().map(ModuleCall::from).collect(),
        }
    }
}

/// What is required, and what is configured without being required.
fn providers(
    required: Vec<Declared<ProviderFact>>,
    configured: Vec<Declared<ProviderFact>>,
) -> Vec<ProviderRequirement> {
    let required = settle(required, |old, new| *old = new);
    let configured = settle(configured, |old, new| replace(&mut old.version, new.version));
    let mut all = Vec::with_capacity(required.len() + configured.len());
    extend(&mut all, required, false);
    extend(&mut all, configured, true);
    let all = settle(all, |required, configured| {
        // The old place for a version constraint.
        if required.version.is_none() {
            required.version = configured.version;
        }
    });
    all.into_iter().map(ProviderRequirement::from).collect()
}

impl Named for InputFact {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for OutputFact {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for ProviderFact {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for CallFact {
    fn name(&self) -> &str {
        &self.name
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
