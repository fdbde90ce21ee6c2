//! The extension beside Toxiproxy's API: every kind of toxic, links that are down in other ways,
//! counters, and live events.

use super::api::Api;
use super::support::*;
use lab_proxy::{EndedBy, Event, LinkSpec, Told, ToxicChange, ToxicSpec};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::time::timeout;

async fn opened(api: &Api) -> SocketAddr {
    let spec = LinkSpec::new("link").to(echo().await.to_string());
    let view = api.proxy.open(spec).await.unwrap();
    view.listen.parse().unwrap()
}

#[tokio::test]
async fn every_kind_can_be_added_shown_changed_and_removed() {
    let api = Api::start().await;
    opened(&api).await;
    let kinds: Value = serde_json::from_str(&api.call("GET /lab/kinds", "").await.body).unwrap();
    for kind in kinds.as_array().unwrap() {
        let name = kind["type"].as_str().unwrap();
        let body = format!(
            r#"{{"type":"{name}","name":"t","attributes":{{"average_size":9,"name":"X"}}}}"#
        );
        let path = "/lab/proxies/link/toxics";
        assert_eq!(
            api.call(&format!("POST {path}"), &body).await.status,
            200,
            "{name}"
        );
        let shown = api.call(&format!("GET {path}/t"), "").await;
        assert!(
            shown.body.contains(&format!("\"type\":\"{name}\"")),
            "{}",
            shown.body
        );
        let changed = api
            .call(&format!("PATCH {path}/t"), r#"{"toxicity":0.5}"#)
            .await;
        assert!(
            changed.body.contains("\"toxicity\":0.5"),
            "{}",
            changed.body
        );
        let listed = api.call("GET /proxies/link/toxics", "").await.body;
        assert_eq!(
            listed == "[]",
            kind["extension"] == true,
            "{name}: {listed}"
        );
        api.check(&format!("DELETE {path}/t"), "", 204, "").await;
    }
    let body =
        r#"{"type":"delay","attributes":{"distribution":"recorded","histogram":[1000,3,5000,1]}}"#;
    let answer = api.call("POST /lab/proxies/link/toxics", body).await;
    assert!(
        answer.body.contains("\"histogram\":[1000,3,5000,1]"),
        "{}",
        answer.body
    );
    let body = r#"{"name":"x","type":"delay","attributes":{"distribution":"recorded"}}"#;
    let error = "bad request body: distribution recorded needs a histogram";
    api.refuses("POST /lab/proxies/link/toxics", body, 400, error)
        .await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn a_link_goes_down_in_three_ways_and_up_again() {
    let api = Api::start().await;
    let address = opened(&api).await;
    for how in ["refuse", "reset", "hang"] {
        let body = format!(r#"{{"how":"{how}"}}"#);
        api.check("POST /lab/proxies/link/down", &body, 204, "")
            .await;
        let attempt = tokio::net::TcpStream::connect(address);
        let attempt = timeout(std::time::Duration::from_millis(200), attempt).await;
        match how {
            "hang" => assert!(attempt.is_err()),
            "refuse" => assert!(attempt.unwrap().is_err()),
            _ => assert!(is_reset(address).await),
        }
        api.check("POST /lab/proxies/link/up", "", 204, "").await;
        assert_eq!(round_trip(&mut connect(address).await, b"hi").await, b"hi");
        // Toxiproxy's own way brings it up too.
        api.check("POST /lab/proxies/link/down", &body, 204, "")
            .await;
        let enabled = api.call("PATCH /proxies/link", r#"{"enabled":true}"#).await;
        assert_eq!(enabled.status, 200, "{}", enabled.body);
        assert_eq!(round_trip(&mut connect(address).await, b"hi").await, b"hi");
    }
    let error = "bad request body: how must be refuse, reset or hang, got \"fly\"";
    api.refuses(
        "POST /lab/proxies/link/down",
        r#"{"how":"fly"}"#,
        400,
        error,
    )
    .await;
    api.refuses("POST /lab/proxies/x/up", "", 404, "proxy not found")
        .await;
    api.check("POST /lab/proxies/link/tap", r#"{"on":false}"#, 204, "")
        .await;
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn events_tell_what_happens_while_it_happens() {
    let api = Api::start().await;
    let address = opened(&api).await;
    let mut stream = connect(api.address).await;
    stream
        .write_all(b"GET /lab/events HTTP/1.0\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut lines = BufReader::new(stream).lines();
    while !lines.next_line().await.unwrap().unwrap().is_empty() {}
    let toxic = ToxicSpec::new("latency").with("latency", 5).named("slow");
    api.proxy.add_toxic("link", toxic).await.unwrap();
    let mut caller = connect(address).await;
    round_trip(&mut caller, b"hello").await;
    drop(caller);
    let mut told = Vec::new();
    // The witness comes within the second, everything else at once.
    loop {
        let line = timeout(PATIENCE, lines.next_line()).await;
        let line = line.expect("events come in time").unwrap().unwrap();
        let Told { at_us, event } = serde_json::from_str(&line).unwrap();
        assert!(at_us > 1_600_000_000_000_000);
        let last = matches!(event, Event::Witness { .. });
        told.push(event);
        if last {
            break;
        }
    }
    let has = |wanted: &dyn Fn(&Event) -> bool| assert!(told.iter().any(wanted), "{told:#?}");
    has(&|event| {
        matches!(
            event,
            Event::Toxic {
                change: ToxicChange::Added,
                ..
            }
        )
    });
    has(&|event| matches!(event, Event::Opened { connection: 0, .. }));
    has(&|event| matches!(event, Event::Touched { toxic, connection: 0, .. } if toxic == "slow"));
    has(&|event| {
        matches!(
            event,
            Event::Ended {
                by: EndedBy::Peers,
                sent_upstream: 5,
                sent_downstream: 12,
                ..
            }
        )
    });
    has(&|event| {
        matches!(
            event,
            Event::Witness {
                connections: 1,
                bytes: 12,
                delay_max_us: Some(5_000..),
                ..
            }
        )
    });
    let counted = api.call("GET /lab/witness", "").await.body;
    let counted: Value = serde_json::from_str(&counted).unwrap();
    assert_eq!(
        counted["links"]["link"]["toxics"][0]["witness"]["bytes"],
        12
    );
    api.proxy.shutdown().await;
}

#[tokio::test]
async fn requests_of_a_link_are_told_until_it_is_gone() {
    let api = Api::start().await;
    let spec = LinkSpec::new("link").to(web().await.to_string());
    let view = api.proxy.open(spec).await.unwrap();
    let unknown = api.call("GET /lab/proxies/other/requests", "").await;
    assert_eq!(unknown.status, 404);
    let mut stream = connect(api.address).await;
    stream
        .write_all(b"GET /lab/proxies/link/requests HTTP/1.0\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut lines = BufReader::new(stream).lines();
    while !lines.next_line().await.unwrap().unwrap().is_empty() {}
    get(&mut connect(view.listen.parse().unwrap()).await, "/404", "").await;
    let line = timeout(PATIENCE, lines.next_line()).await.unwrap();
    let told: Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
    assert_eq!(
        (&told["event"], &told["status"]),
        (&"request".into(), &404.into())
    );
    api.proxy.close("link").await.unwrap();
    let over = timeout(PATIENCE, lines.next_line()).await.unwrap();
    assert_eq!(over.unwrap(), None);
}
