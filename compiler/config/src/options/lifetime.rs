//! `grace_period`, `shutdown_delay`

use super::Options;
use crate::spec::{Entry, Shape};
use crate::values::duration::timeout;

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::<Options>::last(
        "grace_period",
        Shape::arguments(1, 1, "grace_period <length of time>"),
        |options, line, cx| {
            options.grace_period = timeout(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
    Entry::<Options>::last(
        "shutdown_delay",
        Shape::arguments(1, 1, "shutdown_delay <length of time>"),
        |options, line, cx| {
            options.shutdown_delay = timeout(&line.arguments[0], cx)?;
            Ok(())
        },
    ),
];
