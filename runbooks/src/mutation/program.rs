//! What is executed, action by action.

use serde::Serialize;

use crate::block::{Kind, Runnable};
use crate::plan::Plan;
use crate::runbook::Runbook;

/// Actions, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Program {
    /// In order.
    pub actions: Vec<Action>,
    /// Variables whose value is another than the runbook's: name and value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<(String, String)>,
}

/// One action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Runs a block.
    Run(Run),
    /// The execution is killed here, as by a lost terminal, and all actions start again.
    StartAgain,
}

/// A block to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Which of the runbook's blocks, from 0.
    pub block: usize,
    /// Its id.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// What the shell is given.
    pub script: String,
    /// It is killed after half of the time that it took in the unchanged runbook.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub killed_midway: bool,
}

impl Program {
    /// The unchanged runbook: everything in its order that runs by itself.
    pub fn of(runbook: &Runbook, plan: &Plan) -> Self {
        Self::from_entries(runbook, plan.order.iter().map(|entry| entry.index))
    }

    /// What undoes it.
    pub fn undo(runbook: &Runbook, plan: &Plan) -> Self {
        Self::from_entries(runbook, plan.undo.iter().map(|entry| entry.index))
    }

    fn from_entries(runbook: &Runbook, indices: impl Iterator<Item = usize>) -> Self {
        let run = |index: usize| {
            let block = runbook.blocks().get(index)?;
            let Runnable::Runnable { script } = &block.runnable else {
                return None;
            };
            Some(Action::Run(Run {
                block: index,
                id: block.id.clone(),
                kind: block.kind,
                script: script.clone(),
                killed_midway: false,
            }))
        };
        Self {
            actions: indices.filter_map(run).collect(),
            variables: Vec::new(),
        }
    }

    /// The places of its runs of a kind.
    pub(super) fn places(&self, kind: Kind) -> Vec<usize> {
        let runs = self.actions.iter().enumerate();
        runs.filter_map(|(place, action)| match action {
            Action::Run(run) if run.kind == kind => Some(place),
            _ => None,
        })
        .collect()
    }

    /// The run at a place.
    pub(super) fn run(&self, place: usize) -> Option<&Run> {
        match self.actions.get(place) {
            Some(Action::Run(run)) => Some(run),
            _ => None,
        }
    }
}
