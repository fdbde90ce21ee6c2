//! `lab __prompt`: the line above each prompt of the shell: the clock, what holds, the budget.

use std::path::Path;
use std::process::ExitCode;

use lab_drivers::control;
use lab_engine::desk::{Answer, Command};

use crate::text;

/// Prints it; nothing where no rehearsal goes on.
pub(crate) fn run() -> ExitCode {
    let Some(folder) = std::env::var_os("LAB_REHEARSAL") else {
        return ExitCode::SUCCESS;
    };
    let answer = control::ask(Path::new(&folder), "prompt", Command::Status);
    if let Ok(Ok(Answer::Status(status))) = answer {
        let line = lab_report::brief::prompt(&status, text::speaks_unicode());
        text::out(&format!("{line}\n"));
    }
    ExitCode::SUCCESS
}
