//! `expression <text>`, and a quoted text in a matcher's place

use zs_cel::Source;
use zs_syntax::{Quote, Token};

use super::Matching;
use crate::context::{Context, Parsed};
use crate::model::{At, CelExpression, Expression};
use crate::spec::{Entry, Line, Shape};

pub(super) const ENTRY: Entry<Matching> = Entry::<Matching>::once(
    NAME,
    Shape::arguments(1, usize::MAX, "expression <text>"),
    apply,
);

pub(super) const NAME: &str = "expression";

fn apply(matching: &mut Matching, line: &Line, cx: &mut Context) -> Parsed<()> {
    let expression = match line.arguments {
        [text] => CelExpression {
            expr: text.text.clone(),
            name: matching.name.clone(),
            source: source(line.arguments),
        },
        // Quotes among several words belong to the expression. Such an expression has no name.
        words => CelExpression {
            expr: words.iter().map(raw).collect::<Vec<_>>().join(" "),
            name: String::new(),
            source: source(line.arguments),
        },
    };
    cx.check_building(line.name, |sink| {
        // The tree is made again where it is built from; here it is the mistakes that count.
        let _tree = zs_cel::compile(&expression.source, sink);
    });
    matching.set.expression = Some(At::new(Expression::Cel(expression), line.name.span));
    Ok(())
}

/// The expression with the places of its words.
fn source(words: &[Token]) -> Source {
    match words {
        [text] => Source::word(&text.text, text.span),
        words => {
            let mut source = Source::default();
            for word in words {
                source.push(&raw(word), word.span);
            }
            source
        }
    }
}

/// A word with its quotes.
fn raw(token: &Token) -> String {
    match token.quote {
        Quote::None | Quote::Heredoc => token.text.clone(),
        Quote::Double => format!("\"{}\"", token.text),
        Quote::Backtick => format!("`{}`", token.text),
    }
}
