//! `grace_period`, `shutdown_delay`

use super::Options;
use crate::spec::{Entry, Shape};
use crate::support::Status;
use crate::values::duration::timeout;

pub(super) const ENTRIES: &[Entry<Options>] = &[
    Entry::<Options>::last(
        "grace_period",
        Shape::arguments(1, 1, "grace_period <length of time>"),
        |options, line, cx| {
            options.grace_period = timeout(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .with_status(Status::Differs(
        "a built server is told with `--grace` how long requests may finish, 10 s if it is not",
    )),
    Entry::<Options>::last(
        "shutdown_delay",
        Shape::arguments(1, 1, "shutdown_delay <length of time>"),
        |options, line, cx| {
            options.shutdown_delay = timeout(&line.arguments[0], cx)?;
            Ok(())
        },
    )
    .with_status(Status::Differs(
        "a built server takes no more connections as soon as it is told to stop",
    )),
];
