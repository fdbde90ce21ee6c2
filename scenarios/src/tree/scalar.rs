//! What a plain scalar means: YAML 1.2's core schema.

use serde_json::{Number, Value};

/// Whether a plain scalar stands for nothing.
pub(super) fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// `true` or `false`.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// Whether a text is a whole number, sign included.
pub(super) fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The JSON value of a scalar.
pub(super) fn json(text: &str, plain: bool) -> Value {
    let as_text = || Value::String(text.to_owned());
    if !plain {
        return as_text();
    }
    if is_nothing(text) {
        return Value::Null;
    }
    if let Some(truth) = truth(text) {
        return Value::Bool(truth);
    }
    if is_whole(text) {
        let whole = text.trim_start_matches('+');
        return whole
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| whole.parse::<u64>().map(Number::from))
            .map_or_else(|_| as_text(), Value::Number);
    }
    let numeric = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let float = numeric.then(|| text.parse::<f64>().ok()).flatten();
    float
        .and_then(Number::from_f64)
        .map_or_else(as_text, Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn plain_scalars_follow_the_core_schema() {
        let check = |text, expected: Value| assert_eq!(super::json(text, true), expected, "{text}");
        check("", Value::Null);
        check("~", Value::Null);
        check("true", json!(true));
        check("yes", json!("yes"));
        check("12", json!(12));
        check("-3", json!(-3));
        check("18446744073709551615", json!(u64::MAX));
        check("1.5", json!(1.5));
        check("1e999", json!("1e999"));
        check("nan", json!("nan"));
        check("150/s", json!("150/s"));
        assert_eq!(super::json("12", false), json!("12"));
    }
}
