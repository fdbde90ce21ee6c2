//! What the text of a statement says of itself, without a grammar: its words outside of strings,
//! names in quotes and comments.

/// Words that change something wherever a statement begins with them.
const WRITES: [&str; 16] = [
    "INSERT", "UPDATE", "DELETE", "MERGE", "CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT",
    "REVOKE", "COMMENT", "REINDEX", "CLUSTER", "IMPORT", "REASSIGN", "SECURITY",
];
/// Words between `CREATE` and what is created.
const ADJECTIVES: [&str; 9] = [
    "OR",
    "REPLACE",
    "UNIQUE",
    "TEMP",
    "TEMPORARY",
    "UNLOGGED",
    "GLOBAL",
    "LOCAL",
    "RECURSIVE",
];
/// The longest text that is looked at in words, so that one statement costs no more than that.
const LONGEST: usize = 64 << 10;

/// The first statement in a text that changes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Write {
    /// Where it begins.
    pub(crate) at: usize,
    /// The command as a server calls it: `INSERT`, `CREATE TABLE`.
    pub(crate) command: String,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Open,
    Close,
    Semicolon,
    Other,
}

/// The first statement of a text that a read-only transaction refuses.
pub(super) fn first_write(text: &[u8]) -> Option<Write> {
    let text = text.get(..LONGEST).unwrap_or(text);
    let tokens = Tokens { text, at: 0 };
    let mut statement: Vec<(usize, Token)> = Vec::new();
    for (at, token) in tokens {
        if token == Token::Semicolon {
            if let Some(write) = write(&statement) {
                return Some(write);
            }
            statement.clear();
        } else {
            statement.push((at, token));
        }
    }
    write(&statement)
}

fn write(statement: &[(usize, Token)]) -> Option<Write> {
    let at = statement.first()?.0;
    let words: Vec<&str> = statement
        .iter()
        .filter_map(|(_, token)| word(token))
        .collect();
    let first = words.first().copied()?;
    let found = |command: &str| {
        Some(Write {
            at,
            command: command.to_owned(),
        })
    };
    match first {
        "CREATE" | "ALTER" | "DROP" | "TRUNCATE" | "COMMENT" => found(&object(first, &words)),
        _ if WRITES.contains(&first) => found(first),
        "COPY" if copies_in(statement) => found("COPY FROM"),
        "WITH" => with(statement).and_then(|command| found(&command)),
        "EXPLAIN" if words.contains(&"ANALYZE") => {
            let changes = |word: &&&str| WRITES[..4].contains(*word);
            words.iter().find(changes).and_then(|word| found(word))
        }
        "SELECT" => locks(&words).and_then(|command| found(&command)),
        _ => None,
    }
}

fn word(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

/// `CREATE UNIQUE INDEX …` is `CREATE INDEX`.
fn object(first: &str, words: &[&str]) -> String {
    let rest = words.iter().skip(1);
    let object = rest.copied().find(|word| !ADJECTIVES.contains(word));
    match (first, object) {
        ("TRUNCATE", _) => "TRUNCATE TABLE".to_owned(),
        ("COMMENT", _) | (_, None) => first.to_owned(),
        (_, Some("MATERIALIZED")) => format!("{first} MATERIALIZED VIEW"),
        (_, Some(object)) => format!("{first} {object}"),
    }
}

/// Whether `FROM` comes outside of parentheses.
fn copies_in(statement: &[(usize, Token)]) -> bool {
    outside(statement).any(|word| word == "FROM")
}

/// The words outside of parentheses.
fn outside(statement: &[(usize, Token)]) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    statement.iter().filter_map(move |(_, token)| {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        word(token).filter(|_| depth == 0)
    })
}

/// What a statement that begins with `WITH` is, where it changes something.
fn with(statement: &[(usize, Token)]) -> Option<String> {
    let main = outside(statement)
        .find(|word| ["SELECT", "VALUES", "TABLE"].contains(word) || WRITES[..4].contains(word))?;
    if WRITES[..4].contains(&main) {
        return Some(main.to_owned());
    }
    // A common table expression that changes something begins with its word.
    let within = statement.windows(2).any(|pair| {
        let [(_, before), (_, token)] = pair else {
            return false;
        };
        *before == Token::Open && word(token).is_some_and(|word| WRITES[..4].contains(&word))
    });
    within.then(|| "SELECT".to_owned())
}

/// `SELECT … FOR UPDATE` and its kin.
fn locks(words: &[&str]) -> Option<String> {
    let clause = words.windows(2).find_map(|pair| match pair {
        ["FOR", "UPDATE"] => Some("SELECT FOR UPDATE"),
        ["FOR", "SHARE"] => Some("SELECT FOR SHARE"),
        ["FOR", "NO"] => Some("SELECT FOR NO KEY UPDATE"),
        ["FOR", "KEY"] => Some("SELECT FOR KEY SHARE"),
        _ => None,
    });
    clause.map(str::to_owned)
}

/// The tokens of a text with where they begin.
struct Tokens<'a> {
    text: &'a [u8],
    at: usize,
}

