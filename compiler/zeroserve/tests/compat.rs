//! COMPAT.md is the table of what is supported, and never says more.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use zs_config::{Kind, support_table};

#[test]
fn the_table_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../COMPAT.md");
    let expected = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).expect("COMPAT.md");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "COMPAT.md is out of date; run this test with BLESS=1"
    );
}

fn table() -> String {
    let mut text = String::from(
        "# What of Caddy's language is there\n\n\
         Made from the tables that the compiler reads configurations with\n\
         (`BLESS=1 cargo test --release -p zeroserve --test compat`). What is not supported is refused with its place\n\
         and its name.\n",
    );
    let sections = [
        (Kind::Directive, "Directives"),
        (Kind::Subdirective, "Words in directives"),
        (Kind::Matcher, "Matchers"),
        (Kind::Option, "Global options"),
    ];
    for (kind, title) in sections {
        let rows: Vec<_> = support_table()
            .into_iter()
            .filter(|row| row.kind == kind)
            .collect();
        let names = |supported: bool| {
            let names: Vec<String> = rows
                .iter()
                .filter(|row| row.supported == supported)
                .map(|row| format!("`{}`", row.name))
                .collect();
            if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            }
        };
        let _ = write!(
            text,
            "\n## {title}\n\nSupported: {}.\n\nNot yet: {}.\n",
            names(true),
            names(false)
        );
    }
    text
}
