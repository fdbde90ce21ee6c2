//! Payments: charges cards. `POST /charges`, `GET /ledger`.

mod store;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::config::PaymentsSettings;
use crate::context::Context;
use crate::failure::Failure;
use crate::id;
use crate::ledger::{Page, PageQuery};
use crate::store::{Opened, StoreError};
use store::{ChargeStore, NewCharge};

/// The body of `POST /charges`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ChargeRequest {
    /// The order to be paid.
    pub(crate) order: String,
    pub(crate) cents: i64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Charge {
    #[serde(rename = "charge")]
    pub(crate) id: String,
    pub(crate) order: String,
    pub(crate) cents: i64,
}

#[derive(Clone)]
struct Payments {
    store: Arc<dyn ChargeStore>,
    idempotency: bool,
    work: Duration,
}

/// What the service serves: requests that are admitted, and the books that always answer.
pub(crate) async fn routes(
    settings: &PaymentsSettings,
    database: Opened,
) -> Result<(Router, Router), StoreError> {
    let payments = Payments {
        store: store::open(database).await?,
        idempotency: settings.idempotency,
        work: settings.work,
    };
    let served = Router::new()
        .route("/charges", post(charge))
        .with_state(payments.clone());
    let books = Router::new()
        .route("/ledger", get(ledger))
        .with_state(payments);
    Ok((served, books))
}

async fn charge(
    State(payments): State<Payments>,
    context: Context,
    Json(request): Json<ChargeRequest>,
) -> Result<(StatusCode, Json<Charge>), Failure> {
    if request.cents < 0 || request.order.is_empty() || request.order.len() > 200 {
        return Err(Failure::Invalid(
            "a charge needs an order and an amount".to_owned(),
        ));
    }
    // The card network takes its time for every attempt, repeated or not, and whether or not
    // anyone still waits for the answer: retries are load.
    tokio::time::sleep(payments.work).await;
    let single = context.key().filter(|_| payments.idempotency);
    let new = NewCharge {
        charge: Charge {
            id: id::fresh("c"),
            order: request.order,
            cents: request.cents,
        },
        key: context.key().map(str::to_owned),
        single: single.map(str::to_owned),
    };
    // Of all attempts under one key the store keeps the first.
    let kept = payments.store.keep(new).await?;
    Ok((StatusCode::CREATED, Json(kept)))
}

async fn ledger(
    State(payments): State<Payments>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page>, Failure> {
    let entries = payments.store.entries(query.after, query.limit()).await?;
    Ok(Json(Page::new(entries, query)))
}
