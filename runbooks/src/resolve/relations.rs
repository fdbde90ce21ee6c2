//! How blocks relate: names, needs, checks, undoing, approvals.

use std::collections::HashMap;

use super::Draft;
use crate::attributes::Word;
use crate::block::{Approval, Kind};
use crate::code::Code;
use crate::front::Header;
use lab_diagnostic::{Finding, Findings};

/// From the names and ids of blocks to their indices.
type Names = HashMap<String, usize>;

/// How often per file names that were meant are looked for: a hostile file could name thousands.
const MOST_SUGGESTIONS: usize = 50;
/// How many blocks of a circle are named.
const LONGEST_CIRCLE: usize = 12;

/// Replaces what blocks say of each other by ids that exist.
pub(super) fn relate(drafts: &mut [Draft], findings: &mut Findings) {
    let names = names(drafts, findings);
    let mut unknown = 0;
    let mut needs: Vec<Vec<(usize, Word)>> = Vec::with_capacity(drafts.len());
    let mut checks: Vec<Vec<(usize, Word)>> = vec![Vec::new(); drafts.len()];
    let mut undoes = vec![Vec::new(); drafts.len()];
    for (index, draft) in drafts.iter().enumerate() {
        needs.push(find(&draft.needs, &names, drafts, &mut unknown, findings));
        for (of, word) in find(&draft.checks, &names, drafts, &mut unknown, findings) {
            if expect(drafts, of, &[Kind::Step, Kind::Comms], &word, findings) {
                checks[index].push((of, word));
            }
        }
        for (of, word) in find(&draft.undo, &names, drafts, &mut unknown, findings) {
            if draft.block.kind == Kind::Rollback {
                if expect(drafts, of, &[Kind::Step], &word, findings) {
                    undoes[index].push(of);
                }
            } else if expect(drafts, of, &[Kind::Rollback], &word, findings) {
                undoes[of].push(index);
            }
        }
    }
    let mut edges = needs.clone();
    for (index, edges) in edges.iter_mut().enumerate() {
        for (of, word) in edges.iter() {
            later(&drafts[index], &drafts[*of], word, findings);
        }
        // What is checked comes first too.
        edges.extend(checks[index].iter().cloned());
    }
    cycles(drafts, &edges, findings);
    useless(drafts, &undoes, findings);
    let ids: Vec<String> = drafts.iter().map(|draft| draft.block.id.clone()).collect();
    let first = |pairs: Vec<(usize, Word)>| pairs.into_iter().map(|(of, _)| of).collect();
    let named = |mut indices: Vec<usize>| -> Vec<String> {
        indices.sort_unstable();
        indices.dedup();
        indices
            .into_iter()
            .map(|index| ids[index].clone())
            .collect()
    };
    let related = drafts.iter_mut().zip(needs).zip(checks).zip(undoes);
    for (((draft, needs), checks), undoes) in related {
        draft.block.needs = named(first(needs));
        draft.block.checks = named(first(checks));
        draft.block.undoes = named(undoes);
    }
}

/// The names of blocks; what is said twice is reported.
fn names(drafts: &mut [Draft], findings: &mut Findings) -> Names {
    let mut names = Names::new();
    for index in 0..drafts.len() {
        let block = &drafts[index].block;
        let mut own = vec![block.id.clone()];
        own.extend(block.name.clone().filter(|name| *name != block.id));
        for name in own {
            let Some(&first) = names.get(&name) else {
                names.insert(name, index);
                continue;
            };
            if first == index {
                continue;
            }
            let typed = drafts[first].is_typed() || drafts[index].is_typed();
            let code = if typed {
                Code::DuplicateName
            } else {
                Code::SameName
            };
            let line = drafts[first].block.position.line;
            let draft = &mut drafts[index];
            let message = format!("`{name}` is the name of two blocks");
            let place = draft.named.unwrap_or(draft.place);
            findings
                .add(Finding::new(code, place, message).help(format!("line {line} has it too")));
            if draft.block.id == name {
                draft.block.id = format!("line-{}", draft.block.position.line);
                while names.contains_key(&draft.block.id) {
                    draft.block.id.push('+');
                }
                names.insert(draft.block.id.clone(), index);
            }
        }
    }
    names
}

/// The blocks of those names; unknown ones are reported and counted.
fn find(
    words: &[Word],
    names: &Names,
    drafts: &[Draft],
    unknown: &mut usize,
    findings: &mut Findings,
) -> Vec<(usize, Word)> {
    let mut found = Vec::new();
    for word in words {
        if let Some(&index) = names.get(&word.text) {
            found.push((index, word.clone()));
        } else {
            let message = format!("no block is called `{}`", word.text);
            let given = drafts.iter().filter(|draft| draft.named.is_some());
            let given = given.map(|draft| draft.block.id.as_str());
            let finding = Finding::new(Code::UnknownBlock, word.place, message);
            *unknown += 1;
            findings.add(if *unknown > MOST_SUGGESTIONS {
                finding
            } else {
                finding.among(&word.text, given)
            });
        }
    }
    found
}

