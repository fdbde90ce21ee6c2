//! `lab run`: a scenario from start to verdict.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use lab_drivers::Authority;
use lab_drivers::allowed::{self, NOT_ALLOWED};
use lab_drivers::attached::Attached;
use lab_drivers::containers::image::Substitutes;
use lab_drivers::containers::{Containers, engine};
use lab_drivers::control::Control;
use lab_drivers::folder::{self, JournalFile};
use lab_drivers::gateways::Gateways;
use lab_drivers::generator::Generator;
use lab_drivers::lease;
use lab_drivers::probe::NetworkProbe;
use lab_drivers::processes::Processes;
use lab_drivers::proxies::Proxies;
use lab_drivers::readings::NetworkReadings;
use lab_drivers::taps::Taps;
#[cfg(feature = "toxiproxy")]
use lab_drivers::toxiproxy::Toxiproxy;
use lab_engine::desk::desk;
use lab_engine::seam::{Context, EnvironmentDriver, FaultPlane, Sink};
use lab_engine::stop::Urgency;
use lab_engine::{Failure, Run as Execution, Seams, Stop};
use lab_model::container::Runtime;
use lab_model::event::Opened;
use lab_model::{Exit, Plan, journal};
use lab_report::{Format, Run as Report, terminal};
use lab_scenarios::{Planned, catalog};
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Color, Driver, Run};
use crate::commands::{report, up};
use crate::screen::Screen;
use crate::{runs, scenario, sweep, text};

pub(crate) fn run(options: &Run, color: Color) -> Exit {
    let Some(format) = report::format(&options.format) else {
        return Exit::Usage;
    };
    let Some(reference) = chosen(options.choice.scenario.as_deref(), "run") else {
        return Exit::Usage;
    };
    if options.choice.driver != Driver::Processes {
        engine::point_client();
    }
    let substitutes = match substitutes(options) {
        Ok(substitutes) => substitutes,
        Err(reason) => {
            text::error(&reason, "");
            return Exit::Usage;
        }
    };
    let planned = match scenario::planned(&options.choice, &reference, color) {
        Ok(planned) => planned,
        Err(exit) => return exit,
    };
    for swept in sweep::sweep(&options.kept.out, planned.runtime == Runtime::Containers) {
        text::note(&format!("swept {swept}"));
    }
    match execute(options, planned, substitutes, Watch::Screen, color) {
        Ok(folder) => conclude(options, &folder, format, color),
        Err(failure) => {
            text::error(&failure.to_string(), help_for(&failure));
            exit_of(&failure)
        }
    }
}

/// The scenario that is meant. Without a name, the shortest one is offered.
pub(crate) fn chosen(name: Option<&str>, command: &str) -> Option<String> {
    if let Some(name) = name {
        return Some(name.to_owned());
    }
    let shortest = catalog::names()
        .filter_map(|name| {
            let source = catalog::load(name).ok()?;
            let plan = lab_scenarios::plan(source, &lab_scenarios::Overrides::default())
                .ok()?
                .plan;
            Some((plan.length(), name))
        })
        .min()?;
    let (length, name) = shortest;
    if command == "run" && std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        text::note(&format!(
            "no scenario named; {name} is the shortest ({length}). Run it? [Y/n]"
        ));
        let mut answer = String::new();
        let read = std::io::stdin().lock().read_line(&mut answer).unwrap_or(0);
        if read > 0 && matches!(answer.trim(), "" | "y" | "Y" | "yes") {
            return Some(name.to_owned());
        }
    } else {
        text::error(
            "no scenario named",
            &format!("lab {command} {name}, or lab list"),
        );
    }
    None
}

/// Which images stand for others.
fn substitutes(options: &Run) -> Result<Substitutes, String> {
    let mut substitutes = Substitutes::default();
    if let Some(file) = &options.image_map {
        substitutes.add_file(file)?;
    }
    for text in &options.images {
        substitutes.add(text)?;
    }
    Ok(substitutes)
}

/// The part that a failure names when someone asked for the end before anything was started.
const STOPPED: &str = "stopped";

/// What helps where a run never began.
pub(crate) fn help_for(failure: &Failure) -> &'static str {
    match failure.part.as_str() {
        // It says itself what to do.
        NOT_ALLOWED => "",
        _ => "lab doctor says what this machine can do",
    }
}

/// The exit code of a run that never began.
pub(crate) fn exit_of(failure: &Failure) -> Exit {
    match failure.part.as_str() {
        STOPPED => Exit::Interrupted,
        NOT_ALLOWED => Exit::Usage,
        _ => Exit::Environment,
    }
}

/// Looks for what stands in a plan's way before anything is started; images may be pulled.
async fn clear(driver: &dyn EnvironmentDriver, plan: &Plan, stop: &Stop) -> Result<(), Failure> {
    let found = tokio::select! {
        found = driver.obstacles(plan) => found,
        _ = stop.at_least(Urgency::Orderly) => {
            return Err(Failure::new(STOPPED, "nothing was started"));
        }
    };
    if found.is_empty() {
        Ok(())
    } else {
        Err(Failure::new("cannot run here", found.join("\n")))
    }
}

/// What is seen of a run while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Its phases and a living line.
    Screen,
    /// Nothing, as others run beside it.
    Nothing,
}

