//! What a policy's file may hold.

use lab_model::date::Date;
use lab_model::policy::{Doubt, Needed};
use lab_model::{Name, Ratio};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::tree::At;

/// What must hold before a release goes on. Every promise of every scenario that is run is
/// required, unless `advisory` names it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Policy")]
pub(crate) struct PolicySpec {
    /// Its name.
    pub(crate) policy: At<Name>,
    /// How sure a pass must be; `observed` if left out.
    pub(crate) strength: At<Needed>,
    /// What becomes of a run that cannot say; `block` if left out.
    pub(crate) inconclusive: At<Doubt>,
    /// Promises that may fail without blocking.
    pub(crate) advisory: At<Vec<At<AdvisorySpec>>>,
    /// What journeys may spend of their error budgets.
    pub(crate) error_budgets: At<Vec<At<BudgetSpec>>>,
    /// What must have been rehearsed lately.
    pub(crate) rehearsals: At<Vec<At<RehearsalSpec>>>,
    /// How much worse than the last accepted run is still no regression.
    pub(crate) regression: At<RegressionSpec>,
    /// Who must have agreed.
    pub(crate) approvals: At<Vec<At<ApprovalSpec>>>,
    /// Numbers of other tools, such as known vulnerabilities.
    pub(crate) external: At<Vec<At<ExternalSpec>>>,
}

/// Promises that may fail: those that fit every given key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Advisory")]
pub(crate) struct AdvisorySpec {
    /// Only in this scenario.
    pub(crate) scenario: At<Name>,
    /// Objectives and comparisons of this journey.
    pub(crate) journey: At<Name>,
    /// Patterns of this kind; `lab explain pattern` lists them.
    pub(crate) pattern: At<Name>,
}

/// What a journey may spend of an error budget of 30 days in one phase.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ErrorBudget")]
pub(crate) struct BudgetSpec {
    /// The journey.
    pub(crate) of: At<Name>,
    /// The largest share; more freezes the release.
    pub(crate) spent_at_most: At<Ratio>,
    /// Who may exceed it, until when.
    pub(crate) exceptions: At<Vec<At<ExceptionSpec>>>,
}

/// An exception, with somebody who answers for it and an end.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Exception")]
pub(crate) struct ExceptionSpec {
    /// Who answers for it.
    pub(crate) owner: At<String>,
    /// The last day on which it holds.
    pub(crate) until: At<Date>,
    /// Why.
    pub(crate) why: At<String>,
}

/// A scenario that must have passed now, or have an accepted run of some age at most.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rehearsal")]
pub(crate) struct RehearsalSpec {
    /// The scenario.
    pub(crate) scenario: At<Name>,
    /// In days.
    pub(crate) within_days: At<u32>,
}

/// Limits against the last accepted run of the same scenario (`lab accept`).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Regression")]
pub(crate) struct RegressionSpec {
    /// Slower by more than this share blocks; 5 % is what runs differ by themselves.
    pub(crate) latency: At<Ratio>,
}

/// An agreement of people, written into the policy when it is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Approval")]
pub(crate) struct ApprovalSpec {
    /// For what.
    pub(crate) what: At<String>,
    /// Who may give it; one of them is enough.
    pub(crate) by: At<Vec<At<String>>>,
    /// How many days it holds; 14 if left out.
    pub(crate) within_days: At<u32>,
    /// Who gave it, and when.
    pub(crate) given: At<GivenSpec>,
}

/// An approval that was given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Given")]
pub(crate) struct GivenSpec {
    /// Who.
    pub(crate) by: At<String>,
    /// When.
    pub(crate) on: At<Date>,
}

/// A number in a JSON file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "External")]
pub(crate) struct ExternalSpec {
    /// What it is.
    pub(crate) name: At<Name>,
    /// The file, relative to the policy.
    pub(crate) file: At<String>,
    /// Where the number stands: a JSON pointer such as `/vulnerabilities/high`. A list counts as
    /// its length.
    pub(crate) at: At<String>,
    /// The most that does not block.
    pub(crate) at_most: At<u64>,
}
