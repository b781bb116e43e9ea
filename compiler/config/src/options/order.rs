//! `order <directive> first|last|before <other>|after <other>`

use super::Options;
use crate::directives::order::Order;
use crate::spec::{Entry, Shape};

pub(super) const ENTRIES: &[Entry<Options>] = &[Entry::many(
    "order",
    Shape::arguments(
        2,
        3,
        "order <directive> first|last|before <other>|after <other>",
    ),
    |_, line, cx| Order::change(line, cx),
)];
