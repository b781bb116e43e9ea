//! COMPAT.md is the table of what is supported, and never says more.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use zs_config::{Kind, Status, support_table};

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
         (`BLESS=1 cargo test --release -p zeroserve --test compat`). What is refused is refused with its place and\n\
         its name; `adapt` prints what it understands even where no site can be built of it yet.\n",
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
        let _ = writeln!(text, "\n## {title}");
        type Belongs = fn(Status) -> bool;
        let lists: [(&str, Belongs); 3] = [
            ("Works", |status| status == Status::Works),
            ("Adapted, and refused when a site is built", |status| {
                matches!(status, Status::Unbuilt(_))
            }),
            (
                "Refused, because only modules of third parties give it a meaning",
                |status| status == Status::Foreign,
            ),
        ];
        for (label, belongs) in lists {
            let names: Vec<String> = rows
                .iter()
                .filter(|row| belongs(row.status))
                .map(|row| format!("`{}`", row.name))
                .collect();
            if !names.is_empty() {
                let _ = writeln!(text, "\n{label}: {}.", names.join(", "));
            }
        }
        let differing = rows.iter().filter_map(|row| match row.status {
            Status::Differs(difference) => Some((&row.name, difference)),
            _ => None,
        });
        for (index, (name, difference)) in differing.enumerate() {
            let start = if index == 0 {
                "\nAccepted with a warning:\n\n"
            } else {
                ""
            };
            let _ = writeln!(text, "{start}- `{name}`: {difference}");
        }
    }
    text
}
