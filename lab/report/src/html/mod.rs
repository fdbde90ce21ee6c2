//! The report of a run as one HTML file that needs nothing else: no network, no fonts, no images.
//!
//! What it says is in its text and tables; pictures repeat it. The script only adds a cursor to the
//! charts, from the tables that stand below them.
//!
//! | file | what lives there |
//! |---|---|
//! | `hero` | the verdict, one sentence, which run this is |
//! | `objectives` | estimates with their intervals; error budgets |
//! | `judgements` | patterns, witnesses, comparisons, ledgers, recoveries |
//! | `charts/` | what happened over time |
//! | `topology` | the links as measured |
//! | `failures` | how requests failed, and what else went wrong |
//! | `closing` | what was not shown, what was tested, how to run it again |
//! | `graded` | a grade of a runbook instead of a run |
//! | `text` | texts without what a browser must not see |
//! | `style.css`, `script.js` | looks; the cursor |

mod charts;
mod closing;
mod failures;
mod graded;
mod hero;
mod judgements;
mod objectives;
mod text;
mod topology;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use graded::graded;

use crate::registry::Format;
use crate::run::Run;
use crate::words;

/// This format.
pub const FORMAT: Format = Format {
    name: "html",
    about: "for people: one file for any browser, with charts",
    render: |run, _| report(run),
};

/// Nothing is fetched from anywhere; only what stands in the file may run or colour it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The report as an HTML document.
pub fn report(run: &Run<'_>) -> String {
    let sections: Vec<Section> = [
        objectives::section(run),
        judgements::section(run),
        charts::section(run),
        topology::section(run),
        failures::section(run),
        Some(closing::limits(run)),
        Some(closing::replay(run)),
        Some(closing::tested(run)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let title = format!(
        "{} · {}",
        words::alone(run.verdict.call),
        run.journal.opened.run
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                meta name="generator" content={ "Failure Lab " (run.journal.opened.lab) };
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#report" { "Skip to the report" }
                (hero::header(run))
                nav aria-label="Sections" {
                    ul { @for section in &sections {
                        li { a href={ "#" (section.id) } { (section.title) } }
                    } }
                }
                main #report {
                    @for section in &sections { (section.markup()) }
                }
                footer { p {
                    "Made by Failure Lab " (run.journal.opened.lab)
                    " from the journal of run " code { (run.journal.opened.run) }
                    ". The same journal gives the same bytes."
                } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    text::finished(page.into_string())
}

/// A part of the page.
struct Section {
    /// Its anchor.
    id: &'static str,
    /// Its heading.
    title: &'static str,
    /// One sentence on how to read it; may be empty.
    lead: String,
    body: Markup,
}

impl Section {
    fn markup(&self) -> Markup {
        let heading = format!("{}-heading", self.id);
        html! {
            section id=(self.id) aria-labelledby=(heading) {
                h2 id=(heading) { (self.title) }
                @if !self.lead.is_empty() { p.lead { (self.lead) } }
                (self.body)
            }
        }
    }
}

/// A table that scrolls sideways on its own where it is too wide, also by keyboard.
fn scrolling(label: &str, table: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label=(label) tabindex="0" { (table) } }
}
