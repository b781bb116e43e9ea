//! Matchers: conditions on requests as tests and jumps.

use zs_abi::view::{Method, NEED_PATH_CLEAN, NEED_PATH_MATCH, NEED_PATH_SLASHES};
use zs_abi::{HeadTarget, OpenKind};
use zs_config::model::{
    At, Expression, MatcherSet, Origin, Regexp, RegexpMatcher, StatusExpression, TlsMatcher,
    VarsMatcher,
};
use zs_data::DataBuilder;
use zs_diagnostics::Span;

use super::Lowering;
use super::clients::address_test;
use super::code::Code;
use super::conditions::{fields, matchers_of, status_items};
use crate::program::{
    AddressOf, BlockId, Compare, IntRef, Op, Test, TextRef, Value, ViewInt, ViewText, Within,
};
use crate::template::Unknown;

impl Lowering<'_> {
    /// Prepares the forms of the path that some matchers read, where the
    /// prepared value reaches all of them.
    pub(super) fn prepare(&mut self, code: &mut Code, sets: &[MatcherSet]) {
        for set in sets {
            for pattern in set.path.iter().flat_map(|patterns| patterns.iter()) {
                if let Some(form) = form_of(pattern) {
                    code.path(form);
                }
            }
            if let Some(expression) = &set.path_regexp
                && !self.captures_used
                && crate::regex::begins_at_start(&expression.pattern)
            {
                code.path(ViewText::PathClean);
            }
            if let Some(not) = &set.not {
                self.prepare(code, &not.sets);
            }
            if let Some(Expression::Cel(expression)) = set.expression.as_deref() {
                self.prepare_expression(code, expression);
            }
        }
    }

    /// Goes to `yes` if any set matches, or if there is none, else to `no`.
    pub(super) fn matchers(
        &mut self,
        code: &mut Code,
        sets: &[MatcherSet],
        yes: BlockId,
        no: BlockId,
    ) {
        let Some((last, first)) = sets.split_last() else {
            code.jump(yes);
            return;
        };
        for set in first {
            let next = code.block();
            self.set(code, set, yes, next);
            code.go(next);
        }
        self.set(code, last, yes, no);
    }

    /// Goes to `yes` if all matchers of a set match, else to `no`.
    pub(super) fn set(&mut self, code: &mut Code, set: &MatcherSet, yes: BlockId, no: BlockId) {
        code.at(set.origin.span());
        self.place = set.origin.span();
        let MatcherSet {
            client_ip,
            expression,
            file,
            header,
            header_regexp,
            host,
            method,
            not,
            path,
            path_regexp,
            protocol,
            query,
            remote_ip,
            tls,
            url_pattern,
            vars,
            vars_regexp,
            origin,
        } = set;
        let unread = [("url_pattern", url_pattern.as_ref().map(|at| at.origin))];
        for (name, origin) in unread {
            if let Some(origin) = origin {
                self.unsupported_matcher(name, origin.span());
            }
        }
        if let Some(file) = file {
            self.ask(code, file.origin, "file", &file.try_files, no);
            self.file(code, file, no);
            code.answered();
        }
        if let Some(host) = host {
            self.ask(code, host.origin, "host", host, no);
            self.any(code, host, no, |this, code, host| {
                this.host(code, host, origin.span())
            });
            code.answered();
        }
        if let Some(methods) = method {
            self.ask(code, methods.origin, "method", methods, no);
            self.any(code, methods, no, |_, _, method| {
                Some(method_test(&method.to_uppercase()))
            });
            code.answered();
        }
        if let Some(patterns) = path {
            self.ask(code, patterns.origin, "path", patterns, no);
            self.any(code, patterns, no, |this, code, pattern| {
                this.path(code, pattern, patterns.origin.span())
            });
            code.answered();
        }
        if let Some(expression) = path_regexp {
            let items = [expression.pattern.clone()];
            self.ask(code, expression.origin, "path_regexp", &items, no);
            let test = self.path_regexp(code, expression);
            require(code, test, no);
            code.answered();
        }
        if let Some(protocol) = protocol {
            let items = [protocol.value.clone()];
            self.ask(code, protocol.origin, "protocol", &items, no);
            self.protocol(code, protocol, no);
            code.answered();
        }
        if let Some(header) = header {
            for (name, values) in &header.value {
                let items = fields(name, values.as_deref());
                self.ask(code, header.origin, "header", &items, no);
                self.header(
                    code,
                    HeadTarget::Request,
                    name,
                    values.as_deref(),
                    no,
                    header.origin.span(),
                );
                code.answered();
            }
        }
        if let Some(expressions) = header_regexp {
            let items: Vec<String> = expressions
                .iter()
                .map(|(name, expression)| format!("{name} {}", expression.pattern))
                .collect();
            self.ask(code, expressions.origin, "header_regexp", &items, no);
            self.header_regexp(code, expressions, no);
            code.answered();
        }
        if let Some(query) = query {
            self.query(code, query, no, query.origin);
        }
        for (of, ranges) in [
            (AddressOf::Remote, remote_ip),
            (AddressOf::Client, client_ip),
        ] {
            let Some(ranges) = ranges else { continue };
            let items = [ranges.ranges.join(" ")];
            self.ask(code, ranges.origin, of.name(), &items, no);
            let known = self.ranges(&ranges.ranges, ranges.origin.span());
            require(code, address_test(of, &known), no);
            code.answered();
        }
        if let Some(tls) = tls {
            self.ask(code, tls.origin, "tls", &[], no);
            require(code, tls_test(tls), no);
            code.answered();
        }
        if let Some(vars) = vars {
            let items: Vec<String> = vars
                .iter()
                .flat_map(|(name, values)| {
                    values.iter().map(move |value| format!("{name} {value}"))
                })
                .collect();
            self.ask(code, vars.origin, "vars", &items, no);
            self.vars_matcher(code, vars, no);
            code.answered();
        }
        if let Some(expressions) = vars_regexp {
            let items: Vec<String> = expressions
                .iter()
                .map(|(name, expression)| format!("{name} {}", expression.pattern))
                .collect();
            self.ask(code, expressions.origin, "vars_regexp", &items, no);
            self.vars_regexp(code, expressions, no);
            code.answered();
        }
        match expression.as_ref().map(|at| (&at.value, at.origin)) {
            Some((Expression::Status(statuses), origin)) => {
                self.ask(code, origin, "status", &status_items(statuses), no);
                status(code, statuses, no);
                code.answered();
            }
            Some((Expression::Cel(expression), origin)) => {
                self.ask(
                    code,
                    origin,
                    "expression",
                    std::slice::from_ref(&expression.expr),
                    no,
                );
                self.expression(code, expression, origin.span(), no);
                code.answered();
            }
            None => {}
        }
        if let Some(not) = not {
            let outer = self.within;
            for set in &not.sets {
                self.within = match (outer, matchers_of(set)) {
                    (Within::Plain, 1) => Within::Not,
                    _ => Within::Several,
                };
                let next = code.block();
                self.set(code, set, no, next);
                code.go(next);
            }
            self.within = outer;
        }
        code.jump(yes);
    }

    fn unsupported_matcher(&mut self, name: &str, span: Span) {
        let what = format!("matcher `{name}`");
        self.unsupported(span, &what, "remove it to build the rest");
    }

    /// Goes on if the test of any item holds, else to `no`. An item without a
    /// test always holds.
    fn any<T>(
        &mut self,
        code: &mut Code,
        items: &[T],
        no: BlockId,
        test: impl Fn(&mut Self, &mut Code, &T) -> Option<Test>,
    ) {
        let hit = code.block();
        for item in items {
            match test(self, code, item) {
                Some(test) => {
                    let next = code.block();
                    code.branch(test, hit, next);
                    code.go(next);
                }
                None => {
                    code.jump(hit);
                    break;
                }
            }
        }
        code.jump(no);
        code.go(hit);
    }

    fn host(&mut self, code: &mut Code, host: &str, span: Span) -> Option<Test> {
        let text = TextRef::View(ViewText::Host);
        let field = |field, with: &str| Test::Text {
            text: TextRef::View(field),
            compare: Compare::Equal,
            with: with.as_bytes().to_vec(),
        };
        if zs_open::is_open(host) {
            return Some(self.open_host(code, host));
        }
        if host.contains('{') {
            let value = self.value(host, Unknown::Empty);
            let Some(template) = value.template else {
                return Some(field(ViewText::Host, host));
            };
            let out = code.value();
            code.op(Op::Expand { out, template });
            return Some(Test::Same {
                text,
                other: TextRef::Value(out),
            });
        }
        let host = &*crate::hosts::normal(host);
        match host.strip_prefix("*.") {
            Some(tail) if !tail.contains('*') => Some(field(ViewText::HostTail, tail)),
            None if !host.contains('*') => Some(field(ViewText::Host, host)),
            // A host without dots is a single label.
            _ if host == "*" => Some(field(ViewText::HostTail, "")),
            _ => {
                let what = "a host with `*` elsewhere than in its first label";
                self.unsupported(span, what, "list the names one by one");
                None
            }
        }
    }

    /// Compares the host with one that is known when the server has started.
    fn open_host(&mut self, code: &mut Code, host: &str) -> Test {
        let host = crate::hosts::normal(host);
        let (field, host) = match host.strip_prefix("*.") {
            Some(tail) => (ViewText::HostTail, tail),
            None => (ViewText::Host, &*host),
        };
        if host.contains(['*', '{']) {
            self.program.data.open_mut().misplace(host);
        }
        let template = self.template(host, Unknown::Empty, Some(OpenKind::Host));
        let out = code.value();
        code.op(Op::Expand { out, template });
        Test::Same {
            text: TextRef::View(field),
            other: TextRef::Value(out),
        }
    }

    fn path(&mut self, code: &mut Code, pattern: &str, span: Span) -> Option<Test> {
        if pattern.contains('{') {
            let what = "a placeholder in a path matcher";
            self.unsupported(span, what, "write the path out");
            return None;
        }
        if pattern.contains('%') {
            return Some(Test::PathEscaped {
                pattern: pattern.to_ascii_lowercase(),
            });
        }
        // `*` matches every path, and so needs no test.
        let form = form_of(pattern)?;
        self.needs |= if form == ViewText::PathSlashes {
            NEED_PATH_SLASHES
        } else {
            NEED_PATH_MATCH
        };
        Some(Test::Path {
            set: code.path(form),
            pattern: pattern.to_lowercase(),
        })
    }

    fn path_regexp(&mut self, code: &mut Code, expression: &At<Regexp>) -> Test {
        self.needs |= NEED_PATH_CLEAN;
        if !self.captures_used
            && crate::regex::begins_at_start(&expression.pattern)
            && crate::regex::automaton(&expression.pattern, &mut DataBuilder::default()).is_some()
        {
            self.program.data.open_mut().misplace(&expression.pattern);
            return Test::PathRegexp {
                set: code.path(ViewText::PathClean),
                pattern: expression.pattern.clone(),
            };
        }
        let text = TextRef::View(ViewText::PathClean);
        self.regexp(expression, Subject::Text(text), expression.origin)
    }

    /// Goes on if each field has a value that its expression matches, else to
    /// `no`.
    fn header_regexp(&mut self, code: &mut Code, fields: &At<RegexpMatcher>, no: BlockId) {
        for (name, expression) in &fields.value {
            let list = code.value();
            code.op(Op::HeaderFind {
                out: list,
                target: HeadTarget::Request,
                name: name.clone(),
            });
            let test = self.regexp(expression, Subject::Any(list), fields.origin);
            require(code, test, no);
        }
    }

    /// Whether an expression matches a text; what it captures is kept if
    /// anything reads captures.
    fn regexp(&mut self, expression: &Regexp, subject: Subject, origin: Origin) -> Test {
        self.program.data.open_mut().misplace(&expression.pattern);
        if !self.captures_used
            && let Some(table) =
                crate::regex::automaton(&expression.pattern, &mut self.program.data)
        {
            return match subject {
                Subject::Text(text) => Test::Accepts { table, text },
                Subject::Any(list) => Test::AnyAccepts { list, table },
            };
        }
        let next = self.capture_names.len() as u32;
        let store = *self
            .capture_names
            .entry(expression.name.clone())
            .or_insert(next);
        let regex = self.regex(&expression.name, &expression.pattern, origin);
        let store = Some(store);
        match subject {
            Subject::Text(text) => Test::Regex { regex, text, store },
            Subject::Any(list) => Test::AnyRegex { list, regex, store },
        }
    }

    /// Whether an expression without captures matches a text.
    pub(super) fn pattern(&mut self, pattern: &str, text: TextRef, span: Span) -> Test {
        match crate::regex::automaton(pattern, &mut self.program.data) {
            Some(table) => Test::Accepts { table, text },
            None => Test::Regex {
                regex: self.regex("", pattern, span.into()),
                text,
                store: None,
            },
        }
    }

    /// Goes on if any variable has one of its values, else to `no`.
    fn vars_matcher(&mut self, code: &mut Code, vars: &VarsMatcher, no: BlockId) {
        let hit = code.block();
        for (name, values) in vars {
            let text = self.variable_text(code, name);
            for value in values {
                let test = if value.contains('{') || zs_open::is_open(value) {
                    let other = self.expanded(code, value);
                    Test::Same { text, other }
                } else {
                    Test::Text {
                        text,
                        compare: Compare::Equal,
                        with: value.as_bytes().to_vec(),
                    }
                };
                let next = code.block();
                code.branch(test, hit, next);
                code.go(next);
            }
        }
        code.jump(no);
        code.go(hit);
    }

    /// Goes on if any variable matches its expression, else to `no`.
    fn vars_regexp(&mut self, code: &mut Code, vars: &At<RegexpMatcher>, no: BlockId) {
        let hit = code.block();
        for (name, expression) in &vars.value {
            let text = self.variable_text(code, name);
            let test = self.regexp(expression, Subject::Text(text), vars.origin);
            let next = code.block();
            code.branch(test, hit, next);
            code.go(next);
        }
        code.jump(no);
        code.go(hit);
    }

    /// The text of a variable, or of a placeholder in braces.
    fn variable_text(&mut self, code: &mut Code, name: &str) -> TextRef {
        let is_placeholder =
            name.starts_with('{') && name.ends_with('}') && name.matches('{').count() == 1;
        if is_placeholder {
            self.expanded(code, name)
        } else {
            self.expanded(code, &format!("{{http.vars.{name}}}"))
        }
    }

    /// A text with its placeholders replaced.
    pub(super) fn expanded(&mut self, code: &mut Code, text: &str) -> TextRef {
        let template = self.template(text, Unknown::Empty, Some(OpenKind::Compared));
        let out = code.value();
        code.op(Op::Expand { out, template });
        TextRef::Value(out)
    }

    fn protocol(&mut self, code: &mut Code, protocol: &At<String>, no: BlockId) {
        let int = |view, low, high| Test::Int {
            int: IntRef::View(view),
            low,
            high,
        };
        let test = match protocol.as_str() {
            "http" => int(ViewInt::Scheme, 0, 0),
            "https" => int(ViewInt::Scheme, 1, 1),
            "grpc" => {
                let list = code.value();
                let name = "Content-Type".to_owned();
                code.op(Op::HeaderFind {
                    out: list,
                    target: HeadTarget::Request,
                    name,
                });
                let with = b"application/grpc".to_vec();
                Test::Any {
                    list,
                    compare: Compare::Prefix,
                    with,
                }
            }
            other => match version(other) {
                Some((low, high)) => int(ViewInt::Proto, low, high),
                None => {
                    let what = format!("protocol `{other}`");
                    self.unsupported(
                        protocol.origin.span(),
                        &what,
                        "use http, https, grpc, http/1.0, http/1.1, http/2 or http/3, with `+` for \"at least\"",
                    );
                    return;
                }
            },
        };
        require(code, test, no);
    }

    /// Goes on if a field has one of some values, or is absent if there are
    /// none to have, else to `no`.
    pub(super) fn header(
        &mut self,
        code: &mut Code,
        target: HeadTarget,
        name: &str,
        values: Option<&[String]>,
        no: BlockId,
        span: Span,
    ) {
        let list = code.value();
        code.op(Op::HeaderFind {
            out: list,
            target,
            name: name.to_owned(),
        });
        let Some(values) = values else {
            let absent = code.block();
            code.branch(Test::Found { list }, no, absent);
            code.go(absent);
            return;
        };
        if values.is_empty() {
            require(code, Test::Found { list }, no);
            return;
        }
        self.any(code, values, no, |this, code, value| {
            if zs_open::is_open(value) {
                return Some(this.open_value_test(code, list, value));
            }
            if value.contains('{') {
                let what = "a placeholder in a header matcher";
                this.unsupported(span, what, "write the value out");
            }
            Some(value_test(list, value))
        });
    }

    /// Compares values with one that is known when the server has started, and
    /// is no pattern.
    fn open_value_test(&mut self, code: &mut Code, list: Value, text: &str) -> Test {
        if text.contains(['*', '{']) {
            self.program.data.open_mut().misplace(text);
        }
        let other = self.expanded(code, text);
        Test::AnySame { list, other }
    }

    fn query(
        &mut self,
        code: &mut Code,
        query: &std::collections::BTreeMap<String, Vec<String>>,
        no: BlockId,
        origin: Origin,
    ) {
        if query.keys().all(String::is_empty) {
            self.ask(code, origin, "query", &[], no);
            let text = TextRef::View(ViewText::Query);
            require(
                code,
                Test::Text {
                    text,
                    compare: Compare::Equal,
                    with: Vec::new(),
                },
                no,
            );
            code.answered();
            return;
        }
        for (name, values) in query {
            if name.contains('{') || values.iter().any(|value| value.contains('{')) {
                let what = "a placeholder in a query matcher";
                self.unsupported(origin.span(), what, "write the value out");
            }
            let items: Vec<String> = values
                .iter()
                .map(|value| format!("{name}={value}"))
                .collect();
            self.ask(code, origin, "query", &items, no);
            let list = code.value();
            code.op(Op::QueryFind {
                out: list,
                name: name.clone(),
            });
            self.any(code, values, no, |this, code, value| {
                Some(match value.as_str() {
                    open if zs_open::is_open(open) => this.open_value_test(code, list, open),
                    "*" => Test::Found { list },
                    _ => Test::Any {
                        list,
                        compare: Compare::Equal,
                        with: value.as_bytes().to_vec(),
                    },
                })
            });
            code.answered();
        }
    }
}

