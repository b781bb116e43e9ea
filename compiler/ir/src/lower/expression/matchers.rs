//! Request matchers inside of expressions: the same as outside.

use zs_cel::{Arguments, Entry, Expr, Function, Kind, Matcher};
use zs_config::model::{
    At, FileMatcher, IpRanges, MatcherSet, Origin, Regexp, TlsMatcher, UrlPattern,
};
use zs_diagnostics::Span;

use super::super::matchers::method_test;
use super::{Lower, Ways};
use crate::template;

impl Lower<'_, '_, '_> {
    /// Lowers a call of a request matcher.
    pub(super) fn matcher(
        &mut self,
        matcher: Matcher,
        arguments: &Arguments,
        span: Span,
        ways: Ways,
    ) {
        if matcher == Matcher::Method {
            self.methods(arguments, span, ways);
            return;
        }
        match set(matcher, arguments, self.name, span) {
            Ok(set) => self.lowering.set(self.code, &set, ways.yes, ways.no),
            Err(Problem { what, help }) => self.refuse(span, &what, help),
        }
    }
}

impl Lower<'_, '_, '_> {
    /// Methods are compared as they are written: there is nobody who makes
    /// capitals of them, as there is outside of expressions.
    fn methods(&mut self, arguments: &Arguments, span: Span, ways: Ways) {
        let methods = match texts(arguments) {
            Ok(methods) => methods,
            Err(Problem { what, help }) => return self.refuse(span, &what, help),
        };
        for method in &methods {
            if method.contains('{') {
                let help = "compare `{http.request.method}` with it";
                self.refuse(span, "a placeholder as a method", help);
            }
            let next = self.code.block();
            self.code.branch(method_test(method), ways.yes, next);
            self.code.go(next);
        }
        self.code.jump(ways.no);
    }
}

/// What is not compiled.
pub struct Problem {
    what: String,
    help: &'static str,
}

/// The set of the one matcher that a call is.
pub fn set(
    matcher: Matcher,
    arguments: &Arguments,
    name: &str,
    span: Span,
) -> Result<MatcherSet, Problem> {
    let origin = Origin::from(span);
    let mut set = MatcherSet {
        origin,
        ..MatcherSet::default()
    };
    let texts = || texts(arguments);
    let at = |texts| Some(At::new(texts, origin));
    match matcher {
        Matcher::ClientIp => set.client_ip = Some(At::new(IpRanges { ranges: texts()? }, origin)),
        Matcher::RemoteIp => set.remote_ip = Some(At::new(IpRanges { ranges: texts()? }, origin)),
        Matcher::File => set.file = Some(At::new(files(arguments)?, origin)),
        Matcher::Header => {
            let entries = entries(arguments)?.into_iter();
            let fields = entries.map(|(field, values)| (field, Some(values)));
            set.header = Some(At::new(fields.collect(), origin));
        }
        Matcher::HeaderRegexp => {
            let (field, regexp) = named(texts()?, name)?;
            set.header_regexp = Some(At::new([(field, regexp)].into(), origin));
        }
        Matcher::VarsRegexp => {
            let (variable, regexp) = named(texts()?, name)?;
            set.vars_regexp = Some(At::new([(variable, regexp)].into(), origin));
        }
        Matcher::Host => set.host = at(texts()?),
        Matcher::Method => set.method = at(texts()?),
        Matcher::Path => set.path = at(texts()?),
        Matcher::PathRegexp => {
            let mut texts = texts()?;
            let pattern = texts.pop().unwrap_or_default();
            let regexp = regexp(texts.pop(), pattern, name);
            set.path_regexp = Some(At::new(regexp, origin));
        }
        Matcher::Protocol => {
            let protocol = texts()?.pop().unwrap_or_default().to_lowercase();
            set.protocol = Some(At::new(protocol, origin));
        }
        Matcher::Query => {
            set.query = Some(At::new(entries(arguments)?.into_iter().collect(), origin))
        }
        Matcher::Vars => {
            set.vars = Some(At::new(entries(arguments)?.into_iter().collect(), origin))
        }
        Matcher::Tls => set.tls = Some(At::new(tls(&texts()?)?, origin)),
        Matcher::UrlPattern => set.url_pattern = Some(At::new(UrlPattern::default(), origin)),
        _ => {
            return Err(Problem {
                what: format!("the matcher `{matcher}` in an expression"),
                help: "write it outside of the expression",
            });
        }
    }
    Ok(set)
}

