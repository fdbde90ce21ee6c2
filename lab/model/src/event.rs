//! One entry of the journal: when, and what happened.

use serde::{Deserialize, Serialize};

use crate::gateway::{GatewayChange, UpstreamReport};
use crate::histogram::Histogram;
use crate::indicator::ReadingReport;
use crate::ledger::LedgerReport;
use crate::link::{FaultReport, LinkReport};
use crate::load::LoadReport;
use crate::name::{Link, Name, RunId};
use crate::plan::{Fault, Plan};
use crate::rehearsal::RehearsalEvent;
use crate::units::{Rate, Span};

/// An event at its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Since the journal was opened, on the run's one monotonic clock; microseconds in the file.
    #[serde(with = "micros")]
    pub at: Span,
    /// What happened.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The first entry: what is going to happen, and what time it is.
    Opened(Box<Opened>),
    /// The environment: a service changed its state.
    Service {
        /// Which.
        name: Name,
        /// Its new state.
        state: ServiceState,
    },
    /// Somebody who handles an incident had a service started again.
    Restarted {
        /// Which.
        service: Name,
        /// Who.
        by: String,
        /// Why it was not; absent where it was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<String>,
    },
    /// A proxy stands on a link.
    LinkOpened {
        /// The link.
        link: Link,
        /// Where callers connect.
        listen: String,
        /// Where it leads.
        upstream: String,
    },
    /// The load starts: time zero of the plan.
    LoadStarted,
    /// A phase begins.
    PhaseStarted {
        /// Index into the plan's phases.
        phase: usize,
    },
    /// The steady state was judged at the end of the baseline.
    Gate {
        /// The objectives (indices) that the baseline already breaks; empty when healthy.
        broken: Vec<usize>,
    },
    /// Someone injected a fault that the plan does not have.
    Injected {
        /// Its index: the plan's faults go on with it.
        fault: usize,
        /// The fault.
        what: Box<Fault>,
        /// Who.
        by: String,
    },
    /// Someone asked for a fault to be taken back before its time.
    HealAsked {
        /// Its index.
        fault: usize,
        /// Who.
        by: String,
    },
    /// Someone asked for another rate of arrivals; [`Event::LoadChanged`] says from when on.
    RateAsked {
        /// Journeys per second.
        rate: Rate,
        /// Who.
        by: String,
    },
    /// Something changed at the gateway.
    Gateway(Box<GatewayChange>),
    /// The gateway's report of about a second: upstreams with requests.
    Upstreams(Vec<UpstreamReport>),
    /// A fault took effect, as read back from the proxy.
    FaultArmed {
        /// Index into the plan's faults.
        fault: usize,
    },
    /// A fault was taken back, as read back from the proxy.
    FaultHealed {
        /// Index into the plan's faults.
        fault: usize,
    },
    /// A fault that should be armed was found changed or gone.
    FaultLost {
        /// Index into the plan's faults.
        fault: usize,
        /// What was found.
        found: String,
    },
    /// The generator's report of about a second.
    Load(LoadReport),
    /// The rate of arrivals was changed while the run went on.
    LoadChanged {
        /// From when on, from the start of the load.
        from: Span,
        /// Journeys per second from then on.
        rate: Rate,
    },
    /// The proxy's report on a link.
    Link(Box<LinkReport>),
    /// The proxy's report on an armed fault.
    Fault(FaultReport),
    /// Round trips of a fixed echo beside the load, since the report before: how fast the machine
    /// itself was.
    Calibration(Histogram),
    /// The generator has ended; nothing of the load follows.
    LoadEnded {
        /// Acknowledged writes kept in the ledger.
        acknowledged: u64,
    },
    /// The ledger of writes was compared with what the system holds.
    Ledger(LedgerReport),
    /// What was read for an indicator.
    Reading(ReadingReport),
    /// The verdict is decided before the end of the plan, and the run ends here.
    Decided {
        /// Index of the phase that decided it.
        phase: usize,
        /// The whole seconds of that phase on which it is judged: the arrivals of later ones may
        /// not have ended.
        seconds: u64,
    },
    /// A runbook is executed.
    Rehearsal(RehearsalEvent),
    /// Everything that was to be seen has been seen: the load ends before the end of the plan.
    Finished {
        /// Who says so.
        by: String,
    },
    /// An abort condition held.
    Aborted {
        /// Index into the plan's abort conditions.
        condition: usize,
    },
    /// Someone asked for the end.
    Interrupted {
        /// The signal: 2 or 15.
        signal: i32,
    },
    /// The environment or the lab itself failed.
    Failed {
        /// Where: `service orders`, `load`, `proxy`.
        part: String,
        /// What happened, with what to try.
        reason: String,
    },
    /// Everything was healed, stopped and removed, but for what is named.
    CleanedUp {
        /// What could not be removed.
        left: Vec<String>,
    },
    /// The last entry. Without it a journal is incomplete.
    Closed,
}

/// The first entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    /// The version of this language; see [`crate::journal::VERSION`].
    pub journal: u32,
    /// The program's version.
    pub lab: String,
    /// The run.
    pub run: RunId,
    /// The wall clock when the journal was opened, RFC 3339 in UTC.
    pub wall: String,
    /// The environment driver: `processes`, `containers`.
    pub driver: Name,
    /// What was decided.
    pub plan: Plan,
}

/// A service's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// The image it runs from, as the engine knows it.
    Image {
        /// As the system names it.
        requested: String,
        /// What stands for it.
        used: String,
        /// Its id in the engine.
        id: String,
    },
    /// Its process runs.
    Started {
        /// Where it listens.
        address: String,
    },
    /// Its readiness check succeeded.
    Ready {
        /// Since its start.
        after: Span,
    },
    /// Its process ended while the run needed it.
    Exited {
        /// `exit status: 1`, `signal: 9`.
        status: String,
    },
    /// Stopped by the run.
    Stopped,
}

/// A span as a plain number of microseconds.
mod micros {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::units::Span;

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the signature serde asks for"
    )]
    pub(super) fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(span.as_micros())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Span, D::Error> {
        u64::deserialize(deserializer).map(Span::from_micros)
    }
}
