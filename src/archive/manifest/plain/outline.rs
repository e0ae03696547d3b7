//! What a file declares, each value as its text in the file; and that as [`Facts`].

use std::ops::Range;

use super::super::facts::{CallFact, Facts, InputFact, OutputFact, ProviderFact};
use super::literal::{self, Unsure};
use crate::domain::manifest::Resource;

/// A block that declares something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Variable(&'a str),
    Output(&'a str),
    Module(&'a str),
    Provider(&'a str),
    Resource { data: bool, r#type: &'a str, name: &'a str },
    Terraform,
    RequiredProviders,
}

impl<'a> Kind<'a> {
    /// The kind of a block with that name and those first two labels.
    pub(super) fn of(name: &str, one: Option<&'a str>, two: Option<&'a str>) -> Option<Self> {
        Some(match (name, one, two) {
            ("variable", Some(name), _) => Self::Variable(name),
            ("output", Some(name), _) => Self::Output(name),
            ("module", Some(name), _) => Self::Module(name),
            ("provider", Some(name), _) => Self::Provider(name),
            ("resource", Some(r#type), Some(name)) => Self::Resource { data: false, r#type, name },
            ("data", Some(r#type), Some(name)) => Self::Resource { data: true, r#type, name },
            ("terraform", _, _) => Self::Terraform,
            _ => return None,
        })
    }

    /// Whether an attribute of such a block is among the facts.
    fn wants(self, attribute: &str) -> bool {
        match self {
            Self::Variable(_) => matches!(attribute, "type" | "description" | "default" | "sensitive"),
            Self::Output(_) => matches!(attribute, "description" | "sensitive"),
            Self::Module(_) => matches!(attribute, "source" | "version"),
            Self::Provider(_) => attribute == "version",
            Self::Resource { .. } => false,
            Self::Terraform => attribute == "required_version",
            Self::RequiredProviders => true,
        }
    }
}

/// The declarations of a file, in its order.
#[derive(Debug, Default)]
pub(super) struct Outline<'a> {
    /// Each with the range of its attributes.
    blocks: Vec<(Kind<'a>, Range<usize>)>,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Outline<'a> {
    /// Adds a declaration.
    pub(super) fn declare(&mut self, kind: Kind<'a>, attributes: impl Iterator<Item = (&'a str, &'a str)>) {
        let first = self.attributes.len();
        self.attributes.extend(attributes.filter(|(name, _)| kind.wants(name)));
        self.blocks.push((kind, first..self.attributes.len()));
    }

    /// The facts, the same as the parser's tree would give.
    pub(super) fn facts(self) -> Result<Facts, Unsure> {
        let mut facts = Facts::default();
        for (kind, range) in self.blocks {
            let attributes = Attributes(self.attributes.get(range).ok_or(Unsure)?);
            match kind {
                Kind::Variable(name) => facts.inputs.push(attributes.input(name)?),
                Kind::Output(name) => facts.outputs.push(attributes.output(name)?),
                Kind::Module(name) => facts.calls.push(attributes.call(name)?),
                Kind::Provider(name) => facts.configured.push(ProviderFact {
                    name: name.to_owned(),
                    source: None,
                    version: attributes.read("version", literal::text)?,
                }),
                Kind::Resource { data, r#type, name } => {
                    facts.resources.push(Resource { name: name.to_owned(), r#type: r#type.to_owned(), data });
                }
                Kind::Terraform => {
                    facts.required_version.extend(attributes.read("required_version", literal::text)?);
                }
                Kind::RequiredProviders => {
                    for (name, value) in attributes.0 {
                        facts.required.push(literal::required_provider(name, value)?);
                    }
                }
            }
        }
        Ok(facts)
    }
}

/// The wanted attributes of a block.
struct Attributes<'a>(&'a [(&'a str, &'a str)]);

impl Attributes<'_> {
    /// Reads the value of an attribute, if it is there.
    fn read<T>(&self, name: &str, read: impl FnOnce(&str) -> Result<T, Unsure>) -> Result<Option<T>, Unsure> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| read(value)).transpose()
    }

    fn description(&self) -> Result<Option<String>, Unsure> {
        let mut text = self.read("description", literal::text)?;
        if let Some(text) = &mut text {
            text.truncate(text.trim_end().len());
        }
        Ok(text)
    }

    fn input(&self, name: &str) -> Result<InputFact, Unsure> {
        Ok(InputFact {
            name: name.to_owned(),
            r#type: self.read("type", literal::type_text)?,
            description: self.description()?,
            default: self.read("default", literal::default_text)?,
            sensitive: self.read("sensitive", literal::boolean)?.flatten(),
        })
    }

    fn output(&self, name: &str) -> Result<OutputFact, Unsure> {
        Ok(OutputFact {
            name: name.to_owned(),
            description: self.description()?,
            sensitive: self.read("sensitive", literal::boolean)?.flatten(),
        })
    }

    fn call(&self, name: &str) -> Result<CallFact, Unsure> {
        Ok(CallFact {
            name: name.to_owned(),
            source: self.read("source", literal::text)?,
            version: self.read("version", literal::text)?,
        })
    }
}
