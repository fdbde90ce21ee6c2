//! What a gate decides: the verdicts of several runs against a policy.
//!
//! Pure: runs, dates, accepted runs and other tools' numbers come in as data. Nothing that was not
//! shown holds: what did not run, was not witnessed or could not be read never passes.

use lab_model::accepted::Summary;
use lab_model::date::Date;
use lab_model::policy::{Advisory, Doubt, Needed, Policy};
use lab_model::{Exit, Name, Plan};
use serde::Serialize;

use crate::across::{self, Change};
use crate::outcome::{Call, RunVerdict, Spending, Strength};

mod flakes;

/// A run that ended.
#[derive(Debug, Clone)]
pub struct Rehearsed {
    /// Its id.
    pub run: String,
    /// What was decided before it.
    pub plan: Plan,
    /// What it showed.
    pub verdict: RunVerdict,
    /// For the comparison with the last accepted run; `None` where that cannot be made.
    pub summary: Option<Summary>,
}

/// What stands beside the runs.
#[derive(Debug, Clone)]
pub struct Beside {
    /// The day of the decision.
    pub today: Date,
    /// The last accepted run of each scenario that has one.
    pub accepted: Vec<Summary>,
    /// The numbers of other tools, in the policy's order; an error says why there is none.
    pub external: Vec<Result<f64, String>>,
    /// Scenarios that did not run, and why.
    pub not_run: Vec<(Name, String)>,
    /// Exit codes of what broke on the way.
    pub exits: Vec<Exit>,
}

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As the policy asks.
    Holds,
    /// Not as it asks, and it does not block.
    Warns,
    /// Not known, so it blocks.
    Open,
    /// Not as it asks: it blocks.
    Blocks,
}

/// One thing that the policy looks at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What it belongs to: a scenario's name, or a section of the policy.
    pub of: String,
    /// What is asked.
    pub what: String,
    /// How it stands.
    pub standing: Standing,
    /// What was found.
    pub found: String,
}

/// The decision on a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Everything that was looked at.
    pub items: Vec<Item>,
    /// The exit code returned.
    pub exit: Exit,
    /// Every exit code that applies.
    pub exits: Vec<Exit>,
}

impl Decision {
    /// Whether the release may go on.
    pub fn opens(&self) -> bool {
        self.exit == Exit::Pass
    }

    /// What keeps it shut, or is said with a warning.
    pub fn against(&self, standing: Standing) -> impl Iterator<Item = &Item> {
        self.items
            .iter()
            .filter(move |item| item.standing == standing)
    }
}

/// Decides.
pub fn decide(policy: &Policy, runs: &[Rehearsed], beside: &Beside) -> Decision {
    let mut items: Vec<Item> = Vec::new();
    let mut exits: Vec<Exit> = beside.exits.clone();
    for run in runs {
        items.extend(promises(policy, run));
        items.extend(budgets(policy, run, beside.today));
        items.extend(regression(policy, run, beside));
        exits.extend(
            run.verdict
                .exits
                .iter()
                .copied()
                .filter(|exit| !matches!(exit, Exit::Pass | Exit::Fail | Exit::Inconclusive)),
        );
    }
    for (scenario, why) in &beside.not_run {
        items.push(item(scenario.as_str(), "runs", Standing::Open, why.clone()));
    }
    if runs.is_empty() && beside.not_run.is_empty() {
        items.push(item(
            "gate",
            "a scenario",
            Standing::Open,
            "nothing was run".to_owned(),
        ));
    }
    items.extend(flakes::items(runs));
    items.extend(rehearsals(policy, runs, beside));
    items.extend(approvals(policy, beside.today));
    items.extend(external(policy, beside));
    if items.iter().any(|item| item.standing == Standing::Blocks) {
        exits.push(Exit::Fail);
    }
    if items.iter().any(|item| item.standing == Standing::Open) {
        exits.push(Exit::Inconclusive);
    }
    if exits.is_empty() {
        exits.push(Exit::Pass);
    }
    exits.dedup();
    Decision {
        items,
        exit: Exit::merge(&exits),
        exits,
    }
}

