//! Why a run is not simply a pass; its call and its exit codes.

use lab_model::Exit;
use lab_model::plan::PhaseKind;

use super::Case;
use super::course::Course;
use super::steady::Steady;
use super::trust::{InPhase, Trust};
use crate::figures::{count, percent};
use crate::outcome::{
    Call, ComparisonVerdict, IndicatorVerdict, LedgerVerdict, ObjectiveVerdict, Offered,
    PatternVerdict, Reason, WitnessVerdict,
};

/// Reasons as they are found, each with the exit code it asks for beside that of its call.
#[derive(Default)]
pub(super) struct Reasons {
    found: Vec<Reason>,
    exits: Vec<Exit>,
}

impl Reasons {
    fn add(&mut self, code: &str, call: Call, text: String) {
        self.found.push(Reason {
            code: code.to_owned(),
            text,
            call,
        });
    }

    fn inconclusive(&mut self, code: &str, text: String) {
        self.add(code, Call::Inconclusive, text);
    }

    /// What happened to the run itself.
    pub(super) fn of_life(&mut self, case: &Case<'_>) {
        let life = &case.tally.life;
        for failure in &life.failures {
            self.exits.push(Exit::Environment);
            self.add(
                "run::failed",
                Call::Error,
                format!("{}: {}", failure.part, failure.reason),
            );
        }
        if let Some(left) = life.left.as_ref().filter(|left| !left.is_empty()) {
            self.exits.push(Exit::CleanUp);
            self.add(
                "clean-up::incomplete",
                Call::Error,
                format!("left: {}", left.join(", ")),
            );
        }
        if let Some(condition) = life.aborted {
            self.exits.push(Exit::Aborted);
            let what = case
                .plan
                .abort
                .get(condition)
                .map_or_else(String::new, ToString::to_string);
            self.inconclusive(
                "run::aborted",
                format!("stopped by its abort condition: {what}"),
            );
        }
        let phases = &case.plan.phases;
        let is_open = phases.iter().any(|phase| phase.kind == PhaseKind::Open);
        if is_open {
            let text = "a sandbox proves nothing: it was changed while it ran".to_owned();
            self.inconclusive("run::open-ended", text);
        }
        // A sandbox is ended by a signal.
        if let Some(signal) = life.interrupted.filter(|_| !is_open) {
            self.exits.push(if signal == 15 {
                Exit::Terminated
            } else {
                Exit::Interrupted
            });
            self.inconclusive(
                "run::interrupted",
                format!("asked to end by signal {signal}"),
            );
        }
        for exit in &life.exits {
            let text = format!(
                "{} ended while it was needed ({})",
                exit.service, exit.status
            );
            self.inconclusive("service::exited", text);
        }
    }

    /// Whether the journal holds what a run leaves.
    pub(super) fn of_journal(&mut self, case: &Case<'_>, complete: bool, missing: &[String]) {
        let life = &case.tally.life;
        if !complete {
            let text = format!("the journal is incomplete; it lacks {}", missing.join("; "));
            self.inconclusive("journal::incomplete", text);
            return;
        }
        if !case.stopped && life.load_ended.is_none() {
            self.inconclusive("load::no-end", "the load never ended on record".to_owned());
        }
        if life.left.is_none() {
            let text = "no clean-up is on record".to_owned();
            self.inconclusive("clean-up::unknown", text);
        }
    }

    /// Whether the system was healthy before it was broken.
    pub(super) fn of_steady_state(&mut self, case: &Case<'_>, steady: &Steady) {
        let name = |phase: usize| &case.plan.phases[phase].name;
        if let Some((baseline, broken)) = &steady.unhealthy {
            let broken: Vec<String> = broken
                .iter()
                .map(|index| case.plan.objectives[*index].to_string())
                .collect();
            let text = format!(
                "not healthy before the fault: phase {} already breaks {}",
                name(*baseline),
                if broken.is_empty() {
                    "an objective".to_owned()
                } else {
                    broken.join(", ")
                }
            );
            self.inconclusive("gate::not-healthy", text);
        }
        if let Some(baseline) = steady.unjudged {
            let text = format!("nobody judged phase {} before the fault", name(baseline));
            self.inconclusive("gate::not-judged", text);
        }
    }

