//! A runbook and its plan, for people and for programs.

use std::fmt::Write;

use serde::Serialize;

use crate::block::Block;
use crate::front::{Budget, Header};
use crate::plan::{Entry, Plan};
use crate::runbook::Runbook;

/// The plan as text, each line ended.
pub fn text(runbook: &Runbook, plan: &Plan) -> String {
    let mut text = String::new();
    let id = runbook
        .header()
        .map_or(runbook.file(), |header| header.id.as_str());
    match runbook.title() {
        Some(title) => line(&mut text, format_args!("{id} · {title}")),
        None => line(&mut text, format_args!("{id}")),
    }
    if let Some(header) = runbook.header() {
        header_lines(&mut text, header);
    }
    let ids = plan.order.iter().chain(&plan.undo).chain(&plan.aside);
    let width = ids
        .map(|entry| entry.id.chars().count())
        .max()
        .unwrap_or(0)
        .min(40);
    let mut number = 0;
    let mut kind = None;
    for entry in &plan.order {
        if kind.replace(entry.kind) != Some(entry.kind) {
            line(&mut text, format_args!("\n  {}", entry.kind));
        }
        number += 1;
        row(&mut text, &number.to_string(), entry, runbook, width);
    }
    if plan.order.is_empty() {
        line(
            &mut text,
            format_args!("\n  nothing runs: no block is typed"),
        );
    } else {
        let longest = plan.longest;
        line(
            &mut text,
            format_args!("\n  at most {longest}, without what people do"),
        );
    }
    if !plan.undo.is_empty() {
        line(&mut text, format_args!("\n  only when asked"));
        plan.undo
            .iter()
            .for_each(|entry| row(&mut text, "", entry, runbook, width));
    }
    if !plan.aside.is_empty() {
        line(&mut text, format_args!("\n  left to people"));
        plan.aside
            .iter()
            .for_each(|entry| row(&mut text, "", entry, runbook, width));
    }
    text
}

/// The blocks of a file that do not run by themselves, and why: one line each.
pub fn manual(blocks: &[Block]) -> String {
    use crate::block::Runnable::Manual;
    let mut text = String::new();
    for block in blocks {
        if let Manual { reasons } = &block.runnable {
            let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
            let name = block
                .name
                .as_ref()
                .map_or_else(String::new, |name| format!(" {name}"));
            let (at, kind) = (block.position.line, block.kind);
            line(
                &mut text,
                format_args!("  line {at:>4}  {kind}{name}: {}", reasons.join(", ")),
            );
        }
    }
    text
}

/// The runbook with its plan as JSON, ended by a line feed.
pub fn json(runbook: &Runbook, plan: &Plan) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Shown<'a> {
        runbook: &'a Runbook,
        plan: &'a Plan,
    }
    let mut text = serde_json::to_string_pretty(&Shown { runbook, plan })?;
    text.push('\n');
    Ok(text)
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{line}");
}

fn header_lines(text: &mut String, header: &Header) {
    let mut entry = |name: &str, value: String| {
        if !value.is_empty() {
            line(text, format_args!("  {name:<9} {value}"));
        }
    };
    entry("owner", header.owner.clone().unwrap_or_default());
    entry("severity", header.severity.clone().unwrap_or_default());
    entry("triggers", header.triggers.join(" · "));
    entry("against", list(&header.faults));
    entry("budget", budget(&header.budget));
    let vars = header.vars.iter().map(|var| {
        let secret = if var.secret { " (secret)" } else { "" };
        let value = var
            .value
            .as_ref()
            .map_or_else(String::new, |value| format!("={value}"));
        format!("{}{value}{secret}", var.name)
    });
    entry("variables", vars.collect::<Vec<_>>().join(", "));
    entry("approvals", header.approvals.join(", "));
    entry("touches", list(&header.touches));
    entry("protects", list(&header.protects));
    entry("over when", header.oracles.join(" · "));
}

fn list(items: &[impl ToString]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    items.join(", ")
}

fn budget(budget: &Budget) -> String {
    let spans = [
        ("detect", budget.detect),
        ("mitigate", budget.mitigate),
        ("recover", budget.recover),
    ];
    let spans = spans
        .into_iter()
        .filter_map(|(name, span)| Some(format!("{name} within {}", span?)));
    let bad = budget.bad_requests.map(|bad| format!("{bad} bad requests"));
    spans.chain(bad).collect::<Vec<_>>().join(" · ")
}

fn row(text: &mut String, number: &str, entry: &Entry, runbook: &Runbook, width: usize) {
    let Some(block) = runbook.blocks().get(entry.index) else {
        return;
    };
    let at = block.position.line;
    let details = details(entry, block, runbook).join(" · ");
    let row = format!(
        "  {number:>3}  {:<width$}  line {at:<4} {details}",
        entry.id
    );
    line(text, format_args!("{}", row.trim_end()));
}

fn details(entry: &Entry, block: &Block, runbook: &Runbook) -> Vec<String> {
    let mut details = Vec::new();
    let mut add = |detail: String| details.push(detail);
    if entry.by_hand.is_empty() {
        match block.retry {
            Some(retry) => add(format!(
                "{} attempts, {} apart, at most {}",
                retry.attempts, retry.pause, entry.longest
            )),
            None => add(format!("at most {}", entry.timeout)),
        }
    } else {
        add(format!("by hand: {}", list(&entry.by_hand)));
    }
    if !block.needs.is_empty() {
        add(format!("after {}", block.needs.join(", ")));
    }
    if !block.checks.is_empty() {
        add(format!("checks {}", block.checks.join(", ")));
    }
    if !block.undoes.is_empty() {
        add(format!("undoes {}", block.undoes.join(", ")));
    }
    let undone = runbook
        .blocks()
        .iter()
        .filter(|other| other.undoes.contains(&block.id));
    let undone: Vec<_> = undone.map(|other| other.id.as_str()).collect();
    if !undone.is_empty() {
        add(format!("undone by {}", undone.join(", ")));
    }
    if let Some(approval) = &block.approval {
        add(format!("approved by {approval}"));
    }
    if !block.saves.is_empty() {
        add(format!("saves {}", block.saves.join(", ")));
    }
    if let Some(due) = block.due {
        add(format!("due {due} after the fault"));
    }
    let effect = block.effect;
    let effects = [
        (effect.readonly, "reads only"),
        (effect.idempotent, "idempotent"),
        (effect.destructive, "destructive"),
    ];
    effects
        .into_iter()
        .filter(|(is, _)| *is)
        .for_each(|(_, word)| add(word.to_owned()));
    details
}
