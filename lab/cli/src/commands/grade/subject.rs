//! What is graded: the runbook with its reference, its failures, its variables and its mutants.

use lab_model::rehearsal::Situation;
use lab_model::{Exit, Name};
use lab_runbooks::grade::{Reference, Windows};
use lab_runbooks::mutation::{Mutant, mutants};
use lab_runbooks::session::{MutantLine, Session, VERSION};
use lab_scenarios::{Overrides, catalog};

use super::Grade;
use crate::arguments::Color;
use crate::rehearsal::{Given, Loaded, load};
use crate::{scenario, text};

/// A runbook to be graded.
pub(super) struct Subject {
    pub(super) loaded: Loaded,
    pub(super) reference: Option<Loaded>,
    pub(super) given: Given,
    pub(super) mutants: Vec<Mutant>,
    pub(super) session: Session,
    /// The failures as the command line or the runbook names them, beside those of the session.
    references: Vec<String>,
}

impl Subject {
    /// Reads everything and says all that is wrong.
    pub(super) fn read(options: &Grade, color: Color) -> Result<Self, Exit> {
        let loaded = load(&options.runbook, color).ok_or(Exit::Usage)?;
        let wrong = |message: &str, help: &str| {
            text::error(message, help);
            Exit::Usage
        };
        let Some(header) = loaded.runbook.header() else {
            let help = "begin it with `lab: { schema: runbook/1, id: …, faults: [SCENARIO] }`";
            return Err(wrong("the runbook says nothing of itself", help));
        };
        let given = Given::read(&options.vars).map_err(|reason| wrong(&reason, ""))?;
        let references: Vec<String> = if options.scenarios.is_empty() {
            header.faults.iter().map(ToString::to_string).collect()
        } else {
            options.scenarios.clone()
        };
        if references.is_empty() {
            let help = "name scenarios under `faults`, or with --scenario; lab list has some";
            return Err(wrong("the runbook names no failure that it is for", help));
        }
        let mut names = Vec::new();
        let mut systems = Vec::new();
        for reference in &references {
            let overrides = Overrides::new(Vec::new(), None).on(options.driver.runtime());
            let planned = scenario::shown(scenario::plan(reference, overrides), color)?;
            names.push(planned.plan.scenario.clone());
            systems.push(planned);
        }
        let reference = match &header.reference {
            Some(file) => {
                let path = loaded.folder.join(file);
                Some(load(&path.to_string_lossy(), color).ok_or(Exit::Usage)?)
            }
            None => None,
        };
        let mutant_runs = options
            .mutant_runs
            .unwrap_or(if options.quick { 0 } else { 3 });
        let wrong_scenario = wrong_failure(&header.not_for, &systems);
        let mut mutants = mutants(&loaded.runbook, &loaded.plan);
        mutants.retain(|one| one.situation != Situation::WrongFault || wrong_scenario.is_some());
        let windows = Windows::PROGRAM;
        let budget = header.budget;
        let session = Session {
            version: VERSION,
            lab: env!("CARGO_PKG_VERSION").to_owned(),
            runbook: header.id.clone(),
            file: options.runbook.clone(),
            title: loaded.runbook.title().map(str::to_owned),
            digest: loaded.digest.clone(),
            reference: reference.as_ref().map(|reference| reference.digest.clone()),
            scenarios: names,
            wrong: wrong_scenario,
            sides: !options.own_only,
            seed: options.seed,
            runs: options
                .runs
                .unwrap_or(if options.quick { 1 } else { 3 })
                .max(1),
            mutant_runs,
            allowed: Reference {
                detect: budget.detect,
                mitigate: budget.mitigate,
                recover: budget.recover,
                // What doing nothing costs is measured.
                excess: budget.bad_requests.map(|bad| (bad as f64, 0.0)),
            },
            mitigated: windows.mitigated,
            recovered: windows.recovered,
            mutants: if mutant_runs == 0 {
                Vec::new()
            } else {
                mutants.iter().map(line).collect()
            },
        };
        Ok(Self {
            loaded,
            reference,
            given,
            mutants,
            session,
            references,
        })
    }

    /// How a failure of the session is called where it is read.
    pub(super) fn reference_of(&self, scenario: &Name) -> String {
        let at = self
            .session
            .scenarios
            .iter()
            .position(|name| name == scenario);
        let named = at.and_then(|at| self.references.get(at));
        named.map_or_else(|| scenario.to_string(), Clone::clone)
    }
}

fn line(mutant: &Mutant) -> MutantLine {
    MutantLine {
        name: mutant.name(),
        equivalent: mutant.equivalent.clone(),
    }
}

/// A failure that the runbook is not for: the one it names, else the first of the catalog that
/// breaks another link of the same system.
fn wrong_failure(not_for: &[Name], own: &[lab_scenarios::Planned]) -> Option<Name> {
    if let Some(named) = not_for.first() {
        return Some(named.clone());
    }
    let first = own.first()?;
    let own: Vec<_> = own
        .iter()
        .flat_map(|one| &one.plan.faults)
        .map(|one| &one.link)
        .collect();
    let fits = |name: &&str| {
        let source = catalog::load(name).ok()?;
        let planned = lab_scenarios::plan(source, &Overrides::default()).ok()?;
        let faults = &planned.plan.faults;
        let elsewhere = faults.iter().all(|fault| !own.contains(&&fault.link));
        let same =
            planned.plan.system.name == first.plan.system.name && planned.runtime == first.runtime;
        (elsewhere && same && !faults.is_empty()).then_some(())
    };
    let name = catalog::names().find(|name| fits(name).is_some())?;
    Name::new(name).ok()
}
