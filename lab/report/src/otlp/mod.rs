//! OpenTelemetry's JSON encoding (OTLP/JSON), as collectors read it from files
//! (`otlpjsonfilereceiver`) or over HTTP (`/v1/metrics`, `/v1/traces`).
//!
//! | file | what lives there |
//! |---|---|
//! | `metrics` | arrivals and latencies over time |
//! | `trace` | the run as a trace: phases, faults, services |

mod metrics;
mod trace;

pub use metrics::FORMAT as METRICS;
pub use trace::FORMAT as TRACE;

use lab_model::Span;
use serde_json::{Value, json};

use crate::run::Run;

/// An attribute with a text.
fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// An attribute with a whole number; 64 bits stand as text in this encoding.
fn whole(key: &str, value: u64) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

/// What the run is, as a resource.
fn resource(run: &Run<'_>) -> Value {
    let (opened, plan) = (&run.journal.opened, run.plan());
    json!({ "attributes": [
        text("service.name", "failure-lab"),
        text("service.version", &opened.lab),
        text("service.instance.id", opened.run.as_str()),
        text("lab.scenario", plan.scenario.as_str()),
        text("lab.system", plan.system.name.as_str()),
        whole("lab.seed", plan.seed),
    ] })
}

fn scope(run: &Run<'_>) -> Value {
    json!({ "name": "failure-lab", "version": run.journal.opened.lab })
}

/// A moment of the journal's clock in nanoseconds since 1970, as text. A journal whose wall clock
/// cannot be read begins there.
fn nanos(run: &Run<'_>, at: Span) -> String {
    let opened: Result<jiff::Timestamp, _> = run.journal.opened.wall.parse();
    let opened = opened.map_or(0, jiff::Timestamp::as_nanosecond);
    let at = opened.saturating_add(i128::from(at.as_micros()) * 1_000);
    at.clamp(0, i128::from(u64::MAX)).to_string()
}

fn written(value: &Value) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    text
}
