//! `<placeholders>`: what somebody should fill in before a command makes sense.

use std::collections::HashSet;
use std::ops::Range;

/// The longest text between the brackets, in bytes: what is longer is prose or a page.
const LONGEST: usize = 80;

/// All placeholders of a script, as ranges of bytes.
///
/// A letter or a dot follows the bracket directly and no space stands before the closing one, so
/// `sort < in > out`, `<<EOF`, `<(list)` and `2>&1` are none. Neither is markup that the script
/// itself closes (`<p>` with `</p>`).
pub(crate) fn find(script: &str) -> Vec<Range<usize>> {
    let closed = closed(script);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(offset) = script[from..].find('<') {
        let open = from + offset;
        from = open + 1;
        if script[..open].ends_with('<') {
            continue;
        }
        if let Some(length) = inner(&script[open + 1..]) {
            let close = open + 1 + length;
            let name = script[open + 1..close]
                .split(' ')
                .next()
                .unwrap_or_default();
            if !closed.contains(name) {
                found.push(open..close + 1);
            }
            from = close + 1;
        }
    }
    found
}

/// The names of markup that a script closes.
fn closed(script: &str) -> HashSet<&str> {
    let tails = script.split("</").skip(1);
    tails
        .filter_map(|tail| tail.get(..tail.find('>')?))
        .collect()
}

/// How long the text of a placeholder is, where one stands between a bracket and its closing one.
fn inner(rest: &str) -> Option<usize> {
    let first = rest.chars().next()?;
    if !(first.is_alphabetic() || matches!(first, '.' | '_' | '…')) {
        return None;
    }
    let length = rest
        .char_indices()
        .take_while(|(at, _)| *at <= LONGEST)
        .find_map(|(at, c)| {
            let allowed = c.is_alphanumeric() || " _-./:|,'…#+@".contains(c);
            match c {
                '>' => Some(Some(at)),
                _ if allowed => None,
                _ => Some(None),
            }
        })??;
    (!rest[..length].ends_with(' ')).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, expected: &[&str]) {
        let found: Vec<_> = find(script)
            .into_iter()
            .map(|range| &script[range])
            .collect();
        assert_eq!(found, expected, "{script}");
    }

    #[test]
    fn placeholders_are_told_from_redirections() {
        check(
            "kubectl logs <pod-name> -n <your namespace>",
            &["<pod-name>", "<your namespace>"],
        );
        check("echo \"<POD>\" # <...>", &["<POD>", "<...>"]);
        check("scp <user>@<host>:x .", &["<user>", "<host>"]);
        check("echo <größe>", &["<größe>"]);
        check("sort < in > out", &[]);
        check("sort <in >out", &[]);
        check("cat <<EOF >x\nEOF", &[]);
        check("diff <(a) <(b) 2>&1", &[]);
        check("[[ $a < $b ]] && echo '>'", &[]);
        check("curl -d '<a><b x>1</b></a>'", &[]);
        check("a <b\nc>", &[]);
        check("<", &[]);
    }
}
