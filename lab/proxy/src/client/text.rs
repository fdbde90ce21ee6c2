//! What the commands print.

use crate::spec::{LinkView, Stream, ToxicView};
use std::fmt::Write as _;

/// A table of proxies, one a line.
pub(super) fn list(links: impl Iterator<Item = LinkView>) -> String {
    let heading = ["NAME", "LISTEN", "UPSTREAM", "STATE", "TOXICS"].map(str::to_owned);
    let rows = links.map(|link| {
        let toxics: Vec<_> = link.toxics.iter().map(|toxic| toxic.name.clone()).collect();
        let toxics = if toxics.is_empty() {
            "none".to_owned()
        } else {
            toxics.join(", ")
        };
        let state = state(link.enabled).to_owned();
        [link.name, link.listen, link.upstream, state, toxics]
    });
    let rows: Vec<_> = std::iter::once(heading).chain(rows).collect();
    if rows.len() == 1 {
        return "no proxies\n".to_owned();
    }
    let widths: Vec<usize> = (0..4)
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", row[4]);
    }
    text
}

/// One proxy with its toxics by direction.
pub(super) fn inspect(link: &LinkView) -> String {
    let mut text = format!(
        "{}  {} -> {}  {}\n",
        link.name,
        link.listen,
        link.upstream,
        state(link.enabled)
    );
    for stream in [Stream::Upstream, Stream::Downstream] {
        let _ = writeln!(text, "{stream}:");
        let mut found = link
            .toxics
            .iter()
            .filter(|toxic| toxic.stream == stream)
            .peekable();
        if found.peek().is_none() {
            text.push_str("  no toxics\n");
        }
        for found in found {
            let _ = writeln!(text, "  {}", toxic(found));
        }
    }
    text
}

/// A toxic in one line.
pub(super) fn toxic(toxic: &ToxicView) -> String {
    let mut text = format!("{} ({} {}", toxic.name, toxic.stream, toxic.kind);
    for (name, value) in &toxic.attributes {
        let _ = write!(text, " {name}={value}");
    }
    let _ = write!(text, " toxicity={})", toxic.toxicity);
    text
}

/// Whether a proxy is enabled.
pub(super) fn state(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}
