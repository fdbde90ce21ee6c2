//! A gateway between real sockets.

#![expect(
    clippy::unwrap_used,
    reason = "what a test needs and does not get is its report"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lab_gateway::{Options, Running, start};
use lab_model::event::Event;
use lab_model::gateway::{Flag, Gateway, Health, Route, Sticky, Upstream};
use lab_model::{Name, Ratio, Span};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const TOKEN: &str = "token";
/// 99 % of a binomial lies within so many standard deviations (normal approximation).
const Z: f64 = 2.576;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// A callee that answers every request with 200, its own name and what it was sent; under `/sick`
/// with 500.
async fn callee(own: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(
                move |request: Request<hyper::body::Incoming>| async move {
                    let path = request.uri().path_and_query().unwrap().to_string();
                    let flags = request
                        .headers()
                        .get("x-flags")
                        .map(|v| v.to_str().unwrap().to_owned());
                    let sick = path.starts_with("/sick");
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let said =
                        json!({ "by": own, "path": path, "flags": flags, "bytes": body.len() });
                    let mut response = http::Response::new(Full::<Bytes>::from(said.to_string()));
                    if sick {
                        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                    }
                    Ok::<_, std::convert::Infallible>(response)
                },
            );
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(hyper_util::rt::TokioIo::new(stream), service),
            );
        }
    });
    address
}

fn route(own: &str, path: &str, shares: &[(&str, f64)]) -> Route {
    Route {
        name: name(own),
        path: path.to_owned(),
        sticky: None,
        timeout: None,
        health: None,
        upstreams: shares
            .iter()
            .map(|(to, share)| Upstream {
                name: name(to),
                to: name(to),
                path: None,
                share: Ratio::new(*share).unwrap(),
            })
            .collect(),
    }
}

struct World {
    running: Option<Running>,
    client: Client<HttpConnector, Full<Bytes>>,
    news: Arc<Mutex<Vec<Event>>>,
}

impl World {
    fn new(routes: Vec<Route>, callees: &[(&str, SocketAddr)]) -> Self {
        let news = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&news);
        let flag = Flag {
            name: name("compact"),
            value: "off".to_owned(),
            about: "Small pages.".to_owned(),
            owner: "shop".to_owned(),
            expires: None,
        };
        let gateway = Gateway {
            name: name("gateway"),
            keepalive: true,
            routes,
            flags: vec![flag],
        };
        let running = start(Options {
            gateway,
            host: "127.0.0.1".parse().unwrap(),
            upstreams: callees.iter().map(|(own, at)| (name(own), *at)).collect(),
            seed: 7,
            token: TOKEN.to_owned(),
            news: Box::new(move |event| heard.lock().unwrap().push(event)),
        })
        .unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self {
            running: Some(running),
            client,
            news,
        }
    }

    fn address(&self) -> SocketAddr {
        self.running.as_ref().unwrap().address
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> (StatusCode, Value) {
        let response = self.client.request(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, Value) {
        let mut request = Request::get(format!("http://{}{path}", self.address()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Full::default()).unwrap()).await
    }

    async fn admin(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let admin = self.running.as_ref().unwrap().admin;
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{admin}{path}"))
            .header("authorization", format!("Bearer {TOKEN}"))
            .header("x-lab-by", "ada")
            .body(Full::from(body.to_string()))
            .unwrap();
        self.send(request).await
    }

    async fn shares(&self, route: &str, shares: Value) {
        let path = format!("/routes/{route}");
        let (status, said) = self
            .admin(Method::PATCH, &path, json!({ "shares": shares }))
            .await;
        assert_eq!(status, 200, "{said}");
    }

    fn heard(&self, of: &str) -> Vec<(String, String, String)> {
        let news = self.news.lock().unwrap();
        let changes = news.iter().filter_map(|event| match event {
            Event::Gateway(change) if change.what == of => Some(change),
            _ => None,
        });
        changes
            .map(|c| (c.by.clone(), c.before.clone(), c.after.clone()))
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop();
        }
    }
}

