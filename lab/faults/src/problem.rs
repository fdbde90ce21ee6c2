//! What is wrong with a fault's attributes, and the checks that kinds share.

use std::fmt;

use lab_model::Span;

/// Something wrong with one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The attribute.
    pub attribute: &'static str,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.attribute, self.message, self.help)
    }
}

/// The largest attribute a toxic takes: clients of Toxiproxy's API hold them in 32 bits.
const LARGEST: u64 = u32::MAX as u64;

/// Headers that say where messages and connections end.
const FRAMING: [&str; 5] = [
    "connection",
    "content-length",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The problems found so far.
#[derive(Debug, Default)]
pub(crate) struct Checks(Vec<Problem>);

impl Checks {
    /// Notes a problem when `wrong`.
    pub(crate) fn refuse(
        mut self,
        wrong: bool,
        attribute: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        if wrong {
            self.0.push(Problem {
                attribute,
                message: message.into(),
                help: help.into(),
            });
        }
        self
    }

    /// A time that goes on the wire in milliseconds.
    pub(crate) fn millis(self, attribute: &'static str, span: Span) -> Self {
        let odd = !span.as_micros().is_multiple_of(1_000);
        self.refuse(
            odd,
            attribute,
            format!("`{span}` is not a whole number of milliseconds"),
            "proxies keep this time in milliseconds",
        )
        .fits(attribute, span, millis(span))
    }

    /// A time that goes on the wire in microseconds.
    pub(crate) fn micros(self, attribute: &'static str, span: Span) -> Self {
        self.fits(attribute, span, span.as_micros())
    }

    /// A value that must fit into 32 bits on the wire.
    pub(crate) fn fits(
        self,
        attribute: &'static str,
        shown: impl fmt::Display,
        on_the_wire: u64,
    ) -> Self {
        self.refuse(
            on_the_wire > LARGEST,
            attribute,
            format!("`{shown}` is too much"),
            "it does not fit into 32 bits on the wire",
        )
    }

    /// A header that a message gets, or one of its that changes (RFC 9110, sections 5.1 and 5.5).
    pub(crate) fn header(self, attribute: &'static str, name: &str, value: &str) -> Self {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let framing = FRAMING.contains(&name.to_ascii_lowercase().as_str());
        self.refuse(
            name.is_empty() || !name.chars().all(token),
            attribute,
            format!("`{name}` is no name of a header"),
            "letters, digits and dashes",
        )
        .refuse(
            value.chars().any(|c| c.is_control() && c != '\t'),
            attribute,
            "a value of several lines",
            "a header is one line",
        )
        .refuse(
            framing,
            attribute,
            format!("`{name}` says where messages end"),
            "to break off what is said, use `http_truncate` or `http_reset`",
        )
    }

    /// All problems.
    pub(crate) fn done(self) -> Vec<Problem> {
        self.0
    }
}

/// A time in Toxiproxy's milliseconds.
pub(crate) fn millis(span: Span) -> u64 {
    span.as_micros() / 1_000
}
