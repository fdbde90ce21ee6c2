//! A scenario as the command line names it, planned; what is wrong with it goes to standard error.

use std::fs::File;
use std::sync::Arc;

use lab_model::Exit;
use lab_scenarios::{Diagnostics, Overrides, Planned, Source, catalog};

use crate::arguments::{Choice, Color};
use crate::{diagnostics, text};

/// Why there is no scenario to plan.
pub(crate) enum Trouble {
    /// Mistakes with their places.
    Diagnostics(Diagnostics),
    /// The file cannot be read.
    Unreadable(String),
}

/// The text of a scenario, by its name in the catalog or its path.
pub(crate) fn source(reference: &str) -> Result<Arc<Source>, Trouble> {
    if !catalog::is_path(reference) {
        return catalog::load(reference).map_err(|one| Trouble::Diagnostics(one.into()));
    }
    let unreadable = |error| Trouble::Unreadable(format!("{reference}: {error}"));
    let file = File::open(reference).map_err(unreadable)?;
    match Source::read(reference, file).map_err(unreadable)? {
        Ok(source) => Ok(Arc::new(source)),
        Err(diagnostic) => Err(Trouble::Diagnostics(diagnostic.into())),
    }
}

/// The plan of what the user chose. Warnings and mistakes are shown; on a mistake there is only
/// the exit code.
pub(crate) fn planned(choice: &Choice, reference: &str, color: Color) -> Result<Planned, Exit> {
    let overrides = Overrides::new(choice.with.clone(), choice.seed);
    let stderr = std::io::stderr();
    let planned = source(reference)
        .and_then(|source| lab_scenarios::plan(source, &overrides).map_err(Trouble::Diagnostics));
    match planned {
        Ok(planned) => {
            text::note_all(&diagnostics::render(&planned.warnings, color, &stderr));
            Ok(planned)
        }
        Err(Trouble::Diagnostics(found)) => {
            let all: Vec<_> = found.into_iter().collect();
            text::note_all(&diagnostics::render(&all, color, &stderr));
            text::note(&diagnostics::summary(&all));
            Err(Exit::Usage)
        }
        Err(Trouble::Unreadable(reason)) => {
            text::error(
                &reason,
                "lab list names the scenarios that come with the lab",
            );
            Err(Exit::Usage)
        }
    }
}