fn check_share(count: u64, of: u64, share: f64) {
    let (n, expected) = (of as f64, of as f64 * share);
    let limit = Z * (n * share * (1.0 - share)).sqrt();
    assert!(
        (count as f64 - expected).abs() <= limit,
        "{count} of {of}, {expected} ± {limit:.0}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_requests_follow_the_shares_also_after_a_change() {
    let (a, b) = (callee("a").await, callee("b").await);
    let world = Arc::new(World::new(
        vec![route("all", "/", &[("a", 0.95), ("b", 0.05)])],
        &[("a", a), ("b", b)],
    ));
    for share in [0.05, 0.25] {
        let mut tasks = Vec::new();
        for _ in 0..20 {
            let world = Arc::clone(&world);
            tasks.push(tokio::spawn(async move {
                let mut to_b = 0;
                for _ in 0..500 {
                    let (status, said) = world.get("/x", &[]).await;
                    assert_eq!(status, 200);
                    to_b += u64::from(said["by"] == "b");
                }
                to_b
            }));
        }
        let mut to_b = 0;
        for task in tasks {
            to_b += task.await.unwrap();
        }
        check_share(to_b, 10_000, share);
        world.shares("all", json!({ "b": "25%" })).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_takes_effect_within_100_ms_without_a_failed_request() {
    let (a, b) = (callee("a").await, callee("b").await);
    let world = Arc::new(World::new(
        vec![route("all", "/", &[("a", 1.0), ("b", 0.0)])],
        &[("a", a), ("b", b)],
    ));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (world, seen) = (Arc::clone(&world), Arc::clone(&seen));
        tasks.push(tokio::spawn(async move {
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_millis(1_500) {
                let sent = Instant::now();
                let (status, said) = world.get("/x", &[]).await;
                assert_eq!(status, 200);
                seen.lock().unwrap().push((sent, said["by"] == "b"));
            }
        }));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    let asked = Instant::now();
    world.shares("all", json!({ "b": "100%" })).await;
    let changed = Instant::now();
    for task in tasks {
        task.await.unwrap();
    }
    let seen = seen.lock().unwrap();
    assert!(
        seen.iter()
            .filter(|(sent, _)| *sent > changed)
            .all(|(_, new)| *new)
    );
    assert!(seen.iter().any(|(sent, new)| *sent < asked && !*new));
    assert!(
        changed - asked < Duration::from_millis(100),
        "{:?}",
        changed - asked
    );
    let change = (
        "ada".to_owned(),
        "a 100%, b 0%".to_owned(),
        "a 0%, b 100%".to_owned(),
    );
    assert_eq!(world.heard("route all"), [change]);
}

#[tokio::test]
async fn a_key_stays_where_it_is() {
    let (a, b) = (callee("a").await, callee("b").await);
    let mut sticky = route("all", "/", &[("a", 0.5), ("b", 0.5)]);
    sticky.sticky = Some(Sticky::Header("x-user".to_owned()));
    let world = World::new(vec![sticky], &[("a", a), ("b", b)]);
    let mut of_user = BTreeMap::new();
    for round in 0..3 {
        for user in 0..40 {
            let (_, said) = world
                .get("/x", &[("x-user", &format!("user-{user}"))])
                .await;
            let by = said["by"].as_str().unwrap().to_owned();
            if round == 0 {
                of_user.insert(user, by);
            } else if round == 1 {
                assert_eq!(of_user[&user], by);
            } else {
                // With more for b some users move to it, and none away from it.
                assert!(of_user[&user] == by || by == "b");
            }
        }
        if round == 1 {
            world.shares("all", json!({ "b": "80%" })).await;
        }
    }
    assert!(of_user.values().any(|by| by == "a") && of_user.values().any(|by| by == "b"));
}

#[tokio::test]
async fn versions_flags_and_large_bodies() {
    let a = callee("a").await;
    let mut versioned = route("orders", "/orders", &[("a", 1.0)]);
    versioned.upstreams[0].path = Some("/v2/orders".to_owned());
    let world = World::new(vec![versioned], &[("a", a)]);
    let (_, said) = world
        .get("/orders/7?x=1", &[("x-flags", "compact=mine")])
        .await;
    assert_eq!(
        (said["path"].as_str(), said["flags"].as_str()),
        (Some("/v2/orders/7?x=1"), Some("compact=off"))
    );
    let (status, _) = world
        .admin(Method::PUT, "/flags/compact", json!({ "value": "on" }))
        .await;
    assert_eq!(status, 200);
    let large = Request::post(format!("http://{}/orders", world.address()));
    let (_, said) = world
        .send(large.body(Full::from(vec![0; 3 << 20])).unwrap())
        .await;
    assert_eq!(
        (said["bytes"].as_u64(), said["flags"].as_str()),
        (Some(3 << 20), Some("compact=on"))
    );
    let (status, said) = world.get("/other", &[]).await;
    assert_eq!(
        (status, said["error"]["message"].as_str()),
        (StatusCode::NOT_FOUND, Some("no route for /other"))
    );
}

#[tokio::test]
async fn the_admin_api_asks_for_its_token() {
    let a = callee("a").await;
    let world = World::new(vec![route("orders", "/", &[("a", 1.0)])], &[("a", a)]);
    let admin = world.running.as_ref().unwrap().admin;
    for token in ["", "Bearer tokex", "Bearer token2", "token"] {
        let request = Request::get(format!("http://{admin}/routes")).header("authorization", token);
        let (status, _) = world.send(request.body(Full::default()).unwrap()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{token:?}");
    }
}

#[tokio::test]
async fn the_admin_api_knows_what_was_meant() {
    let a = callee("a").await;
    let world = World::new(vec![route("orders", "/", &[("a", 1.0)])], &[("a", a)]);
    let shares = |name: &str, share: &str| json!({ "shares": { name: share } });
    let (get, post, patch, put) = (Method::GET, Method::POST, Method::PATCH, Method::PUT);
    let value = |value: &str| json!({ "value": value });
    let asked = [
        (
            &post,
            "/services/a/restart",
            json!(null),
            200,
            "\"restart\":\"asked\"",
        ),
        (
            &post,
            "/services/a%20b/restart",
            json!(null),
            400,
            "no name",
        ),
        (&get, "/routes", json!(null), 200, "\"share\":\"100%\""),
        (
            &patch,
            "/routes/order",
            json!({ "shares": {} }),
            404,
            "did you mean `orders`?",
        ),
        (
            &patch,
            "/routes/orders",
            shares("b", "1%"),
            404,
            "there is a",
        ),
        (&patch, "/routes/orders", shares("a", "50%"), 400, "50%"),
        (
            &patch,
            "/routes/orders",
            json!({ "weights": {} }),
            400,
            "unknown field",
        ),
        (
            &put,
            "/flags/compat",
            value("on"),
            404,
            "did you mean `compact`?",
        ),
        (&put, "/flags/compact", value("a,b"), 400, "does not fit"),
        (
            &get,
            "/faults",
            json!(null),
            404,
            "/routes, /flags, /figures",
        ),
    ];
    let check = async |method: &Method, path: &str, body, status: u16, words: &str| {
        let (found, said) = world.admin(method.clone(), path, body).await;
        assert!(
            found == status && said.to_string().contains(words),
            "{method} {path}: {found} {said}"
        );
    };
    for (method, path, body, status, words) in asked {
        check(method, path, body, status, words).await;
    }
    world.get("/x", &[]).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let figures = "/figures?seconds=10";
    check(&get, figures, json!(null), 200, "\"requests\":1").await;
}

#[tokio::test]
async fn a_sick_upstream_is_left_alone_until_it_is_well() {
    let (a, b) = (callee("a").await, callee("b").await);
    let mut healthy = route("all", "/", &[("a", 0.5), ("b", 0.5)]);
    healthy.upstreams[1].path = Some("/sick".to_owned());
    healthy.health = Some(Health {
        path: None,
        every: Span::from_secs(1),
        failures: 3,
        out: Span::from_secs(60),
    });
    let world = World::new(vec![healthy], &[("a", a), ("b", b)]);
    let mut failed = 0;
    for _ in 0..60 {
        failed += u64::from(world.get("/x", &[]).await.0 != 200);
    }
    assert_eq!(failed, 3, "the third in a row is the last");
    let left = (
        "health".to_owned(),
        "up".to_owned(),
        "left alone".to_owned(),
    );
    assert_eq!(world.heard("upstream all/b"), [left]);
    // All that has a share is sick: better a try than none.
    world.shares("all", json!({ "b": "100%" })).await;
    assert_eq!(world.get("/x", &[]).await.0, 500);
}

#[tokio::test]
async fn questions_find_out_who_is_gone() {
    let a = callee("a").await;
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let mut asked = route("all", "/", &[("a", 0.5), ("b", 0.5)]);
    asked.health = Some(Health {
        path: Some("/health".to_owned()),
        every: Span::from_millis(50),
        failures: 2,
        out: Span::from_secs(1),
    });
    let world = World::new(vec![asked], &[("a", a), ("b", gone)]);
    let begun = Instant::now();
    while world.heard("upstream all/b").is_empty() && begun.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for _ in 0..20 {
        assert_eq!(world.get("/x", &[]).await.0, 200);
    }
}

#[tokio::test]
async fn an_upgrade_becomes_a_pipe() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4_096];
        let read = stream.read(&mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head[..read]).to_lowercase();
        assert!(
            head.contains("upgrade: echo") && head.contains("connection: upgrade"),
            "{head}"
        );
        let reply =
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";
        stream.write_all(reply.as_bytes()).await.unwrap();
        let mut word = [0; 5];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
    });
    let world = World::new(vec![route("all", "/", &[("a", 1.0)])], &[("a", address)]);
    let mut stream = TcpStream::connect(world.address()).await.unwrap();
    let request = "GET /chat HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    assert!(
        head.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    stream.write_all(b"hello").await.unwrap();
    let mut word = [0; 5];
    stream.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hello");
}

#[tokio::test]
async fn who_does_not_answer_is_a_bad_gateway_or_a_timeout() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut slow = route("slow", "/slow", &[("b", 1.0)]);
    slow.timeout = Some(Span::from_millis(50));
    let callees = [("a", gone), ("b", silent.local_addr().unwrap())];
    let world = World::new(vec![route("gone", "/gone", &[("a", 1.0)]), slow], &callees);
    assert_eq!(world.get("/gone", &[]).await.0, StatusCode::BAD_GATEWAY);
    assert_eq!(world.get("/slow", &[]).await.0, StatusCode::GATEWAY_TIMEOUT);
}
