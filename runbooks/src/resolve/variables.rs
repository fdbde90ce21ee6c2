//! Variables that scripts read and nobody declares.

use std::collections::HashSet;

use super::Draft;
use crate::code::Code;
use crate::front::Header;
use crate::shell::variables::{is_always_there, needed};
use lab_diagnostic::{Finding, Findings};

/// Warns of variables that no one sets. Without a `lab` section nothing can be declared, and that
/// is said elsewhere.
pub(super) fn check(drafts: &[Draft], header: Option<&Header>, findings: &mut Findings) {
    let Some(header) = header else {
        return;
    };
    let mut declared: HashSet<&str> = header.vars.iter().map(|var| var.name.as_str()).collect();
    let saved = drafts.iter().flat_map(|draft| &draft.block.saves);
    declared.extend(saved.map(String::as_str));
    for script in drafts.iter().filter_map(|draft| draft.script.as_ref()) {
        for (name, range) in needed(script.as_str()) {
            if !declared.contains(name) && !is_always_there(name) {
                let message = format!("`{name}` is read here and declared nowhere");
                let place = script.place(range.start, range.end);
                findings.add(
                    Finding::new(Code::UndeclaredVariable, place, message)
                        .help("declare it under `vars`, or let a block save it"),
                );
            }
        }
    }
}
