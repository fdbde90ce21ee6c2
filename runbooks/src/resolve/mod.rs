//! From what is written to a runbook: block by block, then how blocks relate.

mod attributes;
mod block;
mod relations;
mod variables;

use std::sync::Arc;

use crate::attributes::Word;
use crate::block::Block;
use crate::code::Code;
use crate::runbook::Runbook;
use crate::text::Text;
use crate::{front, markdown};
use lab_diagnostic::{Diagnostics, Finding, Findings, Place, Source};

/// A block while it is resolved.
struct Draft {
    block: Block,
    /// Where its fence stands.
    place: Place,
    /// Where its name stands, or its id.
    named: Option<Place>,
    needs: Vec<Word>,
    checks: Vec<Word>,
    undo: Vec<Word>,
    approval: Option<Word>,
    /// What runs, with its places; nothing where the block is manual.
    script: Option<Text>,
}

/// Reads a runbook and everything that is wrong with it.
pub(crate) fn resolve(source: &Arc<Source>) -> (Runbook, Diagnostics) {
    let mut findings = Findings::default();
    let front = front::read(source, &mut findings);
    let document = markdown::read(source, front.body, &mut findings);
    let blocks = document.blocks.iter();
    let mut drafts: Vec<_> = blocks
        .map(|block| block::draft(source, block, &mut findings))
        .collect();
    relations::relate(&mut drafts, &mut findings);
    relations::approve(&mut drafts, front.header.as_ref(), &mut findings);
    variables::check(&drafts, front.header.as_ref(), &mut findings);
    if let Some(first) = drafts
        .iter()
        .find(|draft| draft.is_typed())
        .filter(|_| !front.is_ours)
    {
        let message = "blocks are typed, and the front matter has no `lab` section";
        findings.add(
            Finding::new(Code::NoHeader, first.place, message)
                .help("begin the file with `---`, `lab: { schema: runbook/1, id: … }`, `---`"),
        );
    }
    let runbook = Runbook {
        file: source.name().to_owned(),
        title: document.title,
        header: front.header,
        blocks: drafts.into_iter().map(|draft| draft.block).collect(),
    };
    (runbook, findings.into_diagnostics(source))
}
