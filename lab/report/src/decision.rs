//! A gate's decision for people and programs.

use std::fmt::Write;

use lab_model::Exit;
use lab_model::policy::Policy;
use lab_verdict::release::{Decision, Item, Standing};
use serde_json::json;

use crate::line::Line;
use crate::markdown;
use crate::page::Page;
use crate::style::{Style, Tone};

/// The room of the words at the left.
const LABEL: usize = 9;

/// What opens or shuts the gate, blocking things last, the verdict alone at the end.
pub fn text(policy: &Policy, decision: &Decision, style: &Style) -> String {
    let mut page = Page::new(*style);
    let head = Line::of(Tone::Strong, format!("gate {}", policy.name));
    page.line(0, &head);
    page.blank();
    for standing in [
        Standing::Holds,
        Standing::Warns,
        Standing::Open,
        Standing::Blocks,
    ] {
        for item in decision.against(standing) {
            let label = Line::of(tone(standing), word(standing));
            let of = Line::of(Tone::Strong, item.of.as_str());
            page.labelled(
                0,
                &label,
                LABEL,
                &of.then(Tone::Plain, format!("  {}", item.what)),
            );
            if standing != Standing::Holds && !item.found.is_empty() {
                page.labelled(
                    0,
                    &Line::default(),
                    LABEL,
                    &Line::plain(item.found.as_str()),
                );
            }
        }
    }
    page.blank();
    let last = Line::of(tone_of(decision.exit), verdict(decision));
    let last = last.then(
        Tone::Plain,
        format!(" · exit code {}", decision.exit.code()),
    );
    page.line(0, &last);
    page.finish()
}

/// The same as Markdown, what blocks first.
pub fn markdown(policy: &Policy, decision: &Decision) -> String {
    let mut text = String::new();
    let name = markdown::escaped(policy.name.as_str());
    let sign = markdown::sign(tone_of(decision.exit));
    let _ = writeln!(text, "## {sign} {}: gate {name}\n", verdict(decision));
    text.push_str("| | Of | What | Found |\n|---|---|---|---|\n");
    for standing in [
        Standing::Blocks,
        Standing::Open,
        Standing::Warns,
        Standing::Holds,
    ] {
        for Item {
            of, what, found, ..
        } in decision.against(standing)
        {
            let [of, what, found] = [of, what, found].map(|text| markdown::escaped(text));
            let sign = markdown::sign(tone(standing));
            let _ = writeln!(
                text,
                "| {sign} {} | {of} | {what} | {found} |",
                word(standing)
            );
        }
    }
    text
}

/// The same for programs.
pub fn json(policy: &Policy, decision: &Decision) -> String {
    let document = json!({
        "gate": 1,
        "policy": policy.name,
        "opens": decision.opens(),
        "exit": { "code": decision.exit.code(), "name": decision.exit },
        "exits": decision.exits,
        "items": decision.items,
    });
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Holds => "holds",
        Standing::Warns => "warns",
        Standing::Open => "OPEN",
        Standing::Blocks => "BLOCKS",
    }
}

const fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Holds => Tone::Good,
        Standing::Warns | Standing::Open => Tone::Doubt,
        Standing::Blocks => Tone::Bad,
    }
}

const fn tone_of(exit: Exit) -> Tone {
    match exit {
        Exit::Pass => Tone::Good,
        Exit::Inconclusive => Tone::Doubt,
        _ => Tone::Bad,
    }
}

fn verdict(decision: &Decision) -> &'static str {
    match decision.exit {
        Exit::Pass => "PASS",
        Exit::Inconclusive => "INCONCLUSIVE",
        Exit::Fail => "FAIL",
        _ => "ERROR",
    }
}
