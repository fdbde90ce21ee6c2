//! The orders in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Kept, NewOrder, Order, OrderStore, Stored, understand};
use crate::ledger::Entry;
use crate::order::Payment;
use crate::store::{Database, StoreError};

/// `single` is the idempotency key where repeated orders are recognised, else null: so the
/// database itself decides which of two simultaneous attempts comes first.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        key TEXT,
        single TEXT UNIQUE,
        lines TEXT NOT NULL,
        cents INTEGER NOT NULL,
        digest TEXT NOT NULL,
        payment TEXT NOT NULL,
        charge TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS orders_deferred ON orders (seq) WHERE payment = 'deferred';
";

const COLUMNS: &str = "id, key, lines, cents, digest, payment";

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        order: Order {
            id: row.get(0)?,
            key: row.get(1)?,
            lines: Vec::new(),
            cents: row.get(3)?,
            digest: row.get(4)?,
            payment: Payment::Pending,
        },
        lines: row.get(2)?,
        payment: row.get(5)?,
    })
}

/// The first order that satisfies a condition with one parameter.
fn find(
    connection: &Connection,
    condition: &str,
    value: &str,
) -> Result<Option<Order>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM orders WHERE {condition} ORDER BY seq LIMIT 1");
    connection
        .prepare_cached(&query)?
        .query_row([value], read)
        .optional()?
        .map(understand)
        .transpose()
}

#[async_trait]
impl OrderStore for Database {
    async fn keep(&self, new: NewOrder) -> Result<Kept, StoreError> {
        self.run(move |connection| {
            let NewOrder { order, single } = new;
            let single = order.key.clone().filter(|_| single);
            let lines = serde_json::to_string(&order.lines)
                .map_err(|error| StoreError::Unreadable(error.to_string()))?;
            let added = connection
                .prepare_cached(
                    "INSERT INTO orders (id, key, single, lines, cents, digest, payment)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (single) DO NOTHING",
                )?
                .execute(params![
                    order.id,
                    order.key,
                    single,
                    lines,
                    order.cents,
                    order.digest,
                    order.payment.name(),
                ])?;
            let earlier = match single {
                Some(single) if added == 0 => find(connection, "single = ?1", &single)?,
                _ => None,
            };
            Ok(earlier.map_or(Kept::New(order), Kept::Earlier))
        })
        .await
    }

    async fn settle(
        &self,
        id: String,
        payment: Payment,
        charge: Option<String>,
    ) -> Result<Payment, StoreError> {
        self.run(move |connection| {
            // Later states win over earlier ones: pending, failed, deferred, charged.
            connection
                .prepare_cached(
                    "UPDATE orders SET payment = ?2, charge = ?3 WHERE id = ?1 AND
                     (payment IN ('pending', 'failed')
                      OR (payment = 'deferred' AND ?2 = 'charged'))",
                )?
                .execute(params![id, payment.name(), charge])?;
            let order = find(connection, "id = ?1", &id)?;
            let order = order.ok_or_else(|| StoreError::Unreadable(id.clone()))?;
            Ok(order.payment)
        })
        .await
    }

    async fn order(&self, id: String) -> Result<Option<Order>, StoreError> {
        self.run(move |connection| find(connection, "id = ?1", &id))
            .await
    }

    async fn oldest_deferred(&self) -> Result<Option<Order>, StoreError> {
        self.run(|connection| {
            // The state stands in the text, not in a parameter, for the partial index to serve.
            find(connection, "payment = 'deferred' AND ?1 = ''", "")
        })
        .await
    }

    async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, id, charge, key, cents, digest, payment FROM orders
                 WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let entries = statement.query_map(params![after, limit], |row| {
                Ok(Entry {
                    seq: row.get(0)?,
                    order: row.get(1)?,
                    charge: row.get(2)?,
                    key: row.get(3)?,
                    cents: row.get(4)?,
                    digest: row.get(5)?,
                    payment: row.get(6)?,
                })
            })?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::order::Line;

    fn order(id: &str) -> NewOrder {
        NewOrder {
            order: Order {
                id: id.to_owned(),
                key: Some("k".to_owned()),
                lines: vec![Line {
                    product: 1,
                    quantity: 2,
                    cents: 300,
                }],
                cents: 600,
                digest: "d".to_owned(),
                payment: Payment::Pending,
            },
            single: true,
        }
    }

    async fn store() -> Database {
        let database = Database::open(Path::new(":memory:")).unwrap();
        database.make(TABLES).await.unwrap();
        database
    }

    #[tokio::test]
    async fn one_order_a_key_unless_keys_mean_nothing() {
        let store = store().await;
        let first = order("o-1").order;
        assert_eq!(store.keep(order("o-1")).await, Ok(Kept::New(first.clone())));
        assert_eq!(store.keep(order("o-2")).await, Ok(Kept::Earlier(first)));
        let twice = NewOrder {
            single: false,
            ..order("o-3")
        };
        assert!(matches!(store.keep(twice).await, Ok(Kept::New(_))));
        assert_eq!(store.entries(0, 10).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn a_charge_that_was_made_stays_made() {
        let store = store().await;
        store.keep(order("o-1")).await.unwrap();
        let mut expected = Payment::Pending;
        for (payment, then) in [
            (Payment::Failed, Payment::Failed),
            (Payment::Deferred, Payment::Deferred),
            (Payment::Failed, Payment::Deferred),
            (Payment::Charged, Payment::Charged),
            (Payment::Failed, Payment::Charged),
            (Payment::Deferred, Payment::Charged),
        ] {
            let settled = store.settle("o-1".to_owned(), payment, None).await;
            assert_eq!(settled, Ok(then), "{payment:?} after {expected:?}");
            expected = then;
        }
    }

    #[tokio::test]
    async fn deferred_orders_come_oldest_first() {
        let store = store().await;
        for id in ["o-1", "o-2"] {
            let mut new = order(id);
            new.single = false;
            store.keep(new).await.unwrap();
            store
                .settle(id.to_owned(), Payment::Deferred, None)
                .await
                .unwrap();
        }
        let oldest = async || store.oldest_deferred().await.unwrap().map(|order| order.id);
        assert_eq!(oldest().await.as_deref(), Some("o-1"));
        let charge = Some("c-1".to_owned());
        store
            .settle("o-1".to_owned(), Payment::Charged, charge)
            .await
            .unwrap();
        assert_eq!(oldest().await.as_deref(), Some("o-2"));
    }
}
