//! What the monolith keeps: catalogue, carts, answers, orders that wait, copies.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;

use super::browse::{Listed, Product};
use super::copies::Copy;
use super::own::is_own;
use crate::ledger::Entry;
use crate::order::{Line, OrderRequest};
use crate::store::{Opened, StoreError};

/// An accepted order that orders does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    /// The id the customer was given.
    pub(super) id: String,
    pub(super) key: Option<String>,
    pub(super) order: OrderRequest,
}

/// The monolith's store.
#[async_trait]
pub(super) trait MonolithStore: Send + Sync {
    /// Fills an empty catalogue.
    async fn stock(&self, products: Vec<Product>) -> Result<(), StoreError>;
    /// The catalogue.
    async fn products(&self) -> Result<Vec<Listed>, StoreError>;
    /// One product.
    async fn product(&self, id: u32) -> Result<Option<Product>, StoreError>;

    /// Opens a cart.
    async fn open_cart(&self, cart: String) -> Result<(), StoreError>;
    /// Adds pieces at today's price; how many lines the cart has then. `None` without such a cart
    /// or product.
    async fn add_item(
        &self,
        cart: String,
        product: u32,
        quantity: u32,
    ) -> Result<Option<u32>, StoreError>;
    /// What is in a cart; `None` where there is none.
    async fn cart(&self, cart: String) -> Result<Option<Vec<Line>>, StoreError>;

    /// What the checkout under that key was answered.
    async fn answer(&self, key: String) -> Result<Option<String>, StoreError>;
    /// Keeps an answer and returns it, or the earlier one under the same key.
    async fn keep_answer(&self, key: String, answer: String) -> Result<String, StoreError>;

    /// Keeps an order for later.
    async fn put_off(&self, waiting: Waiting) -> Result<(), StoreError>;
    /// The oldest order that waits.
    async fn oldest_waiting(&self) -> Result<Option<Waiting>, StoreError>;
    /// Notes that a waiting order was placed, and its id in orders.
    async fn sent(&self, id: String, placed: String) -> Result<(), StoreError>;
    /// An order that waits, or waited: then with its id in orders.
    async fn waiting(&self, id: String) -> Result<Option<Option<String>>, StoreError>;

    /// Keeps or replaces a copy.
    async fn copy(&self, order: String, copy: Copy) -> Result<(), StoreError>;
    /// A copy, or an order that was placed here.
    async fn copy_of(&self, order: String) -> Result<Option<Copy>, StoreError>;
    /// An order that was placed here; `None` where there is none, or only a copy of the service's.
    async fn own(&self, order: String) -> Result<Option<Copy>, StoreError> {
        if is_own(&order) {
            self.copy_of(order).await
        } else {
            Ok(None)
        }
    }
    /// Forgets a copy.
    async fn forget(&self, order: String) -> Result<(), StoreError>;
    /// At most `limit` copies after `seq`, in order.
    async fn copies(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError>;
}

/// Makes the tables, where they are not there yet.
pub(super) async fn open(database: Opened) -> Result<Arc<dyn MonolithStore>, StoreError> {
    Ok(match database {
        #[cfg(feature = "sqlite")]
        Opened::Sqlite(database) => {
            database.make(sqlite::TABLES).await?;
            Arc::new(database)
        }
        #[cfg(feature = "postgres")]
        Opened::Postgres(database) => {
            database.make(postgres::TABLES).await?;
            Arc::new(database)
        }
        Opened::Remote(_) => return Err(StoreError::Unfit("the database of orders")),
    })
}
