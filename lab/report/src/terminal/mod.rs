//! The report of a run for a terminal: what happened, what it means, what to do next.

mod changes;
pub(crate) mod closing;
pub(crate) mod findings;

use crate::header;
use crate::judged::{self, Judged};
use crate::line::{Line, width};
use crate::page::Page;
use crate::phases::Phases;
use crate::registry::Format;
use crate::run::Run;
use crate::style::{Style, Tone};

/// Between the parts of a judgement.
const GAP: usize = 2;

/// This format.
pub const FORMAT: Format = Format {
    name: "terminal",
    about: "for people: phases, verdicts, cause, what to try next",
    render: report,
};

/// The whole report of a run.
pub fn report(run: &Run<'_>, style: &Style) -> String {
    let mut page = Page::new(*style);
    header::ended(&mut page, &run.journal.opened);
    page.blank();
    if run.reached() {
        let phases = Phases::new(run.plan(), style);
        phases.head(&mut page);
        for index in 0..run.plan().phases.len() {
            phases.row(&mut page, run.plan(), &run.tally, index);
        }
        page.blank();
        changes::write(&mut page, run);
        page.blank();
    }
    conclude(&mut page, run);
    page.finish()
}

/// The part of the report that follows the phases, for a run whose phases were shown live.
pub fn conclusion(run: &Run<'_>, style: &Style) -> String {
    let mut page = Page::new(*style);
    conclude(&mut page, run);
    page.finish()
}

fn conclude(page: &mut Page, run: &Run<'_>) {
    if run.reached() {
        write_judged(page, &judged::all(run));
        page.blank();
    }
    findings::write(page, run);
    page.blank();
    closing::write(page, run);
}

/// Judgements under each other; where they are too long for the page, what was found stands
/// below.
fn write_judged(page: &mut Page, judged: &[Judged]) {
    let style = page.style();
    let longest = |width: &dyn Fn(&Judged) -> usize| judged.iter().map(width).max().unwrap_or(0);
    let columns = |text: &str| width(&style.clean(text));
    let word = longest(&|line| columns(line.word.text)) + GAP;
    let subject = longest(&|line| columns(&line.subject)) + GAP;
    let found = longest(&|line| columns(&line.found)) + GAP;
    let strength = longest(&|line| line.strength.len());
    let beside = word + subject + found + strength <= style.columns();
    let below = |page: &mut Page, text: String| {
        page.labelled(0, &Line::default(), word, &Line::plain(text));
    };
    let mut said: Vec<&str> = Vec::new();
    for line in judged {
        let label = Line::of(line.word.tone, line.word.text);
        let about = Line::plain(&line.subject).clean(&style);
        if beside {
            let evidence = Line::plain(&line.found).clean(&style).padded(found);
            let evidence = evidence.then(Tone::Plain, line.strength);
            page.labelled(0, &label, word, &about.padded(subject).join(evidence));
        } else {
            page.labelled(0, &label, word, &about);
            let facts = [line.found.as_str(), line.strength];
            let facts = facts.into_iter().filter(|fact| !fact.is_empty());
            below(page, facts.collect::<Vec<_>>().join(" · "));
        }
        // A doubt that several share is told once.
        if !said.iter().any(|note| note.contains(&line.note)) && !line.note.is_empty() {
            below(page, line.note.clone());
            said.push(&line.note);
        }
    }
}
