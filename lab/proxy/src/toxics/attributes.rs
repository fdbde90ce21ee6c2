//! Attributes: merged into what is there, checked, and never able to crash the proxy.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The longest time an attribute may ask for: 2^32 ms, about 49 days.
pub(super) const LONGEST: i64 = 1 << 32;

/// Applies `changes` to `current` over the kind's defaults and checks the result. As Go's decoder
/// does, keys match without regard to case, unknown ones are ignored and `null` changes nothing.
pub(super) fn merge<F: Serialize + DeserializeOwned + Default>(
    current: &Map<String, Value>,
    changes: &Map<String, Value>,
    check: fn(&F) -> Result<(), String>,
) -> Result<Map<String, Value>, String> {
    let Ok(Value::Object(mut merged)) = serde_json::to_value(F::default()) else {
        return Ok(Map::new());
    };
    for (key, value) in current.iter().chain(changes) {
        let found = merged
            .iter_mut()
            .find(|(name, _)| name.eq_ignore_ascii_case(key));
        if let Some((name, slot)) = found
            && !value.is_null()
        {
            *slot = fitting(name, slot, value)?;
        }
    }
    check(&read(&merged).ok_or_else(|| "attributes out of range".to_owned())?)?;
    Ok(merged)
}

/// The value when it is of the same type as the default.
fn fitting(name: &str, default: &Value, value: &Value) -> Result<Value, String> {
    let (fits, expected) = match default {
        Value::Number(number) if number.is_f64() => (value.is_number(), "a number"),
        Value::Number(_) => (value.is_i64(), "a whole number"),
        Value::String(_) => (value.is_string(), "a string"),
        Value::Array(_) => (value.is_array(), "a list"),
        Value::Object(_) => (value.is_object(), "an object"),
        _ => (true, ""),
    };
    if fits {
        Ok(value.clone())
    } else {
        Err(format!("attribute {name} must be {expected}, got {value}"))
    }
}

/// The kind's typed attributes; `None` when a number does not fit its field.
pub(crate) fn read<F: DeserializeOwned>(attributes: &Map<String, Value>) -> Option<F> {
    serde_json::from_value(Value::Object(attributes.clone())).ok()
}

/// Checks that an attribute is not negative.
pub(crate) fn not_negative(name: &str, value: i64) -> Result<(), String> {
    if value < 0 {
        return Err(format!(
            "attribute {name} must not be negative, got {value}"
        ));
    }
    Ok(())
}

/// Checks that an attribute is a time the proxy can wait for.
pub(crate) fn time(name: &str, value: i64) -> Result<(), String> {
    not_negative(name, value)?;
    if value > LONGEST {
        return Err(format!(
            "attribute {name} must be at most {LONGEST}, got {value}"
        ));
    }
    Ok(())
}

/// Checks that an attribute is a share, 0 to 1.
pub(crate) fn share(name: &str, value: f64) -> Result<(), String> {
    if (0.0..=1.0).contains(&value) {
        return Ok(());
    }
    Err(format!(
        "attribute {name} must be between 0 and 1, got {value}"
    ))
}

#[cfg(test)]
mod tests {
    use crate::toxics::kind;
    use serde_json::{Map, Value, json};

    fn map(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else {
            panic!("not an object: {value}")
        };
        map
    }

    /// The merged attributes as JSON, or the error.
    fn check(name: &str, current: Value, changes: Value, expected: &str) {
        let merged = kind(name).unwrap().merge(&map(current), &map(changes));
        let found = match merged {
            Ok(attributes) => Value::Object(attributes).to_string(),
            Err(error) => error,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn attributes_are_merged_over_the_defaults() {
        let both = r#"{"latency":5,"jitter":2}"#;
        check(
            "latency",
            json!({}),
            json!({}),
            r#"{"latency":0,"jitter":0}"#,
        );
        check("latency", json!({"latency": 5}), json!({"jitter": 2}), both);
        check(
            "latency",
            json!({}),
            json!({"LATENCY": 5, "Jitter": 2}),
            both,
        );
        check(
            "latency",
            json!({"latency": 5, "jitter": 2}),
            json!({"latency": null}),
            both,
        );
        check("noop", json!({}), json!({"anything": 1}), "{}");
    }

    #[test]
    fn what_crashed_other_servers_is_refused() {
        let wrong = "attribute latency must be a whole number, got \"5\"";
        check("latency", json!({}), json!({"latency": "5"}), wrong);
        let wrong = "attribute latency must be a whole number, got 1.5";
        check("latency", json!({}), json!({"latency": 1.5}), wrong);
        let wrong = "attribute jitter must be at most 4294967296, got 9223372036854775807";
        check("latency", json!({}), json!({"jitter": i64::MAX}), wrong);
        let wrong = "attribute rate must not be negative, got -1";
        check("bandwidth", json!({}), json!({"rate": -1}), wrong);
        let wrong = "attribute average_size must be at least 1, got 0";
        check("slicer", json!({}), json!({}), wrong);
        let wrong = "attribute size_variation must be less than average_size";
        check(
            "slicer",
            json!({}),
            json!({"average_size": 5, "size_variation": 9}),
            wrong,
        );
        let wrong = "attribute loss_rate must be between 0 and 1, got 1.5";
        check("packet_loss", json!({}), json!({"loss_rate": 1.5}), wrong);
    }
}
