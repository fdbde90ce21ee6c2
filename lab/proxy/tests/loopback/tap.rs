//! The HTTP tap, end to end over loopback.

use super::support::*;
use lab_proxy::{Down, EndedBy, Event, Listener, Outcome, RequestEnded, ToxicSpec};
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

/// The next request that ended on a link that is followed.
async fn ended(listener: &mut Listener) -> RequestEnded {
    let told = tokio::time::timeout(PATIENCE, listener.next()).await;
    match told.expect("an event in time").expect("a link").event {
        Event::Request(ended) => *ended,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_request_of_a_followed_link_is_told_once() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    get(&mut connect(address).await, "/before", "").await;
    let mut followed = proxy.follow("link").await.unwrap();
    assert!(proxy.follow("other").await.is_err());
    let mut stream = connect(address).await;
    get(&mut stream, "/503", "Idempotency-Key: a\r\n").await;
    let first = ended(&mut followed).await;
    get(&mut stream, "/503", "Idempotency-Key: a\r\n").await;
    let second = ended(&mut followed).await;
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("GET", "/503")
    );
    assert_eq!((first.attempt, second.attempt), (Some(1), Some(2)));
    assert_eq!((first.request, second.request), (0, 1));
    assert_eq!(first.connection, second.connection);
    assert_eq!(
        (first.outcome, first.status),
        (Outcome::Completed, Some(503))
    );
    assert!(first.connect_us.is_some() && second.connect_us.is_none());
    let asked = "GET /503 HTTP/1.1\r\nHost: a\r\nIdempotency-Key: a\r\n\r\n";
    let reply = "HTTP/1.1 503 X\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(first.bytes_up, asked.len() as u64);
    assert_eq!(first.bytes_down, reply.len() as u64);
    assert!(first.upstream_first_byte_us <= first.first_byte_us);
    assert!(first.first_byte_us.unwrap() <= first.took_us);

    get(&mut stream, "/page?card=4111", "").await;
    assert_eq!(
        ended(&mut followed).await.path,
        "/page",
        "without its query"
    );

    // A body that comes in pieces, and a caller that leaves before the reply.
    stream
        .write_all(b"POST /hang HTTP/1.1\r\nContent-Length: 6\r\n\r\nabc")
        .await
        .unwrap();
    stream.write_all(b"def").await.unwrap();
    eventually(&proxy, |link| link.http.as_ref().unwrap().requests == 5).await;
    drop(stream);
    let gone = ended(&mut followed).await;
    assert_eq!((gone.outcome, gone.status), (Outcome::Abandoned, None));
    assert_eq!((gone.attempt, gone.bytes_down), (None, 0));
    proxy.disable("link", Down::Reset).await.unwrap();
    assert!(is_reset(address).await);
    let told = followed.next().await.unwrap().event;
    assert!(matches!(told, Event::Refused { .. }), "{told:?}");
    proxy.close("link").await.unwrap();
    let over = tokio::time::timeout(PATIENCE, followed.next()).await;
    assert_eq!(over.expect("the end in time"), None);
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_connection_of_another_protocol_is_told_when_it_ends() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let mut followed = proxy.follow("link").await.unwrap();
    let mut stream = connect(address).await;
    round_trip(&mut stream, &[0, 1, 2, 3]).await;
    drop(stream);
    let told = followed.next().await.unwrap().event;
    let Event::Ended {
        by, sent_upstream, ..
    } = told
    else {
        panic!("{told:?}");
    };
    assert!(matches!(by, EndedBy::Peers | EndedBy::Caller), "{by:?}");
    assert_eq!(sent_upstream, 4);
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
