//! Toxiproxy's API through raw HTTP: each row of its table, its errors and its defaults.

use super::support::*;
use lab_proxy::{ApiOptions, Proxy, ToxicSpec};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// An API server with what it answers.
pub(crate) struct Api {
    pub(crate) proxy: Proxy,
    pub(crate) address: SocketAddr,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Api {
    pub(crate) async fn start() -> Self {
        Self::with(ApiOptions {
            proxy_metrics: true,
            runtime_metrics: true,
        })
        .await
    }

    pub(crate) async fn with(options: ApiOptions) -> Self {
        let proxy = proxy();
        let address = proxy.serve_api("127.0.0.1:0", options).await.unwrap();
        Self { proxy, address }
    }

    pub(crate) async fn send(&self, request: &str) -> Answer {
        let mut stream = connect(self.address).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut reply = String::new();
        let read = timeout(PATIENCE, stream.read_to_string(&mut reply)).await;
        read.expect("an answer in time").unwrap();
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: body.to_owned(),
        }
    }

    /// Sends `METHOD /path` with a body.
    pub(crate) async fn call(&self, line: &str, body: &str) -> Answer {
        let length = body.len();
        self.send(&format!(
            "{line} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    /// Sends it and compares status and body.
    pub(crate) async fn check(&self, line: &str, body: &str, status: u16, expected: &str) {
        let answer = self.call(line, body).await;
        assert_eq!(
            (answer.status, answer.body.trim_end()),
            (status, expected),
            "{line} {body}"
        );
        assert!(
            answer.head.contains("\r\nx-toxiproxy-request-id: "),
            "{}",
            answer.head
        );
        let kind = match status {
            204 => None,
            200 | 201 => Some("content-type: application/json"),
            _ => Some("content-type: text/plain; charset=utf-8"),
        };
        assert!(
            kind.is_none_or(|kind| answer.head.contains(kind)),
            "{}",
            answer.head
        );
    }

    /// Sends it and compares the error.
    pub(crate) async fn refuses(&self, line: &str, body: &str, status: u16, error: &str) {
        let expected = serde_json::json!({"error": error, "status": status}).to_string();
        self.check(line, body, status, &expected).await;
    }

    /// Creates a proxy on a free port and gives the port.
    pub(crate) async fn create(&self, name: &str) -> u16 {
        let body =
            format!(r#"{{"name":"{name}","listen":"127.0.0.1:0","upstream":"127.0.0.1:1"}}"#);
        let answer = self.call("POST /proxies", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let view: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let listen: SocketAddr = view["listen"].as_str().unwrap().parse().unwrap();
        listen.port()
    }
}

pub(crate) fn view(name: &str, port: u16, enabled: bool, toxics: &str) -> String {
    format!(
        r#"{{"name":"{name}","listen":"127.0.0.1:{port}","upstream":"127.0.0.1:1","enabled":{enabled},"toxics":[{toxics}]}}"#
    )
}

#[tokio::test]
async fn what_surrounds_the_routes() {
    let api = Api::start().await;
    let version = api.call("GET /version", "").await;
    assert!(
        version.body.starts_with("{\"version\": \"2.12.0"),
        "{}",
        version.body
    );
    assert!(
        version
            .head
            .contains("content-type: application/json;charset=utf-8")
    );
    for line in [
        "GET /nothing",
        "GET /proxies/",
        "GET /version/",
        "POST /proxies/a/b",
    ] {
        let answer = api.call(line, "").await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (404, "404 page not found\n"),
            "{line}"
        );
        assert!(!answer.head.contains("x-toxiproxy-request-id"), "{line}");
    }
    for line in [
        "OPTIONS /proxies",
        "PUT /proxies",
        "HEAD /version",
        "DELETE /reset",
        "GET /reset",
    ] {
        assert_eq!(api.call(line, "").await.status, 405, "{line}");
    }
    let browser =
        "GET /proxies HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/5.0\r\nConnection: close\r\n\r\n";
    let answer = api.send(browser).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (403, "User agent not allowed\n")
    );
    assert!(!answer.head.contains("access-control"));
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn proxies_are_created_shown_changed_and_deleted() {
    let api = Api::start().await;
    api.check("GET /proxies", "", 200, "{}").await;
    let b = api.create("b").await;
    let a = api.create("a").await;
    let both = format!(
        r#"{{"a":{},"b":{}}}"#,
        view("a", a, true, ""),
        view("b", b, true, "")
    );
    api.check("GET /proxies", "", 200, &both).await;
    api.check("GET /proxies/a", "", 200, &view("a", a, true, ""))
        .await;
    api.check(
        "PATCH /proxies/a",
        r#"{"enabled":false}"#,
        200,
        &view("a", a, false, ""),
    )
    .await;
    // The port of a disabled proxy is anyone's.
    drop(TcpListener::bind(("127.0.0.1", a)).await.unwrap());
    api.check(
        "POST /proxies/a",
        r#"{"ENABLED":true}"#,
        200,
        &view("a", a, true, ""),
    )
    .await;
    api.check("POST /proxies/a", "{}", 200, &view("a", a, true, ""))
        .await;
    let taken = format!("listen tcp 127.0.0.1:{b}: bind: address already in use");
    api.refuses(
        "POST /proxies/a",
        &format!(r#"{{"listen":"127.0.0.1:{b}"}}"#),
        500,
        &taken,
    )
    .await;
    api.check("GET /proxies/a", "", 200, &view("a", b, false, ""))
        .await;
    api.check("DELETE /proxies/a", "", 204, "").await;
    api.refuses("DELETE /proxies/a", "", 404, "proxy not found")
        .await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn a_proxy_needs_a_name_and_an_upstream() {
    let api = Api::start().await;
    let port = api.create("a").await;
    let listen = format!(r#"{{"name":"b","upstream":"x:1","listen":"127.0.0.1:{port}"}}"#);
    let taken = format!("listen tcp 127.0.0.1:{port}: bind: address already in use");
    for (body, status, error) in [
        ("", 400, "bad request body: EOF"),
        (
            "{",
            400,
            "bad request body: EOF while parsing an object at line 1 column 1",
        ),
        ("{}", 400, "missing required field: name"),
        (r#"{"name":"b"}"#, 400, "missing required field: upstream"),
        (
            r#"{"name":3}"#,
            400,
            "bad request body: name must be a string, got 3",
        ),
        (
            r#"{"name":"a","upstream":"x:1"}"#,
            409,
            "proxy already exists",
        ),
        (
            r#"{"name":"b","upstream":"x:1","listen":"nowhere"}"#,
            500,
            "listen tcp nowhere: address nowhere: missing port in address",
        ),
        (&listen, 500, &taken),
    ] {
        api.refuses("POST /proxies", body, status, error).await;
    }
    let any = api
        .call("POST /proxies", r#"{"name":"b","upstream":"x:1"}"#)
        .await;
    assert_eq!(any.status, 201);
    assert!(
        any.body.contains(r#""listen":"[::]:"#) || any.body.contains("0.0.0.0:"),
        "{}",
        any.body
    );
    let off = r#"{"name":"c","upstream":"x:1","listen":"127.0.0.1:0","enabled":false}"#;
    let shown =
        r#"{"name":"c","listen":"127.0.0.1:0","upstream":"x:1","enabled":false,"toxics":[]}"#;
    api.check("POST /proxies", off, 201, shown).await;
    for line in [
        "GET /proxies/x",
        "PATCH /proxies/x",
        "GET /proxies/x/toxics",
        "POST /proxies/x/toxics",
    ] {
        api.refuses(line, "{", 404, "proxy not found").await;
    }
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn toxics_are_added_shown_changed_and_removed() {
    let api = Api::start().await;
    let port = api.create("a").await;
    api.check("GET /proxies/a/toxics", "", 200, "[]").await;
    let down = r#"{"attributes":{"latency":5,"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":1}"#;
    let body = r#"{"type":"latency","attributes":{"latency":5}}"#;
    api.check("POST /proxies/a/toxics", body, 200, down).await;
    let up = r#"{"attributes":{"rate":10},"name":"up","type":"bandwidth","stream":"upstream","toxicity":0.5}"#;
    let body = r#"{"Type":"bandwidth","NAME":"up","stream":"upstream","toxicity":0.5,"attributes":{"Rate":10,"x":1}}"#;
    api.check("POST /proxies/a/toxics", body, 200, up).await;
    api.check("GET /proxies/a/toxics", "", 200, &format!("[{up},{down}]"))
        .await;
    api.check(
        "GET /proxies/a",
        "",
        200,
        &view("a", port, true, &format!("{up},{down}")),
    )
    .await;
    api.check("GET /proxies/a/toxics/up", "", 200, up).await;

    let changed = down.replace("\"jitter\":0", "\"jitter\":2");
    let line = "POST /proxies/a/toxics/latency_downstream";
    api.check(line, r#"{"attributes":{"jitter":2}}"#, 200, &changed)
        .await;
    let changed = changed.replace("\"toxicity\":1", "\"toxicity\":0.25");
    let line = "PATCH /proxies/a/toxics/latency_downstream";
    let body = r#"{"toxicity":0.25,"name":"other","stream":"upstream","type":"noop"}"#;
    api.check(line, body, 200, &changed).await;

    for (line, body, status, error) in [
        (
            "POST /proxies/a/toxics",
            r#"{"name":"up","type":"noop"}"#,
            409,
            "toxic already exists",
        ),
        ("POST /proxies/a/toxics", "{}", 400, "invalid toxic type"),
        (
            "POST /proxies/a/toxics",
            r#"{"type":"none"}"#,
            400,
            "invalid toxic type",
        ),
        (
            "POST /proxies/a/toxics",
            r#"{"type":"noop","stream":"sideways"}"#,
            400,
            "stream was invalid, can be either upstream or downstream",
        ),
        ("GET /proxies/a/toxics/x", "", 404, "toxic not found"),
        ("PATCH /proxies/a/toxics/x", "{", 404, "toxic not found"),
        ("DELETE /proxies/a/toxics/x", "", 404, "toxic not found"),
        (
            "PATCH /proxies/a/toxics/up",
            r#"{"attributes":{"rate":"fast"}}"#,
            400,
            "bad request body: attribute rate must be a whole number, got \"fast\"",
        ),
        (
            "POST /proxies/a/toxics",
            r#"{"type":"noop","toxicity":2}"#,
            400,
            "bad request body: toxicity must be between 0 and 1, got 2",
        ),
    ] {
        api.refuses(line, body, status, error).await;
    }
    api.check("DELETE /proxies/a/toxics/up", "", 204, "").await;
    api.check("GET /proxies/a/toxics", "", 200, &format!("[{changed}]"))
        .await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn every_kind_shows_all_its_attributes() {
    let api = Api::start().await;
    api.create("a").await;
    for (kind, given, shown) in [
        ("latency", "", r#""latency":0,"jitter":0"#),
        ("bandwidth", "", r#""rate":0"#),
        ("slow_close", "", r#""delay":0"#),
        ("timeout", "", r#""timeout":0"#),
        ("reset_peer", "", r#""timeout":0"#),
        (
            "slicer",
            r#""average_size":8"#,
            r#""average_size":8,"size_variation":0,"delay":0"#,
        ),
        ("limit_data", "", r#""bytes":0"#),
        ("noop", "", ""),
        ("packet_loss", "", r#""loss_rate":0.0,"correlation":0.0"#),
    ] {
        let body = format!(r#"{{"type":"{kind}","attributes":{{{given}}}}}"#);
        let expected = format!(
            r#"{{"attributes":{{{shown}}},"name":"{kind}_downstream","type":"{kind}","stream":"downstream","toxicity":1}}"#
        );
        api.check("POST /proxies/a/toxics", &body, 200, &expected)
            .await;
    }
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn inputs_that_crash_others_are_refused() {
    let api = Api::start().await;
    api.create("a").await;
    for (kind, attributes) in [
        ("slicer", ""),
        ("slicer", r#""average_size":10,"size_variation":11"#),
        ("slicer", r#""average_size":-10"#),
        ("bandwidth", r#""rate":-1"#),
        ("latency", r#""jitter":9223372036854775807"#),
        ("latency", r#""latency":-1"#),
        ("latency", r#""latency":18446744073709551616"#),
        ("latency", r#""latency":1e400"#),
        ("timeout", r#""timeout":-5"#),
        ("limit_data", r#""bytes":-5"#),
    ] {
        let body = format!(r#"{{"type":"{kind}","attributes":{{{attributes}}}}}"#);
        let answer = api.call("POST /proxies/a/toxics", &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
    api.check("GET /proxies/a/toxics", "", 200, "[]").await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn extensions_stay_out_of_sight_of_clients_that_cannot_read_them() {
    let api = Api::start().await;
    let port = api.create("a").await;
    let toxic = ToxicSpec::new("corrupt").with("byte_rate", 0.5);
    api.proxy.add_toxic("a", toxic.named("x")).await.unwrap();
    api.check("GET /proxies/a/toxics", "", 200, "[]").await;
    api.check("GET /proxies/a", "", 200, &view("a", port, true, ""))
        .await;
    for line in ["GET", "PATCH", "DELETE"] {
        api.refuses(
            &format!("{line} /proxies/a/toxics/x"),
            "{}",
            404,
            "toxic not found",
        )
        .await;
    }
    let body = r#"{"type":"corrupt"}"#;
    api.refuses("POST /proxies/a/toxics", body, 400, "invalid toxic type")
        .await;
    assert_eq!(api.proxy.toxics("a").await.unwrap().len(), 1);
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn reset_enables_and_removes() {
    let api = Api::start().await;
    let port = api.create("a").await;
    api.call("POST /proxies/a/toxics", r#"{"type":"timeout"}"#)
        .await;
    api.call("POST /proxies/a", r#"{"enabled":false}"#).await;
    api.check("POST /reset", "", 204, "").await;
    api.check("GET /proxies/a", "", 200, &view("a", port, true, ""))
        .await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn populate_checks_all_then_works_in_order() {
    let api = Api::start().await;
    let port = api.create("a").await;
    api.call("POST /proxies/a/toxics", r#"{"type":"noop"}"#)
        .await;
    let entry = |name: &str, listen: &str| {
        format!(r#"{{"name":"{name}","listen":"{listen}","upstream":"127.0.0.1:1"}}"#)
    };
    let here = format!("127.0.0.1:{port}");
    for (body, error) in [
        (
            "{}".to_owned(),
            "bad request body: the body must be an array, got {}",
        ),
        (
            format!("[{},{{}}]", entry("n", "127.0.0.1:0")),
            "missing required field: name at proxy 2",
        ),
        (
            r#"[{"name":"n"}]"#.to_owned(),
            "missing required field: upstream at proxy 1",
        ),
    ] {
        let answer = api.call("POST /populate", &body).await;
        let expected = serde_json::json!({"error": error, "status": 400, "proxies": []});
        assert_eq!((answer.status, answer.body), (400, expected.to_string()));
    }
    api.refuses("GET /proxies/n", "", 404, "proxy not found")
        .await;

    // Kept whole when it is the same, whatever its toxics; replaced when it differs.
    let noop = r#"{"attributes":{},"name":"noop_downstream","type":"noop","stream":"downstream","toxicity":1}"#;
    let kept = format!(r#"{{"proxies":[{}]}}"#, view("a", port, true, noop));
    api.check(
        "POST /populate",
        &format!("[{}]", entry("a", &here)),
        201,
        &kept,
    )
    .await;
    let moved = entry("a", &here).replace("127.0.0.1:1\"", "127.0.0.1:2\"");
    let replaced = kept
        .replace(noop, "")
        .replace("127.0.0.1:1\"", "127.0.0.1:2\"");
    api.check("POST /populate", &format!("[{moved}]"), 201, &replaced)
        .await;

    let taken = format!(
        "[{},{},{}]",
        entry("x", "127.0.0.1:0"),
        entry("y", &here),
        entry("z", &here)
    );
    let answer = api.call("POST /populate", &taken).await;
    assert_eq!(answer.status, 500);
    let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        body["error"],
        format!("listen tcp {here}: bind: address already in use")
    );
    assert_eq!(body["proxies"].as_array().unwrap().len(), 1);
    assert_eq!(body["proxies"][0]["name"], "x");
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn metrics_count_bytes() {
    let api = Api::start().await;
    let upstream = echo().await;
    let body = format!(r#"{{"name":"a\"b","listen":"127.0.0.1:0","upstream":"{upstream}"}}"#);
    let created: serde_json::Value =
        serde_json::from_str(&api.call("POST /proxies", &body).await.body).unwrap();
    let listen = created["listen"].as_str().unwrap();
    let mut stream = connect(listen.parse().unwrap()).await;
    round_trip(&mut stream, b"hello").await;
    let mut expected = String::new();
    for (side, direction) in [("received", "upstream"), ("sent", "downstream")] {
        let _ = writeln!(
            expected,
            "toxiproxy_proxy_{side}_bytes_total{{direction=\"{direction}\",listener=\"{listen}\",proxy=\"a\\\"b\",upstream=\"{upstream}\"}} 5"
        );
    }
    // A byte is counted when it was written, which its receiver may notice first.
    let all = |body: &str| {
        expected
            .lines()
            .all(|line| body.lines().any(|found| found == line))
    };
    let start = Instant::now();
    let metrics = loop {
        let metrics = api.call("GET /metrics", "").await;
        assert_eq!(metrics.status, 200);
        if all(&metrics.body) {
            break metrics;
        }
        assert!(start.elapsed() < PATIENCE, "{expected}\n{}", metrics.body);
    };
    assert!(metrics.body.contains("\nprocess_open_fds "));
    api.proxy.shutdown().await;
}
