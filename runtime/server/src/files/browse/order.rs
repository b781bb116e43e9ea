//! In which order a list is, and which part of it is wanted: by the query, by cookies that keep an earlier wish, and by
//! the configuration.

use std::cmp::{Ordering, Reverse};

use zs_abi::tables::{
    BROWSE_ASCENDING, BROWSE_BY_NAME, BROWSE_BY_SIZE, BROWSE_BY_TIME, BROWSE_DESCENDING,
    BROWSE_FOLDERS_FIRST, Browse,
};
use zs_proto::query::raw_pairs;

use super::folder::Item;
use crate::exchange::Exchange;

/// What a client wants to see of a list.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// The key, as it was asked for; one that there is not sorts nothing.
    pub sort: Vec<u8>,
    /// The direction, as it was asked for.
    pub order: Vec<u8>,
    /// How many files at the start are left out.
    pub offset: usize,
    /// How many are listed; 0 for all.
    pub limit: usize,
    /// What names are to hold, on the page.
    pub filter: Vec<u8>,
    /// Whether key and direction are to be kept by the client.
    pub kept: [bool; 2],
    /// Whether the client asks over TLS.
    pub is_secure: bool,
}

/// Keys, with their numbers in the configuration.
const KEYS: [(&[u8], u32); 4] = [
    (b"name", BROWSE_BY_NAME),
    (b"namedirfirst", BROWSE_FOLDERS_FIRST),
    (b"size", BROWSE_BY_SIZE),
    (b"time", BROWSE_BY_TIME),
];

/// Directions, with their numbers in the configuration.
const DIRECTIONS: [(&[u8], u32); 2] = [(b"asc", BROWSE_ASCENDING), (b"desc", BROWSE_DESCENDING)];

impl Wish {
    pub(super) fn new(exchange: &Exchange, settings: &Browse) -> Self {
        let query = &exchange.request.target.query;
        let (sort, keeps_sort) = choose(exchange, b"sort", &KEYS, settings.sort);
        let (order, keeps_order) = choose(exchange, b"order", &DIRECTIONS, settings.order);
        Self {
            sort: sort.unwrap_or_else(|| b"namedirfirst".to_vec()),
            order: order.unwrap_or_else(|| b"asc".to_vec()),
            offset: number(&parameter(query, b"offset")),
            limit: number(&parameter(query, b"limit")),
            filter: parameter(query, b"filter"),
            kept: [keeps_sort, keeps_order],
            is_secure: exchange.origin.tls.is_some(),
        }
    }

    /// The fields that keep the wish.
    pub(super) fn cookies(&self) -> Vec<(&'static str, Vec<u8>)> {
        let secure: &[u8] = if self.is_secure { b"; Secure" } else { b"" };
        let values = [(&b"sort="[..], &self.sort), (b"order=", &self.order)];
        let kept = values.into_iter().zip(self.kept).filter(|(_, kept)| *kept);
        kept.map(|((name, value), _)| {
            let cookie = [name, value, b"; HttpOnly", secure, b"; SameSite=Lax"];
            ("Set-Cookie", cookie.concat())
        })
        .collect()
    }

    /// Leaves out what is not asked for by name.
    pub(super) fn filter(&self, items: &mut Vec<Item>) {
        let wanted = String::from_utf8_lossy(&self.filter).to_lowercase();
        if !wanted.is_empty() {
            items.retain(|item| item.lower.contains(&wanted));
        }
    }

    /// Sorts a list and cuts it. What is the same by the key is in the order of names.
    pub(super) fn apply(&self, items: &mut Vec<Item>) {
        let compare: Option<fn(&Item, &Item) -> Ordering> = match &self.sort[..] {
            b"name" => Some(|_, _| Ordering::Equal),
            b"namedirfirst" => Some(|one, other| other.is_folder.cmp(&one.is_folder)),
            b"size" => Some(|one, other| size(one).cmp(&size(other))),
            b"time" => Some(|one, other| one.changed.cmp(&other.changed)),
            _ => None,
        };
        let compare = compare.map(|by_key| {
            move |one: &Item, other: &Item| {
                let by_name = || (&one.lower, &one.name).cmp(&(&other.lower, &other.name));
                by_key(one, other).then_with(by_name)
            }
        });
        match compare {
            Some(compare) if self.order == b"desc" => {
                items.sort_by(|one, other| {
                    Reverse(compare(one, other)).cmp(&Reverse(Ordering::Equal))
                });
            }
            Some(compare) => items.sort_by(compare),
            None => {}
        }
        items.drain(..self.offset.min(items.len()));
        if self.limit > 0 {
            items.truncate(self.limit);
        }
    }
}

/// What counts as a file's size: sizes of folders mean nothing, they come first.
fn size(item: &Item) -> Option<u64> {
    (!item.is_folder).then_some(item.size)
}

/// What is asked for by the query, or else by the configuration, or else by a cookie; and whether it is to be kept.
fn choose(
    exchange: &Exchange,
    name: &[u8],
    known: &[(&[u8], u32)],
    configured: u32,
) -> (Option<Vec<u8>>, bool) {
    let mut asked = parameter(&exchange.request.target.query, name);
    if asked.is_empty()
        && let Some((word, _)) = known.iter().find(|(_, number)| *number == configured)
    {
        asked = word.to_vec();
    }
    if asked.is_empty() {
        return (cookie(exchange, name), false);
    }
    let keeps = known.iter().any(|(word, _)| *word == asked);
    (Some(asked), keeps)
}

/// The first value of a query parameter; empty if there is none.
fn parameter(query: &[u8], wanted: &[u8]) -> Vec<u8> {
    let (mut name, mut value) = (Vec::new(), Vec::new());
    for pair in raw_pairs(query) {
        name.clear();
        value.clear();
        if pair.decode(&mut name, &mut value) && name == wanted {
            return value;
        }
    }
    Vec::new()
}

/// The first cookie of a name.
fn cookie(exchange: &Exchange, wanted: &[u8]) -> Option<Vec<u8>> {
    let fields = exchange.request.head.values(b"Cookie");
    let mut pairs = fields.flat_map(|field| field.split(|byte| *byte == b';'));
    pairs.find_map(|pair| {
        let value = pair.trim_ascii().strip_prefix(wanted)?.strip_prefix(b"=")?;
        let bare = value
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""));
        Some(bare.unwrap_or(value).to_vec())
    })
}

/// A number of files; 0 for what is none, or below that.
fn number(text: &[u8]) -> usize {
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let is_number = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(text).unwrap_or_default();
    match is_number {
        true => digits.parse().unwrap_or(usize::MAX),
        false => 0,
    }
}