    /// Whether the load was what was planned.
    pub(super) fn of_load(&mut self, case: &Case<'_>, offered: &[Offered]) {
        for offered in offered.iter().filter(|offered| offered.call != Call::Pass) {
            // A phase that was cut has its reason already.
            if case.stopped && case.course[offered.phase] != Course::Whole {
                continue;
            }
            let phase = &case.plan.phases[offered.phase].name;
            self.inconclusive(
                "load::not-offered",
                format!("phase {phase}: {}", offered.note),
            );
        }
        let strays = &case.tally.strays;
        if let Some(first) = &strays.first {
            let number = count(strays.count);
            let text = format!("{number} reports do not fit the plan, the first on {first}");
            self.inconclusive("journal::stray", text);
        }
    }

    /// Whether every fault was seen, and is gone.
    pub(super) fn of_faults(&mut self, case: &Case<'_>, witnesses: &[WitnessVerdict]) {
        for witness in witnesses {
            let fault = &case.plan.faults[witness.fault];
            let tally = &case.tally.faults[witness.fault];
            let ran = case.course.get(fault.phase) == Some(&Course::Whole);
            // A journal that was cut short names it among what it lacks.
            if tally.is_armed() && case.tally.life.closed {
                let text = format!(
                    "{} was never taken back from {}",
                    fault.summary,
                    fault.site()
                );
                self.inconclusive("fault::not-healed", text);
            }
            if witness.call == Call::Pass || (case.stopped && !ran && tally.lost.is_none()) {
                continue;
            }
            let code = if tally.lost.is_some() {
                "fault::lost"
            } else if tally.armed.is_empty() {
                "fault::not-armed"
            } else {
                "fault::not-witnessed"
            };
            self.inconclusive(code, witness.note.clone());
        }
    }

    /// What was promised. An objective that its phase cannot carry has that phase's reason.
    pub(super) fn of_objectives(
        &mut self,
        case: &Case<'_>,
        objectives: &[ObjectiveVerdict],
        trust: &Trust,
    ) {
        let others =
            case.plan.patterns.len() + case.plan.comparisons.len() + case.plan.indicators.len();
        if objectives.is_empty() && others == 0 {
            let text = "nothing was promised, so nothing could hold".to_owned();
            self.inconclusive("objective::none", text);
        }
        for verdict in objectives {
            let phase = case.plan.phases.get(verdict.phase);
            let phase = phase.map_or_else(|| verdict.phase.to_string(), |p| p.name.to_string());
            let objective = &case.plan.objectives[verdict.objective];
            match verdict.call {
                Call::Pass => {}
                Call::Fail => {
                    let (bad, n) = (count(verdict.bad), count(verdict.n));
                    let share = percent(verdict.bad as f64 / verdict.n.max(1) as f64);
                    let text = format!("{objective} ({phase}): {bad} bad of {n}, {share}");
                    self.add("objective::failed", Call::Fail, text);
                }
                Call::Inconclusive if trust.in_phase(verdict.phase) != InPhase::Full => {}
                Call::Inconclusive => {
                    let text = format!("{objective} ({phase}): {}", verdict.note);
                    self.inconclusive("objective::undecided", text);
                }
                Call::Error => {
                    self.exits.push(Exit::Environment);
                    let text = format!("{objective} ({phase}): {}", verdict.note);
                    self.add("objective::error", Call::Error, text);
                }
            }
        }
    }

    /// Whether the system holds what it acknowledged.
    pub(super) fn of_ledgers(&mut self, case: &Case<'_>, ledgers: &[LedgerVerdict]) {
        for verdict in ledgers {
            if let Some((code, text)) = super::ledger::reason(case, verdict) {
                self.add(code, verdict.call, text);
            }
        }
    }

    /// What was promised of figures of the system.
    pub(super) fn of_indicators(
        &mut self,
        case: &Case<'_>,
        indicators: &[IndicatorVerdict],
        trust: &Trust,
    ) {
        for verdict in indicators {
            let indicator = &case.plan.indicators[verdict.indicator];
            let phase = case.plan.phases.get(verdict.phase);
            let phase = phase.map_or_else(|| verdict.phase.to_string(), |p| p.name.to_string());
            match verdict.call {
                Call::Pass => {}
                Call::Inconclusive if trust.in_phase(verdict.phase) != InPhase::Full => {}
                Call::Inconclusive => {
                    let text = format!("{indicator} ({phase}): {}", verdict.note);
                    self.inconclusive("indicator::undecided", text);
                }
                Call::Fail | Call::Error => {
                    let text = format!("{indicator} ({phase}): {}", verdict.found);
                    self.add("indicator::failed", Call::Fail, text);
                }
            }
        }
    }

