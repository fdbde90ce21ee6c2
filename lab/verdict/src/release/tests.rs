//! What opens a gate, what shuts it, and with which exit code.

use lab_model::policy::{
    Advisory, Approval, BudgetRule, Exception, External, Given, Regression, Rehearsal,
};
use lab_model::{Journal, Span};

use super::*;
use crate::outcome::{ObjectiveVerdict, Reason, Unit};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

/// A run of one objective on checkout in one phase.
fn run(call: Call, strength: Option<Strength>) -> Rehearsed {
    let plan: Plan = serde_json::from_value(serde_json::json!({
        "scenario": "slow-payments", "hypothesis": "", "seed": 7,
        "system": { "name": "shop", "services": [], "links": [] },
        "load": { "journeys": [], "arrivals": { "constant": { "rate": "50/s" } } },
        "phases": [{ "name": "fault", "kind": "fault", "start": "0s", "length": "30s" }],
        "faults": [],
        "objectives": [{ "of": "checkout", "promise": { "availability": { "at_least": "99%" } }, "during": [0] }],
        "replay": [],
    }))
    .unwrap();
    // A verdict on nothing, then given what the test asks for.
    let opened = serde_json::json!({ "at": 0, "event": { "opened": {
        "journal": 1, "lab": "0.1.0", "run": "2026-11-22-slow-payments-7",
        "wall": "2026-11-22T10:00:00Z", "driver": "processes", "plan": plan,
    } } });
    let journal = Journal::read(format!("{opened}\n").as_bytes()).unwrap();
    let mut verdict = crate::judge(&journal);
    verdict.call = call;
    verdict.exits = vec![match call {
        Call::Pass => Exit::Pass,
        Call::Fail => Exit::Fail,
        _ => Exit::Inconclusive,
    }];
    verdict.reasons = Vec::new();
    verdict.objectives = vec![ObjectiveVerdict {
        objective: 0,
        phase: 0,
        call,
        strength,
        unit: Unit::Request,
        n: 1_500,
        bad: 3,
        allowed: 0.01,
        interval: None,
        quantile: None,
        quantile_low: None,
        quantile_high: None,
        log_evidence_pass: 0.0,
        log_evidence_fail: 0.0,
        passes_up_to: None,
        fails_from: None,
        note: String::new(),
    }];
    Rehearsed {
        run: journal.opened.run.to_string(),
        plan,
        verdict,
        summary: None,
    }
}

fn passed() -> Rehearsed {
    run(Call::Pass, Some(Strength::Observed))
}

fn policy() -> Policy {
    Policy::everything(name("cutover"))
}

fn beside() -> Beside {
    Beside {
        today: date("2026-11-22"),
        accepted: vec![],
        external: vec![],
        not_run: vec![],
        exits: vec![],
    }
}

fn check(policy: &Policy, runs: &[Rehearsed], beside: &Beside, code: u8) -> Decision {
    let decision = decide(policy, runs, beside);
    assert_eq!(decision.exit.code(), code, "{decision:#?}");
    decision
}

#[test]
fn a_run_decides_by_its_verdict_and_the_strength_asked_for() {
    let failed = run(Call::Fail, Some(Strength::Observed));
    let doubtful = run(Call::Inconclusive, None);
    check(&policy(), &[passed()], &beside(), 0);
    check(&policy(), &[passed(), failed.clone()], &beside(), 1);
    check(&policy(), std::slice::from_ref(&doubtful), &beside(), 2);
    check(&policy(), &[doubtful.clone(), failed.clone()], &beside(), 1);
    check(&policy(), &[], &beside(), 2);
    let mut strict = policy();
    strict.strength = Needed::Proven;
    check(&strict, &[passed()], &beside(), 2);
    check(
        &strict,
        &[run(Call::Pass, Some(Strength::Proven))],
        &beside(),
        0,
    );
    let mut lenient = policy();
    lenient.inconclusive = Doubt::Warn;
    check(&lenient, &[doubtful], &beside(), 0);
    assert!(is_decided(&policy(), &[failed], &beside()));
    assert!(!is_decided(&policy(), &[passed()], &beside()));
    assert!(!is_decided(&policy(), &[], &beside()));
}

