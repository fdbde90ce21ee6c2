//! Every knob, both ways: with and without it the shop behaves differently, and as declared.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;

use crate::shop::{Settings, Shop, ask, books, count, eventually, get};
use crate::wire::{Behaviour, Wire};

const CREATED: StatusCode = StatusCode::CREATED;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

const LATE: Behaviour = Behaviour::Late(Duration::from_millis(300));

/// Lets the wire notice what it was told before the next connection.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

#[tokio::test]
async fn timeout_bounds_the_call_and_attempt_timeout_each_attempt() {
    let check = async |orders: Settings<'_>, status: u16, attempts| {
        let shop = Shop::start(&[], orders, &[]).await;
        shop.to_payments.set(LATE);
        assert_eq!(shop.checkout("k").await.status, status, "{orders:?}");
        assert_eq!(shop.to_payments.connections(), attempts, "{orders:?}");
    };
    check(&[], 201, 1).await;
    // The monolith reports what orders answered: 504 becomes 502 on the way out.
    check(&[("SHOP_TIMEOUT", "50ms")], 502, 1).await;
    check(&[("SHOP_ATTEMPT_TIMEOUT", "20ms")], 502, 4).await;
    check(
        &[("SHOP_ATTEMPT_TIMEOUT", "20ms"), ("SHOP_RETRY", "none")],
        502,
        1,
    )
    .await;
}

#[tokio::test]
async fn timeout_and_retry_of_the_monolith() {
    let check = async |monolith: Settings<'_>, status: u16, attempts| {
        let shop = Shop::start(monolith, &[], &[]).await;
        shop.to_orders.set(LATE);
        assert_eq!(shop.checkout("k").await.status, status, "{monolith:?}");
        assert_eq!(shop.to_orders.connections(), attempts, "{monolith:?}");
    };
    check(&[], 201, 1).await;
    check(&[("SHOP_TIMEOUT", "50ms")], 504, 1).await;
    let naive = ("SHOP_RETRY", "naive");
    check(&[("SHOP_ATTEMPT_TIMEOUT", "20ms"), naive], 504, 4).await;
    let two = ("SHOP_RETRY_ATTEMPTS", "2");
    check(&[("SHOP_ATTEMPT_TIMEOUT", "20ms"), naive, two], 504, 2).await;
}

#[tokio::test]
async fn retry_and_its_budget() {
    let attempts = async |orders: Settings<'_>| {
        let shop = Shop::start(&[], orders, &[]).await;
        shop.to_payments
            .set(Behaviour::ResetExceptEvery(usize::MAX));
        for number in 0..15 {
            let paid = shop.checkout(&format!("k-{number}")).await;
            assert_eq!(paid.status, StatusCode::BAD_GATEWAY);
        }
        shop.to_payments.connections()
    };
    let bounded = ("SHOP_RETRY", "bounded");
    let pause = ("SHOP_RETRY_BACKOFF", "1ms");
    // Fifteen calls would like three retries each; the reserve is 20, full at the first call.
    assert_eq!(attempts(&[("SHOP_RETRY", "none")]).await, 15);
    assert_eq!(attempts(&[("SHOP_RETRY", "naive")]).await, 60);
    assert_eq!(
        attempts(&[bounded, pause, ("SHOP_RETRY_BUDGET", "100%")]).await,
        15 + 34
    );
    assert_eq!(
        attempts(&[bounded, pause, ("SHOP_RETRY_BUDGET", "0%")]).await,
        15 + 20
    );
}

#[tokio::test]
async fn the_breaker_leaves_a_failing_dependency_alone_and_comes_back() {
    let off = Shop::start(&[], &[("SHOP_RETRY", "none")], &[]).await;
    off.to_payments.set(Behaviour::ResetExceptEvery(usize::MAX));
    let breaker: Settings<'_> = &[
        ("SHOP_RETRY", "none"),
        ("SHOP_BREAKER", "on"),
        ("SHOP_BREAKER_THRESHOLD", "3"),
        ("SHOP_BREAKER_OPEN", "400ms"),
    ];
    let on = Shop::start(&[], breaker, &[]).await;
    on.to_payments.set(Behaviour::ResetExceptEvery(usize::MAX));
    for number in 0..10 {
        let key = format!("k-{number}");
        off.checkout(&key).await;
        on.checkout(&key).await;
    }
    assert_eq!(off.to_payments.connections(), 10);
    assert_eq!(on.to_payments.connections(), 3);

    on.to_payments.set(Behaviour::Pass);
    tokio::time::sleep(Duration::from_millis(450)).await;
    assert_eq!(
        on.checkout("k").await.status,
        CREATED,
        "the probe closes it"
    );
    assert_eq!(on.checkout("l").await.status, CREATED);
}

#[tokio::test]
async fn the_bulkhead_refuses_what_would_pile_up() {
    let check = async |monolith: Settings<'_>, accepted, refused| {
        let shop = Shop::start(monolith, &[], &[]).await;
        shop.to_orders.set(LATE);
        let answers = shop.checkouts(10).await;
        assert_eq!(count(&answers, CREATED), accepted);
        assert_eq!(count(&answers, UNAVAILABLE), refused);
    };
    check(&[], 10, 0).await;
    check(&[("SHOP_BULKHEAD", "2")], 2, 8).await;
}

