//! Short texts by the words they are made of. A part of a word is looked for among the distinct words, which are far fewer
//! than the texts, and then it is known who has each of them.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use fixedbitset::FixedBitSet;
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use memchr::memmem::Finder;
use smallvec::SmallVec;

use super::lists::Lists;
use super::text::Texts;

/// The number of a word.
type WordNumber = u32;
/// The words of one text, ascending, each once.
type WordSet = SmallVec<[WordNumber; 32]>;

/// So many holders of a word or fewer are a list.
const FEW: usize = 128;
/// A set of numbers takes as much as a list with one of so many of them.
const DENSE: usize = 32;
/// Words that nobody has which are kept before all are numbered anew.
const MAX_UNUSED: usize = 4_096;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: Words,
    /// Which words each owner has: numbers as far as they are above the one before.
    coded: Texts,
    /// The owners of each word, ascending. None of a frequent word.
    holders: Lists,
    /// The owners of words that very many have.
    frequent: HashMap<WordNumber, FixedBitSet>,
    /// Words without holders.
    unused: usize,
    /// Holders are worked out at the end: see [`index`](Self::index).
    is_loading: bool,
    /// How many have each word, until then.
    counts: Vec<u32>,
}

impl Vocabulary {
    /// Takes words without noting who has them, until [`index`](Self::index).
    pub(super) fn begin(&mut self) {
        self.is_loading = true;
    }

    /// Works out who has each word.
    pub(super) fn index(&mut self) {
        let mut counts = std::mem::take(&mut self.counts);
        counts.resize(self.words.len(), 0);
        let (owners, few) = (self.coded.owners(), self.few());
        // Which of the sets a frequent word has.
        let (mut sets, mut set_of) = (Vec::new(), vec![usize::MAX; counts.len()]);
        for (set, _) in set_of.iter_mut().zip(&counts).filter(|(_, count)| **count as usize > few) {
            *set = sets.len();
            sets.push(FixedBitSet::with_capacity(owners));
        }
        let is_listed = |word: usize| set_of.get(word).is_some_and(|set| *set == usize::MAX);
        let rooms = counts.iter().enumerate().map(|(word, count)| if is_listed(word) { *count } else { 0 });
        self.holders = Lists::with_room(rooms);
        for (owner, word) in self.coded.pairs() {
            match set_of.get(word as usize).and_then(|set| sets.get_mut(*set)) {
                Some(set) => set.insert(owner as usize),
                None => self.holders.append(word, owner),
            }
        }
        let numbered =
            (0..).zip(set_of).filter_map(|(word, set)| Some((word, std::mem::take(sets.get_mut(set)?))));
        self.frequent = numbered.collect();
        self.unused = counts.iter().filter(|count| **count == 0).count();
        self.is_loading = false;
    }

