//! What is ordered: lines, their total, their digest; the same in every service.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::failure::Failure;

/// The most lines an order has, and the most pieces of a line.
const MOST_LINES: usize = 100;
const MOST_PIECES: u32 = 1_000;
/// The dearest piece, in cents. With the limits above no total overflows.
const MOST_CENTS: i64 = 1_000_000_000;

/// The only currency of the shop.
pub(crate) const CURRENCY: &str = "EUR";

/// So many pieces of one product at a price each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) product: u32,
    pub(crate) quantity: u32,
    /// The price of one piece.
    pub(crate) cents: i64,
}

/// The body of `POST /orders`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderRequest {
    pub(crate) lines: Vec<Line>,
}

/// How far the charge of an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Payment {
    /// Asked for, not known yet.
    Pending,
    /// Done.
    Charged,
    /// Put off until payments answers again.
    Deferred,
    /// Did not happen; the order was refused.
    Failed,
}

impl Payment {
    /// The name in stores and documents.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Charged => "charged",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
        }
    }

    /// The reverse of [`Payment::name`].
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Pending, Self::Charged, Self::Deferred, Self::Failed]
            .into_iter()
            .find(|payment| payment.name() == name)
    }

    /// Whether the customer was told yes.
    pub(crate) const fn is_accepted(self) -> bool {
        matches!(self, Self::Charged | Self::Deferred)
    }
}

impl OrderRequest {
    /// Checks the lines and adds them up.
    pub(crate) fn total(&self) -> Result<i64, Failure> {
        let invalid = |reason: &str| Failure::Invalid(reason.to_owned());
        if self.lines.is_empty() {
            return Err(invalid("an order needs at least one line"));
        }
        if self.lines.len() > MOST_LINES {
            return Err(invalid("an order has at most 100 lines"));
        }
        self.lines.iter().try_fold(0, |total, line| {
            if !is_quantity(line.quantity) {
                return Err(invalid("a quantity is from 1 to 1000"));
            }
            if !(0..=MOST_CENTS).contains(&line.cents) {
                return Err(invalid("a price is from 0 to 1000000000 cents"));
            }
            Ok(total + line.cents * i64::from(line.quantity))
        })
    }

    /// A fingerprint of what was ordered: SHA-256 over the lines, in hexadecimal. Equal orders
    /// have equal digests, in whichever service they are kept.
    pub(crate) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for line in &self.lines {
            let text = format!("{} {} {}\n", line.product, line.quantity, line.cents);
            hash.update(text.as_bytes());
        }
        let mut text = String::with_capacity(64);
        for byte in hash.finalize() {
            // Writing into a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// Whether so many pieces can be ordered.
pub(crate) fn is_quantity(quantity: u32) -> bool {
    (1..=MOST_PIECES).contains(&quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(lines: &[(u32, i64)]) -> OrderRequest {
        let line = |&(quantity, cents): &(u32, i64)| Line {
            product: 1,
            quantity,
            cents,
        };
        OrderRequest {
            lines: lines.iter().map(line).collect(),
        }
    }

    #[test]
    fn totals() {
        let check = |lines: &[(u32, i64)], expected| {
            assert_eq!(request(lines).total().ok(), expected, "{lines:?}");
        };
        check(&[(2, 500), (1, 99)], Some(1_099));
        check(&[(1_000, MOST_CENTS); 100], Some(100 * 1_000 * MOST_CENTS));
        check(&[], None);
        check(&[(0, 500)], None);
        check(&[(1_001, 500)], None);
        check(&[(1, -1)], None);
        check(&[(1, i64::MAX)], None);
        check(&[(1, 1); 101], None);
    }

    #[test]
    fn a_digest_tells_orders_apart() {
        assert_eq!(request(&[(2, 500)]).digest(), request(&[(2, 500)]).digest());
        assert_ne!(request(&[(2, 500)]).digest(), request(&[(2, 501)]).digest());
        assert_eq!(request(&[(2, 500)]).digest().len(), 64);
    }

    #[test]
    fn payment_names_read_back() {
        for payment in [
            Payment::Pending,
            Payment::Charged,
            Payment::Deferred,
            Payment::Failed,
        ] {
            assert_eq!(Payment::from_name(payment.name()), Some(payment));
        }
        assert_eq!(Payment::from_name("paid"), None);
    }
}
