//! A small client for a running server, ours or any other that speaks Toxiproxy's API: each
//! command gives the text to print.

mod exchange;
mod text;

use crate::spec::{LinkView, ToxicSpec, ToxicUpdate, ToxicView};
use exchange::Server;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What to ask of a server.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// All proxies.
    List,
    /// One proxy with its toxics.
    Inspect {
        /// Its name.
        proxy: String,
    },
    /// A new proxy.
    Create {
        /// Its name.
        proxy: String,
        /// `host:port` to listen on.
        listen: String,
        /// `host:port` to connect to.
        upstream: String,
    },
    /// Disable an enabled proxy, enable a disabled one.
    Toggle {
        /// Its name.
        proxy: String,
    },
    /// Delete a proxy.
    Delete {
        /// Its name.
        proxy: String,
    },
    /// Add a toxic to a proxy.
    AddToxic {
        /// The proxy's name.
        proxy: String,
        /// The toxic.
        toxic: ToxicSpec,
    },
    /// Change a toxic of a proxy.
    UpdateToxic {
        /// The proxy's name.
        proxy: String,
        /// The toxic's name.
        toxic: String,
        /// What changes.
        update: ToxicUpdate,
    },
    /// Remove a toxic from a proxy.
    RemoveToxic {
        /// The proxy's name.
        proxy: String,
        /// The toxic's name.
        toxic: String,
    },
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers there.
    #[error("reach the server at {server}: {reason}")]
    Unreachable {
        /// The server's `host:port`.
        server: String,
        /// What happened.
        reason: String,
    },
    /// The server says no.
    #[error("{error} (status {status})")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The server's own words.
        error: String,
    },
    /// The answer is not what this API answers.
    #[error("understand the answer of {server}: {reason}")]
    Answer {
        /// The server's `host:port`.
        server: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Runs a command on the server at `host:port` and gives the text to print.
pub async fn run(server: &str, command: Command) -> Result<String, ClientError> {
    let server = Server::at(server);
    match command {
        Command::List => {
            let links: BTreeMap<String, LinkView> = server.get("/proxies").await?;
            Ok(text::list(links.into_values()))
        }
        Command::Inspect { proxy } => {
            let link: LinkView = server.get(&link_path(&proxy)).await?;
            Ok(text::inspect(&link))
        }
        Command::Create {
            proxy,
            listen,
            upstream,
        } => {
            let body = json!({"name": proxy, "listen": listen, "upstream": upstream});
            let link: LinkView = server.send("POST", "/proxies", Some(&body)).await?;
            Ok(format!("created {} at {}\n", link.name, link.listen))
        }
        Command::Toggle { proxy } => {
            let path = link_path(&proxy);
            let link: LinkView = server.get(&path).await?;
            let body = json!({"enabled": !link.enabled});
            let link: LinkView = server.send("POST", &path, Some(&body)).await?;
            Ok(format!("{} is {}\n", link.name, text::state(link.enabled)))
        }
        Command::Delete { proxy } => {
            server.delete(&link_path(&proxy)).await?;
            Ok(format!("deleted {proxy}\n"))
        }
        Command::AddToxic { proxy, toxic } => {
            let path = format!("{}/toxics", link_path(&proxy));
            let added: ToxicView = server.send("POST", &path, Some(&spec_body(toxic))).await?;
            Ok(format!("added {} to {proxy}\n", text::toxic(&added)))
        }
        Command::UpdateToxic {
            proxy,
            toxic,
            update,
        } => {
            // Older servers know POST only, and newer ones still take it.
            let path = toxic_path(&proxy, &toxic);
            let changed: ToxicView = server
                .send("POST", &path, Some(&update_body(update)))
                .await?;
            Ok(format!("changed {} on {proxy}\n", text::toxic(&changed)))
        }
        Command::RemoveToxic { proxy, toxic } => {
            server.delete(&toxic_path(&proxy, &toxic)).await?;
            Ok(format!("removed {toxic} from {proxy}\n"))
        }
    }
}

fn spec_body(toxic: ToxicSpec) -> Value {
    let mut body = Map::new();
    if let Some(name) = toxic.name {
        body.insert("name".to_owned(), name.into());
    }
    body.insert("type".to_owned(), toxic.kind.into());
    body.insert("stream".to_owned(), toxic.stream.as_str().into());
    body.insert("toxicity".to_owned(), toxic.toxicity.into());
    body.insert("attributes".to_owned(), toxic.attributes.into());
    body.into()
}

fn update_body(update: ToxicUpdate) -> Value {
    let mut body = Map::new();
    if let Some(toxicity) = update.toxicity {
        body.insert("toxicity".to_owned(), toxicity.into());
    }
    body.insert("attributes".to_owned(), update.attributes.into());
    body.into()
}

fn link_path(link: &str) -> String {
    format!("/proxies/{}", escaped(link))
}

fn toxic_path(link: &str, toxic: &str) -> String {
    format!("{}/toxics/{}", link_path(link), escaped(toxic))
}

/// A name as one segment of a path (RFC 3986, section 2.3: what need not be escaped).
fn escaped(name: &str) -> String {
    let escape = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    name.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_one_segment() {
        assert_eq!(
            toxic_path("a -> b", "x/y_1"),
            "/proxies/a%20-%3E%20b/toxics/x%2Fy_1"
        );
    }
}
