//! The ledger of receipts: what is armed now, so that all of it can be taken back whatever happens.

use crate::seam::{FaultPlane, Receipt};

/// Faults that are armed.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    open: Vec<Receipt>,
}

impl Receipts {
    pub(crate) fn add(&mut self, receipt: Receipt) {
        self.open.push(receipt);
    }

    /// Takes out the receipt of a fault.
    pub(crate) fn take(&mut self, fault: usize) -> Option<Receipt> {
        let position = self
            .open
            .iter()
            .position(|receipt| receipt.fault == fault)?;
        Some(self.open.remove(position))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Receipt> {
        self.open.iter()
    }

    /// Takes everything back, latest first; each is tried whatever happened to the others.
    /// Returns the faults healed, and what failed.
    pub(crate) async fn heal_all(&mut self, plane: &dyn FaultPlane) -> (Vec<usize>, Vec<String>) {
        let (mut healed, mut left) = (Vec::new(), Vec::new());
        while let Some(receipt) = self.open.pop() {
            match plane.heal(&receipt).await {
                Ok(()) => healed.push(receipt.fault),
                Err(failure) => left.push(format!("fault on {}: {failure}", receipt.link)),
            }
        }
        (healed, left)
    }
}