/// What a regular expression looks at.
#[derive(Clone, Copy, Debug)]
enum Subject {
    /// A text.
    Text(TextRef),
    /// Any value of a list.
    Any(Value),
}

/// Whether the request came over TLS. No site takes early data, so every
/// handshake is complete when a request is looked at.
fn tls_test(tls: &TlsMatcher) -> Test {
    let scheme = match tls.handshake_complete {
        Some(false) => NO_SCHEME,
        Some(true) | None => 1,
    };
    Test::Int {
        int: IntRef::View(ViewInt::Scheme),
        low: scheme,
        high: scheme,
    }
}

/// A number that stands for no scheme.
const NO_SCHEME: u32 = u32::MAX;

/// Goes on if a test holds, else to `no`.
pub(super) fn require(code: &mut Code, test: Test, no: BlockId) {
    let next = code.block();
    code.branch(test, next, no);
    code.go(next);
}

/// The form of the path that a pattern is compared with; `None` if the pattern
/// needs none.
pub(super) fn form_of(pattern: &str) -> Option<ViewText> {
    if pattern == "*" || pattern.contains(['%', '{']) {
        return None;
    }
    let slashes = pattern.contains("//");
    Some(if slashes {
        ViewText::PathSlashes
    } else {
        ViewText::PathMatch
    })
}

