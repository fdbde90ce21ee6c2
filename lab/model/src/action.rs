//! What a fault does to a service itself, rather than to a link.

use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::units::{ByteRate, ByteSize, Ratio, Span};

/// An action with the service it acts on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ServiceFault {
    /// The service.
    pub service: Name,
    /// What is done to it.
    pub action: Action,
}

/// What is done to a service. Environment drivers carry it out and take it back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is ended by a signal and stays away; taken back, it is started again.
    Kill {
        /// The signal's name without `SIG`: `KILL`, `TERM`, `SEGV`.
        signal: String,
    },
    /// It is asked to end and stays away; taken back, it is started again.
    Stop,
    /// It is ended and started again at once.
    Restart,
    /// All its processes are frozen.
    Pause,
    /// It gets no more than a share of one processor.
    CpuLimit {
        /// The share.
        share: Ratio,
    },
    /// It may use no more memory than this.
    MemoryLimit {
        /// The most.
        most: ByteSize,
    },
    /// It reads and writes its disk no faster than this.
    IoLimit {
        /// In each direction.
        rate: ByteRate,
    },
    /// Its data folder is full.
    DiskFull,
    /// It is on no network.
    Disconnect,
    /// Its clock goes wrong.
    ClockSkew {
        /// By how much.
        by: Span,
        /// Whether it is behind instead of ahead.
        behind: bool,
    },
}
