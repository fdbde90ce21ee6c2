//! A plan before anything is touched.

use insta::assert_snapshot;
use lab_model::plan::{Plan, Window};
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
