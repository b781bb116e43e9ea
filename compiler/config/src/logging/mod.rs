//! The words of a `log` block, which mean the same in a site and among the global options.

mod filter;
mod format;
mod output;

use crate::context::{Context, Parsed};
use crate::model::{CustomLog, LogSampling};
use crate::plugins;
use crate::spec::{Block, Entry, Grammar, Line, Shape, Vocabulary, list_word, value_word};
use crate::values::duration::duration;
use crate::values::number::integer;

/// A logger as a `log` block describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LogBlock {
    /// The logger.
    pub(crate) log: CustomLog,
    /// The hosts whose requests it takes, if not those of the site.
    pub(crate) hostnames: Vec<String>,
    /// It takes requests only where `log_name` says so.
    pub(crate) no_hostname: bool,
}

/// A `log` block with the logger's name.
#[derive(Clone, Debug)]
pub(crate) struct NamedLog {
    /// The name; empty for one that says nothing, so that entries go to the default logger.
    pub(crate) name: String,
    /// The logger; none when the block says nothing about it.
    pub(crate) log: Option<CustomLog>,
    /// The hosts whose requests it takes, if not those of the site.
    pub(crate) hostnames: Vec<String>,
    /// It takes requests only where `log_name` says so.
    pub(crate) no_hostname: bool,
}

/// In a site.
pub(crate) const SITE: Grammar<LogBlock> = Grammar {
    vocabulary: Vocabulary::Subdirective("log"),
    entries: &[
        COMMON,
        &[list_word!("hostnames", 1, "<hosts...>" => hostnames)],
    ],
    other: None,
};

/// Among the global options.
pub(crate) const GLOBAL: Grammar<LogBlock> = Grammar {
    vocabulary: Vocabulary::Subdirective("log"),
    entries: &[
        COMMON,
        &[
            list_word!("include", 0, "<loggers...>" => log.include),
            list_word!("exclude", 0, "<loggers...>" => log.exclude),
        ],
    ],
    other: None,
};

const COMMON: &[Entry<LogBlock>] = &[
    Entry::once(
        "output",
        Shape::with_block(1, usize::MAX, Block::Maybe, "output <where> ..."),
        |block, line, cx| {
            block.log.writer = Some(output::parse(&line.inner(), cx)?);
            Ok(())
        },
    ),
    Entry::once(
        "format",
        Shape::with_block(1, usize::MAX, Block::Maybe, "format <encoder> ..."),
        |block, line, cx| {
            block.log.encoder = Some(format::parse(&line.inner(), cx)?);
            Ok(())
        },
    ),
    Entry::once(
        "level",
        Shape::arguments(1, 1, "level <level>"),
        |block, line, _| {
            line.text(0).clone_into(&mut block.log.level);
            Ok(())
        },
    ),
    Entry::unbuilt(Entry::once(
        "sampling",
        Shape::with_block(0, usize::MAX, Block::Maybe, "sampling { ... }"),
        sampling,
    )),
    Entry::once(
        "core",
        Shape::with_block(1, usize::MAX, Block::Maybe, "core <module>"),
        |_, line, cx| Err(plugins::refuse(&line.arguments[0], "log core", cx)),
    ),
    Entry::once(
        "no_hostname",
        Shape::arguments(0, 0, "no_hostname"),
        |block, _, _| {
            block.no_hostname = true;
            Ok(())
        },
    ),
];

const SAMPLING: Grammar<LogSampling> = Grammar {
    vocabulary: Vocabulary::Subdirective("sampling"),
    entries: &[&[
        value_word!("interval", "<length of time>", duration => interval),
        value_word!("first", "<number>", integer => first),
        value_word!("thereafter", "<number>", integer => thereafter),
    ]],
    other: None,
};

fn sampling(block: &mut LogBlock, line: &Line, cx: &mut Context) -> Parsed<()> {
    let mut sampling = LogSampling::default();
    SAMPLING.apply_all(line.lines(), &mut sampling, cx)?;
    block.log.sampling = Some(sampling);
    Ok(())
}
