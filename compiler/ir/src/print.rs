//! Functions as text. [`crate::parse`] reads what this writes, but for the
//! places in the configuration, which stand in comments.

use std::fmt::{self, Display, Write as _};

use zs_diagnostics::{SourceMap, Span};

use crate::program::{
    Act, AddressOf, BlockId, Choice, Compare, End, Function, FunctionId, IntRef, Op, Program,
    Target, Test, TextRef,
};

/// Writes a program: its functions, and what they name.
#[must_use]
pub fn program(program: &Program, sources: Option<&SourceMap>) -> String {
    let mut out = String::new();
    for listener in &program.listeners {
        let _ = writeln!(out, "; listens on {listener}");
    }
    for capability in &program.capabilities {
        let _ = writeln!(out, "; uses {}", capability.name());
    }
    for (number, server) in program.servers.iter().enumerate() {
        let _ = writeln!(out, "; server{number} enters {}", server.entry);
    }
    for (number, proxy) in program.proxies.iter().enumerate() {
        let _ = writeln!(out, "; proxy{number} {:?}", proxy.record);
        if let Some(balance) = &proxy.balance {
            let _ = writeln!(out, "; proxy{number} {:?}", balance.record);
        }
    }
    for (number, map) in program.host_maps.iter().enumerate() {
        for (name, function) in &map.exact {
            let _ = writeln!(out, "; hosts{number} {name} enters {function}");
        }
        for (tail, function) in &map.tails {
            let _ = writeln!(out, "; hosts{number} *.{tail} enters {function}");
        }
    }
    for (number, function) in program.functions.iter().enumerate() {
        let _ = writeln!(out);
        out += &self::function(FunctionId(number as u32), function, sources);
    }
    out
}

/// Writes a function.
#[must_use]
pub fn function(id: FunctionId, function: &Function, sources: Option<&SourceMap>) -> String {
    let mut out = format!("{id} {:?} {{\n", function.name);
    let mut place = String::new();
    for (number, block) in function.blocks.iter().enumerate() {
        let _ = writeln!(out, "{}:", BlockId(number as u32));
        for op in &block.ops {
            line(&mut out, &op.what, op.span, sources, &mut place);
        }
        line(
            &mut out,
            &block.end.what,
            block.end.span,
            sources,
            &mut place,
        );
    }
    out.push_str("}\n");
    out
}

/// Writes a line, with its place where that changes.
fn line(
    out: &mut String,
    what: &dyn Display,
    span: Span,
    sources: Option<&SourceMap>,
    last: &mut String,
) {
    let place = sources.map_or_else(String::new, |sources| sources.describe(span));
    if place == *last {
        let _ = writeln!(out, "    {what}");
    } else {
        let _ = writeln!(out, "    {:<56} ; {place}", what.to_string());
        *last = place;
    }
}

