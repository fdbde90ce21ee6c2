//! One trial: a run of its own, conducted through its incident.

use std::collections::BTreeMap;
use std::fs;

use lab_drivers::Authority;
use lab_drivers::books::LiveLedger;
use lab_drivers::folder::{self, JournalFile, Seal};
use lab_drivers::gateways::Gateways;
use lab_drivers::generator::Generator;
use lab_drivers::probe::NetworkProbe;
use lab_drivers::proxies::Proxies;
use lab_drivers::readings::NetworkReadings;
use lab_drivers::shell::Bash;
use lab_engine::desk::{Command, Counter, Order, desk};
use lab_engine::rehearsal::{Conductor, Masks, Runner};
use lab_engine::seam::Context;
use lab_engine::{Failure, Run, Seams, Stop};
use lab_model::event::Opened;
use lab_model::rehearsal::{Pass, RehearsalEvent};
use lab_model::{Record, Span, journal};
use lab_runbooks::grade::fold::{Folded, GRADER};
use lab_runbooks::session::{Done, Trial};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;

use super::Grade;
use super::incident::{Staged, stage};
use super::store::Store;
use super::subject::Subject;
use crate::rehearsal::{Watch, driver, endpoints, equip};

/// Runs a trial to its end. Nothing but its own blocks is told where the fault API is: there is
/// none, faults are asked for within this process.
pub(super) async fn run(
    options: &Grade,
    subject: &Subject,
    store: &Store,
    trial: &Trial,
    stop: &Stop,
) -> Result<Done, Failure> {
    let lab = |error: std::io::Error| Failure::new("lab", error);
    let Staged {
        planned,
        incident,
        loaded,
        name,
    } = stage(options, subject, trial)?;
    let program = std::env::current_exe().map_err(lab)?;
    let plan = planned.plan;
    let authority = Authority::default();
    let driver = driver(planned.runtime, &plan, &program, &authority)?;
    let found = driver.obstacles(&plan).await;
    if !found.is_empty() {
        return Err(Failure::new("cannot run here", found.join("\n")));
    }
    let now = jiff::Timestamp::now();
    let name = format!("{}-{name}-{}", now.strftime("%Y-%m-%d"), options.seed);
    let (run, folder) = folder::create(&options.kept.out, &name)?;
    let bash = Bash::new(program.clone(), &folder).map_err(lab)?;
    let context = Context {
        run: run.clone(),
        folder: folder.clone(),
    };
    let (counter, orders) = desk();
    let (sender, records) = unbounded_channel();
    let seal = Seal::default();
    let execution = Run {
        opened: Opened {
            journal: journal::VERSION,
            lab: env!("CARGO_PKG_VERSION").to_owned(),
            run: run.clone(),
            wall: now.to_string(),
            driver: driver.name(),
            plan: plan.clone(),
        },
        sinks: vec![
            Box::new(JournalFile::create(&folder)?),
            Box::new(seal.clone()),
            Box::new(Watch(sender)),
        ],
        context,
        seams: Seams {
            driver,
            plane: Box::new(Proxies::start(&plan, authority)?),
            gateway: Box::new(Gateways),
            load: Box::new(Generator { program }),
            readings: Box::new(NetworkReadings),
            probe: Box::new(NetworkProbe),
        },
        stop: stop.clone(),
        orders: Some(orders),
    };
    let tell = |event: RehearsalEvent| note(&counter, event);
    let header = loaded.runbook.header();
    let equip = |records: &[Record]| {
        let (endpoints, secrets) = endpoints(&folder, subject.session.runbook.as_str(), records)?;
        equip(header, &subject.given, endpoints, secrets)
    };
    let runner = Runner {
        runbook: &loaded.runbook,
        shell: &bash,
        variables: Vec::new(),
        masks: Masks::new([]),
        folder: loaded.folder.clone(),
        took: took(store),
        tell: &tell,
    };
    let ledger = LiveLedger::new(&folder);
    let conductor = Conductor::new(plan, counter.clone(), records, runner, &equip, &ledger);
    let (outcome, conducted) = tokio::join!(execution.execute(), async {
        let conducted = conductor.conduct(&incident).await;
        // Also where the incident could not be brought about.
        let (reply, _) = oneshot::channel();
        let by = GRADER.to_owned();
        let _ = counter.send(Order {
            by,
            command: Command::Finish,
            reply,
        });
        conducted
    });
    let _ = fs::remove_dir_all(folder.join("blocks"));
    outcome?;
    conducted?;
    Ok(Done {
        trial: trial.clone(),
        run,
        journal: seal.digest(),
    })
}

fn note(counter: &Counter, event: RehearsalEvent) {
    let (reply, _) = oneshot::channel();
    let by = GRADER.to_owned();
    let command = Command::Note(event);
    // A run that is over has no use for it.
    let _ = counter.send(Order { by, command, reply });
}

/// How long each block took against the runbook's own failure: midway is half of it.
fn took(store: &Store) -> BTreeMap<String, Span> {
    let journal = store.journal(|trial| matches!(trial, Trial::Own { .. }));
    let times = journal.and_then(|journal| {
        let folded = Folded::new(&journal.opened.plan, &journal.records)?;
        let first = folded.moments.executions.get(&Pass::First)?;
        let times = first.blocks.iter().filter_map(|block| {
            let (ended, ..) = block.ended?;
            Some((block.id.to_owned(), ended.minus(block.begun)))
        });
        Some(times.collect())
    });
    times.unwrap_or_default()
}
