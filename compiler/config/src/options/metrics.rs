//! `metrics { per_host; observe_catchall_hosts; otlp }`

use super::Options;
use crate::differences;
use crate::model::Metrics;
use crate::spec::{Block, Entry, Grammar, Shape, Vocabulary, flag_word};

pub(super) const ENTRIES: &[Entry<Options>] = &[Entry::with_status(
    Entry::last(
        "metrics",
        Shape::with_block(0, 0, Block::Maybe, "metrics { ... }"),
        |options, line, cx| {
            let mut metrics = Metrics::default();
            GRAMMAR.apply_all(line.lines(), &mut metrics, cx)?;
            options.metrics = Some(metrics);
            Ok(())
        },
    ),
    differences::METRICS,
)];

const GRAMMAR: Grammar<Metrics> = Grammar {
    vocabulary: Vocabulary::Subdirective("metrics"),
    entries: &[&[
        flag_word!("per_host" => per_host),
        flag_word!("observe_catchall_hosts" => observe_catchall_hosts),
        flag_word!("otlp" => otlp),
    ]],
    other: None,
};
