//! `request_body`: a limit, and a text in the body's place.

use zs_abi::OpenKind;
use zs_abi::tables::{Error, ErrorId, Value};
use zs_config::model::RequestBody;

use super::Lowering;
use super::code::Code;
use crate::program::{Act, IntRef, Op, Test};
use crate::template::Unknown;

impl Lowering<'_> {
    pub(super) fn request_body(&mut self, code: &mut Code, body: &RequestBody) {
        let RequestBody {
            max_size,
            set,
            origin: _,
        } = body;
        if !set.is_empty() {
            let template = self.template(set, Unknown::Keep, Some(OpenKind::Text));
            code.op(Op::BodySet { template });
        }
        // Caddy takes a limit that is not positive for none.
        let Some(bytes) = u64::try_from(*max_size).ok().filter(|bytes| *bytes > 0) else {
            return;
        };
        let out = code.value();
        code.op(Op::BodyLimit { out, bytes });
        let (within, beyond) = (code.block(), code.block());
        let test = Test::Int {
            int: IntRef::Value(out),
            low: 1,
            high: 1,
        };
        code.branch(test, beyond, within);
        code.go(beyond);
        let mut text = |text: &str| Value {
            text: self.program.data.text(text),
            template: None,
        };
        let error = Error {
            status: text("413"),
            message: text(zs_abi::BODY_TOO_LARGE),
        };
        code.act(Act::Error(ErrorId(self.program.data.push(&error))));
        code.go(within);
    }
}
