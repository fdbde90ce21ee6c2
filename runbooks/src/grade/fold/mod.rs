//! From a run's journal to what is known of an incident. Pure: the same journal gives the same
//! evidence, years later.
//!
//! | file | what lives there |
//! |---|---|
//! | `moments` | when the cause came, went, came again; when blocks ran |
//! | `seconds` | objectives, second by second |
//! | `inventory` | routes, flags and services at a moment, and what became of them |
//! | `deeds` | declarations, messages, hints, the order of what was done |
//! | `harm` | writes, protected parts, load, and what was tampered with |

mod deeds;
mod harm;
mod inventory;
mod moments;
mod seconds;

use lab_model::rehearsal::{Pass, Rehearsal, Situation};
use lab_model::{Plan, Record, Span};

pub use harm::GRADER;
pub use inventory::Inventory;
pub use moments::{Attempt, Execution, Moments};

use super::evidence::{Cause, Changes, Condition, Evidence, Trial, Windows};

/// What a journal tells of a rehearsal; `None` where it tells of none.
pub struct Folded<'a> {
    /// What was rehearsed.
    pub rehearsal: &'a Rehearsal,
    /// When what happened.
    pub moments: Moments<'a>,
    plan: &'a Plan,
    records: &'a [Record],
}

/// What one execution of blocks came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The block that failed for good, and what it was for; `None` where all succeeded.
    pub failed: Option<(String, String)>,
    /// Whether it came to its end.
    pub ended: bool,
    /// Whether any block ran that may change something.
    pub acted: bool,
    /// What it changed, in words.
    pub changed: Vec<String>,
}

impl Outcome {
    /// Whether every block succeeded.
    pub fn is_success(&self) -> bool {
        self.ended && self.failed.is_none()
    }

    /// Whether a block refused before anything was done.
    pub fn is_refused(&self) -> bool {
        self.failed.is_some() && !self.acted && self.changed.is_empty()
    }

    /// Whether nothing was changed.
    pub fn is_harmless(&self) -> bool {
        self.ended && self.changed.is_empty()
    }
}

impl<'a> Folded<'a> {
    /// Reads the records of a run, be it over or not.
    pub fn new(plan: &'a Plan, records: &'a [Record]) -> Option<Self> {
        let moments = Moments::of(records);
        Some(Self {
            rehearsal: moments.rehearsal?,
            moments,
            plan,
            records,
        })
    }

    /// The objectives second by second from t0, as far as every arrival of a second has ended.
    pub fn seconds(&self) -> Vec<super::Second> {
        seconds::of(self)
    }

    /// Routes, flags and services at a moment of the journal's clock.
    pub fn inventory(&self, at: Span) -> Inventory {
        Inventory::at(self.plan, self.records, at)
    }

    /// What one execution came to.
    pub fn outcome(&self, pass: Pass) -> Option<Outcome> {
        let execution = self.moments.executions.get(&pass)?;
        let (before, after) = (
            self.inventory(execution.begun),
            self.inventory(execution.ended.unwrap_or(self.moments.last)),
        );
        let acts = ["step", "rollback"];
        Some(Outcome {
            failed: execution.failed.clone(),
            ended: execution.ended.is_some(),
            acted: execution
                .blocks
                .iter()
                .any(|block| acts.contains(&block.kind)),
            changed: before.changed_to(&after),
        })
    }

    /// Whether users were served again for long enough: the second at which that window began.
    pub fn mitigated(&self) -> Option<usize> {
        let clocks = super::Clocks::of(&self.incident());
        let micros = clocks.mitigate?.as_micros();
        usize::try_from(micros / 1_000_000).ok()
    }

    /// Whether everything has settled after the cause was brought about again.
    pub fn is_recovered(&self) -> bool {
        super::Clocks::of(&self.incident()).recover.is_some()
    }

    /// Whether users were hurt once more after the cause was brought about again.
    pub fn is_broken_again(&self) -> bool {
        let seconds = self.seconds();
        let from = self.replayed_second();
        from.is_some_and(|from| seconds.iter().skip(from).any(|second| !second.held))
    }

    /// The second in which the cause was brought about again.
    fn replayed_second(&self) -> Option<usize> {
        let at = self
            .moments
            .between(self.moments.base(), self.moments.replayed?);
        usize::try_from(at.as_micros() / 1_000_000).ok()
    }

    /// Whether the cause lies in the system itself: every fault is one on a service.
    fn is_inside(&self) -> bool {
        let faults = &self.plan.faults;
        !faults.is_empty() && faults.iter().all(|fault| fault.on_service().is_some())
    }

    /// What the clocks read; the rest is left empty.
    fn incident(&self) -> Evidence {
        let seconds = self.seconds();
        let replay = self.replay(&seconds);
        Evidence {
            seconds,
            windows: self.windows(),
            cause: self.cause(),
            replay,
            unknown: Vec::new(),
            ..Evidence::unknown("")
        }
    }

