//! The orders that were placed.

#[cfg(feature = "postgres")]
mod postgres;
mod remote;
pub(super) mod served;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::ledger::Entry;
use crate::order::{Line, Payment};
use crate::store::{Opened, StoreError};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) id: String,
    /// The idempotency key it was placed under.
    pub(super) key: Option<String>,
    pub(super) lines: Vec<Line>,
    pub(super) cents: i64,
    pub(super) digest: String,
    pub(super) payment: Payment,
}

/// An order to be kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct NewOrder {
    pub(super) order: Order,
    /// Whether there may be only one under its key.
    pub(super) single: bool,
}

/// What came of keeping an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kept {
    /// It is there.
    New(Order),
    /// There was one under the same key.
    Earlier(Order),
}

/// What orders keeps.
#[async_trait]
pub(super) trait OrderStore: Send + Sync {
    /// Keeps an order, or finds the earlier one under the same single key.
    async fn keep(&self, new: NewOrder) -> Result<Kept, StoreError>;
    /// Notes how the charge ended and returns what is true now: a charge that was made stays made,
    /// whatever an attempt beside it came to.
    async fn settle(
        &self,
        id: String,
        payment: Payment,
        charge: Option<String>,
    ) -> Result<Payment, StoreError>;
    /// One order.
    async fn order(&self, id: String) -> Result<Option<Order>, StoreError>;
    /// The oldest order whose charge was put off.
    async fn oldest_deferred(&self) -> Result<Option<Order>, StoreError>;
    /// At most `limit` orders after `seq`, in order.
    async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError>;
}

/// Makes the tables, where they are not there yet.
pub(super) async fn open(database: Opened) -> Result<Arc<dyn OrderStore>, StoreError> {
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
        Opened::Remote(database) => Arc::new(database),
    })
}

/// An order as it is stored; lines and state still have to be understood.
struct Stored {
    order: Order,
    lines: String,
    payment: String,
}

fn understand(stored: Stored) -> Result<Order, StoreError> {
    let lines = serde_json::from_str(&stored.lines)
        .map_err(|error| StoreError::Unreadable(error.to_string()))?;
    let payment = Payment::from_name(&stored.payment)
        .ok_or_else(|| StoreError::Unreadable(stored.payment.clone()))?;
    Ok(Order {
        lines,
        payment,
        ..stored.order
    })
}
