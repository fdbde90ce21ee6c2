//! A mistake before it is bound to its file.

use std::sync::Arc;

use crate::code::{Code, Severity};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{Place, Source};
use crate::suggest::{listed, nearest};

/// The longest message, in characters: a text of the file may be quoted in it.
const LONGEST: usize = 400;

/// Something found, before it is bound to its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What kind of mistake it is.
    pub code: Code,
    /// Where; `None` while that is not known.
    pub place: Option<Place>,
    /// What is wrong, in one line.
    pub message: String,
    /// Words at the place itself.
    pub label: Option<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    /// A finding at a place.
    pub fn new(code: impl Into<Code>, place: Place, message: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            ..Self::anywhere(code, message)
        }
    }

    /// A finding whose place is not known yet.
    pub fn anywhere(code: impl Into<Code>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            place: None,
            message: message.into(),
            label: None,
            help: None,
        }
    }

    /// Words at the place itself.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What may have been meant by `found`; where nothing is near, all there is.
    #[must_use]
    pub fn among<'a>(
        self,
        found: &str,
        candidates: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        let meant = self.meant(found, candidates.clone());
        if meant.label.is_some() {
            meant
        } else {
            meant.help(format!("there is {}", listed(candidates)))
        }
    }

    /// What may have been meant by `found`, where something is near.
    #[must_use]
    pub fn meant<'a>(self, found: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(found, candidates) {
            Some(candidate) => self.label(format!("did you mean `{candidate}`?")),
            None => self,
        }
    }

    /// Whether it forbids that the file is used.
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }

    /// Binds it to its file. Without a place it stands at the file's start.
    pub fn into_diagnostic(self, source: &Arc<Source>) -> Diagnostic {
        let mut message = self.message;
        if let Some((end, _)) = message.char_indices().nth(LONGEST) {
            message.truncate(end);
            message.push('…');
        }
        Diagnostic {
            code: self.code,
            message,
            label: self.label,
            help: self.help,
            place: source.first_line(self.place.unwrap_or(Place::START)),
            source: Arc::clone(source),
        }
    }
}

/// What was found in one file so far.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

impl Findings {
    /// One more.
    pub fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Everything, in the order of the file.
    pub fn into_diagnostics(mut self, source: &Arc<Source>) -> Diagnostics {
        self.0.sort_by_key(|finding| finding.place);
        let bound = self.0.into_iter();
        Diagnostics::new(
            bound
                .map(|finding| finding.into_diagnostic(source))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileCode;

    #[test]
    fn a_place_ends_with_its_line_and_a_message_before_a_page() {
        let source = Arc::new(Source::embedded("a", "a", "one\ntwo\n"));
        let diagnostic = Finding::new(FileCode::Empty, Place::new(0, 7), "é".repeat(1_000))
            .into_diagnostic(&source);
        assert_eq!((diagnostic.offset(), diagnostic.length()), (0, 3));
        assert_eq!(diagnostic.message().chars().count(), LONGEST + 1);
    }

    #[test]
    fn findings_come_in_the_order_of_the_file() {
        let source = Arc::new(Source::embedded("a", "a", "one\ntwo\n"));
        let mut findings = Findings::default();
        findings.add(Finding::new(FileCode::Empty, Place::new(4, 7), "second"));
        findings.add(Finding::anywhere(FileCode::Empty, "first"));
        let found = findings.into_diagnostics(&source);
        let lines: Vec<_> = found.iter().map(Diagnostic::line).collect();
        assert_eq!(lines, [1, 2]);
        assert!(found.has_errors());
        assert_eq!(found.count(), (2, 0));
    }
}
