//! A mistake at its place in its file, and many of them.

use std::fmt;
use std::sync::Arc;

use miette::{LabeledSpan, SourceCode};

use crate::code::{Code, Severity};
use crate::source::{Place, Position, Source};

/// One mistake or warning, at its place in its file.
///
/// [`fmt::Display`] is its message alone; [`Diagnostic::plain`] renders all of it as text, and
/// [`miette::Diagnostic`] lets the program draw it with the quoted line.
#[derive(Clone)]
pub struct Diagnostic {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
    pub(crate) place: Place,
    pub(crate) source: Arc<Source>,
}

impl Diagnostic {
    /// Its stable code, which `lab explain` takes.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Whether it forbids that the file is used.
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

    /// Where it starts in the file, in bytes.
    pub fn offset(&self) -> usize {
        self.place.start
    }

    /// How long its place is, in bytes; never beyond its line.
    pub fn length(&self) -> usize {
        self.place.end - self.place.start
    }

    /// Where it starts, as people count.
    pub fn position(&self) -> Position {
        self.source.position(self.place.start)
    }

    /// Its line, from 1.
    pub fn line(&self) -> usize {
        self.position().line
    }

    /// Its column, from 1, in characters.
    pub fn column(&self) -> usize {
        self.position().column
    }

    /// All of it as plain text, two or three lines without a line feed at the end.
    pub fn plain(&self) -> String {
        let Position { line, column } = self.position();
        let (severity, code) = (self.code.severity(), self.code);
        let label = self.label.iter().map(|label| format!("\n    {label}"));
        let help = self.help.iter().map(|help| format!("\n    help: {help}"));
        let words: String = label.chain(help).collect();
        format!(
            "{}:{line}:{column}: {severity}[{code}]: {self}{words}",
            self.file()
        )
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
        let span = LabeledSpan::new(self.label.clone(), self.offset(), self.length());
        Some(Box::new(std::iter::once(span)))
    }
}

/// Everything found in a file, in the order of the file.
#[derive(Clone, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// These, in this order.
    pub fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self(diagnostics)
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }

    /// All of them.
    pub fn as_slice(&self) -> &[Diagnostic] {
        &self.0
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.iter().any(Diagnostic::is_error)
    }

    /// How many errors and how many warnings.
    pub fn count(&self) -> (usize, usize) {
        let errors = self
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
            .count();
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

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl fmt::Display for Diagnostics {
    /// All as plain text, one after the other.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in self {
            writeln!(f, "{}", diagnostic.plain())?;
        }
        Ok(())
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
    use crate::{FileCode, Finding};

    #[test]
    fn a_renderer_gets_everything() {
        let text = "a: 1\nlinks: [orders -> paymets]\n";
        let source = Arc::new(Source::embedded("mine.yaml", "./mine.yaml", text));
        let diagnostic = Finding::new(FileCode::NotText, Place::new(13, 30), "no such link")
            .among("orders -> paymets", ["orders -> payments"])
            .into_diagnostic(&source);
        let mut json = String::new();
        miette::JSONReportHandler::new()
            .render_report(&mut json, &diagnostic)
            .unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["code"], "file::not-text");
        assert_eq!(json["severity"], "error");
        assert_eq!(json["filename"], "mine.yaml");
        let label = &json["labels"][0];
        assert_eq!(label["label"], "did you mean `orders -> payments`?");
        assert_eq!(label["span"]["offset"], 13);
        assert_eq!(label["span"]["length"], 17);
        assert_eq!(diagnostic.position(), Position { line: 2, column: 9 });
    }
}