/// Whether the method is this one, in the letters in which it is written.
pub(super) fn method_test(method: &str) -> Test {
    match Method::from_bytes(method.as_bytes()) {
        Method::Other => Test::Text {
            text: TextRef::View(ViewText::Method),
            compare: Compare::Equal,
            with: method.as_bytes().to_vec(),
        },
        known => {
            let number = known as u32;
            Test::Int {
                int: IntRef::View(ViewInt::Method),
                low: number,
                high: number,
            }
        }
    }
}

/// Smallest and largest version of `http/1.1`, `http/2+` and the like.
fn version(text: &str) -> Option<(u32, u32)> {
    let (text, open) = match text.strip_suffix('+') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let version = match text {
        "http/1.0" => 10,
        "http/1.1" => 11,
        "http/2" | "http/2.0" => 20,
        "http/3" | "http/3.0" => 30,
        _ => return None,
    };
    Some((version, if open { u32::MAX } else { version }))
}

/// Compares values with a pattern that may have a star at either end.
fn value_test(list: Value, pattern: &str) -> Test {
    if pattern == "*" {
        return Test::Found { list };
    }
    let (compare, with) = match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => (Compare::Contains, rest.strip_suffix('*').unwrap_or(rest)),
        (Some(rest), None) => (Compare::Suffix, rest),
        (None, Some(rest)) => (Compare::Prefix, rest),
        (None, None) => (Compare::Equal, pattern),
    };
    Test::Any {
        list,
        compare,
        with: with.as_bytes().to_vec(),
    }
}

/// Goes on if the error's status is one of an expression's, else to `no`.
fn status(code: &mut Code, expression: &StatusExpression, no: BlockId) {
    let classes = expression.classes.iter().map(|class| {
        let low = u32::from(*class) * 100;
        (low, low + 99)
    });
    let codes = expression
        .codes
        .iter()
        .map(|code| (u32::from(*code), u32::from(*code)));
    let hit = code.block();
    for (low, high) in classes.chain(codes) {
        let next = code.block();
        code.branch(
            Test::Int {
                int: IntRef::View(ViewInt::ErrorStatus),
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
}
