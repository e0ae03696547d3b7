//! Short texts in one piece of memory, searched from end to end: at a hundred thousand of them still a millisecond.

use fixedbitset::FixedBitSet;
use memchr::memmem::Finder;

/// Whose text a segment was before it got another.
const NOBODY: u32 = u32::MAX;
/// Bytes of replaced texts that are kept before everything is copied.
const MAX_WASTE: usize = 1 << 20;

/// Texts by the number of their owner, in lower case, without line breaks.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
    /// Where an owner's segment is.
    places: Vec<Option<u32>>,
    wasted: usize,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    owner: u32,
    /// Where it ends, its line break included. It begins where the one before it ends.
    end: usize,
}

impl Texts {
    /// Gives an owner another text; an empty one removes it.
    pub(super) fn set(&mut self, owner: u32, text: &str) {
        let index = owner as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, None);
        }
        if let Some(old) = self.places.get_mut(index).and_then(Option::take) {
            let begin = self.begin(old as usize);
            if let Some(segment) = self.segments.get_mut(old as usize) {
                segment.owner = NOBODY;
                self.wasted += segment.end - begin;
            }
        }
        let Ok(place) = u32::try_from(self.segments.len()) else { return };
        if !text.is_empty() {
            self.bytes
                .extend(text.to_lowercase().bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }));
            // A word cannot reach over it into the next text.
            self.bytes.push(b'\n');
            self.segments.push(Segment { owner, end: self.bytes.len() });
            if let Some(known) = self.places.get_mut(index) {
                *known = Some(place);
            }
        }
        if self.wasted > MAX_WASTE.max(self.bytes.len() / 2) {
            self.compact();
        }
    }

    /// Marks the owners whose text has that word, which is in lower case.
    pub(super) fn mark(&self, word: &str, found: &mut FixedBitSet) {
        let finder = Finder::new(word.as_bytes());
        let (mut from, mut next) = (0, 0);
        while let Some(hit) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + hit;
            // Hits only move forward, and so does the segment they are in.
            while self.segments.get(next).is_some_and(|segment| segment.end <= at) {
                next += 1;
            }
            let Some(segment) = self.segments.get(next) else { break };
            if segment.owner != NOBODY {
                found.grow_and_insert(segment.owner as usize);
            }
            from = segment.end;
        }
    }

    fn begin(&self, place: usize) -> usize {
        place.checked_sub(1).and_then(|before| self.segments.get(before)).map_or(0, |before| before.end)
    }

    fn compact(&mut self) {
        let (mut bytes, mut segments) = (Vec::new(), Vec::new());
        let mut begin = 0;
        for segment in &self.segments {
            if segment.owner != NOBODY {
                bytes.extend_from_slice(self.bytes.get(begin..segment.end).unwrap_or_default());
                let place = u32::try_from(segments.len()).ok();
                if let Some(known) = self.places.get_mut(segment.owner as usize) {
                    *known = place;
                }
                segments.push(Segment { owner: segment.owner, end: bytes.len() });
            }
            begin = segment.end;
        }
        (self.bytes, self.segments, self.wasted) = (bytes, segments, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owners(texts: &Texts, word: &str) -> Vec<usize> {
        let mut found = FixedBitSet::new();
        texts.mark(word, &mut found);
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
    }
}
