//! Front matter as a tree of values, each with its place.

use lab_diagnostic::Place;

/// How deep lists and mappings may be nested.
pub(super) const DEEPEST: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// Nothing is written.
    Nothing,
    /// A reference to another value, which is not followed.
    Alias,
    /// A single value, as it is written.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file, its keys all different.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Key {
    pub(super) place: Place,
    pub(super) text: String,
}

impl Node {
    /// A key with its value, where this is a mapping that has it.
    pub(super) fn entry(&self, key: &str) -> Option<(&Key, &Self)> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        let entry = entries.iter().find(|(name, _)| name.text == key);
        entry.map(|(key, value)| (key, value))
    }
}
