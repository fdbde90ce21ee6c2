//! A kind in words: what it does, its attributes, its undo and an example, all from its type.

use std::fmt;

use lab_model::plan::{Deed, Effect};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::kind::{Kind, Mark, Reach};

/// A kind of fault, explained. [`fmt::Display`] lays it out for a terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What it does.
    pub about: String,
    /// What can be set.
    pub attributes: Vec<Attribute>,
    /// What it acts on.
    pub reach: Reach,
    /// What must be seen of the example for it to have a witness.
    pub witness: String,
    /// How it is taken back.
    pub undo: &'static str,
    /// How it is drawn.
    pub mark: Mark,
    /// An example as a scenario's `fault` holds it.
    pub example: Value,
}

/// One attribute of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What it is, with its units: `duration: us, ms, s, m, h`, `uniform, normal or pareto`.
    pub kind: String,
    /// What it means, with its unit.
    pub about: String,
    /// Its value where none is written; `None` where one must be written.
    pub default: Option<String>,
}

impl Explanation {
    pub(crate) fn of<K: Kind>() -> Self {
        let schema = SchemaSettings::draft07()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<K>();
        let example = K::example();
        let mut attributes = match serde_json::to_value(&example) {
            Ok(Value::Object(attributes)) => attributes,
            // Cannot be: a kind is a struct of texts and numbers.
            _ => Map::new(),
        };
        // What is as it would be anyway need not be written.
        let default = |name: &str| schema.get("properties")?.get(name)?.get("default");
        attributes.retain(|name, value| default(name) != Some(value));
        let attributes = Value::Object(attributes);
        Self {
            name: K::NAME,
            about: one_line(schema.get("description")),
            attributes: properties(schema.get("properties")),
            reach: K::REACH,
            witness: witness(&example.effect()),
            undo: K::UNDO,
            mark: K::MARK,
            example: Value::Object(Map::from_iter([(K::NAME.to_owned(), attributes)])),
        }
    }
}

fn properties(schema: Option<&Value>) -> Vec<Attribute> {
    let Some(Value::Object(properties)) = schema else {
        return Vec::new();
    };
    let attribute = |(name, schema): (&String, &Value)| Attribute {
        name: name.clone(),
        kind: kind(schema),
        about: one_line(schema.get("description")),
        default: default(schema),
    };
    properties.iter().map(attribute).collect()
}

/// What an attribute takes, in words.
fn kind(schema: &Value) -> String {
    // An attribute that may be absent is one of two: the value, or nothing.
    let alternatives = || schema.get("anyOf").or_else(|| schema.get("allOf"));
    let alternatives = alternatives().and_then(Value::as_array);
    let schema = alternatives.and_then(|all| all.first()).unwrap_or(schema);
    let text = |key: &str| schema.get(key).and_then(Value::as_str);
    if let Some(words) = text("$comment") {
        return words.to_owned();
    }
    let names = schema.get("oneOf").and_then(Value::as_array);
    let names = names.map(|names| {
        let name = |schema: &Value| {
            let only = schema.get("const").or_else(|| schema.get("enum")?.get(0));
            only.and_then(Value::as_str).map(str::to_owned)
        };
        names.iter().filter_map(name).collect::<Vec<_>>()
    });
    match names.as_deref() {
        Some([others @ .., last]) if !others.is_empty() => {
            format!("{} or {last}", others.join(", "))
        }
        _ if schema.get("format").is_some() => "number".to_owned(),
        _ => text("type").unwrap_or("text").to_owned(),
    }
}

/// What an attribute is where it is left out; nothing is a value of its own.
fn default(schema: &Value) -> Option<String> {
    let nullable = || {
        let types = schema.get("type").and_then(Value::as_array);
        let listed = types.is_some_and(|types| types.iter().any(|one| one == "null"));
        listed || schema.get("anyOf").is_some()
    };
    match schema.get("default") {
        Some(Value::Null) => Some(NOTHING.to_owned()),
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
        None => nullable().then(|| NOTHING.to_owned()),
    }
}

/// The default of what may be absent.
const NOTHING: &str = "none";

