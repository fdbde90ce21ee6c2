//! From a journal to a verdict on each pattern: the wire gives it, doubts about its phases may take
//! it back.

use lab_model::pattern::Pattern;
use lab_model::{Journal, Plan};

use super::PatternSpec;
use super::weigh::Finding;
use super::wire::{self, Wire};
use crate::outcome::{Call, PatternVerdict, Strength};
use crate::tally::Tally;

/// A doubt about a phase: why nothing that shows there can be trusted, where something is wrong; for
/// what the load saw, or for what the wire shows.
pub(crate) type Doubt<'a> = &'a dyn Fn(usize, bool) -> Option<String>;

/// One verdict for each pattern of the plan.
pub(crate) fn judge(
    journal: &Journal,
    plan: &Plan,
    tally: &Tally,
    doubt: Doubt<'_>,
) -> Vec<PatternVerdict> {
    let reports = wire::reports(journal, plan);
    let patterns = plan.patterns.iter().enumerate();
    patterns
        .map(|(index, pattern)| {
            let wire = Wire::new(plan, tally, &pattern.during, &reports);
            let finding = match spec(pattern) {
                Some(spec) => {
                    let doubt = |phase: usize| doubt(phase, spec.entry().needs.load);
                    trusted(spec.judge(&wire), pattern, doubt)
                }
                None => Finding {
                    call: Call::Error,
                    ..Finding::unknown(
                        "request",
                        0,
                        format!("no pattern is called {}", pattern.kind),
                    )
                },
            };
            verdict(index, finding)
        })
        .collect()
}

/// A pattern of the plan, as its registry knows it.
fn spec(pattern: &Pattern) -> Option<PatternSpec> {
    let mut tagged = serde_json::Map::new();
    tagged.insert(pattern.kind.to_string(), pattern.settings.clone());
    serde_json::from_value(tagged.into()).ok()
}

/// Takes back what its phases cannot carry.
fn trusted(
    finding: Finding,
    pattern: &Pattern,
    doubt: impl Fn(usize) -> Option<String>,
) -> Finding {
    match pattern.during.iter().find_map(|phase| doubt(*phase)) {
        None => finding,
        Some(note) => Finding {
            call: Call::Inconclusive,
            note,
            ..finding
        },
    }
}

fn verdict(index: usize, finding: Finding) -> PatternVerdict {
    let decided = matches!(finding.call, Call::Pass | Call::Fail);
    // A single write done twice is proof; everything else assumes that requests are independent.
    // Trials are whole attempts, judged once by an exact test.
    let proof = (finding.call == Call::Fail && finding.allowed == Some(0.0))
        || finding.unit == super::recovers::TRIAL;
    PatternVerdict {
        pattern: index,
        call: finding.call,
        strength: decided.then_some(if proof {
            Strength::Proven
        } else {
            Strength::Observed
        }),
        unit: finding.unit.to_owned(),
        n: finding.n,
        against: finding.against,
        allowed: finding.allowed,
        interval: finding.interval(),
        figures: finding.figures,
        found: finding.found.join(" · "),
        moments: finding.moments,
        note: finding.note,
    }
}
