//! Clients behind proxies: whose word is taken for the client's address, and
//! tests of addresses.

use zs_abi::data::Text;
use zs_abi::tables::{ClientAddress, ClientAddressId, Item, ProxyId, Value as DataValue};
use zs_config::model::{IpSource, Server};
use zs_diagnostics::{Diagnostic, Span, codes};

use super::Lowering;
use super::code::Code;
use crate::program::{AddressOf, IntRef, Op, Test, ViewInt};
use crate::ranges::IpRange;

/// The field that names the client unless the configuration says otherwise.
const CLIENT_FIELD: &str = "X-Forwarded-For";

/// Who may say what the client's address is, and how.
#[derive(Default)]
pub struct Clients {
    /// Peers that may.
    ranges: Vec<IpRange>,
    /// Whether peers on unix sockets may.
    unix: bool,
    /// Whether fields are read from their ends, up to the first address that
    /// is not trusted.
    strict: bool,
    /// The fields, in order; empty for the standard one.
    fields: Vec<String>,
}

impl Clients {
    /// What a server says of it. Ranges that are none have been refused.
    pub fn of(server: &Server) -> Self {
        let ranges = match &server.trusted_proxies {
            Some(IpSource::Static(source)) => &source.ranges[..],
            _ => &[],
        };
        Self {
            ranges: ranges.iter().filter_map(|text| text.parse().ok()).collect(),
            unix: server.trusted_proxies_unix,
            strict: server.trusted_proxies_strict > 0,
            fields: server.client_ip_headers.clone(),
        }
    }
}

impl Lowering<'_> {
    /// Finds out who the client is, before anything else looks at a request.
    pub(super) fn find_client(&mut self, code: &mut Code, clients: &Clients) {
        if clients.ranges.is_empty() && !clients.unix {
            return;
        }
        let (trusted, main) = (code.block(), code.block());
        if clients.unix {
            let next = code.block();
            let family = IntRef::View(ViewInt::RemoteFamily);
            let (int, low, high) = (family, 0, 0);
            code.branch(Test::Int { int, low, high }, trusted, next);
            code.go(next);
        }
        if clients.ranges.is_empty() {
            code.jump(main);
        } else {
            let test = address_test(AddressOf::Remote, &clients.ranges);
            code.branch(test, trusted, main);
        }
        code.go(trusted);
        code.op(Op::TrustPeer { proxy: None });
        let client = self.client_fields(clients);
        let again = code.block();
        code.jump(again);
        code.go(again);
        if clients.strict {
            let named = code.block();
            code.branch(Test::ClientNext { client }, named, main);
            code.go(named);
            let test = address_test(AddressOf::Client, &clients.ranges);
            code.branch(test, again, main);
        } else {
            code.branch(Test::ClientNext { client }, main, main);
        }
        code.go(main);
    }

    fn client_fields(&mut self, clients: &Clients) -> ClientAddressId {
        let standard = [CLIENT_FIELD.to_owned()];
        let fields = match &clients.fields[..] {
            [] => &standard,
            fields => fields,
        };
        let data = &mut self.program.data;
        let text = |text: Text| DataValue {
            text,
            template: None,
        };
        let items: Vec<Item> = fields
            .iter()
            .map(|field| Item {
                value: text(data.text(field)),
            })
            .collect();
        let record = ClientAddress {
            fields: data.extend(&items),
            backwards: clients.strict.into(),
        };
        ClientAddressId(data.push(&record))
    }

    /// Lets a proxy pass on what peers in some ranges say of their clients.
    pub(super) fn trust_for(
        &mut self,
        code: &mut Code,
        proxy: ProxyId,
        ranges: &[String],
        span: Span,
    ) {
        if ranges.is_empty() {
            return;
        }
        let ranges = self.ranges(ranges, span);
        let (trusted, main) = (code.block(), code.block());
        code.branch(address_test(AddressOf::Remote, &ranges), trusted, main);
        code.go(trusted);
        code.op(Op::TrustPeer { proxy: Some(proxy) });
        code.jump(main);
        code.go(main);
    }

    /// Ranges of addresses; refuses what is none.
    pub(super) fn ranges(&mut self, texts: &[String], span: Span) -> Vec<IpRange> {
        let mut ranges = Vec::new();
        for text in texts {
            match text.parse() {
                Ok(range) => ranges.push(range),
                Err(_) => self.sink.report(no_range(text, span)),
            }
        }
        ranges
    }
}

/// Whether an address lies in one of some ranges.
pub(super) fn address_test(of: AddressOf, ranges: &[IpRange]) -> Test {
    Test::Address {
        of,
        ranges: ranges.to_vec(),
    }
}

/// A range that is none, or one that tests of addresses do not have.
pub(super) fn no_range(text: &str, span: Span) -> Diagnostic {
    let help = "write an address or a range such as 10.0.0.0/8";
    let without_zone: String = match text.split_once('%') {
        Some((address, zone)) => {
            let bits = zone
                .split_once('/')
                .map_or(String::new(), |(_, bits)| format!("/{bits}"));
            format!("{address}{bits}")
        }
        None => String::new(),
    };
    if without_zone.parse::<IpRange>().is_ok() {
        let message = format!("`{text}`, a range with a zone, is not supported yet");
        return Diagnostic::error(codes::UNSUPPORTED, span, message).help(help);
    }
    let message = format!("`{text}` is no address and no range of addresses");
    Diagnostic::error(codes::BAD_VALUE, span, message).help(help)
}
