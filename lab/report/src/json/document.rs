//! The document: which run, its verdict, why.

use std::collections::BTreeMap;

use lab_model::{Exit, Name, RunId};
use lab_verdict::outcome::{Call, Reason};
use schemars::JsonSchema;
use serde::Serialize;

use super::comparison::ComparisonResult;
use super::indicator::IndicatorResult;
use super::judged::{LedgerResult, ObjectiveResult, Offered, Recovery, Witness};
use super::measured::Phase;
use super::patterns::PatternResult;
use super::timeline::Timeline;
use crate::run::Run;

/// The version of the document. Raised when a field changes its meaning or goes; new fields may
/// come without.
pub const VERSION: u32 = 1;

/// The report of a run.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "Failure Lab report", rename = "Report")]
pub struct Document {
    /// The version of this document. Raised when a field changes its meaning or goes; new fields
    /// may come without.
    #[schemars(extend("const" = VERSION))]
    pub report: u32,
    /// The version of the program that ran.
    pub lab: String,
    /// The run's id.
    pub run: RunId,
    /// The wall clock when the run's journal was opened: RFC 3339, UTC.
    pub started: String,
    /// From the opening of the journal to its last entry, in seconds.
    pub took_s: f64,
    /// The scenario.
    pub scenario: Name,
    /// What the scenario claims.
    pub hypothesis: String,
    /// What decided every random choice.
    pub seed: u64,
    /// The system that was started.
    pub system: Name,
    /// What started it: `processes`, `containers`.
    pub driver: Name,
    /// The settings in force.
    pub settings: BTreeMap<Name, String>,
    /// The arguments of `lab` that run the same again.
    pub replay: Vec<String>,
    /// Settings worth trying where the run failed: `orders.timeout=400ms`.
    pub remedy: Vec<String>,
    /// The verdict on the run: the worst of everything below.
    pub verdict: Call,
    /// How the program ended.
    pub exit: ExitCode,
    /// Every exit code that applies, the returned one among them.
    pub exits: Vec<ExitCode>,
    /// One sentence of cause with numbers; absent where nothing failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Why the run is not simply a pass, worst first.
    pub reasons: Vec<Reason>,
    /// What the run did not show, in words.
    pub limits: Vec<String>,
    /// Whether the journal is whole. Where it is not, the verdict is never a pass.
    pub complete: bool,
    /// What an incomplete journal lacks, in words.
    pub missing: Vec<String>,
    /// The objectives, one entry for each phase in which they were judged.
    pub objectives: Vec<ObjectiveResult>,
    /// Journeys beside others, one entry for each phase in which they were judged.
    pub comparisons: Vec<ComparisonResult>,
    /// Figures of the system, one entry for each phase in which they were judged.
    pub indicators: Vec<IndicatorResult>,
    /// The resilience patterns.
    pub patterns: Vec<PatternResult>,
    /// Whether the system holds what it acknowledged, one entry for each ledger.
    pub ledgers: Vec<LedgerResult>,
    /// Whether each fault was seen to bite.
    pub witnesses: Vec<Witness>,
    /// Whether the load did what was asked of it, for each measured phase.
    pub offered: Vec<Offered>,
    /// When each journey was back, for each recovery phase.
    pub recoveries: Vec<Recovery>,
    /// What was measured, phase by phase.
    pub phases: Vec<Phase>,
    /// What each journey did over time.
    pub timeline: Vec<Timeline>,
    /// What failed in the environment or in the lab itself.
    pub failures: Vec<Failure>,
    /// What clean-up left behind; absent where its end is not on record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left: Option<Vec<String>>,
}

/// An exit code and its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExitCode {
    /// The number given to the shell.
    pub code: u8,
    /// What it means.
    pub name: Exit,
}

impl From<Exit> for ExitCode {
    fn from(name: Exit) -> Self {
        let code = name.code();
        Self { code, name }
    }
}

/// A failure of the environment or the lab.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Failure {
    /// Where: `service orders`, `load`, `proxy`.
    pub part: String,
    /// What happened, with the last lines of a service's log.
    pub reason: String,
}

impl Document {
    pub(super) fn of(run: &Run<'_>) -> Self {
        let (opened, plan, verdict) = (&run.journal.opened, run.plan(), run.verdict);
        let life = &run.tally.life;
        let mut failures: Vec<Failure> = Vec::new();
        for failure in &life.failures {
            failures.push(Failure {
                part: failure.part.clone(),
                reason: failure.reason.clone(),
            });
        }
        for exit in &life.exits {
            failures.push(Failure {
                part: format!("service {}", exit.service),
                reason: format!("it ended while the run needed it: {}", exit.status),
            });
        }
        Self {
            report: VERSION,
            lab: opened.lab.clone(),
            run: opened.run.clone(),
            started: opened.wall.clone(),
            took_s: run.took().as_secs_f64(),
            scenario: plan.scenario.clone(),
            hypothesis: plan.hypothesis.clone(),
            seed: plan.seed,
            system: plan.system.name.clone(),
            driver: opened.driver.clone(),
            settings: plan.system.settings.clone(),
            replay: plan.replay.clone(),
            remedy: plan.remedy.clone(),
            verdict: verdict.call,
            exit: verdict.exit.into(),
            exits: verdict.exits.iter().map(|exit| (*exit).into()).collect(),
            cause: verdict.cause.clone(),
            reasons: verdict.reasons.clone(),
            limits: verdict.limits.clone(),
            complete: verdict.complete,
            missing: verdict.missing.clone(),
            objectives: ObjectiveResult::all(run),
            comparisons: ComparisonResult::all(run),
            indicators: IndicatorResult::all(run),
            patterns: PatternResult::all(run),
            ledgers: LedgerResult::all(run),
            witnesses: Witness::all(run),
            offered: Offered::all(run),
            recoveries: Recovery::all(run),
            phases: Phase::all(run),
            timeline: Timeline::all(run),
            failures,
            left: life.left.clone(),
        }
    }
}
