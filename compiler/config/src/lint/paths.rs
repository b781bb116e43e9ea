//! Paths such as `/api*`, which match `/apple` as well.

use zs_diagnostics::codes;

use super::{Lints, nested};
use crate::model::{MatcherSet, Route};

pub(super) fn check(routes: &[Route], lints: &mut Lints) {
    for route in routes {
        route.matchers.iter().for_each(|set| check_set(set, lints));
        let handlers = route.handle.iter();
        handlers
            .flat_map(nested)
            .for_each(|routes| check(routes, lints));
    }
}

fn check_set(set: &MatcherSet, lints: &mut Lints) {
    let Some(path) = &set.path else { return };
    let mut loose = path.value.iter().filter(|pattern| is_loose(pattern));
    let Some(pattern) = loose.next() else { return };
    let start = pattern.trim_end_matches('*');
    // One is enough to see the point.
    let others = match loose.count() {
        0 => String::new(),
        1 => ", and so does another pattern here".to_owned(),
        more => format!(", and so do {more} other patterns here"),
    };
    let message = format!("`{pattern}` matches `{start}x` as well{others}");
    let help = format!("write `{start} {start}/*` for `{start}` and what is below it");
    lints.warn(codes::LOOSE_PATH, path.origin.span(), message, help);
}

/// Whether a star follows the middle of a name: not a slash, nor what separates names.
fn is_loose(pattern: &str) -> bool {
    let Some(start) = pattern.strip_suffix('*') else {
        return false;
    };
    start.starts_with('/')
        && start.ends_with(|last: char| last.is_ascii_alphanumeric())
        && !start.contains(['*', '?', '[', '{'])
}
