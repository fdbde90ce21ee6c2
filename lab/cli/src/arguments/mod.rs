//! The command line, as clap reads it. Help texts are written here and nowhere else.
//!
//! | file | what lives there |
//! |---|---|
//! | `choice` | what several commands are told |
//! | `run` | `run`, `plan`, `report` |
//! | `sandbox` | `up`, and what is done to a system that is up |
//! | `files` | commands that read what people write, and start nothing |
//! | `release` | `gate`, `accept`, `compare`, `attest` |
//! | `rehearse` | `rehearse`, and what is said in a rehearsal |
//! | `upkeep` | `ps`, `images`, `clean` |

mod choice;
mod files;
mod rehearse;
mod release;
mod run;
mod sandbox;
mod upkeep;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::commands::grade::Grade;
use crate::commands::proxy::Proxy;

pub(crate) use choice::{Choice, Driver, Kept, Strength};
pub(crate) use files::{
    Check, Coverage, Explain, Format, List, Runbook, RunbookFiles, RunbookShow, Schema, Slo,
};
pub(crate) use rehearse::{Declare, Hint, Pause, Rehearse, Replay, Retro, Words};
pub(crate) use release::{Accept, Attest, AttestSign, AttestVerify, Compare, Gate};
pub(crate) use run::{Plan, Report, Run};
pub(crate) use sandbox::{
    Flag, Heal, Inject, Logs, RateOf, Route, Running, Status, Tap, TapFormat, Up,
};
pub(crate) use upkeep::{Clean, Images, ImagesBuild, Ps};

const AFTER: &str = "\
Exit codes: 0 pass, 1 an objective failed, 2 inconclusive, 3 invalid scenario or usage,
4 the environment or the lab failed, 5 clean-up incomplete, 6 stopped by an abort condition,
130 or 143 interrupted and cleaned up.

Start here: lab run slow-payments";

/// Rehearse failure before a cutover: start a system, break its links, drive honest load, and
/// learn what held.
#[derive(Debug, Parser)]
#[command(name = "lab", version, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Arguments {
    /// When to colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a scenario and say what held.
    Run(Run),
    /// Show what a run would do; touches nothing.
    Plan(Plan),
    /// Keep a system running under its load until Ctrl-C, to try things out.
    Up(Up),
    /// Break something in the system that is up.
    Inject(Inject),
    /// Take back what was injected.
    Heal(Heal),
    /// Show or change the shares of a route of the system that is up.
    Route(Route),
    /// Show or change a flag of the system that is up.
    Flag(Flag),
    /// Change the rate of the load of the system that is up.
    Rate(RateOf),
    /// Follow a link of the system that is up: its requests, one by one.
    Tap(Tap),
    /// Show how the system that is up fares.
    Status(Status),
    /// Show what services of the system that is up have written.
    Logs(Logs),
    /// Look for mistakes in scenario files, all at once.
    Check(Check),
    /// Look into runbooks: Markdown with blocks that people or the lab execute.
    #[command(subcommand)]
    Runbook(Runbook),
    /// Execute a runbook against the failures it is for, and grade what came of it.
    Grade(Grade),
    /// Take the seat: a system, a shell, and a failure that you handle yourself.
    Rehearse(Rehearse),
    /// In a rehearsal: say what is broken, and how.
    Declare(Declare),
    /// In a rehearsal: tell the people who wait something.
    Message(Words),
    /// In a rehearsal: write something down for the record.
    Note(Words),
    /// In a rehearsal: ask for the next hint.
    Hint(Hint),
    /// In a rehearsal with --training: stop the clock.
    Pause(Pause),
    /// In a rehearsal: it is handled, or nothing is wrong.
    Done(Running),
    /// In a rehearsal: give up.
    GiveUp(Running),
    /// Play the recording of a rehearsal, with what broke and what held.
    Replay(Replay),
    /// Print the retrospective of a rehearsal in Markdown.
    Retro(Retro),
    /// Show a run's verdict again, from its journal, or that of a grade or a rehearsal.
    Report(Report),
    /// Run many scenarios as one decision on a release, by a policy.
    Gate(Gate),
    /// Keep a run as what later runs are compared with.
    Accept(Accept),
    /// Say whether the second run got worse than the first.
    Compare(Compare),
    /// Sign what a run showed, or check such a signature.
    #[command(subcommand)]
    Attest(Attest),
    /// Show what scenarios break, and what none of them does.
    Coverage(Coverage),
    /// List scenarios with what they claim and teach.
    List(List),
    /// Explain a diagnostic's code, a kind of fault, or a resilience pattern.
    Explain(Explain),
    /// Print the JSON schema of a file format.
    Schema(Schema),
    /// Objectives as OpenSLO documents, and back.
    #[command(subcommand)]
    Slo(Slo),
    /// Serve the fault proxy where a Toxiproxy was, or talk to one that runs.
    Proxy(Proxy),
    /// Write a first scenario, a policy, and pipeline files for GitHub and GitLab.
    Init,
    /// Say what this machine can do, and what it cannot.
    Doctor,
    /// Remove what dead runs left behind; with `--runs` also the kept runs.
    Clean(Clean),
    /// List what runs have running now: processes, and things in the container engine.
    Ps(Ps),
    /// Make the images of the demo system where no registry has them.
    #[command(subcommand)]
    Images(Images),
    /// Print a shell completion script.
    Completions {
        /// The shell.
        shell: Shell,
    },
}
