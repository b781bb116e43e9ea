//! What the model's `Deserialize` reads from: nodes that know their place.
//!
//! Some names mean more than `serde` knows:
//! - a field called [`ORIGIN`] is the place of its object;
//! - a tuple structure called [`AT`] is the place of a value, and the value;
//! - a type whose name is `@tag namespace` is an object whose member `tag` names a module of the namespace;
//! - a structure whose name is `@namespace` has the modules of the namespace as its fields.

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, U32Deserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use zs_diagnostics::{FileId, Span, codes, nearest};

use super::modules;
use super::problem::Problem;
use super::text::{Member, Node, Value};
use crate::model::{AT, Config, ORIGIN};

/// Reads the configuration from the root of a text.
pub(super) fn read(root: &Node, file: FileId) -> Result<Config, Problem> {
    let reader = Reader {
        node: root,
        tag: None,
    };
    Config::deserialize(reader).map_err(|problem| problem.at(Span::new(file, 0, 0)))
}

/// A node; of a module's object, everything but the module's name.
#[derive(Clone, Copy)]
struct Reader<'n> {
    node: &'n Node<'n>,
    tag: Option<&'static str>,
}

impl<'n> Reader<'n> {
    fn new(node: &'n Node<'n>) -> Self {
        Reader { node, tag: None }
    }

    fn members(&self) -> Option<Members<'n>> {
        let Value::Object(members) = &self.node.value else {
            return None;
        };
        Some(Members {
            rest: members.iter(),
            tag: self.tag,
            value: None,
            origin: None,
        })
    }

    /// Refuses members that no field is there for.
    fn check_fields(&self, name: &str, fields: &[&'static str]) -> Result<(), Problem> {
        let Some(members) = self.members() else {
            return Ok(());
        };
        for member in members.rest {
            let key = member.key.as_str();
            if matches!(member.value.value, Value::Removed) {
                continue;
            }
            let known = fields.contains(&key) && key != ORIGIN;
            if !known && Some(key) != self.tag {
                return Err(unknown_field(name, key, fields)
                    .at(member.key_span)
                    .inside(key));
            }
        }
        Ok(())
    }

    /// The tag of a module's object, and the node that holds the module's name.
    fn module(&self, tag: &'static str) -> Result<&'n str, Problem> {
        let Value::Object(members) = &self.node.value else {
            let message = "something else stands where the object of a module is expected";
            return Err(Problem::new(codes::BAD_VALUE, message).at(self.node.place()));
        };
        let named =
            |member: &&Member| member.key == tag && !matches!(member.value.value, Value::Removed);
        let Some(member) = members.iter().find(named) else {
            let message = format!("`{tag}` is missing, which says what the object is");
            return Err(Problem::new(codes::BAD_VALUE, message).at(self.node.place()));
        };
        match &member.value.value {
            Value::Text(name) => Ok(name),
            _ => {
                let message = format!("`{tag}` is no text");
                Err(Problem::new(codes::BAD_VALUE, message)
                    .at(member.value.span)
                    .inside(tag))
            }
        }
    }

    fn tag_span(&self, tag: &str) -> Span {
        let Value::Object(members) = &self.node.value else {
            return self.node.span;
        };
        let tagged = members.iter().find(|member| member.key == tag);
        tagged.map_or(self.node.span, |member| member.value.span)
    }
}

fn unknown_field(name: &str, key: &str, fields: &[&'static str]) -> Problem {
    if let Some(namespace) = name.strip_prefix('@') {
        return modules::unknown(namespace, key);
    }
    let fields = fields.iter().copied().filter(|field| *field != ORIGIN);
    let problem = Problem::new(
        codes::UNKNOWN_FIELD,
        format!("field `{key}` is unknown or not supported yet"),
    );
    match nearest(key, fields.clone()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if fields.clone().next().is_none() => problem.help("nothing can be set here"),
        None => problem.help(format!(
            "known here: {}",
            fields.collect::<Vec<_>>().join(", ")
        )),
    }
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let result = match &self.node.value {
            Value::Null | Value::Removed => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(text) => number(text, visitor),
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Array(elements) => visitor.visit_seq(Elements {
                rest: elements.iter().enumerate(),
            }),
            Value::Object(_) => match self.members() {
                Some(members) => visitor.visit_map(members),
                None => visitor.visit_unit(),
            },
        };
        result.map_err(|problem| problem.at(self.node.place()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self.node.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.check_fields(name, fields)?;
        let Some(mut members) = self.members() else {
            return self.deserialize_any(visitor);
        };
        members.origin = fields.contains(&ORIGIN).then_some(self.node.span);
        let value = visitor.visit_map(NotNull(members));
        value.map_err(|problem| problem.at(self.node.place()))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        if name != AT {
            return self.deserialize_any(visitor);
        }
        visitor.visit_seq(Placed {
            span: Some(self.node.span),
            value: Some(self),
        })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        let Some(tagged) = name.strip_prefix('@') else {
            let Value::Text(word) = &self.node.value else {
                return self.deserialize_any(visitor);
            };
            if !variants.contains(&word.as_str()) {
                let message = format!("`{word}` is none of the known words");
                let problem = Problem::new(codes::BAD_VALUE, message);
                let help = match nearest(word, variants.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known here: {}", variants.join(", ")),
                };
                return Err(problem.help(help).at(self.node.span));
            }
            return visitor.visit_enum(word.as_str().into_deserializer());
        };
        let (tag, namespace) = tagged.split_once(' ').unwrap_or((tagged, ""));
        let module = self.module(tag)?;
        if !variants.contains(&module) {
            let problem = modules::unknown(namespace, module);
            return Err(problem.at(self.tag_span(tag)).inside(tag));
        }
        visitor.visit_enum(Module {
            name: module,
            fields: Reader {
                node: self.node,
                tag: Some(tag),
            },
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple map
        identifier ignored_any
    }
}

/// A number as the narrowest kind that holds it.
fn number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Problem> {
    if let Ok(number) = text.parse() {
        return visitor.visit_u64(number);
    }
    if let Ok(number) = text.parse() {
        return visitor.visit_i64(number);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => visitor.visit_f64(number),
        _ => Err(Problem::new(
            codes::BAD_VALUE,
            format!("{text} is too large"),
        )),
    }
}

/// The elements of a list.
struct Elements<'n> {
    rest: std::iter::Enumerate<std::slice::Iter<'n, Node<'n>>>,
}

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        let mut present =
            (&mut self.rest).filter(|(_, node)| !matches!(node.value, Value::Removed));
        let Some((number, node)) = present.next() else {
            return Ok(None);
        };
        let reader = Reader::new(node);
        let element = seed.deserialize(reader);
        element
            .map(Some)
            .map_err(|problem| problem.at(reader.node.place()).inside(number))
    }
}

/// The members of an object, and its place at the end where a field asks for it.
struct Members<'n> {
    rest: std::slice::Iter<'n, Member<'n>>,
    tag: Option<&'static str>,
    value: Option<&'n Member<'n>>,
    origin: Option<Span>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        let tag = self.tag;
        self.value = self.rest.find(|member| {
            Some(member.key.as_str()) != tag && !matches!(member.value.value, Value::Removed)
        });
        let key = match (self.value, self.origin) {
            (Some(member), _) => member.key.as_str(),
            (None, Some(_)) => ORIGIN,
            (None, None) => return Ok(None),
        };
        let key = seed.deserialize(BorrowedStrDeserializer::new(key));
        key.map(Some).map_err(|problem: Problem| match self.value {
            Some(member) => problem.at(member.key_span).inside(&member.key),
            None => problem,
        })
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        if let Some(member) = self.value.take() {
            let reader = Reader::new(&member.value);
            return seed
                .deserialize(reader)
                .map_err(|problem| problem.at(reader.node.place()).inside(&member.key));
        }
        seed.deserialize(Place(self.origin.take().unwrap_or_default()))
    }
}

