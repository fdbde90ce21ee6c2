//! The monolith's store in SQLite.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};

use super::{MonolithStore, Waiting};
use crate::ledger::Entry;
use crate::monolith::browse::{Listed, Product};
use crate::monolith::copies::Copy;
use crate::order::{Line, OrderRequest, Payment};
use crate::store::{Database, StoreError};

pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS products (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        cents INTEGER NOT NULL,
        description TEXT NOT NULL,
        picture TEXT NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS carts (id TEXT PRIMARY KEY) STRICT;
    CREATE TABLE IF NOT EXISTS items (
        cart TEXT NOT NULL REFERENCES carts (id),
        product INTEGER NOT NULL REFERENCES products (id),
        quantity INTEGER NOT NULL,
        cents INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS items_cart ON items (cart);
    CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        key TEXT,
        lines TEXT NOT NULL,
        placed TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (seq) WHERE placed IS NULL;
    CREATE TABLE IF NOT EXISTS copies (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        order_id TEXT NOT NULL UNIQUE,
        key TEXT,
        cents INTEGER NOT NULL,
        digest TEXT NOT NULL,
        payment TEXT NOT NULL
    ) STRICT;
";

fn unreadable(error: &serde_json::Error) -> StoreError {
    StoreError::Unreadable(error.to_string())
}

#[async_trait]
impl MonolithStore for Database {
    async fn stock(&self, products: Vec<Product>) -> Result<(), StoreError> {
        self.run(move |connection| {
            let transaction = connection.transaction()?;
            for product in products {
                let Listed { id, name, cents } = product.listed;
                transaction.execute(
                    "INSERT INTO products VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
                    params![id, name, cents, product.description, product.picture],
                )?;
            }
            Ok(transaction.commit()?)
        })
        .await
    }

    async fn products(&self) -> Result<Vec<Listed>, StoreError> {
        self.run(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT id, name, cents FROM products ORDER BY id")?;
            let products = statement.query_map([], |row| {
                Ok(Listed {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    cents: row.get(2)?,
                })
            })?;
            Ok(products.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn product(&self, id: u32) -> Result<Option<Product>, StoreError> {
        self.run(move |connection| {
            let product = connection
                .prepare_cached(
                    "SELECT id, name, cents, description, picture FROM products WHERE id = ?1",
                )?
                .query_row([id], |row| {
                    Ok(Product {
                        listed: Listed {
                            id: row.get(0)?,
                            name: row.get(1)?,
                            cents: row.get(2)?,
                        },
                        description: row.get(3)?,
                        picture: row.get(4)?,
                    })
                })
                .optional()?;
            Ok(product)
        })
        .await
    }

    async fn open_cart(&self, cart: String) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached("INSERT INTO carts VALUES (?1)")?
                .execute([cart])?;
            Ok(())
        })
        .await
    }

    async fn add_item(
        &self,
        cart: String,
        product: u32,
        quantity: u32,
    ) -> Result<Option<u32>, StoreError> {
        self.run(move |connection| {
            let added = connection
                .prepare_cached(
                    "INSERT INTO items SELECT carts.id, products.id, ?3, products.cents
                     FROM carts, products WHERE carts.id = ?1 AND products.id = ?2",
                )?
                .execute(params![cart, product, quantity])?;
            if added == 0 {
                return Ok(None);
            }
            let items = connection
                .prepare_cached("SELECT count(*) FROM items WHERE cart = ?1")?
                .query_row([cart], |row| row.get(0))?;
            Ok(Some(items))
        })
        .await
    }

    async fn cart(&self, cart: String) -> Result<Option<Vec<Line>>, StoreError> {
        self.run(move |connection| {
            let exists = connection
                .prepare_cached("SELECT 1 FROM carts WHERE id = ?1")?
                .exists([&cart])?;
            if !exists {
                return Ok(None);
            }
            let mut statement = connection.prepare_cached(
                "SELECT product, quantity, cents FROM items WHERE cart = ?1 ORDER BY rowid",
            )?;
            let lines = statement.query_map([cart], |row| {
                Ok(Line {
                    product: row.get(0)?,
                    quantity: row.get(1)?,
                    cents: row.get(2)?,
                })
            })?;
            Ok(Some(lines.collect::<Result<_, _>>()?))
        })
        .await
    }

    async fn answer(&self, key: String) -> Result<Option<String>, StoreError> {
        self.run(move |connection| {
            let answer = connection
                .prepare_cached("SELECT answer FROM answers WHERE key = ?1")?
                .query_row([key], |row| row.get(0))
                .optional()?;
            Ok(answer)
        })
        .await
    }

    async fn keep_answer(&self, key: String, answer: String) -> Result<String, StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached("INSERT INTO answers VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
                .execute(params![key, answer])?;
            let kept = connection
                .prepare_cached("SELECT answer FROM answers WHERE key = ?1")?
                .query_row([key], |row| row.get(0))?;
            Ok(kept)
        })
        .await
    }

    async fn put_off(&self, waiting: Waiting) -> Result<(), StoreError> {
        self.run(move |connection| {
            let lines =
                serde_json::to_string(&waiting.order.lines).map_err(|error| unreadable(&error))?;
            connection
                .prepare_cached("INSERT INTO outbox (id, key, lines) VALUES (?1, ?2, ?3)")?
                .execute(params![waiting.id, waiting.key, lines])?;
            Ok(())
        })
        .await
    }

    async fn oldest_waiting(&self) -> Result<Option<Waiting>, StoreError> {
        self.run(|connection| {
            let found: Option<(String, Option<String>, String)> = connection
                .prepare_cached(
                    "SELECT id, key, lines FROM outbox WHERE placed IS NULL ORDER BY seq LIMIT 1",
                )?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let Some((id, key, lines)) = found else {
                return Ok(None);
            };
            let lines = serde_json::from_str(&lines).map_err(|error| unreadable(&error))?;
            let order = OrderRequest { lines };
            Ok(Some(Waiting { id, key, order }))
        })
        .await
    }

    async fn sent(&self, id: String, placed: String) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached("UPDATE outbox SET placed = ?2 WHERE id = ?1")?
                .execute([id, placed])?;
            Ok(())
        })
        .await
    }

    async fn waiting(&self, id: String) -> Result<Option<Option<String>>, StoreError> {
        self.run(move |connection| {
            let found = connection
                .prepare_cached("SELECT placed FROM outbox WHERE id = ?1")?
                .query_row([id], |row| row.get(0))
                .optional()?;
            Ok(found)
        })
        .await
    }

    async fn copy(&self, order: String, copy: Copy) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO copies (order_id, key, cents, digest, payment)
                     VALUES (?1, ?2, ?3, ?4, ?5)
                     ON CONFLICT (order_id) DO UPDATE SET key = excluded.key,
                     cents = excluded.cents, digest = excluded.digest, payment = excluded.payment",
                )?
                .execute(params![
                    order,
                    copy.key,
                    copy.cents,
                    copy.digest,
                    copy.payment.name(),
                ])?;
            Ok(())
        })
        .await
    }

    async fn copy_of(&self, order: String) -> Result<Option<Copy>, StoreError> {
        self.run(move |connection| {
            let found: Option<(Option<String>, i64, String, String)> = connection
                .prepare_cached(
                    "SELECT key, cents, digest, payment FROM copies WHERE order_id = ?1",
                )?
                .query_row([order], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
                .optional()?;
            found
                .map(|(key, cents, digest, payment)| {
                    let payment = Payment::from_name(&payment).ok_or_else(|| {
                        StoreError::Unreadable(format!("`{payment}` is no payment"))
                    })?;
                    Ok(Copy {
                        key,
                        cents,
                        digest,
                        payment,
                    })
                })
                .transpose()
        })
        .await
    }

    async fn forget(&self, order: String) -> Result<(), StoreError> {
        self.run(move |connection| {
            connection
                .prepare_cached("DELETE FROM copies WHERE order_id = ?1")?
                .execute([order])?;
            Ok(())
        })
        .await
    }

    async fn copies(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, order_id, key, cents, digest, payment FROM copies
                 WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            )?;
            let entries = statement.query_map(params![after, limit], |row| {
                Ok(Entry {
                    seq: row.get(0)?,
                    order: row.get(1)?,
                    charge: None,
                    key: row.get(2)?,
                    cents: row.get(3)?,
                    digest: row.get(4)?,
                    payment: row.get(5)?,
                })
            })?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
        .await
    }
}
