//! A scenario as the command line names it, planned; what is wrong with it goes to standard error.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use lab_model::Exit;
use lab_scenarios::compose::ComposeFile;
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
        Ok(source) => {
            let folder = Path::new(reference).parent().map(Path::to_owned);
            let folder = folder.unwrap_or_default();
            Ok(Arc::new(
                source.with_files(move |name| beside(&folder, name)),
            ))
        }
        Err(diagnostic) => Err(Trouble::Diagnostics(diagnostic.into())),
    }
}

/// A file that a scenario names, from where the scenario stands; never more of it than
/// is allowed, and one byte.
fn beside(folder: &Path, name: &str) -> Result<String, String> {
    let path = folder.join(name);
    let read = || {
        let mut text = String::new();
        let file = File::open(&path)?;
        file.take(Source::MAX_NAMED_BYTES as u64 + 1)
            .read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error: std::io::Error| format!("{}: {error}", path.display()))
}

/// Plans a scenario with the compose file that it names, if it names one.
pub(crate) fn plan(reference: &str, overrides: Overrides) -> Result<Planned, Trouble> {
    let source = source(reference)?;
    let compose = compose(&source, reference)?;
    let overrides = overrides.with_compose(compose);
    lab_scenarios::plan(source, &overrides).map_err(Trouble::Diagnostics)
}

/// The compose file that a scenario names, relative to its own file.
pub(crate) fn compose(
    scenario: &Arc<Source>,
    reference: &str,
) -> Result<Option<ComposeFile>, Trouble> {
    let Some(named) = lab_scenarios::compose::named(scenario) else {
        return Ok(None);
    };
    let here = Path::new(reference).parent().unwrap_or(Path::new(""));
    let path = here.join(named);
    let shown = path.display().to_string();
    let unreadable = |error| Trouble::Unreadable(format!("{shown}: {error}"));
    let file = File::open(&path).map_err(unreadable)?;
    let source = match Source::read(&shown, file).map_err(unreadable)? {
        Ok(source) => Arc::new(source),
        Err(diagnostic) => return Err(Trouble::Diagnostics(diagnostic.into())),
    };
    let folder = path
        .canonicalize()
        .map_err(unreadable)?
        .parent()
        .unwrap_or(Path::new("/"))
        .to_owned();
    Ok(Some(ComposeFile { source, folder }))
}

/// What the user chose, as changes of a scenario.
fn overrides(choice: &Choice) -> Overrides {
    Overrides::new(choice.with.clone(), choice.seed)
        .with_toxiproxy(choice.toxiproxy.clone())
        .with_early_stop(choice.early_stop)
        .with_lengths(choice.lengths)
        .allowing(choice.allow.clone())
        .on(choice.driver.runtime())
}

/// The plan of what the user chose. Warnings and mistakes are shown; on a mistake there is only
/// the exit code.
pub(crate) fn planned(choice: &Choice, reference: &str, color: Color) -> Result<Planned, Exit> {
    let planned = shown(plan(reference, overrides(choice)), color)?;
    let stderr = std::io::stderr();
    text::note_all(&diagnostics::render(&planned.warnings, color, &stderr));
    Ok(planned)
}

/// Whether what the user chose can be planned; nothing is shown.
pub(crate) fn is_plannable(choice: &Choice, reference: &str) -> bool {
    plan(reference, overrides(choice)).is_ok()
}

/// What was read, or only the exit code: what is wrong with it is shown.
pub(crate) fn shown<T>(read: Result<T, Trouble>, color: Color) -> Result<T, Exit> {
    let stderr = std::io::stderr();
    match read {
        Ok(read) => Ok(read),
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
