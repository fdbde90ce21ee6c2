//! The kinds of objective in words: what each promises and what it takes, from the types that read
//! them.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::spec::ObjectiveSpec;

/// A kind of objective, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Its name in scenarios.
    pub name: String,
    /// What it promises.
    pub about: String,
    /// What can be written, in the order of the language.
    pub keys: Vec<Key>,
}

/// Something that can be written of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key.
    pub name: String,
    /// What it means.
    pub about: String,
    /// Whether it must be written.
    pub needed: bool,
}

/// Every kind of objective.
pub fn objectives() -> Vec<Explained> {
    let schema = SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<ObjectiveSpec>();
    let schema: Value = schema.into();
    let kinds = schema["oneOf"].as_array().into_iter().flatten();
    kinds
        .filter_map(|kind| {
            let (name, held) = kind["properties"].as_object()?.iter().next()?;
            let held = resolved(&schema, held);
            let needed = |key: &str| {
                let mut required = held["required"].as_array().into_iter().flatten();
                required.any(|name| name == key)
            };
            let keys = held["properties"].as_object().into_iter().flatten();
            let keys = keys.map(|(key, value)| Key {
                name: key.clone(),
                about: text(value),
                needed: needed(key),
            });
            Some(Explained {
                name: name.clone(),
                about: text(kind),
                keys: keys.collect(),
            })
        })
        .collect()
}

/// A schema that another one names.
fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"].as_str();
    let name = name.and_then(|name| name.strip_prefix("#/definitions/"));
    name.map_or(schema, |name| &root["definitions"][name])
}

fn text(schema: &Value) -> String {
    let text = schema["description"].as_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_every_key_has_words() {
        let kinds = objectives();
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        let expected = [
            "availability",
            "latency",
            "no_worse",
            "throughput",
            "saturation",
            "freshness",
            "invariant",
            "business",
            "parity",
        ];
        assert_eq!(names, expected);
        for kind in &kinds {
            assert!(!kind.about.is_empty() && !kind.keys.is_empty(), "{kind:?}");
            // What an objective is of may be named in two ways, neither of which is needed then.
            let named = |key: &Key| key.needed || key.name == "of";
            assert!(kind.keys.iter().any(named), "{kind:?}");
            assert!(
                kind.keys.iter().all(|key| !key.about.is_empty()),
                "{kind:?}"
            );
        }
    }
}
