//! The charges in SQLite.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::Charge;
use super::{ChargeStore, NewCharge};
use crate::ledger::Entry;
use crate::store::{Database, StoreError};

/// `single` is the idempotency key where repeated charges are recognised, else null: so the
/// database itself decides which of two simultaneous attempts comes first.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS charges (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        charge TEXT NOT NULL UNIQUE,
        order_id TEXT NOT NULL,
        cents INTEGER NOT NULL,
        key TEXT,
        single TEXT UNIQUE
    ) STRICT;
";

fn read(row: &Row<'_>) -> rusqlite::Result<Charge> {
    Ok(Charge {
        id: row.get(0)?,
        order: row.get(1)?,
        cents: row.get(2)?,
    })
}

fn find(connection: &Connection, single: &str) -> rusqlite::Result<Option<Charge>> {
    connection
        .prepare_cached("SELECT charge, order_id, cents FROM charges WHERE single = ?1")?
        .query_row([single], read)
        .optional()
}

#[async_trait]
impl ChargeStore for Database {
    async fn keep(&self, new: NewCharge) -> Result<Charge, StoreError> {
        self.run(move |connection| {
            let NewCharge {
                charge,
                key,
                single,
            } = new;
            let added = connection
                .prepare_cached(
                    "INSERT INTO charges (charge, order_id, cents, key, single)
                     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (single) DO NOTHING",
                )?
                .execute(params![charge.id, charge.order, charge.cents, key, single])?;
            let earlier = match single {
                Some(single) if added == 0 => find(connection, &single)?,
                _ => None,
            };
            Ok(earlier.unwrap_or(charge))
        })
        .await
    }

    async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, charge, order_id, cents, key FROM charges
                 WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let entries = statement.query_map(params![after, limit], |row| {
                Ok(Entry {
                    seq: row.get(0)?,
                    charge: row.get(1)?,
                    order: row.get(2)?,
                    cents: row.get(3)?,
                    key: row.get(4)?,
                    digest: None,
                    payment: None,
                })
            })?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
        .await
    }
}
