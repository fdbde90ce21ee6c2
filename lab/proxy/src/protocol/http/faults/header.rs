//! `http_header`: a header of requests or replies is added, changed or dropped.

use crate::protocol::http::deed::Deed;
use crate::protocol::http::head::Edit;
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use serde::{Deserialize, Serialize};

/// Headers that say where messages and connections end: to change them is to break the connection,
/// for which there are faults of their own.
const FRAMING: [&str; 5] = [
    "connection",
    "content-length",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Attributes of `http_header`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    r#match: Match,
    /// `request`, or `reply`.
    of: String,
    /// `add`, `change` or `drop`.
    action: String,
    /// The header's name.
    name: String,
    /// Its value, except where it is dropped.
    value: String,
}

impl Default for Header {
    fn default() -> Self {
        Self {
            r#match: Match::default(),
            of: "request".to_owned(),
            action: "drop".to_owned(),
            name: String::new(),
            value: String::new(),
        }
    }
}

impl HttpFault for Header {
    const NAME: &'static str = "http_header";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        if !matches!(self.of.as_str(), "request" | "reply") {
            return Err(format!(
                "attribute of must be request or reply, got {:?}",
                self.of
            ));
        }
        if !matches!(self.action.as_str(), "add" | "change" | "drop") {
            return Err(format!(
                "attribute action must be add, change or drop, got {:?}",
                self.action
            ));
        }
        check_line("name", &self.name, &self.value)
    }

    fn deeds(&self, _draw: Draw) -> Vec<Deed> {
        let (name, value) = (self.name.clone(), self.value.clone());
        let edit = match self.action.as_str() {
            "add" => Edit::Add(name, value),
            "change" => Edit::Change(name, value),
            _ => Edit::Drop(name),
        };
        vec![if self.of == "request" {
            Deed::EditRequest(edit)
        } else {
            Deed::EditReply(edit)
        }]
    }
}

/// Checks that this makes one header and nothing else (RFC 9110, sections 5.1 and 5.5).
pub(super) fn check_line(attribute: &str, name: &str, value: &str) -> Result<(), String> {
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(format!(
            "attribute {attribute} must name a header, got {name:?}"
        ));
    }
    if value.chars().any(|c| c.is_control() && c != '\t') {
        return Err(format!(
            "attribute {attribute} has a value of several lines"
        ));
    }
    if FRAMING.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!(
            "attribute {attribute} must not be {name}: it says where messages end"
        ));
    }
    Ok(())
}
