//! `lab up`: a system kept running under its load until Ctrl-C; from a second terminal `lab inject`,
//! `heal`, `route`, `flag`, `status` and `logs` act on it.

use std::fs;
use std::path::Path;

use lab_drivers::containers::engine;
use lab_drivers::containers::image::Substitutes;
use lab_model::container::Runtime;
use lab_model::plan::PhaseKind;
use lab_model::{Event, Exit, Journal, Plan};
use lab_scenarios::{Overrides, Planned, Source, catalog, sandbox, systems};
use lab_verdict::judge;

use crate::arguments::{Color, Driver, Run, Up};
use crate::commands::run::{Watch, execute, exit_of, help_for};
use crate::scenario::{Trouble, compose, shown, source};
use crate::{runs, sweep, text};

pub(crate) fn run(options: &Up, color: Color) -> Exit {
    if options.driver != Driver::Processes {
        engine::point_client();
    }
    let overrides = Overrides::new(options.with.clone(), options.seed)
        .on(options.driver.runtime())
        .allowing(options.allow.clone());
    let planned = match shown(planned(&options.system, &overrides), color) {
        Ok(planned) => planned,
        Err(exit) => return exit,
    };
    for swept in sweep::sweep(&options.kept.out, planned.runtime == Runtime::Containers) {
        text::note(&format!("swept {swept}"));
    }
    let run = Run::sandbox(options);
    match execute(&run, planned, Substitutes::default(), Watch::Screen, color) {
        Ok(folder) => conclude(&folder),
        Err(failure) => {
            text::error(&failure.to_string(), help_for(&failure));
            exit_of(&failure)
        }
    }
}

/// Whether a plan is that of a sandbox.
pub(crate) fn is_open(plan: &Plan) -> bool {
    plan.phases
        .iter()
        .any(|phase| phase.kind == PhaseKind::Open)
}

/// The sandbox of a system that comes with the lab, of a system's file, or of a scenario.
fn planned(reference: &str, overrides: &Overrides) -> Result<Planned, Trouble> {
    let of_system = |definition| {
        sandbox::of_system(&definition, reference, overrides).map_err(Trouble::Diagnostics)
    };
    if let Some(found) = systems::load(reference) {
        return found.map_err(Trouble::Diagnostics).and_then(of_system);
    }
    if catalog::is_path(reference) && is_system(Path::new(reference)) {
        let source = source(reference)?;
        return systems::read(source)
            .map_err(Trouble::Diagnostics)
            .and_then(of_system);
    }
    let source: std::sync::Arc<Source> = source(reference)?;
    let overrides = overrides.clone().with_compose(compose(&source, reference)?);
    sandbox::of_scenario(source, &overrides).map_err(Trouble::Diagnostics)
}

/// Whether a file is a system's: a scenario's has the key `scenario`.
fn is_system(path: &Path) -> bool {
    let text = fs::read_to_string(path).unwrap_or_default();
    let has = |key: &str| text.lines().any(|line| line.starts_with(key));
    has("system:") && !has("scenario:")
}

/// Says what was done, from the journal. A sandbox proves nothing: it ends well if it left nothing.
fn conclude(folder: &Path) -> Exit {
    let journal = match runs::journal(folder) {
        Ok(journal) => journal,
        Err(error) => {
            text::error(&error.to_string(), "");
            return Exit::Environment;
        }
    };
    let verdict = judge(&journal);
    for reason in verdict
        .reasons
        .iter()
        .filter(|reason| reason.call == lab_verdict::outcome::Call::Error)
    {
        text::error(&reason.text, "lab doctor says what this machine can do");
    }
    text::out(&format!("{}\n", summary(&journal)));
    let bad = [Exit::Environment, Exit::CleanUp];
    let bad: Vec<Exit> = bad
        .into_iter()
        .filter(|exit| verdict.exits.contains(exit))
        .collect();
    Exit::merge(&bad)
}

/// `over after 72s: 2 faults injected, 1 change at the gateway; lab report last shows it`.
fn summary(journal: &Journal) -> String {
    let count = |of: fn(&Event) -> bool| journal.events().filter(|event| of(event)).count();
    let injected = count(|event| matches!(event, Event::Injected { .. }));
    let changed = count(|event| matches!(event, Event::Gateway(change) if change.by != "health"));
    let lasted = journal
        .records
        .last()
        .map_or(0, |record| record.at.as_micros() / 1_000_000);
    let plural = |number: usize, one: &str, more: &str| {
        format!("{number} {}", if number == 1 { one } else { more })
    };
    format!(
        "over after {lasted} s: {}, {} · lab report {}",
        plural(injected, "fault injected", "faults injected"),
        plural(changed, "change at the gateway", "changes at the gateway"),
        journal.opened.run,
    )
}
