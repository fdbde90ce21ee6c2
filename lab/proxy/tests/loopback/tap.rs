//! The HTTP tap, end to end over loopback.

use super::support::*;
use lab_proxy::ToxicSpec;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn statuses_and_attempts_are_counted() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let mut stream = connect(address).await;
    get(&mut stream, "/200", "Idempotency-Key: a\r\n").await;
    get(&mut stream, "/503", "Idempotency-Key: b\r\n").await;
    get(&mut stream, "/503", "Idempotency-Key: b\r\n").await;
    get(
        &mut connect(address).await,
        "/503",
        "Idempotency-Key: b\r\n",
    )
    .await;
    get(&mut stream, "/404", "traceparent: 00-11-22-01\r\n").await;
    get(&mut stream, "/301", "").await;
    eventually(&proxy, |link| link.http.as_ref().unwrap().completed == 6).await;
    let http = proxy.observe().await.unwrap().links["link"]
        .http
        .clone()
        .unwrap();
    assert_eq!(http.responses, [0, 1, 1, 1, 3, 0]);
    assert_eq!(http.attempts, [3, 1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(
        (http.requests, http.keyless, http.logical_requests()),
        (6, 1, 3)
    );
    assert_eq!(http.attempt_gap.count(), 2);
    assert_eq!(http.caller_first_byte.count(), 6);
    assert_eq!(http.upstream_first_byte.count(), 6);
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_caller_that_gives_up_is_told_from_an_upstream_that_fails() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let mut hasty = connect(address).await;
    hasty
        .write_all(b"GET /hang HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    eventually(&proxy, |link| link.http.as_ref().unwrap().requests == 1).await;
    drop(hasty);
    eventually(&proxy, |link| link.http.as_ref().unwrap().abandoned == 1).await;
    let http = proxy.observe().await.unwrap().links["link"]
        .http
        .clone()
        .unwrap();
    assert_eq!(
        (http.failed, http.cut, http.abandoned_after.count()),
        (0, 0, 1)
    );

    let closing = serve(|mut stream| async move {
        read(&mut stream, 10).await;
    })
    .await;
    proxy
        .set_upstream("link", Some(&closing.to_string()))
        .await
        .unwrap();
    let mut stream = connect(address).await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    ending(&mut stream).await;
    eventually(&proxy, |link| link.http.as_ref().unwrap().failed == 1).await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_caller_that_gives_up_during_a_delay_counts_at_once() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let toxic = ToxicSpec::new("latency").with("latency", 3_600_000);
    proxy.add_toxic("link", toxic).await.unwrap();
    let mut stream = connect(address).await;
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    eventually(&proxy, |link| link.toxics[0].witness.requests == 1).await;
    drop(stream);
    eventually(&proxy, |link| link.http.as_ref().unwrap().abandoned == 1).await;
    let http = proxy.observe().await.unwrap().links["link"]
        .http
        .clone()
        .unwrap();
    assert_eq!((http.responses[1], http.completed), (1, 0));
    proxy.shutdown().await;
}

#[tokio::test]
async fn other_protocols_are_left_alone() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let mut stream = connect(address).await;
    let data: Vec<u8> = (0..=255).collect();
    assert_eq!(round_trip(&mut stream, &data).await, data);
    assert_eq!(
        round_trip(&mut stream, b"GET / HTTP/1.1\r\n\r\n")
            .await
            .len(),
        18
    );
    eventually(&proxy, |link| link.http.as_ref().unwrap().not_http == 1).await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn the_tap_can_be_switched() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    proxy.tap("link", false).await.unwrap();
    get(&mut connect(address).await, "/", "").await;
    proxy.tap("link", true).await.unwrap();
    get(&mut connect(address).await, "/", "").await;
    tokio::time::sleep(Duration::from_millis(1)).await;
    eventually(&proxy, |link| link.http.as_ref().unwrap().completed == 1).await;
    proxy.shutdown().await;
}
