//! Applies the header operations of a list to a head.

use zs_abi::tables::{HeaderList, HeaderListId, HeaderOp};
use zs_abi::{HeadTarget, HeaderOpKind};
use zs_io::Clock;
use zs_proto::header_ops::{self, Search};
use zs_proto::regex_replace::Replacer;
use zs_proto::{Head, regex};

use crate::exchange::Exchange;
use crate::expand::Expander;
use crate::site::LoadedSite;

/// Buffers that the operations need; reused from list to list.
#[derive(Debug, Default)]
pub struct Scratch {
    name: Vec<u8>,
    value: Vec<u8>,
    search: Vec<u8>,
    /// What a regular expression needs.
    pub regex: regex::Scratch,
}

/// Applies a list to the head that `target` names. Each operation sees what
/// the ones before it did. Returns false if there is no such list.
pub fn apply(
    site: &'static LoadedSite,
    exchange: &mut Exchange,
    clock: Clock,
    list: HeaderListId,
    target: HeadTarget,
    scratch: &mut Scratch,
) -> bool {
    let Some(record) = site.data.record::<HeaderList>(list.0) else {
        return false;
    };
    for operation in site.data.range::<HeaderOp>(record.operations) {
        let Some(kind) = HeaderOpKind::from_number(operation.kind) else {
            return false;
        };
        let expander = Expander {
            site,
            exchange,
            clock,
        };
        let name = expander.value(&operation.name, &mut scratch.name);
        let value = expander.value(&operation.value, &mut scratch.value);
        let text = expander.value(&operation.search, &mut scratch.search);
        let search = match operation.regex.map(|regex| site.regex(regex)) {
            Some(None) => return false,
            Some(Some(program)) => Search::Regex(Replacer {
                program,
                data: site.data.bytes(),
                replacement: value,
            }),
            None => Search::Text(text, value),
        };
        let head = head_mut(exchange, target);
        match kind {
            HeaderOpKind::Clear => head.clear(),
            HeaderOpKind::Add => head.push(name, value),
            HeaderOpKind::Set => head.set(name, value),
            HeaderOpKind::Delete => header_ops::delete(head, name),
            HeaderOpKind::Replace => {
                header_ops::replace(head, name, &search, &mut scratch.regex);
            }
            _ => return false,
        }
    }
    if target == HeadTarget::Request {
        one_host(&mut exchange.request.head);
    }
    true
}

/// The head that a target names.
pub fn head_mut(exchange: &mut Exchange, target: HeadTarget) -> &mut Head {
    match target {
        HeadTarget::Request => &mut exchange.request.head,
        HeadTarget::Response => &mut exchange.response.head,
        HeadTarget::UpstreamRequest => &mut exchange.upstream.request,
        HeadTarget::UpstreamResponse => &mut exchange.upstream.response,
    }
}

/// The head that a target names.
pub fn head(exchange: &Exchange, target: HeadTarget) -> &Head {
    match target {
        HeadTarget::Request => &exchange.request.head,
        HeadTarget::Response => &exchange.response.head,
        HeadTarget::UpstreamRequest => &exchange.upstream.request,
        HeadTarget::UpstreamResponse => &exchange.upstream.response,
    }
}

/// Of several `Host` fields the last one counts.
fn one_host(head: &mut Head) {
    if head.values(b"Host").count() > 1 {
        let last = head.values(b"Host").last().unwrap_or(b"").to_vec();
        head.set(b"Host", &last);
    }
}
