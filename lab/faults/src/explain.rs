//! A kind in words: what it does, its attributes, its undo and an example, all from its type.

use std::fmt;

use lab_model::plan::Effect;
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
        // Cannot fail: attributes are texts.
        let attributes = serde_json::to_value(&example).unwrap_or_default();
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
        about: one_line(schema.get("description")),
        default: schema.get("default").map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        }),
    };
    properties.iter().map(attribute).collect()
}

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

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n", self.name, self.about)?;
        writeln!(f, "    fault: {}\n", flow(&self.example))?;
        let width = self
            .attributes
            .iter()
            .map(|a| a.name.len())
            .max()
            .unwrap_or(0)
            .max(7);
        for Attribute {
            name,
            about,
            default,
        } in &self.attributes
        {
            let needed = default.as_ref().map_or_else(
                || "needed".to_owned(),
                |value| format!("{value} if left out"),
            );
            writeln!(f, "  {name:width$}  {about} ({needed})")?;
        }
        let reach = match self.reach {
            Reach::Connections => "a share of the connections (toxicity), one direction",
            Reach::Link => "the link as a whole; direction and toxicity have no meaning",
        };
        writeln!(f, "  {:width$}  {reach}", "acts on")?;
        writeln!(
            f,
            "  {:width$}  {} (of the example)",
            "witness", self.witness
        )?;
        writeln!(f, "  {:width$}  {}", "undo", self.undo)?;
        writeln!(
            f,
            "  {:width$}  {} {}",
            "chart", self.mark.letter, self.mark.colour
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{KINDS, find};

    #[test]
    fn a_kind_is_explained_from_its_type() {
        let text = find("latency").unwrap().explain().to_string();
        let expected = "\
latency
Bytes are held back for a time, each piece counted from when it was received: a slow dependency, a long way.

    fault: { latency: { delay: 2s, jitter: 200ms } }

  delay    The mean of the added delay, in whole milliseconds. (needed)
  jitter   The largest deviation from it, drawn evenly from −jitter to +jitter; at most the delay. (0s if left out)
  acts on  a share of the connections (toxicity), one direction
  witness  bytes are held for about 2s, give or take 200ms (of the example)
  undo     the toxic is removed; bytes held back are sent at once
  chart    L #e69f00
";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_kind_and_attribute_has_words() {
        for kind in KINDS {
            let explanation = kind.explain();
            assert!(!explanation.about.is_empty(), "{}", kind.name);
            for attribute in explanation.attributes {
                assert!(
                    !attribute.about.is_empty(),
                    "{} {}",
                    kind.name,
                    attribute.name
                );
            }
        }
    }
}
