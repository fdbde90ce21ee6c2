//! Scenarios: what is written in a file, what is wrong with it, and the plan it stands for.
//!
//! A file goes through three forms. A **tree** knows values and their places. A **spec** knows the
//! language: every section a type, every value still with its place. A **plan**
//! ([`lab_model::Plan`]) knows everything: defaults filled in, times decided, and nothing in it
//! that could not be run. Whatever stands in the way is a [`Diagnostic`], all of them at once.
//!
//! | file | what lives there |
//! |---|---|
//! | `code` | the registry of kinds of mistake |
//! | `tree/` | YAML to a located tree, the tree to types |
//! | `spec/` | the language: the types from which reader and schemas derive |
//! | `resolve/` | spec to plan, one file a section |
//! | `compose/` | a compose file as a system |
//! | `overrides` | what the command line changes |
//! | `systems` | the systems that come with the lab |
//! | `catalog` | the scenarios that come with the lab |
//! | `sandbox` | a system kept running, and what is injected by hand |
//! | `explain` | the kinds of objective in words |
//! | `openslo/` | OpenSLO documents as objectives, and back |
//! | `policy/` | what a gate asks of a release |
//! | `schema` | JSON schemas for editors |
//!
//! Nothing here opens a file, a socket or a clock: files that a scenario names are read by what its
//! [`Source`] was given for that.

pub mod catalog;
mod code;
pub mod compose;
pub mod explain;
pub mod openslo;
mod overrides;
pub mod policy;
mod resolve;
pub mod sandbox;
pub mod schema;
mod spec;
pub mod systems;
mod tree;

use std::sync::Arc;

use lab_model::Plan;
use lab_model::container::Runtime;
use lab_model::exercise::Exercise;

pub use code::Code;
pub use lab_diagnostic::{Diagnostic, Diagnostics, Position, Source};
pub use overrides::Overrides;
pub use resolve::{Definition, Knob};

use spec::ScenarioSpec;
use tree::{At, Report};

/// A plan, and what its author should know before running it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Everything decided.
    pub plan: Plan,
    /// What its services run as.
    pub runtime: Runtime,
    /// What whoever handles it by hand is told; `None` where it says nothing of that.
    pub exercise: Option<Exercise>,
    /// Warnings, in the order of the file.
    pub warnings: Vec<Diagnostic>,
}

/// Plans a scenario: all that is decided before it runs, or all that is wrong with it.
///
/// The errors come with the warnings, those of the file first, in its order.
pub fn plan(source: Arc<Source>, overrides: &Overrides) -> Result<Planned, Diagnostics> {
    let report = Report::new(source);
    let mut resolved = (None, Vec::new());
    let mut exercise = None;
    if let Some(tree) = tree::parse(&report) {
        let mut spec: At<ScenarioSpec> = tree::interpret(&tree, &report);
        if let Some((spec, _)) = spec.located_mut() {
            resolve::load(spec, &tree, &report);
        }
        let within = report.source().first_line(tree.place);
        if let Some((spec, _)) = spec.need("scenario", within, &report) {
            resolved = resolve::scenario(spec, &tree, overrides, &report);
            let rehearsal = spec.rehearsal.as_ref().and_then(At::located);
            exercise = (resolved.0.as_ref().zip(rehearsal))
                .and_then(|((plan, _), found)| resolve::rehearsal::resolve(found, plan, &report));
        }
    }
    let (plan, of_overrides) = resolved;
    let mut diagnostics = report.into_diagnostics();
    diagnostics.extend(of_overrides);
    match plan {
        Some((plan, runtime)) if !diagnostics.iter().any(Diagnostic::is_error) => Ok(Planned {
            plan,
            runtime,
            exercise,
            warnings: diagnostics,
        }),
        _ => Err(Diagnostics::new(diagnostics)),
    }
}
