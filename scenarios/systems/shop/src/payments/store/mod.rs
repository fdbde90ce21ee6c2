//! The charges that were made.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;

use super::Charge;
use crate::ledger::Entry;
use crate::store::{Opened, StoreError};

/// A charge to be kept.
#[derive(Debug, Clone)]
pub(super) struct NewCharge {
    pub(super) charge: Charge,
    /// The idempotency key of the request, for the books.
    pub(super) key: Option<String>,
    /// The key under which there may be only one charge.
    pub(super) single: Option<String>,
}

/// What payments keeps.
#[async_trait]
pub(super) trait ChargeStore: Send + Sync {
    /// Keeps a charge and returns it, or the earlier one under the same single key.
    async fn keep(&self, new: NewCharge) -> Result<Charge, StoreError>;
    /// At most `limit` charges after `seq`, in order.
    async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError>;
}

/// Makes the tables, where they are not there yet.
pub(super) async fn open(database: Opened) -> Result<Arc<dyn ChargeStore>, StoreError> {
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
