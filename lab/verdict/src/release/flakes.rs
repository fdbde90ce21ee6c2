//! How often the verdict on one scenario differs from seed to seed.

use lab_model::Name;

use super::{Item, Rehearsed, Standing, item};
use crate::evidence::ALPHA;
use crate::evidence::interval::interval;
use crate::figures::percent;
use crate::outcome::Call;

/// One item a scenario that ran more than once.
pub(super) fn items(runs: &[Rehearsed]) -> Vec<Item> {
    let mut scenarios: Vec<&Name> = Vec::new();
    for run in runs {
        if !scenarios.contains(&&run.plan.scenario) {
            scenarios.push(&run.plan.scenario);
        }
    }
    scenarios
        .into_iter()
        .filter_map(|scenario| of(scenario, runs))
        .collect()
}

fn of(scenario: &Name, runs: &[Rehearsed]) -> Option<Item> {
    let own = runs.iter().filter(|run| &run.plan.scenario == scenario);
    let calls: Vec<Call> = own.map(|run| run.verdict.call).collect();
    if calls.len() < 2 {
        return None;
    }
    let words = [
        (Call::Pass, "pass"),
        (Call::Fail, "fail"),
        (Call::Inconclusive, "inconclusive"),
        (Call::Error, "error"),
    ];
    let counted = words.map(|(call, word)| {
        let count = calls.iter().filter(|one| **one == call).count();
        (count, word)
    });
    let most = counted.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let said: Vec<String> = counted
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    let (n, odd) = (calls.len() as u64, (calls.len() - most) as u64);
    let most_likely = interval(n, odd, ALPHA).high;
    let found = format!(
        "{} of {n} seeds · flake rate {}, at most {} at 95 %",
        said.join(", "),
        percent(odd as f64 / n as f64),
        percent(most_likely),
    );
    let standing = if odd == 0 {
        Standing::Holds
    } else {
        Standing::Warns
    };
    Some(item(
        scenario.as_str(),
        format!("one verdict with {n} seeds"),
        standing,
        found,
    ))
}
