//! From a trial to the plan of its run and what happens in it.

use lab_engine::Failure;
use lab_engine::rehearsal::Incident;
use lab_model::Name;
use lab_model::plan::{Effect, Fault};
use lab_model::rehearsal::{Answer, Rehearsal, Situation, Target};
use lab_runbooks::mutation::{Mutant, Program};
use lab_runbooks::session::Trial;
use lab_runbooks::{Kind, target};
use lab_scenarios::{Overrides, Planned, sandbox};

use super::Grade;
use super::subject::Subject;
use crate::rehearsal::Loaded;
use crate::scenario;

/// A trial, ready to be run.
pub(super) struct Staged<'a> {
    pub(super) planned: Planned,
    pub(super) incident: Incident,
    /// The runbook whose blocks run.
    pub(super) loaded: &'a Loaded,
    /// What its run is called.
    pub(super) name: String,
}

/// Plans a trial.
pub(super) fn stage<'a>(
    options: &Grade,
    subject: &'a Subject,
    trial: &Trial,
) -> Result<Staged<'a>, Failure> {
    let session = &subject.session;
    let first = || {
        let none = || Failure::new("session", "it has no failure");
        session.scenarios.first().cloned().ok_or_else(none)
    };
    let own = &subject.loaded;
    let whole = |loaded: &Loaded| Program::of(&loaded.runbook, &loaded.plan);
    let undo = Program::undo(&own.runbook, &own.plan);
    let mut staged = Stage {
        scenario: first()?,
        situation: Situation::OwnFault,
        loaded: own,
        program: None,
        again: false,
        undo: None,
        until_noticed: false,
    };
    let name = match trial {
        Trial::Nothing { scenario } => {
            staged.scenario = scenario.clone();
            format!("{scenario}-nothing")
        }
        Trial::Reference { scenario } => {
            staged.scenario = scenario.clone();
            staged.loaded = subject.reference.as_ref().unwrap_or(own);
            staged.program = Some(whole(staged.loaded));
            format!("{scenario}-reference")
        }
        Trial::Own { scenario, round } => {
            staged.scenario = scenario.clone();
            staged.program = Some(whole(own));
            staged.again = true;
            staged.undo = (!undo.actions.is_empty()).then_some(undo);
            format!("{scenario}-{round}")
        }
        Trial::Wrong { scenario } => {
            staged.scenario = scenario.clone();
            staged.situation = Situation::WrongFault;
            staged.program = Some(whole(own));
            "wrong".to_owned()
        }
        Trial::Healthy => {
            staged.situation = Situation::Healthy;
            staged.program = Some(whole(own));
            "healthy".to_owned()
        }
        Trial::Mutant { name, round } => {
            let place = subject
                .mutants
                .iter()
                .position(|mutant| &mutant.name() == name);
            let mutant = place.and_then(|at| subject.mutants.get(at));
            let unknown = || Failure::new("session", format!("no mutant is called `{name}`"));
            let Mutant {
                situation, program, ..
            } = mutant.ok_or_else(unknown)?;
            staged.situation = *situation;
            if let (Situation::WrongFault, Some(wrong)) = (situation, &session.wrong) {
                staged.scenario = wrong.clone();
            }
            staged.program = Some(program.clone());
            staged.until_noticed = true;
            format!("mutant-{}-{round}", place.map_or(0, |at| at + 1))
        }
    };
    staged.finish(options, subject, format!("{}-{name}", session.runbook))
}

struct Stage<'a> {
    scenario: Name,
    situation: Situation,
    loaded: &'a Loaded,
    program: Option<Program>,
    again: bool,
    undo: Option<Program>,
    until_noticed: bool,
}

