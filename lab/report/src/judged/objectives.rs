//! The verdict on each objective: estimate, bad of n, bounds, interval, strength.

use lab_model::objective::{Objective, Promise};
use lab_model::plan::Plan;
use lab_verdict::outcome::{Call, Interval, ObjectiveVerdict};

use super::{Judged, Word};
use crate::format;
use crate::run::Run;
use crate::words;

/// One line for each objective and phase; phases in which it passed alike share a line.
pub(crate) fn judged(run: &Run<'_>) -> Vec<Judged> {
    let plan = run.plan();
    let mut groups: Vec<Vec<&ObjectiveVerdict>> = Vec::new();
    for verdict in &run.verdict.objectives {
        match groups.iter_mut().find(|group| alike(group, verdict)) {
            Some(group) => group.push(verdict),
            None => groups.push(vec![verdict]),
        }
    }
    groups
        .iter()
        .filter_map(|group| line(plan, group))
        .collect()
}

fn alike(group: &[&ObjectiveVerdict], verdict: &ObjectiveVerdict) -> bool {
    verdict.call == Call::Pass
        && group.first().is_some_and(|first| {
            first.call == Call::Pass
                && first.objective == verdict.objective
                && first.strength == verdict.strength
        })
}

fn line(plan: &Plan, group: &[&ObjectiveVerdict]) -> Option<Judged> {
    let first = group.first()?;
    let objective = plan.objectives.get(first.objective)?;
    let phases: Vec<&str> = group
        .iter()
        .filter_map(|verdict| plan.phases.get(verdict.phase))
        .map(|phase| phase.name.as_str())
        .collect();
    Some(Judged {
        word: Word::of_call(first.call),
        subject: format!("{objective} ({})", phases.join(", ")),
        found: found(objective, group),
        strength: words::strength(first.strength),
        note: if first.call == Call::Pass {
            String::new()
        } else {
            first.note.clone()
        },
    })
}

/// `0.2 % held · 1 497 bad of 1 500 · fails from 28 · 95 %: 0.01 – 0.97 %`.
fn found(objective: &Objective, group: &[&ObjectiveVerdict]) -> String {
    let n = sum(group, |verdict| verdict.n);
    let bad = sum(group, |verdict| verdict.bad);
    if n == 0 {
        return "no arrivals".to_owned();
    }
    let (number, total) = (format::count(bad), format::count(n));
    let mut facts = match objective.promise {
        Promise::Availability { .. } => {
            let held = group
                .iter()
                .map(|verdict| 1.0 - share(verdict))
                .fold(1.0, f64::min);
            vec![
                format!("{} held", format::percent(held)),
                format!("{number} bad of {total}"),
            ]
        }
        Promise::LatencyRatio { .. } => {
            let held = group
                .iter()
                .map(|verdict| 1.0 - share(verdict))
                .fold(1.0, f64::min);
            vec![
                format!("{} in time", format::percent(held)),
                format!("{number} of {total} slower"),
            ]
        }
        Promise::Percentile { .. } => {
            // The worst of the phases; none where even the quantile failed.
            let worst = group.iter().map(|verdict| verdict.quantile).max().flatten();
            let known = group.iter().all(|verdict| verdict.quantile.is_some());
            let quantile = worst.filter(|_| known).map(format::span);
            let ends = match group {
                [verdict] => quantile_ends(verdict),
                _ => None,
            };
            let slower = format!("{number} of {total} slower");
            let quantile = quantile.map(|quantile| match ends {
                Some(ends) => format!("{quantile} ({ends})"),
                None => quantile,
            });
            quantile.into_iter().chain([slower]).collect()
        }
    };
    if let [verdict] = group {
        facts.extend(bounds(verdict));
    }
    facts.extend(interval(objective, group));
    facts.join(" · ")
}

/// `8 – 11 ms`, `from 8 ms`: the interval of a measured quantile.
fn quantile_ends(verdict: &ObjectiveVerdict) -> Option<String> {
    let low = verdict.quantile_low.map(format::span);
    match (low, verdict.quantile_high.map(format::span)) {
        (Some(low), Some(high)) if low == high => None,
        (Some(low), Some(high)) => Some(format!("{low} – {high}")),
        (Some(low), None) => Some(format!("from {low}")),
        (None, _) => None,
    }
}

fn sum(group: &[&ObjectiveVerdict], count: impl Fn(&ObjectiveVerdict) -> u64) -> u64 {
    group
        .iter()
        .fold(0, |sum, verdict| sum.saturating_add(count(verdict)))
}

fn share(verdict: &ObjectiveVerdict) -> f64 {
    verdict.bad as f64 / (verdict.n.max(1)) as f64
}

/// How near it was: the bound it crossed, or both where neither was.
fn bounds(verdict: &ObjectiveVerdict) -> Option<String> {
    let passes = verdict
        .passes_up_to
        .map(|bad| format!("passes up to {}", format::count(bad)));
    let fails = verdict
        .fails_from
        .map(|bad| format!("fails from {}", format::count(bad)));
    match verdict.call {
        Call::Pass => passes,
        Call::Fail => fails,
        Call::Inconclusive | Call::Error => {
            let both: Vec<String> = passes.into_iter().chain(fails).collect();
            (!both.is_empty()).then(|| both.join(", "))
        }
    }
}

/// `95 %: 0.01 – 0.97 %`: of good arrivals for an availability, else of slow ones. Over several
/// phases, from the lowest to the highest end.
fn interval(objective: &Objective, group: &[&ObjectiveVerdict]) -> Option<String> {
    let bad = group
        .iter()
        .filter_map(|verdict| verdict.interval)
        .reduce(|a, b| Interval {
            low: a.low.min(b.low),
            high: a.high.max(b.high),
        })?;
    let good = Interval {
        low: 1.0 - bad.high,
        high: 1.0 - bad.low,
    };
    Some(match objective.promise {
        Promise::Availability { .. } | Promise::LatencyRatio { .. } => {
            format!("95 %: {}", format::interval(good))
        }
        Promise::Percentile { .. } => format!("95 %: {}", format::interval(bad)),
    })
}