/// Whether nothing that is still to run could open the gate again.
pub fn is_decided(policy: &Policy, runs: &[Rehearsed], beside: &Beside) -> bool {
    let decision = decide(
        policy,
        runs,
        &Beside {
            not_run: vec![],
            ..beside.clone()
        },
    );
    let broken = |exit: &Exit| !matches!(exit, Exit::Pass | Exit::Inconclusive);
    decision.exits.iter().any(broken) && !runs.is_empty()
}

fn item(of: &str, what: impl Into<String>, standing: Standing, found: String) -> Item {
    Item {
        of: of.to_owned(),
        what: what.into(),
        standing,
        found,
    }
}

/// What a run promised, and whether it could be judged.
fn promises(policy: &Policy, run: &Rehearsed) -> Vec<Item> {
    let (plan, verdict) = (&run.plan, &run.verdict);
    let scenario = plan.scenario.as_str();
    let mut items = Vec::new();
    for one in &verdict.objectives {
        let (Some(objective), Some(phase)) = (
            plan.objectives.get(one.objective),
            plan.phases.get(one.phase),
        ) else {
            continue;
        };
        let advisory = is_advisory(policy, plan, |rule| {
            rule.pattern.is_none() && fits(rule.journey.as_ref(), &objective.of)
        });
        let standing = standing(policy, one.call, one.strength, advisory);
        let found = format!("{} bad of {}{}", one.bad, one.n, behind(&one.note));
        items.push(item(
            scenario,
            format!("{objective} ({})", phase.name),
            standing,
            weak(policy, one.strength, found),
        ));
    }
    for one in &verdict.comparisons {
        let Some(comparison) = plan.comparisons.get(one.comparison) else {
            continue;
        };
        let advisory = is_advisory(policy, plan, |rule| {
            rule.pattern.is_none() && fits(rule.journey.as_ref(), &comparison.of)
        });
        let standing = standing(policy, one.call, one.strength, advisory);
        let found = format!(
            "{} bad of {} beside {} of {}{}",
            one.bad,
            one.n,
            one.control_bad,
            one.control_n,
            behind(&one.note)
        );
        items.push(item(
            scenario,
            comparison.to_string(),
            standing,
            weak(policy, one.strength, found),
        ));
    }
    items.extend(figures(policy, run));
    for one in &verdict.patterns {
        let Some(pattern) = plan.patterns.get(one.pattern) else {
            continue;
        };
        let advisory = is_advisory(policy, plan, |rule| {
            rule.journey.is_none() && fits(rule.pattern.as_ref(), &pattern.kind)
        });
        let standing = standing(policy, one.call, one.strength, advisory);
        let found = format!("{}{}", one.found, behind(&one.note));
        items.push(item(
            scenario,
            pattern.summary.clone(),
            standing,
            weak(policy, one.strength, found),
        ));
    }
    for one in &verdict.ledgers {
        let Some(check) = plan.ledgers.get(one.ledger) else {
            continue;
        };
        let advisory = is_advisory(policy, plan, |rule| {
            rule.journey.is_none() && rule.pattern.is_none()
        });
        // A ledger is a check: nothing is assumed of its pass.
        let standing = standing(policy, one.call, Some(Strength::Proven), advisory);
        items.push(item(
            scenario,
            format!("{} ledger", check.name),
            standing,
            one.note.clone(),
        ));
    }
    items.extend(troubles(verdict, scenario));
    // Whatever else made it no pass blocks too, so that nothing slips between the lists above.
    let silent = items.iter().all(|item| item.standing == Standing::Holds);
    if verdict.call != Call::Pass && silent {
        let standing = if verdict.call == Call::Inconclusive {
            Standing::Open
        } else {
            Standing::Blocks
        };
        items.push(item(
            scenario,
            "the run",
            standing,
            "it did not pass".to_owned(),
        ));
    }
    items
}

/// What a run promised of figures of the system.
fn figures(policy: &Policy, run: &Rehearsed) -> Vec<Item> {
    let (plan, verdict) = (&run.plan, &run.verdict);
    let scenario = plan.scenario.as_str();
    let mut items = Vec::new();
    for one in &verdict.indicators {
        let Some(indicator) = plan.indicators.get(one.indicator) else {
            continue;
        };
        let advisory = is_advisory(policy, plan, |rule| {
            rule.pattern.is_none() && rule.journey.is_none()
        });
        // Nothing is assumed of the pass of a check.
        let strength = one.at_most.map(|_| Strength::Proven).or(one.strength);
        let standing = standing(policy, one.call, strength, advisory);
        let found = format!("{}{}", one.found, behind(&one.note));
        items.push(item(
            scenario,
            indicator.to_string(),
            standing,
            weak(policy, strength, found),
        ));
    }
    items
}

