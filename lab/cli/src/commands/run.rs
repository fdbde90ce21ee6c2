//! `lab run`: a scenario from start to verdict.

use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;

use lab_drivers::folder::{self, JournalFile};
use lab_drivers::generator::Generator;
use lab_drivers::lease;
use lab_drivers::probe::NetworkProbe;
use lab_drivers::processes::Processes;
use lab_drivers::proxies::Proxies;
use lab_engine::seam::{Context, EnvironmentDriver};
use lab_engine::{Failure, Run as Execution, Seams, Stop};
use lab_model::event::Opened;
use lab_model::{Exit, Plan, journal};
use lab_report::{Format, Run as Report, terminal};
use lab_scenarios::catalog;
use lab_verdict::judge;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{Color, Driver, Run};
use crate::commands::report;
use crate::screen::Screen;
use crate::{runs, scenario, text};

pub(crate) fn run(options: &Run, color: Color) -> Exit {
    let Some(format) = report::format(&options.format) else {
        return Exit::Usage;
    };
    let Some(reference) = chosen(options.choice.scenario.as_deref(), "run") else {
        return Exit::Usage;
    };
    let planned = match scenario::planned(&options.choice, &reference, color) {
        Ok(planned) => planned,
        Err(exit) => return exit,
    };
    for swept in lease::sweep(&options.kept.out) {
        text::note(&format!(
            "swept {}: its owner is gone, {} processes ended",
            swept.run, swept.ended
        ));
    }
    match execute(options, planned.plan, color) {
        Ok(folder) => conclude(options, &folder, format, color),
        Err(failure) => {
            text::error(
                &failure.to_string(),
                "lab doctor says what this machine can do",
            );
            Exit::Environment
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

/// Runs a plan; returns the run's folder as the user would write it.
fn execute(options: &Run, plan: Plan, color: Color) -> Result<PathBuf, Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::new("lab", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("lab", error))?;
    runtime.block_on(async {
        // Heard before anything is started, so that nothing started is ever left.
        let stop = Stop::new();
        listen(&stop)?;
        let plane = Proxies::start(plan.seed)?;
        if let Some(address) = options.proxy_api {
            let address = plane.serve_api(address).await?;
            text::note(&format!("Toxiproxy's API for this run: http://{address}"));
        }
        let driver = match options.driver {
            Driver::Auto | Driver::Processes => Processes {
                program: program.clone(),
            },
        };
        let now = jiff::Timestamp::now();
        let date = now.strftime("%Y-%m-%d");
        let name = format!("{date}-{}-{}", plan.scenario, plan.seed);
        let (run, folder) = folder::create(&options.kept.out, &name)?;
        let shown = options.kept.out.join(run.as_str());
        let screen = Screen::new(&plan, text::style(color, &std::io::stderr()));
        let execution = Execution {
            opened: Opened {
                journal: journal::VERSION,
                lab: env!("CARGO_PKG_VERSION").to_owned(),
                run: run.clone(),
                wall: now.to_string(),
                driver: driver.name(),
                plan,
            },
            sinks: vec![Box::new(JournalFile::create(&folder)?), Box::new(screen)],
            context: Context { run, folder },
            seams: Seams {
                driver: Box::new(driver),
                plane: Box::new(plane),
                load: Box::new(Generator { program }),
                probe: Box::new(NetworkProbe),
            },
            stop,
        };
        execution.execute().await.map(|()| shown)
    })
}

/// Hears Ctrl-C, SIGTERM, and the end of the terminal.
fn listen(stop: &Stop) -> Result<(), Failure> {
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
    let verdict = judge(&journal);
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
