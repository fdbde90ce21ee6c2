//! Starts services with settings and uses them as a customer does.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use shop::{Config, Role, Running};

use crate::wire::{Behaviour, Wire};

/// Settings as they would stand in the environment.
pub(crate) type Settings<'a> = &'a [(&'a str, &'a str)];

/// Starts a service on a free port, with a store in memory.
pub(crate) async fn start(role: Role, settings: Settings<'_>) -> Running {
    let config = Config::read(role, &|name| {
        let found = settings.iter().find(|(key, _)| *key == name);
        found.map_or_else(
            || match name {
                "PORT" => Some("0".to_owned()),
                "DATABASE" => Some(":memory:".to_owned()),
                _ => None,
            },
            |(_, value)| Some((*value).to_owned()),
        )
    });
    shop::start(config.unwrap()).await.unwrap()
}

/// The three services with a wire on each link.
pub(crate) struct Shop {
    pub(crate) monolith: Running,
    pub(crate) orders: Running,
    pub(crate) payments: Running,
    pub(crate) to_orders: Wire,
    pub(crate) to_payments: Wire,
}

impl Shop {
    /// Starts them; payments works fast here unless told otherwise.
    pub(crate) async fn start(
        monolith: Settings<'_>,
        orders: Settings<'_>,
        payments: Settings<'_>,
    ) -> Self {
        let payments = [payments, &[("SHOP_WORK", "1ms")]].concat();
        let payments = start(Role::Payments, &payments).await;
        let to_payments = Wire::to(payments.address(), Behaviour::Pass).await;
        let url = to_payments.url();
        let orders = [orders, &[("PAYMENTS_URL", url.as_str())]].concat();
        let orders = start(Role::Orders, &orders).await;
        let to_orders = Wire::to(orders.address(), Behaviour::Pass).await;
        let (url, direct) = (to_orders.url(), format!("http://{}", payments.address()));
        let urls = [("ORDERS_URL", url.as_str()), ("PAYMENTS_URL", &direct)];
        let monolith = [monolith, &urls].concat();
        let monolith = start(Role::Monolith, &monolith).await;
        Self {
            monolith,
            orders,
            payments,
            to_orders,
            to_payments,
        }
    }

    /// One customer fills a cart and pays; how paying ended.
    pub(crate) async fn checkout(&self, key: &str) -> Answer {
        self.checkout_at("/checkout", key).await
    }

    /// The same at another version of the path.
    pub(crate) async fn checkout_at(&self, path: &str, key: &str) -> Answer {
        let cart = self.filled_cart().await;
        let body = json!({ "cart": cart });
        ask(
            self.monolith.address(),
            Method::POST,
            path,
            Some(key),
            Some(body),
        )
        .await
    }

    /// A cart with one item.
    pub(crate) async fn filled_cart(&self) -> String {
        let address = self.monolith.address();
        let opened = ask(address, Method::POST, "/carts", None, None).await;
        assert_eq!(opened.status, StatusCode::CREATED);
        let cart = opened.body["cart"].as_str().unwrap().to_owned();
        let item = json!({ "product": 3, "quantity": 1 });
        let path = format!("/carts/{cart}/items");
        let added = ask(address, Method::POST, &path, None, Some(item)).await;
        assert_eq!(added.status, StatusCode::OK);
        cart
    }

    /// So many customers at once.
    pub(crate) async fn checkouts(&self, customers: usize) -> Vec<Answer> {
        let keys: Vec<_> = (0..customers).map(|number| format!("k-{number}")).collect();
        futures(keys.iter().map(|key| self.checkout(key))).await
    }
}

/// Awaits all of them at once.
pub(crate) async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = all
        .map(|future| Box::pin(async { Some(future.await) }))
        .collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, done) in waiting.iter_mut().zip(&mut done) {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = value,
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            std::task::Poll::Pending
        } else {
            std::task::Poll::Ready(())
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// What came back, and how long it took.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Value,
    pub(crate) length: usize,
    pub(crate) took: Duration,
}

impl Answer {
    /// How the order stands, as the customer was told.
    pub(crate) fn payment(&self) -> &str {
        self.body["payment"].as_str().unwrap_or("none")
    }
}

/// How many answers have that status.
pub(crate) fn count(answers: &[Answer], status: StatusCode) -> usize {
    answers
        .iter()
        .filter(|answer| answer.status == status)
        .count()
}

/// One request on a connection of its own.
pub(crate) async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    key: Option<&str>,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{address}{path}"))
        .header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let request = request.body(Full::new(Bytes::from(body))).unwrap();
    let start = Instant::now();
    let client = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer {
        status,
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
        length: bytes.len(),
        took: start.elapsed(),
    }
}

/// `GET`.
pub(crate) async fn get(service: &Running, path: &str) -> Answer {
    ask(service.address(), Method::GET, path, None, None).await
}

/// All entries of a service's books.
pub(crate) async fn books(service: &Running) -> Vec<Value> {
    let mut entries = Vec::new();
    let mut after = 0;
    loop {
        let page = get(service, &format!("/ledger?after={after}&limit=7")).await;
        assert_eq!(page.status, StatusCode::OK);
        entries.extend(page.body["entries"].as_array().unwrap().clone());
        match page.body["next"].as_i64() {
            Some(next) => after = next,
            None => return entries,
        }
    }
}

/// Waits until the books satisfy `condition`; fails after ten seconds.
pub(crate) async fn eventually(
    service: &Running,
    condition: impl Fn(&[Value]) -> bool,
) -> Vec<Value> {
    for _ in 0..400 {
        let entries = books(service).await;
        if condition(&entries) {
            return entries;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the books never got there: {:?}", books(service).await);
}
