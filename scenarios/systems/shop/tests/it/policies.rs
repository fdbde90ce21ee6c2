//! How services call each other, both ways: with and without each policy the shop behaves
//! differently, and as declared.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::shop::{Settings, Shop, ask, books, count, eventually, get};
use crate::wire::Behaviour;

const CREATED: StatusCode = StatusCode::CREATED;
const UNAVAILABLE: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

const LATE: Behaviour = Behaviour::Late(Duration::from_millis(600));

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
    check(&[("SHOP_TIMEOUT", "100ms")], 502, 1).await;
    check(&[("SHOP_ATTEMPT_TIMEOUT", "50ms")], 502, 4).await;
    check(
        &[("SHOP_ATTEMPT_TIMEOUT", "50ms"), ("SHOP_RETRY", "none")],
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
    check(&[("SHOP_TIMEOUT", "100ms")], 504, 1).await;
    let naive = ("SHOP_RETRY", "naive");
    check(&[("SHOP_ATTEMPT_TIMEOUT", "50ms"), naive], 504, 4).await;
    let two = ("SHOP_RETRY_ATTEMPTS", "2");
    check(&[("SHOP_ATTEMPT_TIMEOUT", "50ms"), naive, two], 504, 2).await;
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

/// A shop whose payments never answers, after ten checkouts.
async fn ten_failures(breaker: Settings<'_>) -> Shop {
    let shop = Shop::start(&[], &[breaker, &[("SHOP_RETRY", "none")]].concat(), &[]).await;
    shop.to_payments
        .set(Behaviour::ResetExceptEvery(usize::MAX));
    for number in 0..10 {
        shop.checkout(&format!("k-{number}")).await;
    }
    shop
}

#[tokio::test]
async fn the_breaker_leaves_a_failing_dependency_alone_and_comes_back() {
    let attempts =
        async |breaker: Settings<'_>| ten_failures(breaker).await.to_payments.connections();
    let on = ("SHOP_BREAKER", "on");
    let three = ("SHOP_BREAKER_THRESHOLD", "3");
    assert_eq!(attempts(&[("SHOP_BREAKER_OPEN", "60s"), three]).await, 10);
    assert_eq!(attempts(&[("SHOP_BREAKER_OPEN", "60s"), on]).await, 5);
    assert_eq!(
        attempts(&[("SHOP_BREAKER_OPEN", "60s"), on, three]).await,
        3
    );

    let shop = ten_failures(&[("SHOP_BREAKER_OPEN", "100ms"), on]).await;
    shop.to_payments.set(Behaviour::Pass);
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(shop.checkout("k").await.status, CREATED, "a probe");
    assert_eq!(shop.checkout("l").await.status, CREATED, "closed again");
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
async fn keepalive_uses_connections_again() {
    for keepalive in ["off", "on"] {
        let client = &[("SHOP_KEEPALIVE", keepalive)];
        let shop = Shop::start(client, client, &[]).await;
        for number in 0..10 {
            assert_eq!(shop.checkout(&format!("k-{number}")).await.status, CREATED);
        }
        for wire in [&shop.to_orders, &shop.to_payments] {
            let connections = wire.connections();
            // A connection may come back to the pool just too late for the next request.
            let expected = if keepalive == "on" { 1..=3 } else { 10..=10 };
            assert!(
                expected.contains(&connections),
                "{keepalive}: {connections}"
            );
        }
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

fn count_charged(orders: &[Value]) -> usize {
    let charged = |order: &&Value| order["payment"] == "charged";
    orders.iter().filter(charged).count()
}

/// Six orders whose charges were put off, and payments back again.
async fn six_deferred(pace: &str) -> Shop {
    let orders = &[("SHOP_FALLBACK", "deferred"), ("SHOP_RECONCILE", pace)];
    let shop = Shop::start(&[], orders, &[]).await;
    shop.to_payments.set(Behaviour::Down);
    settle().await;
    assert_eq!(count(&shop.checkouts(6).await, CREATED), 6);
    shop.to_payments.set(Behaviour::Pass);
    shop
}

#[tokio::test]
async fn deferred_charges_are_made_up_for_at_the_pace_that_was_set() {
    let shop = six_deferred("1000").await;
    let back = Instant::now();
    eventually(&shop.orders, |orders| count_charged(orders) == 6).await;
    assert!(back.elapsed() < Duration::from_secs(4));

    let shop = six_deferred("1").await;
    eventually(&shop.orders, |orders| count_charged(orders) > 0).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(count_charged(&books(&shop.orders).await) < 4);
}
