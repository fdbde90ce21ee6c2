//! The monolith's store in PostgreSQL.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::{MonolithStore, Waiting};
use crate::ledger::Entry;
use crate::monolith::browse::{Listed, Product};
use crate::monolith::copies::Copy;
use crate::order::{Line, OrderRequest, Payment};
use crate::store::{Postgres, StoreError};

pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS products (
        id integer PRIMARY KEY,
        name text NOT NULL,
        cents bigint NOT NULL,
        description text NOT NULL,
        picture text NOT NULL
    );
    CREATE TABLE IF NOT EXISTS carts (id text PRIMARY KEY);
    CREATE TABLE IF NOT EXISTS items (
        seq bigserial PRIMARY KEY,
        cart text NOT NULL REFERENCES carts (id),
        product integer NOT NULL REFERENCES products (id),
        quantity integer NOT NULL,
        cents bigint NOT NULL
    );
    CREATE INDEX IF NOT EXISTS items_cart ON items (cart);
    CREATE TABLE IF NOT EXISTS answers (key text PRIMARY KEY, answer text NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox (
        seq bigserial PRIMARY KEY,
        id text NOT NULL UNIQUE,
        key text,
        lines text NOT NULL,
        placed text
    );
    CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (seq) WHERE placed IS NULL;
    CREATE TABLE IF NOT EXISTS copies (
        seq bigserial PRIMARY KEY,
        order_id text NOT NULL UNIQUE,
        key text,
        cents bigint NOT NULL,
        digest text NOT NULL,
        payment text NOT NULL
    );
";

/// The shop's small numbers, which the database keeps with a sign.
fn signed(number: u32) -> Result<i32, StoreError> {
    i32::try_from(number).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn unsigned(row: &Row, column: usize) -> Result<u32, StoreError> {
    let number: i32 = row.get(column);
    u32::try_from(number).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn unreadable(error: &serde_json::Error) -> StoreError {
    StoreError::Unreadable(error.to_string())
}

fn listed(row: &Row) -> Result<Listed, StoreError> {
    Ok(Listed {
        id: unsigned(row, 0)?,
        name: row.get(1),
        cents: row.get(2),
    })
}

#[async_trait]
impl MonolithStore for Postgres {
    async fn stock(&self, products: Vec<Product>) -> Result<(), StoreError> {
        for product in products {
            let Listed { id, name, cents } = product.listed;
            self.execute(
                "INSERT INTO products VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                &[
                    &signed(id)?,
                    &name,
                    &cents,
                    &product.description,
                    &product.picture,
                ],
            )
            .await?;
        }
        Ok(())
    }

    async fn products(&self) -> Result<Vec<Listed>, StoreError> {
        let rows = self
            .rows("SELECT id, name, cents FROM products ORDER BY id", &[])
            .await?;
        rows.iter().map(listed).collect()
    }

    async fn product(&self, id: u32) -> Result<Option<Product>, StoreError> {
        let row = self
            .row(
                "SELECT id, name, cents, description, picture FROM products WHERE id = $1",
                &[&signed(id)?],
            )
            .await?;
        let product = |row: Row| {
            Ok(Product {
                listed: listed(&row)?,
                description: row.get(3),
                picture: row.get(4),
            })
        };
        row.map(product).transpose()
    }

    async fn open_cart(&self, cart: String) -> Result<(), StoreError> {
        self.execute("INSERT INTO carts VALUES ($1)", &[&cart])
            .await
            .map(drop)
    }

    async fn add_item(
        &self,
        cart: String,
        product: u32,
        quantity: u32,
    ) -> Result<Option<u32>, StoreError> {
        let added = self
            .execute(
                "INSERT INTO items (cart, product, quantity, cents)
                 SELECT carts.id, products.id, $3, products.cents
                 FROM carts, products WHERE carts.id = $1 AND products.id = $2",
                &[&cart, &signed(product)?, &signed(quantity)?],
            )
            .await?;
        if added == 0 {
            return Ok(None);
        }
        let row = self
            .row(
                "SELECT count(*)::integer FROM items WHERE cart = $1",
                &[&cart],
            )
            .await?;
        row.map(|row| unsigned(&row, 0)).transpose()
    }

    async fn cart(&self, cart: String) -> Result<Option<Vec<Line>>, StoreError> {
        let exists = self
            .row("SELECT 1 FROM carts WHERE id = $1", &[&cart])
            .await?;
        if exists.is_none() {
            return Ok(None);
        }
        let rows = self
            .rows(
                "SELECT product, quantity, cents FROM items WHERE cart = $1 ORDER BY seq",
                &[&cart],
            )
            .await?;
        let line = |row: &Row| {
            Ok(Line {
                product: unsigned(row, 0)?,
                quantity: unsigned(row, 1)?,
                cents: row.get(2),
            })
        };
        rows.iter().map(line).collect::<Result<_, _>>().map(Some)
    }

    async fn answer(&self, key: String) -> Result<Option<String>, StoreError> {
        let row = self
            .row("SELECT answer FROM answers WHERE key = $1", &[&key])
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    async fn keep_answer(&self, key: String, answer: String) -> Result<String, StoreError> {
        self.execute(
            "INSERT INTO answers VALUES ($1, $2) ON CONFLICT DO NOTHING",
            &[&key, &answer],
        )
        .await?;
        let kept = self.answer(key.clone()).await?;
        kept.ok_or(StoreError::Unreadable(key))
    }

    async fn put_off(&self, waiting: Waiting) -> Result<(), StoreError> {
        let lines =
            serde_json::to_string(&waiting.order.lines).map_err(|error| unreadable(&error))?;
        self.execute(
            "INSERT INTO outbox (id, key, lines) VALUES ($1, $2, $3)",
            &[&waiting.id, &waiting.key, &lines],
        )
        .await
        .map(drop)
    }

    async fn oldest_waiting(&self) -> Result<Option<Waiting>, StoreError> {
        let row = self
            .row(
                "SELECT id, key, lines FROM outbox WHERE placed IS NULL ORDER BY seq LIMIT 1",
                &[],
            )
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let lines: String = row.get(2);
        let lines = serde_json::from_str(&lines).map_err(|error| unreadable(&error))?;
        Ok(Some(Waiting {
            id: row.get(0),
            key: row.get(1),
            order: OrderRequest { lines },
        }))
    }

    async fn sent(&self, id: String, placed: String) -> Result<(), StoreError> {
        self.execute(
            "UPDATE outbox SET placed = $2 WHERE id = $1",
            &[&id, &placed],
        )
        .await
        .map(drop)
    }

    async fn waiting(&self, id: String) -> Result<Option<Option<String>>, StoreError> {
        let row = self
            .row("SELECT placed FROM outbox WHERE id = $1", &[&id])
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    async fn copy(&self, order: String, copy: Copy) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO copies (order_id, key, cents, digest, payment)
             VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (order_id) DO UPDATE SET key = excluded.key,
             cents = excluded.cents, digest = excluded.digest, payment = excluded.payment",
            &[
                &order,
                &copy.key,
                &copy.cents,
                &copy.digest,
                &copy.payment.name(),
            ],
        )
        .await
        .map(drop)
    }

    async fn copy_of(&self, order: String) -> Result<Option<Copy>, StoreError> {
        let row = self
            .row(
                "SELECT key, cents, digest, payment FROM copies WHERE order_id = $1",
                &[&order],
            )
            .await?;
        let copy = |row: Row| {
            let payment: String = row.get(3);
            Ok(Copy {
                key: row.get(0),
                cents: row.get(1),
                digest: row.get(2),
                payment: Payment::from_name(&payment).ok_or(StoreError::Unreadable(payment))?,
            })
        };
        row.map(copy).transpose()
    }

    async fn forget(&self, order: String) -> Result<(), StoreError> {
        self.execute("DELETE FROM copies WHERE order_id = $1", &[&order])
            .await
            .map(drop)
    }

    async fn copies(&self, after: i64, limit: u32) -> Result<Vec<Entry>, StoreError> {
        let rows = self
            .rows(
                "SELECT seq, order_id, key, cents, digest, payment FROM copies
                 WHERE seq > $1 ORDER BY seq LIMIT $2",
                &[&after, &i64::from(limit)],
            )
            .await?;
        let entry = |row: &Row| Entry {
            seq: row.get(0),
            order: row.get(1),
            charge: None,
            key: row.get(2),
            cents: row.get(3),
            digest: row.get(4),
            payment: row.get(5),
        };
        Ok(rows.iter().map(entry).collect())
    }
}
