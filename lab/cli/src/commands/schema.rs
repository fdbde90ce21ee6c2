//! `lab schema`: JSON schemas for editors and programs.

use lab_model::Exit;

use crate::arguments::Format;
use crate::text;

pub(crate) fn run(of: Format) -> Exit {
    text::out(&match of {
        Format::Scenario => lab_scenarios::schema::scenario(),
        Format::System => lab_scenarios::schema::system(),
        Format::Policy => lab_scenarios::schema::policy(),
        Format::Report => lab_report::json::schema(),
    });
    Exit::Pass
}
