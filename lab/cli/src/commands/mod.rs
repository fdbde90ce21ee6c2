//! One file a command.

mod check;
mod clean;
mod completions;
mod doctor;
mod explain;
mod list;
mod plan;
pub(crate) mod proxy;
mod report;
mod run;
mod runbook;
mod schema;

use lab_model::Exit;

use crate::arguments::{Arguments, Command};

/// Does what was asked for.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let color = arguments.color;
    match arguments.command {
        Command::Run(options) => run::run(&options, color),
        Command::Plan(options) => plan::run(&options, color),
        Command::Check(options) => check::run(&options, color),
        Command::Runbook(command) => runbook::run(&command, color),
        Command::Report(options) => report::run(&options, color),
        Command::List(options) => list::run(&options, color),
        Command::Explain(options) => explain::run(&options),
        Command::Schema(options) => schema::run(options.of),
        Command::Proxy(options) => proxy::run(options),
        Command::Doctor => doctor::run(),
        Command::Clean(options) => clean::run(&options),
        Command::Completions { shell } => completions::run(shell),
    }
}
