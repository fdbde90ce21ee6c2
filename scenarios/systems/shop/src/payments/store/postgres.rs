//! The charges in PostgreSQL.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::super::Charge;
use super::{ChargeStore, NewCharge};
use crate::ledger::Entry;
use crate::store::{Postgres, StoreError};

/// As in SQLite, `single` lets the database decide which of two simultaneous attempts is first.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS charges (
        seq bigserial PRIMARY KEY,
        charge text NOT NULL UNIQUE,
        order_id text NOT NULL,
        cents bigint NOT NULL,
        key text,
        single text UNIQUE
    );
";

fn read(row: &Row) -> Charge {
    Charge {
        id: row.get(0),
        order: row.get(1),
        cents: row.get(2),
    }
}

#[async_trait]
impl ChargeStore for Postgres {
    async fn keep(&self, new: NewCharge) -> Result<Charge, StoreError> {
        let NewCharge {
            charge,
            key,
            single,
        } = new;
        let added = self
            .execute(
                "INSERT INTO charges (charge, order_id, cents, key, single)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (single) DO NOTHING",
                &[&charge.id, &charge.order, &charge.cents, &key, &single],
            )
            .await?;
        let earlier = match single {
            Some(single) if added == 0 => {
                self.row(
                    "SELECT charge, order_id, cents FROM charges WHERE single = $1",
                    &[&single],
                )
                .await?
            }
            _ => None,
        };
        Ok(earlier.as_ref().map_or(charge, read))
    }

    async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = self
            .rows(
                "SELECT seq, charge, order_id, cents, key FROM charges
                 WHERE seq > $1 ORDER BY seq LIMIT $2",
                &[&after, &i64::from(limit)],
            )
            .await?;
        let entry = |row: &Row| Entry {
            seq: row.get(0),
            charge: row.get(1),
            order: row.get(2),
            cents: row.get(3),
            key: row.get(4),
            digest: None,
            payment: None,
        };
        Ok(rows.iter().map(entry).collect())
    }
}
