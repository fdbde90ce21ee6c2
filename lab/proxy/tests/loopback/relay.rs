//! The relay and its faults, end to end over loopback.

use super::support::*;
use lab_proxy::{Down, LinkSpec, Reach, Stream, ToxicSpec, ToxicUpdate};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

fn latency(milliseconds: u64) -> ToxicSpec {
    ToxicSpec::new("latency").with("latency", milliseconds)
}

#[tokio::test]
async fn bytes_pass_and_a_half_closed_caller_gets_its_reply() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let mut stream = connect(address).await;
    assert_eq!(round_trip(&mut stream, b"hello").await, b"hello");
    stream.shutdown().await.unwrap();
    assert_eq!(read(&mut stream, 7).await, b"goodbye");
    assert_eq!(ending(&mut stream).await, "closed");
    proxy.shutdown().await;
}

#[tokio::test]
async fn large_transfers_come_out_as_they_went_in() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let sent: Vec<u8> = (0..=250).cycle().take(20_000_000).collect();
    let (mut reader, mut writer) = connect(address).await.into_split();
    let copy = sent.clone();
    let writing = tokio::spawn(async move { writer.write_all(&copy).await.map(|()| writer) });
    let mut received = vec![0; sent.len()];
    tokio::io::AsyncReadExt::read_exact(&mut reader, &mut received)
        .await
        .unwrap();
    assert!(received == sent, "the bytes differ");
    drop(writing.await.unwrap());
    proxy.shutdown().await;
}

#[tokio::test]
async fn latency_comes_and_goes_on_a_live_connection() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let mut stream = connect(address).await;
    get(&mut stream, "/", "").await;
    proxy
        .add_toxic("link", latency(60).named("slow"))
        .await
        .unwrap();
    let start = Instant::now();
    get(&mut stream, "/", "").await;
    get(&mut stream, "/", "").await;
    assert!(start.elapsed() >= Duration::from_millis(120));
    proxy.remove_toxic("link", "slow").await.unwrap();
    get(&mut stream, "/", "").await;
    eventually(&proxy, |link| link.http.as_ref().unwrap().completed == 4).await;

    let seen = &proxy.observe().await.unwrap().links["link"];
    let http = seen.http.as_ref().unwrap();
    assert_eq!(
        (http.requests, http.responses[1], http.completed),
        (4, 4, 4)
    );
    let slow = seen.toxic("slow").unwrap();
    assert!(slow.removed);
    let witness = &slow.witness;
    assert_eq!(
        (witness.chosen, witness.connections, witness.requests),
        (1, 1, 2)
    );
    assert_eq!(witness.delay.count(), 2);
    assert!(witness.delay.min_us().unwrap() >= 59_000, "{witness:?}");
    assert!(http.added.quantile_us(1.0).unwrap() >= 59_000, "{http:?}");
    proxy.shutdown().await;
}

#[tokio::test]
async fn removing_a_latency_lets_go_what_it_held() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    proxy
        .add_toxic("link", latency(3_600_000).named("forever"))
        .await
        .unwrap();
    let mut stream = connect(address).await;
    stream.write_all(b"held").await.unwrap();
    eventually(&proxy, |link| link.toxics[0].witness.bytes == 4).await;
    proxy.remove_toxic("link", "forever").await.unwrap();
    assert_eq!(read(&mut stream, 4).await, b"held");
    proxy.shutdown().await;
}

#[tokio::test]
async fn an_update_reaches_what_is_held() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    proxy
        .add_toxic("link", latency(3_600_000).named("slow"))
        .await
        .unwrap();
    let mut stream = connect(address).await;
    stream.write_all(b"held").await.unwrap();
    eventually(&proxy, |link| link.toxics[0].witness.bytes == 4).await;
    let ToxicSpec { attributes, .. } = latency(1);
    let update = ToxicUpdate {
        attributes,
        toxicity: None,
    };
    proxy.update_toxic("link", "slow", update).await.unwrap();
    assert_eq!(read(&mut stream, 4).await, b"held");
    proxy.shutdown().await;
}

