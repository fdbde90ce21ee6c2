//! Policies: what a gate asks of a release, read from a file with all its mistakes at once.
//!
//! | file | what lives there |
//! |---|---|
//! | `spec` | the language |
//! | `resolve` | from what a file holds to a [`Policy`] that cannot be wrong |

mod resolve;
mod spec;

use std::sync::Arc;

use lab_diagnostic::{Diagnostic, Diagnostics, Source};
use lab_model::policy::Policy;

pub(crate) use spec::PolicySpec;

use crate::tree::{self, At, Report};

/// Reads a policy: what it asks and its warnings, or all that is wrong with it.
pub fn read(source: Arc<Source>) -> Result<(Policy, Vec<Diagnostic>), Diagnostics> {
    let report = Report::new(source);
    let mut policy = None;
    if let Some(tree) = tree::parse(&report) {
        let spec: At<PolicySpec> = tree::interpret(&tree, &report);
        let within = report.source().first_line(tree.place);
        if let Some((spec, _)) = spec.need("policy", within, &report) {
            policy = resolve::policy(spec, within, &report);
        }
    }
    let failed = report.has_errors();
    let found = report.into_diagnostics();
    match policy {
        Some(policy) if !failed => Ok((policy, found)),
        _ => Err(Diagnostics::new(found)),
    }
}

#[cfg(test)]
mod tests;
