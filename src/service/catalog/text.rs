//! Short texts in one piece of memory, searched from end to end: at a hundred thousand of them still a millisecond.

use fixedbitset::FixedBitSet;
use memchr::memmem::Finder;

/// Whose text a segment was before it got another, and where an owner without a text has it.
const NOBODY: u32 = u32::MAX;
/// Bytes of replaced texts that are kept before everything is copied.
const MAX_WASTE: usize = 1 << 20;

/// Texts by the number of their owner, in lower case, without line breaks.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
    /// Where an owner's segment is.
    places: Vec<u32>,
    wasted: usize,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    owner: u32,
    /// Where it ends, its line break included. It begins where the one before it ends.
    end: u32,
}

/// Where a word was found.
pub(super) struct Hit<'t> {
    /// Whose text it is in.
    pub(super) owner: u32,
    /// The text.
    pub(super) text: &'t [u8],
    /// Where it has the word for the first time.
    pub(super) at: usize,
}

impl Texts {
    /// Gives an owner another text; an empty one removes it.
    pub(super) fn set(&mut self, owner: u32, text: &str) {
        let index = owner as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, NOBODY);
        }
        let Some(place) = self.places.get_mut(index) else { return };
        let old = std::mem::replace(place, NOBODY) as usize;
        let begin = self.begin(old);
        if let Some(segment) = self.segments.get_mut(old) {
            segment.owner = NOBODY;
            self.wasted += segment.end as usize - begin;
        }
        if !text.is_empty() {
            self.add(owner, text);
        }
        if self.wasted > MAX_WASTE.max(self.bytes.len() / 2) {
            self.compact();
        }
    }

    fn add(&mut self, owner: u32, text: &str) {
        let before = self.bytes.len();
        if text.is_ascii() {
            self.bytes.extend(text.bytes().map(|byte| without_break(byte.to_ascii_lowercase())));
        } else {
            self.bytes.extend(text.to_lowercase().bytes().map(without_break));
        }
        // A word cannot reach over it into the next text.
        self.bytes.push(b'\n');
        let (Ok(end), Ok(place)) = (u32::try_from(self.bytes.len()), u32::try_from(self.segments.len()))
        else {
            self.bytes.truncate(before);
            return;
        };
        self.segments.push(Segment { owner, end });
        if let Some(known) = self.places.get_mut(owner as usize) {
            *known = place;
        }
    }

    /// The text of an owner; empty when it has none.
    pub(super) fn get(&self, owner: u32) -> &[u8] {
        let place = self.places.get(owner as usize).map_or(NOBODY, |place| *place) as usize;
        let Some(segment) = self.segments.get(place) else { return &[] };
        self.text(self.begin(place), segment.end)
    }

    fn text(&self, begin: usize, end: u32) -> &[u8] {
        self.bytes.get(begin..(end as usize).saturating_sub(1)).unwrap_or_default()
    }

    /// Visits the texts that have a word, which is in lower case.
    pub(super) fn each_hit(&self, word: &[u8], mut visit: impl FnMut(Hit<'_>)) {
        let finder = Finder::new(word);
        let (mut from, mut begin, mut next) = (0, 0, 0);
        while let Some(hit) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + hit;
            // Hits only move forward, and so does the segment they are in.
            let Some(segment) = (loop {
                match self.segments.get(next) {
                    Some(segment) if segment.end as usize <= at => begin = segment.end as usize,
                    found => break found,
                }
                next += 1;
            }) else {
                break;
            };
            if segment.owner != NOBODY {
                visit(Hit { owner: segment.owner, text: self.text(begin, segment.end), at: at - begin });
            }
            from = segment.end as usize;
        }
    }

    /// Marks the owners whose text has that word, which is in lower case.
    pub(super) fn mark(&self, word: &[u8], found: &mut FixedBitSet) {
        self.each_hit(word, |hit| found.grow_and_insert(hit.owner as usize));
    }

    fn begin(&self, place: usize) -> usize {
        let before = place.checked_sub(1).and_then(|before| self.segments.get(before));
        before.map_or(0, |before| before.end as usize)
    }

    fn compact(&mut self) {
        let (mut bytes, mut segments) = (Vec::with_capacity(self.bytes.len() - self.wasted), Vec::new());
        let mut begin = 0;
        for segment in &self.segments {
            if segment.owner != NOBODY {
                bytes.extend_from_slice(self.bytes.get(begin..segment.end as usize).unwrap_or_default());
                if let Some(known) = self.places.get_mut(segment.owner as usize) {
                    *known = u32::try_from(segments.len()).unwrap_or(NOBODY);
                }
                let end = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
                segments.push(Segment { owner: segment.owner, end });
            }
            begin = segment.end as usize;
        }
        (self.bytes, self.segments, self.wasted) = (bytes, segments, 0);
    }
}

const fn without_break(byte: u8) -> u8 {
    if byte == b'\n' { b' ' } else { byte }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(texts: &Texts, word: &str) -> Vec<usize> {
        let mut found = FixedBitSet::new();
        texts.mark(word.as_bytes(), &mut found);
        found.ones().collect()
    }

    #[test]
    fn words_are_found_in_the_texts_of_their_owners_only() {
        let mut texts = Texts::default();
        for (owner, text) in [(0, "vpc/aws"), (1, "Subnet/AWS"), (2, ""), (3, "a\nb"), (5, "vpc-vpc/google")]
        {
            texts.set(owner, text);
        }
        for (word, expected) in [
            ("aws", vec![0, 1]),
            ("vpc", vec![0, 5]),
            ("a b", vec![3]),
            ("awssubnet", vec![]),
            ("absent", vec![]),
        ] {
            assert_eq!(owners(&texts, word), expected, "{word}");
        }
    }

    #[test]
    fn a_replaced_text_is_not_found_any_more_and_its_memory_comes_back() {
        let mut texts = Texts::default();
        texts.set(0, "first");
        for round in 0..200 {
            texts.set(1, &format!("round{round} {}", "x".repeat(MAX_WASTE / 50)));
        }
        texts.set(2, "last");
        assert_eq!(owners(&texts, "round199"), [1]);
        assert_eq!(owners(&texts, "round198"), [0; 0]);
        assert_eq!((owners(&texts, "first"), owners(&texts, "last")), (vec![0], vec![2]));
        assert!(texts.bytes.len() < 3 * MAX_WASTE, "{}", texts.bytes.len());
        texts.set(0, "");
        assert_eq!(owners(&texts, "first"), [0; 0]);
        assert_eq!((texts.get(0), texts.get(2), texts.get(9)), (&b""[..], &b"last"[..], &b""[..]));
    }

    #[test]
    fn a_hit_says_where_the_word_begins_in_which_text() {
        let mut texts = Texts::default();
        for (owner, text) in [(3, "my-VPC"), (1, "gone"), (0, "vpc-vpc"), (2, "\u{c9}vpc")] {
            texts.set(owner, text);
        }
        texts.set(1, "");
        let mut hits = Vec::new();
        texts.each_hit(b"vpc", |hit| hits.push((hit.owner, hit.at, hit.text.to_vec())));
        assert_eq!(
            hits,
            [
                (3, 3, b"my-vpc".to_vec()),
                (0, 0, b"vpc-vpc".to_vec()),
                (2, 2, "\u{e9}vpc".as_bytes().to_vec())
            ]
        );
    }
}
