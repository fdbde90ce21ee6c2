//! What the container driver needs of a service beside its image and environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::units::ByteSize;

/// What services run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// Processes of this host.
    Processes,
    /// Containers of an engine.
    Containers,
    /// Nothing is started: what is rehearsed on runs already. Files say so with `attach`.
    #[serde(skip)]
    Attached,
}

impl Runtime {
    /// The word for it on command lines and in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processes => "processes",
            Self::Containers => "containers",
            Self::Attached => "attached",
        }
    }
}

/// A service as a container; everything may be left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Container {
    /// Instead of the image's command: arguments to its entry point.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Instead of the image's entry point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<String>,
    /// Environment values that differ from the service's own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Where it listens; 8080 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The size of its data folder; without a limit if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<ByteSize>,
    /// Files that are put into it before it starts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// The most memory it may take; without a limit if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// The most processors it may keep busy: 0.5 is half of one; without a limit if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// What is mounted into it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// The image is built from this folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build: Option<Build>,
    /// Callees that it reaches under their own names and ports, with the port of each: the link's
    /// proxy stands there.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_name: BTreeMap<Name, u16>,
    /// What is asked inside of it until it answers with success, beside its readiness check.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub health: Vec<String>,
    /// The user it runs as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The folder it starts in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
}

impl Container {
    /// Where a service listens that does not say so.
    pub const PORT: u16 = 8_080;

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(Self::PORT)
    }
}

/// A file put into a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where in the container.
    pub path: String,
    /// What it holds.
    pub content: String,
}

/// Something mounted into a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// What.
    pub from: MountSource,
    /// Where in the container.
    pub to: String,
    /// Whether it can only be read; a folder of the user's own always is.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MountSource {
    /// A volume of the run, by the name that services share it under.
    Volume(Name),
    /// A folder or file of this host.
    Host(PathBuf),
    /// Memory.
    Memory,
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// The folder that is sent to the engine.
    pub context: PathBuf,
    /// The file of instructions within it.
    pub dockerfile: String,
    /// Values of its arguments.
    pub arguments: BTreeMap<String, String>,
    /// The stage to stop at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}
