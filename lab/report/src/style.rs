//! How a report looks: colour, width, alphabet. The words stay the same whatever is chosen.

/// How text is to be laid out. Two renderings with the same style are the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colour repeats what the words say.
    pub color: bool,
    /// Columns a line may take; below [`Style::NARROWEST`] it counts as that.
    pub width: usize,
    /// Whether the output may hold characters outside ASCII; names and texts of a scenario stay as
    /// they were written.
    pub unicode: bool,
}

impl Style {
    /// The narrowest width that is laid out.
    pub const NARROWEST: usize = 20;
    /// The widest: longer lines are hard to read and a damaged setting must not cost memory.
    pub const WIDEST: usize = 400;

    /// For a file or a pipe: no colour, 120 columns.
    pub const PLAIN: Self = Self {
        color: false,
        width: 120,
        unicode: true,
    };

    /// The columns that are really used.
    pub fn columns(&self) -> usize {
        self.width.clamp(Self::NARROWEST, Self::WIDEST)
    }

    /// A text as this style prints it: a terminal's control sequences (a service's log may hold
    /// any) are left out, other control characters become spaces, and where ASCII is asked for,
    /// the report's own signs are spelled out.
    pub(crate) fn clean(&self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\u{1b}' if characters.next_if_eq(&'[').is_some() => {
                    // Parameters up to the final byte (ECMA-48 § 5.4).
                    while characters.next_if(|c| matches!(c, ' '..='?')).is_some() {}
                    characters.next_if(|c| matches!(c, '@'..='~'));
                }
                c if is_unprintable(c) => clean.push(' '),
                c if self.unicode || c.is_ascii() => clean.push(c),
                c => match spelled(c) {
                    Some(ascii) => clean.push_str(ascii),
                    None => clean.push(c),
                },
            }
        }
        clean
    }

    /// A text in its tone.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        match tone.code() {
            Some(code) if self.color && !text.trim().is_empty() => {
                format!("\u{1b}[{code}m{text}\u{1b}[0m")
            }
            _ => text.to_owned(),
        }
    }
}

/// Control characters and the marks that turn the direction of writing: a report shows no text
/// that can move the cursor or hide what stands there.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

/// The ASCII spelling of the signs that reports use.
const fn spelled(c: char) -> Option<&'static str> {
    Some(match c {
        '→' => "->",
        '≥' => ">=",
        '≤' => "<=",
        '±' => "+-",
        '×' => "x",
        '·' | '–' | '─' => "-",
        '…' => "...",
        'µ' => "u",
        '█' | '▌' => "#",
        '░' => ".",
        '│' | '├' | '┤' | '┼' => "|",
        _ => return None,
    })
}

/// What a colour says again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Ordinary text.
    Plain,
    /// What is read first.
    Strong,
    /// What can be skipped.
    Quiet,
    /// It held.
    Good,
    /// It did not.
    Bad,
    /// It is not known.
    Doubt,
}

impl Tone {
    /// The parameters of the terminal's "select graphic rendition" (ECMA-48 § 8.3.117).
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Quiet => Some("2"),
            Self::Good => Some("32"),
            Self::Bad => Some("1;31"),
            Self::Doubt => Some("33"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_spells_signs_out_and_keeps_names() {
        let ascii = Style {
            unicode: false,
            ..Style::PLAIN
        };
        let check = |text: &str, expected: &str| assert_eq!(ascii.clean(text), expected);
        check("orders → payments", "orders -> payments");
        check("p99 ≤ 300 ms · 2 s ± 1 s", "p99 <= 300 ms - 2 s +- 1 s");
        check("café", "café");
    }

    #[test]
    fn nothing_moves_the_cursor() {
        let check = |text: &str, expected: &str| assert_eq!(Style::PLAIN.clean(text), expected);
        check("a\u{1b}[2Jb", "ab");
        check("\u{1b}[1;31mred\u{1b}[0m", "red");
        check("\u{1b}[", "");
        check("\u{1b}]0;title", " ]0;title");
        check("a\tb\r", "a b ");
        check("a\u{202e}b", "a b");
    }

    #[test]
    fn colour_is_asked_for() {
        let color = Style {
            color: true,
            ..Style::PLAIN
        };
        assert_eq!(color.paint(Tone::Bad, "FAIL"), "\u{1b}[1;31mFAIL\u{1b}[0m");
        assert_eq!(color.paint(Tone::Plain, "FAIL"), "FAIL");
        assert_eq!(Style::PLAIN.paint(Tone::Bad, "FAIL"), "FAIL");
    }
}
