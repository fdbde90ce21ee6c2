//! What the lab and its supervisor say to each other: JSON lines on the supervisor's standard
//! input and output.

use std::path::PathBuf;

use lab_engine::seam::Pace;
use lab_model::Name;
use serde::{Deserialize, Serialize};

/// The environment variable that every process of a run carries; its value is the run's folder.
/// It finds what has left every group and parent.
pub(crate) const MARK: &str = "LAB_RUN_FOLDER";

/// From the lab to the supervisor. The end of the pipe means that the lab is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// Start a service.
    Spawn(Box<Spawn>),
    /// Stop everything.
    Stop(Speed),
}

/// A service to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spawn {
    pub(crate) name: Name,
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) folder: PathBuf,
    pub(crate) log: PathBuf,
}

/// [`Pace`] on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Speed {
    Orderly,
    Fast,
}

impl From<Pace> for Speed {
    fn from(pace: Pace) -> Self {
        match pace {
            Pace::Orderly => Self::Orderly,
            Pace::Fast => Self::Fast,
        }
    }
}

/// From the supervisor to the lab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// A service runs.
    Spawned { name: Name, pid: i32 },
    /// A service could not be started.
    Refused { name: Name, reason: String },
    /// A service ended by itself.
    Exited { name: Name, status: String },
    /// Everything has ended, but for what is named. The last line.
    Stopped { left: Vec<String> },
}
