//! JSON schemas of the files, for editors and other tools; kept in `schema/`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;

use crate::policy::PolicySpec;
use crate::spec::{ScenarioSpec, SystemSpec};

/// The schema of scenario files: JSON Schema draft 07, as most editors want it.
pub fn scenario() -> String {
    of::<ScenarioSpec>()
}

/// The schema of system files.
pub fn system() -> String {
    of::<SystemSpec>()
}

/// The schema of policies.
pub fn policy() -> String {
    of::<PolicySpec>()
}

fn of<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<T>();
    // Cannot fail: a schema is JSON already.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}
