//! Short texts in one piece of memory: a piece for each would cost more than the text.

/// Whose text a segment was before it got another, and where an owner without a text has it.
const NOBODY: u32 = u32::MAX;
/// Bytes of replaced texts that are kept before everything is copied.
const MAX_WASTE: usize = 1 << 20;

/// Texts by the number of their owner.
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
    /// Where it ends. It begins where the one before it ends.
    end: u32,
}

impl Texts {
    /// Gives an owner another text; an empty one removes it.
    pub(super) fn set(&mut self, owner: u32, text: &[u8]) {
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

    fn add(&mut self, owner: u32, text: &[u8]) {
        let (Ok(end), Ok(place)) =
            (u32::try_from(self.bytes.len() + text.len()), u32::try_from(self.segments.len()))
        else {
            return;
        };
        self.bytes.extend_from_slice(text);
        self.segments.push(Segment { owner, end });
        if let Some(known) = self.places.get_mut(owner as usize) {
            *known = place;
        }
    }

    /// One more than the highest number of an owner.
    pub(super) fn owners(&self) -> usize {
        self.places.len()
    }

    /// The text of an owner; empty when it has none.
    pub(super) fn get(&self, owner: u32) -> &[u8] {
        let place = self.places.get(owner as usize).map_or(NOBODY, |place| *place) as usize;
        let Some(segment) = self.segments.get(place) else { return &[] };
        self.bytes.get(self.begin(place)..segment.end as usize).unwrap_or_default()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_owner_has_the_text_it_was_given_last() {
        let mut texts = Texts::default();
        for (owner, text) in [(0, "vpc"), (1, "subnet"), (2, ""), (5, "dns"), (1, "zone"), (0, "")] {
            texts.set(owner, text.as_bytes());
        }
        assert_eq!([0, 1, 2, 5, 9].map(|owner| texts.get(owner)), [&b""[..], b"zone", b"", b"dns", b""]);
        assert_eq!(texts.owners(), 6);
    }

    #[test]
    fn the_memory_of_a_replaced_text_comes_back() {
        let mut texts = Texts::default();
        texts.set(0, b"first");
        for round in 0..200 {
            texts.set(1, format!("round{round} {}", "x".repeat(MAX_WASTE / 50)).as_bytes());
        }
        texts.set(2, b"last");
        assert!(texts.get(1).starts_with(b"round199 "));
        assert_eq!((texts.get(0), texts.get(2)), (&b"first"[..], &b"last"[..]));
        assert!(texts.bytes.len() < 3 * MAX_WASTE, "{}", texts.bytes.len());
    }
}
