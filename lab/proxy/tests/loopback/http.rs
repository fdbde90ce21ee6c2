//! Faults of HTTP/1.1 against clients and servers that are not ours: curl and nginx.

use super::support::*;
use lab_proxy::{Proxy, Stream, ToxicSpec, Witness};
use serde_json::json;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// nginx with a page of 60,000 bytes, ended and removed when it is dropped.
struct Nginx {
    address: SocketAddr,
    folder: PathBuf,
    process: Child,
}

impl Nginx {
    /// `None`, with a word on why, where nginx is not installed.
    async fn start(name: &str) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let folder = std::env::temp_dir().join(format!("lab-nginx-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("pages")).unwrap();
        let lines: Vec<String> = (0..6_000).map(|line| format!("{line:09}\n")).collect();
        let page = lines.concat();
        std::fs::write(folder.join("pages/page"), page).unwrap();
        std::fs::write(folder.join("pages/small"), "hello").unwrap();
        let path = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/errors;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p;\n\
             fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
             large_client_header_buffers 4 64k; etag on;\n\
             server {{ listen {address}; root {path}/pages;\n\
             location = /chunked {{ gzip on; gzip_min_length 1; gzip_types *; try_files /page =404; }}\n\
             location = /echo {{ client_max_body_size 1m; return 200 \"$request_method $http_x\"; }}\n\
             location = /upgrade {{ return 426; }} }} }}\n"
        );
        std::fs::write(folder.join("conf"), config).unwrap();
        let started = Command::new("nginx")
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(folder.join("conf"))
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            eprintln!("skipped: nginx is not installed");
            return None;
        };
        for _ in 0..1_000 {
            if TcpStream::connect(address).await.is_ok() {
                return Some(Self {
                    address,
                    folder,
                    process,
                });
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("nginx does not listen");
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// What curl makes of a page: its exit status, and what it wrote.
async fn curl(address: SocketAddr, path: &str, more: &[&str]) -> Option<(i32, String)> {
    let mut command = Command::new("curl");
    command
        .args(["-s", "--noproxy", "*", "--max-time", "20"])
        .args(more)
        .arg(format!("http://{address}{path}"));
    let done = tokio::task::spawn_blocking(move || command.output()).await;
    let Ok(output) = done.unwrap() else {
        eprintln!("skipped: curl is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some((output.status.code().unwrap(), text))
}

async fn witness(proxy: &Proxy, toxic: &str) -> Witness {
    let seen = proxy.observe().await.unwrap();
    seen.links["link"].toxic(toxic).unwrap().witness.clone()
}

#[tokio::test]
async fn a_connection_that_lives_takes_faults_and_lets_them_go() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let mut stream = connect(address).await;
    assert!(get(&mut stream, "/200", "").await.contains(" 200 X"));
    let busy = ToxicSpec::new("http_status")
        .with("status", 503)
        .with("match", json!({ "path": "/2*" }));
    proxy.add_toxic("link", busy.named("busy")).await.unwrap();
    let expected = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    stream
        .write_all(b"GET /200 HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(read(&mut stream, expected.len()).await, expected.as_bytes());
    assert!(get(&mut stream, "/404", "").await.contains(" 404 X"));
    proxy.remove_toxic("link", "busy").await.unwrap();
    assert!(get(&mut stream, "/200", "").await.contains(" 200 X"));
    let witness = witness(&proxy, "busy").await;
    assert_eq!((witness.matched, witness.requests), (1, 1));
    // The tap sees what the caller sees.
    eventually(&proxy, |link| link.http.as_ref().unwrap().completed == 4).await;
    let http = proxy.observe().await.unwrap().links["link"].http.clone();
    assert_eq!(http.unwrap().responses, [0, 2, 0, 1, 1, 0]);
    proxy.shutdown().await;
}

#[tokio::test]
async fn faults_of_http_and_toxics_act_together() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    let busy = ToxicSpec::new("http_status").with("body", "hello");
    proxy.add_toxic("link", busy).await.unwrap();
    let slow = ToxicSpec::new("latency").with("latency", 150);
    proxy.add_toxic("link", slow).await.unwrap();
    let mut stream = connect(address).await;
    let asked = Instant::now();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let reply = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(read(&mut stream, reply.len()).await, reply.as_bytes());
    assert!(asked.elapsed() >= Duration::from_millis(150));
    proxy.shutdown().await;
}

#[tokio::test]
async fn attributes_that_make_no_sense_are_refused() {
    let proxy = proxy();
    link(&proxy, web().await).await;
    let refused = |toxic: ToxicSpec| {
        let proxy = proxy.clone();
        async move {
            proxy
                .add_toxic("link", toxic)
                .await
                .unwrap_err()
                .to_string()
        }
    };
    let status = || ToxicSpec::new("http_status");
    assert!(
        refused(status().with("status", 99))
            .await
            .contains("between 200 and 599")
    );
    assert!(
        refused(status().with("match", "x"))
            .await
            .contains("must be an object")
    );
    assert!(
        refused(status().with("match", json!({ "first": -1 })))
            .await
            .contains("out of range")
    );
    assert!(
        refused(status().with("match", json!({ "per": "path" })))
            .await
            .contains("needs")
    );
    let split = status().with("header", "A: b\r\nC: d");
    assert!(refused(split).await.contains("several lines"));
    let header = ToxicSpec::new("http_header").with("name", "Content-Length");
    assert!(refused(header).await.contains("where messages end"));
    proxy.shutdown().await;
}

#[expect(clippy::too_many_lines, reason = "one nginx, and each kind in turn")]
#[tokio::test]
async fn curl_and_nginx_meet_each_kind() {
    let Some(nginx) = Nginx::start("kinds").await else {
        return;
    };
    let proxy = proxy();
    let address = link(&proxy, nginx.address).await;
    let page = std::fs::read_to_string(nginx.folder.join("pages/page")).unwrap();
    let arm = |toxic: ToxicSpec| {
        let proxy = proxy.clone();
        async move {
            proxy.add_toxic("link", toxic.named("fault")).await.unwrap();
        }
    };
    let heal = || async {
        proxy.remove_toxic("link", "fault").await.unwrap();
        let seen = witness(&proxy, "fault").await;
        proxy.forget().await.unwrap();
        seen
    };
    let Some(plain) = curl(address, "/page", &[]).await else {
        return;
    };
    assert_eq!(plain, (0, page.clone()));

    arm(ToxicSpec::new("http_status")
        .with("status", 429)
        .with("header", "Retry-After: 1"))
    .await;
    let (_, answer) = curl(address, "/page", &["-i"]).await.unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n"),
        "{answer}"
    );
    // With `Expect: 100-continue` nothing of a large body is waited for.
    let body = format!("@{}", nginx.folder.join("pages/page").display());
    let put = ["-i", "-H", "Expect: 100-continue", "-T", &body[1..]];
    let (_, answer) = curl(address, "/page", &put).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
    assert_eq!(heal().await.requests, 2);

    // The first two fail, and curl's own retry finds the third.
    let first = json!({ "first": 2, "per": "path" });
    arm(ToxicSpec::new("http_status").with("match", first)).await;
    let retry = ["--retry", "3", "--retry-delay", "1"];
    assert_eq!(curl(address, "/small", &retry).await.unwrap().1, "hello");
    let seen = heal().await;
    assert_eq!((seen.matched, seen.requests, seen.spared), (3, 2, 1));

    arm(ToxicSpec::new("http_delay").with("delay", 300)).await;
    let asked = Instant::now();
    assert_eq!(curl(address, "/page", &[]).await.unwrap(), plain);
    assert!(asked.elapsed() >= Duration::from_millis(300));
    let seen = heal().await;
    assert!(
        seen.delay.count() == 1 && seen.delay.sum_us >= 300_000,
        "{seen:?}"
    );

    let middle = ToxicSpec::new("http_delay")
        .with("before", "body")
        .with("bytes", 1_000);
    arm(middle.with("delay", 3_000)).await;
    let (status, text) = curl(address, "/page", &["--max-time", "1"]).await.unwrap();
    assert_eq!((status, text.len()), (28, 1_000), "timed out in mid-body");
    heal().await;

    arm(ToxicSpec::new("http_truncate").with("bytes", 5_000)).await;
    let (status, text) = curl(address, "/page", &[]).await.unwrap();
    assert_eq!(
        (status, text),
        (18, page[..5_000].to_owned()),
        "a partial file"
    );
    assert_eq!(
        curl(address, "/small", &[]).await.unwrap(),
        (0, "hello".to_owned())
    );
    let seen = heal().await;
    assert_eq!((seen.matched, seen.requests, seen.closes), (2, 1, 1));

    arm(ToxicSpec::new("http_reset").with("bytes", 5_000)).await;
    let (status, _) = curl(address, "/page", &[]).await.unwrap();
    assert_eq!(status, 56, "failure in receiving");
    assert_eq!(heal().await.resets, 1);

    arm(ToxicSpec::new("http_corrupt").with("byte_rate", 0.01)).await;
    let (status, text) = curl(address, "/page", &[]).await.unwrap();
    assert!(status == 0 && text != page);
    let seen = heal().await;
    assert!(
        (450..750).contains(&seen.bytes) && seen.requests == 1,
        "{seen:?}"
    );

    let header = ToxicSpec::new("http_header").with("name", "X");
    arm(header.with("action", "change").with("value", "other")).await;
    let echoed = curl(address, "/echo", &["-H", "X: mine"]).await.unwrap();
    assert_eq!(echoed.1, "GET other");
    assert_eq!(heal().await.requests, 1);
    let echoed = curl(address, "/echo", &["-H", "X: mine"]).await.unwrap();
    assert_eq!(echoed.1, "GET mine");

    arm(ToxicSpec::new("http_drip")
        .with("bytes", 20_000)
        .with("every", 150))
    .await;
    let asked = Instant::now();
    assert_eq!(curl(address, "/page", &[]).await.unwrap(), plain);
    assert!(asked.elapsed() >= Duration::from_millis(300));
    assert_eq!(heal().await.delay.count(), 2);

    arm(ToxicSpec::new("http_stale")).await;
    assert_eq!(curl(address, "/small", &[]).await.unwrap().1, "hello");
    std::fs::write(nginx.folder.join("pages/small"), "hello again").unwrap();
    assert_eq!(curl(address, "/small", &[]).await.unwrap().1, "hello");
    assert_eq!(heal().await.requests, 1);
    assert_eq!(curl(address, "/small", &[]).await.unwrap().1, "hello again");
    proxy.shutdown().await;
}

/// Everything that comes back for these pieces, sent apart, until the connection ends.
async fn conversation(address: SocketAddr, pieces: &[&[u8]]) -> Vec<u8> {
    let mut stream = connect(address).await;
    for piece in pieces {
        stream.write_all(piece).await.unwrap();
        sleep(Duration::from_millis(2)).await;
    }
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut all)).await;
    read.expect("an end in time").unwrap();
    all
}

/// A reply without the lines that tell the time.
fn timeless(reply: &[u8]) -> Vec<u8> {
    let lines = reply.split_inclusive(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.starts_with(b"Date:"))
        .flatten()
        .copied()
        .collect()
}

#[tokio::test]
async fn awkward_http_passes_byte_for_byte() {
    let Some(nginx) = Nginx::start("awkward").await else {
        return;
    };
    let proxy = proxy();
    let address = link(&proxy, nginx.address).await;
    for kind in [
        "http_status",
        "http_delay",
        "http_truncate",
        "http_corrupt",
        "http_reset",
        "http_drip",
        "http_stale",
    ] {
        let nowhere = ToxicSpec::new(kind).with("match", json!({ "path": "/nowhere" }));
        proxy
            .add_toxic("link", nowhere.on(Stream::Downstream))
            .await
            .unwrap();
    }
    let huge = format!(
        "GET /echo HTTP/1.1\r\nHost: a\r\nX: {}\r\nConnection: close\r\n\r\n",
        "h".repeat(50_000)
    );
    let slowly: Vec<&[u8]> = b"GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        .chunks(1)
        .collect();
    let cases: Vec<(&str, Vec<&[u8]>)> = vec![
        ("many small writes", slowly),
        ("pipelined", vec![b"GET /small HTTP/1.1\r\nHost: a\r\n\r\nHEAD /page HTTP/1.1\r\nHost: a\r\n\r\nGET /page HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]),
        ("a body in the same packet", vec![b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]),
        ("100-continue", vec![b"POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n", b"abc"]),
        ("chunks with extensions and trailers", vec![b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3;x=\"y\"\r\nabc\r\n0\r\nT: v\r\n\r\n"]),
        ("chunked reply", vec![b"GET /chunked HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"]),
        ("not modified", vec![b"GET /small HTTP/1.1\r\nHost: a\r\nIf-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT\r\n\r\nGET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]),
        ("ranges", vec![b"GET /page HTTP/1.1\r\nHost: a\r\nRange: bytes=100-299\r\nConnection: close\r\n\r\n"]),
        ("huge headers", vec![huge.as_bytes()]),
        ("absolute form", vec![b"GET http://a/small?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]),
        ("HTTP/1.0", vec![b"GET /small HTTP/1.0\r\n\r\n"]),
        ("HTTP/1.0 kept alive", vec![b"GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /small HTTP/1.0\r\n\r\n"]),
        ("line feeds alone", vec![b"GET /small HTTP/1.1\nHost: a\nConnection: close\n\n"]),
        ("an empty line before", vec![b"\r\nGET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]),
        ("OPTIONS *", vec![b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]),
        ("an upgrade that is refused", vec![b"GET /upgrade HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\n\r\n"]),
        ("not HTTP", vec![b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]),
        ("HTTP/2", vec![b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]),
        ("half of a head", vec![b"GET /small HTTP/1.1\r\nHo"]),
    ];
    for (name, pieces) in cases {
        let direct = conversation(nginx.address, &pieces).await;
        let through = conversation(address, &pieces).await;
        assert_eq!(
            String::from_utf8_lossy(&timeless(&through)),
            String::from_utf8_lossy(&timeless(&direct)),
            "{name}"
        );
        let binary = ["not HTTP", "HTTP/2", "half of a head"];
        assert!(!direct.is_empty() || binary.contains(&name), "{name}");
    }
    for kind in ["http_status", "http_stale"] {
        let witness = witness(&proxy, &format!("{kind}_downstream")).await;
        assert_eq!((witness.matched, witness.requests), (0, 0));
    }
    proxy.shutdown().await;
}

#[tokio::test]
async fn connections_are_gone_when_their_peers_are() {
    let upstream = serve(|mut stream| async move {
        let mut buffer = vec![0; 4_096];
        let _ = stream.read(&mut buffer).await;
        let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        let _ = stream.write_all(reply).await;
    })
    .await;
    let proxy = proxy();
    let address = link(&proxy, upstream).await;
    let other = ToxicSpec::new("http_status").with("match", json!({ "path": "/other" }));
    proxy.add_toxic("link", other).await.unwrap();
    for path in ["/", "/other"] {
        let mut stream = connect(address).await;
        let ask = format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n");
        stream.write_all(ask.as_bytes()).await.unwrap();
        assert_eq!(ending(&mut stream).await, "closed");
    }
    // The caller leaves first, with a connection that would go on.
    let mut stream = connect(address).await;
    stream
        .write_all(b"GET /other HTTP/1.1\r\n\r\n")
        .await
        .unwrap();
    read(&mut stream, 55).await;
    drop(stream);
    eventually(&proxy, |link| link.traffic.open == 0).await;
    proxy.shutdown().await;
}

#[tokio::test]
async fn upgraded_connections_pass_as_they_are() {
    let upstream = serve(|mut stream| async move {
        let mut buffer = vec![0; 4_096];
        let _ = stream.read(&mut buffer).await;
        let switch =
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
        stream.write_all(switch).await.unwrap();
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            let _ = stream.write_all(&buffer[..count]).await;
        }
    })
    .await;
    let proxy = proxy();
    let address = link(&proxy, upstream).await;
    let other = ToxicSpec::new("http_status").with("match", json!({ "path": "/later" }));
    proxy.add_toxic("link", other).await.unwrap();
    let mut stream = connect(address).await;
    let upgrade = b"GET /x HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n";
    stream.write_all(upgrade).await.unwrap();
    read(&mut stream, 69).await;
    let data = b"GET /later HTTP/1.1\r\n\r\n\x00\xff";
    assert_eq!(round_trip(&mut stream, data).await, data);
    proxy.shutdown().await;
}

#[tokio::test]
async fn large_bodies_stream_without_being_held() {
    let proxy = proxy();
    let size = 8_usize << 20;
    let upstream = serve(move |mut stream| async move {
        let mut head = Vec::new();
        let mut buffer = vec![0; 64 << 10];
        // Reads all of the request's body, then sends as much.
        while !head.windows(4).any(|w| w == b"\r\n\r\n") {
            let count = stream.read(&mut buffer).await.unwrap();
            head.extend_from_slice(&buffer[..count]);
        }
        let at = head.windows(4).position(|w| w == b"\r\n\r\n").unwrap() + 4;
        let mut left = size - (head.len() - at);
        while left > 0 {
            left -= stream.read(&mut buffer).await.unwrap();
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'r'; size]).await.unwrap();
    })
    .await;
    let address = link(&proxy, upstream).await;
    let later = ToxicSpec::new("http_truncate").with("bytes", i64::from(u32::MAX));
    proxy.add_toxic("link", later).await.unwrap();
    let mut stream = connect(address).await;
    let head = format!("PUT / HTTP/1.1\r\nContent-Length: {size}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'q'; size]).await.unwrap();
    let expected = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n");
    let reply = read(&mut stream, expected.len() + size).await;
    assert!(reply.starts_with(expected.as_bytes()));
    assert!(reply[expected.len()..].iter().all(|byte| *byte == b'r'));
    proxy.shutdown().await;
}
