//! `basic_auth [<matcher>] [<algorithm> [<realm>]] { <name> <hash> }`, and `basicauth`, its older name

use zs_diagnostics::codes;

use super::{Call, Directive};
use crate::context::{Parsed, suggest};
use crate::model::{
    Account, Authentication, AuthenticationProviders, Handler, HttpBasic, NoSettings, PasswordHash,
};
use crate::spec::{Block, Line, Shape};

pub(super) const DIRECTIVE: Directive = Directive::handler("basic_auth", SHAPE, parse);

pub(super) const OLD: Directive = Directive::handler("basicauth", SHAPE, |call| {
    let message = "`basicauth` is deprecated";
    let help = "write `basic_auth`";
    call.cx
        .warn(call.line.name, codes::DEPRECATED, message, help);
    parse(call)
});

const SHAPE: Shape = Shape::with_block(
    0,
    2,
    Block::Maybe,
    "basic_auth [<matcher>] [bcrypt|argon2id [<realm>]] { <name> <hash> }",
);

fn parse(call: &mut Call) -> Parsed<Handler> {
    let hash = match call.line.arguments.first() {
        None => PasswordHash::Bcrypt,
        Some(token) => match token.text.as_str() {
            "bcrypt" => PasswordHash::Bcrypt,
            "argon2id" => PasswordHash::Argon2id,
            other => {
                let help = suggest(
                    other,
                    ["bcrypt", "argon2id"],
                    "write `bcrypt` or `argon2id`",
                );
                let message = format!("unknown hash algorithm `{other}`");
                return Err(call.cx.fail(token, codes::BAD_VALUE, message, help));
            }
        },
    };
    let mut basic = HttpBasic {
        hash: Some(hash),
        realm: call.line.text(1).to_owned(),
        hash_cache: Some(NoSettings {}),
        ..HttpBasic::default()
    };
    for segment in call.line.lines() {
        let line = Line::new(segment);
        Shape::arguments(1, 1, "<name> <hash>").check(&line, call.cx)?;
        if line.name.text.is_empty() || line.text(0).is_empty() {
            let message = "a name and a hash cannot be empty";
            let help = "make a hash with `caddy hash-password`";
            return Err(call.cx.fail(line.name, codes::BAD_VALUE, message, help));
        }
        basic.accounts.push(Account {
            username: line.name.text.clone(),
            password: line.text(0).to_owned(),
        });
    }
    Ok(Handler::Authentication(Authentication {
        providers: AuthenticationProviders {
            http_basic: Some(basic),
        },
        origin: call.origin().into(),
    }))
}
