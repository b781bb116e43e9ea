//! `encode`: a choice when the request passes, and a filter that looks at the response.

use std::collections::BTreeMap;

use zs_abi::HeadTarget;
use zs_abi::tables::{ENCODING_GZIP, ENCODING_ZSTD, Encode as EncodeRecord, EncodeId, Encoding};
use zs_config::model::{Encode, Encodings, Gzip, ResponseMatcher, Zstd};

use super::Lowering;
use super::code::Code;
use crate::program::{Act, Op, Target};

/// Bytes that a body must be longer than when nothing else is said.
const MINIMUM: i64 = 512;

/// Media types that are encoded when nothing else is said, as Caddy has them: those of text, and of fonts and programs that
/// are not compressed by themselves.
const TYPES: &[&str] = &[
    "application/atom+xml*",
    "application/eot*",
    "application/font*",
    "application/geo+json*",
    "application/graphql+json*",
    "application/graphql-response+json*",
    "application/javascript*",
    "application/json*",
    "application/ld+json*",
    "application/manifest+json*",
    "application/opentype*",
    "application/otf*",
    "application/rss+xml*",
    "application/truetype*",
    "application/ttf*",
    "application/vnd.api+json*",
    "application/vnd.ms-fontobject*",
    "application/wasm*",
    "application/x-httpd-cgi*",
    "application/x-javascript*",
    "application/x-opentype*",
    "application/x-otf*",
    "application/x-perl*",
    "application/x-protobuf*",
    "application/x-ttf*",
    "application/xhtml+xml*",
    "application/xml*",
    "font/ttf*",
    "font/otf*",
    "image/svg+xml*",
    "image/vnd.microsoft.icon*",
    "image/x-icon*",
    "multipart/bag*",
    "multipart/mixed*",
    "text/*",
];

impl Lowering<'_> {
    pub(super) fn encode(&mut self, code: &mut Code, encode: &Encode) {
        let Encode {
            encodings: Encodings { gzip, zstd },
            prefer,
            minimum_length,
            matcher,
            origin,
        } = encode;
        let mut named: BTreeMap<&str, Encoding> = BTreeMap::new();
        if let Some(Gzip { level }) = gzip {
            let level = match *level {
                0 => 5,
                level => u32::try_from(level).unwrap_or(1),
            };
            let (kind, checksum) = (ENCODING_GZIP, 1);
            named.insert(
                "gzip",
                Encoding {
                    kind,
                    level,
                    checksum,
                },
            );
        }
        if let Some(Zstd { level, checksum }) = zstd {
            let level = match level.as_str() {
                "fastest" => 1,
                "better" => 7,
                "best" => 11,
                _ => 3,
            };
            let checksum = u32::from(checksum.unwrap_or(true));
            let kind = ENCODING_ZSTD;
            named.insert(
                "zstd",
                Encoding {
                    kind,
                    level,
                    checksum,
                },
            );
        }
        // Those that no order names come last, Zstandard first.
        let order = prefer.iter().map(String::as_str).chain(["zstd", "gzip"]);
        let records: Vec<Encoding> = order.filter_map(|name| named.remove(name)).collect();
        let minimum = if *minimum_length == 0 {
            MINIMUM
        } else {
            *minimum_length
        };
        let record = EncodeRecord {
            encodings: self.program.data.extend(&records),
            minimum: u32::try_from(minimum.max(0)).unwrap_or(u32::MAX),
        };
        let number = EncodeId(self.program.data.push(&record));
        let common = common_types();
        let matcher = matcher.as_ref().unwrap_or(&common);
        code.op(Op::EncodeBegin { encode: number });
        let (entered, main, other) = (code.block(), code.block(), code.block());
        code.jump(main);
        let aside = code.enter();
        code.go(entered);
        code.op(Op::EncodeSniff { encode: number });
        self.response_matcher(code, matcher, HeadTarget::Response, other, *origin);
        for wanted in [true, false] {
            let encode = number;
            code.op(Op::Encode { encode, wanted });
            code.act(Act::End);
            if wanted {
                code.go(other);
            }
        }
        code.leave(aside);
        code.go(main);
        let target = Target::Block(entered);
        code.op(Op::FilterPush { target });
    }
}

fn common_types() -> ResponseMatcher {
    let types = TYPES.iter().map(|media| (*media).to_owned()).collect();
    ResponseMatcher {
        headers: BTreeMap::from([("Content-Type".to_owned(), Some(types))]),
        ..ResponseMatcher::default()
    }
}
