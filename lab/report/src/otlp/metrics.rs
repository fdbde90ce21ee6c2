//! Arrivals and latencies of each journey over time, as gauges.

use serde_json::{Value, json};

use super::{nanos, resource, scope, text, written};
use crate::registry::Format;
use crate::run::Run;
use crate::series::{self, Bin, Series};

/// This format.
pub const FORMAT: Format = Format {
    name: "otlp-metrics",
    about: "for an OpenTelemetry collector: metrics over time as JSON",
    render: |run, _| report(run),
};

fn report(run: &Run<'_>) -> String {
    let all = series::of(run);
    let rate = |bin: &Bin| Some(bin.rate());
    let metrics = json!([
        gauge(run, &all, "lab.journey.arrivals", "{arrival}/s", &[], &rate),
        gauge(
            run,
            &all,
            "lab.journey.bad_ratio",
            "1",
            &[],
            &Bin::bad_share
        ),
        gauge(
            run,
            &all,
            "lab.journey.latency",
            "s",
            &[("quantile", "0.5")],
            &|bin| seconds(bin, 0.5)
        ),
        gauge(
            run,
            &all,
            "lab.journey.latency",
            "s",
            &[("quantile", "0.9")],
            &|bin| seconds(bin, 0.9)
        ),
        gauge(
            run,
            &all,
            "lab.journey.latency",
            "s",
            &[("quantile", "0.99")],
            &|bin| seconds(bin, 0.99)
        ),
    ]);
    written(&json!({ "resourceMetrics": [{
        "resource": resource(run),
        "scopeMetrics": [{ "scope": scope(run), "metrics": metrics }],
    }] }))
}

fn seconds(bin: &Bin, quantile: f64) -> Option<f64> {
    Some(bin.quantile(quantile)?.as_secs_f64())
}

fn gauge(
    run: &Run<'_>,
    all: &[Series],
    name: &str,
    unit: &str,
    attributes: &[(&str, &str)],
    value: &dyn Fn(&Bin) -> Option<f64>,
) -> Value {
    let start = run.tally.life.load_started.unwrap_or_default();
    let points = all.iter().flat_map(|series| {
        series.bins.iter().filter_map(move |bin| {
            let phase = run.plan().phases.get(bin.phase)?;
            let mut named = vec![
                text("lab.journey", series.journey.as_str()),
                text("lab.phase", phase.name.as_str()),
            ];
            named.extend(attributes.iter().map(|(key, value)| text(key, value)));
            Some(json!({
                "attributes": named,
                "startTimeUnixNano": nanos(run, start.plus(bin.from)),
                "timeUnixNano": nanos(run, start.plus(bin.to)),
                "asDouble": value(bin)?,
            }))
        })
    });
    let points: Vec<Value> = points.collect();
    json!({ "name": name, "unit": unit, "gauge": { "dataPoints": points } })
}
