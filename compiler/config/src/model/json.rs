//! Printing as Go prints JSON.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};
use serde_json::{Map, Serializer, Value};

use super::Config;

impl Config {
    /// Caddy's JSON on one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        print(self, GoFormatter(CompactFormatter))
    }

    /// Caddy's JSON, indented with tabs.
    #[must_use]
    pub fn to_json_pretty(&self) -> String {
        print(self, GoFormatter(PrettyFormatter::with_indent(b"\t")))
    }
}

fn print<F: Formatter>(config: &Config, formatter: F) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, formatter);
    // The model has only string keys and finite numbers, and a Vec takes every write, so neither can fail.
    config
        .serialize(&mut serializer)
        .expect("the model is JSON");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// A module's object as Caddy's adapter makes it: the value's fields and the module's name, sorted by key at every depth.
///
/// # Errors
/// When the value is no JSON object.
pub(super) fn module(key: &str, name: &str, value: &impl Serialize) -> serde_json::Result<Value> {
    let mut object = match serde_json::to_value(value)? {
        Value::Object(object) => object,
        other => {
            return Err(serde::ser::Error::custom(format!(
                "{name} is no object but {other}"
            )));
        }
    };
    object.insert(key.to_owned(), Value::String(name.to_owned()));
    Ok(sorted(Value::Object(object)))
}

/// Prints and reads an enum of modules: each variant's fields, if it has any, with the module's name under a key. The
/// namespace is the one that Caddy's modules of that kind have.
macro_rules! modules {
    ($type:ident by $key:literal in $namespace:literal { $($variant:ident $(($value:ident))? => $name:literal,)* }) => {
        impl $type {
            /// The name that Caddy's JSON gives this module.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $($type::$variant { .. } => $name,)*
                }
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let object = match self {
                    $($type::$variant $(($value))? => {
                        let fields = ($($value,)? &json::NoFields {},);
                        json::module($key, $name, fields.0)
                    })*
                };
                object.map_err(serde::ser::Error::custom)?.serialize(serializer)
            }
        }

        json::read_modules!($type by $key in $namespace { $($variant $(($value))? => $name,)* });
    };
}

/// Reads an enum of modules.
macro_rules! read_modules {
    ($type:ident by $key:literal in $namespace:literal { $($variant:ident $(($value:ident))? => $name:literal,)* }) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                enum Name {
                    $(#[serde(rename = $name)] $variant,)*
                }

                struct Modules;

                impl<'de> serde::de::Visitor<'de> for Modules {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                        f.write_str("the object of a module")
                    }

                    fn visit_enum<A: serde::de::EnumAccess<'de>>(self, data: A) -> Result<$type, A::Error> {
                        use serde::de::VariantAccess as _;
                        let (name, fields) = data.variant::<Name>()?;
                        match name {
                            $(Name::$variant => json::read_module!($type $variant fields $($value)?),)*
                        }
                    }
                }

                let name = concat!("@", $key, " ", $namespace);
                deserializer.deserialize_enum(name, &[$($name),*], Modules)
            }
        }
    };
}

/// Reads what follows a module's name.
macro_rules! read_module {
    ($type:ident $variant:ident $fields:ident) => {
        $fields.unit_variant().map(|()| $type::$variant)
    };
    ($type:ident $variant:ident $fields:ident $value:ident) => {
        $fields.newtype_variant().map($type::$variant)
    };
}

/// Reads an enum that is printed with a tag, as `modules` are read. `serde` alone would lose places and unknown fields.
macro_rules! tagged {
    (
        $remote:literal as $reader:literal;
        $(#[$meta:meta])*
        pub enum $name:ident { $($body:tt)* }
    ) => {
        $(#[$meta])*
        pub enum $name { $($body)* }

        const _: () = {
            #[derive(serde::Deserialize)]
            #[serde(remote = $remote, rename = $reader, rename_all = "snake_case")]
            enum Reader { $($body)* }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Reader::deserialize(deserializer)
                }
            }
        };
    };
}

pub(super) use {modules, read_module, read_modules, tagged};

/// What a module without fields prints.
#[derive(Serialize)]
pub(super) struct NoFields {}

/// A number with a fraction, which Go writes without one when there is none.
pub(super) fn float<S: serde::Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    // Up to here every whole number is exact, and is the same one as an integer.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT_MAX {
        return serializer.serialize_i64(*number as i64);
    }
    serializer.serialize_f64(*number)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut entries: Vec<(String, Value)> = object.into_iter().collect();
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            Value::Object(
                entries
                    .into_iter()
                    .map(|(key, value)| (key, sorted(value)))
                    .collect::<Map<_, _>>(),
            )
        }
        Value::Array(values) => Value::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Go's `encoding/json` writes `<`, `>`, `&` and the two Unicode line separators as escapes, so that JSON can stand in HTML.
struct GoFormatter<F>(F);

macro_rules! delegate {
    ($($name:ident($($argument:ident: $type:ty),*);)*) => {
        $(fn $name<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> io::Result<()> {
            self.0.$name(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for GoFormatter<F> {
    delegate! {
        begin_array();
        end_array();
        begin_array_value(first: bool);
        end_array_value();
        begin_object();
        end_object();
        begin_object_key(first: bool);
        begin_object_value();
        end_object_value();
    }

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let special =
            |character: char| matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        let mut rest = fragment;
        while let Some(at) = rest.find(special) {
            self.0.write_string_fragment(writer, &rest[..at])?;
            let character = rest[at..].chars().next().unwrap_or_default();
            write!(writer, "\\u{:04x}", character as u32)?;
            rest = &rest[at + character.len_utf8()..];
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;

    #[test]
    fn empty_configuration_is_an_empty_object() {
        assert_eq!(Config::default().to_json(), "{}");
    }

    #[test]
    fn handlers_are_sorted_and_markup_is_escaped() {
        let response = StaticResponse {
            body: "<b>&\u{2028}".to_owned(),
            close: true,
            ..StaticResponse::default()
        };
        let route = Route {
            matchers: vec![MatcherSet {
                path: Some(At::new(
                    vec!["/a".to_owned()],
                    zs_diagnostics::Span::default(),
                )),
                ..MatcherSet::default()
            }],
            handle: vec![Handler::StaticResponse(response)],
            terminal: true,
            ..Route::default()
        };
        let server = Server {
            routes: vec![route],
            ..Server::default()
        };
        let http = HttpApp {
            servers: [("srv0".to_owned(), server)].into(),
            ..HttpApp::default()
        };
        let config = Config {
            apps: Apps {
                http: Some(http),
                ..Apps::default()
            },
            ..Config::default()
        };
        assert_eq!(
            config.to_json(),
            r#"{"apps":{"http":{"servers":{"srv0":{"routes":[{"match":[{"path":["/a"]}],"#
                .to_owned()
                + r#""handle":[{"body":"\u003cb\u003e\u0026\u2028","close":true,"handler":"static_response"}],"#
                + r#""terminal":true}]}}}}}"#
        );
    }
}
