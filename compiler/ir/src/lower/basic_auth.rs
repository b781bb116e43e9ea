//! `basic_auth`: accounts, and an action that goes on for those who have one.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zs_abi::tables::{
    AUTH_ARGON2ID, AUTH_BCRYPT, Account as AccountRecord, AuthenticationId, BasicAuth, Error,
    ErrorId, Value,
};
use zs_abi::{Capability, OpenKind, Source};
use zs_config::model::{Account, Authentication, AuthenticationProviders, HttpBasic, PasswordHash};
use zs_diagnostics::{Diagnostic, Span, codes};

use super::Lowering;
use super::code::Code;
use crate::program::Act;
use crate::template::{Piece, Unknown};

/// The realm when none is given.
const REALM: &str = "restricted";

impl Lowering<'_> {
    pub(super) fn authentication(&mut self, code: &mut Code, authentication: &Authentication) {
        let Authentication {
            providers: AuthenticationProviders { http_basic },
            origin,
        } = authentication;
        let Some(HttpBasic {
            hash,
            accounts,
            realm,
            hash_cache,
        }) = http_basic
        else {
            // Without a way to prove it nobody is known.
            let mut text = |text: &str| Value {
                text: self.program.data.text(text),
                template: None,
            };
            let error = Error {
                status: text("401"),
                message: text("not authenticated"),
            };
            code.act(Act::Error(ErrorId(self.program.data.push(&error))));
            return;
        };
        let accounts = self.accounts(accounts, origin.span());
        let realm = if realm.is_empty() { REALM } else { realm };
        let record = BasicAuth {
            algorithm: match hash {
                Some(PasswordHash::Argon2id) => AUTH_ARGON2ID,
                _ => AUTH_BCRYPT,
            },
            challenge: self.program.data.text(format!("Basic realm=\"{realm}\"")),
            accounts: self.program.data.extend(&accounts),
            kept: u32::from(hash_cache.is_some()),
        };
        self.program.capabilities.insert(Capability::Authentication);
        let number = AuthenticationId(self.program.data.push(&record));
        code.act_and_wait(Act::Authenticate(number));
    }

    fn accounts(&mut self, accounts: &[Account], span: Span) -> Vec<AccountRecord> {
        let mut names = BTreeSet::new();
        let mut records = Vec::new();
        for Account { username, password } in accounts {
            if username.is_empty() || password.is_empty() {
                let message = "an account needs a name and a hash";
                self.bad_account(span, message, "make a hash with `zeroserve hash-password`");
            }
            if !names.insert(username) {
                let message = format!("the account `{username}` is there twice");
                self.bad_account(span, &message, "remove one of them");
            }
            if !is_hash(password) {
                let message =
                    format!("the hash of `{username}` is neither a hash nor base64 of one");
                self.bad_account(span, &message, "make a hash with `zeroserve hash-password`");
            }
            records.push(AccountRecord {
                name: self.account_text(username, span),
                hash: self.account_text(password, span),
            });
        }
        records
    }

    /// A text of an account, which may be known only when the site starts but
    /// is the same for every request.
    fn account_text(&mut self, text: &str, span: Span) -> Value {
        let pieces = crate::template::pieces(text, Unknown::Empty, &mut self.names());
        let varies = |piece: &Piece| match piece {
            Piece::Constant(_) => false,
            Piece::Placeholder(placeholder) => !matches!(
                placeholder.source,
                Source::Environment | Source::SystemHostname
            ),
        };
        if pieces.iter().any(varies) {
            let message = format!("`{text}` holds a placeholder that a request gives its value");
            self.bad_account(span, &message, "write the value out, or use `{env.NAME}`");
        }
        self.open_value(text, Unknown::Empty, OpenKind::Text)
    }

    fn bad_account(&mut self, span: Span, message: &str, help: &str) {
        let error = Diagnostic::error(codes::BAD_VALUE, span, message).help(help);
        self.sink.report(error);
    }
}

/// Whether a text can be a hash: one that is written out, or in base64, or one
/// that is known only when the site runs.
fn is_hash(text: &str) -> bool {
    let later = text.contains('{') || zs_open::is_open(text);
    later || text.starts_with('$') || STANDARD.decode(text).is_ok()
}
