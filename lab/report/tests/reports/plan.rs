//! A plan before anything is touched.

use insta::assert_snapshot;
use lab_model::Ratio;
use lab_model::plan::{Deed, Effect, Fault, Plan, Window};
use lab_model::toxic::Primitive;
use lab_report::plan;

use crate::sample::{self, seconds};
use crate::{check_fits, plain};

fn text(plan: &Plan, width: usize) -> String {
    let text = plan::text(plan, &plain(width));
    check_fits(&text, plain(width));
    text
}

#[test]
fn a_plan_for_people() {
    assert_snapshot!("plan_120", text(&sample::plan(), 120));
    assert_snapshot!("plan_80", text(&sample::plan(), 80));
    assert_snapshot!("plan_40", text(&sample::plan(), 40));
}

#[test]
fn a_fault_says_what_it_acts_on() {
    let says = |change: &dyn Fn(&mut Fault), expected: &str| {
        let mut plan = sample::plan();
        change(&mut plan.faults[0]);
        let text = text(&plan, 120);
        assert!(text.contains(expected), "{expected:?} in {text}");
    };
    let of = |deed, share| {
        move |fault: &mut Fault| {
            fault.effect = Effect::Exchange {
                deed,
                share: Ratio::ONE,
            };
            fault.toxicity = share;
        }
    };
    let tenth = Ratio::new(0.1).unwrap();
    says(&of(Deed::Edited, Ratio::ONE), "every request that matches");
    let held = Deed::HandshakeHeld { mean: seconds(1) };
    says(&of(held, Ratio::ONE), "every handshake that matches");
    let chosen = "10.0 % of the statements that match, chosen by the seed";
    says(&of(Deed::WriteRefused, tenth), chosen);
    let down = |fault: &mut Fault| fault.primitives = vec![Primitive::Disabled];
    says(&down, "the whole link");
}

#[test]
fn a_fault_that_flaps() {
    let mut plan = sample::plan();
    plan.faults[0].windows = (0..5)
        .map(|index| Window {
            from: seconds(20 + 6 * index),
            to: seconds(23 + 6 * index),
        })
        .collect();
    assert_snapshot!("plan_flaps", text(&plan, 80));
}

#[test]
fn a_plan_for_programs_is_the_plan() {
    let plan = sample::plan();
    let back: Plan = serde_json::from_str(&plan::json(&plan)).unwrap();
    assert_eq!(back, plan);
}

#[test]
fn an_empty_plan_is_no_trouble() {
    let mut plan = sample::plan();
    plan.phases.clear();
    plan.faults.clear();
    plan.objectives.clear();
    plan.load.journeys.clear();
    plan.system.services.clear();
    for width in [0, 20, 33, 80, 10_000] {
        text(&plan, width);
    }
}