fn tls(texts: &[String]) -> Result<TlsMatcher, Problem> {
    let handshake_complete = match texts.first().map(String::as_str) {
        None | Some("any") => None,
        Some("complete") => Some(true),
        Some("early_data") => Some(false),
        Some(other) => {
            return Err(Problem {
                what: format!("the state `{other}` of a handshake"),
                help: "write `tls()`, `tls('complete')` or `tls('early_data')`",
            });
        }
    };
    Ok(TlsMatcher { handshake_complete })
}

/// Files to try, or a map whose keys are known.
fn files(arguments: &Arguments) -> Result<FileMatcher, Problem> {
    let mut files = FileMatcher {
        try_files: texts(arguments)?,
        ..FileMatcher::default()
    };
    for (key, mut values) in entries(arguments)? {
        match &*key {
            "try_files" => files.try_files = values,
            "split_path" => files.split_path = values,
            "root" => files.root = values.pop().unwrap_or_default(),
            _ => files.try_policy = values.pop().unwrap_or_default(),
        }
    }
    Ok(files)
}

/// `[name,] subject, pattern`
fn named(mut texts: Vec<String>, name: &str) -> Result<(String, Regexp), Problem> {
    let (pattern, subject) = (texts.pop(), texts.pop());
    match (subject, pattern) {
        (Some(subject), Some(pattern)) => Ok((subject, regexp(texts.pop(), pattern, name))),
        _ => Err(Problem {
            what: "a pattern without a subject".to_owned(),
            help: "write the name of the field or variable before the pattern",
        }),
    }
}

/// An expression whose captures are found under its name, or else under that
/// of the matcher around it.
fn regexp(name: Option<String>, pattern: String, default: &str) -> Regexp {
    let name = name.filter(|name| !name.is_empty());
    Regexp {
        name: name.unwrap_or_else(|| default.to_owned()),
        pattern,
    }
}

fn texts(arguments: &Arguments) -> Result<Vec<String>, Problem> {
    match arguments {
        Arguments::Texts(texts) => texts.iter().map(text).collect(),
        Arguments::Entries(_) => Ok(Vec::new()),
    }
}

fn entries(arguments: &Arguments) -> Result<Vec<(String, Vec<String>)>, Problem> {
    let Arguments::Entries(entries) = arguments else {
        return Ok(Vec::new());
    };
    let entry = |entry: &Entry| {
        let values = entry.values.iter().map(text).collect::<Result<_, _>>()?;
        Ok((text(&entry.key)?, values))
    };
    entries.iter().map(entry).collect()
}

/// A text as matchers have it: with placeholders in braces.
fn text(expr: &Expr) -> Result<String, Problem> {
    let problem = || Problem {
        what: "an argument of a matcher that is made at run time".to_owned(),
        help: "write a text, a placeholder, or several of them joined by `+`",
    };
    match &expr.kind {
        Kind::Placeholder(name) => {
            let name = super::constant::text(name).ok_or_else(problem)?;
            if template::source(&name).is_none() && !name.starts_with("http.vars.") {
                return Err(Problem {
                    what: format!("the placeholder `{{{name}}}` as an argument of a matcher"),
                    help: "write the value out",
                });
            }
            Ok(format!("{{{name}}}"))
        }
        Kind::Call(Function::Add, parts) => {
            let parts: Result<Vec<_>, _> = parts.iter().map(text).collect();
            Ok(parts?.concat())
        }
        _ => expr.as_text().map(str::to_owned).ok_or_else(problem),
    }
}
