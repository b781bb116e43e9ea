//! The order of directives, which the global option `order` changes.

use zs_diagnostics::codes;

use super::{ORDERED, all};
use crate::context::{Context, Parsed, suggest};
use crate::spec::Line;
use crate::third_party::{self, Place};

/// The names of directives in the order in which their routes are sorted.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    names: Vec<&'static str>,
}

impl Order {
    /// Caddy's standard order.
    pub(crate) fn standard() -> Self {
        Order {
            names: ORDERED.iter().map(|directive| directive.name).collect(),
        }
    }

    /// The place of a directive. Those without one cannot stand where routes are sorted.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| *other == name)
    }

    /// `order <directive> first|last|before <other>|after <other>`
    pub(crate) fn change(line: &Line, cx: &mut Context) -> Parsed<()> {
        let directive = &line.arguments[0];
        let Some(name) = all()
            .map(|known| known.name)
            .find(|known| *known == directive.text)
        else {
            if let Some(reported) = third_party::explain(Place::Directive, directive, cx) {
                return Err(reported);
            }
            let help = suggest(
                &directive.text,
                all().map(|known| known.name),
                "name a directive",
            );
            return Err(cx.fail(
                directive,
                codes::UNKNOWN_DIRECTIVE,
                format!("unknown directive `{}`", directive.text),
                help,
            ));
        };
        let mut names = cx.order.names.clone();
        names.retain(|other| *other != name);
        let place = &line.arguments[1];
        let other = line.arguments.get(2);
        let at = match (place.text.as_str(), other) {
            ("first", None) => 0,
            ("last", None) => names.len(),
            ("before" | "after", Some(other)) => {
                let Some(at) = names.iter().position(|name| *name == other.text) else {
                    let message =
                        format!("`{}` has no place in the order of directives", other.text);
                    let help = suggest(
                        &other.text,
                        names.iter().copied(),
                        "name a directive that handles requests",
                    );
                    return Err(cx.fail(other, codes::BAD_VALUE, message, help));
                };
                at + usize::from(place.text == "after")
            }
            _ => {
                let message = format!("`{}` is no place in the order", place.text);
                let help = "write `first`, `last`, `before <directive>` or `after <directive>`";
                return Err(cx.fail(place, codes::BAD_VALUE, message, help));
            }
        };
        names.insert(at, name);
        cx.order.names = names;
        Ok(())
    }
}
