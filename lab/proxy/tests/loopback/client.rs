//! The small client and the server it talks to.

use super::support::*;
use lab_proxy::client::{ClientError, Command, run};
use lab_proxy::{Config, Server, ServerOptions, ToxicSpec, ToxicUpdate};
use std::path::PathBuf;

async fn server(config: Option<PathBuf>) -> Server {
    let options = ServerOptions {
        port: 0,
        config,
        proxy: Config {
            workers: 1,
            ..Config::default()
        },
        ..ServerOptions::default()
    };
    Server::start(options).await.unwrap()
}

#[tokio::test]
async fn each_command_does_what_it_says() {
    let server = server(None).await;
    let at = server.address.to_string();
    let proxy = || "orders -> payments".to_owned();
    let toxic = ToxicSpec::new("latency").with("latency", 20).named("slow");
    let attributes = ToxicSpec::new("latency").with("jitter", 5).attributes;
    let update = ToxicUpdate {
        attributes,
        toxicity: Some(0.5),
    };
    let create = Command::Create {
        proxy: proxy(),
        listen: "127.0.0.1:0".to_owned(),
        upstream: "127.0.0.1:1".to_owned(),
    };
    let created = run(&at, create).await.unwrap();
    let listen = created.trim_end().rsplit(' ').next().unwrap().to_owned();
    for (command, expected) in [
        (
            Command::AddToxic { proxy: proxy(), toxic },
            "added slow (downstream latency latency=20 jitter=0 toxicity=1) to orders -> payments\n".to_owned(),
        ),
        (
            Command::UpdateToxic { proxy: proxy(), toxic: "slow".to_owned(), update },
            "changed slow (downstream latency latency=20 jitter=5 toxicity=0.5) on orders -> payments\n".to_owned(),
        ),
        (Command::Toggle { proxy: proxy() }, "orders -> payments is disabled\n".to_owned()),
        (
            Command::Inspect { proxy: proxy() },
            format!(
                "orders -> payments  {listen} -> 127.0.0.1:1  disabled\nupstream:\n  no toxics\ndownstream:\n  \
                 slow (downstream latency latency=20 jitter=5 toxicity=0.5)\n"
            ),
        ),
        (
            Command::List,
            format!(
                "{:18}  {:listen_width$}  UPSTREAM     STATE     TOXICS\norders -> payments  {listen}  127.0.0.1:1  disabled  slow\n",
                "NAME",
                "LISTEN",
                listen_width = listen.len()
            ),
        ),
        (
            Command::RemoveToxic { proxy: proxy(), toxic: "slow".to_owned() },
            "removed slow from orders -> payments\n".to_owned(),
        ),
        (Command::Delete { proxy: proxy() }, "deleted orders -> payments\n".to_owned()),
        (Command::List, "no proxies\n".to_owned()),
    ] {
        assert_eq!(run(&at, command).await.unwrap(), expected);
    }
    let refused = run(&at, Command::Delete { proxy: proxy() })
        .await
        .unwrap_err();
    assert_eq!(refused.to_string(), "proxy not found (status 404)");
    server.proxy.shutdown().await;
    let gone = run(&at, Command::List).await.unwrap_err();
    assert!(matches!(gone, ClientError::Unreachable { .. }), "{gone}");
}

#[tokio::test]
async fn a_server_starts_with_its_file_or_says_what_is_wrong_with_it() {
    let path = std::env::temp_dir().join(format!("lab-proxy-{}.json", std::process::id()));
    let upstream = echo().await;
    let text = format!(r#"[{{"name":"link","listen":"127.0.0.1:0","upstream":"{upstream}"}}]"#);
    std::fs::write(&path, text).unwrap();
    let running = server(Some(path.clone())).await;
    let links = running.populated.unwrap();
    let mut stream = connect(links[0].listen.parse().unwrap()).await;
    assert_eq!(round_trip(&mut stream, b"hi").await, b"hi");
    running.proxy.shutdown().await;

    std::fs::write(&path, "{").unwrap();
    let running = server(Some(path.clone())).await;
    let error = running.populated.unwrap_err().to_string();
    assert!(
        error.ends_with("bad request body: EOF while parsing an object at line 1 column 1"),
        "{error}"
    );
    running.proxy.shutdown().await;
    std::fs::remove_file(&path).unwrap();

    let running = server(Some(path)).await;
    assert!(
        running
            .populated
            .unwrap_err()
            .to_string()
            .starts_with("read ")
    );
    running.proxy.shutdown().await;
}
