//! The six failures that the catalog rehearses: each breaks checkout with the default settings,
//! and holds with others.

use std::time::Duration;

use http::StatusCode;

use crate::shop::{Settings, Shop, books, count, eventually};
use crate::wire::Behaviour;

const CREATED: StatusCode = StatusCode::CREATED;

/// The setting that holds against most of them.
const PATIENT: Settings<'_> = &[("SHOP_TIMEOUT", "100ms"), ("SHOP_FALLBACK", "deferred")];

#[tokio::test]
async fn slow_dependency() {
    let late = Behaviour::Late(Duration::from_millis(1_500));

    let shop = Shop::start(&[], &[], &[]).await;
    shop.to_payments.set(late);
    let paid = shop.checkout("k").await;
    assert!(
        paid.took >= Duration::from_millis(1_500),
        "waits without a deadline"
    );

    let shop = Shop::start(&[], PATIENT, &[]).await;
    shop.to_payments.set(late);
    let paid = shop.checkout("k").await;
    assert_eq!((paid.status, paid.payment()), (CREATED, "deferred"));
    assert!(paid.took < Duration::from_secs(1), "{:?}", paid.took);

    // The charge that was given up had been made; making up for it charges no second time.
    shop.to_payments.set(Behaviour::Pass);
    eventually(&shop.orders, |orders| orders[0]["payment"] == "charged").await;
    assert_eq!(books(&shop.payments).await.len(), 1);
}

#[tokio::test]
async fn dependency_down() {
    let shop = Shop::start(&[], &[], &[]).await;
    shop.to_payments.set(Behaviour::Down);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let paid = shop.checkout("k").await;
    assert_eq!(paid.status, StatusCode::BAD_GATEWAY);
    assert_eq!(books(&shop.orders).await[0]["payment"], "failed");

    let shop = Shop::start(&[], &[("SHOP_FALLBACK", "deferred")], &[]).await;
    shop.to_payments.set(Behaviour::Down);
    tokio::time::sleep(Duration::from_millis(20)).await;
    let answers = shop.checkouts(5).await;
    assert_eq!(count(&answers, CREATED), 5);
    assert_eq!(books(&shop.payments).await.len(), 0);
    shop.to_payments.set(Behaviour::Pass);
    let all_charged =
        |orders: &[serde_json::Value]| orders.iter().all(|order| order["payment"] == "charged");
    eventually(&shop.orders, all_charged).await;
    assert_eq!(books(&shop.payments).await.len(), 5);
}

#[tokio::test]
async fn connection_resets() {
    let shop = Shop::start(&[], &[], &[]).await;
    shop.to_orders.set(Behaviour::ResetEvery(5));
    let answers = shop.checkouts(20).await;
    assert_eq!(count(&answers, StatusCode::BAD_GATEWAY), 4);

    // A repeated order must be recognised, or the retries order twice.
    let bounded = &[("SHOP_RETRY", "bounded"), ("SHOP_RETRY_BACKOFF", "2ms")];
    for (idempotency, orders) in [("on", 20), ("off", 24)] {
        let shop = Shop::start(bounded, &[("SHOP_IDEMPOTENCY", idempotency)], &[]).await;
        shop.to_orders.set(Behaviour::ResetEvery(5));
        let mut answers = Vec::new();
        for number in 0..20 {
            answers.push(shop.checkout(&format!("k-{number}")).await);
        }
        assert_eq!(count(&answers, CREATED), 20);
        assert_eq!(
            books(&shop.orders).await.len(),
            orders,
            "idempotency {idempotency}"
        );
        assert_eq!(
            books(&shop.payments).await.len(),
            20,
            "payments recognises its key"
        );
    }
}

/// Attempts per checkout that reach payments when nine replies of ten are lost, and how many
/// checkouts were accepted.
async fn storm(orders: Settings<'_>) -> (f64, usize) {
    let customers = 150;
    let shop = Shop::start(&[], orders, &[]).await;
    shop.to_payments.set(Behaviour::ResetExceptEvery(10));
    let answers = shop.checkouts(customers).await;
    let attempts = shop.to_payments.connections() as f64 / customers as f64;
    (attempts, count(&answers, CREATED))
}

#[tokio::test]
async fn retry_storm() {
    let (attempts, accepted) = storm(&[]).await;
    assert!(
        attempts > 3.0,
        "naive retries multiply the load: {attempts}"
    );
    assert!(accepted < 120, "and do not help: {accepted}");

    let deferred = ("SHOP_FALLBACK", "deferred");
    let bounded = &[
        ("SHOP_RETRY", "bounded"),
        ("SHOP_RETRY_BACKOFF", "2ms"),
        deferred,
    ];
    let (attempts, accepted) = storm(bounded).await;
    // 1 + 20 % + the reserve of 20 over 150 calls.
    assert!(attempts < 1.35, "{attempts}");
    assert_eq!(accepted, 150);
}

#[tokio::test]
async fn bandwidth_squeeze() {
    let squeeze = Behaviour::Squeeze(40_000);

    let shop = Shop::start(&[], &[], &[]).await;
    shop.to_orders.set(squeeze);
    let full = shop.checkout("k").await;
    assert!(full.took >= Duration::from_millis(500), "{:?}", full.took);

    let shop = Shop::start(&[], &[("SHOP_RECEIPT", "compact")], &[]).await;
    shop.to_orders.set(squeeze);
    let compact = shop.checkout("k").await;
    assert_eq!(compact.status, CREATED);
    assert!(
        compact.length < 1_000 && compact.took < full.took,
        "{:?}",
        compact.took
    );
}

/// How many of 40 checkouts are accepted while payments goes down and comes back again and again.
async fn flapping(orders: Settings<'_>) -> usize {
    let shop = Shop::start(&[], orders, &[]).await;
    let mut answers = Vec::new();
    for number in 0..40 {
        let down = number / 10 % 2 == 0;
        shop.to_payments.set(if down {
            Behaviour::Down
        } else {
            Behaviour::Pass
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        answers.push(shop.checkout(&format!("k-{number}")).await);
    }
    count(&answers, CREATED)
}

#[tokio::test]
async fn flapping_dependency() {
    let accepted = flapping(&[]).await;
    assert!((15..=25).contains(&accepted), "{accepted}");
    assert_eq!(flapping(PATIENT).await, 40);
    let with_breaker = &[
        PATIENT,
        &[("SHOP_BREAKER", "on"), ("SHOP_BREAKER_OPEN", "50ms")],
    ];
    assert_eq!(flapping(&with_breaker.concat()).await, 40);
}
