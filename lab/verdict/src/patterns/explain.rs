//! A pattern in words: what it is, how it is judged, its settings and an example, from its type.

use std::fmt;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::kind::{Needs, Pattern, Shows};

/// A pattern, explained. [`fmt::Display`] lays it out for a terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What it is.
    pub about: String,
    /// How it is judged.
    pub evidence: &'static str,
    /// What can be set.
    pub attributes: Vec<Attribute>,
    /// What a run must have for it to be seen.
    pub needs: Needs,
    /// An example as a scenario's `patterns` holds it.
    pub example: Value,
}

/// One setting of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What it means.
    pub about: String,
    /// Its value where none is written; empty where leaving it out means that it is not asked for.
    pub default: Option<String>,
    /// Whether it must be written.
    pub needed: bool,
}

impl Explanation {
    pub(super) fn of<P: Pattern>() -> Self {
        let schema = SchemaSettings::draft07()
            .with(|settings| settings.inline_subschemas = true)
            .into_generator()
            .into_root_schema_for::<P>();
        // Cannot fail: settings are texts and numbers.
        let mut example = serde_json::to_value(P::example()).unwrap_or_default();
        if let Value::Object(map) = &mut example {
            map.retain(|_, value| !value.is_null());
        }
        Self {
            name: P::NAME,
            about: one_line(schema.get("description")),
            evidence: P::EVIDENCE,
            attributes: attributes(schema.get("properties"), schema.get("required")),
            needs: P::NEEDS,
            example: Value::Object(Map::from_iter([(P::NAME.to_owned(), example)])),
        }
    }
}

fn attributes(properties: Option<&Value>, required: Option<&Value>) -> Vec<Attribute> {
    let Some(Value::Object(properties)) = properties else {
        return Vec::new();
    };
    let needed = |name: &str| {
        let required = required.and_then(Value::as_array);
        required.is_some_and(|list| list.iter().any(|key| key == name))
    };
    let attribute = |(name, schema): (&String, &Value)| Attribute {
        name: name.clone(),
        about: one_line(schema.get("description")),
        default: schema.get("default").and_then(|value| match value {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }),
        needed: needed(name),
    };
    properties.iter().map(attribute).collect()
}

/// A doc comment as one line.
fn one_line(text: Option<&Value>) -> String {
    let text = text.and_then(Value::as_str).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A small value in YAML's flow style.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| format!("{key}: {}", flow(value));
            let entries: Vec<_> = map.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n", self.name, self.about)?;
        let example = flow(&self.example);
        let example = example.trim_start_matches("{ ").trim_end_matches(" }");
        writeln!(f, "    - {example} }}\n")?;
        let names = self.attributes.iter().map(|attribute| attribute.name.len());
        let width = names.max().unwrap_or(0).max(8);
        for Attribute {
            name,
            about,
            default,
            needed,
        } in &self.attributes
        {
            let absent = match (needed, default) {
                (true, _) => "needed".to_owned(),
                (false, Some(value)) => format!("{value} if left out"),
                (false, None) => "not asked for if left out".to_owned(),
            };
            writeln!(f, "  {name:width$}  {about} ({absent})")?;
        }
        writeln!(f, "  {:width$}  {}", "judged", self.evidence)?;
        let shows = match self.needs.shows {
            Shows::UnderFault => "in the fault phases",
            Shows::UnderLoad => "in the fault phases; in all measured phases where there is none",
            Shows::Always => "in all measured phases",
            Shows::Afterwards => "in the recovery phases",
        };
        let baseline = if self.needs.baseline {
            ", compared with the baseline"
        } else {
            ""
        };
        writeln!(f, "  {:width$}  {shows}{baseline}", "shows")
    }
}

#[cfg(test)]
mod tests {
    use super::super::PATTERNS;

    #[test]
    fn every_pattern_and_setting_has_words() {
        for entry in PATTERNS {
            let explanation = entry.explain();
            assert!(!explanation.about.is_empty(), "{}", entry.name);
            assert!(explanation.evidence.len() > 20, "{}", entry.name);
            for attribute in explanation.attributes {
                let (pattern, setting) = (entry.name, attribute.name);
                assert!(!attribute.about.is_empty(), "{pattern} {setting}");
            }
        }
    }
}
