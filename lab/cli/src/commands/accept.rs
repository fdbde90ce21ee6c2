//! `lab accept`: keeps what later runs are compared with.

use lab_model::Exit;
use lab_verdict::outcome::Call;
use lab_verdict::{across, judge};

use crate::arguments::Accept;
use crate::{accepted, runs, text};

pub(crate) fn run(options: &Accept) -> Exit {
    let found = runs::find(&options.kept.out, &options.run);
    let journal = found.and_then(|folder| runs::journal(&folder));
    let journal = match journal {
        Ok(journal) => journal,
        Err(error) => {
            text::error(&error.to_string(), "lab list --runs");
            return Exit::Usage;
        }
    };
    let verdict = judge(&journal);
    if verdict.call != Call::Pass && !options.although {
        let message = format!("{} did not pass", journal.opened.run);
        text::error(
            &message,
            "lab report says why; --although accepts it all the same",
        );
        return Exit::Usage;
    }
    let Some(mut summary) = across::summary(&journal) else {
        text::error(
            &format!("{}: its journal tells no day", journal.opened.run),
            "",
        );
        return Exit::Usage;
    };
    summary.by.clone_from(&options.by);
    match accepted::keep(&options.accepted, &summary) {
        Ok(path) => {
            text::out(&format!("accepted {} in {}\n", summary.run, path.display()));
            Exit::Pass
        }
        Err(reason) => {
            text::error(
                &reason,
                "an accepted run is never written over; remove its file first",
            );
            Exit::Usage
        }
    }
}
