//! A rehearsal by hand, and what is said in it.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use clap_complete::ArgValueCandidates;
use lab_model::Span;

use super::{Driver, Kept, Running};
use crate::suggest;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(after_help = "\
Exit codes: 0 handled, 1 not handled, 2 the lab cannot say, 3 the scenario or the usage is wrong,
4 the environment or the lab failed, 130 or 143 interrupted, and cleaned up.
Example: lab rehearse slow-payments, and in a second terminal lab rehearse --status")]
pub(crate) struct Rehearse {
    /// A scenario's name or a path to its file; with --hidden one is chosen where none is given.
    #[arg(add = ArgValueCandidates::new(suggest::scenarios))]
    pub(crate) scenario: Option<String>,

    /// A runbook that is rehearsed: what it may touch, protects and asks for counts.
    #[arg(long, value_name = "FILE")]
    pub(crate) runbook: Option<PathBuf>,

    /// Nothing in reach tells what is broken, nor whether anything is.
    #[arg(long)]
    pub(crate) hidden: bool,

    /// Nothing breaks: declaring something is a false alarm.
    #[arg(long)]
    pub(crate) healthy: bool,

    /// Decides when it breaks, and every other random choice; a new one each time if left out.
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// Change a setting of the system: `orders.timeout=400ms`; may be given several times.
    #[arg(long = "with", value_name = "SETTING=VALUE")]
    pub(crate) with: Vec<String>,

    /// How long it may take, from the prompt on; at most 30m.
    #[arg(long, value_name = "TIME", default_value = "20m")]
    pub(crate) limit: Span,

    /// It breaks at a moment within so long after the prompt.
    #[arg(long, value_name = "TIME", default_value = "90s")]
    pub(crate) within: Span,

    /// Users count as served after 5 s and everything as settled after 10 s, as in `lab grade`,
    /// instead of 30 s and 60 s.
    #[arg(long)]
    pub(crate) quick: bool,

    /// The clock may be stopped for questions, with `lab pause`.
    #[arg(long)]
    pub(crate) training: bool,

    /// Show how the rehearsal that goes on in another terminal stands, until it ends.
    #[arg(long, conflicts_with_all = ["scenario", "runbook", "hidden", "healthy", "training"])]
    pub(crate) status: bool,

    /// A program takes the seat, over HTTP on this address of loopback: the first line of standard
    /// output says where, and which file has the token.
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.1:0", conflicts_with = "status")]
    pub(crate) api: Option<SocketAddr>,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Declare {
    /// The part that is broken: a service, or a link as in orders-to-payments.
    #[arg(add = ArgValueCandidates::new(suggest::components))]
    pub(crate) component: String,

    /// How: errors, latency, unavailable, data.
    #[arg(add = ArgValueCandidates::new(suggest::symptoms))]
    pub(crate) symptom: String,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Words {
    /// What to say.
    #[arg(required = true)]
    pub(crate) words: Vec<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Hint {
    /// Show the solution; at most 49 points are left then.
    #[arg(long)]
    pub(crate) solution: bool,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Pause {
    /// Let the clock go on.
    #[arg(long)]
    pub(crate) end: bool,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Retro {
    /// A run's id, the beginning of one, a path, or `last`.
    pub(crate) run: String,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// A run's id, the beginning of one, a path, or `last`.
    pub(crate) run: String,

    /// How many times faster.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) speed: f64,

    /// The longest that nothing happens, in the recording's own time.
    #[arg(long, value_name = "TIME", default_value = "3s")]
    pub(crate) idle: Span,

    #[command(flatten)]
    pub(crate) kept: Kept,
}
