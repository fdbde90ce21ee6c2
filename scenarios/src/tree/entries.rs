//! Values that know their place, and mappings that keep their order.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Report;
use super::deserializer::AT;
use lab_diagnostic::Place;

/// A value with its place. Reading one never fails: a mistake inside is reported where it stands,
/// and everything beside it is read on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum At<T> {
    /// Nothing stands there.
    Missing,
    /// Something else stands there; already reported.
    Wrong(Place),
    /// As expected.
    Good(T, Place),
}

impl<T> At<T> {
    /// The value, where it is as expected. An absent one is not reported.
    pub(crate) fn value(&self) -> Option<&T> {
        match self {
            Self::Good(value, _) => Some(value),
            _ => None,
        }
    }

    /// The value and its place, to change it.
    pub(crate) fn located_mut(&mut self) -> Option<(&mut T, Place)> {
        match self {
            Self::Good(value, place) => Some((value, *place)),
            _ => None,
        }
    }

    /// Where it stands.
    pub(crate) fn place(&self) -> Option<Place> {
        match self {
            Self::Missing => None,
            Self::Wrong(place) | Self::Good(_, place) => Some(*place),
        }
    }

    /// The value and its place; reports that `key` is missing in `within` where nothing stands.
    pub(crate) fn need(&self, key: &str, within: Place, report: &Report) -> Option<(&T, Place)> {
        match self {
            Self::Good(value, place) => Some((value, *place)),
            Self::Wrong(_) => None,
            Self::Missing => {
                report.missing(key, within);
                None
            }
        }
    }

    /// The value and its place, where it is as expected.
    pub(crate) fn located(&self) -> Option<(&T, Place)> {
        match self {
            Self::Good(value, place) => Some((value, *place)),
            _ => None,
        }
    }
}

struct AtVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for AtVisitor<T> {
    type Value = At<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value with its place")
    }

    fn visit_none<E>(self) -> Result<At<T>, E> {
        Ok(At::Missing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<At<T>, D::Error> {
        deserializer.deserialize_tuple_struct(AT, 3, self)
    }

    /// Start, end, value: the reader reports a mistake in the value before it says so here.
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<At<T>, A::Error> {
        let start = seq.next_element()?.unwrap_or_default();
        let end = seq.next_element()?.unwrap_or_default();
        let place = Place { start, end };
        Ok(match seq.next_element::<T>() {
            Ok(Some(value)) => At::Good(value, place),
            _ => At::Wrong(place),
        })
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // An option, as that is what serde makes of an absent key without failing.
        deserializer.deserialize_option(AtVisitor(PhantomData))
    }
}

/// In a schema a place does not show.
impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A mapping from names of the author's own, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entries<K, V>(Vec<(At<K>, At<V>)>);

impl<K, V> Entries<K, V> {
    /// Whether every key could be read.
    pub(crate) fn all_named(&self) -> bool {
        self.0.iter().all(|(key, _)| key.value().is_some())
    }

    /// The entries whose key could be read: key, its place, value.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, Place, &At<V>)> {
        self.0
            .iter()
            .filter_map(|(key, value)| key.located().map(|(key, place)| (key, place, value)))
    }
}

struct EntriesVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<K, V> {
    type Value = Entries<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Entries<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

impl<K, V: JsonSchema> JsonSchema for Entries<K, V> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Map_of_{}", V::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<V>();
        schemars::json_schema!({ "type": "object", "additionalProperties": values })
    }
}
