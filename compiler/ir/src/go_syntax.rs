//! Go's syntax of regular expressions in that of the crate that parses them.
//!
//! Both know Unicode, but Go's `\d`, `\s`, `\w` and `\b` are about ASCII. What
//! means something else in Go, or nothing, is refused.

use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{
    Assertion, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSetBinaryOp, ClassSetItem, Flag,
    FlagsItemKind, RepetitionKind, RepetitionRange, Span, Visitor, visit,
};

/// Most repetitions that Go lets a pattern count.
const REPEAT_MAX: u32 = 1000;

/// The pattern with Go's meaning.
///
/// # Errors
/// What Go does not have, in one sentence; malformed patterns are left to
/// whoever compiles the result.
pub fn translate(pattern: &str) -> Result<String, String> {
    let Ok(ast) = Parser::new().parse(pattern) else {
        return Ok(pattern.to_owned());
    };
    let changes = visit(&ast, Changes::default())?;
    let mut out = String::new();
    let mut at = 0;
    for (span, text) in changes {
        out += &pattern[at..span.start.offset];
        out += &text;
        at = span.end.offset;
    }
    Ok(out + &pattern[at..])
}

/// Parts of the pattern and what takes their place, in order.
#[derive(Default)]
struct Changes {
    found: Vec<(Span, String)>,
    /// How many brackets are open.
    classes: u32,
}

impl Changes {
    /// `\s` of Go has no vertical tab.
    fn perl(&mut self, class: &ClassPerl) {
        let letters = match class.kind {
            ClassPerlKind::Digit => "0-9",
            ClassPerlKind::Space => r"\t\n\f\r ",
            ClassPerlKind::Word => "0-9A-Za-z_",
        };
        let caret = if class.negated { "^" } else { "" };
        let text = match self.classes {
            0 => format!("(?-i:[{caret}{letters}])"),
            _ => format!("[{caret}{letters}]"),
        };
        self.found.push((class.span, text));
    }

    fn assertion(&mut self, assertion: &Assertion) {
        let text = match assertion.kind {
            AssertionKind::WordBoundary => r"(?-u:\b)",
            AssertionKind::NotWordBoundary => r"(?-u:\B)",
            _ => return,
        };
        self.found.push((assertion.span, text.to_owned()));
    }
}

impl Visitor for Changes {
    type Output = Vec<(Span, String)>;
    type Err = String;

    fn finish(mut self) -> Result<Self::Output, String> {
        self.found.sort_by_key(|(span, _)| span.start.offset);
        Ok(self.found)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), String> {
        match ast {
            Ast::ClassPerl(class) => self.perl(class),
            Ast::ClassBracketed(_) => self.classes += 1,
            Ast::Assertion(assertion) => self.assertion(assertion),
            Ast::Repetition(repetition) => {
                if matches!(*repetition.ast, Ast::Repetition(_)) {
                    return Err("a repetition is repeated; put it into a group".to_owned());
                }
                let most = match &repetition.op.kind {
                    RepetitionKind::Range(
                        RepetitionRange::Exactly(most)
                        | RepetitionRange::AtLeast(most)
                        | RepetitionRange::Bounded(_, most),
                    ) => *most,
                    _ => 0,
                };
                if most > REPEAT_MAX {
                    return Err(format!("more than {REPEAT_MAX} repetitions"));
                }
            }
            Ast::Flags(flags) => flags_of_go(flags.flags.items.iter().map(|item| &item.kind))?,
            Ast::Group(group) => {
                if let Some(flags) = group.flags() {
                    flags_of_go(flags.items.iter().map(|item| &item.kind))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn visit_post(&mut self, ast: &Ast) -> Result<(), String> {
        if matches!(ast, Ast::ClassBracketed(_)) {
            self.classes -= 1;
        }
        Ok(())
    }

    fn visit_class_set_item_pre(&mut self, item: &ClassSetItem) -> Result<(), String> {
        match item {
            ClassSetItem::Perl(class) => {
                self.perl(class);
                Ok(())
            }
            ClassSetItem::Bracketed(_) => {
                Err(r"a bracket within brackets means itself in Go; write `\[`".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn visit_class_set_binary_op_pre(&mut self, _: &ClassSetBinaryOp) -> Result<(), String> {
        Err(
            "`&&`, `--` and `~~` within brackets mean themselves in Go; write the letter once"
                .to_owned(),
        )
    }
}

fn flags_of_go<'a>(mut flags: impl Iterator<Item = &'a FlagsItemKind>) -> Result<(), String> {
    let known = |kind: &FlagsItemKind| {
        use Flag::{CaseInsensitive, DotMatchesNewLine, MultiLine, SwapGreed};
        match kind {
            FlagsItemKind::Negation => true,
            FlagsItemKind::Flag(flag) => {
                matches!(
                    flag,
                    CaseInsensitive | DotMatchesNewLine | MultiLine | SwapGreed
                )
            }
        }
    };
    if flags.all(known) {
        Ok(())
    } else {
        Err("Go has the flags i, m, s and U only".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn classes_are_ascii() {
        for (pattern, expected) in [
            (r"^/(\d+)$", r"^/((?-i:[0-9])+)$"),
            (r"[\w.-]\S", r"[[0-9A-Za-z_].-](?-i:[^\t\n\f\r ])"),
            (r"\bx\B", r"(?-u:\b)x(?-u:\B)"),
            ("\u{e9}+", "\u{e9}+"),
            ("(", "("),
        ] {
            assert_eq!(translate(pattern).as_deref(), Ok(expected));
        }
        for pattern in ["a**", "a{1001}", "[a[b]]", "[a&&b]", "(?x)a", "(?u:a)"] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
    }
}
