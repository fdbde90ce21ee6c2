//! From a tree to types, through serde: every mistake at its place, as many as there are.
//!
//! Serde stops at the first error. Two things go on from there: unknown keys are reported while a
//! mapping is read, without stopping; and a mistake inside an [`At`](super::At) is reported and
//! turned into [`At::Wrong`](super::At::Wrong), so that its neighbours are still read.

use serde::de::value::{StrDeserializer, UsizeDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::mistake::{Mistake, unknown_kind};
use super::{Node, Report, Value, scalar};
use crate::diagnostic::{Code, Finding, listed};
use crate::source::Place;

/// The name by which [`At`](super::At) asks for a value with its place.
pub(super) const AT: &str = "$at";
/// The name of an enum whose variant is chosen by the shape of the value: its variants are among
/// [`SHAPES`].
pub(crate) const SHAPE: &str = "$shape";
const SHAPES: [&str; 4] = ["nothing", "text", "list", "mapping"];

/// One value, about to be read as a type.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    node: &'a Node,
    report: &'a Report,
}

impl<'a> Reader<'a> {
    /// Reads a value; mistakes go to the report.
    pub(crate) fn new(node: &'a Node, report: &'a Report) -> Self {
        Self { node, report }
    }

    fn with(self, node: &'a Node) -> Self {
        Self { node, ..self }
    }

    /// What stands here, as serde says it.
    fn found(&self) -> Unexpected<'a> {
        match &self.node.value {
            _ if self.node.is_nothing() => Unexpected::Other("nothing"),
            Value::Scalar { .. } => Unexpected::Other("a single value"),
            Value::List(_) => Unexpected::Other("a list"),
            Value::Map(_) => Unexpected::Other("a mapping"),
        }
    }

    fn wrong(&self, expected: &str) -> Mistake {
        Mistake::invalid_type(self.found(), &expected).at(self.node.place)
    }

    /// A scalar's text; `None` for nothing and for collections.
    fn scalar(&self) -> Option<&'a str> {
        self.node.text().filter(|_| !self.node.is_nothing())
    }

    /// A number or truth value, read by `parse`.
    fn parsed<T>(&self, expected: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, Mistake> {
        let text = self.scalar().ok_or_else(|| self.wrong(expected))?;
        parse(text).ok_or_else(|| {
            let message = format!("expected {expected}, found `{text}`");
            Mistake::new(Finding::new(Code::WrongType, self.node.place, message))
        })
    }

    fn shape(&self) -> &'static str {
        match &self.node.value {
            _ if self.node.is_nothing() => SHAPES[0],
            Value::Scalar { .. } => SHAPES[1],
            Value::List(_) => SHAPES[2],
            Value::Map(_) => SHAPES[3],
        }
    }

    /// Reports the keys that a struct does not have and returns the others.
    fn known(&self, entries: &'a [(Node, Node)], fields: &[&str]) -> Vec<&'a (Node, Node)> {
        let is_known = |key: &str| fields.contains(&key);
        for (key, _) in entries {
            let text = key.text().unwrap_or_default();
            if !is_known(text) {
                let absent = fields
                    .iter()
                    .copied()
                    .filter(|field| entries.iter().all(|(key, _)| key.text() != Some(field)));
                self.report.add(
                    Finding::new(Code::UnknownKey, key.place, format!("unknown key `{text}`"))
                        .among(text, absent),
                );
            }
        }
        entries
            .iter()
            .filter(|(key, _)| is_known(key.text().unwrap_or_default()))
            .collect()
    }
}

