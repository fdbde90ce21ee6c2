//! `http_status`: the proxy answers, and the upstream never sees the request.

use crate::protocol::http::deed::{Answer, Deed};
use crate::protocol::http::matching::Match;
use crate::protocol::http::rule::HttpFault;
use crate::seed::Draw;
use serde::{Deserialize, Serialize};

/// Attributes of `http_status`.
#[derive(Debug, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "the attribute's name on the wire"
)]
pub(crate) struct Status {
    r#match: Match,
    /// The status of the answer, 200 to 599.
    status: i64,
    /// A header of it, `Name: value`, or nothing.
    header: String,
    /// The text of its body.
    body: String,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            r#match: Match::default(),
            status: 503,
            header: String::new(),
            body: String::new(),
        }
    }
}

impl HttpFault for Status {
    const NAME: &'static str = "http_status";

    fn matching(&self) -> &Match {
        &self.r#match
    }

    fn check(&self) -> Result<(), String> {
        if !(200..=599).contains(&self.status) {
            return Err(format!(
                "attribute status must be between 200 and 599, got {}",
                self.status
            ));
        }
        match self.header.split_once(':') {
            None if self.header.is_empty() => Ok(()),
            Some((name, value)) => super::header::check_line("header", name, value.trim()),
            None => Err("attribute header must be `Name: value`".to_owned()),
        }
    }

    fn deeds(&self, _draw: Draw) -> Vec<Deed> {
        let header = self.header.split_once(':');
        let header = header.map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
        vec![Deed::Answer(Answer {
            status: u16::try_from(self.status).unwrap_or(503),
            headers: header.into_iter().collect(),
            body: self.body.clone(),
        })]
    }
}
