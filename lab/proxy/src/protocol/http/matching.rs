//! Which requests a fault acts on.

use super::head::RequestHead;
use crate::protocol::glob;
use crate::toxics::Toxic;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Keys whose requests are counted apart; of further ones no request is among the first.
const MOST_KEYS: usize = 1 << 20;
/// The longest body that is held until it is known whether it matches; longer ones do not.
pub(super) const LONGEST_BODY: usize = 1 << 20;

/// The attribute `match`: everything that is given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Match {
    /// The method; any where it is empty.
    pub(super) method: String,
    /// The path without query, `*` for any run of characters; any where it is empty.
    pub(super) path: String,
    /// `name` for a header that is there, `name: value` for its value, with `*` as in a path.
    pub(super) header: String,
    /// Text that the body contains.
    pub(super) body: String,
    /// How many requests at most, 0 for all: the first ones of each key.
    pub(super) first: u64,
    /// What a key is: `path`, the name of a header, or (empty) one key for all.
    pub(super) per: String,
}

/// What the connections of a fault share to find its first requests.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    /// Requests that matched.
    matched: u64,
    keys: HashMap<u64, u64>,
}

impl Match {
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        let lines = [
            &self.method,
            &self.path,
            &self.header,
            &self.body,
            &self.per,
        ];
        if lines.iter().any(|text| text.contains(['\r', '\n'])) {
            return Err("attribute match must not contain a line break".to_owned());
        }
        if self.first == 0 && !self.per.is_empty() {
            return Err("attribute match.per needs match.first".to_owned());
        }
        Ok(())
    }

    /// Whether the head matches.
    pub(super) fn head(&self, head: &RequestHead) -> bool {
        let method = self.method.is_empty() || self.method.eq_ignore_ascii_case(&head.method);
        let path = self.path.is_empty() || glob(self.path.as_bytes(), head.path().as_bytes());
        method && path && self.has_header(head)
    }

    fn has_header(&self, head: &RequestHead) -> bool {
        let (name, value) = match self.header.split_once(':') {
            _ if self.header.is_empty() => return true,
            Some((name, value)) => (name, value.trim()),
            None => (self.header.as_str(), "*"),
        };
        let name = name.trim().to_ascii_lowercase();
        head.values(&name)
            .any(|found| glob(value.as_bytes(), found))
    }

    /// Whether it has to see the body.
    pub(super) fn needs_body(&self) -> bool {
        !self.body.is_empty()
    }

    /// Whether a whole body matches.
    pub(super) fn body(&self, body: &[u8]) -> bool {
        let wanted = self.body.as_bytes();
        wanted.is_empty() || body.windows(wanted.len()).any(|window| window == wanted)
    }

    /// Counts a request that matched: its number among all of them, from 0, and whether it is one
    /// of the first.
    pub(super) fn count(&self, head: &RequestHead, toxic: &Toxic) -> (u64, bool) {
        let mut counted = crate::link::held(&toxic.shared.http.counted);
        let number = counted.matched;
        counted.matched += 1;
        if self.first == 0 {
            return (number, true);
        }
        let key = self.key(head);
        if counted.keys.len() >= MOST_KEYS && !counted.keys.contains_key(&key) {
            return (number, false);
        }
        let seen = counted.keys.entry(key).or_default();
        *seen += 1;
        (number, *seen <= self.first)
    }

    fn key(&self, head: &RequestHead) -> u64 {
        let mut hasher = DefaultHasher::new();
        match self.per.as_str() {
            "" => {}
            "path" => head.path().hash(&mut hasher),
            name => {
                let name = name.to_ascii_lowercase();
                head.values(&name).for_each(|value| value.hash(&mut hasher));
            }
        }
        hasher.finish()
    }
}
