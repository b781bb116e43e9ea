//! Which variables operations and actions read, by way of the records that they name.

use std::collections::BTreeSet;

use zs_abi::Source;
use zs_abi::data::Range;
use zs_abi::tables::{
    Account, BasicAuth, Candidate, Error, FileLook, FileServer, HeaderList, HeaderListId, HeaderOp,
    Item, Response, RewriteList, RewriteOp, Segment, Subrequest, Template, TemplateId, Upstream,
    Value, VariableId,
};
use zs_data::DataBuilder;

use crate::program::{Act, End, Op, Proxy};

/// The records.
#[derive(Clone, Copy)]
pub struct Reads<'a> {
    pub data: &'a DataBuilder,
    pub proxies: &'a [Proxy],
}

type Variables = BTreeSet<VariableId>;

impl Reads<'_> {
    /// What an operation reads.
    pub fn of_op(self, op: &Op) -> Variables {
        match op {
            Op::Expand { template, .. }
            | Op::RegisterPlaceholder { template, .. }
            | Op::VarSet { template, .. }
            | Op::BodySet { template } => self.of_template(*template),
            Op::HeaderOps { list, .. } => self.of_headers(*list),
            Op::Rewrite { list, error } => {
                let list = self.data.record::<RewriteList>(list.0);
                let operations = list.map_or(Range::default(), |list| list.operations);
                let operations = self.data.range::<RewriteOp>(operations);
                let values = operations.flat_map(|operation| [operation.first, operation.second]);
                let mut reads = self.of_values(values);
                reads.extend(self.of_error(error.0));
                reads
            }
            Op::FileLook { look, .. } => {
                let Some(look) = self.data.record::<FileLook>(look.0) else {
                    return Variables::new();
                };
                let candidates = self.data.range::<Candidate>(look.candidates);
                let candidates = candidates.map(|candidate| candidate.value);
                let others = self.items(look.split).chain([look.root]);
                self.of_values(candidates.chain(others))
            }
            Op::PathSet { .. }
            | Op::Walk { .. }
            | Op::HostLookup { .. }
            | Op::HeaderFind { .. }
            | Op::QueryFind { .. }
            | Op::EncodeBegin { .. }
            | Op::EncodeSniff { .. }
            | Op::Encode { .. }
            | Op::RegistersClear
            | Op::RegisterConstant { .. }
            | Op::RegisterCopy { .. }
            | Op::RegisterRegex { .. }
            | Op::RegisterCall { .. }
            | Op::FirstOf { .. }
            | Op::Choose { .. }
            | Op::BodyLimit { .. }
            | Op::LocalSet { .. }
            | Op::FilterPush { .. }
            | Op::ScopePush { .. }
            | Op::ScopePop
            | Op::TrustPeer { .. } => Variables::new(),
        }
    }

    /// What the end of a block reads.
    pub fn of_end(self, end: &End) -> Variables {
        let End::Act { act, .. } = end else {
            return Variables::new();
        };
        match act {
            Act::Respond(number) => {
                let Some(response) = self.data.record::<Response>(number.0) else {
                    return Variables::new();
                };
                let headers = response.headers.map(|list| self.of_headers(list));
                let status = response.status_template.map(|text| self.of_template(text));
                let mut reads = self.of_values([response.body]);
                reads.extend(headers.into_iter().chain(status).flatten());
                reads
            }
            Act::Error(number) => self.of_error(number.0),
            Act::Proxy(number) => {
                let Some(proxy) = self.proxies.get(number.0 as usize) else {
                    return Variables::new();
                };
                let upstreams = self.data.range::<Upstream>(proxy.record.upstreams);
                let values = upstreams.flat_map(|upstream| [upstream.host, upstream.port]);
                self.of_values(values.chain([proxy.record.server_name]))
            }
            Act::Subrequest(number) => {
                let request = self.data.record::<Subrequest>(number.0);
                self.of_values(
                    request
                        .iter()
                        .flat_map(|request| [request.method, request.target]),
                )
            }
            Act::Files(number) => {
                let Some(files) = self.data.record::<FileServer>(number.0) else {
                    return Variables::new();
                };
                let items = [
                    files.hide,
                    files.index,
                    files.encodings,
                    files.etag_extensions,
                ];
                let items = items.into_iter().flat_map(|items| self.items(items));
                self.of_values(items.chain([files.root, files.status]))
            }
            Act::Authenticate(number) => {
                let record = self.data.record::<BasicAuth>(number.0);
                let accounts = record.map_or(Range::default(), |record| record.accounts);
                let accounts = self.data.range::<Account>(accounts);
                self.of_values(accounts.flat_map(|account| [account.name, account.hash]))
            }
            Act::End | Act::Yes | Act::Abort | Act::Goto => Variables::new(),
        }
    }

    /// What a text with placeholders reads.
    pub fn of_template(self, template: TemplateId) -> Variables {
        let record = self.data.record::<Template>(template.0);
        let segments = record.map_or(Range::default(), |record| record.segments);
        let segments = self.data.range::<Segment>(segments);
        segments
            .filter(|segment| segment.source == Source::Variable as u32)
            .map(|segment| VariableId(segment.number))
            .collect()
    }

    fn of_headers(self, list: HeaderListId) -> Variables {
        let list = self.data.record::<HeaderList>(list.0);
        let operations = list.map_or(Range::default(), |list| list.operations);
        let operations = self.data.range::<HeaderOp>(operations);
        self.of_values(operations.flat_map(|each| [each.name, each.value, each.search]))
    }

    fn of_error(self, number: u32) -> Variables {
        let error = self.data.record::<Error>(number);
        self.of_values(error.iter().flat_map(|error| [error.status, error.message]))
    }

    fn of_values(self, values: impl IntoIterator<Item = Value>) -> Variables {
        let templates = values.into_iter().filter_map(|value| value.template);
        templates
            .flat_map(|template| self.of_template(template))
            .collect()
    }

    fn items(self, range: Range) -> impl Iterator<Item = Value> {
        let items: Vec<Item> = self.data.range(range).collect();
        items.into_iter().map(|item| item.value)
    }
}
