//! A block's text and where each part of it stands in the file: list and quote marks are not part
//! of the text and lie between its lines.

use lab_diagnostic::Place;

/// A text made of pieces of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    content: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    /// Where it begins in the content.
    at: usize,
    place: Place,
}

impl Text {
    pub(crate) fn as_str(&self) -> &str {
        &self.content
    }

    /// Adds a piece that stands in the file at `place`. Where the lengths differ (a tab that
    /// became spaces, a line end of two characters) it is located as a whole.
    pub(crate) fn push(&mut self, content: &str, place: Place) {
        self.pieces.push(Piece {
            at: self.content.len(),
            place,
        });
        self.content.push_str(content);
    }

    /// Adds the part of another text from `start` up to `end`.
    pub(crate) fn push_part(&mut self, of: &Self, start: usize, end: usize) {
        let mut at = start;
        for (index, piece) in of.pieces.iter().enumerate().skip(of.piece_at(start)) {
            let next = of
                .pieces
                .get(index + 1)
                .map_or(of.content.len(), |next| next.at);
            let until = next.min(end);
            if piece.at >= end || at >= until {
                break;
            }
            if let Some(part) = of.content.get(at..until) {
                self.push(part, of.place(at, until));
            }
            at = until;
        }
    }

    /// Where a part of the content stands in the file, as far as it lies within one piece.
    pub(crate) fn place(&self, start: usize, end: usize) -> Place {
        let index = self.piece_at(start);
        let Some(piece) = self.pieces.get(index) else {
            return Place::START;
        };
        let next = self
            .pieces
            .get(index + 1)
            .map_or(self.content.len(), |next| next.at);
        if piece.place.end - piece.place.start != next - piece.at {
            return piece.place;
        }
        let from = piece.place.start + (start - piece.at);
        Place::new(
            from,
            (from + end.saturating_sub(start)).min(piece.place.end),
        )
    }

    fn piece_at(&self, offset: usize) -> usize {
        let after = self.pieces.partition_point(|piece| piece.at <= offset);
        after.saturating_sub(1)
    }

    /// The lines with their offsets, line ends not included.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut at = 0;
        self.content.split_inclusive('\n').map(move |line| {
            let start = at;
            at += line.len();
            (start, line.trim_end_matches(['\n', '\r']))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_keep_their_places() {
        let mut text = Text::default();
        text.push("one\n", Place::new(10, 14));
        text.push("two\n", Place::new(16, 20));
        assert_eq!(text.place(5, 7), Place::new(17, 19));
        let mut part = Text::default();
        part.push_part(&text, 1, 6);
        assert_eq!(part.as_str(), "ne\ntw");
        assert_eq!(part.place(0, 2), Place::new(11, 13));
        assert_eq!(part.place(3, 5), Place::new(16, 18));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, [(0, "one"), (4, "two")]);
    }
}