fn expect(
    drafts: &[Draft],
    of: usize,
    kinds: &[Kind],
    word: &Word,
    findings: &mut Findings,
) -> bool {
    let kind = drafts[of].block.kind;
    let fits = kinds.contains(&kind);
    if !fits {
        let wanted: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        let message = format!(
            "`{}` is a {kind} block, no {}",
            word.text,
            wanted.join(" or ")
        );
        findings.add(Finding::new(Code::WrongKind, word.place, message));
    }
    fits
}

/// What runs before, after or beside what: needs go to the same stage or an earlier one.
fn later(draft: &Draft, needed: &Draft, word: &Word, findings: &mut Findings) {
    let stage = |kind| match kind {
        Kind::Precheck => 0,
        Kind::Diagnose => 1,
        // A step may wait for a verify block, and a verify block for a step.
        Kind::Step | Kind::Verify | Kind::Comms | Kind::Manual => 2,
        Kind::Rollback => 3,
    };
    let (kind, other) = (draft.block.kind, needed.block.kind);
    if other != Kind::Manual && stage(other) > stage(kind) {
        let message = format!(
            "a {kind} block needs the {other} block `{}`, which comes later",
            word.text
        );
        findings.add(Finding::new(Code::NeedsLater, word.place, message));
    }
}

/// Reports each circle of needs once, where it closes.
fn cycles(drafts: &[Draft], needs: &[Vec<(usize, Word)>], findings: &mut Findings) {
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        OnPath,
        Done,
    }
    let mut seen = vec![Seen::Not; drafts.len()];
    for root in 0..drafts.len() {
        if seen[root] != Seen::Not {
            continue;
        }
        // Blocks from the root on, each with the number of its needs that were followed.
        let mut path = vec![(root, 0)];
        seen[root] = Seen::OnPath;
        while let Some((index, followed)) = path.last_mut() {
            let Some((next, word)) = needs[*index].get(*followed) else {
                seen[*index] = Seen::Done;
                path.pop();
                continue;
            };
            *followed += 1;
            match seen[*next] {
                Seen::Done => {}
                Seen::Not => {
                    seen[*next] = Seen::OnPath;
                    path.push((*next, 0));
                }
                Seen::OnPath => {
                    let from = path.iter().position(|(on, _)| on == next).unwrap_or(0);
                    let circle = path[from..].iter().take(LONGEST_CIRCLE);
                    let mut circle: Vec<_> = circle
                        .map(|(on, _)| drafts[*on].block.id.as_str())
                        .collect();
                    circle.extend((path.len() - from > LONGEST_CIRCLE).then_some("…"));
                    circle.push(&drafts[*next].block.id);
                    let message = format!("blocks need each other: {}", circle.join(" → "));
                    findings.add(Finding::new(Code::Cycle, word.place, message));
                }
            }
        }
    }
}

fn useless(drafts: &[Draft], undoes: &[Vec<usize>], findings: &mut Findings) {
    for (draft, undone) in drafts.iter().zip(undoes) {
        // Where it names something that is wrong, that is reported already.
        if draft.block.kind == Kind::Rollback && undone.is_empty() && draft.undo.is_empty() {
            let message = format!("the rollback block `{}` undoes nothing", draft.block.id);
            findings.add(
                Finding::new(Code::UselessRollback, draft.place, message)
                    .help("name it in the `lab.undo` of a step"),
            );
        }
    }
    let first = drafts.iter().find(|draft| draft.block.kind == Kind::Step);
    let verified = drafts.iter().any(|draft| draft.block.kind == Kind::Verify);
    if let Some(first) = first.filter(|_| !verified) {
        let message = "nothing says whether the steps have helped";
        findings.add(Finding::new(Code::NoVerify, first.place, message).help("add a verify block"));
    }
}

/// Who must agree. Without a readable `lab` section every name is taken.
pub(super) fn approve(drafts: &mut [Draft], header: Option<&Header>, findings: &mut Findings) {
    for draft in drafts {
        let Some(word) = &draft.approval else {
            continue;
        };
        draft.block.approval = match word.text.as_str() {
            "true" => Some(Approval::Anyone),
            "false" => None,
            who => {
                let listed = header.map(|header| &header.approvals);
                let known = listed.is_none_or(|listed| listed.iter().any(|one| one == who));
                if !known {
                    let message = format!("`{who}` is not among the approvals of the runbook");
                    let names = listed.into_iter().flatten().map(String::as_str);
                    findings.add(
                        Finding::new(Code::UnknownApproval, word.place, message).among(who, names),
                    );
                }
                Some(Approval::By(who.to_owned()))
            }
        };
    }
}
