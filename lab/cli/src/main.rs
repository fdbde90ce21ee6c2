//! `lab`: rehearse failure before a cutover.
//!
//! Arguments and wiring only. The load generator, the supervisor and the demo system are hidden
//! subcommands of this program, started by running it again: one file is all a user installs.

mod accepted;
mod arguments;
mod commands;
mod diagnostics;
mod hidden;
mod rehearsal;
mod runs;
mod scenario;
mod screen;
mod suggest;
mod sweep;
mod text;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use clap_complete::CompleteEnv;
use lab_model::Exit;

use crate::arguments::Arguments;
use crate::commands::proxy::with_two_dashes;

fn main() -> ExitCode {
    if let Some(code) = hidden::dispatch() {
        return code;
    }
    // Where a shell asks for completions this answers and ends the program.
    CompleteEnv::with_factory(Arguments::command).complete();
    match Arguments::try_parse_from(with_two_dashes(std::env::args_os())) {
        Ok(arguments) => commands::run(arguments).into(),
        Err(error) => {
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Pass.into(),
                _ => Exit::Usage.into(),
            }
        }
    }
}
