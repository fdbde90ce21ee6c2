//! Commands around a system that is up.

use std::net::SocketAddr;

use clap::Args;
use clap_complete::ArgValueCandidates;

use super::{Driver, Kept};
use crate::suggest;

#[derive(Debug, Args)]
#[command(after_help = "\
From a second terminal: lab status, lab inject 'orders -> payments' latency delay=2s, lab heal,
lab route orders service=5, lab flag compact-pages on, lab rate 300/s, lab tap orders-to-payments,
lab logs --follow.")]
pub(crate) struct Up {
    /// A system that comes with the lab (shop), a system's file, or a scenario, which is used
    /// without its faults.
    #[arg(add = ArgValueCandidates::new(suggest::systems_and_scenarios))]
    pub(crate) system: String,

    /// Change a setting of the system: `orders.timeout=400ms`; may be given several times.
    #[arg(long = "with", value_name = "SETTING=VALUE")]
    pub(crate) with: Vec<String>,

    /// Decides every random choice.
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// What services run as.
    #[arg(long, value_enum, default_value_t = Driver::Auto)]
    pub(crate) driver: Driver,

    /// A host beside this one that load and faults may reach, by name or address.
    #[arg(long = "allow", value_name = "HOST")]
    pub(crate) allow: Vec<String>,

    /// Serve Toxiproxy's API on an address, such as 127.0.0.1:8474.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) proxy_api: Option<SocketAddr>,
}

/// Which running system is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Running {
    /// Which one, where several are up: a run's id or the beginning of one.
    #[arg(long)]
    pub(crate) run: Option<String>,

    #[command(flatten)]
    pub(crate) kept: Kept,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example: lab inject 'orders -> payments' latency delay=2s jitter=200ms for=30s
Beside the fault's own settings there is for, after, toxicity and direction. lab explain fault lists
the kinds, lab explain fault latency its settings.")]
pub(crate) struct Inject {
    /// Where: 'orders -> payments', or orders-to-payments.
    #[arg(add = ArgValueCandidates::new(suggest::links))]
    pub(crate) link: String,

    /// A kind of fault.
    #[arg(add = ArgValueCandidates::new(suggest::kinds))]
    pub(crate) fault: String,

    /// Its settings.
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Heal {
    /// The fault's number, as `lab status` shows it; all faults where none is given.
    #[arg(add = ArgValueCandidates::new(suggest::faults))]
    pub(crate) fault: Option<usize>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example: lab route orders service=5 gives the upstream service 5 %; the others divide the rest as
they stood to each other.")]
pub(crate) struct Route {
    /// A route; all are shown where none is given.
    #[arg(value_name = "ROUTE", add = ArgValueCandidates::new(suggest::routes))]
    pub(crate) name: Option<String>,

    /// An upstream's new share in percent; may be given several times.
    #[arg(value_name = "UPSTREAM=PERCENT", add = ArgValueCandidates::new(suggest::upstreams))]
    pub(crate) shares: Vec<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Flag {
    /// A flag; all are shown where none is given.
    #[arg(value_name = "FLAG", add = ArgValueCandidates::new(suggest::flags))]
    pub(crate) name: Option<String>,

    /// Its new value.
    pub(crate) value: Option<String>,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Example: lab rate 300/s. The change is in the journal, and counted with from its first arrival on.")]
pub(crate) struct RateOf {
    /// Journeys per second, minute or hour: 300/s, 90/min.
    #[arg(value_name = "RATE")]
    pub(crate) rate: lab_model::Rate,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Times count from the first byte of a request, as its caller sees them: until the callee was connected
to (first request of a connection), until the first byte of the reply, until its last. An attempt has
a number where requests carry an idempotency key or a trace. Queries of paths are not shown.
Example: lab tap 'orders -> payments' --format json | jq .status")]
pub(crate) struct Tap {
    /// Which: 'orders -> payments', or orders-to-payments.
    #[arg(add = ArgValueCandidates::new(suggest::links))]
    pub(crate) link: String,

    /// What is written for each request.
    #[arg(long, value_enum, default_value_t = TapFormat::Text)]
    pub(crate) format: TapFormat,

    /// End after so many lines; else with Ctrl-C, or with the system.
    #[arg(long, value_name = "LINES")]
    pub(crate) count: Option<std::num::NonZeroU64>,

    #[command(flatten)]
    pub(crate) running: Running,
}

/// What is written for each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TapFormat {
    /// A line of a table.
    Text,
    /// A JSON object on a line.
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) running: Running,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// A service; all where none is given.
    #[arg(add = ArgValueCandidates::new(suggest::services))]
    pub(crate) service: Option<String>,

    /// Go on until the system ends.
    #[arg(long, short)]
    pub(crate) follow: bool,

    #[command(flatten)]
    pub(crate) running: Running,
}