/// Runs a plan; returns the run's folder as the user would write it.
pub(crate) fn execute(
    options: &Run,
    planned: Planned,
    substitutes: Substitutes,
    watch: Watch,
    color: Color,
) -> Result<PathBuf, Failure> {
    let Planned {
        plan,
        runtime: kind,
        ..
    } = planned;
    let program = std::env::current_exe().map_err(|error| Failure::new("lab", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("lab", error))?;
    runtime.block_on(async {
        // Heard before anything is started, so that nothing started is ever left.
        let stop = Stop::new();
        listen(&stop)?;
        let authority = Authority::default();
        let driver: Box<dyn EnvironmentDriver> = match kind {
            Runtime::Processes => Box::new(Processes {
                program: program.clone(),
                authority: authority.clone(),
            }),
            Runtime::Attached => Box::new(Attached {
                system: plan.system.clone(),
                allowed: options.choice.allow.clone(),
            }),
            Runtime::Containers => Box::new(Containers {
                program: program.clone(),
                system: plan.system.clone(),
                substitutes: substitutes.into(),
                progress: Box::new(text::note),
            }),
        };
        allowed::check(&plan, &options.choice.allow).await?;
        clear(driver.as_ref(), &plan, &stop).await?;
        let now = jiff::Timestamp::now();
        let date = now.strftime("%Y-%m-%d");
        let name = format!("{date}-{}-{}", plan.scenario, plan.seed);
        let (run, folder) = folder::create(&options.kept.out, &name)?;
        let shown = options.kept.out.join(run.as_str());
        let context = Context { run, folder };
        let (plane, taps) = match plane(options, &plan, &context, authority).await {
            Ok(planes) => planes,
            Err(failure) => {
                // Nothing ran, so there is nothing to keep; a claim that stands is kept.
                if !lease::is_owed(&context.folder) {
                    let _ = std::fs::remove_dir_all(&context.folder);
                }
                return Err(failure);
            }
        };
        let mut sinks: Vec<Box<dyn Sink>> = vec![Box::new(JournalFile::create(&context.folder)?)];
        if watch == Watch::Screen {
            let style = text::style(color, &std::io::stderr());
            sinks.push(Box::new(Screen::new(&plan, style)));
        }
        let mut orders = None;
        // Removed with the run's end.
        let mut control = None;
        if up::is_open(&plan) {
            let (counter, taken) = desk();
            let served = Control::serve(&context.folder, counter, taps);
            control = Some(served.map_err(|error| Failure::new("control socket", error))?);
            orders = Some(taken);
        }
        let execution = Execution {
            opened: Opened {
                journal: journal::VERSION,
                lab: env!("CARGO_PKG_VERSION").to_owned(),
                run: context.run.clone(),
                wall: now.to_string(),
                driver: driver.name(),
                plan,
            },
            sinks,
            context,
            seams: Seams {
                driver,
                plane,
                gateway: Box::new(Gateways),
                load: Box::new(Generator { program }),
                readings: Box::new(NetworkReadings),
                probe: Box::new(NetworkProbe),
            },
            stop,
            orders,
        };
        let outcome = execution.execute().await;
        drop(control);
        outcome.map(|()| shown)
    })
}

/// Where faults are injected: the lab's own proxy, whose links can be followed, or a server that runs
/// already.
async fn plane(
    options: &Run,
    plan: &Plan,
    context: &Context,
    authority: Authority,
) -> Result<(Box<dyn FaultPlane>, Option<Taps>), Failure> {
    if let Some(address) = &plan.toxiproxy {
        return Ok((elsewhere(address, plan, context).await?, None));
    }
    let plane = Proxies::start(plan, authority)?;
    if let Some(address) = options.proxy_api {
        let address = plane.serve_api(address).await?;
        text::note(&format!("Toxiproxy's API for this run: http://{address}"));
    }
    let taps = plane.taps();
    Ok((Box::new(plane), Some(taps)))
}

#[cfg(feature = "toxiproxy")]
async fn elsewhere(
    address: &str,
    plan: &Plan,
    context: &Context,
) -> Result<Box<dyn FaultPlane>, Failure> {
    let plane = Toxiproxy::start(address, plan, context).await?;
    text::note(&format!("faults by the Toxiproxy at {}", plane.about()));
    Ok(Box::new(plane))
}

#[cfg(not(feature = "toxiproxy"))]
#[expect(clippy::unused_async, reason = "as with the feature")]
async fn elsewhere(address: &str, _: &Plan, _: &Context) -> Result<Box<dyn FaultPlane>, Failure> {
    let reason = format!("this lab was built without the feature `toxiproxy`, so not by {address}");
    Err(Failure::new("toxiproxy", reason))
}

/// Hears Ctrl-C, SIGTERM, and the end of the terminal.
pub(crate) fn listen(stop: &Stop) -> Result<(), Failure> {
    let kinds = [
        (SignalKind::interrupt(), 2),
        (SignalKind::terminate(), 15),
        (SignalKind::hangup(), 15),
    ];
    for (kind, number) in kinds {
        let mut heard = signal(kind).map_err(|error| Failure::new("lab", error))?;
        let stop = stop.clone();
        tokio::spawn(async move {
            while heard.recv().await.is_some() {
                stop.ask(number);
            }
        });
    }
    Ok(())
}

/// Judges the journal as it was written, and prints.
fn conclude(options: &Run, folder: &std::path::Path, format: &Format, color: Color) -> Exit {
    let journal = match runs::journal(folder) {
        Ok(journal) => journal,
        Err(error) => {
            text::error(&error.to_string(), "");
            return Exit::Environment;
        }
    };
    let verdict = report::judged(&journal, options.strength);
    let kept = folder.to_string_lossy();
    let report = Report::new(&journal, &verdict, Some(&kept));
    let style = text::style(color, &std::io::stdout());
    // Who watched the phases needs only what follows from them.
    let watched = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
    text::out(&if watched && options.format == terminal::FORMAT.name {
        format!("\n{}", terminal::conclusion(&report, &style))
    } else {
        (format.render)(&report, &style)
    });
    verdict.exit
}
