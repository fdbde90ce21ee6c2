//! What a gate asks of a release: which promises are required, and what must stand beside runs.

use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::name::Name;
use crate::units::Ratio;

/// The most days that an age may be given in: ten years.
pub const MOST_DAYS: u32 = 3_650;

/// A policy, read and checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: Name,
    /// How sure a pass must be.
    pub strength: Needed,
    /// What becomes of a run that cannot say.
    pub inconclusive: Doubt,
    /// Promises that may fail without blocking; everything else is required.
    pub advisory: Vec<Advisory>,
    /// What journeys may spend of their error budgets.
    pub budgets: Vec<BudgetRule>,
    /// What must have been rehearsed lately.
    pub rehearsals: Vec<Rehearsal>,
    /// How much worse than the last accepted run a run may be; `None` where that is not looked at.
    pub regression: Option<Regression>,
    /// Who must have agreed.
    pub approvals: Vec<Approval>,
    /// Results of other tools.
    pub external: Vec<External>,
}

impl Policy {
    /// What holds without a policy: every promise is required, an observed pass is enough, and
    /// what cannot be said blocks.
    pub fn everything(name: Name) -> Self {
        Self {
            name,
            strength: Needed::Observed,
            inconclusive: Doubt::Block,
            advisory: Vec::new(),
            budgets: Vec::new(),
            rehearsals: Vec::new(),
            regression: None,
            approvals: Vec::new(),
            external: Vec::new(),
        }
    }
}

/// How sure a pass must be.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Needed {
    /// Observed in requests is enough.
    #[default]
    Observed,
    /// Only what was proven counts; what was observed is inconclusive.
    Proven,
}

/// What becomes of a run that cannot say.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// The release is blocked (exit code 2).
    #[default]
    Block,
    /// It is run once more with another seed while the budget of time lasts, then blocked.
    Extend,
    /// It is said, and does not block. A fault without a witness blocks all the same.
    Warn,
}

/// Promises that may fail: all that every given field fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advisory {
    /// Only in this scenario.
    pub scenario: Option<Name>,
    /// Objectives and comparisons of this journey.
    pub journey: Option<Name>,
    /// Patterns of this kind.
    pub pattern: Option<Name>,
}

/// What a journey may spend of its error budget in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BudgetRule {
    /// The journey.
    pub of: Name,
    /// The largest share of a budget of 30 days.
    pub spent_at_most: Ratio,
    /// Who may exceed it, until when.
    pub exceptions: Vec<Exception>,
}

/// Somebody's exception; void after its last day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds.
    pub until: Date,
    /// Why.
    pub why: String,
}

/// A scenario that must have an accepted run of some age at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// The scenario.
    pub scenario: Name,
    /// In days.
    pub within_days: u32,
}

/// How much worse than the last accepted run is still no regression.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Regression {
    /// Factor on latencies, at least 1: slower than that blocks.
    pub latency: f64,
}

/// An agreement of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// For what.
    pub what: String,
    /// Who may give it; one of them is enough.
    pub by: Vec<String>,
    /// Who gave it, and when; `None` while nobody has.
    pub given: Option<Given>,
    /// How many days it holds from then on.
    pub within_days: u32,
}

/// An approval that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Who.
    pub by: String,
    /// When.
    pub on: Date,
}

/// A number of another tool's result, such as known vulnerabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct External {
    /// What it is.
    pub name: Name,
    /// The JSON file, relative to the policy.
    pub file: String,
    /// Where the number stands: a JSON pointer (RFC 6901). A list counts as its length.
    pub at: String,
    /// The most that does not block.
    pub at_most: f64,
}
