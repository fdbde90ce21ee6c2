//! What a renderer is given: a journal, the verdict on it, and what follows from both.

use lab_model::{Journal, Plan, Span};
use lab_verdict::RunVerdict;
use lab_verdict::tally::Tally;

/// A run that has ended, whole or cut short.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// What happened.
    pub journal: &'a Journal,
    /// What it means.
    pub verdict: &'a RunVerdict,
    /// The journal's sums.
    pub tally: Tally,
    /// The folder where the run is kept, as it is to be shown; `None` where it is not known.
    pub kept: Option<&'a str>,
}

impl<'a> Run<'a> {
    /// A run from its journal and verdict.
    pub fn new(journal: &'a Journal, verdict: &'a RunVerdict, kept: Option<&'a str>) -> Self {
        let mut tally = Tally::new(&journal.opened.plan);
        for record in &journal.records {
            tally.add(record);
        }
        Self {
            journal,
            verdict,
            tally,
            kept,
        }
    }

    /// What was decided before it.
    pub fn plan(&self) -> &'a Plan {
        &self.journal.opened.plan
    }

    /// Whether the run came to any of its phases; else there is nothing to measure or judge.
    pub fn reached(&self) -> bool {
        self.tally
            .phases
            .iter()
            .any(|phase| phase.started.is_some())
    }

    /// From the opening of the journal to its last entry.
    pub fn took(&self) -> Span {
        let last = self.journal.records.last();
        last.map_or(Span::ZERO, |record| record.at)
    }
}
