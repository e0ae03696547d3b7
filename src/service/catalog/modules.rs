//! The modules: what they are called, what they are said to be for, and where they stand in the two orders that are kept.

use std::sync::OnceLock;

use fixedbitset::FixedBitSet;

use super::text::Texts;
use super::vocabulary::Vocabulary;
use crate::domain::ProjectId;

/// The number of a module while it has versions.
pub(super) type ModuleNumber = u32;

/// Stands between name and system: so that bytes compare as names do, and `vpc` comes before `vpc-peering`.
pub(super) const BETWEEN: char = '\0';

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Modules {
    /// The project of each, by number.
    projects: Vec<ProjectId>,
    free: Vec<ModuleNumber>,
    /// Name and system of each, with [`BETWEEN`] between them.
    pub(super) names: Texts,
    /// The words of their names, and of their systems: these with [`BETWEEN`] in front.
    pub(super) name_words: Vocabulary,
    /// The words of the description of each: its own, or else its project's.
    pub(super) descriptions: Vocabulary,
    /// Those that have one of their own.
    pub(super) described: FixedBitSet,
    /// By name, system, project.
    pub(super) by_name: Vec<ModuleNumber>,
    /// By namespace, name, system, project.
    pub(super) by_address: Vec<ModuleNumber>,
    /// Those with the address of the one before them.
    pub(super) repeats: FixedBitSet,
    /// Where each stands by address: worked out when it is first needed after a change.
    pub(super) places: OnceLock<Vec<u32>>,
}

impl Modules {
    /// How many numbers were given out.
    pub(super) fn len(&self) -> usize {
        self.projects.len()
    }

    /// The project of a module.
    pub(super) fn project(&self, number: ModuleNumber) -> Option<ProjectId> {
        self.projects.get(number as usize).copied()
    }

    /// Name and system in lower case, with [`BETWEEN`] between them. Empty when there is no such module.
    pub(super) fn name(&self, number: ModuleNumber) -> &[u8] {
        self.names.get(number)
    }

    /// Where each module stands by address.
    pub(super) fn places(&self) -> &[u32] {
        self.places.get_or_init(|| {
            let mut places = vec![u32::MAX; self.len()];
            for (place, number) in (0..).zip(&self.by_address) {
                if let Some(known) = places.get_mut(*number as usize) {
                    *known = place;
                }
            }
            places
        })
    }

    /// Adds a module. The orders are not changed.
    pub(super) fn add(&mut self, project: ProjectId, name: &str, may_reuse: bool) -> Option<ModuleNumber> {
        let number = match self.free.pop_if(|_| may_reuse) {
            Some(number) => number,
            None => ModuleNumber::try_from(self.projects.len()).ok()?,
        };
        match self.projects.get_mut(number as usize) {
            Some(place) => *place = project,
            None => self.projects.push(project),
        }
        self.names.set(number, name.as_bytes());
        self.name_words.set(number, name_words(name));
        Some(number)
    }

    /// Says what a module is for, in words of its own or not. In lower case.
    pub(super) fn describe(&mut self, number: ModuleNumber, description: &str, is_own: bool) {
        self.descriptions.set(number, words_of(description));
        self.described.grow(number as usize + 1);
        self.described.set(number as usize, is_own);
    }

    /// Gives a module another text in the place of the description it lacks.
    pub(super) fn describe_undescribed(&mut self, number: ModuleNumber, stands_in: &str) {
        if !self.described.contains(number as usize) {
            self.describe(number, stands_in, false);
        }
    }

    /// Removes a module that is in no order any more.
    pub(super) fn remove(&mut self, number: ModuleNumber) {
        self.names.set(number, b"");
        self.name_words.set(number, std::iter::empty());
        self.describe(number, "", false);
        self.free.push(number);
    }
}

/// The words of a text, as [`str::split_whitespace`] finds them.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    // Most texts are ASCII: there it is done several times as fast, and a start does it for every module.
    let (plain, other) = if text.is_ascii() { (text, "") } else { ("", text) };
    let plain = plain.split(|c| matches!(c, '\t'..='\r' | ' ')).filter(|word| !word.is_empty());
    plain.chain(other.split_whitespace())
}

/// Whether that character is between words of a name.
pub(super) const fn is_between_words(character: char) -> bool {
    matches!(character, '-' | '_' | BETWEEN)
}

/// The words of a key of [`Modules`], those of the system with [`BETWEEN`] in front.
fn name_words(key: &str) -> impl Iterator<Item = &str> {
    let (name, system) = key.split_at(key.find(BETWEEN).unwrap_or(key.len()));
    name.split(is_between_words).chain(std::iter::once(system)).filter(|word| !word.is_empty())
}

/// Name and system of a key of [`Modules`].
pub(super) fn parts(key: &[u8]) -> (&[u8], &[u8]) {
    let end = memchr::memchr(BETWEEN as u8, key).unwrap_or(key.len());
    (key.get(..end).unwrap_or_default(), key.get(end + 1..).unwrap_or_default())
}

/// `vpc` and `aws` as a key of [`Modules`].
pub(super) fn key_of(name: &str, system: &str) -> String {
    format!("{name}{BETWEEN}{system}")
}

/// Makes a text the key of another module.
pub(super) fn set_key(key: &mut String, name: &str, system: &str) {
    key.clear();
    key.push_str(name);
    key.push(BETWEEN);
    key.push_str(system);
}

/// A key of [`Modules`] as text: `vpc/aws`.
pub(super) fn shown(key: &[u8]) -> String {
    String::from_utf8_lossy(key).replace(BETWEEN, "/")
}