impl Tokens<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    /// Skips to behind the next of that byte; a doubled one stands for itself, and so does one
    /// behind a backslash, where that escapes.
    fn quoted(&mut self, quote: u8, escapes: bool) {
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\\' && escapes {
                self.at += 1;
            } else if byte == quote {
                if self.peek(0) != Some(quote) {
                    return;
                }
                self.at += 1;
            }
        }
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// Comments nest.
    fn comment(&mut self) {
        let mut depth = 0_u32;
        while let Some(byte) = self.peek(0) {
            match (byte, self.peek(1)) {
                (b'/', Some(b'*')) => depth += 1,
                (b'*', Some(b'/')) => depth -= 1,
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            self.at += 2;
            if depth == 0 {
                return;
            }
        }
    }

    /// Skips `$tag$ … $tag$`, where one begins here; whether one did.
    fn dollars(&mut self) -> bool {
        let Some(rest) = self.text.get(self.at..) else {
            return false;
        };
        let name = rest
            .iter()
            .skip(1)
            .take_while(|byte| is_word(**byte))
            .count();
        if rest.get(1).is_some_and(u8::is_ascii_digit) || rest.get(name + 1) != Some(&b'$') {
            return false;
        }
        let (tag, body) = rest.split_at(name + 2);
        let end = body.windows(tag.len()).position(|window| window == tag);
        self.at += tag.len() + end.map_or(body.len(), |end| end + tag.len());
        true
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Iterator for Tokens<'_> {
    type Item = (usize, Token);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let byte = self.peek(0)?;
            let at = self.at;
            match (byte, self.peek(1)) {
                (b'-', Some(b'-')) => self.line_comment(),
                (b'/', Some(b'*')) => self.comment(),
                (b'\'', _) => {
                    self.at += 1;
                    self.quoted(b'\'', false);
                    return Some((at, Token::Other));
                }
                (b'e' | b'E', Some(b'\'')) => {
                    self.at += 2;
                    self.quoted(b'\'', true);
                    return Some((at, Token::Other));
                }
                (b'"', _) => {
                    self.at += 1;
                    self.quoted(b'"', false);
                    return Some((at, Token::Other));
                }
                (b'$', _) if self.dollars() => return Some((at, Token::Other)),
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ if is_word(byte) => {
                    while self
                        .peek(0)
                        .is_some_and(|byte| is_word(byte) || byte == b'$')
                    {
                        self.at += 1;
                    }
                    let word = self.text.get(at..self.at).unwrap_or_default();
                    let word = String::from_utf8_lossy(word).to_ascii_uppercase();
                    return Some((at, Token::Word(word)));
                }
                _ => {
                    self.at += 1;
                    let token = match byte {
                        b'(' => Token::Open,
                        b')' => Token::Close,
                        b';' => Token::Semicolon,
                        _ => Token::Other,
                    };
                    return Some((at, token));
                }
            }
        }
    }
}

/// The text with each run of white space as one blank, in capitals: what patterns are held against.
pub(super) fn plain(text: &[u8]) -> Vec<u8> {
    let text = text.get(..LONGEST).unwrap_or(text);
    let words = text.split(u8::is_ascii_whitespace);
    let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
    words.join(&b' ').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: Option<(&str, usize)>) {
        let found = first_write(text.as_bytes());
        let found = found
            .as_ref()
            .map(|write| (write.command.as_str(), write.at));
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn what_writes_is_told_from_what_reads() {
        check("insert into a values (1)", Some(("INSERT", 0)));
        check("SELECT 'insert into a'", None);
        check("SELECT \"delete\" FROM a -- update\n", None);
        check("/* drop /* table */ a */ SELECT 1", None);
        check(
            "SELECT $x$ insert $$ ; $x$; UPDATE a SET b = 1",
            Some(("UPDATE", 28)),
        );
        check("SELECT E'\\'; DELETE FROM a; --'", None);
        check("SELECT '\\'; DELETE FROM a", Some(("DELETE", 12)));
        check(
            "BEGIN; INSERT INTO a VALUES (1); COMMIT",
            Some(("INSERT", 7)),
        );
        check("CREATE UNIQUE INDEX i ON a (b)", Some(("CREATE INDEX", 0)));
        check(
            "create or replace view v as select 1",
            Some(("CREATE VIEW", 0)),
        );
        check("TRUNCATE a", Some(("TRUNCATE TABLE", 0)));
        check("COPY a FROM STDIN", Some(("COPY FROM", 0)));
        check("COPY (SELECT * FROM a) TO STDOUT", None);
        check(
            "WITH n AS (SELECT 1) INSERT INTO a SELECT * FROM n",
            Some(("INSERT", 0)),
        );
        check(
            "WITH n AS (DELETE FROM a RETURNING b) SELECT * FROM n",
            Some(("SELECT", 0)),
        );
        check("WITH n AS (SELECT 1) SELECT * FROM n", None);
        check("EXPLAIN INSERT INTO a VALUES (1)", None);
        check("EXPLAIN ANALYZE DELETE FROM a", Some(("DELETE", 0)));
        check("SELECT * FROM a FOR UPDATE", Some(("SELECT FOR UPDATE", 0)));
        check("SELECT $1", None);
        check("", None);
    }

    #[test]
    fn patterns_see_one_line_in_capitals() {
        assert_eq!(plain(b" select\n  1\t"), b"SELECT 1");
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in prop::collection::vec(any::<u8>(), 0..300)) {
            let write = first_write(&text);
            prop_assert!(write.is_none_or(|write| write.at < text.len()));
        }

        #[test]
        fn any_mix_of_quotes_and_comments_is_read_to_its_end(text in "[-'\"/*$a;eE() \\\\]{0,60}") {
            first_write(text.as_bytes());
        }
    }
}
