//! The schemas in `schema/` are those of the types, and say the same as the reader.

use std::path::Path;

use lab_scenarios::{catalog, schema};
use serde_json::Value;

use crate::text::GOOD;

/// Set to write the schemas instead of comparing them.
const WRITE: &str = "LAB_WRITE_SCHEMAS";

fn check(file: &str, generated: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("schema")
        .join(file);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, generated).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == generated,
        "schema/{file} is out of date: run the tests once with {WRITE}=1"
    );
}

#[test]
fn schemas_are_up_to_date() {
    check("scenario.json", &schema::scenario());
    check("system.json", &schema::system());
    check("policy.json", &schema::policy());
}

fn problems(schema: &str, text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft7::new(&schema).unwrap();
    let value: Value = serde_saphyr::from_str(text).unwrap();
    let errors = validator.iter_errors(&value);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

#[test]
fn good_files_fit_their_schema() {
    let none: [String; 0] = [];
    for name in catalog::names() {
        let source = catalog::load(name).unwrap();
        assert_eq!(problems(&schema::scenario(), source.text()), none, "{name}");
    }
    let files = include_str!("../../examples/files.yaml");
    assert_eq!(problems(&schema::scenario(), files), none);
    let shop = include_str!("../../systems/shop/system.yaml");
    assert_eq!(problems(&schema::system(), shop), none);
}

#[test]
fn bad_files_do_not() {
    for (from, to) in [
        ("150/s", "150"),
        ("30s", "30"),
        ("99%", "0.99"),
        ("about", "abuot"),
        ("latency", "latncy"),
        ("orders -> payments", "orders payments"),
        ("system: shop", "seed: x"),
        ("scenario: sample", "system: sample"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        let text = text.replace("system: sample\n", "");
        assert!(
            !problems(&schema::scenario(), &text).is_empty(),
            "{from} -> {to}"
        );
    }
}
