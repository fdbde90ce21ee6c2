//! Text with the weight of real content: product pages and receipts.

use std::fmt::Write as _;

use crate::config::Detail;
use crate::order::Line;

const WORDS: [&str; 32] = [
    "woven", "cotton", "light", "linen", "sturdy", "seam", "double", "stitched", "soft", "wool",
    "brushed", "canvas", "with", "and", "for", "every", "day", "made", "to", "last", "wash",
    "cold", "dry", "flat", "warm", "lined", "pocket", "button", "horn", "thread", "dyed", "fair",
];

/// Bytes of a product's description and of its picture.
const DESCRIPTION: usize = 8_000;
const PICTURE: usize = 24_000;
/// Bytes of the terms under a full receipt.
const TERMS: usize = 24_000;

/// The same bytes for the same seed; `SplitMix64` (Steele, Lea, Flood 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Words, at least `bytes` long and not much longer.
fn prose(seed: u64, bytes: usize) -> String {
    let mut draws = Draws(seed);
    let mut text = String::with_capacity(bytes + 16);
    while text.len() < bytes {
        if !text.is_empty() {
            text.push(' ');
        }
        // Five bits choose among the 32 words.
        let chosen = draws.next() >> 59;
        text.push_str(usize::try_from(chosen).map_or("", |index| WORDS[index % WORDS.len()]));
    }
    text
}

/// A product's description.
pub(crate) fn description(product: u32) -> String {
    prose(u64::from(product), DESCRIPTION)
}

/// A product's picture: bytes that do not compress, as hexadecimal text.
pub(crate) fn picture(product: u32) -> String {
    let mut draws = Draws(u64::from(product) << 32);
    let mut text = String::with_capacity(PICTURE);
    while text.len() < PICTURE {
        let _ = write!(text, "{:016x}", draws.next());
    }
    text
}

/// The receipt of an order, as a customer would print it.
pub(crate) fn receipt(order: &str, lines: &[Line], cents: i64, detail: Detail) -> String {
    let mut text = format!("Receipt for order {order}\n");
    if detail == Detail::Full {
        for line in lines {
            let Line {
                product,
                quantity,
                cents,
            } = line;
            let _ = writeln!(text, "{quantity} x product {product} at {cents} cents");
        }
    }
    let _ = writeln!(text, "Total {cents} cents");
    if detail == Detail::Full {
        text.push_str("Terms of sale: ");
        text.push_str(&prose(0, TERMS));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_their_weight_and_are_reproducible() {
        assert!((DESCRIPTION..DESCRIPTION + 20).contains(&description(3).len()));
        assert_eq!(picture(3).len(), PICTURE);
        assert_eq!(description(3), description(3));
        assert_ne!(description(3), description(4));
        assert_ne!(picture(3), picture(4));
    }

    #[test]
    fn a_compact_receipt_is_small() {
        let line = Line {
            product: 3,
            quantity: 2,
            cents: 500,
        };
        let length = |detail| receipt("o-1", std::slice::from_ref(&line), 1_000, detail).len();
        assert!(length(Detail::Full) > 24_000);
        assert!(length(Detail::Compact) < 100);
    }
}
