//! The words a module is found by besides its name and description: what it declares, and its README.
//!
//! The list of a module is bounded, so that an index of a hundred thousand of them is too: identifiers first (resource
//! types, providers, inputs, outputs, of the module and of its submodules), then what words of the README fit. A word is
//! kept once, with everything it is used as.

use std::borrow::Cow;
use std::collections::HashSet;
use std::collections::btree_map::{BTreeMap, Entry};

use serde::{Deserialize, Serialize};

use super::manifest::{Manifest, ModulePart};

/// Bytes of the identifiers kept of one module.
const IDENTIFIER_BYTES: usize = 3 * 1024;
/// Bytes of the README's own words kept of one module.
const README_BYTES: usize = 1024;
/// Bytes of a README that are looked at.
const README_LOOK: usize = 16 * 1024;
/// Bytes of one word. A longer one is cut: it is found by its beginning.
const WORD_BYTES: usize = 64;
/// Characters of a README's word at least.
const SHORTEST: usize = 3;
/// Words of READMEs that say nothing.
const EMPTY_WORDS: [&str; 40] = [
    "all", "also", "and", "any", "are", "but", "can", "for", "from", "has", "have", "how", "into", "its",
    "may", "more", "must", "not", "one", "our", "see", "should", "that", "the", "then", "there", "these",
    "they", "this", "use", "used", "using", "was", "when", "which", "will", "with", "would", "you", "your",
];

/// What a word is in a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Name of an input.
    Input,
    /// Name of an output.
    Output,
    /// Type of a resource or data source.
    Resource,
    /// Name of a provider, or its source address.
    Provider,
    /// A word of the README.
    Readme,
}

impl Use {
    /// All of them, in the order in which a match is explained.
    pub const ALL: [Self; 5] = [Self::Resource, Self::Input, Self::Output, Self::Provider, Self::Readme];

    const fn bit(self) -> u8 {
        match self {
            Self::Input => 1,
            Self::Output => 2,
            Self::Resource => 4,
            Self::Provider => 8,
            Self::Readme => 16,
        }
    }
}

/// Everything a word is in one module. Its bits are part of the stored format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uses(u8);

impl Uses {
    /// One use.
    pub const fn of(one: Use) -> Self {
        Self(one.bit())
    }

    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a word is used so.
    pub const fn has(self, one: Use) -> bool {
        self.0 & one.bit() != 0
    }

    /// The use that explains a match best.
    pub fn first(self) -> Option<Use> {
        Use::ALL.into_iter().find(|one| self.has(*one))
    }

    /// Whether the module declares something of that name, not only its README uses the word.
    pub fn is_declared(self) -> bool {
        self.first().is_some_and(|first| first != Use::Readme)
    }
}

/// A word of a module, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// The word.
    pub text: String,
    /// What it is there.
    pub uses: Uses,
}

/// The words of a module in order, each once; at most about 4 KiB of them.
pub fn of(manifest: &Manifest) -> Vec<Word> {
    let parts = || std::iter::once(&manifest.root).chain(&manifest.submodules);
    let mut list = List::default();
    for part in parts() {
        add_all(&mut list, Use::Resource, part.resources.iter().map(|resource| &resource.r#type));
        add_all(&mut list, Use::Provider, part.providers.iter().flat_map(|p| [&p.name, &p.source]));
    }
    for part in parts() {
        add_all(&mut list, Use::Input, part.inputs.iter().map(|input| &input.name));
        add_all(&mut list, Use::Output, part.outputs.iter().map(|output| &output.name));
    }
    list.room = README_BYTES;
    add_readme(&mut list, &manifest.root);
    list.words.into_iter().map(|(text, uses)| Word { text: text.into_owned(), uses }).collect()
}

/// The first word of a sorted list that begins with a text. One that the module declares goes before one that only its
/// README has.
pub fn beginning_with<'w>(words: &'w [Word], start: &str) -> Option<&'w Word> {
    let from = words.partition_point(|word| word.text.as_str() < start);
    let fitting = || words.iter().skip(from).take_while(|word| word.text.starts_with(start));
    fitting().find(|word| word.uses.is_declared()).or_else(|| fitting().next())
}

/// Words in the making: borrowed from the manifest as long as they are in lower case there.
struct List<'m> {
    words: BTreeMap<Cow<'m, str>, Uses>,
    /// Bytes of new words that still fit.
    room: usize,
}

impl Default for List<'_> {
    fn default() -> Self {
        Self { words: BTreeMap::new(), room: IDENTIFIER_BYTES }
    }
}

impl<'m> List<'m> {
    /// Takes a word in lower case.
    fn add(&mut self, text: Cow<'m, str>, one: Use) {
        let text = shortened(text);
        if text.is_empty() || text.contains(char::is_control) {
            return;
        }
        match self.words.entry(text) {
            Entry::Occupied(mut known) => *known.get_mut() = known.get().with(Uses::of(one)),
            Entry::Vacant(place) => {
                if let Some(left) = self.room.checked_sub(place.key().len()) {
                    self.room = left;
                    place.insert(Uses::of(one));
                }
            }
        }
    }
}

