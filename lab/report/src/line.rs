//! A line of text in pieces, each with its tone; its width; how it is broken into several.

use unicode_width::UnicodeWidthChar;

use crate::style::{Style, Tone};

/// Columns a text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// Columns of one character. Joined sequences (flags, families) are counted by their parts: at
/// most too wide, so nothing overflows.
fn columns(character: char) -> usize {
    character.width().unwrap_or(0)
}

/// Text of one tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    tone: Tone,
    text: String,
}

/// A line that is not laid out yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pieces: Vec<Piece>,
}

impl Line {
    /// A line of one tone.
    pub(crate) fn of(tone: Tone, text: impl Into<String>) -> Self {
        Self::default().then(tone, text)
    }

    /// A line of ordinary text.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self::of(Tone::Plain, text)
    }

    /// The line with more behind it.
    #[must_use]
    pub(crate) fn then(mut self, tone: Tone, text: impl Into<String>) -> Self {
        let text = text.into();
        match self.pieces.last_mut() {
            Some(last) if last.tone == tone => last.text.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece { tone, text }),
        }
        self
    }

    /// The line with another behind it.
    #[must_use]
    pub(crate) fn join(self, other: Self) -> Self {
        other
            .pieces
            .into_iter()
            .fold(self, |line, piece| line.then(piece.tone, piece.text))
    }

    /// The line filled with spaces to a number of columns.
    #[must_use]
    pub(crate) fn padded(self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        self.then(Tone::Plain, " ".repeat(missing))
    }

    /// The line behind spaces, ending at a column.
    #[must_use]
    pub(crate) fn right(self, columns: usize) -> Self {
        let missing = columns.saturating_sub(self.width());
        Self::plain(" ".repeat(missing)).join(self)
    }

    /// Columns it takes.
    pub(crate) fn width(&self) -> usize {
        self.pieces.iter().map(|piece| width(&piece.text)).sum()
    }

    /// Whether it holds nothing to see.
    pub(crate) fn is_blank(&self) -> bool {
        self.pieces.iter().all(|piece| piece.text.trim().is_empty())
    }

    /// The line in the alphabet of a style.
    pub(crate) fn clean(&self, style: &Style) -> Self {
        self.pieces.iter().fold(Self::default(), |line, piece| {
            line.then(piece.tone, style.clean(&piece.text))
        })
    }

    /// The line as printed, without spaces at its end.
    pub(crate) fn painted(&self, style: &Style) -> String {
        let mut pieces: &[Piece] = &self.pieces;
        while let Some((last, rest)) = pieces.split_last()
            && last.text.trim().is_empty()
        {
            pieces = rest;
        }
        let mut text = String::new();
        for (index, piece) in pieces.iter().enumerate() {
            let end = index + 1 == pieces.len();
            let shown = if end {
                piece.text.trim_end()
            } else {
                &piece.text
            };
            text.push_str(&style.paint(piece.tone, shown));
        }
        text
    }

    /// Breaks the line at spaces so that the first part takes at most `first` columns and the
    /// others at most `rest`; words that are longer are broken where they must.
    pub(crate) fn wrapped(&self, first: usize, rest: usize) -> Vec<Self> {
        let (mut lines, mut line, mut room) = (Vec::new(), Self::default(), first);
        for Word { space, mut body } in self.words() {
            // Leading spaces are the writer's indentation: kept on the first line alone.
            let gap = if lines.is_empty() || !line.is_blank() {
                space
            } else {
                String::new()
            };
            if width(&gap) + body.width() <= room {
                room -= width(&gap) + body.width();
                let tone = body.pieces.first().map_or(Tone::Plain, |piece| piece.tone);
                line = line.then(tone, gap).join(body);
                continue;
            }
            if !line.is_blank() || (lines.is_empty() && first < rest) {
                lines.push(std::mem::take(&mut line));
                room = rest;
            }
            while body.width() > room {
                let (head, tail) = body.split(room);
                lines.push(head);
                (room, body) = (rest, tail);
            }
            room -= body.width();
            line = body;
        }
        lines.push(line);
        lines
    }

    /// The words with the space before each. A number stays with its unit and its groups.
    fn words(&self) -> Vec<Word> {
        let mut words: Vec<Word> = Vec::new();
        let mut space = String::new();
        let mut inside = false;
        for piece in &self.pieces {
            for part in piece.text.split_inclusive(' ') {
                let (text, ends) = part
                    .strip_suffix(' ')
                    .map_or((part, false), |text| (text, true));
                if !text.is_empty() {
                    let glued =
                        space == " " && words.last().is_some_and(|word| belongs(&word.body, text));
                    match words.last_mut() {
                        Some(word) if inside || glued => {
                            let body = std::mem::take(&mut word.body);
                            word.body = body
                                .then(piece.tone, std::mem::take(&mut space))
                                .then(piece.tone, text);
                        }
                        _ => words.push(Word {
                            space: std::mem::take(&mut space),
                            body: Self::of(piece.tone, text),
                        }),
                    }
                    inside = true;
                }
                if ends {
                    space.push(' ');
                    inside = false;
                }
            }
        }
        words
    }

    /// The first columns, at least one character, and what is left.
    fn split(self, columns_wanted: usize) -> (Self, Self) {
        let (mut head, mut tail) = (Self::default(), Self::default());
        let mut room = columns_wanted;
        let mut first = true;
        let mut full = false;
        for piece in self.pieces {
            for character in piece.text.chars() {
                let takes = columns(character);
                full |= takes > room && !first;
                first = false;
                if full {
                    tail = tail.then(piece.tone, character);
                } else {
                    room = room.saturating_sub(takes);
                    head = head.then(piece.tone, character);
                }
            }
        }
        (head, tail)
    }

    /// The line cut to a number of columns, with a sign where something is missing.
    pub(crate) fn shortened(self, columns: usize, style: &Style) -> Self {
        if self.width() <= columns {
            return self;
        }
        let sign = style.clean("…");
        let (head, _) = self.split(columns.saturating_sub(width(&sign)).max(1));
        head.then(Tone::Plain, sign)
    }
}