#[tokio::test]
async fn reset_peer_resets_idle_and_busy_connections() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let (mut idle, mut busy) = (connect(address).await, connect(address).await);
    get(&mut idle, "/", "").await;
    busy.write_all(b"GET /hang HTTP/1.1\r\n\r\n").await.unwrap();
    eventually(&proxy, |link| link.http.as_ref().unwrap().requests == 2).await;
    proxy
        .add_toxic("link", ToxicSpec::new("reset_peer"))
        .await
        .unwrap();
    assert_eq!(ending(&mut idle).await, "reset");
    assert_eq!(ending(&mut busy).await, "reset");
    eventually(&proxy, |link| link.traffic.open == 0).await;
    let seen = &proxy.observe().await.unwrap().links["link"];
    let witness = &seen.toxics[0].witness;
    assert_eq!(
        (witness.connections, witness.resets, witness.requests),
        (2, 2, 1)
    );
    assert_eq!(seen.http.as_ref().unwrap().cut, 1);
    proxy.shutdown().await;
}

#[tokio::test]
async fn timeout_fires_under_a_trickle_and_closes_when_removed() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let toxic = ToxicSpec::new("timeout")
        .with("timeout", 150)
        .on(Stream::Upstream);
    proxy.add_toxic("link", toxic).await.unwrap();
    let mut stream = connect(address).await;
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let written = stream.write_all(b"x").await;
        if written.is_err() || stream.try_read(&mut [0; 1]).is_ok_and(|count| count == 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(start.elapsed() >= Duration::from_millis(150) && start.elapsed() < PATIENCE);
    proxy.reset().await.unwrap();

    let never = ToxicSpec::new("timeout").named("never");
    proxy.add_toxic("link", never).await.unwrap();
    let mut stream = connect(address).await;
    stream.write_all(b"lost").await.unwrap();
    eventually(&proxy, |link| {
        link.toxic("never").unwrap().witness.dropped_bytes == 4
    })
    .await;
    proxy.remove_toxic("link", "never").await.unwrap();
    assert_eq!(ending(&mut stream).await, "closed");
    proxy.shutdown().await;
}

#[tokio::test]
async fn limit_data_passes_so_many_bytes_and_closes() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let toxic = ToxicSpec::new("limit_data").with("bytes", 6);
    proxy.add_toxic("link", toxic).await.unwrap();
    let mut stream = connect(address).await;
    assert_eq!(round_trip(&mut stream, b"abcd").await, b"abcd");
    stream.write_all(b"efgh").await.unwrap();
    assert_eq!(read(&mut stream, 2).await, b"ef");
    assert_eq!(ending(&mut stream).await, "closed");
    proxy.shutdown().await;
}

#[tokio::test]
async fn slow_close_delays_the_close_only() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let toxic = ToxicSpec::new("slow_close").with("delay", 100);
    proxy.add_toxic("link", toxic).await.unwrap();
    let mut stream = connect(address).await;
    assert_eq!(round_trip(&mut stream, b"quick").await, b"quick");
    stream.shutdown().await.unwrap();
    assert_eq!(read(&mut stream, 7).await, b"goodbye");
    let start = Instant::now();
    assert_eq!(ending(&mut stream).await, "closed");
    assert!(start.elapsed() >= Duration::from_millis(60));
    proxy.shutdown().await;
}

#[tokio::test]
async fn slices_are_small_and_lose_nothing() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let toxic = ToxicSpec::new("slicer")
        .with("average_size", 64)
        .with("size_variation", 32)
        .with("delay", 10);
    proxy.add_toxic("link", toxic).await.unwrap();
    let mut stream = connect(address).await;
    let data: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    assert!(round_trip(&mut stream, &data).await == data);
    let seen = &proxy.observe().await.unwrap().links["link"];
    assert!(
        (105..=320).contains(&seen.toxics[0].witness.chunks),
        "{seen:?}"
    );
    proxy.shutdown().await;
}

#[tokio::test]
async fn toxics_of_a_direction_add_up() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    proxy
        .add_toxic("link", latency(50).named("one"))
        .await
        .unwrap();
    proxy
        .add_toxic("link", latency(50).named("two"))
        .await
        .unwrap();
    proxy
        .add_toxic("link", latency(50).on(Stream::Upstream))
        .await
        .unwrap();
    let mut stream = connect(address).await;
    let start = Instant::now();
    round_trip(&mut stream, b"hello").await;
    assert!(start.elapsed() >= Duration::from_millis(150));
    proxy.shutdown().await;
}

