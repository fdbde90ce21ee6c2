//! Policies that somebody could follow, and what they are worth.

use lab_model::Span;

use super::*;

/// A careful handling: felt after 2 s, declared after 8 s, mitigated after `slow` × 12 s, tried
/// again, recovered.
fn careful(slow: u64) -> Evidence {
    let mitigated = 12 * slow;
    let replayed = mitigated + 6;
    let seconds = (0..replayed + 20).map(|second| {
        let bad = (2..mitigated).contains(&second);
        Second {
            held: !bad,
            settled: !bad,
            excess: if bad { 50.0 } else { 0.0 },
        }
    });
    Evidence {
        seconds: seconds.collect(),
        windows: Windows::PROGRAM,
        cause: Cause::Outside { armed_until: None },
        replay: Some(Trial {
            at: Span::from_secs(replayed),
            held: true,
        }),
        declarations: vec![Declaration {
            at: Span::from_secs(8 * slow),
            said: "orders errors".to_owned(),
            correct: true,
        }],
        conditions: vec![Condition {
            name: "route orders at monolith".to_owned(),
            held: true,
        }],
        ledger: Some(Ledger {
            acknowledged: 1_000,
            ..Ledger::default()
        }),
        protected_broken: Vec::new(),
        load: Load {
            offered: 1.0,
            completed_after: Some(1.0),
            missing: Vec::new(),
        },
        tampering: Vec::new(),
        forbidden: Vec::new(),
        changes: Changes {
            others: 4,
            rerun_clean: Some(true),
            undo_restores: Some(true),
            ..Changes::default()
        },
        order_kept: (3, 3),
        messages: vec![Message {
            name: "announce".to_owned(),
            in_time: true,
        }],
        hints: 0,
        solution_used: false,
        unknown: Vec::new(),
    }
}

fn reference() -> Reference {
    Reference::measured(&Clocks::of(&careful(1)), 50.0 * 118.0)
}

#[track_caller]
fn check(change: impl FnOnce(&mut Evidence), verdict: Verdict, least: f64, most: f64) -> Grade {
    let mut evidence = careful(1);
    change(&mut evidence);
    let grade = grade(&evidence, Some(&reference()));
    let total = grade.score.total;
    assert_eq!(grade.verdict, verdict, "{total}: {:?}", grade.reasons);
    assert!((least..=most).contains(&total), "{total}");
    grade
}

#[test]
fn weights_are_a_whole() {
    let grade = check(|_| {}, Verdict::Pass, 100.0, 100.0);
    let whole: f64 = grade
        .score
        .parts
        .iter()
        .map(|part| part.name.weight())
        .sum();
    assert!((whole - 1.0).abs() < 1e-12);
    assert_eq!(grade.score.parts.len(), 10);
}

#[test]
fn doing_nothing_is_worth_nothing() {
    let nothing = |evidence: &mut Evidence| {
        for second in &mut evidence.seconds[2..] {
            second.held = false;
        }
        evidence.replay = None;
        evidence.declarations.clear();
    };
    check(nothing, Verdict::Fail, 0.0, 0.0);
}

#[test]
fn twice_as_slow_costs_some() {
    let grade = grade(&careful(2), Some(&reference()));
    assert_eq!(grade.verdict, Verdict::Pass);
    assert!((85.0..95.0).contains(&grade.score.total), "{grade:?}");
    let slower = super::grade(&careful(4), Some(&reference()));
    assert!(slower.score.total < grade.score.total);
}

#[test]
fn ways_to_cheat_are_worth_nothing() {
    let fail = |change: fn(&mut Evidence)| check(change, Verdict::Fail, 0.0, 0.0);
    fail(|e| e.load.missing.push("orders".to_owned()));
    fail(|e| e.load.offered = 0.5);
    fail(|e| e.load.completed_after = Some(0.9));
    fail(|e| {
        e.ledger = Some(Ledger {
            acknowledged: 1_000,
            lost: 12,
            ..Ledger::default()
        });
    });
    fail(|e| {
        e.ledger = Some(Ledger {
            acknowledged: 1_000,
            altered: 1,
            ..Ledger::default()
        });
    });
    fail(|e| e.tampering.push("the ledger's chain is broken".to_owned()));
    fail(|e| {
        e.forbidden
            .push("payments.timeout raised past 2 s".to_owned());
    });
    fail(|e| e.protected_broken.push("browse".to_owned()));
    fail(|e| {
        e.cause = Cause::Outside {
            armed_until: Some(Span::from_secs(13)),
        }
    });
    fail(|e| e.cause = Cause::Inside { gone: None });
    fail(|e| e.replay = None);
    fail(|e| {
        e.replay = e.replay.map(|replay| Trial {
            held: false,
            ..replay
        });
    });
}

#[test]
fn what_the_lab_does_not_know_is_not_charged_and_never_passes() {
    let unsure = |evidence: &mut Evidence| evidence.unknown.push("no ledger".to_owned());
    check(unsure, Verdict::Unknown, 100.0, 100.0);
    let void = |evidence: &mut Evidence| {
        for second in &mut evidence.seconds {
            second.held = true;
        }
    };
    let grade = check(void, Verdict::Unknown, 0.0, 0.0);
    assert!(grade.reasons[0].starts_with("void"));
}

#[test]
fn caps_hold_down() {
    check(
        |e| e.changes.undo_restores = Some(false),
        Verdict::Fail,
        69.0,
        69.0,
    );
    check(
        |e| e.changes.rerun_clean = Some(false),
        Verdict::Pass,
        79.0,
        79.0,
    );
    check(|e| e.solution_used = true, Verdict::Fail, 49.0, 49.0);
    let touched = |e: &mut Evidence| e.changes.protected_changed.push("payments".to_owned());
    check(touched, Verdict::Pass, 79.0, 79.0);
}

#[test]
fn hints_cost_a_little() {
    check(|e| e.hints = 1, Verdict::Pass, 98.0, 98.0);
    check(|e| e.hints = 9, Verdict::Pass, 94.0, 94.0);
}

#[test]
fn parts_without_a_measure_are_left_out() {
    let grade = grade(&careful(2), None);
    let weights: f64 = grade.score.parts.iter().map(|part| part.weight).sum();
    assert!((weights - 1.0).abs() < 1e-12);
    assert!((grade.score.total - 100.0).abs() < 1e-9);
    let names: Vec<PartName> = grade.score.parts.iter().map(|part| part.name).collect();
    assert!(!names.contains(&PartName::Budget));
}

#[test]
fn duplicates_spoil_the_data() {
    let doubled = |duplicated| {
        move |evidence: &mut Evidence| {
            evidence.ledger = Some(Ledger {
                acknowledged: 1_000,
                duplicated,
                ..Ledger::default()
            });
        }
    };
    check(doubled(5), Verdict::Pass, 97.0, 98.0);
    check(doubled(50), Verdict::Pass, 94.9, 95.1);
}