    /// Gives an owner other words, which are in lower case.
    pub(super) fn set<'w>(&mut self, owner: u32, words: impl Iterator<Item = &'w str>) {
        let mut now: WordSet = words.filter_map(|word| self.words.number(word.as_bytes())).collect();
        now.sort_unstable();
        now.dedup();
        if self.is_loading {
            return self.load(owner, &now);
        }
        let before: WordSet = decoded(self.coded.get(owner)).collect();
        if before == now {
            return;
        }
        self.coded.set(owner, &encoded(&now));
        self.unused += self.words.len().saturating_sub(self.holders.owners());
        self.holders.reach(self.words.len());
        for word in before.iter().filter(|word| now.binary_search(word).is_err()) {
            self.take(*word, owner);
        }
        for word in now.iter().filter(|word| before.binary_search(word).is_err()) {
            self.give(*word, owner);
        }
        if self.unused > MAX_UNUSED.max(self.words.len() / 2) {
            self.number_anew();
        }
    }

    /// Takes the words of an owner that has none yet, and counts them.
    fn load(&mut self, owner: u32, words: &[WordNumber]) {
        self.counts.resize(self.words.len(), 0);
        for word in words {
            if let Some(count) = self.counts.get_mut(*word as usize) {
                *count += 1;
            }
        }
        self.coded.set(owner, &encoded(words));
    }

    fn give(&mut self, word: WordNumber, owner: u32) {
        if let Some(set) = self.frequent.get_mut(&word) {
            return set.grow_and_insert(owner as usize);
        }
        self.unused -= usize::from(self.holders.get(word).is_empty());
        self.holders.insert(word, owner);
        if self.holders.get(word).len() > self.few() {
            let set = self.holders.get(word).iter().map(|owner| *owner as usize).collect();
            self.frequent.insert(word, set);
            self.holders.clear(word);
        }
    }

    fn take(&mut self, word: WordNumber, owner: u32) {
        if let Some(set) = self.frequent.get_mut(&word) {
            return set.remove(owner as usize);
        }
        self.holders.remove(word, owner);
        self.unused += usize::from(self.holders.get(word).is_empty());
    }

    fn few(&self) -> usize {
        FEW.max(self.coded.owners() / DENSE)
    }

    /// Forgets words that nobody has.
    fn number_anew(&mut self) {
        let old = std::mem::take(self);
        self.begin();
        for owner in (0..).take(old.coded.owners()) {
            let known = decoded(old.coded.get(owner));
            let mut now: WordSet = known.filter_map(|word| self.words.number(old.words.get(word))).collect();
            now.sort_unstable();
            self.load(owner, &now);
        }
        self.index();
    }

    /// Visits the words that have that part, with where they have it for the first time.
    pub(super) fn each_with(&self, part: &[u8], visit: impl FnMut(WordNumber, &[u8], usize)) {
        self.words.each_with(part, visit);
    }

    /// Marks whoever has a word.
    pub(super) fn mark_holders(&self, word: WordNumber, found: &mut FixedBitSet) {
        match self.holders.get(word) {
            [] => {
                if let Some(set) = self.frequent.get(&word) {
                    found.union_with(set);
                }
            }
            few => few.iter().for_each(|owner| found.grow_and_insert(*owner as usize)),
        }
    }

    /// Marks whoever has that part of a word.
    pub(super) fn mark(&self, part: &[u8], found: &mut FixedBitSet) {
        self.each_with(part, |word, _, _| self.mark_holders(word, found));
    }
}

impl Texts {
    /// Owners with their words, when it holds coded words.
    fn pairs(&self) -> impl Iterator<Item = (u32, WordNumber)> + Clone {
        (0..).take(self.owners()).flat_map(|owner| decoded(self.get(owner)).map(move |word| (owner, word)))
    }
}

/// Seven bits of a difference in each byte, the lowest first; the eighth says that more follow.
fn encoded(words: &[WordNumber]) -> SmallVec<[u8; 96]> {
    let (mut bytes, mut before) = (SmallVec::new(), 0);
    for word in words {
        let mut rest = word - before;
        before = *word;
        while rest >= 0x80 {
            bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        bytes.push(rest.to_le_bytes()[0]);
    }
    bytes
}

fn decoded(bytes: &[u8]) -> impl Iterator<Item = WordNumber> + Clone {
    let (mut bytes, mut word) = (bytes.iter(), 0);
    std::iter::from_fn(move || {
        let (mut above, mut shift) = (0, 0);
        loop {
            let byte = *bytes.next()?;
            above |= WordNumber::from(byte & 0x7F) << shift;
            shift += 7;
            if byte < 0x80 {
                word += above;
                return Some(word);
            }
        }
    })
}

/// Distinct words, numbered as they come.
#[derive(Debug, Default)]
struct Words {
    /// One after the other, with a line break behind each.
    bytes: Vec<u8>,
    /// Where each ends, its line break included.
    ends: Vec<u32>,
    numbers: HashTable<WordNumber>,
    /// With a key at random: whoever publishes chooses the words.
    hasher: RandomState,
}

impl Words {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn get(&self, number: WordNumber) -> &[u8] {
        word_of(&self.bytes, &self.ends, number)
    }

    /// The number of a word, new if need be; nothing for one with a line break, and when there are too many.
    fn number(&mut self, word: &[u8]) -> Option<WordNumber> {
        let hash = self.hasher.hash_one(word);
        if let Some(known) = self.numbers.find(hash, |number| self.get(*number) == word) {
            return Some(*known);
        }
        if word.contains(&b'\n') {
            return None;
        }
        let number = WordNumber::try_from(self.len()).ok()?;
        let end = u32::try_from(self.bytes.len() + word.len() + 1).ok()?;
        self.bytes.extend_from_slice(word);
        self.bytes.push(b'\n');
        self.ends.push(end);
        let Self { bytes, ends, numbers, hasher } = self;
        numbers.insert_unique(hash, number, |number| hasher.hash_one(word_of(bytes, ends, *number)));
        Some(number)
    }

    fn each_with(&self, part: &[u8], mut visit: impl FnMut(WordNumber, &[u8], usize)) {
        let finder = Finder::new(part);
        let (mut from, mut next) = (0, 0);
        while let Some(hit) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + hit;
            next = self.word_at(at, next);
            let Some(end) = self.ends.get(next) else { break };
            let begin = next.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end);
            from = *end as usize;
            let word = self.bytes.get(begin as usize..from - 1).unwrap_or_default();
            if let Ok(number) = WordNumber::try_from(next) {
                visit(number, word, at - begin as usize);
            }
        }
    }

    /// The number of the word in which that byte is, which is not before the word `next`.
    fn word_at(&self, at: usize, mut next: usize) -> usize {
        let is_before = |word: usize| self.ends.get(word).is_some_and(|end| *end as usize <= at);
        // It is mostly near; in ever longer steps what is far is near as well.
        let mut step = 1;
        while is_before(next + step) {
            next += step;
            step *= 2;
        }
        let near = self.ends.get(next..self.len().min(next + step + 1)).unwrap_or_default();
        next + near.partition_point(|end| *end as usize <= at)
    }
}

