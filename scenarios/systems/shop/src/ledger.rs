//! The books of a service, page by page: what it holds, for whoever compares it with what was
//! promised.

use serde::{Deserialize, Serialize};

/// The most entries of one page.
const LARGEST_PAGE: u32 = 1_000;

/// Which page is asked for: `?after=SEQ&limit=N`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct PageQuery {
    /// The last entry already seen; 0 starts at the beginning.
    #[serde(default)]
    pub(crate) after: i64,
    #[serde(default = "largest_page")]
    limit: u32,
}

fn largest_page() -> u32 {
    LARGEST_PAGE
}

impl PageQuery {
    /// How many entries to return.
    pub(crate) fn limit(self) -> u32 {
        self.limit.clamp(1, LARGEST_PAGE)
    }
}

/// One thing a service holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its place in the books; grows.
    pub(crate) seq: i64,
    /// The order it belongs to.
    pub(crate) order: String,
    /// The charge, in the books of payments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) charge: Option<String>,
    /// The idempotency key it was written under.
    pub(crate) key: Option<String>,
    pub(crate) cents: i64,
    /// What was ordered, see `OrderRequest::digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// How far the charge is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payment: Option<String>,
}

/// A page of entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Entry>,
    /// What to ask `after` for the next page; absent on the last one.
    pub(crate) next: Option<i64>,
}

impl Page {
    /// A page of `entries` that were asked for with `query`.
    pub(crate) fn new(entries: Vec<Entry>, query: PageQuery) -> Self {
        let full = u32::try_from(entries.len()).is_ok_and(|length| length == query.limit());
        let next = entries.last().filter(|_| full).map(|entry| entry.seq);
        Self { entries, next }
    }
}
