//! The order document between orders and the monolith, in two versions.
//!
//! Version 1 has `total` in cents, version 2 has `amount` with its currency. A strict reader knows
//! version 1 alone, a tolerant one takes what it needs from either (tolerant reader, M. Fowler).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::{ReaderMode, SchemaVersion};
use crate::order::{CURRENCY, Payment};

/// What the monolith needs to know about an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderDocument {
    pub(crate) order: String,
    pub(crate) payment: Payment,
    /// In cents.
    pub(crate) total: i64,
    pub(crate) digest: String,
    pub(crate) receipt: String,
}

/// What a tolerant reader looks for.
#[derive(Deserialize)]
struct AnyVersion {
    order: String,
    payment: Payment,
    total: Option<i64>,
    amount: Option<Amount>,
    digest: String,
    #[serde(default)]
    receipt: String,
}

#[derive(Deserialize)]
struct Amount {
    cents: i64,
}

impl OrderDocument {
    /// As JSON of that version.
    pub(crate) fn write(&self, version: SchemaVersion) -> Value {
        let Self {
            order,
            payment,
            total,
            digest,
            receipt,
        } = self;
        match version {
            SchemaVersion::One => json!({
                "order": order, "payment": payment, "total": total,
                "digest": digest, "receipt": receipt,
            }),
            SchemaVersion::Two => json!({
                "order": order, "payment": payment,
                "amount": { "currency": CURRENCY, "cents": total },
                "digest": digest, "receipt": receipt,
            }),
        }
    }

    /// From JSON; the error says what the reader stumbled over.
    pub(crate) fn read(body: &[u8], mode: ReaderMode) -> Result<Self, String> {
        let unreadable = |error: serde_json::Error| error.to_string();
        match mode {
            ReaderMode::Strict => serde_json::from_slice(body).map_err(unreadable),
            ReaderMode::Tolerant => {
                let found: AnyVersion = serde_json::from_slice(body).map_err(unreadable)?;
                let total = found
                    .total
                    .or(found.amount.map(|amount| amount.cents))
                    .ok_or("neither `total` nor `amount`")?;
                Ok(Self {
                    order: found.order,
                    payment: found.payment,
                    total,
                    digest: found.digest,
                    receipt: found.receipt,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_tolerant_reader_survives_a_new_version() {
        let document = OrderDocument {
            order: "o-1".into(),
            payment: Payment::Charged,
            total: 1_200,
            digest: "d".into(),
            receipt: "r".into(),
        };
        let check = |version, mode, readable: bool| {
            let body = document.write(version).to_string();
            let read = OrderDocument::read(body.as_bytes(), mode);
            assert_eq!(read.ok(), readable.then(|| document.clone()));
        };
        check(SchemaVersion::One, ReaderMode::Strict, true);
        check(SchemaVersion::One, ReaderMode::Tolerant, true);
        check(SchemaVersion::Two, ReaderMode::Strict, false);
        check(SchemaVersion::Two, ReaderMode::Tolerant, true);
    }

    #[test]
    fn a_document_without_a_sum_is_unreadable_for_both() {
        let body = br#"{"order":"o","payment":"charged","digest":"d","receipt":"r"}"#;
        for mode in [ReaderMode::Strict, ReaderMode::Tolerant] {
            assert!(OrderDocument::read(body, mode).is_err());
        }
    }
}
