//! "Did you mean": the nearest of what could have been written.

/// The most candidates that are compared: a file may hold thousands of names, and a slip as often.
const MOST_CANDIDATES: usize = 300;

/// The candidate nearest to a text, where one is near enough to be a slip.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A name is 64 characters at most; the distance of long texts would take quadratic time.
    let short = |text: &str| text.chars().nth(80).is_none();
    if !short(text) {
        return None;
    }
    let text = text.to_lowercase();
    let near = (text.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .take(MOST_CANDIDATES)
        .filter(|candidate| short(candidate))
        .map(|candidate| (strsim::damerau_levenshtein(&text, candidate), candidate))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a`, `b`, `c`: what there is, for help. "nothing" where there is nothing.
pub fn listed<'a>(candidates: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 20;
    let mut listed: Vec<_> = candidates
        .into_iter()
        .take(MOST + 1)
        .map(|candidate| format!("`{candidate}`"))
        .collect();
    if listed.len() > MOST {
        listed.truncate(MOST);
        listed.push("…".to_owned());
    }
    if listed.is_empty() {
        "nothing".to_owned()
    } else {
        listed.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_are_not() {
        let words = ["lab.kind", "lab.timeout", "lab.needs", "step"];
        let check = |text, expected| assert_eq!(nearest(text, words), expected, "{text}");
        check("lab.timeuot", Some("lab.timeout"));
        check("lab.Kind", Some("lab.kind"));
        check("lab.need", Some("lab.needs"));
        check("stpe", Some("step"));
        check("colour", None);
        check("", None);
        check(&"x".repeat(1 << 16), None);
    }
}
