//! `lab proxy`: the fault proxy as a Toxiproxy server, with Toxiproxy's own flags, and a small
//! command line for a server that runs.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use lab_model::Exit;
use lab_proxy::client::{self, Command};
use lab_proxy::{
    ApiOptions, Config, Listener, Server, ServerOptions, Stream, ToxicSpec, ToxicUpdate,
};
use serde_json::{Map, Value};
use tokio::signal::unix::{SignalKind, signal};

use crate::text;

/// What follows the help.
const AFTER: &str = "\
Clients of Toxiproxy work unchanged. Beside its API, under /lab: every kind of toxic
(/lab/kinds), links that refuse or hang, counters (/lab/witness) and live events:
    curl -N localhost:8474/lab/events
LOG_LEVEL=debug prints events here, LOG_LEVEL=warn prints errors only.";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = AFTER)]
pub(crate) struct Proxy {
    #[command(flatten)]
    serve: Serve,

    #[command(subcommand)]
    ask: Option<Ask>,
}

/// Toxiproxy's flags; each may also be written with one dash.
#[derive(Debug, Args)]
struct Serve {
    /// Host of the API.
    #[arg(long, default_value = "localhost")]
    host: String,

    /// Port of the API.
    #[arg(long, default_value_t = 8474)]
    port: u16,

    /// A JSON file with the proxies to start with: the body of a populate request.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Decides which connections a toxicity picks, and every jitter.
    #[arg(long)]
    seed: Option<u64>,

    /// Show traffic by proxy at /metrics.
    #[arg(long)]
    proxy_metrics: bool,

    /// Show figures of the process at /metrics.
    #[arg(long)]
    runtime_metrics: bool,

    /// Print the version and end.
    #[arg(long)]
    version: bool,
}

/// Where a server runs.
#[derive(Debug, Args)]
struct At {
    /// The server's API.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8474")]
    server: String,
}

#[derive(Debug, Subcommand)]
enum Ask {
    /// List the proxies of a running server.
    List(At),
    /// Show a proxy with its toxics.
    Inspect {
        proxy: String,
        #[command(flatten)]
        at: At,
    },
    /// Create a proxy.
    Create {
        proxy: String,
        /// `host:port` to listen on.
        #[arg(short, long)]
        listen: String,
        /// `host:port` to connect to.
        #[arg(short, long)]
        upstream: String,
        #[command(flatten)]
        at: At,
    },
    /// Disable an enabled proxy, enable a disabled one.
    Toggle {
        proxy: String,
        #[command(flatten)]
        at: At,
    },
    /// Delete a proxy.
    Delete {
        proxy: String,
        #[command(flatten)]
        at: At,
    },
    /// Add, change or remove a toxic.
    #[command(subcommand)]
    Toxic(ToxicAsk),
}

#[derive(Debug, Subcommand)]
enum ToxicAsk {
    /// Add a toxic to a proxy.
    Add {
        proxy: String,
        /// Its type: latency, bandwidth, timeout, …
        #[arg(short = 't', long = "type")]
        kind: String,
        /// Its name; `TYPE_STREAM` where none is given.
        #[arg(short = 'n', long)]
        name: Option<String>,
        /// Act on requests instead of replies.
        #[arg(short = 'u', long)]
        upstream: bool,
        #[command(flatten)]
        values: Values,
        #[command(flatten)]
        at: At,
    },
    /// Change a toxic's attributes or toxicity.
    Update {
        proxy: String,
        /// Its name.
        #[arg(short = 'n', long)]
        name: String,
        #[command(flatten)]
        values: Values,
        #[command(flatten)]
        at: At,
    },
    /// Remove a toxic.
    Remove {
        proxy: String,
        /// Its name.
        #[arg(short = 'n', long)]
        name: String,
        #[command(flatten)]
        at: At,
    },
}

#[derive(Debug, Args)]
struct Values {
    /// An attribute: `latency=100`; may be given several times.
    #[arg(short = 'a', long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    attributes: Vec<(String, Value)>,

    /// The share of connections it acts on, 0 to 1.
    #[arg(long)]
    toxicity: Option<f64>,
}

/// `latency=100`: a number where it reads as one, else a text.
fn attribute(text: &str) -> Result<(String, Value), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    Ok((name.to_owned(), value))
}

/// Toxiproxy writes its long flags with one dash: `-port 8474`. They get their second one here.
pub(crate) fn with_two_dashes(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    const LONG: [&str; 7] = [
        "-host",
        "-port",
        "-config",
        "-seed",
        "-proxy-metrics",
        "-runtime-metrics",
        "-version",
    ];
    let mut all: Vec<OsString> = arguments.collect();
    if all.get(1).is_some_and(|command| command == "proxy") {
        for argument in all.iter_mut().skip(2) {
            let long = argument.to_str().is_some_and(|text| {
                LONG.contains(&text.split_once('=').map_or(text, |(flag, _)| flag))
            });
            if long {
                let mut longer = OsString::from("-");
                longer.push(&argument);
                *argument = longer;
            }
        }
    }
    all
}

pub(crate) fn run(options: Proxy) -> Exit {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            text::error(&error.to_string(), "");
            return Exit::Environment;
        }
    };
    match options.ask {
        None if options.serve.version => {
            text::out(concat!(
                "lab proxy version ",
                env!("CARGO_PKG_VERSION"),
                "\n"
            ));
            Exit::Pass
        }
        None => runtime.block_on(serve(options.serve)),
        Some(ask) => {
            let (server, command) = command(ask);
            match runtime.block_on(client::run(&server, command)) {
                Ok(answer) => {
                    text::out(&answer);
                    Exit::Pass
                }
                Err(error) => {
                    text::error(&error.to_string(), "");
                    Exit::Environment
                }
            }
        }
    }
}

