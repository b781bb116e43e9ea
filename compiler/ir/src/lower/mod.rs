//! Configuration to program.
//!
//! A server becomes an entry function that finds the site of a request's host;
//! a site becomes a function of its own. Routes become tests and jumps in
//! Caddy's order, handlers become operations and actions.

mod balance;
mod basic_auth;
mod clients;
mod code;
mod conditions;
mod encode;
mod expression;
mod files;
mod handlers;
mod handshakes;
mod headers;
mod health;
mod invoke;
mod limits;
mod logs;
mod map;
mod matchers;
mod open;
mod provision;
mod proxy;
mod refusals;
mod refused_logs;
mod request_body;
mod rewrite;
mod routes;
mod servers;

use std::collections::{BTreeMap, BTreeSet};

use zs_abi::data::Text;
use zs_abi::tables::{Error, ErrorId, Regex, RegexId, Value as DataValue, Variable, VariableId};
use zs_abi::{Capability, OpenKind};
use zs_config::model::{Config, Origin};
use zs_data::DataBuilder;
use zs_diagnostics::{Diagnostic, Sink, Span, codes, nearest};
use zs_open::OpenValues;

use crate::maps::Place;
use crate::program::{Function, FunctionId, Program, Within};
use crate::template::{self, Names, Piece, Unknown};
use code::Code;

/// Lowers a configuration in which some values may be `open` until the site
/// starts. Reports what cannot be served; `None` if that is an error.
pub fn lower(config: &Config, open: &OpenValues, sink: &mut Sink) -> Option<Program> {
    refusals::refuse(config, sink);
    let plan = provision::provision(config, open, sink);
    let program = Program {
        data: DataBuilder::with_open(open.clone()),
        ..Program::default()
    };
    let json = config.to_json();
    let mut lowering = Lowering {
        program,
        sink,
        variables: BTreeMap::new(),
        capture_names: BTreeMap::new(),
        invocations: invoke::Invocations::default(),
        captures_used: json.contains("{http.regexp."),
        mapped: mapped(&json),
        maps: map::Maps::default(),
        site_locals: 0,
        places: Vec::new(),
        needs: 0,
        within: Within::default(),
        owner: FunctionId(0),
        place: Span::default(),
        log_names: BTreeSet::new(),
        twins: BTreeMap::new(),
        backends: 0,
    };
    lowering.servers(&plan);
    lowering.shutdown(config);
    lowering.logs(config, &plan);
    let Lowering {
        mut program,
        sink,
        maps,
        places,
        ..
    } = lowering;
    crate::maps::lower(
        &mut program.functions,
        &places,
        &maps.all,
        &program.proxies,
        &mut program.data,
        sink,
    );
    open::check(&mut program, sink);
    if program.data.open().is_any_used() {
        program.capabilities.insert(Capability::Environment);
    }
    if sink.has_errors() {
        return None;
    }
    finish(&mut program);
    Some(program)
}

/// The placeholders that the maps of a configuration set.
fn mapped(json: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Ok(config) = serde_json::from_str(json) {
        map::destinations(&config, &mut found);
    }
    found
}

/// Replaces what stands only for something else: path tests, and targets that
/// are blocks.
///
/// # Panics
/// If a pass made a function that does not verify, which is a bug in it.
fn finish(program: &mut Program) {
    for number in 0..program.functions.len() {
        let owner = FunctionId(number as u32);
        let more = crate::split::proxy_blocks(program, owner);
        let check = |function: &Function| {
            if let Err(error) = crate::verify::verify(function, &more) {
                panic!("lowering made a function that does not verify: {error}");
            }
        };
        check(&program.functions[number]);
        crate::paths::lower(&mut program.functions[number], &mut program.data);
        check(&program.functions[number]);
    }
    crate::split::split(program);
    for function in &program.functions {
        if let Err(error) = crate::verify::verify(function, &[]) {
            panic!("splitting made a function that does not verify: {error}");
        }
    }
}

/// What is known while a configuration is lowered.
struct Lowering<'a> {
    program: Program,
    sink: &'a mut Sink,
    variables: BTreeMap<String, VariableId>,
    /// Names under which captures are read, by number.
    capture_names: BTreeMap<String, u32>,
    /// The current server's named routes.
    invocations: invoke::Invocations,
    /// Whether any text of the configuration reads a capture.
    captures_used: bool,
    /// The placeholders that maps set, without braces.
    mapped: BTreeSet<String>,
    /// The maps so far.
    maps: map::Maps,
    /// The most words of the request's memory that functions of sites number.
    site_locals: u32,
    /// Whose each function is.
    places: Vec<Place>,
    /// Forms of the path that the current server's code reads.
    needs: u32,
    /// How the matchers being written stand in a `not`.
    within: Within,
    /// The function being written.
    owner: FunctionId,
    /// The part of the configuration whose texts are being stored.
    place: Span,
    /// Loggers that handlers name.
    log_names: BTreeSet<String>,
    /// The number of the first backend of each name.
    twins: BTreeMap<String, u32>,
    /// How many backends there are.
    backends: u32,
}

