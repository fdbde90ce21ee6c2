//! Walks over a scripted transport.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::json;

use super::*;
use crate::clock::now_nanos;
use crate::keys::Keys;
use crate::reply::{Intake, Keep};
use crate::script::prepare;
use crate::script::tests::{assignment, step};

/// Answers by path and remembers what it was asked.
#[derive(Default)]
struct Scripted {
    asked: Mutex<Vec<String>>,
}

impl Transport for Scripted {
    async fn send(&self, request: Request<Bytes>, keep: Keep) -> Result<Reply, Outcome> {
        let path = request.uri().path().to_owned();
        let cookie = request.headers().get("cookie");
        let asked = cookie.map_or(path.clone(), |cookie| {
            format!("{path} with {}", cookie.to_str().unwrap())
        });
        self.asked.lock().unwrap().push(asked);
        let mut headers = http::HeaderMap::new();
        let mut intake = Intake::new(keep);
        match path.as_str() {
            "/hang" => std::future::pending().await,
            "/slow" => tokio::time::sleep(Duration::from_millis(900)).await,
            "/broken" => return Err(Outcome::Broken),
            "/refused" => return Err(Outcome::Connect),
            "/missing" => return Ok(intake.finish(404, &headers)),
            "/failing" => return Ok(intake.finish(503, &headers)),
            "/cookie" => {
                headers.insert("set-cookie", "session=s-1; Path=/".parse().unwrap());
            }
            _ => {}
        }
        intake.take(br#"{"id":"o-1","none":null}"#);
        Ok(intake.finish(200, &headers))
    }
}

fn walk(steps: Vec<Value>, stop_after: Option<Duration>) -> (Walk, Vec<String>) {
    walk_with(steps, stop_after, false)
}

fn walk_with(
    steps: Vec<Value>,
    stop_after: Option<Duration>,
    cookies: bool,
) -> (Walk, Vec<String>) {
    let (mut journeys, data) = prepare(&assignment(steps.into_iter().map(step).collect())).unwrap();
    journeys[0].cookies = cookies;
    let transport = Scripted::default();
    let stop = CancellationToken::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let walk = runtime.block_on(async {
        if let Some(after) = stop_after {
            let stop = stop.clone();
            tokio::spawn(async move {
                tokio::time::sleep(after).await;
                stop.cancel();
            });
        }
        let walker = Walker {
            transport: &transport,
            data: &data,
            origin: Origin::at(now_nanos()),
            stop: &stop,
        };
        walker.walk(&journeys[0], Keys::new(7).arrival(3)).await
    });
    (walk, transport.asked.into_inner().unwrap())
}

fn check(steps: Vec<Value>, expected: &[Outcome], asked: &[&str]) {
    let (walk, paths) = walk(steps, None);
    let outcomes: Vec<Outcome> = walk.steps.iter().map(|step| step.outcome).collect();
    assert_eq!(outcomes, expected);
    assert_eq!(paths, asked);
    assert_eq!(walk.good, expected.iter().all(|o| *o == Outcome::Good));
    assert!(walk.sent <= walk.ended);
}

#[test]
fn outcomes() {
    use Outcome::{Broken, Connect, Good, Reply, Status, Timeout};
    let path = |path: &str| json!({ "path": path });
    check(vec![path("/a"), path("/b")], &[Good, Good], &["/a", "/b"]);
    check(vec![path("/slow")], &[Good], &["/slow"]);
    check(
        vec![path("/missing"), path("/b")],
        &[Status(404)],
        &["/missing"],
    );
    check(vec![path("/broken"), path("/b")], &[Broken], &["/broken"]);
    check(vec![path("/refused")], &[Connect], &["/refused"]);
    check(
        vec![path("/a"), path("/hang"), path("/c")],
        &[Good, Timeout],
        &["/a", "/hang"],
    );
    check(
        vec![json!({ "path": "/missing", "expect": 404 })],
        &[Good],
        &["/missing"],
    );
    check(
        vec![
            json!({ "path": "/a", "save": { "id": { "pointer": "/id" } } }),
            path("/orders/{id}"),
        ],
        &[Good, Good],
        &["/a", "/orders/o-1"],
    );
    for pointer in ["/none", "/nothing", "/id/deeper"] {
        check(
            vec![
                json!({ "path": "/a", "save": { "id": { "pointer": pointer } } }),
                path("/{id}"),
            ],
            &[Reply],
            &["/a"],
        );
    }
    check(
        vec![
            json!({ "path": "/a", "save": { "all": { "pointer": "" } } }),
            json!({ "path": "/b", "body": "{all}" }),
        ],
        &[Good, Good],
        &["/a", "/b"],
    );
}

#[test]
fn a_stop_ends_a_hanging_request() {
    let (walk, _) = walk(
        vec![json!({ "path": "/hang" })],
        Some(Duration::from_millis(5)),
    );
    assert_eq!(walk.steps.len(), 1);
    assert_eq!(walk.steps[0].outcome, Outcome::Cancelled);
    assert!(!walk.good);
}

#[test]
fn every_write_is_kept_with_what_is_known_of_it() {
    let write = |name: &str, path: &str| json!({ "name": name, "path": path, "write": true });
    let check = |path: &str, expected: &str| {
        let steps = vec![
            write("one", "/a"),
            json!({ "path": "/b" }),
            write("two", path),
        ];
        let (walk, _) = walk(steps, None);
        let keys = Keys::new(7).arrival(3);
        let kept: Vec<String> = walk.writes.iter().map(|write| write.key.clone()).collect();
        assert_eq!(kept, [keys.idempotency("one"), keys.idempotency("two")]);
        let ends = walk.writes.iter().map(|write| match &write.end {
            WriteEnd::Acknowledged(digest) => {
                assert_eq!(digest.len(), 64);
                "acknowledged"
            }
            WriteEnd::Refused => "refused",
            WriteEnd::Unknown => "unknown",
        });
        assert_eq!(
            ends.collect::<Vec<_>>(),
            ["acknowledged", expected],
            "{path}"
        );
    };
    check("/c", "acknowledged");
    check("/missing", "refused");
    check("/refused", "refused");
    check("/broken", "unknown");
    check("/hang", "unknown");
    check("/failing", "unknown");
}

#[test]
fn the_ledger_may_keep_some_values_alone() {
    let digest = |record: Value| {
        let steps = vec![json!({ "path": "/a", "write": true, "record": record })];
        match &walk(steps, None).0.writes[0].end {
            WriteEnd::Acknowledged(digest) => digest.clone(),
            other => panic!("{other:?}"),
        }
    };
    let id = fingerprint(&[Some(json!("o-1"))]);
    assert_eq!(digest(json!(["$.id"])), id);
    assert_eq!(
        digest(json!(["$.id", "$.none"])),
        fingerprint(&[Some(json!("o-1")), None])
    );
    assert_ne!(digest(json!([])), id);
}

#[test]
fn a_client_tries_again_under_the_same_key() {
    use Outcome::{Broken, Good, Status};
    let retry = json!({ "attempts": 3, "pause": "100ms" });
    let step = |path: &str| json!({ "path": path, "retry": retry, "write": true });
    check(vec![step("/broken")], &[Broken; 3], &["/broken"; 3]);
    check(vec![step("/failing")], &[Status(503); 3], &["/failing"; 3]);
    check(vec![step("/missing")], &[Status(404)], &["/missing"]);
    check(vec![step("/a")], &[Good], &["/a"]);
    let (walk, _) = walk(vec![step("/broken")], None);
    assert!(
        walk.writes
            .iter()
            .all(|write| write.key == walk.writes[0].key)
    );
    assert!(walk.steps.iter().all(|end| end.step == 0));
}

#[test]
fn checks_decide() {
    let step = |check: Value| json!({ "path": "/a", "checks": [check] });
    let equal = |value: &str| json!({ "of": { "path": "$.id" }, "must": { "equal": value } });
    check(vec![step(equal("o-1"))], &[Outcome::Good], &["/a"]);
    check(vec![step(equal("o-2"))], &[Outcome::Check], &["/a"]);
}

#[test]
fn thinking_is_no_latency_and_cookies_come_back() {
    let think = json!({ "least": "2ms", "most": "2ms" });
    let steps = vec![
        json!({ "path": "/cookie", "think": think }),
        json!({ "path": "/b", "think": think }),
    ];
    let (walk, asked) = walk_with(steps, None, true);
    assert!(walk.good);
    assert_eq!(asked, ["/cookie", "/b with session=s-1"]);
    let (_, asked) = walk_with(
        vec![json!({ "path": "/cookie" }), json!({ "path": "/b" })],
        None,
        false,
    );
    assert_eq!(asked, ["/cookie", "/b"]);
}