    /// A run that ended early says so; alone, that takes nothing from its verdict.
    pub(super) fn of_an_early_end(&mut self, case: &Case<'_>, phase: usize) {
        let Some(phase) = case.plan.phases.get(phase) else {
            return;
        };
        let text = format!(
            "the verdict was decided after {} of phase {}, and the run ended there",
            crate::figures::set(phase.length),
            phase.name
        );
        self.add("run::decided-early", Call::Pass, text);
    }

    /// What was promised of a journey beside another.
    pub(super) fn of_comparisons(
        &mut self,
        case: &Case<'_>,
        comparisons: &[ComparisonVerdict],
        trust: &Trust,
    ) {
        for verdict in comparisons {
            let promise = &case.plan.comparisons[verdict.comparison];
            let phase = case.plan.phases.get(verdict.phase);
            let phase = phase.map_or_else(|| verdict.phase.to_string(), |p| p.name.to_string());
            let text = format!("{promise} ({phase}): {}", verdict.note);
            match verdict.call {
                Call::Pass => {}
                Call::Inconclusive if trust.in_phase(verdict.phase) != InPhase::Full => {}
                Call::Inconclusive => self.inconclusive("comparison::undecided", text),
                Call::Fail | Call::Error => self.add("comparison::failed", Call::Fail, text),
            }
        }
    }

    /// Which patterns showed. One that its phases cannot carry has their reason.
    pub(super) fn of_patterns(
        &mut self,
        case: &Case<'_>,
        patterns: &[PatternVerdict],
        trust: &Trust,
    ) {
        for verdict in patterns {
            let pattern = &case.plan.patterns[verdict.pattern];
            let why = if verdict.note.is_empty() {
                &verdict.found
            } else {
                &verdict.note
            };
            let text = format!("{}: {why}", pattern.summary);
            let told = |phase: &usize| matches!(trust.in_phase(*phase), InPhase::Nothing(_));
            match verdict.call {
                Call::Pass => {}
                Call::Fail => self.add("pattern::failed", Call::Fail, text),
                Call::Inconclusive if pattern.during.iter().any(told) => {}
                Call::Inconclusive => self.inconclusive("pattern::undecided", text),
                Call::Error => {
                    self.exits.push(Exit::Environment);
                    self.add("pattern::error", Call::Error, text);
                }
            }
        }
    }

    /// The worst call, and every exit code that applies, most urgent first.
    pub(super) fn merge(
        &self,
        objectives: &[ObjectiveVerdict],
        patterns: &[PatternVerdict],
        witnesses: &[WitnessVerdict],
        offered: &[Offered],
    ) -> (Call, Vec<Exit>) {
        let calls: Vec<Call> = (self.found.iter().map(|reason| reason.call))
            .chain(objectives.iter().map(|verdict| verdict.call))
            .chain(patterns.iter().map(|verdict| verdict.call))
            .chain(witnesses.iter().map(|witness| witness.call))
            .chain(offered.iter().map(|offered| offered.call))
            .collect();
        let mut waiting = self.exits.clone();
        for (call, exit) in [
            (Call::Fail, Exit::Fail),
            (Call::Inconclusive, Exit::Inconclusive),
        ] {
            if calls.contains(&call) {
                waiting.push(exit);
            }
        }
        let mut exits = Vec::new();
        while !waiting.is_empty() {
            let next = Exit::merge(&waiting);
            waiting.retain(|exit| *exit != next);
            exits.push(next);
        }
        if exits.is_empty() {
            exits.push(Exit::Pass);
        }
        (calls.into_iter().max().unwrap_or(Call::Pass), exits)
    }

    /// All of them, worst first.
    pub(super) fn into_list(mut self) -> Vec<Reason> {
        self.found
            .sort_by_key(|reason| std::cmp::Reverse(reason.call));
        self.found
    }
}