/// The members of a structure: one that is `null` counts as absent, as it does for Caddy.
struct NotNull<'n>(Members<'n>);

impl<'de> MapAccess<'de> for NotNull<'de> {
    type Error = Problem;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Problem> {
        while let Some(member) = self.0.rest.as_slice().first()
            && matches!(member.value.value, Value::Null)
        {
            self.0.rest.next();
        }
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Problem> {
        self.0.next_value_seed(seed)
    }
}

/// A place and a value.
struct Placed<'n> {
    span: Option<Span>,
    value: Option<Reader<'n>>,
}

impl<'de> SeqAccess<'de> for Placed<'de> {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        if let Some(span) = self.span.take() {
            return seed.deserialize(Place(span)).map(Some);
        }
        self.value
            .take()
            .map(|reader| seed.deserialize(reader))
            .transpose()
    }
}

/// A place as its three numbers.
struct Place(Span);

impl<'de> Deserializer<'de> for Place {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let Span { file, start, end } = self.0;
        let numbers = [file.index() as u32, start, end];
        visitor.visit_seq(Numbers(numbers.into_iter()))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

struct Numbers(std::array::IntoIter<u32, 3>);

impl<'de> SeqAccess<'de> for Numbers {
    type Error = Problem;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Problem> {
        let Some(number) = self.0.next() else {
            return Ok(None);
        };
        let number: U32Deserializer<Problem> = number.into_deserializer();
        seed.deserialize(number).map(Some)
    }
}

/// A module's object: its name, and the members that are not the name.
struct Module<'n> {
    name: &'n str,
    fields: Reader<'n>,
}

impl<'de> EnumAccess<'de> for Module<'de> {
    type Error = Problem;
    type Variant = Reader<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Reader<'de>), Problem> {
        let name = seed.deserialize(BorrowedStrDeserializer::new(self.name))?;
        Ok((name, self.fields))
    }
}

impl<'de> VariantAccess<'de> for Reader<'de> {
    type Error = Problem;

    fn unit_variant(self) -> Result<(), Problem> {
        self.check_fields("", &[])
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Problem> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Problem> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_struct("", fields, visitor)
    }
}
