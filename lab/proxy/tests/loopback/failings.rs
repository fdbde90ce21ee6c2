//! What freezes, crashes or misleads elsewhere, measured on Toxiproxy; here it must not.

use super::support::*;
use lab_proxy::{LinkSpec, Proxy, Stream, ToxicSpec};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// The time a change may take, whatever connections do.
const PROMPT: Duration = Duration::from_secs(1);

async fn promptly<T>(change: impl Future<Output = Result<T, lab_proxy::Error>>) -> T {
    let changed = timeout(PROMPT, change).await;
    changed.expect("the change takes effect at once").unwrap()
}

/// Sends without end.
async fn flood() -> SocketAddr {
    serve(|mut stream| async move {
        let data = vec![0; 1 << 16];
        while stream.write_all(&data).await.is_ok() {}
    })
    .await
}

#[tokio::test]
async fn toxics_come_and_go_while_a_client_does_not_read() {
    for kind in [
        "latency",
        "bandwidth",
        "slicer",
        "limit_data",
        "timeout",
        "reset_peer",
    ] {
        let proxy = proxy();
        let address = link(&proxy, flood().await).await;
        let deaf = connect(address).await;
        eventually(&proxy, |link| link.traffic.received_downstream > 1 << 17).await;
        let attributes = [
            ("latency", 1),
            ("rate", 1),
            ("average_size", 9),
            ("bytes", 1_i64 << 40),
        ];
        let toxic = attributes
            .into_iter()
            .fold(ToxicSpec::new(kind), |toxic, (name, value)| {
                toxic.with(name, value)
            });
        promptly(proxy.add_toxic("link", toxic.with("timeout", 3_600_000).named("t"))).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        promptly(proxy.remove_toxic("link", "t")).await;
        promptly(proxy.close("link")).await;
        drop(deaf);
        proxy.shutdown().await;
    }
}

/// An address that accepts no connection and refuses none: its queue is full.
async fn black_hole() -> (SocketAddr, TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        queued.push(stream.unwrap());
    }
    (address, listener, queued)
}

#[tokio::test]
async fn changes_do_not_wait_for_a_dial_that_hangs() {
    let proxy = proxy();
    let (upstream, _listener, _queued) = black_hole().await;
    let address = link(&proxy, upstream).await;
    let mut waiting = connect(address).await;
    eventually(&proxy, |link| link.traffic.open == 1).await;
    promptly(proxy.add_toxic("link", ToxicSpec::new("noop"))).await;
    // Others connect meanwhile, by the same proxy.
    let other = LinkSpec::new("other").to(echo().await.to_string());
    let other = promptly(proxy.open(other)).await.listen.parse().unwrap();
    assert_eq!(round_trip(&mut connect(other).await, b"hi").await, b"hi");
    promptly(proxy.close("link")).await;
    assert_eq!(ending(&mut waiting).await, "closed");
    proxy.shutdown().await;
}

