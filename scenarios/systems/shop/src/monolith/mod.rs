//! The monolith: the web edge with catalogue, carts and checkout.
//!
//! `GET /products`, `GET /products/{id}`, `POST /carts`, `POST /carts/{cart}/items`,
//! `POST /checkout` (`/v1/checkout`, `/v2/checkout`), `GET /orders/{order}`,
//! `GET`, `PUT`, `DELETE /copies/{order}`, `GET /ledger`.

mod browse;
mod cart;
mod checkout;
mod copies;
mod outbox;
mod own;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio_util::sync::CancellationToken;

use crate::config::MonolithSettings;
use crate::log::Log;
use crate::pace::{Pace, repeat};
use crate::resilience::Fallback;
use crate::store::{Opened, StoreError};
use crate::tls::Trust;
use crate::upstream::Upstream;
use store::MonolithStore;

pub(crate) use copies::Copy;

/// The service: its settings, its store and those it calls.
#[derive(Clone)]
pub(crate) struct Monolith {
    settings: Arc<MonolithSettings>,
    store: Arc<dyn MonolithStore>,
    orders: Arc<Upstream>,
    payments: Arc<Upstream>,
    log: Log,
}

impl Monolith {
    pub(crate) async fn new(
        settings: MonolithSettings,
        database: Opened,
        trust: &Trust,
        log: Log,
    ) -> Result<Self, StoreError> {
        let store = store::open(database).await?;
        store.stock(browse::catalogue()).await?;
        let upstream = |name, address: &http::Uri| {
            Arc::new(Upstream::new(
                name,
                address.clone(),
                settings.client.clone(),
                (trust, false),
            ))
        };
        Ok(Self {
            orders: upstream("orders", &settings.orders),
            payments: upstream("payments", &settings.payments),
            settings: Arc::new(settings),
            store,
            log,
        })
    }

    /// What the service serves: requests that are admitted, and the books that always answer.
    pub(crate) fn routes(&self) -> (Router, Router) {
        let served = Router::new()
            .route("/products", get(browse::list))
            .route("/products/{product}", get(browse::product))
            .route("/carts", post(cart::open))
            .route("/carts/{cart}/items", post(cart::add))
            .route("/checkout", post(checkout::checkout))
            .route("/v1/checkout", post(checkout::checkout_here))
            .route("/v2/checkout", post(checkout::checkout))
            .route("/orders/{order}", get(checkout::order))
            .route(
                "/copies/{order}",
                get(copies::get).put(copies::put).delete(copies::delete),
            )
            .with_state(self.clone());
        let books = Router::new()
            .route("/ledger", get(copies::ledger))
            .with_state(self.clone());
        (served, books)
    }

    /// The work that goes on between requests.
    pub(crate) async fn background(self, stop: CancellationToken) {
        if self.settings.fallback == Fallback::Deferred {
            let pace = Pace::new(self.settings.reconcile);
            repeat(pace, stop, || outbox::send_next(&self)).await;
        }
    }
}
