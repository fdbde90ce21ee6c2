//! Everything decided before a run starts. `lab plan` prints it; a run obeys it; the journal opens
//! with it, so that a verdict needs nothing else.

use serde::{Deserialize, Serialize};

use crate::action::ServiceFault;
use crate::indicator::Indicator;
use crate::ledger::LedgerCheck;
use crate::name::{Link, Name, Site};
use crate::objective::{Abort, Comparison, Objective};
use crate::pattern::Pattern;
use crate::system::System;
use crate::toxic::{Direction, Primitive};
use crate::traffic::Load;
use crate::units::{ByteRate, Ratio, Span};

/// A run, decided. All times count from the start of the load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: Name,
    /// What the scenario claims, in one sentence.
    pub hypothesis: String,
    /// What one learns when it fails; empty where the scenario does not say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lesson: String,
    /// Labels for choosing scenarios.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Name>,
    /// Decides every random choice, down to the connection.
    pub seed: u64,
    /// What is started.
    pub system: System,
    /// What is driven against it.
    pub load: Load,
    /// The Toxiproxy-compatible server through which faults are injected; absent where that is the
    /// lab's own proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub toxiproxy: Option<String>,
    /// In order, without gaps.
    pub phases: Vec<Phase>,
    /// What is broken, where, when.
    pub faults: Vec<Fault>,
    /// What must hold.
    pub objectives: Vec<Objective>,
    /// What must hold of a journey beside another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
    /// What must hold of figures that are read from the system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indicators: Vec<Indicator>,
    /// Resilience patterns that must show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Pattern>,
    /// What is compared with the ledger of writes when the load has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledgers: Vec<LedgerCheck>,
    /// What stops the run early.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abort: Vec<Abort>,
    /// Where the run ends as soon as its verdict is decided: how much of a phase a pass needs at
    /// the least. Absent where it always runs to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub early_stop: Option<Span>,
    /// The arguments of `lab` that run the same again.
    pub replay: Vec<String>,
    /// A setting worth trying where the run fails, as the scenario's author states it:
    /// `orders.timeout=400ms`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remedy: Vec<String>,
}

impl Effect {
    /// The share of what passes on a chosen connection that it acts on, at the least.
    pub fn share(&self) -> f64 {
        match self {
            Self::Alter { share } | Self::Lose { share } | Self::Exchange { share, .. } => {
                share.get()
            }
            _ => 1.0,
        }
    }
}

impl Plan {
    /// The time from the start of the load to the end of the last phase.
    pub fn length(&self) -> Span {
        self.phases.last().map_or(Span::ZERO, Phase::end)
    }

    /// The phase in which an instant lies.
    pub fn phase_at(&self, at: Span) -> Option<usize> {
        self.phases
            .iter()
            .position(|phase| phase.start <= at && at < phase.end())
    }

    /// The latency limits that objectives and patterns put on a journey, ascending, each once. The generator
    /// counts what exceeds them exactly.
    pub fn limits(&self, journey: &Name) -> Vec<Span> {
        let mut limits: Vec<Span> = self
            .objectives
            .iter()
            .filter(|objective| &objective.of == journey)
            .filter_map(|objective| objective.promise.limit())
            .collect();
        let watched = self
            .patterns
            .iter()
            .filter_map(|pattern| pattern.watch.as_ref());
        limits.extend(
            watched
                .filter(|watch| &watch.of == journey)
                .map(|watch| watch.within),
        );
        limits.sort_unstable();
        limits.dedup();
        limits
    }
}

/// A stretch of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its name, unique in the plan: `baseline`, `fault`, `fault-2`.
    pub name: Name,
    /// What it is for.
    pub kind: PhaseKind,
    /// From the start of the load.
    pub start: Span,
    /// How long it lasts.
    pub length: Span,
}

impl Phase {
    /// Its end: the start of the next one.
    pub fn end(&self) -> Span {
        self.start.plus(self.length)
    }
}

/// What a phase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PhaseKind {
    /// Load without judgement: caches fill, pools open.
    WarmUp,
    /// Healthy and measured: the steady state.
    Baseline,
    /// Faults are injected.
    Fault,
    /// Faults are gone.
    Recovery,
    /// People inject, heal and change what they like, until they end it: a sandbox.
    Open,
}

impl PhaseKind {
    /// Whether objectives can be judged in it.
    pub const fn is_measured(self) -> bool {
        !matches!(self, Self::WarmUp)
    }
}

