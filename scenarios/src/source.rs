//! The text of a file, with its name: what diagnostics point into.

use std::io::{self, Read};
use std::sync::Arc;

use miette::NamedSource;

use crate::diagnostic::{Code, Diagnostic, Finding};

/// A part of a source, in bytes: from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Place {
    /// The start of a file.
    pub(crate) const START: Self = Self { start: 0, end: 0 };
}

/// A text and the name people know it by.
#[derive(Debug)]
pub struct Source {
    named: NamedSource<Arc<str>>,
    reference: String,
}

impl Source {
    /// The largest file that is read, in bytes. Scenarios have a few kilobytes.
    pub const MAX_BYTES: usize = 1 << 20;

    /// Takes a file's bytes. `name` is shown in diagnostics and repeated in the command that runs
    /// the same again.
    ///
    /// Refuses what is no text (not UTF-8, control characters), what is too large, and what is
    /// empty.
    pub fn new(name: &str, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let refuse = |code, message: String| {
            let nothing = Arc::new(Self::trusted(name, name, ""));
            Err(Box::new(
                Finding::new(code, Place::START, message).into_diagnostic(&nothing),
            ))
        };
        if bytes.len() > Self::MAX_BYTES {
            return refuse(
                Code::TooLarge,
                format!("the file has more than {} bytes", Self::MAX_BYTES),
            );
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                return refuse(Code::NotText, format!("byte {at} of the file is not UTF-8"));
            }
        };
        // Control characters would also reach the terminal with the quoted line.
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if let Some((at, c)) = text.char_indices().find(|(_, c)| control(*c)) {
            let c = u32::from(c);
            return refuse(
                Code::NotText,
                format!("byte {at} of the file is the control character U+{c:04X}"),
            );
        }
        if text.trim_start_matches('\u{feff}').trim().is_empty() {
            return refuse(Code::Empty, "the file is empty".to_owned());
        }
        Ok(Self::trusted(name, name, &text))
    }

    /// Reads a file, never more of it than [`Source::MAX_BYTES`] and one byte.
    pub fn read(name: &str, reader: impl Read) -> io::Result<Result<Self, Box<Diagnostic>>> {
        let mut bytes = Vec::new();
        reader
            .take(Self::MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok(Self::new(name, bytes))
    }

    /// A text of our own. `reference` is how the command line names it.
    pub(crate) fn trusted(name: &str, reference: &str, text: &str) -> Self {
        Self {
            named: NamedSource::new(name, Arc::from(text)).with_language("yaml"),
            reference: reference.to_owned(),
        }
    }

    /// The name shown in diagnostics.
    pub fn name(&self) -> &str {
        self.named.name()
    }

    /// How the command line names it: `slow-payments`, `./mine.yaml`.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.named.inner()
    }

    pub(crate) fn code(&self) -> &NamedSource<Arc<str>> {
        &self.named
    }

    /// The line and the column of a byte, both from 1; columns count characters.
    pub(crate) fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let before = self.text().get(..offset).unwrap_or(self.text());
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |feed| feed + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// A place without what stands on further lines: a label is drawn under one line.
    pub(crate) fn first_line(&self, place: Place) -> Place {
        let text = self.text().get(place.start..place.end).unwrap_or_default();
        let line = text.split('\n').next().unwrap_or_default().trim_end();
        Place {
            start: place.start,
            end: place.start + line.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], code: &str) {
        let error = Source::new("a.yaml", bytes.to_vec()).unwrap_err();
        assert_eq!(error.code().as_str(), code, "{error}");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        check(b"", "file::empty");
        check(b"\xef\xbb\xbf \n", "file::empty");
        check(b"a: \xff", "file::not-text");
        check(b"\x7fELF\x02\x00", "file::not-text");
        check("a: \u{1b}[31m".as_bytes(), "file::not-text");
        check(&vec![b'a'; Source::MAX_BYTES + 1], "file::too-large");
    }

    #[test]
    fn a_large_file_is_not_read_to_its_end() {
        let endless = io::repeat(b'#');
        let error = Source::read("a.yaml", endless).unwrap().unwrap_err();
        assert_eq!(error.code().as_str(), "file::too-large");
    }

    #[test]
    fn columns_count_characters() {
        let source = Source::trusted("a", "a", "é: 1\nab: ü x\n");
        assert_eq!(source.line_and_column(0), (1, 1));
        assert_eq!(source.line_and_column("é: 1\nab: ü ".len()), (2, 7));
        assert_eq!(source.line_and_column(usize::MAX), (3, 1));
    }
}
