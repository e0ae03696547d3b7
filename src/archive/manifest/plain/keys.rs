//! Whether the keys of an object, or the attributes of a body, are certainly different from one another.

/// A key as far as it tells keys apart: the text in front of the first template and the text behind the last one.
pub(super) type Key<'a> = (&'a str, &'a str);

/// As many are compared pair by pair.
const FEW: usize = 8;

/// Whether no two keys are the same.
pub(super) fn distinct<T: Copy + Ord>(keys: impl ExactSizeIterator<Item = T> + Clone) -> bool {
    if keys.len() <= FEW {
        let mut rest = keys;
        while let Some(key) = rest.next() {
            if rest.clone().any(|other| other == key) {
                return false;
            }
        }
        return true;
    }
    let mut sorted: Vec<T> = keys.collect();
    sorted.sort_unstable();
    sorted.array_windows().all(|[one, other]| one != other)
}
