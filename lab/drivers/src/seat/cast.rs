//! The recording of a terminal, as asciicast v2: a line of JSON for the head, one for each thing that
//! was shown, stamped by the run's clock and handed to the operating system at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::frames::Size;

/// The recording's name in the run's folder.
pub const FILE: &str = "terminal.cast";
/// What stands where a secret stood.
const MASK: &str = "***";

/// The head of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The terminal's size.
    pub size: Size,
    /// When the journal was opened, in seconds since 1970.
    pub timestamp: i64,
    /// What it is called.
    pub title: String,
}

/// A recording that is being made.
#[derive(Debug)]
pub struct Cast<W: Write = File> {
    file: W,
    /// Never written.
    secrets: Vec<Vec<u8>>,
    /// The end of what was shown that may go on as a secret or as a character.
    held: Vec<u8>,
}

impl Cast {
    /// Begins a recording in a run's folder, which only this user reads.
    pub fn create(folder: &Path, header: &Header, secrets: &[String]) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options
            .create_new(true)
            .append(true)
            .mode(0o600)
            .open(folder.join(FILE))?;
        Self::begin(file, header, secrets)
    }
}

impl<W: Write> Cast<W> {
    fn begin(mut file: W, header: &Header, secrets: &[String]) -> io::Result<Self> {
        let head = json!({
            "version": 2,
            "width": header.size.columns,
            "height": header.size.rows,
            "timestamp": header.timestamp,
            "title": header.title,
        });
        file.write_all(format!("{head}\n").as_bytes())?;
        let secrets = secrets.iter().filter(|secret| !secret.is_empty());
        Ok(Self {
            file,
            secrets: secrets.map(|secret| secret.as_bytes().to_vec()).collect(),
            held: Vec::new(),
        })
    }

    /// Something was shown, so long after the journal was opened.
    pub fn shown(&mut self, at: Duration, bytes: &[u8]) -> io::Result<()> {
        self.held.extend(bytes);
        let whole = self.held.len() - self.open_end();
        let rest = self.held.split_off(whole);
        let text = std::mem::replace(&mut self.held, rest);
        self.write(at, &text)
    }

    /// The terminal has another size.
    pub fn resized(&mut self, at: Duration, size: Size) -> io::Result<()> {
        let size = format!("{}x{}", size.columns, size.rows);
        self.line(at, "r", &size)
    }

    /// Nothing more is shown: what was held back is written.
    pub fn end(&mut self, at: Duration) -> io::Result<()> {
        let text = std::mem::take(&mut self.held);
        self.write(at, &text)
    }

    fn write(&mut self, at: Duration, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        for secret in &self.secrets {
            text = text.replace(String::from_utf8_lossy(secret).as_ref(), MASK);
        }
        self.line(at, "o", &text)
    }

    fn line(&mut self, at: Duration, kind: &str, text: &str) -> io::Result<()> {
        // Microseconds are all that the journal has.
        let seconds = at.as_micros() as f64 / 1e6;
        let line = json!([seconds, kind, text]);
        self.file.write_all(format!("{line}\n").as_bytes())
    }

    /// How many bytes at the end may be the beginning of a secret or of a character.
    fn open_end(&self) -> usize {
        let held = &self.held;
        let begins = |secret: &Vec<u8>| {
            let longest = (secret.len() - 1).min(held.len());
            (1..=longest)
                .rev()
                .find(|length| held.ends_with(&secret[..*length]))
        };
        let secret = self.secrets.iter().filter_map(begins).max().unwrap_or(0);
        let character = match std::str::from_utf8(held) {
            Err(error) if error.error_len().is_none() => held.len() - error.valid_up_to(),
            _ => 0,
        };
        secret.max(character.min(3))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a recording holds after so many pieces.
    fn check(pieces: &[&[u8]], expected: &[&str]) {
        let header = Header {
            size: Size::default(),
            timestamp: 7,
            title: "a".to_owned(),
        };
        let secrets = ["s3cret".to_owned(), String::new()];
        let mut cast = Cast::begin(Vec::new(), &header, &secrets).unwrap();
        for piece in pieces {
            cast.shown(Duration::from_millis(1_500), piece).unwrap();
        }
        cast.end(Duration::from_secs(2)).unwrap();
        let text = String::from_utf8(cast.file).unwrap();
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let head = lines.next().unwrap();
        assert_eq!((&head["version"], &head["width"]), (&json!(2), &json!(80)));
        let shown: Vec<String> = lines
            .map(|line| line[2].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn secrets_and_characters_are_never_torn() {
        check(&[b"a ", b"b"], &["a ", "b"]);
        check(&[b"x s3c", b"ret y"], &["x ", "*** y"]);
        check(&[b"x s3c", b"ond"], &["x ", "s3cond"]);
        check(&[b"\xe2\x82", b"\xac"], &["€"]);
        check(&[b"end s3"], &["end ", "s3"]);
        check(&[b"\xff\xfe"], &["\u{fffd}\u{fffd}"]);
    }
}
