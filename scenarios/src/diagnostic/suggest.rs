//! "Did you mean": the nearest of what could have been written.

/// The candidate nearest to a text, where one is near enough to be a slip.
pub(super) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A name is 64 characters at most; the distance of long texts would take quadratic time.
    if text.chars().count() > 80 {
        return None;
    }
    let text = text.to_lowercase();
    let near = (text.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&text, candidate), candidate))
        .filter(|(distance, _)| *distance <= near)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `a`, `b`, `c`: what there is, for help. "nothing" where there is nothing.
pub(crate) fn listed<'a>(candidates: impl IntoIterator<Item = &'a str>) -> String {
    let listed: Vec<_> = candidates
        .into_iter()
        .map(|candidate| format!("`{candidate}`"))
        .collect();
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
        let words = ["latency", "down", "timeout", "orders -> payments"];
        let check = |text, expected| assert_eq!(nearest(text, words), expected, "{text}");
        check("latncy", Some("latency"));
        check("Latency", Some("latency"));
        check("timeuot", Some("timeout"));
        check("orders -> paymets", Some("orders -> payments"));
        check("dwn", Some("down"));
        check("bandwidth", None);
        check("", None);
        check(&"x".repeat(1 << 16), None);
    }
}