/// One planned fault: where, when, what, and what must be seen of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The kind's name in the registry of faults.
    pub kind: Name,
    /// The fault in words with its settings: `latency 2s ± 200ms`.
    pub summary: String,
    /// Where. Of a fault on a service: the link into it on which its effect is looked for.
    pub link: Link,
    /// Which way.
    pub direction: Direction,
    /// The share of connections it acts on.
    pub toxicity: Ratio,
    /// The phase in which it was declared.
    pub phase: usize,
    /// When it is armed, in order, without overlap; several when it flaps.
    pub windows: Vec<Window>,
    /// What it is on the wire.
    pub primitives: Vec<Primitive>,
    /// What the proxy's counters must show for it to have a witness.
    pub effect: Effect,
    /// How it is taken back, in words: `the toxic is removed; bytes held back are sent at once`.
    pub undo: String,
}

impl Fault {
    /// What it does to a service; `None` where it acts on its link.
    pub fn on_service(&self) -> Option<&ServiceFault> {
        self.primitives
            .iter()
            .find_map(|primitive| match primitive {
                Primitive::Service(fault) => Some(fault),
                _ => None,
            })
    }

    /// What it acts on: a link or a service.
    pub fn site(&self) -> Site {
        self.on_service().map_or_else(
            || Site::Link(self.link.clone()),
            |fault| Site::Service(fault.service.clone()),
        )
    }
}

/// A stretch of time in which a fault is armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Armed at.
    pub from: Span,
    /// Healed at.
    pub to: Span,
}

/// What is done to single messages of a protocol: requests of HTTP and their answers, statements
/// and sessions of a database.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// They are answered by the proxy; the callee never sees them.
    Answered {
        /// The answer's status.
        status: u16,
    },
    /// Answers are held for about this long, give or take the jitter.
    Delayed {
        /// The mean of the added delay.
        mean: Span,
        /// The largest deviation.
        jitter: Span,
    },
    /// Answers break off, and the connection closes.
    CutShort,
    /// Bytes of answers change.
    Corrupted,
    /// Headers come, change or go.
    Edited,
    /// The connection is reset in the middle of an answer.
    Reset,
    /// Answers come a few bytes at a time.
    Dripped,
    /// Requests get the answer of an earlier one.
    Stale,
    /// Sessions of a database end, or do not begin.
    TurnedAway,
    /// Statements are held for about this long, give or take the jitter.
    Held {
        /// The mean of the added delay.
        mean: Span,
        /// The largest deviation.
        jitter: Span,
    },
    /// Statements that write are refused.
    WriteRefused,
    /// The connection is reset behind a commit, before its caller knows.
    CommitLost,
    /// Callers of TLS are shown a certificate with something wrong.
    CertificateShown,
    /// Handshakes of TLS are held for about this long.
    HandshakeHeld {
        /// The added delay.
        mean: Span,
    },
}

impl Deed {
    /// What it is done to, one of them: `request`, `statement`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::TurnedAway => "session",
            Self::Held { .. } | Self::WriteRefused => "statement",
            Self::CommitLost => "commit",
            Self::CertificateShown | Self::HandshakeHeld { .. } => "handshake",
            _ => "request",
        }
    }

    /// The protocol that a link has to speak for it: `HTTP/1.1`, `PostgreSQL`, `TLS`.
    pub const fn protocol(self) -> &'static str {
        match self {
            Self::TurnedAway | Self::Held { .. } | Self::WriteRefused | Self::CommitLost => {
                "PostgreSQL"
            }
            Self::CertificateShown | Self::HandshakeHeld { .. } => "TLS",
            _ => "HTTP/1.1",
        }
    }
}

/// What a fault must be seen to do.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Bytes are held for about this long, give or take the jitter.
    Delay {
        /// The mean of the added delay; the median where a long tail makes the mean.
        mean: Span,
        /// The largest deviation.
        jitter: Span,
    },
    /// Bytes pass no faster than this.
    Throttle {
        /// Per connection, or for all of the link together.
        rate: ByteRate,
    },
    /// Connections are reset.
    Reset,
    /// Connections are refused or cut.
    Refuse,
    /// Bytes vanish.
    Withhold,
    /// Connections are closed early or in an unusual way, without a reset.
    Close,
    /// Bytes pass in another shape, all of them.
    Reshape,
    /// New connections start later by this.
    Open {
        /// How long they wait.
        delay: Span,
    },
    /// Bytes change on their way.
    Alter {
        /// The share of bytes that change.
        share: Ratio,
    },
    /// Pieces vanish while the rest passes.
    Lose {
        /// The share of pieces that vanish.
        share: Ratio,
    },
    /// Single messages of a protocol are treated in some way.
    Exchange {
        /// What is done to them.
        deed: Deed,
        /// The share of those that match and are chosen to which it is done, at the least.
        share: Ratio,
    },
    /// A service is in the state that was asked for, whenever it is read back.
    State,
}
