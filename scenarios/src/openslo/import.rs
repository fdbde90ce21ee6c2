//! OpenSLO documents as objectives of a scenario. A ratio metric becomes an availability, a
//! threshold metric with `lt` or `lte` a latency in seconds; whatever else is named.
//!
//! The journey is the one the indicator's own source names, where it comes from the lab; else the
//! metric's name, the indicator's or the document's.

use std::fmt::Write as _;

use lab_model::{Name, Ratio, Span};

use super::{Document, Goal, Indicator, SOURCE, Slo, Translated, VERSION};

/// The most documents of a file.
const MOST: usize = 1_000;

/// The objectives that documents stand for, as the `objectives` of a scenario.
///
/// # Errors
/// The text is not YAML, or holds no document that could be translated.
pub fn import(text: &str) -> Result<Translated, String> {
    let documents: Vec<Document> =
        serde_saphyr::from_multiple(text).map_err(|error| error.to_string())?;
    if documents.len() > MOST {
        return Err(format!("more than {MOST} documents"));
    }
    let (mut lines, mut left_out) = (String::new(), Vec::new());
    for document in &documents {
        let name = &document.metadata.name;
        match slo(document, &documents) {
            Ok(found) => {
                for (goal, line) in found {
                    match line {
                        // Writing to a string cannot fail.
                        Ok(line) => {
                            let _ = writeln!(lines, "  - {line}");
                        }
                        Err(why) => left_out.push(format!("{name}, objective {goal}: {why}")),
                    }
                }
            }
            Err(Some(why)) => left_out.push(format!("{name}: {why}")),
            Err(None) => {}
        }
    }
    if lines.is_empty() {
        let why = if left_out.is_empty() {
            format!("no SLO of {VERSION}")
        } else {
            left_out.join("; ")
        };
        return Err(format!("nothing could be translated: {why}"));
    }
    let text = format!("objectives:\n{lines}");
    Ok(Translated { text, left_out })
}

type Lines = Vec<(usize, Result<String, String>)>;

/// The objectives of a document; `Err(None)` where it is none and need not be.
fn slo(document: &Document, all: &[Document]) -> Result<Lines, Option<String>> {
    if document.api_version != VERSION {
        return Err(Some(format!("{} is not {VERSION}", document.api_version)));
    }
    if document.kind != "SLO" {
        // Indicators are read where an SLO names them.
        let silent = document.kind == "SLI";
        return Err((!silent).then(|| format!("a {} is no SLO", document.kind)));
    }
    let spec = document.spec.clone();
    let slo: Slo = serde_json::from_value(spec).map_err(|error| Some(error.to_string()))?;
    let indicator = indicator(&slo, all).map_err(Some)?;
    if slo.budgeting_method != "Occurrences" {
        return Err(Some(format!(
            "the lab counts occurrences, not {}",
            slo.budgeting_method
        )));
    }
    let of = journey(&indicator, document).map_err(Some)?;
    let goals = slo.objectives.iter().enumerate();
    Ok(goals
        .map(|(index, goal)| (index + 1, line(goal, &of, &indicator)))
        .collect())
}

/// The indicator within, or the one of another document.
fn indicator(slo: &Slo, all: &[Document]) -> Result<Indicator, String> {
    if let Some(indicator) = &slo.indicator {
        return Ok(indicator.clone());
    }
    let name = slo.indicator_ref.as_deref().ok_or("no indicator")?;
    let mut found = all.iter().filter(|other| other.kind == "SLI");
    let found = found.find(|other| other.metadata.name == name);
    let found = found.ok_or_else(|| format!("its indicator {name} is not in this file"))?;
    let spec = serde_json::from_value(found.spec.clone()).map_err(|error| error.to_string())?;
    Ok(Indicator {
        metadata: found.metadata.clone(),
        spec,
    })
}

/// The journey that an indicator counts.
fn journey(indicator: &Indicator, document: &Document) -> Result<Name, String> {
    let spec = &indicator.spec;
    let total = spec
        .ratio_metric
        .as_ref()
        .and_then(|ratio| ratio.get("total"));
    let source = total
        .and_then(|total| total.get("metricSource"))
        .or_else(|| spec.threshold_metric.as_ref()?.get("metricSource"));
    let ours = source.filter(|source| source["type"] == SOURCE);
    let named = ours.and_then(|source| source["spec"]["journey"].as_str());
    let names = [
        named,
        Some(indicator.metadata.name.as_str()),
        Some(document.metadata.name.as_str()),
    ];
    let mut names = names.into_iter().flatten();
    let found =
        names.find_map(|name| Name::new(&name.to_lowercase().replace(['_', '.'], "-")).ok());
    found
        .ok_or_else(|| "neither it nor its indicator has a name that a journey can have".to_owned())
}

