//! The catalogue: a list, and a page with weight for each product.

use axum::Json;
use axum::extract::{Path, State};
use http::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::Monolith;
use crate::config::Detail;
use crate::document;
use crate::failure::Failure;
use crate::flags;

/// Products in the catalogue.
const PRODUCTS: u32 = 20;
/// The flag that makes pages compact, whatever the setting.
const COMPACT: &str = "compact-pages";
/// Bytes of the description on a compact page.
const SUMMARY: usize = 200;

const NAMES: [&str; 5] = ["Shirt", "Jacket", "Scarf", "Trousers", "Bag"];

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Listed {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) cents: i64,
}

/// All that is known about a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Product {
    pub(super) listed: Listed,
    pub(super) description: String,
    pub(super) picture: String,
}

/// The products a new store starts with.
pub(super) fn catalogue() -> Vec<Product> {
    (1..=PRODUCTS)
        .zip(NAMES.iter().cycle())
        .map(|(id, name)| Product {
            listed: Listed {
                id,
                name: format!("{name} no. {id}"),
                cents: 1_000 + i64::from(id) * 250,
            },
            description: document::description(id),
            picture: document::picture(id),
        })
        .collect()
}

pub(super) async fn list(State(monolith): State<Monolith>) -> Result<Json<Value>, Failure> {
    let products = monolith.store.products().await?;
    Ok(Json(json!({ "products": products })))
}

pub(super) async fn product(
    State(monolith): State<Monolith>,
    headers: HeaderMap,
    Path(id): Path<u32>,
) -> Result<Json<Value>, Failure> {
    let product = monolith.store.product(id).await?;
    let Product {
        listed,
        description,
        picture,
    } = product.ok_or(Failure::NotFound("product"))?;
    let Listed { id, name, cents } = listed;
    let page = if flags::is_on(&headers, COMPACT) {
        Detail::Compact
    } else {
        monolith.settings.page
    };
    Ok(Json(match page {
        Detail::Full => json!({
            "id": id, "name": name, "cents": cents,
            "description": description, "picture": picture,
        }),
        Detail::Compact => json!({
            "id": id, "name": name, "cents": cents,
            "description": description.get(..SUMMARY).unwrap_or(&description),
        }),
    }))
}