impl<'a> Stage<'a> {
    fn finish(
        self,
        options: &Grade,
        subject: &'a Subject,
        name: String,
    ) -> Result<Staged<'a>, Failure> {
        let (planned, mut faults) = plan(options, subject, &self.scenario)?;
        if self.situation == Situation::Healthy {
            faults.clear();
        }
        let header = subject.loaded.runbook.header();
        let list = |of: fn(&lab_runbooks::Header) -> &Vec<Name>| {
            header.map(of).cloned().unwrap_or_default()
        };
        let read = |of: fn(&lab_runbooks::Header) -> &Vec<String>| -> Vec<Target> {
            let texts = header.map_or(&[][..], |header| of(header));
            texts.iter().filter_map(|text| target(text)).collect()
        };
        let rehearsal = Rehearsal {
            runbook: subject.session.runbook.clone(),
            digest: self.loaded.digest.clone(),
            situation: self.situation,
            touches: list(|header| &header.touches),
            protects: list(|header| &header.protects),
            targets: read(|header| &header.oracles),
            forbids: read(|header| &header.forbids),
            answer: answer(&faults),
            order: order(self.loaded),
            messages: messages(self.loaded),
            mitigated: subject.session.mitigated,
            recovered: subject.session.recovered,
            seat: None,
        };
        Ok(Staged {
            planned,
            incident: Incident {
                rehearsal,
                faults,
                program: self.program,
                again: self.again,
                undo: self.undo,
                until_noticed: self.until_noticed,
            },
            loaded: self.loaded,
            name,
        })
    }
}

fn plan(
    options: &Grade,
    subject: &Subject,
    scenario: &Name,
) -> Result<(Planned, Vec<Fault>), Failure> {
    let failed = |reason: String| Failure::new(format!("scenario {scenario}"), reason);
    let reference = subject.reference_of(scenario);
    let trouble = |trouble| match trouble {
        scenario::Trouble::Diagnostics(found) => failed(found.to_string()),
        scenario::Trouble::Unreadable(reason) => failed(reason),
    };
    let source = scenario::source(&reference).map_err(trouble)?;
    let overrides = Overrides::new(Vec::new(), Some(options.seed)).on(options.driver.runtime());
    let compose = scenario::compose(&source, &reference).map_err(trouble)?;
    let (mut planned, faults) = sandbox::rehearsal(source, &overrides.with_compose(compose))
        .map_err(|found| failed(found.to_string()))?;
    let starts = subject
        .loaded
        .runbook
        .header()
        .map_or(&[][..], |header| &header.starts);
    for start in starts.iter().filter_map(|start| target(start)) {
        let gateway = planned.plan.system.gateway.as_mut();
        if !gateway.is_some_and(|gateway| gateway.set(&start)) {
            let reason = format!(
                "{} cannot stand at {} at the start",
                start.what, start.value
            );
            return Err(failed(reason));
        }
    }
    Ok((planned, faults))
}

/// What names the cause: the callee of the broken link, the link, or the broken service.
pub(in crate::commands) fn answer(faults: &[Fault]) -> Answer {
    let mut answer = Answer::default();
    for fault in faults {
        answer.components.push(fault.site().to_string());
        answer.components.push(fault.link.to.to_string());
        let symptoms: &[&str] = match fault.effect {
            // Refused without a word: callers wait.
            Effect::Refuse if fault.kind.as_str() == "hang" => &["latency", "unavailable"],
            Effect::Delay { .. } | Effect::Throttle { .. } | Effect::Open { .. } => &["latency"],
            Effect::Withhold => &["latency", "unavailable"],
            Effect::Refuse | Effect::State => &["errors", "unavailable"],
            _ => &["errors"],
        };
        answer
            .symptoms
            .extend(symptoms.iter().map(ToString::to_string));
    }
    answer
}

/// Pairs of blocks with an order to keep.
fn order(loaded: &Loaded) -> Vec<(String, String)> {
    let runs = loaded
        .plan
        .order
        .iter()
        .filter(|entry| entry.by_hand.is_empty());
    let ids: Vec<&String> = runs.clone().map(|entry| &entry.id).collect();
    let blocks = runs.filter_map(|entry| loaded.runbook.blocks().get(entry.index));
    let pairs = blocks.flat_map(|block| {
        let before = block.needs.iter().chain(&block.checks);
        before.map(|first| (first.clone(), block.id.clone()))
    });
    pairs.filter(|(first, _)| ids.contains(&first)).collect()
}

/// Messages, and by when they are due.
fn messages(loaded: &Loaded) -> Vec<(String, Option<lab_model::Span>)> {
    let order = loaded
        .plan
        .order
        .iter()
        .filter(|entry| entry.by_hand.is_empty());
    let blocks = order.filter_map(|entry| loaded.runbook.blocks().get(entry.index));
    let comms = blocks.filter(|block| block.kind == Kind::Comms);
    comms.map(|block| (block.id.clone(), block.due)).collect()
}
