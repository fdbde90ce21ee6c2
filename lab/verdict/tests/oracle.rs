//! The engine against independently computed values, to 1e-9; boundaries exactly.
#![cfg(test)]

use std::collections::BTreeMap;

use lab_verdict::budget::BurnLimit;
use lab_verdict::evidence::interval::interval;
use lab_verdict::evidence::mixture::{FAIL_MULTIPLIERS, PASS_MULTIPLIERS};
use lab_verdict::evidence::slices::zero_failure_slices;
use lab_verdict::evidence::trials::zero_failure_trials;
use lab_verdict::evidence::{Boundary, Mixture, Side};
use lab_verdict::planning::zero_failure_arrivals;
use serde::Deserialize;

const P0: f64 = 0.01;

#[derive(Deserialize)]
struct Oracle {
    pass_multipliers: Vec<f64>,
    fail_multipliers: Vec<f64>,
    log_e_pass: Vec<LogEvidence>,
    log_e_fail: Vec<LogEvidence>,
    confidence_sequence: Vec<Sequence>,
    zero_failure_requests_to_pass: BTreeMap<String, ToPass>,
    zero_failure_trials: BTreeMap<String, u64>,
    burn_limits_30d: BTreeMap<String, Burn>,
    #[serde(rename = "boundaries_alpha_0.05")]
    boundaries: Vec<Limits>,
}

#[derive(Deserialize)]
struct LogEvidence {
    n: u64,
    bad: u64,
    log_e: f64,
}

#[derive(Deserialize)]
struct Sequence {
    n: u64,
    bad: u64,
    alpha: f64,
    low: f64,
    high: f64,
}

#[derive(Deserialize)]
struct ToPass {
    fixed_n_95: u64,
    mixture_requests: u64,
    mixture_slices: u64,
}

#[derive(Deserialize)]
struct Burn {
    burn_limit: f64,
    error_ratio_limit: f64,
}

#[derive(Deserialize)]
struct Limits {
    n: u64,
    pass_if_bad_at_most: i64,
    fail_if_bad_at_least: u64,
}

fn oracle() -> Oracle {
    serde_json::from_str(include_str!("data/verdict.json")).unwrap()
}

#[track_caller]
fn check(what: &str, found: f64, expected: f64) {
    assert!(
        (found - expected).abs() <= 1e-9,
        "{what}: {found} is not {expected}"
    );
}

#[test]
fn multipliers() {
    let oracle = oracle();
    assert_eq!(oracle.pass_multipliers, PASS_MULTIPLIERS);
    assert_eq!(oracle.fail_multipliers, FAIL_MULTIPLIERS);
}

#[test]
fn log_evidence() {
    let oracle = oracle();
    for (side, rows) in [
        (Side::Pass, oracle.log_e_pass),
        (Side::Fail, oracle.log_e_fail),
    ] {
        let mixture = Mixture::new(side, P0);
        for LogEvidence { n, bad, log_e } in rows {
            check(
                &format!("{side:?} {bad}/{n}"),
                mixture.log_evidence(n, bad),
                log_e,
            );
        }
    }
}

#[test]
fn confidence_sequence() {
    for Sequence {
        n,
        bad,
        alpha,
        low,
        high,
    } in oracle().confidence_sequence
    {
        let found = interval(n, bad, alpha);
        check(&format!("low {bad}/{n} at {alpha}"), found.low, low);
        check(&format!("high {bad}/{n} at {alpha}"), found.high, high);
    }
}

#[test]
fn zero_failures_to_pass() {
    for (p0, expected) in oracle().zero_failure_requests_to_pass {
        let p0: f64 = p0.parse().unwrap();
        assert_eq!(
            zero_failure_arrivals(p0, 0.05),
            expected.mixture_requests,
            "{p0}"
        );
        assert_eq!(
            zero_failure_slices(p0, 0.05),
            Some(expected.mixture_slices),
            "{p0}"
        );
        assert_eq!(
            zero_failure_trials(1.0 - p0, 0.05),
            Some(expected.fixed_n_95),
            "{p0}"
        );
    }
}

#[test]
fn zero_failure_trials_at_each_confidence() {
    for (key, expected) in oracle().zero_failure_trials {
        let (share, confidence) = key.split_once('@').unwrap();
        let (share, confidence): (f64, f64) = (share.parse().unwrap(), confidence.parse().unwrap());
        assert_eq!(
            zero_failure_trials(share, 1.0 - confidence),
            Some(expected),
            "{key}"
        );
    }
}

#[test]
fn boundaries() {
    for row in oracle().boundaries {
        let found = Boundary::new(row.n, P0, 0.05, 0.05);
        assert_eq!(
            found.passes_up_to,
            u64::try_from(row.pass_if_bad_at_most).ok(),
            "{}",
            row.n
        );
        assert_eq!(
            found.fails_from,
            Some(row.fail_if_bad_at_least),
            "{}",
            row.n
        );
    }
}

#[test]
fn burn_limits() {
    for (key, expected) in oracle().burn_limits_30d {
        let field = |name: &str| {
            let (_, rest) = key.split_once(name).unwrap();
            rest.split(',').next().unwrap().to_owned()
        };
        let objective: f64 = field("slo=").parse().unwrap();
        let window = field("W=").parse().unwrap();
        let share: f64 = field("f=").parse().unwrap();
        let period = lab_model::Span::from_secs(30 * 86_400);
        let found = BurnLimit::new(objective, window, period, share);
        check(&key, found.burn, expected.burn_limit);
        check(&key, found.error_ratio, expected.error_ratio_limit);
    }
}