#[tokio::test]
async fn down_resets_what_is_there_and_refuses_what_comes() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let mut stream = connect(address).await;
    get(&mut stream, "/", "").await;
    proxy.disable("link", Down::Refuse).await.unwrap();
    assert_eq!(ending(&mut stream).await, "reset");
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    assert!(!proxy.link("link").await.unwrap().enabled);

    proxy.enable("link").await.unwrap();
    get(&mut connect(address).await, "/", "").await;

    proxy.disable("link", Down::Reset).await.unwrap();
    for _ in 0..3 {
        assert!(is_reset(address).await);
    }
    eventually(&proxy, |link| link.down.refused == 3).await;
    let down = proxy.observe().await.unwrap().links["link"].down.clone();
    assert!(down.resets >= 1 && down.connections >= 1);
    proxy.enable("link").await.unwrap();
    get(&mut connect(address).await, "/", "").await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_link_that_hangs_answers_no_handshake_until_it_is_enabled() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let mut stream = connect(address).await;
    get(&mut stream, "/", "").await;
    proxy.disable("link", Down::Hang).await.unwrap();
    assert_eq!(ending(&mut stream).await, "reset");
    let attempt = timeout(Duration::from_millis(200), TcpStream::connect(address)).await;
    assert!(attempt.is_err(), "{attempt:?}");
    // Who still tries when it comes back gets through: the kernel repeats the handshake.
    let patient = tokio::spawn(async move { connect(address).await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    proxy.enable("link").await.unwrap();
    get(&mut connect(address).await, "/", "").await;
    let mut patient = timeout(PATIENCE, patient).await.unwrap().unwrap();
    get(&mut patient, "/", "").await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_probe_tells_how_a_link_is_down() {
    let proxy = proxy();
    link(&proxy, web().await).await;
    let patience = Duration::from_millis(300);
    for (down, expected) in [
        (None, Reach::Open),
        (Some(Down::Refuse), Reach::Refused),
        (Some(Down::Reset), Reach::Reset),
        (Some(Down::Hang), Reach::Hangs),
    ] {
        if let Some(down) = down {
            proxy.disable("link", down).await.unwrap();
        }
        assert_eq!(proxy.probe("link", patience).await.unwrap(), expected);
    }
    proxy.shutdown().await;
}

#[tokio::test]
async fn slow_accept_keeps_the_connection_from_the_upstream() {
    let proxy = proxy();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let greeting = serve(move |mut stream| {
        count.fetch_add(1, Ordering::Relaxed);
        async move {
            stream.write_all(b"220 ready").await.unwrap();
            read(&mut stream, 1).await;
        }
    })
    .await;
    let address = link(&proxy, greeting).await;
    let slow = ToxicSpec::new("slow_accept")
        .with("delay", 100)
        .named("slow");
    proxy.add_toxic("link", slow).await.unwrap();
    let start = Instant::now();
    let mut stream = connect(address).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    if start.elapsed() < Duration::from_millis(90) {
        assert_eq!(seen.load(Ordering::Relaxed), 0);
    }
    read(&mut stream, 9).await;
    assert!(start.elapsed() >= Duration::from_millis(100));
    let witness = proxy.observe().await.unwrap().links["link"].toxics[0]
        .witness
        .clone();
    assert_eq!((witness.connections, witness.delay.count()), (1, 1));
    assert!(witness.delay.min_us().unwrap() >= 98_000, "{witness:?}");

    // Who waits goes on when it is removed.
    let forever = ToxicSpec::new("slow_accept").with("delay", 3_600_000);
    proxy
        .add_toxic("link", forever.named("forever"))
        .await
        .unwrap();
    let mut stream = connect(address).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    proxy.remove_toxic("link", "forever").await.unwrap();
    read(&mut stream, 9).await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_link_without_an_upstream_resets_and_counts() {
    let proxy = proxy();
    let view = proxy.open(LinkSpec::new("link")).await.unwrap();
    let address = view.listen.parse().unwrap();
    assert!(is_reset(address).await);
    eventually(&proxy, |link| link.traffic.without_upstream == 1).await;
    let upstream = web().await.to_string();
    proxy.set_upstream("link", Some(&upstream)).await.unwrap();
    get(&mut connect(address).await, "/", "").await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn shutdown_frees_every_port() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let mut stream = connect(address).await;
    get(&mut stream, "/", "").await;
    proxy.shutdown().await;
    assert_eq!(ending(&mut stream).await, "reset");
    TcpListener::bind(address).await.unwrap();
    assert_eq!(proxy.links().await, Err(lab_proxy::Error::Stopped));
}

#[tokio::test]
async fn dropping_the_last_handle_frees_every_port() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    drop(proxy);
    let start = Instant::now();
    while TcpListener::bind(address).await.is_err() {
        assert!(start.elapsed() < PATIENCE, "the port is still taken");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
