//! What customers do while everything works, and what bad requests get.

use http::{Method, StatusCode};
use serde_json::json;

use crate::shop::{Shop, ask, books, get};
use crate::wire::Behaviour;

#[tokio::test]
async fn browsing_shows_a_list_and_a_page_with_weight() {
    let shop = Shop::start(&[], &[], &[]).await;
    let list = get(&shop.monolith, "/products").await;
    assert_eq!(list.body["products"].as_array().unwrap().len(), 20);
    assert!(list.length < 4_000);
    let page = get(&shop.monolith, "/products/3").await;
    assert_eq!(page.body["id"], 3);
    assert!(page.length > 32_000);
}

#[tokio::test]
async fn a_checkout_is_ordered_charged_and_in_every_book() {
    let shop = Shop::start(&[], &[], &[]).await;
    let paid = shop.checkout("k-1").await;
    assert_eq!(paid.status, StatusCode::CREATED);
    assert_eq!(paid.payment(), "charged");
    assert_eq!(paid.body["total"], 1_750);

    let order = &books(&shop.orders).await[0];
    assert_eq!(order["order"], paid.body["order"]);
    assert_eq!(order["digest"], paid.body["digest"]);
    assert_eq!(order["key"], "k-1");
    assert_eq!(order["payment"], "charged");
    let charge = &books(&shop.payments).await[0];
    assert_eq!(charge["order"], paid.body["order"]);
    assert_eq!(charge["charge"], order["charge"]);
    assert_eq!(charge["cents"], 1_750);

    let path = format!("/orders/{}", paid.body["order"].as_str().unwrap());
    assert_eq!(get(&shop.monolith, &path).await.body, paid.body);
}

#[tokio::test]
async fn the_books_come_page_by_page_without_loss() {
    let shop = Shop::start(&[], &[], &[]).await;
    let answers = shop.checkouts(16).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status == StatusCode::CREATED)
    );
    let mut seqs: Vec<_> = books(&shop.orders).await;
    seqs.dedup();
    assert_eq!(seqs.len(), 16);
}

#[tokio::test]
async fn context_reaches_the_last_service() {
    let shop = Shop::start(&[], &[], &[]).await;
    shop.to_payments.set(Behaviour::Pass);
    shop.checkout("key-of-the-customer").await;
    let heard = shop.to_payments.heard();
    assert!(
        heard.contains("idempotency-key: key-of-the-customer"),
        "{heard}"
    );
    let trace = |heard: &str| {
        let (_, rest) = heard.split_once("traceparent: 00-").unwrap();
        (rest[..32].to_owned(), rest[33..49].to_owned())
    };
    let (first, second) = (trace(&shop.to_orders.heard()), trace(&heard));
    assert_eq!(first.0, second.0, "one trace");
    assert_ne!(first.1, second.1, "two spans");
}

#[tokio::test]
async fn bad_requests_are_refused_and_break_nothing() {
    let shop = Shop::start(&[], &[], &[]).await;
    let cart = shop.filled_cart().await;
    let items = format!("/carts/{cart}/items");
    let monolith = shop.monolith.address();
    let check = async |address, path: &str, key, body, expected: u16| {
        let answer = ask(address, Method::POST, path, key, Some(body)).await;
        assert_eq!(answer.status.as_u16(), expected, "{path} {:?}", answer.body);
    };
    check(monolith, "/checkout", None, json!({ "cart": "none" }), 404).await;
    check(monolith, "/checkout", None, json!({ "basket": 1 }), 422).await;
    check(
        monolith,
        "/checkout",
        Some(""),
        json!({ "cart": cart }),
        422,
    )
    .await;
    check(
        monolith,
        "/carts/none/items",
        None,
        json!({ "product": 3, "quantity": 1 }),
        404,
    )
    .await;
    check(
        monolith,
        &items,
        None,
        json!({ "product": 99, "quantity": 1 }),
        404,
    )
    .await;
    check(
        monolith,
        &items,
        None,
        json!({ "product": 3, "quantity": 0 }),
        422,
    )
    .await;
    check(
        monolith,
        &items,
        None,
        json!({ "product": -1, "quantity": 1 }),
        422,
    )
    .await;
    check(
        shop.orders.address(),
        "/orders",
        None,
        json!({ "lines": [] }),
        422,
    )
    .await;
    check(
        shop.payments.address(),
        "/charges",
        None,
        json!({ "order": "", "cents": 1 }),
        422,
    )
    .await;
    for path in [
        "/products/99",
        "/orders/none",
        "/orders/%2e%2e%2f",
        "/nothing",
    ] {
        assert_eq!(get(&shop.monolith, path).await.status, 404, "{path}");
    }
    assert_eq!(shop.checkout("k").await.status, StatusCode::CREATED);
    assert_eq!(books(&shop.orders).await.len(), 1);
}

#[tokio::test]
async fn every_service_says_that_it_is_ready() {
    let shop = Shop::start(&[], &[], &[]).await;
    for service in [&shop.monolith, &shop.orders, &shop.payments] {
        assert_eq!(get(service, "/health").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn the_monolith_places_orders_itself_under_the_first_version() {
    let shop = Shop::start(&[], &[], &[]).await;
    shop.to_orders.set(Behaviour::Down);
    let answer = shop.checkout_at("/v1/checkout", "k-1").await;
    assert_eq!(
        (answer.status, answer.payment()),
        (StatusCode::CREATED, "charged")
    );
    let (own, charges) = (books(&shop.monolith).await, books(&shop.payments).await);
    assert_eq!((own.len(), charges.len()), (1, 1));
    assert_eq!(
        (&own[0]["key"], &own[0]["payment"]),
        (&"k-1".into(), &"charged".into())
    );
    assert_eq!(own[0]["digest"], answer.body["digest"]);
    assert!(
        books(&shop.orders).await.is_empty(),
        "the service is not asked"
    );
    let id = answer.body["order"].as_str().unwrap();
    let read = get(&shop.monolith, &format!("/orders/{id}")).await;
    assert_eq!((read.status, read.payment()), (StatusCode::OK, "charged"));
    let answer = shop.checkout_at("/v2/checkout", "k-2").await;
    assert_eq!(
        answer.status,
        StatusCode::BAD_GATEWAY,
        "the second version is the service's"
    );
}
