//! Objectives of a plan as OpenSLO documents: availability as a ratio of good arrivals to all, a
//! latency as a threshold in seconds.

use lab_model::objective::{Objective, Promise};
use lab_model::{Plan, Ratio};
use serde_json::{Map, Value, json};

use super::{Document, Goal, Indicator, IndicatorSpec, Metadata, SOURCE, Slo, Translated, VERSION};

/// The budget's period, as reports reckon it.
const PERIOD: &str = "30d";

/// The objectives of a plan as OpenSLO v1 documents, one after the other.
pub fn export(plan: &Plan) -> Translated {
    let mut text = String::new();
    for (index, objective) in plan.objectives.iter().enumerate() {
        let document = document(plan, index, objective);
        // Cannot fail: every map has text keys.
        let document = serde_saphyr::to_string(&document).unwrap_or_default();
        text.push_str("---\n");
        text.push_str(&document);
    }
    let mut left_out: Vec<String> = Vec::new();
    for comparison in &plan.comparisons {
        left_out.push(format!(
            "{comparison}: OpenSLO compares nothing with a control"
        ));
    }
    for indicator in &plan.indicators {
        left_out.push(format!("{indicator}: its source is none of OpenSLO's"));
    }
    for pattern in &plan.patterns {
        left_out.push(format!(
            "{}: a pattern is no level of service",
            pattern.summary
        ));
    }
    for ledger in &plan.ledgers {
        left_out.push(format!(
            "ledger {}: a check is no level of service",
            ledger.name
        ));
    }
    Translated { text, left_out }
}

fn document(plan: &Plan, index: usize, objective: &Objective) -> Document {
    let kind = match objective.promise {
        Promise::Availability { .. } => "availability",
        Promise::LatencyRatio { .. } | Promise::Percentile { .. } => "latency",
    };
    let name = format!("{}-{}-{kind}-{}", plan.scenario, objective.of, index + 1);
    let (goal, spec) = goal(objective);
    let slo = Slo {
        description: plan.hypothesis.clone(),
        service: plan.system.name.to_string(),
        indicator: Some(Indicator {
            metadata: Metadata {
                name: format!("{}-{kind}", objective.of),
                display_name: None,
            },
            spec,
        }),
        indicator_ref: None,
        time_window: vec![json!({ "duration": PERIOD, "isRolling": true })],
        budgeting_method: "Occurrences".to_owned(),
        objectives: vec![goal],
    };
    Document {
        api_version: VERSION.to_owned(),
        kind: "SLO".to_owned(),
        metadata: Metadata {
            name,
            display_name: Some(objective.to_string()),
        },
        // Cannot fail: every map has text keys.
        spec: serde_json::to_value(slo).unwrap_or_default(),
    }
}

fn goal(objective: &Objective) -> (Goal, IndicatorSpec) {
    let metric = |what: &str| {
        let source = json!({
            "type": SOURCE,
            "spec": { "journey": objective.of.as_str(), "count": what },
        });
        json!({ "metricSource": source })
    };
    match &objective.promise {
        Promise::Availability { at_least } => {
            let mut ratio = Map::new();
            ratio.insert("counter".to_owned(), Value::Bool(true));
            ratio.insert("good".to_owned(), metric("good"));
            ratio.insert("total".to_owned(), metric("all"));
            let spec = IndicatorSpec {
                ratio_metric: Some(ratio),
                threshold_metric: None,
            };
            let goal = Goal {
                target: Some(rounded(*at_least)),
                ..Goal::default()
            };
            (goal, spec)
        }
        Promise::LatencyRatio { within, share }
        | Promise::Percentile {
            at_most: within,
            quantile: share,
        } => {
            let threshold = metric("latency").as_object().cloned();
            let spec = IndicatorSpec {
                ratio_metric: None,
                threshold_metric: threshold,
            };
            let goal = Goal {
                op: Some("lte".to_owned()),
                value: Some(within.as_secs_f64()),
                target: Some(rounded(*share)),
                ..Goal::default()
            };
            (goal, spec)
        }
    }
}

/// Without the last digits of a binary fraction.
fn rounded(share: Ratio) -> f64 {
    (share.get() * 1e9).round() / 1e9
}
