//! What was judged: objectives, witnesses, offered load, recoveries. Indices of the verdict become
//! names.

use lab_model::plan::{Effect, Plan};
use lab_model::{Link, Name, Site};
use lab_verdict::outcome::{Call, Interval, Strength, Unit};
use schemars::JsonSchema;
use serde::Serialize;

use super::{finite, millis};
use crate::run::Run;

/// An objective in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ObjectiveResult {
    /// The objective in words: `checkout availability ≥ 99 %`.
    pub objective: String,
    /// The journey it speaks of.
    pub journey: Name,
    /// The phase.
    pub phase: Name,
    /// The verdict.
    pub verdict: Call,
    /// How much the verdict assumes; absent where it is neither pass nor fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// The unit of evidence that decided, or that was looked at last.
    pub unit: Unit,
    /// Arrivals judged.
    pub n: u64,
    /// Those among them that were bad in the objective's sense.
    pub bad: u64,
    /// The estimate: bad / n; absent without arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bad_share: Option<f64>,
    /// The allowed share of bad ones.
    pub allowed: f64,
    /// Anytime-valid 95 % interval of the true share of bad ones; absent without arrivals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// For a percentile objective: the measured quantile, in milliseconds; absent where so many
    /// arrivals failed that it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile_ms: Option<f64>,
    /// The ends of the quantile's anytime-valid 95 % interval, order statistics, in milliseconds;
    /// absent where the data set none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile_low_ms: Option<f64>,
    /// See `quantile_low_ms`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile_high_ms: Option<f64>,
    /// What was spent of the error budget; absent for an objective without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// Natural logarithm of the evidence that the objective holds; absent where it is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_evidence_pass: Option<f64>,
    /// Natural logarithm of the evidence that it does not; absent where it is unbounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_evidence_fail: Option<f64>,
    /// With this n, the most bad arrivals that would have passed; absent if none could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passes_up_to: Option<u64>,
    /// With this n, the fewest bad arrivals that would have failed; absent if none could.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fails_from: Option<u64>,
    /// Why the verdict is neither pass nor fail, and what more would decide it; else empty.
    pub note: String,
}

impl ObjectiveResult {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let plan = run.plan();
        let verdicts = run.verdict.objectives.iter();
        let of = |verdict: &lab_verdict::outcome::ObjectiveVerdict| {
            let objective = plan.objectives.get(verdict.objective)?;
            Some(Self {
                objective: objective.to_string(),
                journey: objective.of.clone(),
                phase: phase(plan, verdict.phase)?,
                verdict: verdict.call,
                strength: verdict.strength,
                unit: verdict.unit,
                n: verdict.n,
                bad: verdict.bad,
                bad_share: (verdict.n > 0).then(|| verdict.bad as f64 / verdict.n as f64),
                allowed: verdict.allowed,
                interval: verdict.interval,
                quantile_ms: verdict.quantile.map(millis),
                quantile_low_ms: verdict.quantile_low.map(millis),
                quantile_high_ms: verdict.quantile_high.map(millis),
                budget: Budget::of(run, verdict.objective, verdict.phase),
                log_evidence_pass: finite(verdict.log_evidence_pass),
                log_evidence_fail: finite(verdict.log_evidence_fail),
                passes_up_to: verdict.passes_up_to,
                fails_from: verdict.fails_from,
                note: verdict.note.clone(),
            })
        };
        verdicts.filter_map(of).collect()
    }
}

/// What an objective spent of its error budget in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Budget {
    /// How many times faster than sustainable the budget burned; absent where it has no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub burn: Option<f64>,
    /// The share of a budget of 30 days that the phase would have spent.
    pub spent: f64,
    /// When each rule of alerting would have fired, had the phase gone on.
    pub would_have_paged: Vec<Paged>,
}

/// When a rule of alerting would have fired.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Paged {
    /// The burn of the rule: 14.4, 6 or 1.
    pub burn: f64,
    /// Seconds from the start of the phase; absent where it never would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_s: Option<f64>,
}

impl Budget {
    fn of(run: &Run<'_>, objective: usize, phase: usize) -> Option<Self> {
        let mut spending = run.verdict.spending.iter();
        let here =
            spending.find(|spending| spending.objective == objective && spending.phase == phase)?;
        let pages = here.pages.iter().map(|page| Paged {
            burn: page.burn,
            after_s: page.after.map(lab_model::Span::as_secs_f64),
        });
        Some(Self {
            burn: finite(here.burn),
            spent: here.spent,
            would_have_paged: pages.collect(),
        })
    }
}

/// What was seen of one fault.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Witness {
    /// The fault's kind: `latency`.
    pub fault: Name,
    /// The fault in words, with its settings.
    pub summary: String,
    /// What it acts on: a link or a service.
    pub on: Site,
    /// Where; of a fault on a service, the link into it on which its effect is looked for.
    pub link: Link,
    /// The phase in which it was declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Name>,
    /// `pass` where it was seen to bite, else `inconclusive`.
    pub verdict: Call,
    /// What passed the link while the fault was planned to be armed.
    pub passing: Amount,
    /// What it acted on.
    pub touched: Amount,
    /// Requests that matched it, where it acts on those that do; absent where it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<u64>,
    /// The share that had to be touched at least.
    pub wanted_share: f64,
    /// The share that was touched, of requests, connections or readings; absent without traffic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Delay that was added and measured; absent where there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Delay>,
    /// Connections reset.
    pub resets: u64,
    /// Connections refused.
    pub refused: u64,
    /// Bytes dropped.
    pub dropped: u64,
    /// Why there is no witness, naming the link; empty where there is one.
    pub note: String,
}

