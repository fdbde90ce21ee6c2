//! What is known of an incident once it is over. Times count from the moment at which the proxy
//! (or the environment) acknowledged the fault: t0.

use lab_model::Span;
use serde::Serialize;

/// Everything that a grade is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Second by second from t0, without gaps.
    pub seconds: Vec<Second>,
    /// How long good service must last to count.
    pub windows: Windows,
    /// Where the cause lies and what became of it.
    pub cause: Cause,
    /// The cause was brought about again at this time, and service held ever after; `None` where
    /// it was not brought about again.
    pub replay: Option<Trial>,
    /// What was declared, in order.
    pub declarations: Vec<Declaration>,
    /// What must be true at the end, besides the objectives: invariants, routes at their target.
    pub conditions: Vec<Condition>,
    /// Acknowledged writes against the stores; `None` where the load declares no writes.
    pub ledger: Option<Ledger>,
    /// Components under `protects` that broke an objective of their own, with how.
    pub protected_broken: Vec<String>,
    /// Offered and completed load, and the components that there are.
    pub load: Load,
    /// What was found changed about monitor, proxy, ledger or grader; empty where nothing was.
    pub tampering: Vec<String>,
    /// Actions that no handling may take, as found in the state.
    pub forbidden: Vec<String>,
    /// What was changed, and whether it can be taken back.
    pub changes: Changes,
    /// Pairs of actions with an order to keep: how many kept it, of how many.
    pub order_kept: (u32, u32),
    /// Messages that were due.
    pub messages: Vec<Message>,
    /// Hints that were asked for.
    pub hints: u32,
    /// Whether the solution was looked up.
    pub solution_used: bool,
    /// What the lab itself failed to find out; not empty makes the grade unknown.
    pub unknown: Vec<String>,
}

impl Evidence {
    /// Nothing is known, for a reason.
    pub fn unknown(reason: &str) -> Self {
        Self {
            seconds: Vec::new(),
            windows: Windows::PROGRAM,
            cause: Cause::Outside { armed_until: None },
            replay: None,
            declarations: Vec::new(),
            conditions: Vec::new(),
            ledger: None,
            protected_broken: Vec::new(),
            load: Load {
                offered: 1.0,
                completed_after: None,
                missing: Vec::new(),
            },
            tampering: Vec::new(),
            forbidden: Vec::new(),
            changes: Changes::default(),
            order_kept: (0, 0),
            messages: Vec::new(),
            hints: 0,
            solution_used: false,
            unknown: vec![reason.to_owned()],
        }
    }
}

/// One second of the incident.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Second {
    /// Every user-facing objective held.
    pub held: bool,
    /// Invariants were true and routes at their target.
    pub settled: bool,
    /// Bad requests beyond what the objectives allow in a second of that many requests.
    pub excess: f64,
}

/// How long good service must last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Windows {
    /// To count as mitigated.
    pub mitigated: Span,
    /// To count as recovered.
    pub recovered: Span,
}

impl Windows {
    /// Those of a rehearsal by a person: 30 s and 60 s.
    pub const PERSON: Self = Self {
        mitigated: Span::from_secs(30),
        recovered: Span::from_secs(60),
    };

    /// Those of `lab grade`, for 50 requests a second and more: 5 s and 10 s.
    pub const PROGRAM: Self = Self {
        mitigated: Span::from_secs(5),
        recovered: Span::from_secs(10),
    };
}

/// Where the cause of the incident lies, which decides what "handled" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Outside the system's power (a dependency is slow or dead): service must be back while the
    /// fault is still armed.
    Outside {
        /// When the fault was taken back; `None` while it was armed to the end.
        armed_until: Option<Span>,
    },
    /// Inside (a crashed process, a certificate, bad data, a bad setting): it must be gone, by
    /// state.
    Inside {
        /// When it was gone; `None` where it never was.
        gone: Option<Span>,
    },
}

/// The cause brought about once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Trial {
    /// When.
    pub at: Span,
    /// Whether every objective held from then on, but for the second itself.
    pub held: bool,
}

/// Someone said what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Declaration {
    /// When.
    pub at: Span,
    /// What was said: component and symptom.
    pub said: String,
    /// Whether both are right.
    pub correct: bool,
}

/// Something that must be true at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// In words: `route orders at monolith`.
    pub name: String,
    /// Whether it was.
    pub held: bool,
}

/// Acknowledged writes against the stores.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// Writes that the system acknowledged to the load.
    pub acknowledged: u64,
    /// Of these, in no store.
    pub lost: u64,
    /// Of these, in a store with other content.
    pub altered: u64,
    /// Of these, in the stores more than once.
    pub duplicated: u64,
    /// In a store, and never acknowledged or sent.
    pub phantom: u64,
}

/// The load, and what there was to serve it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Load {
    /// Sent over planned arrivals, of the whole incident.
    pub offered: f64,
    /// Completed over planned arrivals, after mitigation; `None` without mitigation.
    pub completed_after: Option<f64>,
    /// Components of the baseline that were not there at the end.
    pub missing: Vec<String>,
}

/// What was changed, by digests of everything the lab owns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Parts outside what may be touched: how many there are.
    pub others: u32,
    /// Of these, the changed ones.
    pub others_changed: Vec<String>,
    /// Protected parts that were changed without need.
    pub protected_changed: Vec<String>,
    /// A second run exited 0 and changed nothing; `None` where none was made.
    pub rerun_clean: Option<bool>,
    /// Undoing restored the inventory's digest; `None` where it was not tried.
    pub undo_restores: Option<bool>,
}

/// A message to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// Which.
    pub name: String,
    /// Whether it was sent by the time it was due.
    pub in_time: bool,
}
