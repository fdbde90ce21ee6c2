//! What clients in other languages do on the wire: connections kept alive, bodies in chunks,
//! `Expect`, missing types, and the rest of the tables that a single call does not show.

use super::api::{Api, view};
use super::support::*;
use lab_proxy::ApiOptions;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Reads one reply with a length and leaves the connection open.
async fn reply(stream: &mut TcpStream) -> (u16, String) {
    let (mut head, mut byte) = (String::new(), [0]);
    while !head.ends_with("\r\n\r\n") {
        let read = timeout(PATIENCE, stream.read_exact(&mut byte)).await;
        read.expect("an answer in time").unwrap();
        head.push(char::from(byte[0]));
    }
    let length = head.to_lowercase();
    let length = length.split("content-length: ").nth(1);
    let length = length.map_or(0, |rest| {
        rest.split("\r\n").next().unwrap().parse().unwrap()
    });
    let body = String::from_utf8(read(stream, length).await).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
}

#[tokio::test]
async fn one_connection_serves_many_calls() {
    let api = Api::start().await;
    let mut stream = connect(api.address).await;
    let body = r#"{"name":"a","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}"#;
    let create = format!(
        "POST /proxies HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for (request, status) in [
        (create.as_str(), 201),
        ("GET /proxies/a HTTP/1.1\r\nHost: a\r\n\r\n", 200),
        ("DELETE /proxies/a HTTP/1.1\r\nHost: a\r\n\r\n", 204),
        ("GET /proxies/a HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        (
            "POST /reset HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            204,
        ),
        ("OPTIONS /proxies HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("GET /version HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    ] {
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(reply(&mut stream).await.0, status, "{request}");
    }
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn bodies_come_in_chunks_and_behind_an_expectation() {
    let api = Api::start().await;
    let body = r#"{"name":"a","upstream":"127.0.0.1:1","listen":"127.0.0.1:0"}"#;
    let (first, second) = body.split_at(7);
    let mut stream = connect(api.address).await;
    let request = format!(
        "POST /proxies HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(reply(&mut stream).await.0, 201);

    let body = body.replace("\"a\"", "\"b\"");
    let request = format!(
        "POST /proxies HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    assert_eq!(reply(&mut stream).await.0, 100);
    stream.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(reply(&mut stream).await.0, 201);
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn types_of_bodies_and_null_fields_do_not_matter() {
    let api = Api::start().await;
    let port = api.create("a").await;
    let body = r#"{"name":null,"type":"latency","stream":null,"toxicity":null,"attributes":{"latency":7,"jitter":null}}"#;
    let sent = format!(
        "POST /proxies/a/toxics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = api.send(&sent).await;
    let shown = r#"{"attributes":{"latency":7,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1}"#;
    assert_eq!((answer.status, answer.body.as_str()), (200, shown));
    let line = "PATCH /proxies/a/toxics/latency_downstream";
    api.check(line, r#"{"attributes":null,"toxicity":null}"#, 200, shown)
        .await;
    let body = r#"{"enabled":null,"listen":null,"upstream":null}"#;
    api.check("POST /proxies/a", body, 200, &view("a", port, true, shown))
        .await;
    // As Go's decoder does, a whole number is one without a fraction.
    let body = r#"{"attributes":{"latency":7.5}}"#;
    let error = "bad request body: attribute latency must be a whole number, got 7.5";
    api.refuses(line, body, 400, error).await;
    api.check("POST /populate", "[]", 201, r#"{"proxies":[]}"#)
        .await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn toxics_are_listed_by_direction_then_in_order() {
    let api = Api::start().await;
    api.create("a").await;
    for (name, stream) in [
        ("z", "downstream"),
        ("y", "UPSTREAM"),
        ("b", "downstream"),
        ("a", "upstream"),
    ] {
        let body = format!(r#"{{"name":"{name}","type":"noop","stream":"{stream}"}}"#);
        assert_eq!(api.call("POST /proxies/a/toxics", &body).await.status, 200);
    }
    let listed = api.call("GET /proxies/a/toxics", "").await.body;
    let listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let names = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|toxic| toxic["name"].as_str().unwrap());
    assert_eq!(names.collect::<Vec<_>>(), ["y", "a", "z", "b"]);
    // A name is taken in both directions.
    let body = r#"{"name":"z","type":"noop","stream":"upstream"}"#;
    api.refuses("POST /proxies/a/toxics", body, 409, "toxic already exists")
        .await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn a_change_of_the_upstream_or_the_port_drops_connections_and_keeps_toxics() {
    let api = Api::start().await;
    let (one, two) = (echo().await, web().await);
    let body = format!(r#"{{"name":"a","listen":"127.0.0.1:0","upstream":"{one}"}}"#);
    let created: serde_json::Value =
        serde_json::from_str(&api.call("POST /proxies", &body).await.body).unwrap();
    let listen: SocketAddr = created["listen"].as_str().unwrap().parse().unwrap();
    api.call("POST /proxies/a/toxics", r#"{"type":"noop"}"#)
        .await;
    let mut stream = connect(listen).await;
    round_trip(&mut stream, b"hi").await;
    let same = format!(r#"{{"upstream":"{one}","listen":"{listen}","enabled":true}}"#);
    assert_eq!(api.call("POST /proxies/a", &same).await.status, 200);
    round_trip(&mut stream, b"still here").await;
    let other = format!(r#"{{"upstream":"{two}"}}"#);
    let answer = api.call("PATCH /proxies/a", &other).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("noop_downstream"), "{}", answer.body);
    assert_eq!(ending(&mut stream).await, "closed");
    get(&mut connect(listen).await, "/", "").await;
    let mut stream = connect(listen).await;
    get(&mut stream, "/", "").await;
    api.call("POST /proxies/a", r#"{"enabled":false}"#).await;
    assert_eq!(ending(&mut stream).await, "closed");
    assert!(TcpStream::connect(listen).await.is_err());
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn metrics_are_served_as_flags_say() {
    for (proxy_metrics, runtime_metrics) in [(false, false), (true, false), (false, true)] {
        let api = Api::with(ApiOptions {
            proxy_metrics,
            runtime_metrics,
        })
        .await;
        api.create("a").await;
        let answer = api.call("GET /metrics", "").await;
        let any = proxy_metrics || runtime_metrics;
        assert_eq!(answer.status, if any { 200 } else { 404 });
        let shows = |name| answer.body.contains(name);
        assert_eq!(shows("toxiproxy_proxy_received_bytes_total"), proxy_metrics);
        assert_eq!(shows("process_open_fds"), runtime_metrics);
        api.proxy.shutdown().await;
    }
}