impl Lowering<'_> {
    /// Reserves a function's number, for code that must name it before it is
    /// written.
    fn reserve(&mut self, name: &str) -> FunctionId {
        let name = self.program.data.open().values().spelled(name);
        self.program.functions.push(Function::new(name));
        self.places.push(Place {
            server: self.program.servers.len(),
            hosts: self.maps.hosts.clone(),
        });
        FunctionId(self.program.functions.len() as u32 - 1)
    }

    /// Puts a function into its reserved place.
    fn fill(&mut self, number: FunctionId, code: Code) {
        self.program.functions[number.index()] = code.finish();
    }

    /// Stores a text: as a constant if it is one, else as a template.
    fn value(&mut self, text: &str, unknown: Unknown) -> DataValue {
        self.value_with(text, unknown, None, |_| 0)
    }

    /// As [`Self::value`]; the text may hold values that are left open.
    fn open_value(&mut self, text: &str, unknown: Unknown, kind: OpenKind) -> DataValue {
        self.value_with(text, unknown, Some(kind), |_| 0)
    }

    /// As [`Self::value`], with the kind of open values, if there may be any,
    /// and flags for the template's segments; `flags` sees all pieces in order.
    fn value_with(
        &mut self,
        text: &str,
        unknown: Unknown,
        open: Option<OpenKind>,
        flags: impl FnMut(&Piece) -> u32,
    ) -> DataValue {
        let pieces = template::pieces(text, unknown, &mut self.names());
        match &pieces[..] {
            [Piece::Constant(text)] => DataValue {
                text: template::constant(text, open, &mut self.program.data),
                template: None,
            },
            _ => DataValue {
                text: Text::EMPTY,
                template: Some(template::store(
                    &pieces,
                    open,
                    flags,
                    &mut self.program.data,
                )),
            },
        }
    }

    fn names(&mut self) -> NameTable<'_> {
        NameTable {
            variables: &mut self.variables,
            capture_names: &mut self.capture_names,
            mapped: &self.mapped,
            data: &mut self.program.data,
            sink: self.sink,
            place: self.place,
        }
    }

    /// The number of an error of this status without a message.
    fn plain_error(&mut self, status: &str) -> ErrorId {
        let status = DataValue {
            text: self.program.data.text(status),
            template: None,
        };
        let message = DataValue::default();
        ErrorId(self.program.data.push(&Error { status, message }))
    }

    /// The number of an expression; its captures are stored under `name`.
    fn regex(&mut self, name: &str, pattern: &str, origin: Origin) -> RegexId {
        self.program.data.open_mut().misplace(pattern);
        let program = match crate::regex::compile(pattern, &mut self.program.data) {
            Ok(program) => program,
            Err(reason) => {
                self.bad_regex(origin.span(), &reason);
                Text::EMPTY
            }
        };
        let name = self.program.data.text(name);
        RegexId(self.program.data.push(&Regex { name, program }))
    }

    fn bad_regex(&mut self, span: Span, reason: &str) {
        let error = Diagnostic::error(
            codes::BAD_VALUE,
            span,
            "the regular expression is malformed",
        )
        .label(reason)
        .help("expressions have Go's syntax: https://pkg.go.dev/regexp/syntax");
        self.sink.report(error);
    }

    fn unsupported(&mut self, span: Span, what: &str, help: &str) {
        let message = format!("{what} is not supported yet");
        let error = Diagnostic::error(codes::UNSUPPORTED, span, message).help(help);
        self.sink.report(error);
    }
}

/// Resolves the names in placeholders.
struct NameTable<'a> {
    variables: &'a mut BTreeMap<String, VariableId>,
    capture_names: &'a mut BTreeMap<String, u32>,
    mapped: &'a BTreeSet<String>,
    data: &'a mut zs_data::DataBuilder,
    sink: &'a mut Sink,
    place: Span,
}

impl Names for NameTable<'_> {
    fn variable(&mut self, name: &str) -> VariableId {
        if let Some(number) = self.variables.get(name) {
            return *number;
        }
        let text = self.data.text(name);
        let number = VariableId(self.data.push(&Variable { name: text }));
        self.variables.insert(name.to_owned(), number);
        number
    }

    fn capture_name(&mut self, name: &str) -> u32 {
        let next = self.capture_names.len() as u32;
        *self.capture_names.entry(name.to_owned()).or_insert(next)
    }

    fn mapped(&mut self, name: &str) -> Option<VariableId> {
        self.mapped
            .contains(name)
            .then(|| self.variable(&format!("{{{name}}}")))
    }

    fn unknown(&mut self, name: &str) {
        // What resembles no name is likely a text with braces.
        let Some(near) = nearest(name, zs_config::placeholder_names()) else {
            return;
        };
        let message = format!("there is no placeholder `{{{name}}}`");
        let warning = Diagnostic::warning(codes::UNKNOWN_PLACEHOLDER, self.place, message)
            .help(format!("did you mean `{{{near}}}`?"));
        self.sink.report(warning);
    }

    fn missing(&mut self, name: &str) {
        let message = format!("the placeholder `{{{name}}}` is not supported yet");
        let error = Diagnostic::error(codes::UNSUPPORTED, self.place, message)
            .help("remove it to build the rest");
        self.sink.report(error);
    }
}