    /// Everything that a grade is made of; of a rehearsal against its own fault alone.
    pub fn evidence(&self) -> Option<Evidence> {
        if self.rehearsal.situation != Situation::OwnFault {
            return None;
        }
        let mut evidence = self.incident();
        let served = self.served_for_good(&evidence.seconds);
        let end = self.inventory(self.moments.end());
        let conditions = self.rehearsal.targets.iter().map(|target| Condition {
            name: format!("{}: {}", target.what, target.value),
            held: if target.ledger().is_some() {
                self.moments.books(target)
            } else {
                end.meets(target)
            },
        });
        evidence.conditions = conditions.collect();
        // Stores are looked into once, at the end: what does not hold there never settled.
        let mut ledgers = self
            .rehearsal
            .targets
            .iter()
            .filter(|one| one.ledger().is_some());
        if !ledgers.all(|target| self.moments.books(target)) {
            for second in &mut evidence.seconds {
                second.settled = false;
            }
        }
        evidence.declarations = deeds::declarations(self);
        evidence.order_kept = deeds::order_kept(self);
        evidence.messages = deeds::messages(self);
        (evidence.hints, evidence.solution_used) = deeds::helped(self);
        let found = harm::of(self, served);
        evidence.ledger = found.ledger;
        evidence.protected_broken = found.protected_broken;
        evidence.load = found.load;
        evidence.tampering = found.tampering;
        evidence.forbidden = found.forbidden;
        evidence.unknown = found.unknown;
        evidence.changes = self.changes();
        Some(evidence)
    }

    /// What was declared, in order.
    pub fn declarations(&self) -> Vec<super::Declaration> {
        deeds::declarations(self)
    }

    /// How many hints were taken, and whether the solution was.
    pub fn helped(&self) -> (u32, bool) {
        deeds::helped(self)
    }

    /// From t0 until a minute's bad requests would have spent an objective's budget so fast that
    /// somebody would have been paged.
    pub fn paged(&self) -> Option<Span> {
        seconds::paged(self)
    }

    /// How many faults make the cause.
    pub fn faults(&self) -> usize {
        let injected = self.records.iter().take_while(|record| {
            !matches!(
                record.event,
                lab_model::Event::Rehearsal(lab_model::rehearsal::RehearsalEvent::Replayed)
            )
        });
        let injected =
            injected.filter(|record| matches!(record.event, lab_model::Event::Injected { .. }));
        injected.count()
    }

    fn windows(&self) -> Windows {
        Windows {
            mitigated: self.rehearsal.mitigated,
            recovered: self.rehearsal.recovered,
        }
    }

    fn cause(&self) -> Cause {
        let t0 = self.moments.t0.unwrap_or_default();
        if self.is_inside() {
            // Read back as no longer there, for each time that it was brought about.
            let gone = (0..self.plan.faults.len()).map(|fault| self.moments.gone.get(&fault));
            let gone: Option<Vec<&Span>> = gone.collect();
            let gone = gone.and_then(|all| all.into_iter().max());
            return Cause::Inside {
                gone: gone.map(|at| self.moments.between(t0, *at)),
            };
        }
        Cause::Outside {
            armed_until: self
                .moments
                .healed
                .map(|at| self.moments.between(self.moments.base(), at)),
        }
    }

    /// Whether every second after the one in which the cause came again was good; of a cause in the
    /// system itself, whether it was handled once more and every second after that was good.
    fn replay(&self, seconds: &[super::Second]) -> Option<Trial> {
        let at = self
            .moments
            .between(self.moments.base(), self.moments.replayed?);
        let from = self.replayed_second()? + 1;
        let rest = seconds.get(from..).unwrap_or_default();
        let held = if self.is_inside() {
            self.served_again(seconds).is_some()
        } else {
            rest.iter().all(|second| second.held)
        };
        Some(Trial { at, held })
    }

    /// The second from which users were served for good after the cause came again, where that was
    /// long enough to count.
    fn served_again(&self, seconds: &[super::Second]) -> Option<usize> {
        let from = self.replayed_second()? + 1;
        let last_bad = seconds.iter().rposition(|second| !second.held);
        let served = last_bad.map_or(from, |bad| (bad + 1).max(from));
        let window = self.rehearsal.mitigated.as_micros().div_ceil(1_000_000);
        let length = seconds.len().saturating_sub(served) as u64;
        (length >= window).then_some(served)
    }

    /// From when on the load must have been completed: the mitigation, of a cause in the system
    /// itself the second one, as nobody is served between the two.
    fn served_for_good(&self, seconds: &[super::Second]) -> Option<Span> {
        let again = self.is_inside().then(|| self.served_again(seconds));
        match again.flatten() {
            Some(second) => Some(Span::from_secs(second as u64)),
            None => super::Clocks::of(&self.incident()).mitigate,
        }
    }

    fn changes(&self) -> Changes {
        let t0 = self.moments.t0.unwrap_or_default();
        let (before, after) = (self.inventory(t0), self.inventory(self.moments.end()));
        let outside = |part: &str| !inventory::belongs(part, &self.rehearsal.touches);
        let changed = before.changed_parts(&after);
        let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            let parts = changed.iter().filter(|part| wanted(part));
            parts.cloned().collect()
        };
        let again = self.outcome(Pass::Again);
        let others = before.parts().filter(|part| outside(part));
        let undone = self.outcome(Pass::Undo).map(|undo| {
            let end = self.moments.executions.get(&Pass::Undo);
            let end = end.and_then(|undo| undo.ended).unwrap_or(self.moments.last);
            undo.is_success() && self.inventory(end) == before
        });
        Changes {
            others: u32::try_from(others.count()).unwrap_or(u32::MAX),
            others_changed: of(&outside),
            protected_changed: of(&|part| inventory::belongs(part, &self.rehearsal.protects)),
            // Where the cause is gone, nothing is wrong any more: there it may refuse as well.
            rerun_clean: again.map(|again| {
                let succeeded = again.is_success() && again.changed.is_empty();
                succeeded || (self.is_inside() && again.is_refused())
            }),
            undo_restores: undone,
        }
    }
}

#[cfg(test)]
mod tests;
