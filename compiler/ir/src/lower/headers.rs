//! Header operations: tables, applied at once or by a filter.

use zs_abi::tables::{HeaderList, HeaderListId, HeaderOp, Value as DataValue};
use zs_abi::{HeadTarget, HeaderOpKind, OpenKind};
use zs_config::model::{
    HeaderMap, HeaderOps, Headers, Origin, Replacement, ResponseHeaderOps, ResponseMatcher,
};

use super::Lowering;
use super::code::Code;
use super::conditions::{fields, status_item};
use crate::program::{Act, BlockId, IntRef, Op, Target, Test};
use crate::template::Unknown;

impl Lowering<'_> {
    /// Writes the `headers` handler.
    pub(super) fn header_handler(&mut self, code: &mut Code, headers: &Headers) {
        if let Some(request) = &headers.request {
            let list = self.header_list(request, headers.origin);
            code.op(Op::HeaderOps {
                list,
                target: HeadTarget::Request,
            });
        }
        let Some(response) = &headers.response else {
            return;
        };
        if response.deferred || response.require.is_some() {
            let target = self.response_code(code, response, HeadTarget::Response, headers.origin);
            code.op(Op::FilterPush { target });
        } else {
            let list = self.header_list(&response.ops, headers.origin);
            code.op(Op::HeaderOps {
                list,
                target: HeadTarget::Response,
            });
        }
    }

    /// Writes code that the runtime enters with a response head, and goes on
    /// where the current block was.
    pub(super) fn response_code(
        &mut self,
        code: &mut Code,
        response: &ResponseHeaderOps,
        target: HeadTarget,
        origin: Origin,
    ) -> Target {
        let (entered, main, done) = (code.block(), code.block(), code.block());
        code.jump(main);
        let aside = code.enter();
        code.go(entered);
        if let Some(matcher) = &response.require {
            self.response_matcher(code, matcher, target, done, origin);
        }
        let list = self.header_list(&response.ops, origin);
        code.op(Op::HeaderOps { list, target });
        code.jump(done);
        code.go(done);
        code.act(Act::End);
        code.leave(aside);
        code.go(main);
        Target::Block(entered)
    }

    /// Goes on if a response is as a matcher says, else to `no`.
    pub(super) fn response_matcher(
        &mut self,
        code: &mut Code,
        matcher: &ResponseMatcher,
        target: HeadTarget,
        no: BlockId,
        origin: Origin,
    ) {
        if !matcher.status_code.is_empty() {
            let items: Vec<String> = matcher
                .status_code
                .iter()
                .map(|code| status_item(*code))
                .collect();
            self.ask(code, origin, "status", &items, no);
            let hit = code.block();
            for status in &matcher.status_code {
                let status = u32::from(*status);
                let (low, high) = if status < 10 {
                    (status * 100, status * 100 + 99)
                } else {
                    (status, status)
                };
                let next = code.block();
                code.branch(
                    Test::Int {
                        int: IntRef::Argument,
                        low,
                        high,
                    },
                    hit,
                    next,
                );
                code.go(next);
            }
            code.jump(no);
            code.go(hit);
            code.answered();
        }
        for (name, values) in &matcher.headers {
            let items = fields(name, values.as_deref());
            self.ask(code, origin, "header", &items, no);
            self.header(code, target, name, values.as_deref(), no, origin.span());
            code.answered();
        }
    }

    /// Stores operations in the order in which Caddy applies them.
    pub(super) fn header_list(&mut self, ops: &HeaderOps, origin: Origin) -> HeaderListId {
        let mut records = Vec::new();
        for name in ops.delete.iter().filter(|name| *name == "*") {
            records.push(self.header_op(HeaderOpKind::Clear, name, ""));
        }
        for (kind, fields) in [(HeaderOpKind::Add, &ops.add), (HeaderOpKind::Set, &ops.set)] {
            records.extend(self.field_ops(kind, fields));
        }
        for name in ops.delete.iter().filter(|name| *name != "*") {
            records.push(self.header_op(HeaderOpKind::Delete, name, ""));
        }
        for (name, replacements) in &ops.replace {
            for replacement in replacements {
                records.push(self.replace_op(name, replacement, origin));
            }
        }
        self.store_headers(&records)
    }

    /// Stores operations that set fields.
    pub(super) fn set_headers(&mut self, fields: &HeaderMap) -> HeaderListId {
        let records = self.field_ops(HeaderOpKind::Set, fields);
        self.store_headers(&records)
    }

    fn store_headers(&mut self, records: &[HeaderOp]) -> HeaderListId {
        let operations = self.program.data.extend(records);
        HeaderListId(self.program.data.push(&HeaderList { operations }))
    }

    /// The first value of a field is set or added, further ones are added.
    fn field_ops(&mut self, kind: HeaderOpKind, fields: &HeaderMap) -> Vec<HeaderOp> {
        let mut records = Vec::new();
        for (name, values) in fields {
            for (index, value) in values.iter().enumerate() {
                let kind = if index == 0 { kind } else { HeaderOpKind::Add };
                records.push(self.header_op(kind, name, value));
            }
        }
        records
    }

    fn header_op(&mut self, kind: HeaderOpKind, name: &str, value: &str) -> HeaderOp {
        HeaderOp {
            kind: kind as u32,
            name: self.value(name, Unknown::Keep),
            value: self.open_value(value, Unknown::Keep, OpenKind::Field),
            regex: None,
            search: DataValue::default(),
        }
    }

    fn replace_op(&mut self, name: &str, replacement: &Replacement, origin: Origin) -> HeaderOp {
        let regex = (!replacement.search_regexp.is_empty())
            .then(|| self.regex("", &replacement.search_regexp, origin));
        HeaderOp {
            kind: HeaderOpKind::Replace as u32,
            name: self.value(name, Unknown::Keep),
            value: self.open_value(&replacement.replace, Unknown::Keep, OpenKind::Field),
            regex,
            search: self.value(&replacement.search, Unknown::Keep),
        }
    }
}
