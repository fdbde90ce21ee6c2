//! A run as a trace: the run, its phases, and each stretch in which a fault was armed.

use lab_model::Span;
use lab_verdict::outcome::Call;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{nanos, resource, scope, text, whole, written};
use crate::gitlab::hex;
use crate::registry::Format;
use crate::run::Run;
use crate::{format, sentence, words};

/// This format.
pub const FORMAT: Format = Format {
    name: "otlp-trace",
    about: "for an OpenTelemetry collector: the run as a trace in JSON",
    render: |run, _| report(run),
};

fn report(run: &Run<'_>) -> String {
    written(&json!({ "resourceSpans": [{
        "resource": resource(run),
        "scopeSpans": [{ "scope": scope(run), "spans": spans(run) }],
    }] }))
}

/// A span of the trace before it is written.
struct Stretch {
    /// Unique in the trace; its id derives from it.
    key: String,
    parent: Option<String>,
    name: String,
    from: Span,
    to: Span,
    attributes: Vec<Value>,
    /// 1 is well, 2 is an error, 0 says nothing.
    status: Value,
}

fn spans(run: &Run<'_>) -> Vec<Value> {
    let all = [root(run)]
        .into_iter()
        .chain(phases(run))
        .chain(faults(run));
    all.map(|stretch| span(run, &stretch)).collect()
}

fn root(run: &Run<'_>) -> Stretch {
    let plan = run.plan();
    let status = match run.verdict.call {
        Call::Pass => json!({ "code": 1 }),
        _ => json!({ "code": 2, "message": sentence::of(run) }),
    };
    Stretch {
        key: "run".to_owned(),
        parent: None,
        name: format!("run {}", plan.scenario),
        from: Span::ZERO,
        to: run.took(),
        attributes: vec![
            text("lab.run", run.journal.opened.run.as_str()),
            text("lab.verdict", words::alone(run.verdict.call)),
            whole("lab.exit_code", u64::from(run.verdict.exit.code())),
        ],
        status,
    }
}

fn phases<'a>(run: &'a Run<'_>) -> impl Iterator<Item = Stretch> + 'a {
    let phases = run.plan().phases.iter().zip(&run.tally.phases);
    phases.enumerate().filter_map(|(index, (phase, tally))| {
        let from = tally.started?;
        Some(Stretch {
            key: format!("phase {index}"),
            parent: Some("run".to_owned()),
            name: format!("phase {}", phase.name),
            from,
            to: from.plus(phase.length).min(run.took()).max(from),
            attributes: vec![text("lab.phase", phase.name.as_str())],
            status: json!({}),
        })
    })
}

fn faults<'a>(run: &'a Run<'_>) -> impl Iterator<Item = Stretch> + 'a {
    let faults = run.plan().faults.iter().zip(&run.tally.faults);
    faults.enumerate().flat_map(move |(index, (fault, tally))| {
        let healed = tally
            .healed
            .iter()
            .copied()
            .chain(std::iter::repeat(run.took()));
        tally
            .armed
            .iter()
            .zip(healed)
            .enumerate()
            .map(move |(window, (from, to))| Stretch {
                key: format!("fault {index} {window}"),
                parent: Some(format!("phase {}", fault.phase)),
                name: format!("fault {} on {}", fault.kind, format::site(&fault.site())),
                from: *from,
                to: to.max(*from),
                attributes: vec![
                    text("lab.fault", &fault.summary),
                    text("lab.link", &fault.link.to_string()),
                ],
                status: json!({}),
            })
    })
}

fn span(run: &Run<'_>, stretch: &Stretch) -> Value {
    let run_id = run.journal.opened.run.as_str();
    let digest = |key: &str| hex(&Sha256::digest(format!("{run_id}\n{key}")));
    // Identifiers of 8 and 16 bytes; the parent of the root is empty.
    let id = |key: &str| digest(key)[..16].to_owned();
    json!({
        "traceId": digest("trace")[..32],
        "spanId": id(&stretch.key),
        "parentSpanId": stretch.parent.as_deref().map(id).unwrap_or_default(),
        "name": stretch.name,
        "kind": 1,
        "startTimeUnixNano": nanos(run, stretch.from),
        "endTimeUnixNano": nanos(run, stretch.to),
        "attributes": stretch.attributes,
        "status": stretch.status,
    })
}