/// What kept a run from being judged: no witness, an unhealthy start, a cut journal.
fn troubles(verdict: &RunVerdict, scenario: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let told = [
        "objective::",
        "comparison::",
        "indicator::",
        "pattern::",
        "ledger::",
    ];
    // A reason that takes nothing from the verdict is no trouble.
    let reasons = verdict.reasons.iter();
    for reason in reasons.filter(|reason| reason.call != Call::Pass) {
        if !told.iter().any(|family| reason.code.starts_with(family))
            || reason.code == "objective::none"
        {
            let standing = if reason.call == Call::Fail {
                Standing::Blocks
            } else {
                Standing::Open
            };
            items.push(item(
                scenario,
                reason.code.clone(),
                standing,
                reason.text.clone(),
            ));
        }
    }
    items
}

fn behind(note: &str) -> String {
    if note.is_empty() {
        String::new()
    } else {
        format!(" · {note}")
    }
}

fn weak(policy: &Policy, strength: Option<Strength>, found: String) -> String {
    if policy.strength == Needed::Proven && strength == Some(Strength::Observed) {
        format!("{found} · only observed, and the policy asks for proven")
    } else {
        found
    }
}

fn standing(policy: &Policy, call: Call, strength: Option<Strength>, advisory: bool) -> Standing {
    let weak = policy.strength == Needed::Proven && strength != Some(Strength::Proven);
    let doubtful = if policy.inconclusive == Doubt::Warn {
        Standing::Warns
    } else {
        Standing::Open
    };
    let standing = match call {
        Call::Pass if weak => doubtful,
        Call::Pass => Standing::Holds,
        Call::Inconclusive => doubtful,
        Call::Fail => Standing::Blocks,
        Call::Error => Standing::Open,
    };
    if advisory {
        standing.min(Standing::Warns)
    } else {
        standing
    }
}

fn fits(wanted: Option<&Name>, name: &Name) -> bool {
    wanted.is_none_or(|wanted| wanted == name)
}

fn is_advisory(policy: &Policy, plan: &Plan, what: impl Fn(&Advisory) -> bool) -> bool {
    let mut rules = policy.advisory.iter();
    rules.any(|rule| fits(rule.scenario.as_ref(), &plan.scenario) && what(rule))
}

fn budgets(policy: &Policy, run: &Rehearsed, today: Date) -> Vec<Item> {
    let plan = &run.plan;
    let mut items = Vec::new();
    for rule in &policy.budgets {
        for spending in &run.verdict.spending {
            let (Some(objective), Some(phase)) = (
                plan.objectives.get(spending.objective),
                plan.phases.get(spending.phase),
            ) else {
                continue;
            };
            if objective.of != rule.of {
                continue;
            }
            let what = format!(
                "{objective} ({}) spends at most {} of 30 days",
                phase.name, rule.spent_at_most
            );
            let (standing, found) = spent(spending, rule, today);
            items.push(item(plan.scenario.as_str(), what, standing, found));
        }
    }
    items
}

fn spent(
    spending: &Spending,
    rule: &lab_model::policy::BudgetRule,
    today: Date,
) -> (Standing, String) {
    let found = format!("{:.2} % spent", spending.spent * 100.0);
    if spending.spent <= rule.spent_at_most.get() {
        return (Standing::Holds, found);
    }
    let (valid, expired): (Vec<_>, Vec<_>) =
        rule.exceptions.iter().partition(|one| today <= one.until);
    if let Some(one) = valid.first() {
        return (
            Standing::Warns,
            format!(
                "{found} · excepted by {} until {}: {}",
                one.owner, one.until, one.why
            ),
        );
    }
    let gone = expired
        .iter()
        .map(|one| format!(" · the exception of {} ended on {}", one.owner, one.until));
    (
        Standing::Blocks,
        format!("{found}{}", gone.collect::<String>()),
    )
}