#[test]
fn a_missing_witness_blocks_whatever_the_policy_says() {
    let mut bypassed = run(Call::Inconclusive, None);
    bypassed.verdict.reasons = vec![Reason {
        code: "fault::not-witnessed".to_owned(),
        text: "latency on orders -> payments touched nothing".to_owned(),
        call: Call::Inconclusive,
    }];
    let mut lenient = policy();
    lenient.inconclusive = Doubt::Warn;
    check(&lenient, &[bypassed], &beside(), 2);
}

#[test]
fn every_exit_code_comes_through() {
    for exit in [
        Exit::Environment,
        Exit::CleanUp,
        Exit::Aborted,
        Exit::Interrupted,
        Exit::Terminated,
    ] {
        let mut broken = passed();
        broken.verdict.exits = vec![exit];
        check(&policy(), &[broken], &beside(), exit.code());
    }
    let mut unstarted = beside();
    unstarted.exits = vec![Exit::Environment];
    unstarted.not_run = vec![(name("slow-payments"), "no engine".to_owned())];
    check(&policy(), &[], &unstarted, 4);
}

#[test]
fn advisory_promises_only_warn() {
    let failed = run(Call::Fail, Some(Strength::Observed));
    let rule = |scenario: Option<&str>, journey: Option<&str>, pattern: Option<&str>| {
        let mut policy = policy();
        let named = |text: Option<&str>| text.map(name);
        policy.advisory = vec![Advisory {
            scenario: named(scenario),
            journey: named(journey),
            pattern: named(pattern),
        }];
        policy
    };
    check(
        &rule(None, Some("checkout"), None),
        std::slice::from_ref(&failed),
        &beside(),
        0,
    );
    check(
        &rule(Some("slow-payments"), None, None),
        std::slice::from_ref(&failed),
        &beside(),
        0,
    );
    check(
        &rule(None, Some("browse"), None),
        std::slice::from_ref(&failed),
        &beside(),
        1,
    );
    check(
        &rule(Some("other"), Some("checkout"), None),
        std::slice::from_ref(&failed),
        &beside(),
        1,
    );
    check(&rule(None, None, Some("timeout")), &[failed], &beside(), 1);
}

#[test]
fn exceptions_to_a_budget_end() {
    let mut run = passed();
    run.verdict.spending = vec![Spending {
        objective: 0,
        phase: 0,
        burn: 90.0,
        spent: 0.08,
        pages: vec![],
    }];
    let mut policy = policy();
    let with = |until: &str| BudgetRule {
        of: name("checkout"),
        spent_at_most: "5%".parse().unwrap(),
        exceptions: vec![Exception {
            owner: "ann".to_owned(),
            until: date(until),
            why: "the index is rebuilt".to_owned(),
        }],
    };
    policy.budgets = vec![with("2026-11-22")];
    check(&policy, std::slice::from_ref(&run), &beside(), 0);
    policy.budgets = vec![with("2026-11-21")];
    let decision = check(&policy, &[run], &beside(), 1);
    let found = &decision.against(Standing::Blocks).next().unwrap().found;
    assert!(
        found.contains("the exception of ann ended on 2026-11-21"),
        "{found}"
    );
}

#[test]
fn approvals_expire_and_take_the_right_person() {
    let with = |given: Option<(&str, &str)>| {
        let mut policy = policy();
        policy.approvals = vec![Approval {
            what: "cutover".to_owned(),
            by: vec!["ann".to_owned(), "bob".to_owned()],
            given: given.map(|(by, on)| Given {
                by: by.to_owned(),
                on: date(on),
            }),
            within_days: 14,
        }];
        policy
    };
    check(&with(None), &[passed()], &beside(), 1);
    check(
        &with(Some(("bob", "2026-11-08"))),
        &[passed()],
        &beside(),
        0,
    );
    check(
        &with(Some(("bob", "2026-11-07"))),
        &[passed()],
        &beside(),
        1,
    );
    check(
        &with(Some(("bob", "2026-11-23"))),
        &[passed()],
        &beside(),
        1,
    );
    check(
        &with(Some(("eve", "2026-11-20"))),
        &[passed()],
        &beside(),
        1,
    );
}

