//! The variables that a script reads, and those that it sets.
//!
//! An approximation for a warning: quotes, escapes and comments are followed, here-documents and
//! nested substitutions are read like the rest.

use std::collections::HashSet;
use std::ops::Range;

/// Variables that every shell has, or that a login does.
const ALWAYS: [&str; 33] = [
    "BASH",
    "BASHPID",
    "BASH_SOURCE",
    "BASH_VERSION",
    "COLUMNS",
    "DIRSTACK",
    "EDITOR",
    "EPOCHSECONDS",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LANG",
    "LINENO",
    "LINES",
    "LOGNAME",
    "OLDPWD",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PWD",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELL",
    "TERM",
    "TMPDIR",
    "UID",
    "USER",
];

/// Whether a variable is there without anybody's doing. `LAB_…` comes from the environment that
/// the lab runs.
pub(crate) fn is_always_there(name: &str) -> bool {
    name.starts_with("LAB_") || ALWAYS.contains(&name)
}

/// The variables that a script reads and does not set itself: each once, where it stands first.
/// Those with a default (`${NAME:-value}`) are not among them.
pub(crate) fn needed(script: &str) -> Vec<(&str, Range<usize>)> {
    let set = assigned(script);
    let mut seen = HashSet::new();
    let mut needed = reads(script);
    needed.retain(|(name, _)| !set.contains(name) && seen.insert(*name));
    needed
}

fn name_length(text: &str) -> usize {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    if !text.starts_with(letter) {
        return 0;
    }
    let after = text.find(|c: char| !letter(c) && !c.is_ascii_digit());
    after.unwrap_or(text.len())
}

fn reads(script: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let (mut single, mut double, mut escaped, mut comment) = (false, false, false, false);
    let mut before = '\n';
    for (at, c) in script.char_indices() {
        match c {
            '\n' => comment = false,
            _ if comment => {}
            '\'' if single => single = false,
            _ if single => {}
            _ if escaped => {
                (escaped, before) = (false, 'x');
                continue;
            }
            '\\' => escaped = true,
            '\'' if !double => single = true,
            '"' => double = !double,
            '#' if !double && before.is_whitespace() => comment = true,
            '$' => {
                let rest = &script[at + 1..];
                let braced = rest.starts_with('{');
                let from = at + 1 + usize::from(braced);
                let length = name_length(&script[from..]);
                let after = &script[from + length..];
                let has_default = [":-", "-", ":=", "=", ":+", "+"]
                    .iter()
                    .any(|mark| after.starts_with(mark));
                if length > 0 && !(braced && has_default) {
                    found.push((&script[from..from + length], from..from + length));
                }
            }
            _ => {}
        }
        if c == '\n' {
            escaped = false;
        }
        before = c;
    }
    found
}

/// Names behind which `=` stands, and those that loops and `read` set.
fn assigned(script: &str) -> HashSet<&str> {
    let mut set = HashSet::new();
    for command in script.split(['\n', ';', '|', '&', '(', '{', '`']) {
        let mut loops = false;
        for word in command.split_whitespace() {
            let word = word.trim_start_matches(['"', '\'']);
            let length = name_length(word);
            let after = &word[length..];
            if length > 0 && (after.starts_with(['=', '[']) || after.starts_with("+=")) {
                set.insert(&word[..length]);
            }
            if loops && length > 0 && after.is_empty() && word != "in" {
                set.insert(word);
            }
            // What follows these words are names until the command ends.
            let naming = [
                "for",
                "read",
                "select",
                "mapfile",
                "readarray",
                "export",
                "local",
                "declare",
            ];
            loops = (loops && word != "in" && !word.starts_with('<')) || naming.contains(&word);
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, expected: &[&str]) {
        let found: Vec<_> = needed(script).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, expected, "{script}");
    }

    #[test]
    fn what_is_read_and_not_set() {
        check("echo $A ${B} \"$C\" $A", &["A", "B", "C"]);
        check("echo '$A' \\$B # $C", &[]);
        check("awk '{print $NF}' \"it's $X\"", &["X"]);
        check("A=1 && echo $A; export B=2; echo $B", &[]);
        check("for p in $LIST; do echo $p; done", &["LIST"]);
        check("while read -r a b; do echo $a$b; done < $F", &["F"]);
        check("echo ${A:-x} ${B:=y} ${C%/} ${#D} $1 $? $$", &["C"]);
        check("a=$(cat $B) ; echo $a", &["B"]);
        check("echo ${", &[]);
        check("echo $", &[]);
    }
}
