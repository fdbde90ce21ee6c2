//! What is wrong with a file: where, what, and the way out.

mod code;
mod suggest;

use std::fmt;
use std::sync::Arc;

use miette::{LabeledSpan, SourceCode};

pub use code::{Code, Severity};
pub(crate) use suggest::listed;
use suggest::nearest;

use crate::source::{Place, Source};

/// The longest message, in characters: a text of the file may be quoted in it.
const LONGEST: usize = 400;

/// Something found, before it is bound to its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    pub(crate) place: Option<Place>,
    pub(crate) message: String,
    pub(crate) label: Option<String>,
    pub(crate) help: Option<String>,
}

impl Finding {
    pub(crate) fn new(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self {
            place: Some(place),
            ..Self::anywhere(code, message)
        }
    }

    /// A finding whose place is not known yet.
    pub(crate) fn anywhere(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            place: None,
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
        let meant = self.meant(found, candidates.clone());
        if meant.label.is_some() {
            meant
        } else {
            meant.help(format!("there is {}", listed(candidates)))
        }
    }

    /// What may have been meant by `found`, where something is near.
    pub(crate) fn meant<'a>(
        self,
        found: &str,
        candidates: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        match nearest(found, candidates) {
            Some(candidate) => self.label(format!("did you mean `{candidate}`?")),
            None => self,
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
            place: source.first_line(self.place.unwrap_or(Place::START)),
            source: Arc::clone(source),
        }
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
    /// Its stable code, which `lab explain` takes.
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

    /// Where it starts in the file, in bytes.
    pub fn offset(&self) -> usize {
        self.place.start
    }

    /// How long its place is, in bytes; never beyond its line.
    pub fn length(&self) -> usize {
        self.place.end - self.place.start
    }

    /// Its line, from 1.
    pub fn line(&self) -> usize {
        self.source.line_and_column(self.place.start).0
    }

    /// Its column, from 1, in characters.
    pub fn column(&self) -> usize {
        self.source.line_and_column(self.place.start).1
    }

    /// All of it as plain text, two or three lines without a line feed at the end.
    pub fn plain(&self) -> String {
        let (line, column) = self.source.line_and_column(self.place.start);
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

/// Everything found in a file, in the order of the file; at least one of them is an error.
#[derive(Clone)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn new(diagnostics: Vec<Diagnostic>) -> Self {
        Self(diagnostics)
    }

    /// All of them.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
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

    #[test]
    fn a_renderer_gets_everything() {
        let text = "a: 1\nlinks: [orders -> paymets]\n";
        let source = Arc::new(Source::trusted("mine.yaml", "./mine.yaml", text));
        let place = Place { start: 13, end: 30 };
        let diagnostic = Finding::new(Code::UnknownLink, place, "no such link")
            .among("orders -> paymets", ["orders -> payments"])
            .into_diagnostic(&source);
        let mut json = String::new();
        miette::JSONReportHandler::new()
            .render_report(&mut json, &diagnostic)
            .unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["code"], "scenario::unknown-link");
        assert_eq!(json["severity"], "error");
        assert_eq!(json["filename"], "mine.yaml");
        assert_eq!(
            json["labels"][0]["label"],
            "did you mean `orders -> payments`?"
        );
        assert_eq!(json["labels"][0]["span"]["offset"], 13);
        assert_eq!(json["labels"][0]["span"]["length"], 17);
    }

    #[test]
    fn a_place_ends_with_its_line_and_a_message_before_a_page() {
        let source = Arc::new(Source::trusted("a", "a", "one\ntwo\n"));
        let place = Place { start: 0, end: 7 };
        let diagnostic =
            Finding::new(Code::BadValue, place, "é".repeat(1_000)).into_diagnostic(&source);
        assert_eq!((diagnostic.offset(), diagnostic.length()), (0, 3));
        assert_eq!(diagnostic.message().chars().count(), LONGEST + 1);
    }
}
