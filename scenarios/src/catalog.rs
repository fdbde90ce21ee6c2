//! The scenarios that come with the lab, run by name.

use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use lab_model::container::Runtime;

use crate::code::Code;
use crate::{Diagnostics, Overrides, Planned, plan};
use lab_diagnostic::{Diagnostic, Finding, Place, Source, listed};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/catalog");

/// A scenario as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The system it needs.
    pub system: String,
    /// What its services run as, unless something else is asked for.
    pub runtime: Runtime,
    /// What it claims.
    pub hypothesis: String,
    /// What one learns when it fails.
    pub lesson: String,
    /// Labels for choosing.
    pub tags: Vec<String>,
}

/// The names of all scenarios, in alphabetical order.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<&str> = FILES
        .files()
        .filter_map(|file| file.path().file_name()?.to_str()?.strip_suffix(".yaml"))
        .collect();
    names.sort_unstable();
    names.into_iter()
}

/// All scenarios, in alphabetical order.
pub fn list() -> Result<Vec<Entry>, Diagnostics> {
    let entry = |name: &str| {
        let Planned { plan, runtime, .. } = plan(load(name)?, &Overrides::default())?;
        Ok(Entry {
            name: name.to_owned(),
            runtime,
            system: plan.system.name.to_string(),
            hypothesis: plan.hypothesis,
            lesson: plan.lesson,
            tags: plan.tags.iter().map(ToString::to_string).collect(),
        })
    };
    names().map(entry).collect()
}

/// A scenario by its name.
pub fn load(name: &str) -> Result<Arc<Source>, Box<Diagnostic>> {
    let file = format!("{name}.yaml");
    let text = FILES
        .get_file(&file)
        .and_then(|found| found.contents_utf8());
    if let Some(text) = text {
        return Ok(Arc::new(
            Source::embedded(&file, name, text).with_files(companion),
        ));
    }
    let given = Arc::new(Source::embedded(name, name, name));
    let place = Place {
        start: 0,
        end: name.len(),
    };
    let finding = Finding::new(
        Code::UnknownScenario,
        place,
        format!("no scenario `{name}`"),
    )
    .meant(name, names())
    .help(format!(
        "the catalog has {}; a file of your own is named with its path, `./{name}.yaml`",
        listed(names())
    ));
    Err(Box::new(finding.into_diagnostic(&given)))
}

/// A file that a scenario of the catalog names.
fn companion(name: &str) -> Result<String, String> {
    let text = FILES.get_file(name).and_then(|found| found.contents_utf8());
    text.map(str::to_owned)
        .ok_or_else(|| format!("the catalog has no file {name}"))
}

/// Whether a scenario is named by a path rather than by its name in the catalog.
pub fn is_path(reference: &str) -> bool {
    let extension = Path::new(reference).extension();
    let is_yaml = extension.is_some_and(|extension| extension == "yaml" || extension == "yml");
    is_yaml || reference.contains(['/', '\\'])
}
