//! The client library against the lab's own server: every call it has, and what the lab makes of
//! them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs and does not get is its report"
)]

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use lab_model::Ratio;
use lab_model::toxic::{Stream, Toxic};
use lab_proxy::{ApiOptions, Config, Server as ProxyServer, ServerOptions};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::{Proxy, ProxyPack};

use super::http::Server;
use super::owner::Owner;

/// A server on a thread of its own, as the library must not meet async code.
struct Running {
    server: Server,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start() -> Self {
        let (tell, told) = channel();
        let (stop, stopped) = oneshot::channel();
        let serve = async move {
            let started = ProxyServer::start(ServerOptions {
                host: "127.0.0.1".to_owned(),
                port: 0,
                config: None,
                proxy: Config::default(),
                api: ApiOptions::default(),
            });
            let started = started.await.unwrap();
            tell.send(started.address).unwrap();
            let _ = stopped.await;
            started.proxy.shutdown().await;
        };
        let thread = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_all().build().unwrap().block_on(serve);
        });
        Self {
            server: Server(told.recv().unwrap()),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn client(&self) -> Client {
        Client::new(self.server.0)
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

fn pack(name: &str) -> ProxyPack {
    ProxyPack::new(name.into(), "127.0.0.1:0".into(), "127.0.0.1:1".into())
}

/// A proxy's toxics by name, each with its attributes.
fn toxics(proxy: &Proxy) -> BTreeMap<String, BTreeMap<String, u32>> {
    let listed = proxy.toxics().unwrap().into_iter();
    listed
        .map(|toxic| (toxic.name, toxic.attributes.into_iter().collect()))
        .collect()
}

#[test]
fn the_calls_of_the_client() {
    let running = Running::start();
    let client = running.client();
    assert!(client.is_running());
    assert!(client.version().unwrap().contains("2."));
    let made = client.populate(vec![pack("a"), pack("b")]).unwrap();
    let names: Vec<_> = made
        .iter()
        .map(|proxy| proxy.proxy_pack.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert!(made.iter().all(|proxy| proxy.proxy_pack.enabled));
    assert_eq!(client.all().unwrap().len(), 2);
    assert!(client.find_proxy("c").is_err());
    let a = client.find_proxy("a").unwrap();
    a.with_timeout("downstream".into(), 5, 1.0);
    a.disable().unwrap();
    client.reset().unwrap();
    let a = client.find_proxy("a").unwrap();
    assert!(a.proxy_pack.enabled && a.proxy_pack.toxics.is_empty());
    a.with_timeout("downstream".into(), 5, 1.0);
    a.disable().unwrap();
    client.find_and_reset_proxy("a").unwrap();
    let a = client.find_proxy("a").unwrap();
    assert!(a.proxy_pack.enabled && a.proxy_pack.toxics.is_empty());
    a.delete().unwrap();
    assert_eq!(client.all().unwrap().keys().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn the_calls_of_a_proxy() {
    let running = Running::start();
    let client = running.client();
    client.populate(vec![pack("a")]).unwrap();
    let a = client.find_proxy("a").unwrap();
    a.with_latency("downstream".into(), 100, 20, 1.0)
        .with_bandwidth("upstream".into(), 32, 0.5)
        .with_slow_close("downstream".into(), 10, 1.0)
        .with_timeout("upstream".into(), 11, 1.0)
        .with_slicer("downstream".into(), 64, 32, 10, 1.0)
        .with_limit_data("downstream".into(), 12, 1.0);
    let shown = toxics(&a);
    let attributes = |name: &str| -> Vec<(&str, u32)> {
        let found = shown[name].iter();
        found.map(|(name, value)| (name.as_str(), *value)).collect()
    };
    assert_eq!(shown.len(), 6, "{shown:?}");
    assert_eq!(
        attributes("latency_downstream"),
        [("jitter", 20), ("latency", 100)]
    );
    assert_eq!(attributes("bandwidth_upstream"), [("rate", 32)]);
    assert_eq!(attributes("slow_close_downstream"), [("delay", 10)]);
    assert_eq!(attributes("timeout_upstream"), [("timeout", 11)]);
    assert_eq!(attributes("limit_data_downstream"), [("bytes", 12)]);
    assert_eq!(
        attributes("slicer_downstream"),
        [("average_size", 64), ("delay", 10), ("size_variation", 32)]
    );
    let halved = a
        .toxics()
        .unwrap()
        .into_iter()
        .find(|toxic| toxic.r#type == "bandwidth");
    let halved = halved.unwrap();
    assert_eq!((halved.stream.as_str(), halved.toxicity), ("upstream", 0.5));
    a.delete_all_toxics().unwrap();
    assert_eq!(toxics(&a), BTreeMap::new());
    let mut during = None;
    a.with_latency("downstream".into(), 1, 0, 1.0)
        .apply(|| during = Some(toxics(&a).len()))
        .unwrap();
    assert_eq!((during, toxics(&a).len()), (Some(1), 0));
    let enabled = || client.find_proxy("a").unwrap().proxy_pack.enabled;
    let mut down = None;
    a.with_down(|| down = Some(enabled())).unwrap();
    assert_eq!((down, enabled()), (Some(false), true));
    a.disable().unwrap();
    assert!(!enabled());
    a.enable().unwrap();
    assert!(enabled());
}

fn toxic(kind: &str, attributes: Value) -> Toxic {
    let Value::Object(attributes) = attributes else {
        panic!("not an object: {attributes}")
    };
    Toxic {
        kind: kind.to_owned(),
        stream: Stream::Downstream,
        toxicity: Ratio::new(0.3).unwrap(),
        attributes,
    }
}

#[tokio::test]
async fn changes_are_made_and_read_back_from_async_code() {
    let running = Running::start();
    let owner = Owner::start(running.server).unwrap();
    let listen = owner
        .run(|s| s.create("lab.x", "127.0.0.1:0", "127.0.0.1:1"))
        .await;
    assert!(!listen.unwrap().ends_with(":0"));
    let twice = owner
        .run(|s| s.create("lab.x", "127.0.0.1:0", "127.0.0.1:1"))
        .await;
    assert!(twice.unwrap_err().reason.contains("already"));
    // By the library, by plain HTTP, and with attributes that the library cannot read.
    for (kind, attributes) in [
        ("latency", json!({ "latency": 100, "jitter": 20 })),
        ("reset_peer", json!({ "timeout": 50 })),
        (
            "packet_loss",
            json!({ "loss_rate": 0.1, "correlation": 0.0 }),
        ),
    ] {
        let one = toxic(kind, attributes);
        let added = owner.run(move |session| session.add("lab.x", &one)).await;
        added.unwrap_or_else(|failure| panic!("{kind}: {failure}"));
        let name = format!("{kind}_downstream");
        owner
            .run(move |session| session.cure("lab.x", &name))
            .await
            .unwrap();
    }
    // The library takes a refusal for success; the server's own words are found all the same.
    let wrong = toxic(
        "slicer",
        json!({ "average_size": 5, "size_variation": 9, "delay": 0 }),
    );
    let refused = owner.run(move |session| session.add("lab.x", &wrong)).await;
    let reason = refused.unwrap_err().reason;
    assert!(
        reason.contains("size_variation") && reason.contains("400"),
        "{reason}"
    );
    owner
        .run(|session| session.enable("lab.x", false))
        .await
        .unwrap();
    let view = owner
        .run(|session| session.server.proxy("lab.x"))
        .await
        .unwrap();
    assert!(!view.unwrap().enabled);
    owner.run(|session| session.remove("lab.x")).await.unwrap();
    owner.run(|session| session.remove("lab.x")).await.unwrap();
    assert_eq!(
        owner.run(|s| s.server.names("lab.")).await.unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn a_panic_of_the_library_is_an_error() {
    let mut running = Running::start();
    let owner = Owner::start(running.server).unwrap();
    owner
        .run(|s| s.create("x", "127.0.0.1:0", "127.0.0.1:1"))
        .await
        .unwrap();
    let proxy = owner
        .run(|session| session.call(|client| client.find_proxy("x")))
        .await;
    let proxy = proxy.unwrap();
    running.end();
    let lost = owner
        .run(move |session| {
            session.call(|_| {
                proxy.with_timeout("downstream".into(), 0, 1.0);
                Ok(())
            })
        })
        .await;
    assert!(lost.unwrap_err().reason.contains("the client gave up"));
    let gone = owner.run(|session| session.remove("x")).await;
    assert!(gone.is_err(), "nobody answers, so nothing was removed");
}