/// Toxiproxy's `LOG_LEVEL`: how much is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Nothing but errors.
    Quiet,
    /// Where everything listens.
    Info,
    /// Each event, as a line of JSON.
    Debug,
}

impl Level {
    /// Reads the value of the variable; what it does not know counts as `info`.
    fn of(value: &str) -> Self {
        match value.to_ascii_lowercase().as_str() {
            "debug" | "trace" => Self::Debug,
            "warn" | "error" | "fatal" | "panic" | "disabled" => Self::Quiet,
            _ => Self::Info,
        }
    }
}

/// Prints events as long as there are any.
async fn print_events(mut events: Listener) {
    while let Some(told) = events.next().await {
        text::note(&serde_json::to_string(&told).unwrap_or_default());
    }
}

async fn serve(options: Serve) -> Exit {
    let level = Level::of(&std::env::var("LOG_LEVEL").unwrap_or_default());
    let proxy = Config {
        seed: options.seed.unwrap_or_default(),
        ..Config::default()
    };
    let server = Server::start(ServerOptions {
        host: options.host,
        port: options.port,
        config: options.config,
        proxy,
        api: ApiOptions {
            proxy_metrics: options.proxy_metrics,
            runtime_metrics: options.runtime_metrics,
        },
    });
    // Heard from the start: a stop while it starts must still free its ports.
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    );
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
        text::error("signals cannot be heard", "");
        return Exit::Environment;
    };
    let server = match server.await {
        Ok(server) => server,
        Err(error) => {
            text::error(
                &error.to_string(),
                "choose another address with --host and --port",
            );
            return Exit::Environment;
        }
    };
    if level >= Level::Info {
        text::note(&format!("Toxiproxy's API: http://{}", server.address));
    }
    if level == Level::Debug
        && let Ok(events) = server.proxy.events().await
    {
        tokio::spawn(print_events(events));
    }
    match &server.populated {
        Ok(links) => {
            for link in links.iter().filter(|_| level >= Level::Info) {
                text::note(&format!(
                    "{}: {} -> {}",
                    link.name, link.listen, link.upstream
                ));
            }
        }
        Err(error) => text::error(&error.to_string(), ""),
    }
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    server.proxy.shutdown().await;
    Exit::Pass
}

/// A call as the client library takes it, and the server it goes to.
fn command(ask: Ask) -> (String, Command) {
    match ask {
        Ask::List(at) => (at.server, Command::List),
        Ask::Inspect { proxy, at } => (at.server, Command::Inspect { proxy }),
        Ask::Create {
            proxy,
            listen,
            upstream,
            at,
        } => (
            at.server,
            Command::Create {
                proxy,
                listen,
                upstream,
            },
        ),
        Ask::Toggle { proxy, at } => (at.server, Command::Toggle { proxy }),
        Ask::Delete { proxy, at } => (at.server, Command::Delete { proxy }),
        Ask::Toxic(ToxicAsk::Add {
            proxy,
            kind,
            name,
            upstream,
            values,
            at,
        }) => {
            let toxic = ToxicSpec {
                name,
                kind,
                stream: if upstream {
                    Stream::Upstream
                } else {
                    Stream::Downstream
                },
                toxicity: values.toxicity.unwrap_or(1.0),
                attributes: values.attributes.into_iter().collect::<Map<_, _>>(),
            };
            (at.server, Command::AddToxic { proxy, toxic })
        }
        Ask::Toxic(ToxicAsk::Update {
            proxy,
            name,
            values,
            at,
        }) => {
            let update = ToxicUpdate {
                attributes: values.attributes.into_iter().collect(),
                toxicity: values.toxicity,
            };
            (
                at.server,
                Command::UpdateToxic {
                    proxy,
                    toxic: name,
                    update,
                },
            )
        }
        Ask::Toxic(ToxicAsk::Remove { proxy, name, at }) => {
            (at.server, Command::RemoveToxic { proxy, toxic: name })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &[&str], expected: &[&str]) {
        let given = arguments.iter().map(OsString::from);
        let expected: Vec<OsString> = expected.iter().map(OsString::from).collect();
        assert_eq!(with_two_dashes(given), expected);
    }

    #[test]
    fn long_flags_with_one_dash_are_toxiproxys() {
        check(
            &["lab", "proxy", "-port", "1"],
            &["lab", "proxy", "--port", "1"],
        );
        check(&["lab", "proxy", "-seed=7"], &["lab", "proxy", "--seed=7"]);
        check(
            &["lab", "proxy", "--port", "-n"],
            &["lab", "proxy", "--port", "-n"],
        );
        check(&["lab", "run", "-port"], &["lab", "run", "-port"]);
    }

    #[test]
    fn log_levels_are_toxiproxys() {
        for (value, expected) in [
            ("", Level::Info),
            ("info", Level::Info),
            ("DEBUG", Level::Debug),
            ("trace", Level::Debug),
            ("error", Level::Quiet),
        ] {
            assert_eq!(Level::of(value), expected, "{value}");
        }
    }

    #[test]
    fn attributes_are_numbers_where_they_read_as_one() {
        assert_eq!(
            attribute("latency=100"),
            Ok(("latency".to_owned(), 100.into()))
        );
        assert_eq!(attribute("shape=a"), Ok(("shape".to_owned(), "a".into())));
        assert!(attribute("latency").is_err());
    }
}