fn regression(policy: &Policy, run: &Rehearsed, beside: &Beside) -> Option<Item> {
    let limit = policy.regression?;
    let scenario = run.plan.scenario.as_str();
    let what = format!(
        "no regression against the last accepted run (latency × {})",
        limit.latency
    );
    let accepted = beside
        .accepted
        .iter()
        .find(|one| one.scenario == run.plan.scenario);
    let (Some(accepted), Some(summary)) = (accepted, &run.summary) else {
        let found = "no accepted run to compare with: lab accept RUN".to_owned();
        return Some(item(scenario, what, Standing::Warns, found));
    };
    let across = across::compare(accepted, summary, limit.latency);
    let named = |change: Change| {
        let lines = across
            .lines
            .iter()
            .filter(move |line| line.change == change);
        let names: Vec<String> = lines
            .map(|line| format!("{} {} ({})", line.journey, line.measure, line.phase))
            .collect();
        names.join(", ")
    };
    let (standing, found) = match across.change() {
        Change::Worse => (
            Standing::Blocks,
            format!("worse than {}: {}", accepted.run, named(Change::Worse)),
        ),
        Change::Unknown => (
            Standing::Warns,
            format!(
                "not comparable with {}: {}",
                accepted.run,
                across.notes.join("; ")
            ),
        ),
        Change::Same | Change::Better => (Standing::Holds, format!("beside {}", accepted.run)),
    };
    Some(item(scenario, what, standing, found))
}

fn rehearsals(policy: &Policy, runs: &[Rehearsed], beside: &Beside) -> Vec<Item> {
    let each = policy.rehearsals.iter().map(|rule| {
        let what = format!(
            "{} rehearsed within {} days",
            rule.scenario, rule.within_days
        );
        let passed =
            |run: &&Rehearsed| run.plan.scenario == rule.scenario && run.verdict.call == Call::Pass;
        if let Some(run) = runs.iter().find(passed) {
            return item(
                "rehearsals",
                what,
                Standing::Holds,
                format!("now, by {}", run.run),
            );
        }
        let accepted = beside
            .accepted
            .iter()
            .filter(|one| one.scenario == rule.scenario);
        let last = accepted.max_by_key(|one| one.on);
        let (standing, found) = match last {
            None => (Standing::Blocks, "never accepted".to_owned()),
            Some(one) => {
                let age = beside.today.days_since(one.on);
                let fresh = (0..=i64::from(rule.within_days)).contains(&age);
                let standing = if fresh {
                    Standing::Holds
                } else {
                    Standing::Blocks
                };
                (standing, format!("{age} days ago, by {}", one.run))
            }
        };
        item("rehearsals", what, standing, found)
    });
    each.collect()
}

fn approvals(policy: &Policy, today: Date) -> Vec<Item> {
    let each = policy.approvals.iter().map(|rule| {
        let (standing, found) = match &rule.given {
            None => (
                Standing::Blocks,
                format!("not given; it takes {}", rule.by.join(" or ")),
            ),
            Some(given) => {
                let age = today.days_since(given.on);
                let named = format!("by {} on {}", given.by, given.on);
                if !rule.by.contains(&given.by) {
                    (Standing::Blocks, format!("{named}, who may not give it"))
                } else if (0..=i64::from(rule.within_days)).contains(&age) {
                    (Standing::Holds, named)
                } else {
                    (
                        Standing::Blocks,
                        format!(
                            "{named}: it holds for {} days from then on",
                            rule.within_days
                        ),
                    )
                }
            }
        };
        item("approvals", rule.what.clone(), standing, found)
    });
    each.collect()
}

fn external(policy: &Policy, beside: &Beside) -> Vec<Item> {
    let mut numbers = beside.external.iter();
    let each = policy.external.iter().map(|rule| {
        let what = format!("{} at most {}", rule.name, rule.at_most);
        let (standing, found) = match numbers.next() {
            Some(Ok(number)) if *number <= rule.at_most => (Standing::Holds, number.to_string()),
            Some(Ok(number)) => (Standing::Blocks, number.to_string()),
            Some(Err(why)) => (Standing::Open, why.clone()),
            None => (Standing::Open, "it was not read".to_owned()),
        };
        item("external", what, standing, found)
    });
    each.collect()
}

#[cfg(test)]
mod tests;
