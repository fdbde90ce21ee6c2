//! What people ask of a run while it goes on. The dispatcher puts it in order with everything else
//! and writes it into the journal: a sandbox is a run like any other.

use lab_model::exercise::Saying;
use lab_model::plan::Fault;
use lab_model::rehearsal::RehearsalEvent;
use lab_model::status::Status;
use lab_model::{Link, Rate};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Inject a fault; its windows count from now.
    Inject(Box<Fault>),
    /// Take a fault back, or all of them.
    Heal(Option<usize>),
    /// From a moment on, another rate of arrivals.
    Rate(Rate),
    /// How does it fare?
    Status,
    /// Something happened in the execution of a runbook.
    Note(RehearsalEvent),
    /// Somebody in the seat of a rehearsal says something.
    Say(Saying),
    /// End the load in good order, before the end of the plan, and compare the ledgers.
    Finish,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A fault is armed, or will be, under this number.
    Injected(usize),
    /// These faults were taken back: number, words, link.
    Healed(Vec<(usize, String, Link)>),
    /// The generator was told; so many journeys came per second before.
    Rated {
        /// As far as the rate was known.
        before: Option<f64>,
    },
    /// How it fares.
    Status(Box<Status>),
    /// What is said in return.
    Said(String),
    /// It is done.
    Done,
}

/// Why something was not done, and what to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to try; may be empty.
    pub help: String,
}

impl Refusal {
    /// A refusal with a way out.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
        }
    }
}

/// One command on its way to the dispatcher.
#[derive(Debug)]
pub struct Order {
    /// Who asks.
    pub by: String,
    /// What.
    pub command: Command,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Result<Answer, Refusal>>,
}

/// Where orders are handed in.
pub type Counter = mpsc::UnboundedSender<Order>;
/// Where the dispatcher takes them.
pub type Orders = mpsc::UnboundedReceiver<Order>;

/// A way for orders to reach a run.
pub fn desk() -> (Counter, Orders) {
    mpsc::unbounded_channel()
}