#[tokio::test]
async fn with_few_workers_a_slow_dependency_slows_browsing_unless_a_bulkhead_stands() {
    let browse = async |monolith: Settings<'_>| {
        let shop = Shop::start(monolith, &[], &[]).await;
        shop.to_orders
            .set(Behaviour::Late(Duration::from_millis(600)));
        let cart = json!({ "cart": shop.filled_cart().await });
        let monolith = shop.monolith.address();
        let pay = || {
            ask(
                monolith,
                Method::POST,
                "/checkout",
                None,
                Some(cart.clone()),
            )
        };
        let browse = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            get(&shop.monolith, "/products").await.took
        };
        tokio::join!(browse, pay(), pay(), pay()).0
    };
    let slow = Duration::from_millis(400);
    assert!(browse(&[]).await < slow, "no limit on workers");
    assert!(browse(&[("SHOP_WORKERS", "2")]).await >= slow);
    assert!(browse(&[("SHOP_WORKERS", "2"), ("SHOP_BULKHEAD", "1")]).await < slow);
}

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
    let slow_work = ("SHOP_WORK", "200ms");
    let answers = burst(&[slow_work, ("SHOP_QUEUE", "3"), ("SHOP_WORKERS", "none")]).await;
    assert_eq!(
        (count(&answers, CREATED), count(&answers, UNAVAILABLE)),
        (3, 7)
    );
    let shed = answers
        .iter()
        .find(|answer| answer.status == UNAVAILABLE)
        .unwrap();
    assert!(shed.took < Duration::from_millis(200), "{:?}", shed.took);
    let answers = burst(&[slow_work, ("SHOP_WORKERS", "none")]).await;
    assert_eq!(count(&answers, CREATED), 10);
}

#[tokio::test]
async fn workers_and_work_make_a_capacity() {
    let burst = async |workers| {
        let payments = &[("SHOP_WORK", "50ms"), ("SHOP_WORKERS", workers)];
        let shop = Shop::start(&[], &[], payments).await;
        let answers = shop.checkouts(8).await;
        assert_eq!(count(&answers, CREATED), 8);
        answers.iter().map(|answer| answer.took).max().unwrap()
    };
    // Eight charges, one after the other.
    assert!(burst("1").await >= Duration::from_millis(400));
    assert!(burst("none").await < Duration::from_millis(400));
    let shop = Shop::start(&[], &[("SHOP_WORK", "200ms")], &[]).await;
    assert!(shop.checkout("k").await.took >= Duration::from_millis(200));
}

#[tokio::test]
async fn keepalive_uses_connections_again() {
    for (keepalive, connections) in [("off", 10), ("on", 1)] {
        let client = &[("SHOP_KEEPALIVE", keepalive)];
        let shop = Shop::start(client, client, &[]).await;
        for number in 0..10 {
            assert_eq!(shop.checkout(&format!("k-{number}")).await.status, CREATED);
        }
        assert_eq!(
            shop.to_orders.connections(),
            connections,
            "keepalive {keepalive}"
        );
        assert_eq!(
            shop.to_payments.connections(),
            connections,
            "keepalive {keepalive}"
        );
    }
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
async fn the_fallback_of_the_monolith_places_the_order_later() {
    let none = Shop::start(&[], &[], &[]).await;
    none.to_orders.set(Behaviour::Down);
    settle().await;
    assert_eq!(none.checkout("k").await.status, StatusCode::BAD_GATEWAY);

    let shop = Shop::start(&[("SHOP_FALLBACK", "deferred")], &[], &[]).await;
    shop.to_orders.set(Behaviour::Down);
    settle().await;
    let accepted = shop.checkout("k").await;
    assert_eq!((accepted.status, accepted.payment()), (CREATED, "deferred"));
    let path = format!("/orders/{}", accepted.body["order"].as_str().unwrap());
    assert_eq!(get(&shop.monolith, &path).await.body["payment"], "deferred");

    shop.to_orders.set(Behaviour::Pass);
    let orders = eventually(&shop.orders, |orders| !orders.is_empty()).await;
    assert_eq!(orders[0]["key"], "k");
    assert_eq!(orders[0]["digest"], accepted.body["digest"]);
    for _ in 0..400 {
        if get(&shop.monolith, &path).await.body["payment"] == "charged" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the order that waited is not found by its first id");
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
        settle().await;
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
    let shop = Shop::start(&[], &[], &[("SHOP_WORK", "200ms")]).await;
    let gone = tokio::time::timeout(Duration::from_millis(100), shop.checkout("k")).await;
    assert!(gone.is_err());
    let orders = eventually(&shop.orders, |orders| {
        orders.iter().any(|order| order["payment"] == "charged")
    });
    assert_eq!(orders.await.len(), 1);
}

#[tokio::test]
async fn deferred_charges_are_made_up_for_at_the_pace_that_was_set() {
    let drained = async |pace| {
        let orders = &[("SHOP_FALLBACK", "deferred"), ("SHOP_RECONCILE", pace)];
        let shop = Shop::start(&[], orders, &[]).await;
        shop.to_payments.set(Behaviour::Down);
        settle().await;
        assert_eq!(count(&shop.checkouts(6).await, CREATED), 6);
        shop.to_payments.set(Behaviour::Pass);
        let some_charged =
            |orders: &[serde_json::Value]| orders.iter().any(|order| order["payment"] == "charged");
        eventually(&shop.orders, some_charged).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let orders = books(&shop.orders).await;
        orders
            .iter()
            .filter(|order| order["payment"] == "charged")
            .count()
    };
    assert_eq!(drained("1000").await, 6);
    assert!(drained("1").await < 3);
}
