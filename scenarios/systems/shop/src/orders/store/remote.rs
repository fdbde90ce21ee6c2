//! The orders in the shop's own database, see [`served`](super::served).

use async_trait::async_trait;

use super::served::{DEFERRED, KEEP, LEDGER, ORDER, SETTLE, Settle};
use super::{Kept, NewOrder, Order, OrderStore};
use crate::ledger::{Entry, Page};
use crate::order::Payment;
use crate::store::{Remote, StoreError};

#[async_trait]
impl OrderStore for Remote {
    async fn keep(&self, new: NewOrder) -> Result<Kept, StoreError> {
        self.ask(KEEP, &new).await
    }

    async fn settle(
        &self,
        id: String,
        payment: Payment,
        charge: Option<String>,
    ) -> Result<Payment, StoreError> {
        let question = Settle {
            id,
            payment,
            charge,
        };
        self.ask(SETTLE, &question).await
    }

    async fn order(&self, id: String) -> Result<Option<Order>, StoreError> {
        self.ask(ORDER, &id).await
    }

    async fn oldest_deferred(&self) -> Result<Option<Order>, StoreError> {
        self.ask(DEFERRED, &()).await
    }

    async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let page = format!("{LEDGER}?after={after}&limit={limit}");
        self.read::<Page>(page).await.map(|page| page.entries)
    }
}