fn line(goal: &Goal, of: &Name, indicator: &Indicator) -> Result<String, String> {
    let share = goal.share().ok_or("no target")?;
    let share = Ratio::new(share).ok_or_else(|| format!("{share} is no share"))?;
    let ratio = indicator.spec.ratio_metric.is_some();
    match (&indicator.spec.threshold_metric, ratio) {
        (None, true) => Ok(format!("availability: {{ of: {of}, at_least: {share} }}")),
        (Some(_), false) => {
            let op = goal.op.as_deref().unwrap_or_default();
            if !matches!(op, "lt" | "lte") {
                return Err(format!("`{op}` is no upper limit"));
            }
            let value = goal.value.ok_or("no value")?;
            let micros = value * 1e6;
            if !(1.0..1e15).contains(&micros) {
                return Err(format!("{value} is no time in seconds"));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked above"
            )]
            let within = Span::from_micros(micros.round() as u64);
            Ok(format!(
                "latency: {{ of: {of}, within: {within}, share: {share} }}"
            ))
        }
        _ => Err("an indicator has one metric: ratioMetric or thresholdMetric".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::openslo::export;
    use crate::{Overrides, catalog};

    const THEIRS: &str = "
apiVersion: openslo/v1
kind: SLI
metadata: { name: checkout }
spec:
  ratioMetric:
    counter: true
    good: { metricSource: { type: Prometheus, spec: { query: a } } }
    total: { metricSource: { type: Prometheus, spec: { query: b } } }
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: checkout-works }
spec:
  service: shop
  indicatorRef: checkout
  timeWindow: [{ duration: 28d, isRolling: true }]
  budgetingMethod: Occurrences
  objectives: [{ targetPercent: 99.5 }]
---
apiVersion: openslo/v1
kind: SLO
metadata: { name: browse }
spec:
  service: shop
  indicator:
    metadata: { name: browse }
    spec: { thresholdMetric: { metricSource: { type: Prometheus, spec: { query: c } } } }
  timeWindow: [{ duration: 28d, isRolling: true }]
  budgetingMethod: Occurrences
  objectives:
    - { op: lte, value: 0.3, target: 0.99 }
    - { op: gte, value: 0.3, target: 0.99 }
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: { name: page }
spec: {}
";

    /// What a document lacks of the shape that OpenSLO v1 gives an SLO.
    fn shape(value: &Value) -> Vec<&'static str> {
        let mut wrong = Vec::new();
        let text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
        let mut need = |holds: bool, what| {
            if !holds {
                wrong.push(what);
            }
        };
        need(value["apiVersion"] == VERSION, "apiVersion");
        need(value["kind"] == "SLO", "kind");
        need(text(&value["metadata"]["name"]), "metadata.name");
        let spec = &value["spec"];
        need(text(&spec["service"]), "spec.service");
        need(
            spec["indicator"].is_object() ^ text(&spec["indicatorRef"]),
            "spec.indicator",
        );
        let metrics = &spec["indicator"]["spec"];
        let ratio = metrics["ratioMetric"].is_object();
        need(ratio ^ metrics["thresholdMetric"].is_object(), "one metric");
        let windows = spec["timeWindow"].as_array();
        need(
            windows.is_some_and(|windows| windows.len() == 1),
            "spec.timeWindow",
        );
        need(text(&spec["timeWindow"][0]["duration"]), "duration");
        need(spec["timeWindow"][0]["isRolling"].is_boolean(), "isRolling");
        let methods = ["Occurrences", "Timeslices", "RatioTimeslices"];
        need(
            methods
                .iter()
                .any(|method| spec["budgetingMethod"] == *method),
            "budgetingMethod",
        );
        for goal in spec["objectives"].as_array().into_iter().flatten() {
            let target = goal["target"].as_f64();
            need(
                target.is_some_and(|target| (0.0..1.0).contains(&target)),
                "target",
            );
            need(ratio || goal["op"].is_string(), "op");
            need(ratio || goal["value"].is_number(), "value");
        }
        need(
            spec["objectives"]
                .as_array()
                .is_some_and(|goals| !goals.is_empty()),
            "objectives",
        );
        wrong
    }

    #[test]
    fn what_fits_becomes_objectives_and_the_rest_is_named() {
        let found = import(THEIRS).unwrap();
        assert_eq!(
            found.text,
            "objectives:\n  - availability: { of: checkout, at_least: 99.5% }\n  - latency: { of: browse, within: 300ms, share: 99% }\n"
        );
        assert_eq!(
            found.left_out,
            [
                "browse, objective 2: `gte` is no upper limit",
                "page: a AlertPolicy is no SLO"
            ]
        );
    }

    #[test]
    fn what_the_catalog_promises_goes_out_and_comes_back() {
        for name in catalog::names() {
            let source = catalog::load(name).unwrap();
            let plan = crate::plan(source, &Overrides::default()).unwrap().plan;
            if plan.objectives.is_empty() {
                continue;
            }
            let out = export(&plan);
            let documents: Vec<Value> = serde_saphyr::from_multiple(&out.text).unwrap();
            assert_eq!(documents.len(), plan.objectives.len(), "{name}");
            for document in &documents {
                assert_eq!(shape(document), Vec::<&str>::new(), "{name}: {document:#}");
            }
            let back = import(&out.text).unwrap();
            assert_eq!(back.left_out, Vec::<String>::new(), "{name}");
            assert_eq!(
                back.text.lines().count(),
                1 + plan.objectives.len(),
                "{name}"
            );
            for objective in &plan.objectives {
                assert!(
                    back.text.contains(&format!("of: {},", objective.of)),
                    "{}",
                    back.text
                );
            }
        }
    }

    #[test]
    fn what_is_no_slo_is_refused() {
        for text in [
            "",
            "a: 1",
            "[",
            "apiVersion: v2\nkind: SLO\nmetadata: { name: a }\n",
        ] {
            assert!(import(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-zA-Z: {}\\[\\]\n-]{0,120}") {
            let _ = import(&text);
        }
    }
}
