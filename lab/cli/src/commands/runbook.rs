//! `lab runbook`: what stands in a runbook, what is wrong with it, and the order of execution.

use lab_model::Exit;
use lab_runbooks::{Reading, Runnable, plan, show};

use crate::arguments::{Color, Runbook, RunbookFiles, RunbookShow};
use crate::commands::runbook_run;
use crate::diagnostics::{self, counted, is_sarif, render};
use crate::rehearsal::open;
use crate::text;

pub(crate) fn run(command: &Runbook, color: Color) -> Exit {
    match command {
        Runbook::Check(options) => check(options, color),
        Runbook::Show(options) => shown(options, color),
        Runbook::Run(options) => runbook_run::run(options, color),
    }
}

fn check(options: &RunbookFiles, color: Color) -> Exit {
    let Some(sarif) = is_sarif(&options.format) else {
        return Exit::Usage;
    };
    let stdout = std::io::stdout();
    let mut exit = Exit::Pass;
    let mut all = Vec::new();
    for file in &options.files {
        let reading = match open(file) {
            Ok(reading) => reading,
            Err(trouble) => {
                trouble.tell(color);
                exit = Exit::Usage;
                continue;
            }
        };
        let found = reading.diagnostics();
        if sarif {
            if found.has_errors() {
                exit = Exit::Usage;
            }
            all.extend(found.iter().cloned());
            continue;
        }
        text::out(&render(found, color, &stdout));
        if found.has_errors() {
            exit = Exit::Usage;
        }
        let blocks = reading.blocks();
        let runs = |runnable: &Runnable| matches!(runnable, Runnable::Runnable { .. });
        let running = blocks.iter().filter(|block| runs(&block.runnable)).count();
        let (errors, warnings) = found.count();
        text::out(&format!(
            "{file}: {}, {running} can run, {}, {}\n{}",
            counted(blocks.len(), "block"),
            counted(errors, "error"),
            counted(warnings, "warning"),
            show::manual(blocks)
        ));
    }
    if sarif {
        text::out(&diagnostics::sarif(&all));
    }
    exit
}

fn shown(options: &RunbookShow, color: Color) -> Exit {
    let json = match options.format.as_str() {
        "terminal" => false,
        "json" => true,
        other => {
            text::error(
                &format!("a runbook has no format called `{other}`"),
                "terminal, json",
            );
            return Exit::Usage;
        }
    };
    let stderr = std::io::stderr();
    let (runbook, warnings) = match open(&options.file).map(Reading::into_runbook) {
        Ok(Ok(read)) => read,
        Ok(Err(found)) => {
            text::note_all(&render(&found, color, &stderr));
            text::error(
                "a runbook with mistakes has no plan",
                "correct what stands above",
            );
            return Exit::Usage;
        }
        Err(trouble) => {
            trouble.tell(color);
            return Exit::Usage;
        }
    };
    text::note_all(&render(&warnings, color, &stderr));
    let plan = plan(&runbook);
    if !json {
        text::out(&show::text(&runbook, &plan));
        return Exit::Pass;
    }
    match show::json(&runbook, &plan) {
        Ok(shown) => {
            text::out(&shown);
            Exit::Pass
        }
        Err(error) => {
            text::error(&format!("the plan cannot be written as JSON: {error}"), "");
            Exit::Environment
        }
    }
}
