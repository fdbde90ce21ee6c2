//! Connections that come and go in crowds while toxics change all the time: nothing is left behind,
//! and every call of the API answers at once. A process of its own, because it counts its
//! descriptors and its memory.
//!
//! The full form, 1,000 idle and 5,000 short connections:
//!
//! ```text
//! cargo test --release -p lab-proxy --test churn -- --ignored
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "in a test a panic is the report"
)]

#[expect(dead_code, reason = "the tests over loopback use the rest")]
#[path = "../loopback/support.rs"]
mod support;

use lab_proxy::{ApiOptions, Proxy};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// The time in which every call answers.
const PROMPT: Duration = Duration::from_secs(1);
/// Short connections at a time.
const AT_ONCE: usize = 100;
/// Growth of memory that is no leak: pools and maps that keep their size.
const SLACK: u64 = 6 << 20;

#[tokio::test]
async fn a_short_churn_leaves_nothing_behind() {
    churn(100, 600).await;
}

#[tokio::test]
#[ignore = "the full form: 1,000 idle and 5,000 short connections, 4,000 descriptors"]
async fn a_churn_of_thousands_leaves_nothing_behind() {
    churn(1_000, 5_000).await;
}

/// A call of the API: its status, its body, and how long it took.
async fn call(api: SocketAddr, line: &str, body: &str) -> (u16, String, Duration) {
    let start = Instant::now();
    let answer = timeout(PATIENCE, async {
        let mut stream = TcpStream::connect(api).await?;
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await.map(|_| reply)
    });
    let reply = answer.await.expect("an answer in time").unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned(), start.elapsed())
}

/// What must not grow.
#[derive(Debug, Clone, Copy)]
struct Size {
    descriptors: u64,
    tasks: u64,
    memory: u64,
}

async fn size(api: SocketAddr) -> Size {
    let (_, metrics, _) = call(api, "GET /metrics", "").await;
    let gauge = |name: &str| {
        let line = metrics.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.rsplit(' ').next());
        value.unwrap().parse().unwrap()
    };
    Size {
        descriptors: gauge("process_open_fds"),
        tasks: gauge("lab_proxy_tasks"),
        memory: gauge("process_resident_memory_bytes"),
    }
}

