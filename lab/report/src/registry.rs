//! The formats of a report: one file each, one line here.

use crate::run::Run;
use crate::style::Style;
use crate::{github, gitlab, html, json, junit, markdown, otlp, prometheus, terminal};

/// A way to write the report of a run.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What `--format` calls it.
    pub name: &'static str,
    /// What it is for, as a lowercase fragment.
    pub about: &'static str,
    /// Writes it, with a line feed at its end. A format for programs ignores the style.
    pub render: fn(&Run<'_>, &Style) -> String,
}

/// Every format, the default first.
pub const FORMATS: &[Format] = &[
    terminal::FORMAT,
    json::FORMAT,
    html::FORMAT,
    junit::FORMAT,
    markdown::FORMAT,
    github::FORMAT,
    gitlab::FORMAT,
    prometheus::FORMAT,
    otlp::METRICS,
    otlp::TRACE,
];

/// The format of that name.
pub fn find(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for (index, format) in FORMATS.iter().enumerate() {
            let same = FORMATS.iter().position(|other| other.name == format.name);
            assert_eq!(same, Some(index), "{}", format.name);
            assert_eq!(
                find(format.name).map(|found| found.about),
                Some(format.about)
            );
        }
        assert!(find("docx").is_none());
    }
}
