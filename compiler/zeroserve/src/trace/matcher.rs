//! What a matcher was asked, what it said, and what of the request decided.

use std::collections::BTreeMap;

use zs_abi::HeadTarget;
use zs_ir::program::{
    AddressOf, Condition, IntRef, Test, TextRef, Value, ViewInt, ViewText, Within,
};
use zs_server::with_run;

use super::engine::text_at;
use super::recorder::text;
use super::steps::What;

/// What an operation has found for the tests behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Values of a field.
    Field(HeadTarget, String),
    /// Values of a query parameter.
    Parameter(String),
    /// A text.
    Text(String),
    /// Whether there is a file.
    File(bool),
}

/// Most items of a matcher that are shown.
const ITEMS_MAX: usize = 6;

/// The answer of a condition that holds or not, and the step that shows it.
/// `item` is the one that decided, `subject` what it was compared with.
pub fn describe(condition: &Condition, item: u32, holds: bool, subject: String) -> (bool, What) {
    let (before, yes) = match condition.within {
        Within::Plain => ("", holds),
        Within::Not => ("not ", !holds),
        Within::Several => ("in not: ", holds),
    };
    let items = &condition.items;
    let mut shown = condition.name.to_owned();
    let mut before_it = "";
    for item in items.iter().take(ITEMS_MAX) {
        // Values of one field stand behind its name, as they are written.
        let (field, value) = item.split_once(' ').unwrap_or((item, item));
        shown.push(' ');
        shown += if field == before_it { value } else { item };
        before_it = field;
    }
    if items.len() > ITEMS_MAX {
        shown += &format!(" … ({} in all)", items.len());
    }
    let decided = items.get(item as usize).filter(|_| items.len() > 1);
    let because = match decided {
        Some(decided) if holds && !matches!(condition.name, "host" | "file") => decided.clone(),
        _ if holds
            && condition.name != "file"
            && items.len() < 2
            && condition.within == Within::Plain =>
        {
            String::new()
        }
        _ => subject,
    };
    let what = What::Matcher {
        text: format!("{before}{shown}"),
        yes,
        because,
    };
    (yes, what)
}

/// What a test looks at, as a clause.
pub fn subject(test: &Test, slot: u32, argument: u64, known: &BTreeMap<Value, Known>) -> String {
    match test {
        Test::Text { text, .. }
        | Test::Same { text, .. }
        | Test::Glob { text, .. }
        | Test::Accepts { text, .. }
        | Test::Regex { text, .. } => match text {
            TextRef::View(field) => view_text(*field, slot),
            TextRef::Value(value) => found(known.get(value)),
        },
        Test::Path { .. } | Test::PathRegexp { .. } | Test::Bit { .. } | Test::Group { .. } => {
            view_text(ViewText::PathMatch, slot)
        }
        Test::PathEscaped { .. } => view_text(ViewText::PathRaw, slot),
        Test::Any { list, .. }
        | Test::AnySame { list, .. }
        | Test::Found { list }
        | Test::AnyAccepts { list, .. }
        | Test::AnyRegex { list, .. } => found(known.get(list)),
        // What values of an expression come to is told by its answer.
        Test::RegisterTruth { .. } | Test::RegisterNext { .. } => String::new(),
        Test::Int { int, .. } => match int {
            IntRef::View(ViewInt::Method) => view_text(ViewText::Method, slot),
            IntRef::View(field) => number(*field),
            IntRef::Argument => format!("the status is {argument}"),
            IntRef::Value(value) => found(known.get(value)),
            IntRef::Local(_) => String::new(),
        },
        Test::Address { of, .. } => with_run(|run| {
            let address = match of {
                AddressOf::Remote => run.exchange.remote_ip(),
                AddressOf::Client => run.exchange.client_ip(),
            };
            match address {
                Some(address) => format!("the client is {address}"),
                None => "the client has no address".to_owned(),
            }
        })
        .unwrap_or_default(),
        Test::ClientNext { .. } => String::new(),
    }
}

/// The host that the request is for.
pub fn host(slot: u32) -> String {
    view_text(ViewText::Host, slot)
}

fn view_text(field: ViewText, slot: u32) -> String {
    let read = |field: ViewText| {
        let at = slot + u32::from(field.offset().unsigned_abs());
        text(&text_at(at).unwrap_or_default())
    };
    let (name, shown) = match field {
        ViewText::Host | ViewText::HostTail => ("host", ViewText::Host),
        ViewText::Query => ("query", field),
        ViewText::Method => ("method", field),
        ViewText::PathRaw => ("escaped path", field),
        ViewText::Path | ViewText::PathMatch | ViewText::PathSlashes | ViewText::PathClean => {
            ("path", ViewText::Path)
        }
    };
    let found = read(shown);
    if found.is_empty() {
        return format!("there is no {name}");
    }
    let compared = read(field);
    // Case is not worth a word, but dots and slashes that are gone are.
    if name == "path" && compared.to_lowercase() != found.to_lowercase() {
        return format!("the path is {found}, compared as {compared}");
    }
    format!("the {name} is {found}")
}

fn number(field: ViewInt) -> String {
    let told = with_run(|run| {
        let exchange = &run.exchange;
        match field {
            ViewInt::Method => format!("the method is {}", text(&exchange.request.method)),
            ViewInt::Proto => format!("the version is HTTP/1.{}", exchange.request.minor),
            ViewInt::Scheme => format!("the scheme is {}", text(exchange.scheme())),
            ViewInt::LocalPort => format!("it came in on {:?}", exchange.origin.local),
            ViewInt::RemoteFamily | ViewInt::ClientFamily => String::new(),
            ViewInt::ErrorStatus => match exchange.raised() {
                Some(raised) => format!("the status is {}", raised.status),
                None => "there is no error".to_owned(),
            },
        }
    });
    told.unwrap_or_default()
}

fn found(known: Option<&Known>) -> String {
    let values = |head: &zs_server::Head, name: &str| {
        let values: Vec<String> = head.values(name.as_bytes()).map(text).collect();
        values.join("` and `")
    };
    match known {
        None => String::new(),
        Some(Known::File(true)) => with_run(|run| match run.exchange.file() {
            Some(file) => format!("there is {}", text(file)),
            None => "there is one".to_owned(),
        })
        .unwrap_or_default(),
        Some(Known::File(false)) => "there is none".to_owned(),
        Some(Known::Text(text)) if text.is_empty() => "it is empty".to_owned(),
        Some(Known::Text(text)) => format!("it is `{text}`"),
        Some(Known::Parameter(_)) => with_run(|run| {
            let query = text(&run.exchange.request.target.query);
            match &*query {
                "" => "there is no query".to_owned(),
                query => format!("the query is {query}"),
            }
        })
        .unwrap_or_default(),
        Some(Known::Field(target, name)) => with_run(|run| {
            let exchange = &run.exchange;
            let head = match target {
                HeadTarget::Request => &exchange.request.head,
                HeadTarget::Response => &exchange.response.head,
                HeadTarget::UpstreamRequest => &exchange.upstream.request,
                HeadTarget::UpstreamResponse => &exchange.upstream.response,
            };
            match values(head, name) {
                values if values.is_empty() => format!("there is no {name}"),
                values => format!("it is `{values}`"),
            }
        })
        .unwrap_or_default(),
    }
}
