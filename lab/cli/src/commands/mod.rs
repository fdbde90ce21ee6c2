//! One file a command.

mod accept;
mod attest;
mod check;
mod clean;
mod compare;
mod completions;
mod coverage;
mod doctor;
mod explain;
mod gate;
pub(crate) mod grade;
mod images;
mod init;
mod list;
mod plan;
pub(crate) mod proxy;
mod ps;
pub(crate) mod rehearse;
mod report;
mod run;
mod runbook;
pub(crate) mod runbook_run;
pub(crate) mod sandbox;
mod schema;
mod slo;
mod tap;
mod up;

use lab_model::Exit;

use crate::arguments::{Arguments, Command};

/// Does what was asked for.
pub(crate) fn run(arguments: Arguments) -> Exit {
    let color = arguments.color;
    match arguments.command {
        Command::Run(options) => run::run(&options, color),
        Command::Plan(options) => plan::run(&options, color),
        Command::Up(options) => up::run(&options, color),
        Command::Inject(options) => sandbox::inject(&options, color),
        Command::Heal(options) => sandbox::heal(&options),
        Command::Route(options) => sandbox::route(&options),
        Command::Flag(options) => sandbox::flag(&options),
        Command::Rate(options) => sandbox::rate(&options),
        Command::Tap(options) => tap::run(&options, color),
        Command::Status(options) => sandbox::status(&options, color),
        Command::Logs(options) => sandbox::logs(&options),
        Command::Check(options) => check::run(&options, color),
        Command::Runbook(command) => runbook::run(&command, color),
        Command::Grade(options) => grade::run(&options, color),
        Command::Rehearse(options) => rehearse::run(&options, color),
        Command::Declare(options) => rehearse::say::declare(&options),
        Command::Message(options) => rehearse::say::message(&options),
        Command::Note(options) => rehearse::say::note(&options),
        Command::Hint(options) => rehearse::say::hint(&options),
        Command::Pause(options) => rehearse::say::pause(&options),
        Command::Done(running) => rehearse::say::done(&running),
        Command::GiveUp(running) => rehearse::say::give_up(&running),
        Command::Replay(options) => rehearse::replay::run(&options),
        Command::Retro(options) => rehearse::retro(&options),
        Command::Report(options) => report::run(&options, color),
        Command::Gate(options) => gate::run(&options, color),
        Command::Accept(options) => accept::run(&options),
        Command::Compare(options) => compare::run(&options, color),
        Command::Attest(command) => attest::run(&command),
        Command::Coverage(options) => coverage::run(&options, color),
        Command::List(options) => list::run(&options, color),
        Command::Explain(options) => explain::run(&options),
        Command::Slo(command) => slo::run(&command, color),
        Command::Schema(options) => schema::run(options.of),
        Command::Proxy(options) => proxy::run(options),
        Command::Init => init::run(),
        Command::Doctor => doctor::run(),
        Command::Clean(options) => clean::run(&options),
        Command::Ps(options) => ps::run(&options),
        Command::Images(command) => images::run(&command),
        Command::Completions { shell } => completions::run(shell),
    }
}