/// An amount of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Amount {
    /// Connections.
    pub connections: u64,
    /// HTTP requests; 0 where the link does not speak HTTP.
    pub requests: u64,
    /// Bytes in the fault's direction.
    pub bytes: u64,
    /// Readings of a service's state, for a fault on a service.
    pub readings: u64,
}

impl From<lab_model::link::Touched> for Amount {
    fn from(touched: lab_model::link::Touched) -> Self {
        Self {
            connections: touched.connections,
            requests: touched.requests,
            bytes: touched.bytes,
            readings: touched.readings,
        }
    }
}

/// Delay that was added and measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Delay {
    /// How many times it was measured.
    pub count: u64,
    /// The mean, in milliseconds.
    pub mean_ms: f64,
    /// The shortest, in milliseconds.
    pub min_ms: f64,
    /// The longest, in milliseconds.
    pub max_ms: f64,
}

impl Witness {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let plan = run.plan();
        let of = |witness: &lab_verdict::outcome::WitnessVerdict| {
            let fault = plan.faults.get(witness.fault)?;
            let delay = &witness.delay;
            Some(Self {
                fault: fault.kind.clone(),
                summary: fault.summary.clone(),
                on: fault.site(),
                link: witness.link.clone(),
                phase: phase(plan, fault.phase),
                verdict: witness.call,
                passing: witness.passing.into(),
                touched: witness.touched.into(),
                matched: matches!(fault.effect, Effect::Exchange { .. }).then_some(witness.matched),
                wanted_share: witness.wanted_share,
                share: witness.share.and_then(finite),
                delay: delay.mean().map(|mean| Delay {
                    count: delay.count,
                    mean_ms: millis(mean),
                    min_ms: millis(delay.min),
                    max_ms: millis(delay.max),
                }),
                resets: witness.resets,
                refused: witness.refused,
                dropped: witness.dropped,
                note: witness.note.clone(),
            })
        };
        run.verdict.witnesses.iter().filter_map(of).collect()
    }
}

/// Whether the load did what was asked of it in one phase.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Offered {
    /// The phase.
    pub phase: Name,
    /// Arrivals planned.
    pub planned: u64,
    /// Arrivals that came due.
    pub due: u64,
    /// Those never sent.
    pub unsent: u64,
    /// Due but without any end on record.
    pub unresolved: u64,
    /// 99th percentile of the delay between intended and actual start, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_p99_ms: Option<f64>,
    /// `pass` where the load can carry a verdict.
    pub verdict: Call,
    /// Why it cannot; else empty.
    pub note: String,
}

impl Offered {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let of = |offered: &lab_verdict::outcome::Offered| {
            Some(Self {
                phase: phase(run.plan(), offered.phase)?,
                planned: offered.planned,
                due: offered.due,
                unsent: offered.unsent,
                unresolved: offered.unresolved,
                lag_p99_ms: offered.lag_p99.map(millis),
                verdict: offered.call,
                note: offered.note.clone(),
            })
        };
        run.verdict.offered.iter().filter_map(of).collect()
    }
}

/// When a journey was back.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Recovery {
    /// The journey.
    pub journey: Name,
    /// The recovery phase.
    pub phase: Name,
    /// From the start of the phase to the first good second that lasts, in seconds; absent if it
    /// was never seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_s: Option<f64>,
}

impl Recovery {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let of = |recovery: &lab_verdict::outcome::Recovery| {
            Some(Self {
                journey: recovery.journey.clone(),
                phase: phase(run.plan(), recovery.phase)?,
                after_s: recovery.after.map(lab_model::Span::as_secs_f64),
            })
        };
        run.verdict.recoveries.iter().filter_map(of).collect()
    }
}

/// Whether the system holds what it acknowledged, once each, unaltered, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Ledger")]
pub struct LedgerResult {
    /// The ledger's name.
    pub ledger: Name,
    /// The journey whose writes were compared.
    pub journey: Name,
    /// With what: `orders /ledger`.
    pub source: String,
    /// The verdict: one violation fails.
    pub verdict: Call,
    /// Writes that the system acknowledged.
    pub acknowledged: u64,
    /// Writes of which nobody knows; they may be there or not, at most once.
    pub unknown: u64,
    /// Entries that the system holds and did not hold before the load.
    pub held: u64,
    /// Acknowledged and not there.
    pub lost: u64,
    /// There more than once.
    pub duplicated: u64,
    /// There with other values than acknowledged.
    pub altered: u64,
    /// There although nobody wrote them, or although their write was refused.
    pub phantom: u64,
    /// Of a pass: the largest share of violations that 95 % confidence leaves open, 3/n.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// What is wrong, with examples, or why nothing is known; else empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl LedgerResult {
    pub(super) fn all(run: &Run<'_>) -> Vec<Self> {
        let of = |verdict: &lab_verdict::outcome::LedgerVerdict| {
            let check = run.plan().ledgers.get(verdict.ledger)?;
            let report = &verdict.report;
            Some(Self {
                ledger: check.name.clone(),
                journey: check.of.clone(),
                source: check.source.to_string(),
                verdict: verdict.call,
                acknowledged: report.acknowledged,
                unknown: report.unknown,
                held: report.held,
                lost: report.lost.count,
                duplicated: report.duplicated.count,
                altered: report.altered.count,
                phantom: report.phantom.count,
                at_most: verdict.at_most,
                note: verdict.note.clone(),
            })
        };
        run.verdict.ledgers.iter().filter_map(of).collect()
    }
}

fn phase(plan: &Plan, index: usize) -> Option<Name> {
    plan.phases.get(index).map(|phase| phase.name.clone())
}
