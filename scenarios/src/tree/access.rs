//! What a value holds, handed to serde piece by piece.

use serde::de::value::{StrDeserializer, UsizeDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::Node;
use super::deserializer::Reader;
use super::mistake::Mistake;
use crate::code::Code;
use lab_diagnostic::{Finding, Place};

/// A value between its place and its mistake, see [`At`](super::At).
pub(super) struct Located<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) next: usize,
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

pub(super) struct Items<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) items: std::slice::Iter<'a, Node>,
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

pub(super) struct Fields<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) entries: std::vec::IntoIter<&'a (Node, Node)>,
    pub(super) value: Option<&'a Node>,
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
pub(super) struct Chosen<'a> {
    pub(super) reader: Reader<'a>,
    pub(super) tag: &'a str,
    pub(super) content: Option<&'a Node>,
}

impl<'a> Chosen<'a> {
    fn content(&self) -> Result<Reader<'a>, Mistake> {
        let Some(content) = self.content else {
            let tag = self.tag;
            let message = format!("`{tag}` stands alone");
            let finding = Finding::new(Code::WrongType, self.reader.node.place, message);
            return Err(Mistake::new(finding.help(format!(
                "write `{tag}:` with its value behind it, `{tag}: {{}}` where there is nothing to say"
            ))));
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
