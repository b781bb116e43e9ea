//! Handlers: what a route does, as operations and actions.

use std::ops::Range;

use zs_abi::OpenKind;
use zs_abi::tables::{
    Error, ErrorId, RESPONSE_CLOSE, RESPONSE_ERROR_STATUS, RESPONSE_SNIFF_JSON, Response,
    ResponseId, TemplateId, VariableId,
};
use zs_abi::tables::{SEGMENT_BOOL, SEGMENT_DOUBLE, SEGMENT_NULL};

use zs_config::model::{
    ErrorRoutes, Handler, StaticError, StaticResponse, StatusCode, Subroute, VarValue, Vars,
};

use super::Lowering;
use super::code::Code;
use super::logs::NAMES;
use crate::program::{Act, Op, Target};
use crate::template::{Names, Unknown};

impl Lowering<'_> {
    /// Writes handlers in order; a chain that they do not end goes on behind
    /// them.
    pub(super) fn handlers(&mut self, code: &mut Code, handlers: &[Handler]) {
        for handler in handlers {
            code.at(handler.origin().span());
            self.place = handler.origin().span();
            match handler {
                Handler::Subroute(subroute) => self.subroute(code, subroute),
                Handler::StaticResponse(response) => self.respond(code, response),
                Handler::Error(error) => self.raise(code, error),
                Handler::Headers(headers) => self.header_handler(code, headers),
                Handler::Rewrite(rewrite) => self.rewrite(code, rewrite),
                Handler::Vars(vars) => self.vars(code, vars),
                Handler::Map(map) => self.map(code, map),
                Handler::ReverseProxy(proxy) => self.reverse_proxy(code, proxy),
                Handler::Invoke(invoke) => self.invoke(code, invoke),
                Handler::Encode(encode) => self.encode(code, encode),
                Handler::Authentication(authentication) => {
                    self.authentication(code, authentication);
                }
                Handler::RequestBody(body) => self.request_body(code, body),
                Handler::FileServer(files) => self.file_server(code, files),
                other => {
                    let what = format!("`{}`", other.name());
                    self.unsupported(other.origin().span(), &what, "remove it to build the rest");
                }
            }
        }
    }

    fn subroute(&mut self, code: &mut Code, subroute: &Subroute) {
        let after = code.block();
        match &subroute.errors {
            None => {
                self.routes(code, &subroute.routes, after);
                code.go(after);
            }
            Some(errors) => {
                let inner = code.block();
                let passed_later = self.scope(code, errors, false, after);
                self.routes(code, &subroute.routes, inner);
                self.maps.put_last(passed_later);
                code.go(inner);
                code.op(Op::ScopePop);
                code.jump(after);
                code.go_entered(after);
            }
        }
    }

    /// Pushes a scope whose errors run error routes and then go on at `after`. Gives the maps of those routes, which
    /// are passed after others though they are written before them.
    pub(super) fn scope(
        &mut self,
        code: &mut Code,
        errors: &ErrorRoutes,
        restore: bool,
        after: crate::program::BlockId,
    ) -> Range<usize> {
        let maps = self.maps.all.len();
        let (entered, main) = (code.block(), code.block());
        code.op(Op::ScopePush {
            target: Target::Block(entered),
            restore,
        });
        code.jump(main);
        code.go_entered(entered);
        let outer = std::mem::replace(&mut code.in_error_route, true);
        let sites = std::mem::take(&mut self.site_locals);
        self.routes(code, &errors.routes, after);
        code.in_error_route = outer;
        // What sites do for an error they do after what is written next, for the same request.
        code.leave_locals(self.site_locals);
        self.site_locals = self.site_locals.max(sites);
        code.go_entered(main);
        maps..self.maps.all.len()
    }

    fn respond(&mut self, code: &mut Code, response: &StaticResponse) {
        if response.abort {
            code.act(Act::Abort);
            return;
        }
        let status = response.status_code.clone();
        let informational = matches!(status, Some(StatusCode::Code(103)));
        let number = self.response(response);
        if informational {
            code.act_and_wait(Act::Respond(number));
        } else {
            code.act(Act::Respond(number));
        }
    }

    fn response(&mut self, response: &StaticResponse) -> ResponseId {
        let (status, status_template, mut flags) = match &response.status_code {
            None => (200, None, RESPONSE_ERROR_STATUS),
            Some(StatusCode::Code(code)) => (u32::from(*code), None, 0),
            Some(StatusCode::Template(text)) => {
                (200, Some(self.template(text, Unknown::Empty, None)), 0)
            }
        };
        if response.close {
            flags |= RESPONSE_CLOSE;
        }
        let headers = (!response.headers.is_empty()).then(|| self.set_headers(&response.headers));
        let body = self.open_value(&response.body, Unknown::Keep, OpenKind::Text);
        let content_type = match (&response.body, body.template) {
            (text, None) if text.is_empty() => "",
            (text, None) if zs_open::is_open(text) => {
                flags |= RESPONSE_SNIFF_JSON;
                PLAIN_TEXT
            }
            (text, None) if is_json(text) => "application/json",
            (_, None) => PLAIN_TEXT,
            (_, Some(_)) => {
                flags |= RESPONSE_SNIFF_JSON;
                PLAIN_TEXT
            }
        };
        let content_type = self.program.data.text(content_type);
        let record = Response {
            status,
            status_template,
            headers,
            content_type,
            body,
            flags,
        };
        ResponseId(self.program.data.push(&record))
    }

    fn raise(&mut self, code: &mut Code, error: &StaticError) {
        let status = match &error.status_code {
            None => "500".to_owned(),
            Some(status) => status.to_string(),
        };
        let status = self.value(&status, Unknown::Empty);
        let message = self.open_value(&error.error, Unknown::Empty, OpenKind::Field);
        let number = ErrorId(self.program.data.push(&Error { status, message }));
        code.act(Act::Error(number));
    }

    fn vars(&mut self, code: &mut Code, vars: &Vars) {
        for (name, value) in &vars.values {
            if name.contains('{') {
                let what = "a placeholder in the name of a variable";
                self.unsupported(vars.origin.span(), what, "write the name out");
                continue;
            }
            let (text, flags) = match value {
                VarValue::Bool(value) => (value.to_string(), SEGMENT_BOOL),
                // All numbers of a JSON text are such to Caddy.
                VarValue::Integer(value) => (value.to_string(), SEGMENT_DOUBLE),
                VarValue::Float(value) => (value.to_string(), SEGMENT_DOUBLE),
                VarValue::Text(text) => (text.clone(), 0),
                VarValue::Null => (String::new(), SEGMENT_NULL),
                VarValue::List(names)
                    if name == NAMES && names.iter().all(|name| is_plain(name)) =>
                {
                    self.log_names.extend(names.iter().cloned());
                    (names.join("\n"), 0)
                }
                VarValue::List(_) => {
                    let what = format!("a list as the value of the variable `{name}`");
                    self.unsupported(vars.origin.span(), &what, "remove it to build the rest");
                    continue;
                }
            };
            // An empty root would be the folder that the site was started in.
            let open = match name.as_str() {
                "root" => OpenKind::File,
                _ => OpenKind::Text,
            };
            let template = self.template_with(&text, Unknown::Empty, Some(open), flags);
            let variable = self.variable(name);
            code.op(Op::VarSet { variable, template });
        }
    }

    fn variable(&mut self, name: &str) -> VariableId {
        self.names().variable(name)
    }

    /// Stores a text as a template, even if it is a constant; values in it may
    /// be open if it is said for what.
    pub(super) fn template(
        &mut self,
        text: &str,
        unknown: Unknown,
        open: Option<OpenKind>,
    ) -> TemplateId {
        self.template_with(text, unknown, open, 0)
    }

    /// As [`Self::template`], with flags for every segment.
    pub(super) fn template_with(
        &mut self,
        text: &str,
        unknown: Unknown,
        open: Option<OpenKind>,
        flags: u32,
    ) -> TemplateId {
        let pieces = crate::template::pieces(text, unknown, &mut self.names());
        crate::template::store(&pieces, open, |_| flags, &mut self.program.data)
    }
}

/// Whether a text has no placeholders, and is one line.
fn is_plain(text: &str) -> bool {
    !text.contains(['{', '\n'])
}

/// Content type of a body that is not JSON.
const PLAIN_TEXT: &str = "text/plain; charset=utf-8";

/// Whether a body is a JSON object or array.
fn is_json(text: &str) -> bool {
    let trimmed = text.trim();
    trimmed.starts_with(['{', '[']) && serde_json::from_str::<serde_json::Value>(trimmed).is_ok()
}
