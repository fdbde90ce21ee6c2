//! Commands around one run.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::{Choice, Kept, Strength, Up};

#[derive(Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) choice: Choice,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// Containers start from another image than the system names: `postgres:16=lab/postgres:15`;
    /// may be given several times.
    #[arg(long = "image", value_name = "NAME=SUBSTITUTE")]
    pub(crate) images: Vec<String>,

    /// A file of such substitutes, one a line.
    #[arg(long, value_name = "FILE")]
    pub(crate) image_map: Option<PathBuf>,

    /// How the result is printed.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,

    /// What a pass must be; one that is only observed is inconclusive where proof is asked for.
    #[arg(long, value_enum, default_value_t = Strength::Observed)]
    pub(crate) strength: Strength,

    /// Serve Toxiproxy's API for this run on an address, such as 127.0.0.1:8474. Without this flag
    /// nothing outside can reach the run's faults.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "toxiproxy")]
    pub(crate) proxy_api: Option<SocketAddr>,
}

impl Run {
    /// What `lab run` would be told to run this sandbox.
    pub(crate) fn sandbox(up: &Up) -> Self {
        Self {
            choice: Choice {
                scenario: Some(up.system.clone()),
                with: up.with.clone(),
                seed: up.seed,
                toxiproxy: None,
                driver: up.driver,
                allow: up.allow.clone(),
                early_stop: None,
                lengths: None,
            },
            kept: up.kept.clone(),
            images: vec![],
            image_map: None,
            format: "terminal".to_owned(),
            strength: Strength::Observed,
            proxy_api: up.proxy_api,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) choice: Choice,

    /// `terminal` or `json`.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// A run's id, the beginning of one, a path, or `last`.
    #[arg(default_value = "last")]
    pub(crate) run: String,

    #[command(flatten)]
    pub(crate) kept: Kept,

    /// How it is printed.
    #[arg(long, default_value = "terminal")]
    pub(crate) format: String,

    /// What a pass must be; one that is only observed is inconclusive where proof is asked for.
    #[arg(long, value_enum, default_value_t = Strength::Observed)]
    pub(crate) strength: Strength,
}
