//! "Did you mean …?"

/// The known name closest to a word that is not known, when it is close enough to be a likely slip of the pen: at most
/// one edit per three letters, and at least one.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let edits_max = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|name| (distance(word, name), name))
        .filter(|(edits, _)| *edits <= edits_max)
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| name)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words: the optimal string alignment distance. Words
/// of more than 64 letters are never close, which bounds the work.
fn distance(left: &str, right: &str) -> usize {
    const LETTERS_MAX: usize = 64;
    let left: Vec<char> = left.chars().take(LETTERS_MAX + 1).collect();
    let right: Vec<char> = right.chars().take(LETTERS_MAX + 1).collect();
    if left.len() > LETTERS_MAX || right.len() > LETTERS_MAX {
        return usize::MAX;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut best = (last[j] + usize::from(a != b))
                .min(last[j + 1] + 1)
                .min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_slips_and_nothing_else() {
        let known = ["respond", "redir", "reverse_proxy", "route", "handle"];
        assert_eq!(nearest("repsond", known), Some("respond"));
        assert_eq!(nearest("reverse-proxy", known), Some("reverse_proxy"));
        assert_eq!(nearest("handel", known), Some("handle"));
        assert_eq!(nearest("xyz", known), None);
        assert_eq!(nearest("", known), None);
        assert_eq!(nearest(&"a".repeat(10_000), known), None);
    }
}
