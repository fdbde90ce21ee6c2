//! `lab compare`: did the second run get worse than the first?

use lab_model::Exit;
use lab_report::comparison;
use lab_verdict::across::{self, Change};

use crate::arguments::{Color, Compare};
use crate::{accepted, text};

pub(crate) fn run(options: &Compare, color: Color) -> Exit {
    let find = |word: &str| accepted::find(word, &options.kept.out, &options.accepted);
    let (before, after) = match (find(&options.before), find(&options.after)) {
        (Ok(before), Ok(after)) => (before, after),
        (before, after) => {
            for reason in [before.err(), after.err()].into_iter().flatten() {
                text::error(
                    &reason,
                    "lab list --runs, or the name of a scenario with an accepted run",
                );
            }
            return Exit::Usage;
        }
    };
    let across = across::compare(&before, &after, 1.0 + options.tolerance.get());
    let style = text::style(color, &std::io::stdout());
    text::out(&comparison::text(&before, &after, &across, &style));
    match across.change() {
        Change::Same | Change::Better => Exit::Pass,
        Change::Worse => Exit::Fail,
        Change::Unknown => Exit::Inconclusive,
    }
}
