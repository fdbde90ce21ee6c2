//! What each objective of a plan needs to pass and to fail.

use lab_model::Name;
use lab_model::objective::Objective;
use lab_model::plan::{Phase, Plan};
use lab_verdict::evidence::ALPHA;
use lab_verdict::planning::{self, bounds, fail_alpha};

use crate::format;
use crate::line::Line;
use crate::page::Page;
use crate::style::Tone;

/// Objectives with each of the phases in which they are judged.
pub(super) fn pairs(plan: &Plan) -> impl Iterator<Item = (&Objective, &Phase)> {
    plan.objectives.iter().flat_map(move |objective| {
        let phases = objective.during.iter();
        phases.filter_map(move |index| Some((objective, plan.phases.get(*index)?)))
    })
}

/// How many arrivals of a journey are expected in a phase; `None` where users are closed and the
/// system decides.
pub(super) fn expected(plan: &Plan, phase: &Phase, journey: &Name) -> Option<u64> {
    let all = plan.load.arrivals.count_between(phase.start, phase.end())?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count"
    )]
    let share = (all as f64 * plan.load.share(journey)).round() as u64;
    Some(share)
}

pub(super) fn write(page: &mut Page, plan: &Plan) {
    let fail = fail_alpha(ALPHA, planning::pairs(plan));
    let name = |phase: &Phase| phase.name.as_str().len();
    let room = 2 + plan.phases.iter().map(name).max().unwrap_or(0);
    for objective in &plan.objectives {
        page.line(2, &Line::of(Tone::Strong, objective.to_string()));
        for phase in objective.during.iter().filter_map(|i| plan.phases.get(*i)) {
            let allowed = objective.promise.allowed_bad();
            let body = if let Some(n) = expected(plan, phase, &objective.of) {
                let (passes, fails) = bounds(n, allowed, ALPHA, fail);
                let n = format::counted(n, "arrival");
                format!("{n} · {}", limits(passes, fails))
            } else {
                let n = planning::zero_failure_arrivals(allowed, ALPHA);
                let n = format::counted(n, "arrival");
                format!("as many arrivals as the system lets its users start · passes from {n}")
            };
            let label = Line::plain(phase.name.as_str());
            page.labelled(4, &label, room, &Line::plain(body));
        }
    }
}

/// What each figure of the system needs: readings in the place of arrivals.
pub(super) fn indicators(page: &mut Page, plan: &Plan) {
    let fail = fail_alpha(ALPHA, planning::pairs(plan));
    let name = |phase: &Phase| phase.name.as_str().len();
    let room = 2 + plan.phases.iter().map(name).max().unwrap_or(0);
    for indicator in &plan.indicators {
        page.line(2, &Line::of(Tone::Strong, indicator.to_string()));
        let during = indicator.during.iter();
        for phase in during.filter_map(|index| plan.phases.get(*index)) {
            let due = indicator.due(phase.start, phase.end());
            let n = due.end.saturating_sub(due.start);
            let noun = if indicator.sources.is_empty() {
                "second"
            } else {
                "reading"
            };
            let counted = format::counted(n, noun);
            let body = match indicator.allowed_bad() {
                Some(0.0) => format!("{counted} · a single other one fails"),
                Some(allowed) => {
                    let (passes, fails) = bounds(n, allowed, ALPHA, fail);
                    format!("{counted} · {}", limits(passes, fails))
                }
                None => counted,
            };
            let label = Line::plain(phase.name.as_str());
            page.labelled(4, &label, room, &Line::plain(body));
        }
    }
}

/// `passes with at most 5 bad · fails from 28`.
fn limits(passes: Option<u64>, fails: Option<u64>) -> String {
    let pass = match passes {
        Some(0) => "passes without a bad one".to_owned(),
        Some(bad) => format!("passes with at most {} bad", format::count(bad)),
        None => "too few to pass".to_owned(),
    };
    let fail = match fails {
        Some(bad) => format!("fails from {}", format::count(bad)),
        None => "too few to fail".to_owned(),
    };
    format!("{pass} · {fail}")
}
