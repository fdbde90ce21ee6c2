//! A program in the seat: its API is served until the seat is given back.
//!
//! Standard output has one line of JSON when the API is ready (`url`, and the file with the token) and
//! the review when the rehearsal is over.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lab_drivers::programs::{Desk, Task, serve};
use lab_drivers::seat::Shell;
use lab_drivers::shell::Bash;
use lab_engine::Stop;
use lab_engine::desk::Counter;
use lab_engine::rehearsal::Masks;
use lab_engine::stop::Urgency;
use lab_model::rehearsal::{Rehearsal, SYMPTOMS};
use lab_model::{Name, Plan};
use serde_json::json;
use tokio::sync::oneshot;

use super::terminal::Equipment;
use crate::text;

/// What it takes to serve a program.
pub(super) struct Served<'a> {
    pub(super) address: SocketAddr,
    pub(super) program: &'a Path,
    /// The run's folder.
    pub(super) folder: PathBuf,
    pub(super) equipment: Equipment,
    pub(super) task: Task,
    pub(super) counter: Counter,
    /// Completes when the seat has to be given back.
    pub(super) over: oneshot::Receiver<()>,
    pub(super) stop: &'a Stop,
}

/// What is to be done, as a program reads it.
pub(super) fn task(plan: &Plan, rehearsal: &Rehearsal) -> Option<Task> {
    let seat = rehearsal.seat.as_deref()?;
    let names = |names: &[Name]| names.iter().map(ToString::to_string).collect();
    let system = &plan.system;
    let services = system.services.iter().map(|one| one.name.to_string());
    let links = system.links.iter().map(ToString::to_string);
    Some(Task {
        situation: seat.exercise.situation.clone(),
        system: system.name.to_string(),
        components: services.chain(links).collect(),
        symptoms: SYMPTOMS.map(str::to_owned).to_vec(),
        touches: names(&seat.exercise.touches),
        protects: names(&seat.exercise.protects),
        promised: plan.objectives.iter().map(ToString::to_string).collect(),
        limit_seconds: seat.limit.as_micros() / 1_000_000,
        judged: format!(
            "users served for {} while the cause goes on, and for {} when it comes again; every \
             acknowledged write there; load, monitor and faults untouched",
            rehearsal.mitigated, rehearsal.recovered
        ),
        variables: Vec::new(),
    })
}

/// Serves a program until the rehearsal is over.
pub(super) async fn lend(served: Served<'_>) -> std::io::Result<()> {
    let Equipment { variables, secrets } = served.equipment;
    // The commands find what a person's shell does.
    let shell = Shell::prepare(served.program, &served.folder, None, variables)?;
    let words =
        |(name, value): (String, std::ffi::OsString)| Some((name, value.into_string().ok()?));
    let variables: Vec<(String, String)> = shell.variables.into_iter().filter_map(words).collect();
    let mut task = served.task;
    task.variables = variables.iter().map(|(name, _)| name.clone()).collect();
    let desk = Desk {
        task,
        bash: Bash::new(served.program.to_owned(), &served.folder)?,
        folder: served.folder,
        counter: served.counter,
        variables,
        masks: Masks::new(secrets),
    };
    let ready = |access: &lab_drivers::programs::Access, path: &Path| {
        let line = json!({ "url": access.url, "access": path, "openapi": "/openapi.json" });
        text::out(&format!("{line}\n"));
    };
    tokio::select! {
        biased;
        served = serve(served.address, desk, ready) => served,
        _ = served.over => Ok(()),
        _ = served.stop.at_least(Urgency::Orderly) => Ok(()),
    }
}