fn add_all<'m>(list: &mut List<'m>, one: Use, texts: impl Iterator<Item = &'m String>) {
    texts.for_each(|text| list.add(lower(text), one));
}

/// A text in lower case. Most are, and need no copy.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii()) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn shortened(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => {
            Cow::Borrowed(text.get(..text.floor_char_boundary(WORD_BYTES)).unwrap_or_default())
        }
        Cow::Owned(mut text) => {
            text.truncate(text.floor_char_boundary(WORD_BYTES));
            Cow::Owned(text)
        }
    }
}

/// Names, not markup: addresses of links are passed over, and so are numbers.
fn add_readme<'m>(list: &mut List<'m>, part: &'m ModulePart) {
    let readme = part.readme.as_deref().unwrap_or_default();
    let readme = readme.get(..readme.floor_char_boundary(README_LOOK)).unwrap_or_default();
    let mut seen = HashSet::new();
    let words = readme
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>' | '[' | ']'))
        // Texts say most of their words more than once.
        .filter(|text| seen.insert(*text) && !text.contains("://"))
        .flat_map(|text| text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'))))
        .map(|text| text.trim_matches(['_', '-']));
    for word in words {
        if word.chars().nth(SHORTEST - 1).is_none() || !word.contains(char::is_alphabetic) {
            continue;
        }
        let word = lower(word);
        if EMPTY_WORDS.binary_search(&&*word).is_err() {
            list.add(word, Use::Readme);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::manifest::{Input, Output, ProviderRequirement, Resource};

    fn input(name: &str) -> Input {
        Input { name: name.to_owned(), ..Input::default() }
    }

    fn shown(manifest: &Manifest) -> Vec<String> {
        let uses = |word: &Word| Use::ALL.into_iter().filter(|one| word.uses.has(*one)).collect::<Vec<_>>();
        of(manifest).iter().map(|word| format!("{} {:?}", word.text, uses(word))).collect()
    }

    #[test]
    fn a_word_is_kept_once_with_everything_it_is() {
        let root = ModulePart {
            readme: Some(
                "# VPC\nThe `cidr_block` of [a Network](https://a.example/secret) — 10.0.0.0".to_owned(),
            ),
            inputs: vec![input("cidr_block"), input("Tags")],
            outputs: vec![Output { name: "tags".to_owned(), ..Output::default() }],
            providers: vec![ProviderRequirement {
                name: "aws".to_owned(),
                source: "hashicorp/aws".to_owned(),
                version: ">= 5".to_owned(),
            }],
            ..ModulePart::default()
        };
        let below = ModulePart {
            path: "modules/subnet".to_owned(),
            readme: Some("unseen".to_owned()),
            resources: vec![Resource {
                name: "this".to_owned(),
                r#type: "aws_subnet".to_owned(),
                data: true,
            }],
            ..ModulePart::default()
        };
        let example = ModulePart { inputs: vec![input("unseen")], ..ModulePart::default() };
        let manifest = Manifest { root, submodules: vec![below], examples: vec![example] };
        let expected = [
            "aws [Provider]",
            "aws_subnet [Resource]",
            "cidr_block [Input, Readme]",
            "hashicorp/aws [Provider]",
            "network [Readme]",
            "tags [Input, Output]",
            "vpc [Readme]",
        ];
        assert_eq!(shown(&manifest), expected);
    }

    #[test]
    fn however_much_a_module_declares_its_list_is_short() {
        let readme = (0..50_000).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
        let inputs = (0..5_000).map(|number| input(&format!("input_{number}_{}", "é".repeat(60)))).collect();
        let root = ModulePart { readme: Some(readme), inputs, ..ModulePart::default() };
        let words = of(&Manifest { root, ..Manifest::default() });
        let bytes: usize = words.iter().map(|word| word.text.len()).sum();
        assert!((3_900..=IDENTIFIER_BYTES + README_BYTES).contains(&bytes), "{bytes} bytes");
        assert!(words.iter().all(|word| word.text.len() <= WORD_BYTES));
        assert!(words.iter().any(|word| word.uses.has(Use::Readme)), "the README has a share of its own");
        assert!(words.is_sorted_by(|one, next| one.text < next.text));
    }

    #[test]
    fn a_match_is_explained_by_what_is_declared_first() {
        let word = |text: &str, one: Use| Word { text: text.to_owned(), uses: Uses::of(one) };
        let words = [word("cidr", Use::Readme), word("cidr_block", Use::Input), word("zone", Use::Readme)];
        for (start, expected) in [
            ("cid", Some("cidr_block")),
            ("cidr", Some("cidr_block")),
            ("z", Some("zone")),
            ("zz", None),
            ("", Some("cidr_block")),
        ] {
            assert_eq!(beginning_with(&words, start).map(|word| word.text.as_str()), expected, "{start}");
        }
    }

    #[test]
    fn words_that_say_nothing_are_in_order() {
        assert!(EMPTY_WORDS.is_sorted());
    }
}
