//! The report of a run for a terminal: what happened, what it means, what to do next.

mod closing;
mod findings;
mod objectives;
mod witnesses;

use crate::header;
use crate::line::Line;
use crate::page::Page;
use crate::phases::Phases;
use crate::registry::Format;
use crate::run::Run;
use crate::style::Style;
use crate::table::{Align, Column, Table};

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
    let phases = Phases::new(run.plan(), style);
    phases.head(&mut page);
    for index in 0..run.plan().phases.len() {
        let recoveries = &run.verdict.recoveries;
        phases.row(&mut page, run.plan(), &run.tally, index, recoveries);
    }
    page.blank();
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
    let mut judged = objectives::judged(run);
    judged.extend(witnesses::judged(run));
    write_judged(page, &judged);
    page.blank();
    findings::write(page, run);
    page.blank();
    closing::write(page, run);
}

/// One line of judgement: the word, what is judged, what was found, and how sure that is.
struct Judged {
    word: Line,
    subject: String,
    found: String,
    strength: &'static str,
    /// Why it is no pass; empty where there is nothing to say.
    note: String,
}

/// Judgements under each other; where they are too long for the page, what was found stands
/// below.
fn write_judged(page: &mut Page, judged: &[Judged]) {
    let style = page.style();
    let longest = |width: &dyn Fn(&Judged) -> usize| judged.iter().map(width).max().unwrap_or(0);
    let word = longest(&|line| line.word.width());
    let subject = longest(&|line| Line::plain(&line.subject).clean(&style).width());
    let found = longest(&|line| Line::plain(&line.found).clean(&style).width());
    let strength = longest(&|line| line.strength.len());
    let fits = word + subject + found + strength + 6 <= style.columns();
    let columns = vec![
        Column::new("", word, Align::Left, &style),
        Column::new("", subject, Align::Left, &style),
        Column::new("", found + 2 + strength, Align::Left, &style),
    ];
    let table = Table::new(0, columns, &style);
    for line in judged {
        let found = match (fits, line.strength) {
            (_, "") => Line::plain(&line.found),
            (true, strength) => Line::plain(&line.found)
                .clean(&style)
                .padded(found + 2)
                .join(Line::plain(strength)),
            (false, strength) => Line::plain(format!("{} · {strength}", line.found)),
        };
        let cells = [line.word.clone(), Line::plain(&line.subject), found];
        table.row(page, &Line::default(), &cells);
        if !line.note.is_empty() {
            page.line(word + 2, &Line::plain(&line.note));
        }
    }
}
