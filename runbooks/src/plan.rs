//! The order in which a runbook's blocks are executed.

use std::collections::HashMap;

use lab_model::Span;
use serde::Serialize;

use crate::block::{Block, Kind, Reason, Runnable};
use crate::runbook::Runbook;

/// How long a block may take that says nothing of it.
pub const DEFAULT_TIMEOUT: Span = Span::from_secs(60);

/// What is executed in which order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What runs, or is asked of people, one after the other.
    pub order: Vec<Entry>,
    /// What undoes it, only when asked: the last step first.
    pub undo: Vec<Entry>,
    /// What no order is known of: blocks for people that nothing needs.
    pub aside: Vec<Entry>,
    /// The most time that `order` takes, without what people do.
    pub longest: Span,
}

/// One block in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Which of the runbook's blocks, from 0.
    pub index: usize,
    /// Its id.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// Why a person does it; empty where it runs by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_hand: Vec<Reason>,
    /// The most time that one attempt may take.
    pub timeout: Span,
    /// The most time that all attempts with the pauses between them take.
    pub longest: Span,
}

/// Plans a runbook: prechecks, diagnoses, steps and messages, then verify blocks, each kind in the
/// order of the file, and before each block what it needs and what it checks.
pub fn plan(runbook: &Runbook) -> Plan {
    let blocks = runbook.blocks();
    let ids = blocks
        .iter()
        .enumerate()
        .map(|(index, block)| (block.id.as_str(), index));
    let ids: HashMap<&str, usize> = ids.collect();
    let mut order = Ordering {
        blocks,
        ids,
        done: vec![false; blocks.len()],
        order: Vec::new(),
    };
    for stage in 0..4 {
        let indices = (0..blocks.len()).filter(|index| self::stage(&blocks[*index]) == Some(stage));
        for index in indices {
            order.add(index);
        }
    }
    let forward = std::mem::take(&mut order.order);
    let mut undo: Vec<usize> = (0..blocks.len())
        .filter(|index| blocks[*index].kind == Kind::Rollback)
        .collect();
    let at: HashMap<&str, usize> = forward
        .iter()
        .enumerate()
        .map(|(at, index)| (blocks[*index].id.as_str(), at))
        .collect();
    undo.sort_by_key(|index| {
        let undone = blocks[*index].undoes.iter();
        std::cmp::Reverse(undone.filter_map(|id| at.get(id.as_str())).max())
    });
    for index in undo {
        order.add(index);
    }
    let undo = std::mem::take(&mut order.order);
    let aside = (0..blocks.len()).filter(|index| !order.done[*index]);
    let entries = |indices: Vec<usize>| -> Vec<Entry> {
        indices
            .into_iter()
            .map(|index| entry(index, &blocks[index]))
            .collect()
    };
    let aside = entries(aside.collect());
    let forward = entries(forward);
    let running = forward.iter().filter(|entry| entry.by_hand.is_empty());
    Plan {
        longest: running.fold(Span::ZERO, |sum, entry| sum.plus(entry.longest)),
        order: forward,
        undo: entries(undo),
        aside,
    }
}

/// When a block's turn comes; `None` for what only others bring into the order.
fn stage(block: &Block) -> Option<u8> {
    match block.kind {
        Kind::Precheck => Some(0),
        Kind::Diagnose => Some(1),
        Kind::Step | Kind::Comms => Some(2),
        Kind::Verify => Some(3),
        Kind::Rollback => None,
        Kind::Manual => {
            let typed = matches!(&block.runnable, Runnable::Manual { reasons } if reasons.contains(&Reason::ByPeople));
            typed.then_some(2)
        }
    }
}

struct Ordering<'a> {
    blocks: &'a [Block],
    ids: HashMap<&'a str, usize>,
    /// Whether a block is in an order, or about to be.
    done: Vec<bool>,
    order: Vec<usize>,
}