/// A doc comment as one line.
fn one_line(text: Option<&Value>) -> String {
    let text = text.and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn witness(effect: &Effect) -> String {
    match effect {
        Effect::Delay { mean, jitter } => {
            format!("bytes are held for about {mean}, give or take {jitter}")
        }
        Effect::Throttle { rate } => format!("bytes pass no faster than {rate}"),
        Effect::Reset => "connections are reset".to_owned(),
        Effect::Refuse => "connections are refused or cut".to_owned(),
        Effect::Withhold => "bytes vanish".to_owned(),
        Effect::Close => "connections are closed early or late, without a reset".to_owned(),
        Effect::Reshape => "all bytes pass, in another shape".to_owned(),
        Effect::Open { delay } => format!("connections open {delay} late"),
        Effect::Alter { share } => format!("{share} of the bytes change"),
        Effect::Lose { share } => format!("{share} of the pieces vanish"),
        Effect::Exchange { deed, .. } => match deed {
            Deed::Answered { status } => format!("requests are answered {status}, callee unasked"),
            Deed::Delayed { mean, jitter } => {
                format!("answers are held for about {mean}, give or take {jitter}")
            }
            Deed::CutShort => "answers break off".to_owned(),
            Deed::Corrupted => "bytes of answers change".to_owned(),
            Deed::Edited => "heads have it changed".to_owned(),
            Deed::Reset => "connections are reset in an answer".to_owned(),
            Deed::Dripped => "answers come in drops".to_owned(),
            Deed::Stale => "requests get the answer of an earlier one".to_owned(),
            Deed::TurnedAway => "sessions are turned away".to_owned(),
            Deed::Held { mean, jitter } => {
                format!("statements are held for about {mean}, give or take {jitter}")
            }
            Deed::WriteRefused => "statements that write are refused".to_owned(),
            Deed::CommitLost => "connections are reset behind a commit".to_owned(),
            Deed::CertificateShown => "callers are shown that certificate".to_owned(),
            Deed::HandshakeHeld { mean } => format!("handshakes are held for about {mean}"),
        },
        Effect::State => "the service's state, read back each second, shows it".to_owned(),
    }
}

/// A small value in YAML's flow style: `latency: { delay: 2s }`.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<_> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The width of a terminal that everybody has.
const WIDTH: usize = 80;

/// Writes words from a column on, in lines no wider than [`WIDTH`]; the first line has begun.
fn wrapped(f: &mut fmt::Formatter<'_>, column: usize, text: &str) -> fmt::Result {
    let mut at = column;
    for (index, word) in text.split_whitespace().enumerate() {
        let width = word.chars().count();
        if index > 0 && at + 1 + width > WIDTH {
            write!(f, "\n{:column$}", "")?;
            at = column;
        } else if index > 0 {
            f.write_str(" ")?;
            at += 1;
        }
        f.write_str(word)?;
        at += width;
    }
    writeln!(f)
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        wrapped(f, 0, &self.about)?;
        writeln!(f, "\n    fault: {}\n", flow(&self.example))?;
        let names = self.attributes.iter().map(|attribute| attribute.name.len());
        let width = names.max().unwrap_or(0).max(7);
        let column = width + 4;
        let mut line = |name: &str, text: &str| {
            write!(f, "  {name:width$}  ")?;
            wrapped(f, column, text)
        };
        for attribute in &self.attributes {
            let needed = attribute.default.as_ref().map_or_else(
                || "needed".to_owned(),
                |value| format!("{value} if left out"),
            );
            line(&attribute.name, &format!("{} ({needed})", attribute.kind))?;
            line("", &attribute.about)?;
        }
        line(
            "acts on",
            match self.reach {
                Reach::Connections => {
                    "a share of the connections (toxicity); requests, replies or both (direction)"
                }
                Reach::Requests => {
                    "a share (toxicity) of the requests of HTTP that match; direction has no meaning"
                }
                Reach::Database => {
                    "a share (toxicity) of what it matches on a link to PostgreSQL; direction has \
                     no meaning"
                }
                Reach::Handshakes => {
                    "a share (toxicity) of the handshakes of TLS on a link; direction has no meaning"
                }
                Reach::Link => "the link as a whole; direction and toxicity have no meaning",
                Reach::Service => {
                    "a service, named by `on`; direction and toxicity have no meaning"
                }
            },
        )?;
        line("witness", &format!("{} (of the example)", self.witness))?;
        line("undo", self.undo)?;
        line(
            "chart",
            &format!("{} {}", self.mark.letter, self.mark.colour),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{KINDS, find};

    #[test]
    fn a_kind_is_explained_from_its_type() {
        let text = find("slicer").unwrap().explain().to_string();
        let expected = "\
slicer
Bytes pass in small pieces with a pause between them: what breaks readers that
expect a message in one piece.

    fault: { slicer: { average_size: 64B, size_variation: 32B, delay: 10ms } }

  average_size    size: B, KB, MB, KiB (needed)
                  The mean size of a piece.
  size_variation  size: B, KB, MB, KiB (0B if left out)
                  The largest deviation from it; smaller than the mean.
  delay           duration: us, ms, s, m, h (0s if left out)
                  The pause between two pieces.
  acts on         a share of the connections (toxicity); requests, replies or
                  both (direction)
  witness         all bytes pass, in another shape (of the example)
  undo            the toxic is removed; bytes held back are sent at once
  chart           S #f0e442
";
        assert_eq!(text, expected);
    }

    #[test]
    fn what_an_attribute_takes_is_said_in_words() {
        let latency = find("latency").unwrap().explain();
        let kinds: Vec<_> = latency.attributes.iter().map(|a| a.kind.as_str()).collect();
        let duration = "duration: us, ms, s, m, h";
        let names = "uniform, normal or pareto";
        let file = "file, from the scenario's folder";
        assert_eq!(kinds, [duration, duration, names, "number", file]);
        let defaults: Vec<_> = latency
            .attributes
            .iter()
            .filter_map(|a| a.default.as_deref())
            .collect();
        assert_eq!(defaults, ["0s", "0s", "uniform", "none", "none"]);
        assert_eq!(
            latency.example.to_string(),
            r#"{"latency":{"delay":"2s","jitter":"200ms"}}"#
        );
    }

    #[test]
    fn every_kind_and_attribute_has_words() {
        for kind in KINDS {
            let explanation = kind.explain();
            assert!(!explanation.about.is_empty(), "{}", kind.name);
            let text = explanation.to_string();
            assert!(
                text.lines().all(|line| line.chars().count() <= 80),
                "{text}"
            );
            for attribute in explanation.attributes {
                let words = !attribute.about.is_empty() && !attribute.kind.is_empty();
                assert!(words, "{} {}", kind.name, attribute.name);
            }
        }
    }
}
