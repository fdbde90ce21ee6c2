//! Reads the keys of one mapping as types; mistakes are collected and reading goes on.

use std::str::FromStr;

use super::tree::{Key, Node, Value};
use crate::attributes::Word;
use crate::code::Code;
use lab_diagnostic::{Finding, Findings, Place};

/// One mapping and the keys that it may have.
pub(super) struct Section<'a> {
    entries: &'a [(Key, Node)],
    within: Place,
}

impl<'a> Section<'a> {
    /// A mapping, its unknown keys reported. `within` is where missing keys are reported.
    pub(super) fn new(
        node: &'a Node,
        within: Place,
        keys: &[&str],
        findings: &mut Findings,
    ) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            findings.add(wrong(node, "a mapping", within));
            return None;
        };
        for (key, _) in entries
            .iter()
            .filter(|(key, _)| !keys.contains(&key.text.as_str()))
        {
            findings.add(
                Finding::new(
                    Code::UnknownKey,
                    key.place,
                    format!("unknown key `{}`", key.text),
                )
                .among(&key.text, keys.iter().copied()),
            );
        }
        Some(Self { entries, within })
    }

    /// The value of a key, where one is written.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        let entry = self.entries.iter().find(|(name, _)| name.text == key);
        entry
            .map(|(_, value)| value)
            .filter(|node| node.value != Value::Nothing)
    }

    /// A single value.
    pub(super) fn text(&self, key: &str, findings: &mut Findings) -> Option<Word> {
        self.get(key).and_then(|node| text(node, findings))
    }

    /// A single value that must be there.
    pub(super) fn need(&self, key: &str, findings: &mut Findings) -> Option<Word> {
        if self.get(key).is_none() {
            let message = format!("`{key}` is missing");
            findings.add(Finding::new(Code::MissingKey, self.within, message));
        }
        self.text(key, findings)
    }

    /// A single value of a type that is read from its text.
    pub(super) fn parse<T: FromStr<Err: ToString>>(
        &self,
        key: &str,
        findings: &mut Findings,
    ) -> Option<T> {
        self.text(key, findings)
            .and_then(|word| parse(&word, findings))
    }

    /// `true` or `false`.
    pub(super) fn truth(&self, key: &str, findings: &mut Findings) -> Option<bool> {
        let word = self.text(key, findings)?;
        let truth = word.text.parse().ok();
        if truth.is_none() {
            let message = format!("`{}` is neither `true` nor `false`", word.text);
            findings.add(Finding::new(Code::BadValue, word.place, message));
        }
        truth
    }

    /// A list of single values; one alone is a list of one.
    pub(super) fn list(&self, key: &str, findings: &mut Findings) -> Vec<Word> {
        match self.get(key) {
            None => Vec::new(),
            Some(Node {
                value: Value::List(items),
                ..
            }) => items
                .iter()
                .filter_map(|item| text(item, findings))
                .collect(),
            Some(node) => text(node, findings).into_iter().collect(),
        }
    }

    /// A list of a type that is read from its texts.
    pub(super) fn parse_list<T: FromStr<Err: ToString>>(
        &self,
        key: &str,
        findings: &mut Findings,
    ) -> Vec<T> {
        let words = self.list(key, findings);
        words
            .iter()
            .filter_map(|word| parse(word, findings))
            .collect()
    }
}

fn text(node: &Node, findings: &mut Findings) -> Option<Word> {
    if let Value::Scalar(text) = &node.value {
        Some(Word {
            text: text.clone(),
            place: node.place,
        })
    } else {
        findings.add(wrong(node, "a text", node.place));
        None
    }
}

/// A value of a type that is read from its text.
pub(super) fn parse<T: FromStr<Err: ToString>>(word: &Word, findings: &mut Findings) -> Option<T> {
    match word.text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            findings.add(Finding::new(Code::BadValue, word.place, error.to_string()));
            None
        }
    }
}

/// That something of another shape stands there.
pub(super) fn wrong(node: &Node, expected: &str, within: Place) -> Finding {
    let (found, place) = match &node.value {
        Value::Nothing => ("nothing", within),
        Value::Alias => ("an alias, which is not followed", node.place),
        Value::Scalar(_) => ("a single value", node.place),
        Value::List(_) => ("a list", node.place),
        Value::Map(_) => ("a mapping", node.place),
    };
    Finding::new(
        Code::WrongType,
        place,
        format!("{expected} is needed here, found {found}"),
    )
}