/// The word of a number among words that end there.
fn word_of<'b>(bytes: &'b [u8], ends: &[u32], number: WordNumber) -> &'b [u8] {
    let end = |number: usize| ends.get(number).map_or(0, |end| *end as usize);
    let begin = (number as usize).checked_sub(1).map_or(0, end);
    bytes.get(begin..end(number as usize).saturating_sub(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reproducible choices.
    fn choices() -> impl FnMut(usize) -> usize {
        let mut state = 17_u64;
        move |bound| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % bound
        }
    }

    fn holders(vocabulary: &Vocabulary, part: &str) -> Vec<usize> {
        let mut found = FixedBitSet::new();
        vocabulary.mark(part.as_bytes(), &mut found);
        found.ones().collect()
    }

    fn assert_like(vocabulary: &Vocabulary, model: &[String], situation: &str) {
        for part in ["a", "common", "omm", "often", "rare1", "rare22", "ften", "e", "absent", "n o", "x\n"] {
            let has = |text: &&String| text.split(' ').any(|word| word.contains(part));
            let expected: Vec<usize> =
                (0..model.len()).filter(|owner| model.get(*owner).as_ref().is_some_and(has)).collect();
            assert_eq!(holders(vocabulary, part), expected, "{part:?}, {situation}");
        }
    }

    /// Words that all have, that many have, and that few have.
    fn text(choose: &mut impl FnMut(usize) -> usize) -> String {
        match choose(8) {
            0 => String::new(),
            1..4 => format!("common often rare{}", choose(400)),
            _ => format!("common rare{} rare{}", choose(400), choose(400)),
        }
    }

    #[test]
    fn a_part_of_a_word_is_found_in_whoever_has_the_word_now() {
        let (mut choose, mut vocabulary) = (choices(), Vocabulary::default());
        let mut model = vec![String::new(); 600];
        for step in 0..6_000 {
            let (owner, text) = (choose(600), text(&mut choose));
            vocabulary.set(u32::try_from(owner).unwrap(), text.split_whitespace());
            model[owner] = text;
            if step % 1_500 == 0 {
                assert_like(&vocabulary, &model, "on the way");
            }
        }
        assert!(vocabulary.frequent.len() >= 2, "words that many have are kept as sets");
        assert_like(&vocabulary, &model, "in the end");
        vocabulary.number_anew();
        assert_like(&vocabulary, &model, "numbered anew");
        let mut loaded = Vocabulary::default();
        loaded.begin();
        for (owner, text) in (0..).zip(&model) {
            loaded.set(owner, text.split_whitespace());
        }
        loaded.index();
        assert_like(&loaded, &model, "read at once");
        for (owner, text) in model.iter_mut().enumerate().take(500) {
            text.clear();
            loaded.set(u32::try_from(owner).unwrap(), std::iter::empty());
        }
        assert_like(&loaded, &model, "changed after that");
    }

    #[test]
    fn words_that_nobody_has_any_more_are_forgotten() {
        let mut vocabulary = Vocabulary::default();
        for round in 0..10 * MAX_UNUSED {
            vocabulary.set(3, [format!("word{round}").as_str(), "stays"].into_iter());
        }
        assert!(vocabulary.words.len() < 2 * MAX_UNUSED + 10, "{}", vocabulary.words.len());
        assert_eq!((holders(&vocabulary, "tay"), holders(&vocabulary, "word1")), (vec![3], vec![]));
    }
}
