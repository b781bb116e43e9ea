//! `metrics [<matcher>] { disable_openmetrics }`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{Handler, MetricsHandler};
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary};

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "metrics",
    Shape::with_block(0, 0, Block::Maybe, "metrics [<matcher>]"),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<MetricsHandler> = Grammar {
    vocabulary: Vocabulary::Subdirective("metrics"),
    entries: &[&[Entry::<MetricsHandler>::many(
        "disable_openmetrics",
        Shape::arguments(0, 0, "disable_openmetrics"),
        |metrics, _, _| {
            metrics.disable_openmetrics = true;
            Ok(())
        },
    )
    .unbuilt()]],
    other: None,
};

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut metrics = MetricsHandler {
        origin: call.origin().into(),
        ..MetricsHandler::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut metrics, call.cx)?;
    Ok(Handler::Metrics(metrics))
}