macro_rules! numbers {
    ($($method:ident $visit:ident $type:ty,)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
            let expected = if <$type>::MIN == 0 {
                format!("a whole number from 0 to {}", <$type>::MAX)
            } else {
                "a whole number".to_owned()
            };
            let value = self.parsed(&expected, |text| text.parse::<$type>().ok())?;
            visitor.$visit::<Mistake>(value).map_err(|mistake| mistake.at(self.node.place))
        })+
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Mistake;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let (text, plain) = match &self.node.value {
            Value::List(_) => return self.deserialize_seq(visitor),
            Value::Map(_) => return self.deserialize_map(visitor),
            Value::Scalar { text, plain } => (text, *plain),
        };
        let read = match scalar::json(text, plain) {
            serde_json::Value::Null => visitor.visit_unit(),
            serde_json::Value::Bool(truth) => visitor.visit_bool(truth),
            serde_json::Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(whole), _) => visitor.visit_u64(whole),
                (None, Some(whole)) => visitor.visit_i64(whole),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            _ => visitor.visit_str(text),
        };
        read.map_err(|mistake: Mistake| mistake.at(self.node.place))
    }

    numbers! {
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_i64 visit_i64 i64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let value = self.parsed("`true` or `false`", scalar::truth)?;
        visitor.visit_bool(value)
    }

    /// Any single value is a text: `PORT: 8080` needs no quotes.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let text = self.scalar().ok_or_else(|| self.wrong("a text"))?;
        visitor
            .visit_str(text)
            .map_err(|mistake: Mistake| mistake.at(self.node.place))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        if self.node.is_nothing() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        if name == AT {
            visitor.visit_seq(Located {
                reader: self,
                next: 0,
            })
        } else {
            self.deserialize_seq(visitor)
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let Value::List(items) = &self.node.value else {
            return Err(self.wrong("a list"));
        };
        let items = Items {
            reader: self,
            items: items.iter(),
        };
        visitor
            .visit_seq(items)
            .map_err(|mistake| mistake.at(self.node.place))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        let Value::Map(entries) = &self.node.value else {
            return Err(self.wrong("a mapping"));
        };
        self.visit(entries.iter().collect(), visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let Value::Map(entries) = &self.node.value else {
            let help = match fields {
                [] => "write `{}`".to_owned(),
                fields => format!("its keys are {}", listed(fields.iter().copied())),
            };
            let finding = self.wrong("a mapping").into_finding();
            return Err(Mistake::new(finding.help(help)));
        };
        self.visit(self.known(entries, fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let (tag, place, content) = if name == SHAPE {
            let shape = self.shape();
            if !variants.contains(&shape) {
                let expected = variants.join(" or a ");
                return Err(self.wrong(&format!("a {expected}")));
            }
            (shape, self.node.place, Some(self.node))
        } else {
            match &self.node.value {
                Value::Map(entries) => match &entries[..] {
                    [(key, value)] => (key.text().unwrap_or_default(), key.place, Some(value)),
                    [] => {
                        return Err(
                            self.wrong(&format!("one of {}", listed(variants.iter().copied())))
                        );
                    }
                    [_, (second, _), ..] => {
                        let text = second.text().unwrap_or_default();
                        let finding = Finding::new(
                            Code::WrongType,
                            second.place,
                            format!("`{text}` is a second kind in one place"),
                        );
                        return Err(Mistake::new(
                            finding
                                .help("one kind stands here with its own keys indented below it"),
                        ));
                    }
                },
                _ => match self.scalar() {
                    Some(text) => (text, self.node.place, None),
                    None => {
                        let expected = format!("one of {}", listed(variants.iter().copied()));
                        return Err(self.wrong(&expected));
                    }
                },
            }
        };
        if !variants.contains(&tag) {
            return Err(Mistake::new(unknown_kind(tag, variants)).at(place));
        }
        let chosen = Chosen {
            reader: self,
            tag,
            content,
        };
        visitor
            .visit_enum(chosen)
            .map_err(|mistake| mistake.at(place))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mistake> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple
    }
}

impl<'a> Reader<'a> {
    fn visit<'de, V: Visitor<'de>>(
        self,
        entries: Vec<&'a (Node, Node)>,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        let entries = Fields {
            reader: self,
            entries: entries.into_iter(),
            value: None,
        };
        visitor
            .visit_map(entries)
            .map_err(|mistake| mistake.at(self.node.place))
    }
}

/// A value between its place and its mistake, see [`At`](super::At).
struct Located<'a> {
    reader: Reader<'a>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Located<'_> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mistake> {
        let Reader { node, report } = self.reader;
        let Place { start, end } = node.place;
        self.next += 1;
        let read = match self.next {
            1 => seed.deserialize(UsizeDeserializer::new(start)),
            2 => seed.deserialize(UsizeDeserializer::new(end)),
            _ => seed.deserialize(self.reader),
        };
        read.map(Some).map_err(|mistake| {
            report.add(mistake.at(node.place).into_finding());
            Mistake::custom("reported")
        })
    }
}

struct Items<'a> {
    reader: Reader<'a>,
    items: std::slice::Iter<'a, Node>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Mistake;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Mistake> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        seed.deserialize(self.reader.with(item)).map(Some)
    }
}

struct Fields<'a> {
    reader: Reader<'a>,
    entries: std::vec::IntoIter<&'a (Node, Node)>,
    value: Option<&'a Node>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Mistake;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Mistake> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(self.reader.with(key)).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mistake> {
        let value = self.value.take().unwrap_or(self.reader.node);
        seed.deserialize(self.reader.with(value))
    }
}

/// A variant by its name, with what it holds.
struct Chosen<'a> {
    reader: Reader<'a>,
    tag: &'a str,
    content: Option<&'a Node>,
}

impl<'a> Chosen<'a> {
    fn content(&self) -> Result<Reader<'a>, Mistake> {
        let Some(content) = self.content else {
            let message = format!("`{}` needs its own keys", self.tag);
            let finding = Finding::new(Code::WrongType, self.reader.node.place, message);
            return Err(Mistake::new(
                finding.help(format!("write `{}: {{ … }}`", self.tag)),
            ));
        };
        Ok(self.reader.with(content))
    }
}

impl<'de> EnumAccess<'de> for Chosen<'_> {
    type Error = Mistake;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mistake> {
        let tag = StrDeserializer::<Mistake>::new(self.tag);
        Ok((seed.deserialize(tag)?, self))
    }
}

impl<'de> VariantAccess<'de> for Chosen<'_> {
    type Error = Mistake;

    fn unit_variant(self) -> Result<(), Mistake> {
        match self.content {
            Some(content) if !content.is_nothing() => {
                let reader = self.reader.with(content);
                Err(reader.wrong(&format!("nothing behind `{}`", self.tag)))
            }
            _ => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mistake> {
        seed.deserialize(self.content()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mistake> {
        self.content()?.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        self.content()?.deserialize_struct("", fields, visitor)
    }
}
