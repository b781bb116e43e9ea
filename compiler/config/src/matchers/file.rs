//! `file [<files...>] { root ...; try_files ...; try_policy ...; split_path ... }`

use zs_diagnostics::codes;
use zs_syntax::Token;

use super::Matching;
use crate::context::{Context, Parsed, suggest};
use crate::model::{At, FileMatcher};
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary};

pub(super) const ENTRY: Entry<Matching> = Entry::<Matching>::many(
    "file",
    Shape::with_block(0, usize::MAX, Block::Maybe, "file [<files...>] { ... }"),
    apply,
);

pub(crate) const GRAMMAR: Grammar<FileMatcher> = Grammar {
    vocabulary: Vocabulary::Subdirective("file"),
    entries: &[&[
        Entry::<FileMatcher>::last(
            "root",
            Shape::arguments(1, 1, "root <folder>"),
            |file, line, _| {
                line.text(0).clone_into(&mut file.root);
                Ok(())
            },
        ),
        Entry::<FileMatcher>::many(
            "try_files",
            Shape::arguments(1, usize::MAX, "try_files <files...>"),
            |file, line, _| {
                file.try_files.extend(line.texts());
                Ok(())
            },
        ),
        Entry::<FileMatcher>::last("try_policy", POLICY, |file, line, cx| {
            file.try_policy = policy(&line.arguments[0], cx)?;
            Ok(())
        }),
        Entry::<FileMatcher>::last(
            "split_path",
            Shape::arguments(1, usize::MAX, "split_path <texts...>"),
            |file, line, _| {
                file.split_path = line.texts();
                Ok(())
            },
        ),
    ]],
    other: None,
};

/// The shape of a line that names a policy.
pub(crate) const POLICY: Shape = Shape::arguments(
    1,
    1,
    "try_policy first_exist|first_exist_fallback|smallest_size|largest_size|most_recently_modified",
);

/// Which of several files is chosen.
pub(crate) fn policy(token: &Token, cx: &mut Context) -> Parsed<String> {
    const POLICIES: [&str; 5] = [
        "first_exist",
        "first_exist_fallback",
        "smallest_size",
        "largest_size",
        "most_recently_modified",
    ];
    if POLICIES.contains(&token.text.as_str()) {
        return Ok(token.text.clone());
    }
    let message = format!("unknown policy `{}`", token.text);
    let help = suggest(
        &token.text,
        POLICIES,
        &format!("one of {}", POLICIES.join(", ")),
    );
    Err(cx.fail(token, codes::BAD_VALUE, message, help))
}

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let file = matching
        .set
        .file
        .get_or_insert_with(|| At::new(FileMatcher::default(), line.name.span));
    file.try_files.extend(line.texts());
    GRAMMAR.apply_all(line.lines(), file, cx)
}
