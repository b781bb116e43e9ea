//! `--runtime-env`: which variables are left open, and what is told of them.

use std::collections::{BTreeMap, BTreeSet};

use zs_diagnostics::{Diagnostic, FileId, Sink, SourceMap, Span, codes, nearest};

/// Refuses names of variables that no source asks for.
pub fn refuse_unknown(wanted: &[String], file: FileId, sources: &SourceMap, sink: &mut Sink) {
    let asked: BTreeSet<&str> = sources
        .files()
        .flat_map(|(_, source)| variables(&source.text))
        .collect();
    for name in wanted.iter().filter(|name| !asked.contains(&***name)) {
        let message = format!("the file does not ask for `{{${name}}}`, which is to be left open");
        let help = match nearest(name, asked.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "take it out of `--runtime-env`".to_owned(),
        };
        let place = Span::new(file, 0, 0);
        sink.report(Diagnostic::error(codes::OPEN_UNKNOWN, place, message).help(help));
    }
}

/// The variables that a text asks for as `{$NAME}` or `{$NAME:default}`.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("{$").skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once('}')?;
        inside.split(':').next()
    })
}

/// What `inspect` tells of the variables that a site reads when it starts, by
/// name; nothing if there are none.
pub fn fact(open: &zs_data::Open) -> Option<String> {
    let mut defaults: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for (id, value) in open.values().iter() {
        if open.is_used(id) {
            let default = value.default.as_deref();
            let known = defaults.entry(&value.name).or_insert(default);
            // It must be set if it must be for any use of it.
            *known = known.and(default);
        }
    }
    let shown = |(name, default): (&&str, &Option<&str>)| match default {
        None => (*name).to_owned(),
        Some(default) => format!("{name} (default `{default}`)"),
    };
    let list: Vec<String> = defaults.iter().map(shown).collect();
    (!list.is_empty()).then(|| list.join(", "))
}

#[cfg(test)]
mod tests {
    use super::variables;

    #[test]
    fn variables_of_a_text() {
        let found: Vec<&str> = variables("{$A} {$B:x} {env.C} {$} {$D").collect();
        assert_eq!(found, ["A", "B", ""]);
    }
}
