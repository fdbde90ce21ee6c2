//! Patterns in which `*` stands for any run of bytes.

/// Whether a text matches a pattern in which `*` stands for any run of bytes.
pub(crate) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut star, mut from) = (0, None, 0);
    let mut position = 0;
    while position < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                (star, from) = (Some(at), position);
                at += 1;
            }
            Some(byte) if *byte == text[position] => {
                at += 1;
                position += 1;
            }
            _ => match star {
                // The last `*` takes one byte more.
                Some(known) => {
                    from += 1;
                    (at, position) = (known + 1, from);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run() {
        let check = |pattern: &str, text: &str, expected| {
            assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), expected);
        };
        check("/charges", "/charges", true);
        check("/charges", "/charges/1", false);
        check("/charges/*", "/charges/1/refund", true);
        check("*/refund", "/charges/1/refund", true);
        check("/a*b*c", "/axxbyybc", true);
        check("/a*b*c", "/axxbyyb", false);
        check("*", "", true);
        check("", "a", false);
    }
}
