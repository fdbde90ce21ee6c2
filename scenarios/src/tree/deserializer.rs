//! From a tree to types, through serde: every mistake at its place, as many as there are.
//!
//! Serde stops at the first error. Two things go on from there: unknown keys are reported while a
//! mapping is read, without stopping; and a mistake inside an [`At`](super::At) is reported and
//! turned into [`At::Wrong`](super::At::Wrong), so that its neighbours are still read.

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::access::{Chosen, Fields, Items, Located};
use super::mistake::{Mistake, unknown_kind};
use super::{Node, Report, Value, scalar};
use crate::code::Code;
use lab_diagnostic::{Finding, Place, listed};

/// The name by which [`At`](super::At) asks for a value with its place.
pub(super) const AT: &str = "$at";
/// The name of an enum whose variant is chosen by the shape of the value: its variants are among
/// [`SHAPES`].
pub(crate) const SHAPE: &str = "$shape";
const SHAPES: [&str; 4] = ["nothing", "text", "list", "mapping"];

/// One value, about to be read as a type.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(super) node: &'a Node,
    pub(super) report: &'a Report,
}

/// A variant's name, the place of that, and what the variant holds.
type Variant<'a> = (&'a str, Place, Option<&'a Node>);

impl<'a> Reader<'a> {
    /// Reads a value; mistakes go to the report.
    pub(crate) fn new(node: &'a Node, report: &'a Report) -> Self {
        Self { node, report }
    }

    pub(super) fn with(self, node: &'a Node) -> Self {
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

    pub(super) fn wrong(&self, expected: &str) -> Mistake {
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

    /// The variant that a value's shape stands for; the value itself is its content.
    fn shaped(self, variants: &[&str]) -> Result<Variant<'a>, Mistake> {
        let shape = self.shape();
        if variants.contains(&shape) {
            Ok((shape, self.node.place, Some(self.node)))
        } else {
            Err(self.wrong(&format!("a {}", variants.join(" or a "))))
        }
    }

    /// The variant that a value names: the one key of a mapping with its value, or a text alone.
    fn tagged(self, variants: &[&str]) -> Result<Variant<'a>, Mistake> {
        if let Some(text) = self.scalar() {
            return Ok((text, self.node.place, None));
        }
        let entries = match &self.node.value {
            Value::Map(entries) => &entries[..],
            _ => &[],
        };
        match entries {
            [(key, value)] => Ok((key.text().unwrap_or_default(), key.place, Some(value))),
            [_, (second, _), ..] => {
                let text = second.text().unwrap_or_default();
                let message = format!("`{text}` is a second kind in one place");
                let finding = Finding::new(Code::WrongType, second.place, message);
                let help = "one kind stands here with its own keys indented below it";
                Err(Mistake::new(finding.help(help)))
            }
            [] => Err(self.wrong(&format!("one of {}", listed(variants.iter().copied())))),
        }
    }

    /// Reports the keys that a struct does not have and returns the others.
    fn known(&self, entries: &'a [(Node, Node)], fields: &[&str]) -> Vec<&'a (Node, Node)> {
        let is_known =
            |(key, _): &&(Node, Node)| key.text().is_some_and(|key| fields.contains(&key));
        let (known, unknown): (Vec<_>, Vec<_>) = entries.iter().partition(is_known);
        let given = |field: &str| known.iter().any(|(key, _)| key.text() == Some(field));
        let absent = fields.iter().copied().filter(|field| !given(field));
        let absent: Vec<&str> = absent.collect();
        for (key, _) in unknown {
            let text = key.text().unwrap_or_default();
            self.report.add(
                Finding::new(Code::UnknownKey, key.place, format!("unknown key `{text}`"))
                    .among(text, absent.iter().copied()),
            );
        }
        known
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
            Value::List(items) => return self.visit_items(items, true, visitor),
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
        self.visit_items(items, false, visitor)
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
            self.shaped(variants)?
        } else {
            self.tagged(variants)?
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
    /// Reads a list; only in a JSON value may an item be nothing.
    fn visit_items<'de, V: Visitor<'de>>(
        self,
        items: &'a [Node],
        may_be_nothing: bool,
        visitor: V,
    ) -> Result<V::Value, Mistake> {
        for item in items
            .iter()
            .filter(|item| !may_be_nothing && item.is_nothing())
        {
            let message = "an item with nothing in it";
            self.report
                .add(Finding::new(Code::WrongType, item.place, message));
        }
        let items = Items {
            reader: self,
            items: items.iter(),
        };
        visitor
            .visit_seq(items)
            .map_err(|mistake| mistake.at(self.node.place))
    }

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