impl Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PathSet { out, form } => write!(f, "{out} = path_set {}", form.name()),
            Self::Walk { out, table, text } => {
                write!(f, "{out} = walk {}:{} {text}", table.offset, table.len)
            }
            Self::HostLookup { out, map } => write!(f, "{out} = host_lookup {map}"),
            Self::HeaderFind { out, target, name } => {
                write!(f, "{out} = header_find {} {name:?}", *target as u32)
            }
            Self::QueryFind { out, name } => write!(f, "{out} = query_find {name:?}"),
            Self::Expand { out, template } => write!(f, "{out} = expand {template}"),
            Self::FirstOf { out, list } => write!(f, "{out} = first_of {list}"),
            Self::Choose { out, from, choice } => {
                write!(f, "{out} = choose {}:{} {choice}", from.first, from.count)
            }
            Self::FileLook { out, look } => write!(f, "{out} = file_look {look}"),
            Self::EncodeBegin { encode } => write!(f, "encode_begin {encode}"),
            Self::EncodeSniff { encode } => write!(f, "encode_sniff {encode}"),
            Self::Encode { encode, wanted } => write!(f, "encode {encode} {}", u32::from(*wanted)),
            Self::HeaderOps { list, target } => {
                write!(f, "header_ops {list} {}", *target as u32)
            }
            Self::Rewrite { list, error } => write!(f, "rewrite {list} {error}"),
            Self::VarSet { variable, template } => write!(f, "var_set {variable} {template}"),
            Self::BodyLimit { out, bytes } => write!(f, "{out} = body_limit {bytes}"),
            Self::BodySet { template } => write!(f, "body_set {template}"),
            Self::LocalSet { local, value } => write!(f, "local_set local{local} {value}"),
            Self::RegistersClear => write!(f, "registers_clear"),
            Self::RegisterConstant { register, constant } => {
                write!(
                    f,
                    "register_constant {register} {}:{}",
                    constant.offset, constant.len
                )
            }
            Self::RegisterPlaceholder { register, template } => {
                write!(f, "register_placeholder {register} {template}")
            }
            Self::RegisterCopy { register, from } => write!(f, "register_copy {register} {from}"),
            Self::RegisterRegex { register, regex } => {
                write!(f, "register_regex {register} {regex}")
            }
            Self::RegisterCall {
                function,
                first,
                count,
            } => write!(f, "register_call {} {first} {count}", function.name()),
            Self::FilterPush { target } => write!(f, "filter_push {target}"),
            Self::ScopePush { target, restore } => {
                write!(f, "scope_push {target} {}", u32::from(*restore))
            }
            Self::ScopePop => write!(f, "scope_pop"),
            Self::TrustPeer { proxy: None } => write!(f, "trust_peer"),
            Self::TrustPeer { proxy: Some(proxy) } => write!(f, "trust_peer {proxy}"),
        }
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text {
                text,
                compare,
                with,
            } => {
                write!(f, "text_{} {text} {}", compare.name(), Quoted(with))
            }
            Self::Same { text, other } => write!(f, "same {text} {other}"),
            Self::Path { set, pattern } => write!(f, "path {set} {pattern:?}"),
            Self::Bit { set, bit } => write!(f, "bit {set} {bit}"),
            Self::Group { set, bit } => write!(f, "group {set} {bit}"),
            Self::PathRegexp { set, pattern } => write!(f, "path_regexp {set} {pattern:?}"),
            Self::PathEscaped { pattern } => write!(f, "path_escaped {pattern:?}"),
            Self::Glob { pattern, text } => write!(f, "glob {text} {pattern:?}"),
            Self::Int { int, low, high } => write!(f, "int {int} {low} {high}"),
            Self::Any {
                list,
                compare,
                with,
            } => {
                write!(f, "any_{} {list} {}", compare.name(), Quoted(with))
            }
            Self::AnySame { list, other } => write!(f, "any_same {list} {other}"),
            Self::Found { list } => write!(f, "found {list}"),
            Self::Accepts { table, text } => {
                write!(f, "accepts {}:{} {text}", table.offset, table.len)
            }
            Self::Regex { regex, text, store } => match store {
                Some(name) => write!(f, "regex {regex} {text} {name}"),
                None => write!(f, "regex {regex} {text}"),
            },
            Self::AnyAccepts { list, table } => {
                write!(f, "any_accepts {}:{} {list}", table.offset, table.len)
            }
            Self::AnyRegex { list, regex, store } => match store {
                Some(name) => write!(f, "any_regex {regex} {list} {name}"),
                None => write!(f, "any_regex {regex} {list}"),
            },
            Self::RegisterTruth { register, truth } => {
                write!(f, "register_truth {register} {}", *truth as u32)
            }
            Self::RegisterNext { iterator, variable } => {
                write!(f, "register_next {iterator} {variable}")
            }
            Self::Address { of, ranges } => {
                write!(f, "{}", of.name())?;
                ranges.iter().try_for_each(|range| write!(f, " {range}"))
            }
            Self::ClientNext { client } => write!(f, "client_next {client}"),
        }
    }
}

impl Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jump(to) => write!(f, "jump {to}"),
            Self::Branch { test, then, or } => write!(f, "if {test} then {then} else {or}"),
            Self::Tail(function) => write!(f, "tail {function}"),
            Self::Dispatch { value, none } => write!(f, "dispatch {value} else {none}"),
            Self::Act { act, resume: None } => write!(f, "{act}"),
            Self::Act {
                act,
                resume: Some(target),
            } => write!(f, "{act} resume {target}"),
        }
    }
}

impl Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => write!(f, "end"),
            Self::Yes => write!(f, "yes"),
            Self::Respond(response) => write!(f, "respond {response}"),
            Self::Error(error) => write!(f, "raise {error}"),
            Self::Abort => write!(f, "abort"),
            Self::Proxy(proxy) => write!(f, "proxy {proxy}"),
            Self::Subrequest(subrequest) => write!(f, "subrequest {subrequest}"),
            Self::Authenticate(number) => write!(f, "authenticate {number}"),
            Self::Files(files) => write!(f, "files {files}"),
            Self::Goto => write!(f, "goto"),
        }
    }
}

impl Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => write!(f, "random"),
            Self::Draw(draw) => write!(f, "draw {draw}"),
            Self::Least => write!(f, "least"),
            Self::First => write!(f, "first"),
            Self::Round(proxy) => write!(f, "round {proxy}"),
            Self::Weighted(proxy, weights) => {
                write!(f, "weighted {proxy} {}:{}", weights.offset, weights.len)
            }
            Self::Hash(text) => write!(f, "hash {text}"),
        }
    }
}

impl Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(block) => block.fmt(f),
            Self::Function(function) => function.fmt(f),
        }
    }
}

impl Display for TextRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::View(field) => f.write_str(field.name()),
            Self::Value(value) => value.fmt(f),
        }
    }
}

impl Display for IntRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::View(field) => f.write_str(field.name()),
            Self::Argument => f.write_str("argument"),
            Self::Local(local) => write!(f, "local{local}"),
            Self::Value(value) => value.fmt(f),
        }
    }
}

impl AddressOf {
    /// The name in dumps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Remote => "remote_ip",
            Self::Client => "client_ip",
        }
    }
}

impl Compare {
    /// Every way to compare.
    pub const ALL: [Self; 4] = [Self::Equal, Self::Prefix, Self::Suffix, Self::Contains];

    /// The name in dumps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Prefix => "prefix",
            Self::Suffix => "suffix",
            Self::Contains => "contains",
        }
    }
}

/// Bytes as a quoted text.
struct Quoted<'a>(&'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.0))
    }
}
