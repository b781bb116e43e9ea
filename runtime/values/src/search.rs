//! Texts within texts, in time that does not grow with their product: both may
//! be a client's.

/// Whether a text holds a part.
pub fn contains(text: &[u8], part: &[u8]) -> bool {
    !places(text, part, 1).is_empty()
}

/// Where a part begins in a text: at most so many places from the left, none
/// of which overlap.
pub fn places(text: &[u8], part: &[u8], most: usize) -> Vec<usize> {
    if let (Ok(text), Ok(part)) = (std::str::from_utf8(text), std::str::from_utf8(part)) {
        let found = text.match_indices(part).map(|(at, _)| at);
        return found.take(most).collect();
    }
    // Each byte as a letter, so that the standard library's search can be used.
    let letters = |bytes: &[u8]| -> String { bytes.iter().map(|byte| char::from(*byte)).collect() };
    let (text, part) = (letters(text), letters(part));
    let (mut before, mut count) = (0, 0);
    let found = text.match_indices(&*part).map(|(at, _)| {
        count += text[before..at].chars().count();
        before = at;
        count
    });
    found.take(most).collect()
}
