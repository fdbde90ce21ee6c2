//! The orders in PostgreSQL.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{Kept, NewOrder, Order, OrderStore, Stored, understand};
use crate::ledger::Entry;
use crate::order::Payment;
use crate::store::{Postgres, StoreError};

/// As in SQLite, `single` lets the database decide which of two simultaneous attempts is first.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS orders (
        seq bigserial PRIMARY KEY,
        id text NOT NULL UNIQUE,
        key text,
        single text UNIQUE,
        lines text NOT NULL,
        cents bigint NOT NULL,
        digest text NOT NULL,
        payment text NOT NULL,
        charge text
    );
    CREATE INDEX IF NOT EXISTS orders_deferred ON orders (seq) WHERE payment = 'deferred';
";

fn read(row: &Row) -> Result<Order, StoreError> {
    understand(Stored {
        order: Order {
            id: row.get(0),
            key: row.get(1),
            lines: Vec::new(),
            cents: row.get(3),
            digest: row.get(4),
            payment: Payment::Pending,
        },
        lines: row.get(2),
        payment: row.get(5),
    })
}

#[async_trait]
impl OrderStore for Postgres {
    async fn keep(&self, new: NewOrder) -> Result<Kept, StoreError> {
        let NewOrder { order, single } = new;
        let single = order.key.clone().filter(|_| single);
        let lines = serde_json::to_string(&order.lines)
            .map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let added = self
            .execute(
                "INSERT INTO orders (id, key, single, lines, cents, digest, payment)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (single) DO NOTHING",
                &[
                    &order.id,
                    &order.key,
                    &single,
                    &lines,
                    &order.cents,
                    &order.digest,
                    &order.payment.name(),
                ],
            )
            .await?;
        let earlier = match single {
            Some(single) if added == 0 => {
                self.row(
                    "SELECT id, key, lines, cents, digest, payment FROM orders WHERE single = $1",
                    &[&single],
                )
                .await?
            }
            _ => None,
        };
        let earlier = earlier.as_ref().map(read).transpose()?;
        Ok(earlier.map_or(Kept::New(order), Kept::Earlier))
    }

    async fn settle(
        &self,
        id: String,
        payment: Payment,
        charge: Option<String>,
    ) -> Result<Payment, StoreError> {
        // Later states win over earlier ones: pending, failed, deferred, charged.
        self.execute(
            "UPDATE orders SET payment = $2, charge = $3 WHERE id = $1 AND
             (payment IN ('pending', 'failed') OR (payment = 'deferred' AND $2 = 'charged'))",
            &[&id, &payment.name(), &charge],
        )
        .await?;
        let order = self.order(id.clone()).await?;
        Ok(order.ok_or(StoreError::Unreadable(id))?.payment)
    }

    async fn order(&self, id: String) -> Result<Option<Order>, StoreError> {
        let row = self
            .row(
                "SELECT id, key, lines, cents, digest, payment FROM orders WHERE id = $1",
                &[&id],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn oldest_deferred(&self) -> Result<Option<Order>, StoreError> {
        let row = self
            .row(
                "SELECT id, key, lines, cents, digest, payment FROM orders
                 WHERE payment = 'deferred' ORDER BY seq LIMIT 1",
                &[],
            )
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = self
            .rows(
                "SELECT seq, id, charge, key, cents, digest, payment FROM orders
                 WHERE seq > $1 ORDER BY seq LIMIT $2",
                &[&after, &i64::from(limit)],
            )
            .await?;
        let entry = |row: &Row| Entry {
            seq: row.get(0),
            order: row.get(1),
            charge: row.get(2),
            key: row.get(3),
            cents: row.get(4),
            digest: row.get(5),
            payment: row.get(6),
        };
        Ok(rows.iter().map(entry).collect())
    }
}