#[test]
fn numbers_of_other_tools_count() {
    let mut policy = policy();
    policy.external = vec![External {
        name: name("vulnerabilities"),
        file: "audit.json".to_owned(),
        at: "/high".to_owned(),
        at_most: 0.0,
    }];
    let with = |number: Result<f64, String>| Beside {
        external: vec![number],
        ..beside()
    };
    check(&policy, &[passed()], &with(Ok(0.0)), 0);
    check(&policy, &[passed()], &with(Ok(1.0)), 1);
    check(
        &policy,
        &[passed()],
        &with(Err("audit.json: not found".to_owned())),
        2,
    );
    check(&policy, &[passed()], &beside(), 2);
}

fn accepted(on: &str, millis: u64) -> Summary {
    let mut latency = lab_model::Histogram::new();
    let mut calibration = lab_model::Histogram::new();
    for step in 0..3_000 {
        latency.record(Span::from_micros(millis * 1_000 + step * 3));
        calibration.record(Span::from_micros(80 + step % 7));
    }
    Summary {
        accepted: lab_model::accepted::VERSION,
        run: lab_model::RunId::new("2026-11-01-slow-payments-7").unwrap(),
        scenario: name("slow-payments"),
        seed: 7,
        on: date(on),
        lab: "0.1.0".to_owned(),
        settings: [].into(),
        images: [].into(),
        journeys: vec![lab_model::accepted::JourneySummary {
            journey: name("checkout"),
            phase: name("fault"),
            n: 3_000,
            bad: 0,
            latency,
        }],
        calibration,
        by: None,
    }
}

#[test]
fn rehearsals_grow_old() {
    let mut policy = policy();
    policy.rehearsals = vec![Rehearsal {
        scenario: name("rollback"),
        within_days: 30,
    }];
    let on = |day: &str| {
        let mut one = accepted(day, 20);
        one.scenario = name("rollback");
        Beside {
            accepted: vec![one],
            ..beside()
        }
    };
    check(&policy, &[passed()], &beside(), 1);
    check(&policy, &[passed()], &on("2026-10-23"), 0);
    check(&policy, &[passed()], &on("2026-10-22"), 1);
    policy.rehearsals[0].scenario = name("slow-payments");
    check(&policy, &[passed()], &beside(), 0);
}

#[test]
fn a_regression_blocks() {
    let mut policy = policy();
    policy.regression = Some(Regression { latency: 1.05 });
    let known = Beside {
        accepted: vec![accepted("2026-11-01", 20)],
        ..beside()
    };
    let with = |millis| Rehearsed {
        summary: Some(accepted("2026-11-22", millis)),
        ..passed()
    };
    check(&policy, &[with(20)], &known, 0);
    check(&policy, &[with(26)], &known, 1);
    // Nothing to compare with is said, and does not block.
    check(&policy, &[with(26)], &beside(), 0);
}

#[test]
fn how_often_a_verdict_differs_is_told() {
    let observed = Some(Strength::Observed);
    let policy = Policy::everything(name("all"));
    let said = |calls: &[Call]| {
        let runs: Vec<Rehearsed> = calls.iter().map(|call| run(*call, observed)).collect();
        let mut items = flakes::items(&runs);
        assert!(items.len() < 2);
        items.pop()
    };
    assert_eq!(said(&[Call::Pass]), None);
    let same = said(&[Call::Pass, Call::Pass, Call::Pass]).unwrap();
    assert_eq!(same.standing, Standing::Holds);
    assert!(
        same.found
            .starts_with("3 pass of 3 seeds · flake rate 0 %, at most ")
    );
    let mixed = said(&[Call::Pass, Call::Fail, Call::Pass, Call::Inconclusive]).unwrap();
    assert_eq!(mixed.standing, Standing::Warns);
    let expected = "2 pass, 1 fail, 1 inconclusive of 4 seeds · flake rate 50 %";
    assert!(mixed.found.starts_with(expected), "{}", mixed.found);
    // One seed that fails shuts the gate, whatever the others say.
    let runs = [Call::Pass, Call::Fail, Call::Pass].map(|call| run(call, observed));
    assert_eq!(decide(&policy, &runs, &beside()).exit, Exit::Fail);
}
