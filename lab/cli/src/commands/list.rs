//! `lab list`: scenarios with what they claim and teach, or kept runs.

use lab_model::container::Runtime;
use lab_model::{Exit, Journal};
use lab_scenarios::catalog;
use lab_verdict::{Call, judge};

use crate::arguments::{Color, List};
use crate::{diagnostics, runs, text};

pub(crate) fn run(options: &List, color: Color) -> Exit {
    if options.runs {
        return kept(options);
    }
    let entries = match catalog::list() {
        Ok(entries) => entries,
        Err(found) => {
            let all: Vec<_> = found.into_iter().collect();
            text::note_all(&diagnostics::render(&all, color, &std::io::stderr()));
            return Exit::Usage;
        }
    };
    let wanted = |tags: &[String]| options.tag.as_ref().is_none_or(|tag| tags.contains(tag));
    let shown: Vec<_> = entries.iter().filter(|entry| wanted(&entry.tags)).collect();
    let width = shown
        .iter()
        .map(|entry| entry.name.len())
        .max()
        .unwrap_or(0);
    for entry in &shown {
        text::out(&format!("{:width$}  {}\n", entry.name, entry.hypothesis));
        if entry.runtime == Runtime::Containers {
            text::out(&format!("{:width$}  needs: containers\n", ""));
        }
        if !entry.lesson.is_empty() {
            text::out(&format!("{:width$}  teaches: {}\n", "", entry.lesson));
        }
    }
    if shown.is_empty() {
        text::note("no scenario has this tag");
    }
    Exit::Pass
}

fn kept(options: &List) -> Exit {
    for folder in runs::list(&options.kept.out) {
        let name = folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let word = match runs::journal(&folder) {
            Ok(journal) => word(&journal),
            Err(_) => "unreadable",
        };
        text::out(&format!("{word:<12}  {}\n", name.unwrap_or_default()));
    }
    Exit::Pass
}

fn word(journal: &Journal) -> &'static str {
    match judge(journal).call {
        Call::Pass => "pass",
        Call::Fail => "FAIL",
        Call::Inconclusive => "inconclusive",
        Call::Error => "error",
    }
}
