//! The report of a run for programs: one JSON document with a published, versioned schema.
//!
//! | file | what lives there |
//! |---|---|
//! | `document` | the document: which run, its verdict, why |
//! | `measured` | what was measured: phases, journeys, steps, links |
//! | `judged` | what was judged: objectives, witnesses, offered load, recoveries |
//! | `comparison` | journeys beside others |
//! | `indicator` | figures of the system |
//! | `patterns` | resilience patterns as they were seen |
//! | `timeline` | what each journey did over time |

mod comparison;
mod document;
mod indicator;
mod judged;
mod measured;
mod patterns;
mod timeline;

use lab_model::Span;
use schemars::generate::SchemaSettings;

pub use document::{Document, VERSION};

use crate::registry::Format;
use crate::run::Run;

/// This format.
pub const FORMAT: Format = Format {
    name: "json",
    about: "for programs: everything, with a published schema",
    render: |run, _| report(run),
};

/// The report as a JSON text.
pub fn report(run: &Run<'_>) -> String {
    pretty(&Document::of(run))
}

/// The schema of the report (JSON Schema, draft 7, which editors and validators read), as it
/// stands in `schema/report.schema.json`.
pub fn schema() -> String {
    let generator = SchemaSettings::draft07().into_generator();
    pretty(&generator.into_root_schema_for::<Document>())
}

fn pretty(value: &impl serde::Serialize) -> String {
    // Cannot fail: every map of the document has text keys.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A span in milliseconds, as the document gives short times.
fn millis(span: Span) -> f64 {
    span.as_micros() as f64 / 1e3
}

/// JSON has no infinity and no "not a number": they are left out.
fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    /// Run with `UPDATE_SCHEMA=1` in the environment to write the file anew.
    #[test]
    fn the_published_schema_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/report.schema.json");
        let schema = super::schema();
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &schema).unwrap();
        }
        let published = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            published == schema,
            "{path} is out of date: run this test with UPDATE_SCHEMA=1"
        );
    }
}
