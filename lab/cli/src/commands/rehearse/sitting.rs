//! The run, with somebody in the seat.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use lab_drivers::Authority;
use lab_drivers::control::Control;
use lab_drivers::folder::{self, DATA, JournalFile, LOGS, Seal};
use lab_drivers::gateways::Gateways;
use lab_drivers::generator::Generator;
use lab_drivers::probe::NetworkProbe;
use lab_drivers::proxies::Proxies;
use lab_drivers::readings::NetworkReadings;
use lab_drivers::seat::Keeper;
use lab_engine::desk::desk;
use lab_engine::rehearsal::Attendant;
use lab_engine::seam::{Context, Sink};
use lab_engine::stop::Urgency;
use lab_engine::{Failure, Run, Seams, Stop};
use lab_model::event::Opened;
use lab_model::{Record, journal};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::stage::Staged;
use super::{program, terminal};
use crate::arguments::Rehearse;
use crate::commands::run::listen;
use crate::rehearsal::{Watch, driver, endpoints};
use crate::text;

/// When the journal was opened: what else is recorded shares its clock.
#[derive(Debug, Clone, Default)]
pub(super) struct Origin(Arc<Mutex<Option<Instant>>>);

impl Origin {
    /// The instant; now where nothing was written yet.
    pub(super) fn instant(&self) -> Instant {
        let origin = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        origin.unwrap_or_else(Instant::now)
    }
}

impl Sink for Origin {
    fn take(&mut self, record: &Record) -> Result<(), Failure> {
        let mut origin = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        origin.get_or_insert_with(|| Instant::now() - record.at.duration());
        Ok(())
    }
}

/// Holds a rehearsal: its folder as the user would write it, and the digest of its journal.
pub(super) fn sit(options: &Rehearse, staged: Staged) -> Result<(PathBuf, String), Failure> {
    let lab = |error: std::io::Error| Failure::new("lab", error);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(lab)?;
    runtime.block_on(held(options, staged))
}

#[expect(
    clippy::too_many_lines,
    reason = "the life of a rehearsal, told in its order"
)]
async fn held(options: &Rehearse, staged: Staged) -> Result<(PathBuf, String), Failure> {
    let lab = |error: std::io::Error| Failure::new("lab", error);
    // Heard before anything is started, so that nothing started is ever left.
    let stop = Stop::new();
    listen(&stop)?;
    let Staged {
        planned, sitting, ..
    } = staged;
    let plan = planned.plan;
    let program = std::env::current_exe().map_err(lab)?;
    let authority = Authority::default();
    let driver = driver(planned.runtime, &plan, &program, &authority)?;
    let found = driver.obstacles(&plan).await;
    if !found.is_empty() {
        return Err(Failure::new("cannot run here", found.join("\n")));
    }
    let now = jiff::Timestamp::now();
    let what = if options.hidden {
        "hidden".to_owned()
    } else {
        format!("rehearsal-{}-{}", plan.scenario, plan.seed)
    };
    let name = format!("{}-{what}", now.strftime("%Y-%m-%d"));
    let (run, folder) = folder::create(&options.kept.out, &name)?;
    let shown = options.kept.out.join(run.as_str());
    let (journal, keeper): (Box<dyn Sink>, Option<Child>) = if options.hidden {
        let (keeper, child) = Keeper::start(&program, &folder)?;
        (Box::new(keeper), Some(child))
    } else {
        (Box::new(JournalFile::create(&folder)?), None)
    };
    let (counter, orders) = desk();
    let (seat, asked) = desk();
    let served = Control::serve(&folder, seat.clone(), None);
    let control = served.map_err(|error| Failure::new("control socket", error))?;
    let (sender, records) = unbounded_channel();
    let (seal, origin) = (Seal::default(), Origin::default());
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
            journal,
            Box::new(seal.clone()),
            Box::new(origin.clone()),
            Box::new(Watch(sender)),
        ],
        context: Context {
            run,
            folder: folder.clone(),
        },
        seams: Seams {
            driver,
            plane: Box::new(Proxies::start(&plan, authority)?),
            gateway: Box::new(Gateways),
            load: Box::new(Generator {
                program: program.clone(),
            }),
            readings: Box::new(NetworkReadings),
            probe: Box::new(NetworkProbe),
        },
        stop: stop.clone(),
        orders: Some(orders),
    };
    let (ready, taken) = oneshot::channel::<Vec<Record>>();
    let (over, given_back) = oneshot::channel();
    let (left, leaves) = oneshot::channel();
    let task = program::task(&plan, &sitting.rehearsal);
    let title = if options.hidden {
        "a rehearsal".to_owned()
    } else {
        plan.scenario.to_string()
    };
    let most = sitting
        .rehearsal
        .mitigated
        .plus(sitting.rehearsal.recovered);
    let attendant = Attendant::new(plan, sitting, counter, records, asked, leaves)
        .ok_or_else(|| Failure::new("rehearsal", "nobody has the seat"))?;
    let lent = async {
        let records = taken.await.ok()?;
        let result = async {
            let equipment = equip(&folder, &records)?;
            let lent = match options.api.zip(task) {
                Some((address, task)) => {
                    program::lend(program::Served {
                        address,
                        program: &program,
                        folder: folder.clone(),
                        equipment,
                        task,
                        counter: seat,
                        over: given_back,
                        stop: &stop,
                    })
                    .await
                }
                None => {
                    terminal::lend(terminal::Lent {
                        program: &program,
                        folder: &folder,
                        equipment,
                        title,
                        timestamp: now.as_second(),
                        origin: origin.instant(),
                        over: given_back,
                        stop: &stop,
                    })
                    .await
                }
            };
            lent.map_err(|error| Failure::new("seat", error))
        }
        .await;
        let _ = left.send(());
        if result.is_err() {
            stop.ask(15);
        } else if stop.urgency() == Urgency::None {
            text::note(&format!(
                "users have to be served for {most} while the cause goes on and comes again · Ctrl-C ends it"
            ));
        }
        result.err()
    };
    let (outcome, attended, lent) =
        tokio::join!(execution.execute(), attendant.attend(ready, over), lent);
    drop(control);
    let _ = fs::remove_file(folder.join(lab_drivers::programs::FILE));
    for part in ["blocks", "seat"] {
        let _ = fs::remove_dir_all(folder.join(part));
    }
    if let Some(mut keeper) = keeper {
        let _ = keeper.wait();
    }
    outcome?;
    attended?;
    lent.map_or_else(|| Ok((shown, seal.digest())), Err)
}

/// What the shell is given: the endpoints, and the secrets among them.
fn equip(folder: &Path, records: &[Record]) -> Result<terminal::Equipment, Failure> {
    let broken = |error: std::io::Error| Failure::new("seat", error);
    fs::create_dir(folder.join("blocks")).map_err(broken)?;
    let by = std::env::var("USER").unwrap_or_else(|_| "seat".to_owned());
    let (mut variables, secrets) = endpoints(folder, &by, records)?;
    let path = |part: &str| folder.join(part).display().to_string();
    variables.push(("LAB_LOGS".to_owned(), path(LOGS)));
    variables.push(("LAB_DATA".to_owned(), path(DATA)));
    variables.push(("LAB_REHEARSAL".to_owned(), folder.display().to_string()));
    Ok(terminal::Equipment { variables, secrets })
}
