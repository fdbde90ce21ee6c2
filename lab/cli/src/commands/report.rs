//! `lab report`: a run's verdict and report again, from its journal alone.

use std::path::Path;

use lab_model::{Exit, Journal};
use lab_report::{Format, Run, Style};
use lab_verdict::{RunVerdict, judge, strict};

use crate::arguments::{Color, Report, Strength};
use crate::commands::{grade, rehearse};
use crate::{runs, text};

pub(crate) fn run(options: &Report, color: Color) -> Exit {
    let graded = grade::again(&options.kept.out, &options.run, &options.format, color)
        .or_else(|| rehearse::shown_again(&options.kept.out, &options.run, &options.format, color));
    if let Some(exit) = graded {
        return exit;
    }
    let Some(format) = format(&options.format) else {
        return Exit::Usage;
    };
    let folder = match runs::find(&options.kept.out, &options.run) {
        Ok(folder) => folder,
        Err(error) => {
            text::error(&error.to_string(), "lab list --runs");
            return Exit::Usage;
        }
    };
    let style = text::style(color, &std::io::stdout());
    match render(&folder, format, &style, options.strength) {
        Ok((report, verdict)) => {
            text::out(&report);
            verdict.exit
        }
        Err(error) => {
            text::error(&error.to_string(), "lab list --runs");
            Exit::Usage
        }
    }
}

/// The format of that name, or a word on those there are.
pub(crate) fn format(name: &str) -> Option<&'static Format> {
    let found = lab_report::registry::find(name);
    if found.is_none() {
        let names: Vec<&str> = lab_report::FORMATS
            .iter()
            .map(|format| format.name)
            .collect();
        text::error(&format!("no format is called `{name}`"), &names.join(", "));
    }
    found
}

/// The verdict on a journal, where so much strength is asked of a pass.
pub(crate) fn judged(journal: &Journal, strength: Strength) -> RunVerdict {
    let verdict = judge(journal);
    match strength {
        Strength::Observed => verdict,
        Strength::Proven => strict::proven(verdict),
    }
}

/// Reads, judges and renders.
pub(crate) fn render(
    folder: &Path,
    format: &Format,
    style: &Style,
    strength: Strength,
) -> Result<(String, RunVerdict), runs::RunError> {
    let journal = runs::journal(folder)?;
    let verdict = judged(&journal, strength);
    let kept = folder.to_string_lossy();
    let report = (format.render)(&Run::new(&journal, &verdict, Some(&kept)), style);
    Ok((report, verdict))
}
