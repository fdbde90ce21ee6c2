//! Mistakes in files as SARIF 2.1.0, which code hosts show beside the lines.

use std::fmt::Write;

use lab_diagnostic::{Code, Diagnostic};
use serde_json::{Value, json};

/// Where the schema of the format is published.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// A log with one run: every mistake, and the rules that they break.
pub fn log<'a>(found: impl IntoIterator<Item = &'a Diagnostic>, version: &str) -> String {
    let mut rules: Vec<Code> = Vec::new();
    let mut results = Vec::new();
    for diagnostic in found {
        let code = diagnostic.code();
        let known = rules.iter().position(|rule| rule.as_str() == code.as_str());
        let rule = known.unwrap_or_else(|| {
            rules.push(code);
            rules.len() - 1
        });
        results.push(result(diagnostic, rule));
    }
    let rules: Vec<Value> = rules.iter().map(|code| rule(*code)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "Failure Lab", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).unwrap_or_default();
    text.push('\n');
    text
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.as_str(),
        "shortDescription": { "text": code.explanation() },
        "help": { "text": format!("lab explain {code}") },
    })
}

fn result(diagnostic: &Diagnostic, rule: usize) -> Value {
    let mut text = diagnostic.message().to_owned();
    for more in [diagnostic.label(), diagnostic.help()]
        .into_iter()
        .flatten()
    {
        text.push('\n');
        text.push_str(more);
    }
    json!({
        "ruleId": diagnostic.code().as_str(),
        "ruleIndex": rule,
        "level": if diagnostic.is_error() { "error" } else { "warning" },
        "message": { "text": text },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(diagnostic.file()) },
            "region": {
                "startLine": diagnostic.line().max(1),
                "startColumn": diagnostic.column().max(1),
                "byteOffset": diagnostic.offset(),
                "byteLength": diagnostic.length(),
            },
        } }],
    })
}

/// A path as a relative URI reference (RFC 3986 § 4.2): all but unreserved characters and slashes
/// as percent signs.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            byte => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}
