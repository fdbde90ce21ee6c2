//! What services do themselves, both ways: with and without each knob the shop behaves
//! differently, and as declared.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use crate::shop::{Settings, Shop, ask, books, count, eventually, get};
use crate::wire::{Behaviour, Wire};

const CREATED: StatusCode = StatusCode::CREATED;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::test]
async fn the_queue_limit_sheds_load_at_once() {
    let burst = async |payments: Settings<'_>| {
        let shop = Shop::start(&[], &[("SHOP_RETRY", "none")], payments).await;
        let charge = json!({ "order": "o", "cents": 1 });
        let address = shop.payments.address();
        let one = || {
            ask(
                address,
                Method::POST,
                "/charges",
                None,
                Some(charge.clone()),
            )
        };
        crate::shop::futures((0..10).map(|_| one())).await
    };
    let slow_work = ("SHOP_WORK", "500ms");
    let answers = burst(&[slow_work, ("SHOP_QUEUE", "3"), ("SHOP_WORKERS", "none")]).await;
    assert_eq!(
        (count(&answers, CREATED), count(&answers, UNAVAILABLE)),
        (3, 7)
    );
    let shed = answers
        .iter()
        .find(|answer| answer.status == UNAVAILABLE)
        .unwrap();
    assert!(shed.took < Duration::from_millis(500), "{:?}", shed.took);
    let answers = burst(&[slow_work, ("SHOP_WORKERS", "none")]).await;
    assert_eq!(count(&answers, CREATED), 10);
}

#[tokio::test]
async fn workers_and_work_make_a_capacity() {
    let burst = async |workers| {
        let payments = &[("SHOP_WORK", "100ms"), ("SHOP_WORKERS", workers)];
        let shop = Shop::start(&[], &[], payments).await;
        let answers = shop.checkouts(8).await;
        assert_eq!(count(&answers, CREATED), 8);
        answers.iter().map(|answer| answer.took).max().unwrap()
    };
    // Eight charges, one after the other.
    assert!(burst("1").await >= Duration::from_millis(800));
    assert!(burst("none").await < Duration::from_millis(800));
    let shop = Shop::start(&[], &[("SHOP_WORK", "200ms")], &[]).await;
    assert!(shop.checkout("k").await.took >= Duration::from_millis(200));
}

#[tokio::test]
async fn idempotency_of_the_checkout() {
    for (idempotency, orders) in [("on", 1), ("off", 2)] {
        let shop = Shop::start(&[("SHOP_IDEMPOTENCY", idempotency)], &[], &[]).await;
        let first = shop.checkout("k").await;
        let second = shop.checkout("k").await;
        assert_eq!(first.body == second.body, orders == 1);
        assert_eq!(books(&shop.orders).await.len(), orders);
    }
}

#[tokio::test]
async fn idempotency_of_orders_and_of_charges() {
    for (idempotency, kept) in [("on", 1), ("off", 6)] {
        let setting = &[("SHOP_IDEMPOTENCY", idempotency)];
        let shop = Shop::start(&[], setting, setting).await;
        let lines = json!({ "lines": [{ "product": 3, "quantity": 1, "cents": 5 }] });
        let address = shop.orders.address();
        let place = || {
            ask(
                address,
                Method::POST,
                "/orders",
                Some("k"),
                Some(lines.clone()),
            )
        };
        let mut answers = vec![place().await];
        // Also when they come at once.
        answers.extend(crate::shop::futures((0..5).map(|_| place())).await);
        assert_eq!(count(&answers, CREATED), 6);
        assert_eq!(books(&shop.orders).await.len(), kept);
        assert_eq!(books(&shop.payments).await.len(), kept);
        let same = answers.iter().all(|answer| answer.body == answers[0].body);
        assert_eq!(same, idempotency == "on");
    }
}

#[tokio::test]
async fn the_dual_write_keeps_a_copy_in_the_monolith_and_drifts() {
    for dual_write in ["off", "on"] {
        // The wire leads to a monolith that is known only once everything runs.
        let target = crate::shop::start(shop::Role::Monolith, &[]).await;
        let wire = Wire::to(target.address(), Behaviour::Pass).await;
        let url = wire.url();
        let orders = &[
            ("SHOP_DUAL_WRITE", dual_write),
            ("MONOLITH_URL", url.as_str()),
        ];
        let shop = Shop::start(&[], orders, &[]).await;
        let paid = shop.checkout("k").await;
        let copies = books(&target).await;
        if dual_write == "off" {
            assert!(copies.is_empty());
            continue;
        }
        assert_eq!(copies[0]["order"], paid.body["order"]);
        assert_eq!(copies[0]["digest"], paid.body["digest"]);
        assert_eq!(copies[0]["key"], "k");

        wire.set(Behaviour::Down);
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(shop.checkout("l").await.status, CREATED, "the order stands");
        assert_eq!(books(&shop.orders).await.len(), 2);
        assert_eq!(books(&target).await.len(), 1, "the copy is lost");
    }
}

#[tokio::test]
async fn a_new_schema_needs_a_tolerant_reader() {
    for (schema, reader, expected) in [
        ("1", "strict", CREATED),
        ("2", "strict", StatusCode::BAD_GATEWAY),
        ("2", "tolerant", CREATED),
        ("1", "tolerant", CREATED),
    ] {
        let orders = &[("SHOP_SCHEMA", schema)];
        let shop = Shop::start(&[("SHOP_READER", reader)], orders, &[]).await;
        let paid = shop.checkout("k").await;
        assert_eq!(paid.status, expected, "schema {schema}, {reader}");
        if expected == CREATED {
            assert_eq!(paid.body["total"], 1_750);
        }
    }
}

#[tokio::test]
async fn pages_and_receipts_come_in_two_weights() {
    let shop = Shop::start(
        &[("SHOP_PAGE", "compact")],
        &[("SHOP_RECEIPT", "compact")],
        &[],
    )
    .await;
    assert!(get(&shop.monolith, "/products/3").await.length < 500);
    assert!(shop.checkout("k").await.length < 500);
    let shop = Shop::start(&[], &[], &[]).await;
    assert!(get(&shop.monolith, "/products/3").await.length > 32_000);
    assert!(shop.checkout("k").await.length > 24_000);
}

#[tokio::test]
async fn work_goes_on_when_the_caller_has_gone() {
    let shop = Shop::start(&[], &[], &[("SHOP_WORK", "600ms")]).await;
    let cart = json!({ "cart": shop.filled_cart().await });
    let monolith = shop.monolith.address();
    let paid = ask(monolith, Method::POST, "/checkout", None, Some(cart));
    let gone = tokio::time::timeout(Duration::from_millis(300), paid).await;
    assert!(gone.is_err());
    let orders = eventually(&shop.orders, |orders| {
        orders.iter().any(|order| order["payment"] == "charged")
    });
    assert_eq!(orders.await.len(), 1);
}

#[tokio::test]
async fn a_repeated_charge_is_work_again() {
    let shop = Shop::start(&[], &[], &[("SHOP_WORK", "100ms")]).await;
    let charge = json!({ "order": "o", "cents": 1 });
    let payments = shop.payments.address();
    for _ in 0..2 {
        let charge = Some(charge.clone());
        let answer = ask(payments, Method::POST, "/charges", Some("k"), charge).await;
        assert!(answer.took >= Duration::from_millis(100));
    }
    assert_eq!(books(&shop.payments).await.len(), 1);
}
