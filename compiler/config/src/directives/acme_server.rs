//! `acme_server [<matcher>] { ca ...; lifetime ...; resolvers ...; challenges ...; allow ...; deny ... }`

use super::{Call, Directive};
use crate::context::Parsed;
use crate::model::{AcmePolicy, AcmeRules, AcmeServer, Handler};
use crate::spec::{
    Block, Entry, Grammar, Shape, Vocabulary, flag_word, list_word, text_word, value_word,
};
use crate::values::duration::duration;

pub(super) const DIRECTIVE: Directive = Directive::handler(
    "acme_server",
    Shape::with_block(0, 0, Block::Maybe, "acme_server [<matcher>] { ... }"),
    parse,
)
.unbuilt();

pub(super) const GRAMMAR: Grammar<AcmeServer> = Grammar {
    vocabulary: Vocabulary::Subdirective("acme_server"),
    entries: &[&[
        text_word!("ca", "<authority>" => ca),
        value_word!("lifetime", "<length of time>", duration => lifetime),
        Entry::last(
            "resolvers",
            Shape::arguments(1, usize::MAX, "resolvers <name servers...>"),
            |server, line, _| {
                server.resolvers = line.texts();
                Ok(())
            },
        ),
        list_word!("challenges", 0, "http-01|tls-alpn-01|dns-01 ..." => challenges),
        Entry::many(
            "allow_wildcard_names",
            Shape::arguments(0, 0, "allow_wildcard_names"),
            |server, _, _| {
                policy(server).allow_wildcard_names = true;
                Ok(())
            },
        ),
        Entry::last("allow", RULES_SHAPE, |server, line, cx| {
            let mut rules = AcmeRules::default();
            RULES.apply_all(line.lines(), &mut rules, cx)?;
            policy(server).allow = Some(rules);
            Ok(())
        }),
        Entry::last("deny", RULES_SHAPE, |server, line, cx| {
            let mut rules = AcmeRules::default();
            RULES.apply_all(line.lines(), &mut rules, cx)?;
            policy(server).deny = Some(rules);
            Ok(())
        }),
        flag_word!("sign_with_root" => sign_with_root),
    ]],
    other: None,
};

const RULES_SHAPE: Shape = Shape::with_block(
    0,
    0,
    Block::Maybe,
    "allow|deny { domains <names...>; ip_ranges <ranges...> }",
);

const RULES: Grammar<AcmeRules> = Grammar {
    vocabulary: Vocabulary::Subdirective("acme_server"),
    entries: &[&[
        list_word!("domains", 1, "<names...>" => domains),
        list_word!("ip_ranges", 1, "<ranges...>" => ip_ranges),
    ]],
    other: None,
};

fn policy(server: &mut AcmeServer) -> &mut AcmePolicy {
    server.policy.get_or_insert_default()
}

fn parse(call: &mut Call) -> Parsed<Handler> {
    let mut server = AcmeServer {
        origin: call.origin().into(),
        ..AcmeServer::default()
    };
    GRAMMAR.apply_all(call.line.lines(), &mut server, call.cx)?;
    if !server.ca.is_empty() {
        call.cx.acme_authorities.push(server.ca.clone());
    }
    Ok(Handler::AcmeServer(server))
}
