//! Carts: opened, filled.

use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Monolith;
use crate::failure::Failure;
use crate::id;
use crate::order::is_quantity;

/// The body of `POST /carts/{cart}/items`.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    product: u32,
    quantity: u32,
}

pub(super) async fn open(
    State(monolith): State<Monolith>,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let cart = id::fresh("cart");
    monolith.store.open_cart(cart.clone()).await?;
    Ok((StatusCode::CREATED, Json(json!({ "cart": cart }))))
}

pub(super) async fn add(
    State(monolith): State<Monolith>,
    Path(cart): Path<String>,
    Json(Item { product, quantity }): Json<Item>,
) -> Result<Json<Value>, Failure> {
    if !is_quantity(quantity) {
        return Err(Failure::Invalid("a quantity is from 1 to 1000".to_owned()));
    }
    let added = monolith.store.add_item(cart, product, quantity).await?;
    let items = added.ok_or(Failure::NotFound("cart or product"))?;
    Ok(Json(json!({ "items": items })))
}
