//! What the judge says of figures of the system, whole and broken: a reading that is missing never
//! makes a pass and never a fail.

use lab_model::Plan;
use lab_model::event::Event;
use lab_model::indicator::{Indicator, Must, Promise, Read, ReadingReport, Source};
use lab_verdict::outcome::IndicatorVerdict;
use lab_verdict::{Call, RunVerdict, Strength};
use serde_json::{Value, json};

use crate::build::{BASELINE, FAULT, Run, name, plan, ratio, span};

/// An indicator in the fault phase, read each second.
fn indicator(promise: Promise) -> Indicator {
    let source = Source::Http {
        service: name("orders"),
        path: "/figure".to_owned(),
        value: None,
    };
    let sources = match promise {
        Promise::Throughput { .. } => vec![],
        Promise::Parity { .. } => vec![source; 3],
        _ => vec![source],
    };
    Indicator {
        name: name("figure"),
        promise,
        sources,
        every: span("1s"),
        during: vec![FAULT],
    }
}

fn planned(promise: Promise) -> Plan {
    let mut plan = plan();
    plan.indicators.push(indicator(promise));
    plan
}

/// A run whose readings are what `found` says of each second of the load, where it says anything.
fn run(promise: Promise, found: impl Fn(u64) -> Option<Vec<Value>>) -> Run {
    let mut run = Run::healthy(planned(promise));
    for phase in [BASELINE, FAULT] {
        let start = run.plan.phases[phase].start.as_micros() / 1_000_000;
        let length = run.plan.phases[phase].length.as_micros() / 1_000_000;
        for second in 0..length {
            let Some(values) = found(start + second) else {
                continue;
            };
            let report = ReadingReport {
                indicator: 0,
                at_micros: (start + second) * 1_000_000,
                reads: values.into_iter().map(Read::Value).collect(),
            };
            run.insert(phase, second, Event::Reading(report));
        }
    }
    run
}

fn verdict(promise: Promise, found: impl Fn(u64) -> Option<Vec<Value>>) -> IndicatorVerdict {
    let verdict = run(promise, found).judge();
    verdict.indicators[0].clone()
}

fn saturation() -> Promise {
    Promise::Saturation {
        at_most: 0.8,
        share: ratio("80%"),
    }
}

fn invariant() -> Promise {
    let must = Must::Equal(json!(0));
    Promise::Invariant { must }
}

const PARITY: Promise = Promise::Parity { ratio: 1.5 };

fn business() -> Promise {
    let keeps = ratio("80%");
    Promise::Business { keeps }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a second finds something or nothing"
)]
fn one(value: impl Into<Value>) -> Option<Vec<Value>> {
    Some(vec![value.into()])
}

#[test]
fn each_kind_passes_where_all_is_well() {
    let check = |promise, found: fn(u64) -> Option<Vec<Value>>| {
        let verdict = verdict(promise, found);
        assert_eq!(verdict.call, Call::Pass, "{verdict:#?}");
        assert!(!verdict.found.is_empty() && verdict.missing == 0);
        verdict
    };
    let throughput = Promise::Throughput {
        of: Some(name("checkout")),
        at_least: "40/s".parse().unwrap(),
        share: ratio("80%"),
    };
    let found = check(throughput, |_| None);
    assert_eq!((found.n, found.bad), (30, 0));
    assert_eq!(found.found, "50 a second in the median, 50 at the least");
    check(saturation(), |_| one(0.5));
    let freshness = Promise::Freshness {
        at_most: span("5s"),
        share: ratio("80%"),
    };
    check(freshness, |_| one(1.2));
    let found = check(invariant(), |_| one(0));
    assert_eq!((found.n, found.at_most), (30, Some(0.1)));
    check(business(), |second| one(second * 40));
    let same = |_| Some(vec![json!("a"), json!("a"), json!("a")]);
    assert_eq!(check(PARITY, same).at_most, Some(0.1));
}

#[test]
fn each_kind_fails_where_it_does_not_hold() {
    let check = |promise, found: fn(u64) -> Option<Vec<Value>>, said: &str| {
        let verdict = run(promise, found).judge();
        assert_eq!(verdict.indicators[0].call, Call::Fail, "{verdict:#?}");
        assert_eq!((verdict.call, verdict.exit.code()), (Call::Fail, 1));
        let reason = &verdict.reasons[0];
        assert_eq!(reason.code, "indicator::failed");
        assert!(reason.text.contains(said), "{}", reason.text);
    };
    let throughput = Promise::Throughput {
        of: None,
        at_least: "160/s".parse().unwrap(),
        share: ratio("80%"),
    };
    check(throughput, |_| None, "150 a second in the median");
    check(saturation(), |_| one(0.9), "0.9 in the median");
    let freshness = Promise::Freshness {
        at_most: span("5s"),
        share: ratio("80%"),
    };
    check(freshness, one, "s at the oldest");
    let once = |second| one(u64::from(second == 33));
    check(
        invariant(),
        once,
        "1 of 30 readings otherwise, first 1 after 13 s",
    );
    // Half as fast from the fault on.
    let slower = |second: u64| {
        one(if second < 20 {
            second * 40
        } else {
            800 + (second - 20) * 20
        })
    };
    check(business(), slower, "20 a second beside 40 in the baseline");
    let differs = |_| Some(vec![json!("a"), json!("a"), json!("b")]);
    check(PARITY, differs, "30 differ in the candidate alone");
}