#[tokio::test]
async fn an_upstream_that_is_not_there_closes_the_caller() {
    let proxy = proxy();
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let address = link(&proxy, gone).await;
    assert_eq!(ending(&mut connect(address).await).await, "closed");
    eventually(&proxy, |link| {
        link.traffic.dial_failures == 1 && link.traffic.open == 0
    })
    .await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_half_closed_caller_gets_its_reply_through_toxics() {
    for kind in ["latency", "noop", "slow_close"] {
        let proxy = proxy();
        let address = link(&proxy, echo().await).await;
        for stream in [Stream::Upstream, Stream::Downstream] {
            let toxic = ToxicSpec::new(kind)
                .with("latency", 20)
                .with("delay", 20)
                .on(stream);
            proxy.add_toxic("link", toxic).await.unwrap();
        }
        let mut stream = connect(address).await;
        stream.write_all(b"question").await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(read(&mut stream, 15).await, b"questiongoodbye", "{kind}");
        proxy.shutdown().await;
    }
}

#[tokio::test]
async fn an_upstream_reset_reaches_the_caller_as_a_reset() {
    let proxy = proxy();
    let resetting = serve(|mut stream| async move {
        read(&mut stream, 4).await;
        stream.set_zero_linger().unwrap();
    })
    .await;
    let address = link(&proxy, resetting).await;
    let mut stream = connect(address).await;
    stream.write_all(b"ping").await.unwrap();
    assert_eq!(ending(&mut stream).await, "reset");
    proxy.shutdown().await;
}

#[tokio::test]
async fn an_upstream_that_answers_early_and_leaves_is_still_heard() {
    let proxy = proxy();
    let hasty = serve(|mut stream| async move {
        read(&mut stream, 4).await;
        stream.write_all(b"full").await.unwrap();
        // It leaves with data unread, which resets the connection.
        tokio::time::sleep(Duration::from_millis(20)).await;
    })
    .await;
    let address = link(&proxy, hasty).await;
    let toxic = ToxicSpec::new("latency").with("latency", 80);
    proxy.add_toxic("link", toxic).await.unwrap();
    let (mut reader, mut writer) = connect(address).await.into_split();
    let writing = tokio::spawn(async move {
        while writer.write_all(b"more").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    let mut reply = [0; 4];
    let read = tokio::io::AsyncReadExt::read_exact(&mut reader, &mut reply);
    timeout(PATIENCE, read).await.unwrap().unwrap();
    assert_eq!(&reply, b"full");
    timeout(PATIENCE, writing).await.unwrap().unwrap();
    eventually(&proxy, |link| link.traffic.open == 0).await;
    proxy.shutdown().await;
}

/// The numbers of the connections that a fault of that toxicity resets.
async fn victims(proxy: &Proxy, address: SocketAddr) -> Vec<usize> {
    let mut found = Vec::new();
    for number in 0..24 {
        let mut stream = connect(address).await;
        let answered = stream.write_all(b"x").await.is_ok();
        let answered = answered && tokio::io::AsyncReadExt::read_u8(&mut stream).await.is_ok();
        if !answered {
            found.push(number);
        }
    }
    proxy.shutdown().await;
    found
}

#[tokio::test]
async fn the_seed_decides_which_connections_are_hit() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let proxy = Proxy::start(lab_proxy::Config {
            seed,
            ..lab_proxy::Config::default()
        });
        let proxy = proxy.unwrap();
        let address = link(&proxy, echo().await).await;
        let toxic = ToxicSpec::new("timeout").with("timeout", 1).toxicity(0.5);
        proxy.add_toxic("link", toxic).await.unwrap();
        runs.push(victims(&proxy, address).await);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    assert!((4..=20).contains(&runs[0].len()), "{runs:?}");
}

#[tokio::test]
async fn a_name_is_resolved_anew_for_each_connection() {
    let proxy = proxy();
    let upstream = echo().await;
    let named = format!("localhost:{}", upstream.port());
    let spec = LinkSpec::new("link").to(named);
    let address = proxy.open(spec).await.unwrap().listen.parse().unwrap();
    for _ in 0..3 {
        assert_eq!(round_trip(&mut connect(address).await, b"hi").await, b"hi");
    }
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_live_stream_moves_between_workers_and_loses_nothing() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let changes = proxy.clone();
    let changing = tokio::spawn(async move {
        for round in 0..40 {
            let kind = ["latency", "noop", "bandwidth"][round % 3];
            let stream = [Stream::Upstream, Stream::Downstream][round % 2];
            let toxic = ToxicSpec::new(kind)
                .with("latency", 1)
                .with("rate", 1_000_000);
            changes
                .add_toxic("link", toxic.named("t").on(stream))
                .await
                .unwrap();
            tokio::time::sleep(Duration::from_millis(7)).await;
            changes.remove_toxic("link", "t").await.unwrap();
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    });
    let mut stream = connect(address).await;
    let data: Vec<u8> = (0..=250).cycle().take(100_000).collect();
    let (start, mut rounds) = (Instant::now(), 0);
    while !changing.is_finished() {
        assert!(
            round_trip(&mut stream, &data).await == data,
            "round {rounds}"
        );
        rounds += 1;
    }
    changing.await.unwrap();
    assert!(rounds > 3, "{rounds} in {:?}", start.elapsed());
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_black_hole_lets_go_of_peers_that_left() {
    let proxy = proxy();
    let address = link(&proxy, echo().await).await;
    let mut before = connect(address).await;
    round_trip(&mut before, b"hello").await;
    for (kind, stream) in [
        ("timeout", Stream::Downstream),
        ("bandwidth", Stream::Upstream),
    ] {
        let toxic = ToxicSpec::new(kind).on(stream);
        proxy.add_toxic("link", toxic).await.unwrap();
    }
    before.write_all(b"lost").await.unwrap();
    drop(before);
    drop(connect(address).await);
    proxy
        .remove_toxic("link", "bandwidth_upstream")
        .await
        .unwrap();
    eventually(&proxy, |link| link.traffic.open == 0).await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn a_full_blockade_lets_go_of_peers_that_left() {
    let proxy = proxy();
    let closing = serve(|mut stream| async move {
        read(&mut stream, 4).await;
        let _ = stream.write_all(&vec![0; 100_000]).await;
    })
    .await;
    // More waits than the toxic takes, so that the ends lie unread behind it.
    let address = link(&proxy, closing).await;
    let toxic = ToxicSpec::new("bandwidth").with("rate", 0);
    proxy.add_toxic("link", toxic).await.unwrap();
    let mut caller = connect(address).await;
    caller.write_all(b"ping").await.unwrap();
    eventually(&proxy, |link| link.toxics[0].witness.connections == 1).await;
    drop(caller);
    eventually(&proxy, |link| link.traffic.open == 0).await;

    // A caller that resets is gone, whatever it left behind.
    proxy.reset().await.unwrap();
    let toxic = ToxicSpec::new("bandwidth").on(Stream::Upstream);
    proxy.add_toxic("link", toxic.named("up")).await.unwrap();
    let mut caller = connect(address).await;
    caller.write_all(&vec![0; 100_000]).await.unwrap();
    eventually(&proxy, |link| {
        link.toxic("up").unwrap().witness.connections == 1
    })
    .await;
    caller.set_zero_linger().unwrap();
    drop(caller);
    eventually(&proxy, |link| link.traffic.open == 0).await;
    proxy.shutdown().await;
}