struct Word {
    space: String,
    body: Line,
}

/// Whether a word continues the number before it: a unit, or a group of three digits.
fn belongs(before: &Line, word: &str) -> bool {
    const UNITS: [&str; 12] = [
        "%", "s", "ms", "us", "min", "B", "KB", "MB", "GB", "TB", "–", "±",
    ];
    let number = before
        .pieces
        .last()
        .is_some_and(|piece| piece.text.ends_with(|c: char| c.is_ascii_digit()));
    let bare = word.trim_end_matches([',', '.', ':', ';', ')', '/']);
    let digits = bare.chars().take_while(char::is_ascii_digit).count();
    number && (UNITS.contains(&bare) || digits == 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, first: usize, rest: usize, expected: &[&str]) {
        let shown: Vec<String> = Line::plain(text)
            .wrapped(first, rest)
            .iter()
            .map(|line| line.painted(&Style::PLAIN))
            .collect();
        assert_eq!(shown, expected, "{text:?} in {first}/{rest}");
    }

    #[test]
    fn lines_break_at_spaces() {
        check("", 10, 10, &[""]);
        check("one two three", 20, 20, &["one two three"]);
        check("one two three", 8, 8, &["one two", "three"]);
        check("  one two", 8, 4, &["  one", "two"]);
        check("orders", 2, 10, &["", "orders"]);
    }

    #[test]
    fn a_number_keeps_its_unit_and_its_groups() {
        check("it took 41 ms", 12, 12, &["it took", "41 ms"]);
        check("with 1 497 bad", 7, 12, &["with", "1 497 bad"]);
    }

    #[test]
    fn long_words_are_broken() {
        check("abcdefgh", 3, 3, &["abc", "def", "gh"]);
        check("一二三", 5, 5, &["一二", "三"]);
    }

    #[test]
    fn shortening_says_so() {
        let check = |text: &str, expected: &str| {
            let line = Line::plain(text).shortened(6, &Style::PLAIN);
            assert_eq!(line.painted(&Style::PLAIN), expected);
        };
        check("orders", "orders");
        check("payments", "payme…");
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_too_long(
            text in "[a-z0-9 一…%]{0,60}", first in 2_usize..30, rest in 2_usize..30
        ) {
            let lines = Line::plain(text.clone()).wrapped(first, rest);
            for (index, line) in lines.iter().enumerate() {
                let room = if index == 0 { first } else { rest };
                prop_assert!(line.width() <= room, "{line:?}");
            }
            let solid = |text: &str| text.replace(' ', "");
            let all: String = lines.iter().map(|line| line.painted(&Style::PLAIN)).collect();
            prop_assert_eq!(solid(&all), solid(&text));
        }
    }
}