#[test]
fn noise_in_the_secondary_clears_the_candidate() {
    // Every other reading something differs, as often in the secondary as in the candidate.
    let noisy = |second: u64| {
        let (secondary, candidate) = match second % 4 {
            0 => ("b", "a"),
            2 => ("a", "b"),
            _ => ("a", "a"),
        };
        Some(vec![json!("a"), json!(secondary), json!(candidate)])
    };
    assert_ne!(verdict(PARITY, noisy).call, Call::Fail);
}

#[test]
fn a_counter_may_start_anew() {
    let anew = |second: u64| {
        one(if second < 30 {
            second * 40
        } else {
            (second - 30) * 40
        })
    };
    let verdict = verdict(business(), anew);
    assert_eq!(verdict.call, Call::Pass, "{verdict:#?}");
}

/// Whatever is broken, the indicator is no pass, and neither is the run.
#[test]
fn broken_readings_never_pass() {
    type Break = fn(&mut Run);
    let breaks: [(&str, Break); 9] = [
        ("no reading at all", |run| {
            run.remove(|event| matches!(event, Event::Reading(_)));
        }),
        ("nobody answered", |run| {
            each(run, |report| {
                for read in &mut report.reads {
                    *read = Read::Failed("no answer within 2s".to_owned());
                }
            });
        }),
        ("readings without a value", |run| {
            each(run, |report| report.reads.clear());
        }),
        ("more values than sources", |run| {
            each(run, |report| report.reads.extend(report.reads.clone()));
        }),
        ("readings of nothing", |run| {
            each(run, |report| {
                report.reads = vec![Read::Value(Value::Null); report.reads.len()];
            });
        }),
        ("no readings from the middle of the fault on", |run| {
            run.remove(
                |event| matches!(event, Event::Reading(report) if report.at_micros > 35_000_000),
            );
        }),
        ("readings of another indicator", |run| {
            each(run, |report| report.indicator = 7);
        }),
        ("readings at times nobody asked for", |run| {
            each(run, |report| report.at_micros += 1);
        }),
        ("one reading, again and again", |run| {
            each(run, |report| report.at_micros = 20_000_000);
        }),
    ];
    for (what, break_it) in breaks {
        for promise in [saturation(), invariant(), PARITY, business()] {
            let kind = indicator(promise.clone()).kind();
            let arms = if kind == "parity" { 3 } else { 1 };
            let good = |second: u64| match kind {
                "business" => one(second * 40),
                _ => Some(vec![json!(0); arms]),
            };
            let mut run = run(promise, good);
            assert_eq!(run.clone().judge().call, Call::Pass, "{kind}");
            break_it(&mut run);
            let verdict = run.judge();
            // Nulls are values where only their sameness counts.
            let same = kind == "parity" && what == "readings of nothing";
            // Half of a phase may carry a rate, and half of many readings a generous share.
            let enough = kind == "business" && what.contains("middle");
            if !same && !enough {
                assert_ne!(verdict.indicators[0].call, Call::Pass, "{kind}: {what}");
                assert_ne!(verdict.call, Call::Pass, "{kind}: {what}");
                // Nothing where a value must be is a violation.
                let violated = kind == "invariant" && what == "readings of nothing";
                let failed = verdict.indicators[0].call == Call::Fail;
                assert_eq!(failed, violated, "{kind}: {what}");
            }
        }
    }
}

fn each(run: &mut Run, mut change: impl FnMut(&mut ReadingReport)) {
    run.each(|event| {
        if let Event::Reading(report) = event {
            change(report);
        }
    });
}

#[test]
fn a_phase_that_cannot_be_trusted_carries_no_figure_but_a_violation() {
    let judged = |promise, found: fn(u64) -> Option<Vec<Value>>| -> RunVerdict {
        let mut run = run(promise, found);
        run.remove(|event| matches!(event, Event::Fault(_)));
        run.judge()
    };
    let full = judged(saturation(), |_| one(0.9));
    assert_eq!(full.indicators[0].call, Call::Inconclusive);
    let violated = judged(invariant(), |_| one(1));
    assert_eq!(violated.indicators[0].call, Call::Fail);
    assert_eq!(violated.indicators[0].strength, Some(Strength::Proven));
}

#[test]
fn strength_is_proof_or_observation() {
    let generous = verdict(saturation(), |_| one(0.5));
    assert_eq!(generous.strength, Some(Strength::Proven));
    let saturation = || Promise::Saturation {
        at_most: 0.8,
        share: ratio("85%"),
    };
    let observed = verdict(saturation(), |_| one(0.5));
    assert_eq!(observed.strength, Some(Strength::Observed));
    let strict = |value: f64| {
        let run = run(saturation(), move |_| one(value));
        lab_verdict::strict::proven(run.judge())
    };
    let weak = strict(0.5);
    assert_eq!((weak.call, weak.exit.code()), (Call::Inconclusive, 2));
    let mut reasons = weak.reasons.iter();
    assert!(reasons.any(|reason| reason.code == "run::not-proven"));
    let failed = strict(0.9);
    assert_eq!((failed.call, failed.exit.code()), (Call::Fail, 1));
}
