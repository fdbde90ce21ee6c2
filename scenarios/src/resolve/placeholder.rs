//! `{…}` in texts: what is replaced when a service starts or a step is sent.

/// The insides of a text's placeholders. Braces around anything else (spaces, quotes, capitals)
/// are ordinary text, as in a shell command or a JSON body.
pub(super) fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    text.split('{').skip(1).filter_map(|rest| {
        let (inside, _) = rest.split_once('}')?;
        let plain = |c: char| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.' | ':')
        };
        let named = inside.starts_with(|c: char| c.is_ascii_lowercase());
        // Names of environment values are in capitals more often than not.
        let (_, rest) = inside.split_once("env:").unwrap_or(("", inside));
        let of_env = |c: char| rest.len() < inside.len() && c.is_ascii_uppercase();
        (named && inside.chars().all(|c| plain(c) || of_env(c))).then_some(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_braces_are_text() {
        let check = |text, expected: &[&str]| {
            assert_eq!(placeholders(text).collect::<Vec<_>>(), expected, "{text}");
        };
        check("/products/{random:1..20}/{id}", &["random:1..20", "id"]);
        check("http://{link:payments}:{", &["link:payments"]);
        check(r#"{"a": {"b": 1}} ${HOME} {print $1} {}"#, &[]);
        check("{{port}}", &["port"]);
        check("-c {env:LOG_level}", &["env:LOG_level"]);
    }
}
