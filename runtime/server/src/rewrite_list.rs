//! Applies the operations of a rewrite to the current request.

use zs_abi::RewriteKind;
use zs_abi::query::{join_into, mark_into};
use zs_abi::tables::{RewriteList, RewriteListId, RewriteOp};
use zs_io::Clock;
use zs_proto::query::Query;
use zs_proto::regex::{Program, Scratch};
use zs_proto::regex_replace::Replacer;
use zs_proto::rewrite;
use zs_proto::{Target, ascii};

use crate::exchange::Exchange;
use crate::expand::Expander;
use crate::site::LoadedSite;

/// Applies a list. Returns false if there is no such list or one of its
/// operations does not exist.
pub fn apply(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    clock: Clock,
    list: RewriteListId,
    scratch: &mut Scratch,
) -> bool {
    let Some(record) = site.data.record::<RewriteList>(list.0) else {
        return false;
    };
    exchange.request.keep_original();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    // A rule's path and query see the same target, so that the path is set
    // when the query is made.
    let mut path: Option<Vec<u8>> = None;
    for operation in site.data.range::<RewriteOp>(record.operations) {
        let Some(kind) = RewriteKind::from_number(operation.kind) else {
            return false;
        };
        if kind != RewriteKind::QueryText {
            set_pending(&mut path, exchange);
        }
        let expander = Expander {
            site,
            exchange,
            clock,
        };
        let operands = Operands {
            site,
            first: expander.value(&operation.first, &mut first),
            second: expander.value(&operation.second, &mut second),
            program: operation.regex.and_then(|regex| site.regex(regex)),
            limit: operation.limit,
        };
        if kind == RewriteKind::Method {
            exchange.request.method = operands.first.to_ascii_uppercase();
        } else if kind == RewriteKind::Path {
            path = Some(operands.first.to_vec());
        } else if !operands.change(kind, &mut exchange.request.target, scratch) {
            return false;
        }
    }
    set_pending(&mut path, exchange);
    true
}

fn set_pending(path: &mut Option<Vec<u8>>, exchange: &mut Exchange) {
    if let Some(path) = path.take() {
        rewrite::set_path(&mut exchange.request.target, &path);
    }
}

struct Operands<'a> {
    site: &'static LoadedSite,
    first: &'a [u8],
    second: &'a [u8],
    program: Option<Program<'static>>,
    limit: u32,
}

impl<'a> Operands<'a> {
    fn change(&self, kind: RewriteKind, target: &mut Target, scratch: &mut Scratch) -> bool {
        let (first, second) = (self.first, self.second);
        match kind {
            RewriteKind::PathInjected => path_injected(target, first),
            RewriteKind::StripPrefix => rewrite::strip_prefix(target, first),
            RewriteKind::StripSuffix => rewrite::strip_suffix(target, first),
            RewriteKind::Replace => rewrite::replace(target, first, second, self.limit),
            RewriteKind::PathRegexp => {
                let Some(replacer) = self.replacer(first) else {
                    return false;
                };
                rewrite::replace_matches(target, &replacer, scratch);
            }
            RewriteKind::QueryText => {
                target.query.clear();
                join_into(first, &mut target.query);
            }
            RewriteKind::QueryRename if second.is_empty() => {
                rewrite::change_query(target, |_| {});
            }
            _ => rewrite::change_query(target, |query| self.change_query(kind, query, scratch)),
        }
        true
    }

    /// Query operations without a name do nothing, as in Caddy.
    fn change_query(&self, kind: RewriteKind, query: &mut Query, scratch: &mut Scratch) {
        let (first, second) = (self.first, self.second);
        if first.is_empty() {
            return;
        }
        match kind {
            RewriteKind::QueryRename => query.rename(first, second),
            RewriteKind::QuerySet => query.set(first, second),
            RewriteKind::QueryAdd => query.add(first, second),
            RewriteKind::QueryDelete => query.remove(first),
            RewriteKind::QueryReplace => self.replace_in_query(query, scratch),
            _ => {}
        }
    }

    /// Replaces in the values of one parameter, or of all (`*`).
    fn replace_in_query(&self, query: &mut Query, scratch: &mut Scratch) {
        let (search, replacement) = match self.second.iter().position(|byte| *byte == 0) {
            Some(nul) => (&self.second[..nul], &self.second[nul + 1..]),
            None => (&b""[..], self.second),
        };
        let replacer = self.replacer(replacement);
        for (name, value) in &mut query.pairs {
            if self.first != b"*" && name != self.first {
                continue;
            }
            let mut out = Vec::new();
            match &replacer {
                Some(replacer) => {
                    replacer.replace_into(value, scratch, &mut out);
                }
                None => {
                    ascii::replace_into(value, search, replacement, usize::MAX, &mut out);
                }
            }
            *value = out;
        }
    }

    fn replacer(&self, replacement: &'a [u8]) -> Option<Replacer<'a>> {
        Some(Replacer {
            program: self.program?,
            data: self.site.data.bytes(),
            replacement,
        })
    }
}

/// Sets the path, and the query if the text has a question mark: it came out
/// of a placeholder. Braces in such a query are escaped, as in Caddy.
fn path_injected(target: &mut Target, text: &[u8]) {
    let Some(mark) = text.iter().position(|byte| *byte == b'?') else {
        rewrite::set_path(target, text);
        return;
    };
    rewrite::set_path(target, &text[..mark]);
    let (mut half, mut escaped) = (Vec::new(), Vec::new());
    ascii::replace_into(&text[mark + 1..], b"{", b"%7B", usize::MAX, &mut half);
    ascii::replace_into(&half, b"}", b"%7D", usize::MAX, &mut escaped);
    let mut marked = Vec::new();
    mark_into(&escaped, &mut marked);
    target.query.clear();
    join_into(&marked, &mut target.query);
}
