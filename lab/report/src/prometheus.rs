//! A run's figures in Prometheus' text format: for a textfile collector, a push gateway, or
//! GitLab's metrics report. Quantities are gauges, as a run is over when they are read.

use std::fmt::Write;

use lab_verdict::outcome::Call;

use crate::registry::Format;
use crate::run::Run;

/// This format.
pub const FORMAT: Format = Format {
    name: "prometheus",
    about: "for a textfile collector or a push gateway: metrics",
    render: |run, _| report(run),
};

/// The quantiles that are given.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// The report in the text exposition format, version 0.0.4.
pub fn report(run: &Run<'_>) -> String {
    let mut metrics = Metrics {
        text: String::new(),
        common: common(run),
    };
    whole(&mut metrics, run);
    objectives(&mut metrics, run);
    journeys(&mut metrics, run);
    links(&mut metrics, run);
    metrics.text
}

fn common(run: &Run<'_>) -> Vec<(&'static str, String)> {
    let plan = run.plan();
    vec![
        ("scenario", plan.scenario.to_string()),
        ("system", plan.system.name.to_string()),
    ]
}

fn whole(metrics: &mut Metrics, run: &Run<'_>) {
    let call = run.verdict.call;
    metrics.family(
        "lab_run_verdict",
        "The verdict on the run: 1 for the one that applies.",
    );
    for one in [Call::Pass, Call::Inconclusive, Call::Fail, Call::Error] {
        metrics.sample(
            "lab_run_verdict",
            &[("verdict", word(one))],
            f64::from(u8::from(one == call)),
        );
    }
    metrics.family("lab_run_exit_code", "The exit code of the run.");
    metrics.sample("lab_run_exit_code", &[], f64::from(run.verdict.exit.code()));
    metrics.family("lab_run_duration_seconds", "How long the run took.");
    metrics.sample("lab_run_duration_seconds", &[], run.took().as_secs_f64());
    metrics.family("lab_fault_witnessed", "Whether the fault was seen to bite.");
    for witness in &run.verdict.witnesses {
        if let Some(fault) = run.plan().faults.get(witness.fault) {
            let (kind, link) = (fault.kind.as_str(), witness.link.to_string());
            let number = witness.fault.to_string();
            let labels = [("fault", number.as_str()), ("kind", kind), ("link", &link)];
            let seen = f64::from(u8::from(witness.call == Call::Pass));
            metrics.sample("lab_fault_witnessed", &labels, seen);
        }
    }
    metrics.family(
        "lab_pattern_held",
        "1 where the pattern was shown, 0 where it was not, 0.5 where nothing is known.",
    );
    for verdict in &run.verdict.patterns {
        if let Some(pattern) = run.plan().patterns.get(verdict.pattern) {
            metrics.sample(
                "lab_pattern_held",
                &[("pattern", &pattern.summary)],
                held(verdict.call),
            );
        }
    }
}

const fn word(call: Call) -> &'static str {
    match call {
        Call::Pass => "pass",
        Call::Inconclusive => "inconclusive",
        Call::Fail => "fail",
        Call::Error => "error",
    }
}

const fn held(call: Call) -> f64 {
    match call {
        Call::Pass => 1.0,
        Call::Inconclusive | Call::Error => 0.5,
        Call::Fail => 0.0,
    }
}

fn objectives(metrics: &mut Metrics, run: &Run<'_>) {
    let plan = run.plan();
    let named: Vec<_> = run
        .verdict
        .objectives
        .iter()
        .filter_map(|verdict| {
            let objective = plan.objectives.get(verdict.objective)?.to_string();
            let phase = plan.phases.get(verdict.phase)?.name.to_string();
            Some((objective, phase, verdict))
        })
        .collect();
    let mut each =
        |name: &str,
         help: &str,
         value: &dyn Fn(&lab_verdict::outcome::ObjectiveVerdict) -> Option<f64>| {
            metrics.family(name, help);
            for (objective, phase, verdict) in &named {
                if let Some(value) = value(verdict) {
                    metrics.sample(name, &[("objective", objective), ("phase", phase)], value);
                }
            }
        };
    each(
        "lab_objective_held",
        "1 where it held, 0 where it did not, 0.5 where nothing is known.",
        &|one| Some(held(one.call)),
    );
    each(
        "lab_objective_bad_ratio",
        "The share of bad arrivals.",
        &|one| (one.n > 0).then(|| one.bad as f64 / one.n as f64),
    );
    each(
        "lab_objective_bad_ratio_low",
        "The lower end of its 95 % interval.",
        &|one| Some(one.interval?.low),
    );
    each(
        "lab_objective_bad_ratio_high",
        "The upper end of its 95 % interval.",
        &|one| Some(one.interval?.high),
    );
    each(
        "lab_objective_allowed_ratio",
        "The share of bad arrivals that is allowed.",
        &|one| Some(one.allowed),
    );
    metrics.family(
        "lab_error_budget_burn",
        "How many times faster than sustainable the error budget burned.",
    );
    for spending in &run.verdict.spending {
        let objective = plan.objectives.get(spending.objective);
        let phase = plan.phases.get(spending.phase);
        if let (Some(objective), Some(phase)) = (objective, phase) {
            let objective = objective.to_string();
            let labels = [
                ("objective", objective.as_str()),
                ("phase", phase.name.as_str()),
            ];
            metrics.sample("lab_error_budget_burn", &labels, spending.burn);
        }
    }
}

fn journeys(metrics: &mut Metrics, run: &Run<'_>) {
    let phases = || run.plan().phases.iter().zip(&run.tally.phases);
    metrics.family("lab_journey_arrivals", "Arrivals by how they ended.");
    for (phase, tally) in phases() {
        for journey in &tally.journeys {
            let total = &journey.total;
            for (result, count) in [("good", total.good), ("bad", total.bad)] {
                let labels = [
                    ("journey", journey.journey.as_str()),
                    ("phase", phase.name.as_str()),
                    ("result", result),
                ];
                metrics.sample("lab_journey_arrivals", &labels, count as f64);
            }
        }
    }
    let name = "lab_journey_latency_seconds";
    metrics.family(name, "Latency from the intended start, at a quantile.");
    for (phase, tally) in phases() {
        for journey in &tally.journeys {
            for quantile in QUANTILES {
                if let Some(value) = journey.from_intended.quantile(quantile) {
                    let quantile = quantile.to_string();
                    let labels = [
                        ("journey", journey.journey.as_str()),
                        ("phase", phase.name.as_str()),
                        ("quantile", &quantile),
                    ];
                    metrics.sample(name, &labels, value.as_secs_f64());
                }
            }
        }
    }
}

fn links(metrics: &mut Metrics, run: &Run<'_>) {
    metrics.family(
        "lab_link_requests",
        "Requests on a link, every attempt counted.",
    );
    for (phase, tally) in run.plan().phases.iter().zip(&run.tally.phases) {
        for link in &tally.links {
            let name = link.link.to_string();
            let labels = [("link", name.as_str()), ("phase", phase.name.as_str())];
            metrics.sample("lab_link_requests", &labels, link.traffic.requests as f64);
        }
    }
}

/// Families with their samples.
struct Metrics {
    text: String,
    /// Labels of every sample.
    common: Vec<(&'static str, String)>,
}

impl Metrics {
    fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let common = self
            .common
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let all = common.chain(labels.iter().copied());
        let all: Vec<String> = all
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        let value = if value.is_finite() {
            value.to_string()
        } else {
            "NaN".to_owned()
        };
        let _ = writeln!(self.text, "{name}{{{}}} {value}", all.join(","));
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