impl Ordering<'_> {
    /// Adds a block after all that must come before it.
    fn add(&mut self, index: usize) {
        if std::mem::replace(&mut self.done[index], true) {
            return;
        }
        // Blocks that wait, each with the number of those before it that were looked at.
        let mut waiting = vec![(index, 0)];
        while let Some((index, looked)) = waiting.last_mut() {
            let block = &self.blocks[*index];
            let Some(id) = block.needs.iter().chain(&block.checks).nth(*looked) else {
                self.order.push(*index);
                waiting.pop();
                continue;
            };
            *looked += 1;
            if let Some(&next) = self.ids.get(id.as_str()).filter(|next| !self.done[**next]) {
                self.done[next] = true;
                waiting.push((next, 0));
            }
        }
    }
}

fn entry(index: usize, block: &Block) -> Entry {
    let by_hand = match &block.runnable {
        Runnable::Runnable { .. } => Vec::new(),
        Runnable::Manual { reasons } => reasons.clone(),
    };
    let timeout = block.timeout.unwrap_or(DEFAULT_TIMEOUT);
    let retries = block
        .retry
        .map_or(0, |retry| retry.attempts.saturating_sub(1));
    let pause = block.retry.map_or(Span::ZERO, |retry| retry.pause);
    let again = timeout
        .plus(pause)
        .as_micros()
        .saturating_mul(u64::from(retries));
    Entry {
        index,
        id: block.id.clone(),
        kind: block.kind,
        by_hand,
        timeout,
        longest: timeout.plus(Span::from_micros(again)),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::sync::Arc;

    use super::*;
    use crate::{Source, read};

    /// Blocks as `name kind [attribute=value]…`, a line each; then the order and the undoing.
    fn check(blocks: &[&str], order: &str, undo: &str) {
        let fence = |line: &&str| {
            let mut words = line.split(' ');
            let (name, kind) = (words.next().unwrap(), words.next().unwrap());
            let mut fence = format!("```sh {{\"name\":\"{name}\",\"lab.kind\":\"{kind}\"");
            for (key, value) in words.map(|word| word.split_once('=').unwrap()) {
                write!(fence, ",\"lab.{key}\":\"{value}\"").unwrap();
            }
            fence + "}\ntrue\n```\n\n"
        };
        let text: String = blocks.iter().map(fence).collect();
        let source = Arc::new(Source::new("a.md", text.into()).unwrap());
        let plan = plan(&read(&source).into_runbook().unwrap().0);
        let names = |entries: &[Entry]| {
            let ids: Vec<_> = entries.iter().map(|entry| entry.id.as_str()).collect();
            ids.join(" ")
        };
        assert_eq!(
            (names(&plan.order).as_str(), names(&plan.undo).as_str()),
            (order, undo)
        );
    }

    #[test]
    fn kinds_then_needs_then_the_file_decide() {
        check(
            &["v verify", "s step", "p precheck", "d diagnose"],
            "p d s v",
            "",
        );
        check(&["a step needs=b", "b step", "c step"], "b a c", "");
        check(&["c comms", "s step"], "c s", "");
        // A step that waits for a verify block brings it forward, and that what it checks.
        check(
            &["w verify", "b step needs=v", "v verify checks=a", "a step"],
            "a v b w",
            "",
        );
    }

    #[test]
    fn undoing_goes_backwards() {
        let blocks = [
            "a step undo=x",
            "b step",
            "v verify",
            "x rollback",
            "y rollback undo=b",
        ];
        check(&blocks, "a b v", "y x");
    }

    #[test]
    fn retries_take_their_time() {
        let text = "```sh {\"lab.kind\":\"verify\",\"lab.timeout\":\"2s\",\"lab.retry\":\"5x3s\"}\na\n```\n";
        let source = Arc::new(Source::new("a.md", text.into()).unwrap());
        let plan = plan(&read(&source).into_runbook().unwrap().0);
        assert_eq!(plan.longest, Span::from_secs(2 * 5 + 3 * 4));
    }
}
