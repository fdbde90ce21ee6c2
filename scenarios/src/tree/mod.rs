//! A file as a tree of values, each with its place: what every later step reads.
//!
//! The tree is loose on purpose: it knows lists, mappings and texts, and nothing of scenarios.

mod access;
mod build;
mod deserializer;
mod entries;
mod mistake;
mod scalar;

use std::cell::RefCell;
use std::sync::Arc;

use serde::Deserialize;

use crate::code::Code;
use lab_diagnostic::{Diagnostic, Finding, Place, Source};

use deserializer::Reader;
pub(crate) use entries::{At, Entries};

/// A value of the file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
    /// How many values it holds, itself included, aliases counted as what they repeat.
    size: usize,
}

/// What a value is. Shared, so that an alias costs nothing.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// A text; `plain` where it stands without quotes and may mean a number or nothing.
    Scalar { text: Arc<str>, plain: bool },
    /// A list.
    List(Arc<[Node]>),
    /// A mapping in the order of the file, its keys all texts and all different.
    Map(Arc<[(Node, Node)]>),
}

impl Node {
    /// The value of a key, where this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key's own place, where this is a mapping that has it.
    pub(crate) fn key_place(&self, key: &str) -> Option<Place> {
        self.entry(key).map(|(key, _)| key.place)
    }

    fn entry(&self, key: &str) -> Option<&(Self, Self)> {
        let Value::Map(entries) = &self.value else {
            return None;
        };
        entries.iter().find(|(name, _)| name.text() == Some(key))
    }

    /// The text of a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The innermost value that stands exactly there.
    pub(crate) fn find(&self, place: Place) -> Option<&Self> {
        let inside = match &self.value {
            Value::Scalar { .. } => None,
            Value::List(items) => items.iter().find_map(|item| item.find(place)),
            Value::Map(entries) => entries.iter().find_map(|(_, value)| value.find(place)),
        };
        inside.or_else(|| (self.place == place).then_some(self))
    }

    /// Whether nothing is written: an absent value, `~` or `null`.
    fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if scalar::is_nothing(text))
    }
}

/// Collects what is found in one file.
#[derive(Debug)]
pub(crate) struct Report {
    source: Arc<Source>,
    found: RefCell<Vec<Finding>>,
}

/// The most findings that are kept: nobody reads more, and a file must not fill the memory.
const MOST_FINDINGS: usize = 200;

impl Report {
    pub(crate) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            found: RefCell::default(),
        }
    }

    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Keeps a finding; the same finding at the same place is kept once.
    pub(crate) fn add(&self, finding: Finding) {
        let mut found = self.found.borrow_mut();
        // When it is full the newest takes the last place, so that an error is never lost to
        // warnings.
        found.truncate(MOST_FINDINGS - 1);
        if !found.contains(&finding) {
            found.push(finding);
        }
    }

    /// The first `most` of a list; what lies beyond is reported and left alone.
    pub(crate) fn bounded<'a, T>(
        &self,
        list: &'a [T],
        most: usize,
        what: &str,
        place: Place,
    ) -> &'a [T] {
        if list.len() > most {
            let message = format!("{} {what}, more than {most}", list.len());
            self.add(Finding::new(Code::TooMany, place, message));
        }
        &list[..list.len().min(most)]
    }

    /// The text of a file that the source names at `place`.
    pub(crate) fn text_of(&self, path: &str, place: Place) -> Option<String> {
        let text = self.source.file(path);
        text.map_err(|reason| {
            let message = format!("{path} cannot be read: {reason}");
            self.add(Finding::new(Code::UnreadableFile, place, message));
        })
        .ok()
    }

    /// Notes that a key is missing in what stands at `within`.
    pub(crate) fn missing(&self, key: &str, within: Place) {
        self.add(Finding::new(
            Code::MissingKey,
            within,
            format!("`{key}` is missing"),
        ));
    }

    /// Whether an error was found.
    pub(crate) fn has_errors(&self) -> bool {
        let found = self.found.borrow();
        found.iter().any(Finding::is_error)
    }

    /// Everything found, in the order of the file.
    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|finding| finding.place);
        found
            .into_iter()
            .map(|finding| finding.into_diagnostic(&self.source))
            .collect()
    }
}

/// Reads a file's text into its tree. `None` where it is no YAML at all, which is reported.
pub(crate) fn parse(report: &Report) -> Option<Node> {
    build::build(report.source().text(), report)
        .map_err(|finding| report.add(finding))
        .ok()
}

/// Reads a tree as a type. Mistakes go to the report; what surrounds them is read on.
pub(crate) fn interpret<T: serde::de::DeserializeOwned>(tree: &Node, report: &Report) -> At<T> {
    At::deserialize(Reader::new(tree, report)).unwrap_or(At::Wrong(tree.place))
}
