//! The systems that come with the lab. To add one, write its folder and its line here.

use std::sync::Arc;

use lab_model::Name;

use crate::code::Code;
use crate::resolve::{self, Definition};
use crate::spec::SystemSpec;
use crate::tree::{self, At, Report};
use lab_diagnostic::{Diagnostics, Finding, Place, Source};

const SYSTEMS: &[(&str, &str)] = &[
    ("shop", include_str!("../systems/shop/system.yaml")),
    (
        "shop-on-database",
        include_str!("../systems/shop-on-database/system.yaml"),
    ),
];

/// The names of the systems that come with the lab.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    SYSTEMS.iter().map(|(name, _)| *name)
}

/// A system that comes with the lab; `None` where there is none of that name.
pub fn load(name: &str) -> Option<Result<Definition, Diagnostics>> {
    let (name, text) = SYSTEMS.iter().find(|(known, _)| *known == name)?;
    let file = format!("{name}/system.yaml");
    Some(read(Arc::new(Source::embedded(&file, name, text))))
}

/// Reads a system file; all its mistakes at once.
pub fn read(source: Arc<Source>) -> Result<Definition, Diagnostics> {
    let report = Report::new(source);
    let definition = tree::parse(&report).and_then(|tree| {
        let spec: At<SystemSpec> = tree::interpret(&tree, &report);
        let within = report.source().first_line(tree.place);
        let (spec, _) = spec.need("system", within, &report)?;
        resolve::from_file(spec, within, &report)
    });
    match definition.filter(|_| !report.has_errors()) {
        Some(definition) => Ok(definition),
        None => Err(Diagnostics::new(report.into_diagnostics())),
    }
}

/// The system that a scenario names; an unknown one is reported.
pub(crate) fn find(name: &Name, place: Place, report: &Report) -> Option<Definition> {
    match load(name.as_str()) {
        Some(Ok(definition)) => return Some(definition),
        // A test reads every system that comes with the lab.
        Some(Err(diagnostics)) => {
            let message = format!("the system `{name}` is broken: {diagnostics}");
            report.add(Finding::new(Code::UnknownSystem, place, message));
        }
        None => report.add(
            Finding::new(Code::UnknownSystem, place, format!("no system `{name}`"))
                .among(name.as_str(), names()),
        ),
    }
    None
}
