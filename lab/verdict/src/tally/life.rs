//! What happened to the run itself: its gate, its end, what went wrong on the way.

use lab_model::event::{Event, Record, ServiceState};
use lab_model::{Name, Span};

/// A failure of the environment or the lab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Where.
    pub part: String,
    /// What happened.
    pub reason: String,
}

/// A service whose process ended while the run needed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceExit {
    /// When, on the journal's clock.
    pub at: Span,
    /// Which.
    pub service: Name,
    /// How: `exit status: 1`, `signal: 9`.
    pub status: String,
}

/// What happened to the run itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    /// The last entry's time, on the journal's clock.
    pub last: Span,
    /// When the load started, on the journal's clock: time zero of the plan.
    pub load_started: Option<Span>,
    /// Acknowledged writes in the ledger, once the load has ended.
    pub load_ended: Option<u64>,
    /// What each steady-state gate found broken, in order.
    pub gates: Vec<Vec<usize>>,
    /// The abort condition that held.
    pub aborted: Option<usize>,
    /// The phase that decided the verdict before the end of the plan, and the seconds of it that
    /// count.
    pub decided: Option<(usize, u64)>,
    /// The first signal that asked for the end.
    pub interrupted: Option<i32>,
    /// What failed, in order; at most [`Life::MOST`] are kept.
    pub failures: Vec<Failure>,
    /// Services that ended, in order; at most [`Life::MOST`] are kept.
    pub exits: Vec<ServiceExit>,
    /// What clean-up left behind; `None` if it never ended.
    pub left: Option<Vec<String>>,
    /// Whether the last entry was written.
    pub closed: bool,
}

impl Life {
    /// The most failures, exits and gates that are kept.
    pub const MOST: usize = 1_000;

    pub(super) fn add(&mut self, record: &Record) {
        match &record.event {
            Event::LoadStarted => {
                self.load_started.get_or_insert(record.at);
            }
            Event::LoadEnded { acknowledged } => self.load_ended = Some(*acknowledged),
            Event::Gate { broken } => keep(&mut self.gates, || broken.clone()),
            Event::Aborted { condition } => self.aborted = Some(*condition),
            Event::Decided { phase, seconds } => self.decided = Some((*phase, *seconds)),
            Event::Interrupted { signal } => {
                self.interrupted.get_or_insert(*signal);
            }
            Event::Failed { part, reason } => {
                keep(&mut self.failures, || Failure {
                    part: part.clone(),
                    reason: reason.clone(),
                });
            }
            Event::Service {
                name,
                state: ServiceState::Exited { status },
            } => {
                keep(&mut self.exits, || ServiceExit {
                    at: record.at,
                    service: name.clone(),
                    status: status.clone(),
                });
            }
            Event::CleanedUp { left } => self.left = Some(left.clone()),
            Event::Closed => self.closed = true,
            _ => {}
        }
    }
}

fn keep<T>(list: &mut Vec<T>, item: impl FnOnce() -> T) {
    if list.len() < Life::MOST {
        list.push(item());
    }
}
