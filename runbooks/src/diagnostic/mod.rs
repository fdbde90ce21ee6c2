//! What is wrong with a runbook: where, what, and the way out.

mod code;
mod suggest;

use std::fmt;
use std::sync::Arc;

use miette::{LabeledSpan, SourceCode};

pub use code::{Code, Severity};
use suggest::{listed, nearest};

use crate::source::{Place, Position, Source};

/// The longest message, in characters: a text of the file may be quoted in it.
const LONGEST: usize = 400;

/// Something found, before it is bound to its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    code: Code,
    place: Place,
    message: String,
    label: Option<String>,
    help: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            code,
            place,
            message: message.into(),
            label: None,
            help: None,
        }
    }

    /// Words at the place itself.
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// What to do about it.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// What may have been meant by `found`; where nothing is near, all there is.
    pub(crate) fn among<'a>(
        self,
        found: &str,
        candidates: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Self {
        match nearest(found, candidates.clone()) {
            Some(candidate) => self.label(format!("did you mean `{candidate}`?")),
            None => self.help(format!("there is {}", listed(candidates))),
        }
    }

    pub(crate) fn into_diagnostic(self, source: &Arc<Source>) -> Diagnostic {
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
            place: source.first_line(self.place),
            source: Arc::clone(source),
        }
    }
}

/// What was found in one file so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    /// Everything, in the order of the file.
    pub(crate) fn into_diagnostics(mut self, source: &Arc<Source>) -> Diagnostics {
        self.0.sort_by_key(|finding| finding.place);
        let bound = self.0.into_iter();
        Diagnostics(
            bound
                .map(|finding| finding.into_diagnostic(source))
                .collect(),
        )
    }
}

/// One mistake or warning, at its place in its file.
///
/// [`fmt::Display`] is its message alone; [`Diagnostic::plain`] renders all of it as text, and
/// [`miette::Diagnostic`] lets the program draw it with the quoted line.
#[derive(Clone)]
pub struct Diagnostic {
    code: Code,
    message: String,
    label: Option<String>,
    help: Option<String>,
    place: Place,
    source: Arc<Source>,
}

impl Diagnostic {
    /// Its stable code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether it forbids the run.
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Words at the place itself.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// Where it starts.
    pub fn position(&self) -> Position {
        self.source.position(self.place.start)
    }

    /// All of it as plain text, up to three lines without a line feed at the end.
    pub fn plain(&self) -> String {
        let Position { line, column } = self.position();
        let (severity, code) = (self.code.severity(), self.code);
        let label = self.label.iter().map(|label| format!("\n    {label}"));
        let help = self.help.iter().map(|help| format!("\n    help: {help}"));
        let words: String = label.chain(help).collect();
        let file = self.file();
        format!("{file}:{line}:{column}: {severity}[{code}]: {self}{words}")
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plain())
    }
}

impl std::error::Error for Diagnostic {}

impl miette::Diagnostic for Diagnostic {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.code.severity() {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        // A file that could not be read as text is not quoted.
        let code: &dyn SourceCode = self.source.code();
        (!self.source.text().is_empty()).then_some(code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let length = self.place.end - self.place.start;
        let span = LabeledSpan::new(self.label.clone(), self.place.start, length);
        Some(Box::new(std::iter::once(span)))
    }
}

/// Everything found in a file, in the order of the file.
#[derive(Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.iter().any(Diagnostic::is_error)
    }

    /// How many errors and how many warnings.
    pub fn count(&self) -> (usize, usize) {
        let errors = self.iter().filter(|found| found.is_error()).count();
        (errors, self.0.len() - errors)
    }
}

impl From<Box<Diagnostic>> for Diagnostics {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self(vec![*diagnostic])
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Diagnostics {
    /// All as plain text, one after the other.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .try_for_each(|one| writeln!(f, "{}", one.plain()))
    }
}

impl fmt::Debug for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renderer_gets_everything() {
        let source = Arc::new(Source::new("a.md", "one\ntwo three\n".into()).unwrap());
        let diagnostic = Finding::new(Code::UnknownBlock, Place::new(8, 13), "no such block")
            .among("three", ["threes"])
            .into_diagnostic(&source);
        let mut json = String::new();
        miette::JSONReportHandler::new()
            .render_report(&mut json, &diagnostic)
            .unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["code"], "runbook::unknown-block");
        assert_eq!(json["severity"], "error");
        assert_eq!(json["filename"], "a.md");
        assert_eq!(json["labels"][0]["label"], "did you mean `threes`?");
        assert_eq!(json["labels"][0]["span"]["offset"], 8);
        assert_eq!(diagnostic.position(), Position { line: 2, column: 5 });
    }

    #[test]
    fn a_place_ends_with_its_line_and_a_message_before_a_page() {
        let source = Arc::new(Source::new("a", "one\ntwo\n".into()).unwrap());
        let finding = Finding::new(Code::BadValue, Place::new(0, 7), "é".repeat(1_000));
        let diagnostic = finding.into_diagnostic(&source);
        assert_eq!(diagnostic.place, Place::new(0, 3));
        assert_eq!(diagnostic.message().chars().count(), LONGEST + 1);
    }
}
