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
        self.asked.lock().unwrap().push(path.clone());
        let mut intake = Intake::new(keep);
        match path.as_str() {
            "/hang" => std::future::pending().await,
            "/slow" => tokio::time::sleep(Duration::from_millis(900)).await,
            "/broken" => return Err(Outcome::Broken),
            "/refused" => return Err(Outcome::Connect),
            "/missing" => return Ok(intake.finish(404)),
            _ => {}
        }
        intake.take(br#"{"id":"o-1","none":null}"#);
        Ok(intake.finish(200))
    }
}

fn walk(steps: Vec<Value>, stop_after: Option<Duration>) -> (Walk, Vec<String>) {
    let journeys = prepare(&assignment(steps.into_iter().map(step).collect())).unwrap();
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
    assert_eq!(walk.is_good(), expected.iter().all(|o| *o == Outcome::Good));
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
            json!({ "path": "/a", "save": { "id": "/id" } }),
            path("/orders/{id}"),
        ],
        &[Good, Good],
        &["/a", "/orders/o-1"],
    );
    for pointer in ["/none", "/nothing", "/id/deeper"] {
        check(
            vec![
                json!({ "path": "/a", "save": { "id": pointer } }),
                path("/{id}"),
            ],
            &[Reply],
            &["/a"],
        );
    }
    check(
        vec![
            json!({ "path": "/a", "save": { "all": "" } }),
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
    assert!(!walk.is_good());
}

#[test]
fn acknowledged_writes_alone_are_kept() {
    let write = |name: &str, path: &str| json!({ "name": name, "path": path, "write": true });
    let steps = vec![
        write("one", "/a"),
        json!({ "path": "/b" }),
        write("two", "/c"),
        write("three", "/missing"),
    ];
    let (walk, _) = walk(steps, None);
    let keys = Keys::new(7).arrival(3);
    let kept: Vec<(&str, &str)> = walk
        .acknowledged
        .iter()
        .map(|write| (write.step.as_str(), write.key.as_str()))
        .collect();
    assert_eq!(
        kept,
        [
            ("one", keys.idempotency("one").as_str()),
            ("two", keys.idempotency("two").as_str())
        ]
    );
    assert!(
        walk.acknowledged
            .iter()
            .all(|write| write.digest.len() == 64)
    );
}