/// Changes toxics and the links themselves until told to stop; how many calls, and the slowest.
async fn change(api: SocketAddr, done: Arc<AtomicBool>) -> (u32, Duration) {
    let harmless = ["latency", "bandwidth", "slicer", "slow_close", "noop"];
    let deadly = ["limit_data", "reset_peer", "timeout", "packet_loss"];
    let (mut calls, mut slowest) = (0, Duration::ZERO);
    for round in 0.. {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let stream = ["upstream", "downstream"][round % 2];
        let attributes = r#"{"latency":2,"jitter":1,"rate":500,"average_size":3,"delay":2,"bytes":3,"timeout":2,"loss_rate":0.5}"#;
        let toxic = |kind: &str| {
            format!(
                r#"{{"name":"t","type":"{kind}","stream":"{stream}","toxicity":0.7,"attributes":{attributes}}}"#
            )
        };
        let mut kinds = harmless.iter().chain(&deadly).cycle();
        let (mild, any) = (
            toxic(harmless[round % harmless.len()]),
            toxic(kinds.nth(round % 9).unwrap()),
        );
        for (line, body, expected) in [
            ("POST /proxies/idle/toxics", mild.as_str(), 200),
            ("POST /proxies/short/toxics", &any, 200),
            ("PATCH /proxies/short/toxics/t", r#"{"toxicity":0.4}"#, 200),
            ("GET /proxies", "", 200),
            ("PATCH /proxies/short", r#"{"enabled":false}"#, 200),
            ("DELETE /proxies/short/toxics/t", "", 204),
            ("PATCH /proxies/short", r#"{"enabled":true}"#, 200),
            ("DELETE /proxies/idle/toxics/t", "", 204),
        ] {
            let (status, answer, took) = call(api, line, body).await;
            assert_eq!(status, expected, "{line}: {answer}");
            calls += 1;
            slowest = slowest.max(took);
            sleep(Duration::from_millis(1)).await;
        }
    }
    (calls, slowest)
}

/// A short connection: whether its bytes come back depends on the toxic it meets.
async fn short(address: SocketAddr, number: usize) {
    let trip = async {
        let mut stream = TcpStream::connect(address).await?;
        if !number.is_multiple_of(3) {
            stream.write_all(b"hello").await?;
            stream.read_exact(&mut [0; 5]).await?;
        }
        if number.is_multiple_of(5) {
            stream.set_zero_linger()?;
        }
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(Duration::from_secs(2), trip).await;
}

/// So many short connections, a hundred at a time.
async fn crowd(address: SocketAddr, count: usize) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut tasks = Vec::with_capacity(count);
    for number in 0..count {
        let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
        tasks.push(tokio::spawn(async move {
            short(address, number).await;
            drop(turn);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn create(api: SocketAddr, name: &str, upstream: SocketAddr) -> SocketAddr {
    let body = format!(r#"{{"name":"{name}","listen":"127.0.0.1:0","upstream":"{upstream}"}}"#);
    let (status, answer, _) = call(api, "POST /proxies", &body).await;
    assert_eq!(status, 201, "{answer}");
    let view: serde_json::Value = serde_json::from_str(&answer).unwrap();
    view["listen"].as_str().unwrap().parse().unwrap()
}

/// Waits until the links have no connections but those that are kept, and says how large all is.
async fn settled(proxy: &Proxy, api: SocketAddr, idle: u64) -> Size {
    call(api, "POST /reset", "").await;
    let start = Instant::now();
    loop {
        let links = proxy.observe().await.unwrap().links;
        if links["short"].traffic.open == 0 && links["idle"].traffic.open == idle {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{:#?}", links["short"].traffic);
        sleep(Duration::from_millis(10)).await;
    }
    proxy.forget().await.unwrap();
    // Ends of upstream connections and of tasks go a moment later.
    sleep(Duration::from_millis(300)).await;
    size(api).await
}

async fn churn(idle_count: u64, short_count: usize) {
    let proxy = proxy();
    let options = ApiOptions {
        proxy_metrics: true,
        runtime_metrics: true,
    };
    let api = proxy.serve_api("127.0.0.1:0", options).await.unwrap();
    let upstream = echo().await;
    let address = create(api, "idle", upstream).await;
    let busy = create(api, "short", upstream).await;
    let mut idle = Vec::new();
    for _ in 0..idle_count {
        let mut stream = connect(address).await;
        round_trip(&mut stream, b"hello").await;
        idle.push(stream);
    }
    let run = async |count: usize| {
        let done = Arc::new(AtomicBool::new(false));
        let changing = tokio::spawn(change(api, Arc::clone(&done)));
        crowd(busy, count).await;
        done.store(true, Ordering::Relaxed);
        changing.await.unwrap()
    };
    // The first crowd sizes pools and maps.
    run(short_count / 4).await;
    let before = settled(&proxy, api, idle_count).await;
    let (calls, slowest) = run(short_count).await;
    let after = settled(&proxy, api, idle_count).await;
    println!("{calls} calls, the slowest {slowest:?}; before {before:?}, after {after:?}");
    assert!(calls >= 8 && slowest < PROMPT, "{calls} calls, {slowest:?}");
    assert!(
        after.descriptors <= before.descriptors + 8,
        "{before:?} {after:?}"
    );
    assert!(after.tasks <= before.tasks + 2, "{before:?} {after:?}");
    assert!(
        after.memory <= before.memory + SLACK,
        "{before:?} {after:?}"
    );
    // Those that were idle all the while still work.
    for stream in &mut idle {
        assert_eq!(round_trip(stream, b"still").await, b"still");
    }
    drop(idle);
    settled(&proxy, api, 0).await;
    proxy.shutdown().await;
}
