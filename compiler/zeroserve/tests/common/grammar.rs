//! Requests at random, from a grammar.
//!
//! A rule is a name with a colon and, indented below it, its alternatives, a
//! line each. `{name}` in an alternative stands for one of the alternatives of
//! that rule, `{$NAME}` for itself; `\n`, `\t`, `\0` and `\\` for those bytes; `()` for nothing. An alternative that begins with
//! `9x ` is taken nine times as often as one without. A rule of a later
//! text takes the place of one of an earlier text.

use std::collections::BTreeMap;

use super::random::Random;

/// How deep rules may nest before a grammar is taken for endless.
const DEPTH: usize = 200;

enum Part {
    Text(String),
    Rule(String),
}

/// Rules by name: each alternative with its weight.
pub struct Grammar(BTreeMap<String, Vec<(usize, Vec<Part>)>>);

impl Grammar {
    /// Reads texts; the first rules are those of the first.
    pub fn parse(texts: &[&str]) -> Self {
        let mut rules: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for text in texts {
            let mut name = String::new();
            for line in text.lines() {
                if let Some(alternative) = line.strip_prefix('\t') {
                    let rule = rules.get_mut(&name).expect("a rule has a name");
                    rule.push(alternative_of(alternative));
                } else if let Some(rule) = line.strip_suffix(':') {
                    rule.clone_into(&mut name);
                    rules.insert(name.clone(), Vec::new());
                } else {
                    assert!(
                        line.is_empty() || line.starts_with('#'),
                        "a line of a grammar: {line}"
                    );
                }
            }
        }
        Self(rules)
    }

    /// What a rule comes to.
    pub fn make(&self, rule: &str, random: &mut Random) -> String {
        let mut out = String::new();
        self.write(rule, random, 0, &mut out);
        out
    }

    fn write(&self, rule: &str, random: &mut Random, depth: usize, out: &mut String) {
        assert!(depth < DEPTH, "the grammar goes on and on in {rule}");
        let alternatives = self.0.get(rule);
        let alternatives = alternatives.unwrap_or_else(|| panic!("no rule is called {rule}"));
        let mut at = random.below(alternatives.iter().map(|(weight, _)| weight).sum());
        let chosen = alternatives.iter().find(|(weight, _)| {
            let here = at < *weight;
            at = at.wrapping_sub(*weight);
            here
        });
        for part in &chosen.expect("weights add up").1 {
            match part {
                Part::Text(text) => *out += text,
                Part::Rule(rule) => self.write(rule, random, depth + 1, out),
            }
        }
    }
}

fn alternative_of(line: &str) -> (usize, Vec<Part>) {
    let weighted = line.split_once("x ").and_then(|(weight, rest)| {
        let weight = weight.parse::<usize>().ok()?;
        Some((weight, rest))
    });
    let (weight, mut rest) = weighted.unwrap_or((1, line));
    let mut parts = Vec::new();
    while let Some((before, behind)) = rest.split_once('{') {
        parts.push(Part::Text(plain(before)));
        let (rule, after) = behind.split_once('}').expect("`{` has its `}`");
        parts.push(match rule.starts_with('$') {
            true => Part::Text(format!("{{{rule}}}")),
            false => Part::Rule(rule.to_owned()),
        });
        rest = after;
    }
    parts.push(Part::Text(plain(rest)));
    (weight, parts)
}

fn plain(text: &str) -> String {
    match text {
        "()" => String::new(),
        text => text
            .replace("\\\\", "\u{1}")
            .replace("\\n", "\n")
            .replace("\\t", "\t")
            .replace("\\0", "\0")
            .replace('\u{1}', "\\"),
    }
}
