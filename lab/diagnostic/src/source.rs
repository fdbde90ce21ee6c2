//! The text of a file, with its name: what diagnostics point into.

use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use miette::NamedSource;
use serde::Serialize;

use crate::code::FileCode;
use crate::diagnostic::Diagnostic;
use crate::finding::Finding;

/// A part of a source, in bytes: from `start` up to, not including, `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Its first byte.
    pub start: usize,
    /// The byte after its last.
    pub end: usize,
}

impl Place {
    /// The start of a file.
    pub const START: Self = Self { start: 0, end: 0 };

    /// From `start` up to, not including, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Where something begins, as people count: from 1, columns in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// Reads a file that a text names; the error says why it cannot be read.
type Files = Box<dyn Fn(&str) -> Result<String, String> + Send + Sync>;

/// A text and the name people know it by.
pub struct Source {
    named: NamedSource<Arc<str>>,
    reference: String,
    /// Where each line begins, in bytes.
    lines: Vec<usize>,
    files: Files,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name())
            .field("text", &self.text())
            .finish_non_exhaustive()
    }
}

impl Source {
    /// The largest file that is read, in bytes. What people write for the lab has some kilobytes.
    pub const MAX_BYTES: usize = 1 << 20;

    /// The largest file that a source may name, in bytes: some hours of an access log.
    pub const MAX_NAMED_BYTES: usize = 64 << 20;

    /// Takes a file's bytes. `name` is shown in diagnostics and repeated in the command that runs
    /// the same again. A byte order mark is left out.
    ///
    /// Refuses what is no text (not UTF-8, control characters), what is too large, and what is
    /// empty.
    pub fn new(name: &str, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let refuse = |code, message: String| {
            let nothing = Arc::new(Self::embedded(name, name, ""));
            let finding = Finding::new(code, Place::START, message);
            Err(Box::new(finding.into_diagnostic(&nothing)))
        };
        if bytes.len() > Self::MAX_BYTES {
            let message = format!("the file has more than {} bytes", Self::MAX_BYTES);
            return refuse(FileCode::TooLarge, message);
        }
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let at = error.utf8_error().valid_up_to();
                return refuse(
                    FileCode::NotText,
                    format!("byte {at} of the file is not UTF-8"),
                );
            }
        };
        // Control characters would also reach the terminal with the quoted line.
        let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if let Some((at, c)) = text.char_indices().find(|(_, c)| control(*c)) {
            let c = u32::from(c);
            let message = format!("byte {at} of the file is the control character U+{c:04X}");
            return refuse(FileCode::NotText, message);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if text.trim().is_empty() {
            return refuse(FileCode::Empty, "the file is empty".to_owned());
        }
        Ok(Self::embedded(name, name, text))
    }

    /// Reads a file, never more of it than [`Source::MAX_BYTES`] and one byte.
    pub fn read(name: &str, reader: impl Read) -> io::Result<Result<Self, Box<Diagnostic>>> {
        let mut bytes = Vec::new();
        reader
            .take(Self::MAX_BYTES as u64 + 1)
            .read_to_end(&mut bytes)?;
        Ok(Self::new(name, bytes))
    }

    /// A text of the lab's own. `reference` is how the command line names it.
    pub fn embedded(name: &str, reference: &str, text: &str) -> Self {
        let feeds = text.match_indices('\n').map(|(at, _)| at + 1);
        let extension = Path::new(name).extension();
        let markdown = extension.is_some_and(|extension| extension == "md");
        let language = if markdown { "markdown" } else { "yaml" };
        Self {
            lines: std::iter::once(0).chain(feeds).collect(),
            named: NamedSource::new(name, Arc::from(text)).with_language(language),
            reference: reference.to_owned(),
            files: Box::new(|file| Err(format!("{file} cannot be read here"))),
        }
    }

    /// The same source, with a way to read the files that it names, from where it stands.
    #[must_use]
    pub fn with_files(
        self,
        read: impl Fn(&str) -> Result<String, String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            files: Box::new(read),
            ..self
        }
    }

    /// Reads a file that the text names; never one larger than
    /// [`Source::MAX_NAMED_BYTES`].
    pub fn file(&self, name: &str) -> Result<String, String> {
        let text = (self.files)(name)?;
        if text.len() > Self::MAX_NAMED_BYTES {
            let most = Self::MAX_NAMED_BYTES;
            return Err(format!("{name} has more than {most} bytes"));
        }
        Ok(text)
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

    /// The text of a place; nothing where the place is not one of this text.
    pub fn slice(&self, place: Place) -> &str {
        self.text().get(place.start..place.end).unwrap_or_default()
    }

    /// The line and the column of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.wrapping_sub(1)).copied().unwrap_or(0);
        let before = self.text().get(start..offset).unwrap_or_default();
        Position {
            line: line.max(1),
            column: before.chars().count() + 1,
        }
    }

    /// A place without what stands on further lines: a label is drawn under one line.
    pub fn first_line(&self, place: Place) -> Place {
        let line = self.slice(place).split('\n').next().unwrap_or_default();
        Place::new(place.start, place.start + line.trim_end().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], code: &str) {
        let error = Source::new("a.md", bytes.to_vec()).unwrap_err();
        assert_eq!(error.code().as_str(), code, "{error}");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        check(b"", "file::empty");
        check(b"\xef\xbb\xbf \n", "file::empty");
        check(b"a \xff", "file::not-text");
        check(b"\x1b[31m", "file::not-text");
        check(&vec![b'a'; Source::MAX_BYTES + 1], "file::too-large");
    }

    #[test]
    fn a_large_file_is_not_read_to_its_end() {
        let error = Source::read("a.md", io::repeat(b'#')).unwrap().unwrap_err();
        assert_eq!(error.code(), FileCode::TooLarge);
    }

    #[test]
    fn positions_count_characters() {
        let source = Source::new("a", "é1\nab ü x\n".into()).unwrap();
        let check = |offset, line, column| {
            assert_eq!(
                source.position(offset),
                Position { line, column },
                "{offset}"
            );
        };
        check(0, 1, 1);
        check("é".len(), 1, 2);
        check("é1\n".len(), 2, 1);
        check("é1\nab ü ".len(), 2, 6);
    }
}
