//! The comparison of the ledger with what the system holds: entries read over HTTP, page after
//! page, or by a query.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use lab_engine::seam::Stores;
use lab_model::Name;
use lab_model::ledger::{
    Books, Held, HttpSource, LedgerCheck, LedgerReport, Source, SqlSource, Write,
};
use lab_wire::fingerprint;
use serde_json::Value;
use serde_json_path::JsonPath;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{Client, Connection, NoTls, SimpleQueryMessage, Socket};

/// What one page or one query may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks at a system that does not hold everything yet.
const PAUSE: Duration = Duration::from_millis(250);
/// Between two attempts to reach a database that starts up.
const STARTING: Duration = Duration::from_millis(100);
/// The largest page, in bytes.
const LARGEST_PAGE: usize = 64 << 20;
/// The most pages: a source that never ends is no source.
const MOST_PAGES: usize = 100_000;

/// Everything a source holds, `services` being the addresses of the system's.
pub(crate) async fn held(
    source: &Source,
    services: &BTreeMap<Name, String>,
) -> Result<Vec<Held>, String> {
    match source {
        Source::Http(source) => over_http(source, services).await,
        Source::Sql(source) => by_query(source, services).await,
    }
}

/// Everything that the places of a ledger hold. The same entry in a further place is a copy and no
/// second write; one that differs, or that stands twice in one place, is.
pub(crate) async fn held_in_all(
    check: &LedgerCheck,
    services: &BTreeMap<Name, String>,
) -> Result<Vec<Held>, String> {
    let mut all = held(&check.source, services).await?;
    for source in &check.also {
        let known: BTreeSet<(String, Option<String>)> = all.iter().map(identity).collect();
        let is_copy = |entry: &Held| entry.digest.is_some() && known.contains(&identity(entry));
        let further = held(source, services).await?;
        all.extend(further.into_iter().filter(|entry| !is_copy(entry)));
    }
    Ok(all)
}

fn identity(entry: &Held) -> (String, Option<String>) {
    (entry.key.clone(), entry.digest.clone())
}

/// Compares the ledger in a file with the system, until nothing is lost and nothing moves any more,
/// or the time is up.
pub(crate) async fn compare(
    index: usize,
    check: &LedgerCheck,
    before: &[Held],
    ledger: &Path,
    services: &BTreeMap<Name, String>,
) -> LedgerReport {
    let broken = |problem: String| LedgerReport {
        check: index,
        problem: Some(problem),
        ..LedgerReport::default()
    };
    let mut books = match books(check, ledger) {
        Ok(books) => books,
        Err(error) => return broken(format!("the ledger cannot be read: {error}")),
    };
    books.leave_out(before.iter().cloned());
    let deadline = Instant::now() + check.within.duration();
    let mut last: Option<LedgerReport> = None;
    loop {
        let found = match held_in_all(check, services).await {
            Ok(held) => books.compare(index, held),
            Err(problem) => broken(problem),
        };
        let steady = last.as_ref() == Some(&found);
        let settled = steady && found.problem.is_none() && found.lost.is_none();
        if settled || Instant::now() >= deadline {
            return found;
        }
        last = Some(found);
        sleep(PAUSE).await;
    }
}

/// The ledger of a run while its load goes on.
#[derive(Debug, Clone)]
pub struct LiveLedger(PathBuf);

impl LiveLedger {
    /// Of the run in a folder.
    pub fn new(folder: &Path) -> Self {
        Self(folder.join(crate::folder::LEDGER))
    }
}

#[async_trait]
impl Stores for LiveLedger {
    async fn compare(
        &self,
        check: &LedgerCheck,
        services: &BTreeMap<Name, String>,
    ) -> LedgerReport {
        let broken = |problem: String| LedgerReport {
            problem: Some(problem),
            ..LedgerReport::default()
        };
        // What was acknowledged is read before what is held: the other way round a write between
        // the two would seem lost.
        let books = match books(check, &self.0) {
            Ok(books) => books,
            Err(error) => return broken(format!("the ledger cannot be read: {error}")),
        };
        match held(&check.source, services).await {
            Ok(held) => books.compare(0, held),
            Err(problem) => broken(problem),
        }
    }
}

/// The client's side: the writes of the journey and step that a check speaks of.
fn books(check: &LedgerCheck, ledger: &Path) -> std::io::Result<Books> {
    let mut books = Books::default();
    let mut lines = BufReader::new(File::open(ledger)?);
    let mut line = String::new();
    // A line without an end is still being written.
    while lines.read_line(&mut line)? > 0 && line.ends_with('\n') {
        let write: Write = serde_json::from_str(&line)?;
        line.clear();
        let is_step = check.step.as_ref().is_none_or(|step| *step == write.step);
        if write.journey == check.of && is_step {
            books.add(&write);
        }
    }
    Ok(books)
}

async fn over_http(
    source: &HttpSource,
    services: &BTreeMap<Name, String>,
) -> Result<Vec<Held>, String> {
    let path = |text: &str| {
        JsonPath::parse(text).map_err(|error| format!("`{text}` is no JSON path: {error}"))
    };
    let address = services.get(&source.service);
    let address = address.ok_or_else(|| format!("{} has no address", source.service))?;
    let (entries, key) = (path(&source.entries)?, path(&source.key)?);
    let next = source.next.as_deref().map(path).transpose()?;
    let record: Vec<JsonPath> = source
        .record
        .iter()
        .map(|text| path(text))
        .collect::<Result<_, _>>()?;
    let (mut held, mut after) = (Vec::new(), "0".to_owned());
    for _ in 0..MOST_PAGES {
        let page = source.path.replace("{after}", &after);
        let page: Value = match timeout(PATIENCE, get(address, &page)).await {
            Ok(Ok(bytes)) => serde_json::from_slice(&bytes)
                .map_err(|error| format!("GET {page} of {} is no JSON: {error}", source.service))?,
            Ok(Err(reason)) => return Err(format!("GET {page} of {}: {reason}", source.service)),
            Err(_) => return Err(format!("GET {page} of {}: no answer", source.service)),
        };
        for (place, entry) in entries.query(&page).all().into_iter().enumerate() {
            let values: Vec<Option<Value>> = record
                .iter()
                .map(|path| path.query(entry).first().cloned())
                .collect();
            held.push(Held {
                key: match key.query(entry).first() {
                    None | Some(Value::Null) => format!("without a key, after {after}, {place}"),
                    Some(Value::String(key)) => key.clone(),
                    Some(other) => other.to_string(),
                },
                digest: (!record.is_empty()).then(|| fingerprint(&values)),
            });
        }
        let more = next
            .as_ref()
            .and_then(|next| next.query(&page).first().cloned());
        match more {
            None | Some(Value::Null) => return Ok(held),
            Some(Value::String(more)) if more == after => return Ok(held),
            Some(Value::String(more)) => after = more,
            Some(more) => after = more.to_string(),
        }
    }
    Err(format!("{} has more than {MOST_PAGES} pages", source.path))
}

/// How a failure begins that is an answer.
pub(crate) const ANSWERED: &str = "answered ";

/// The body of a successful answer.
pub(crate) async fn get(address: &str, path: &str) -> Result<Bytes, String> {
    let words = |error: hyper::Error| error.to_string();
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(words)?;
    let request = hyper::Request::get(path)
        .header("host", address)
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let reply = async {
        let reply = sender.send_request(request).await.map_err(words)?;
        if !reply.status().is_success() {
            return Err(format!("{ANSWERED}{}", reply.status()));
        }
        let body = Limited::new(reply.into_body(), LARGEST_PAGE)
            .collect()
            .await;
        body.map(http_body_util::Collected::to_bytes)
            .map_err(|error| error.to_string())
    };
    // The connection is driven beside the request and dropped with it: no task is left behind.
    tokio::pin!(reply);
    tokio::select! {
        reply = &mut reply => reply,
        ended = connection => match ended {
            // The last bytes may be there although the connection has ended.
            Ok(()) => reply.await,
            Err(error) => Err(error.to_string()),
        },
    }
}

/// Executes statements one after the other, however long that takes. A database that accepts
/// connections and is still starting up is waited for.
pub(crate) async fn execute(
    url: &str,
    statements: &str,
    services: &BTreeMap<Name, String>,
) -> Result<(), String> {
    let url = addressed(url, services);
    let connected = loop {
        match tokio_postgres::connect(&url, NoTls).await {
            Err(error) if error.code() == Some(&SqlState::CANNOT_CONNECT_NOW) => {
                sleep(STARTING).await;
            }
            connected => break connected.map_err(|error| words(&error))?,
        }
    };
    ask(connected, statements).await.map(drop)
}

/// The rows that a query answers with, in text.
async fn rows(
    url: &str,
    query: &str,
    services: &BTreeMap<Name, String>,
) -> Result<Vec<SimpleQueryMessage>, String> {
    let url = addressed(url, services);
    let asked = async {
        let connected = tokio_postgres::connect(&url, NoTls)
            .await
            .map_err(|error| words(&error))?;
        ask(connected, query).await
    };
    timeout(PATIENCE, asked)
        .await
        .map_err(|_| "the database does not answer".to_owned())?
}

/// The address of a database, its service's own filled in.
fn addressed(url: &str, services: &BTreeMap<Name, String>) -> String {
    services
        .iter()
        .fold(url.to_owned(), |url, (name, address)| {
            url.replace(&format!("{{service:{name}}}"), address)
        })
}

fn words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(error) => format!("the database says: {error}"),
        None => format!("the database cannot be asked: {error}"),
    }
}

async fn ask(
    (client, connection): (Client, Connection<Socket, NoTlsStream>),
    query: &str,
) -> Result<Vec<SimpleQueryMessage>, String> {
    // Text by text: what a database calls a number or a date needs no type of ours.
    let query = client.simple_query(query);
    tokio::pin!(query);
    tokio::select! {
        rows = &mut query => rows.map_err(|error| words(&error)),
        ended = connection => match ended {
            Ok(()) => query.await.map_err(|error| words(&error)),
            Err(error) => Err(words(&error)),
        },
    }
}

/// The first column of the first row of a query's answer; `None` where that is null.
pub(crate) async fn first_cell(
    url: &str,
    query: &str,
    services: &BTreeMap<Name, String>,
) -> Result<Option<String>, String> {
    for message in rows(url, query, services).await? {
        if let SimpleQueryMessage::Row(row) = message {
            let cell = row.try_get(0).map_err(|error| error.to_string())?;
            return Ok(cell.map(str::to_owned));
        }
    }
    Err("the query answers without a row".to_owned())
}

async fn by_query(
    source: &SqlSource,
    services: &BTreeMap<Name, String>,
) -> Result<Vec<Held>, String> {
    let messages = rows(&source.url, &source.query, services).await?;
    let mut held = Vec::new();
    for message in messages {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        let values: Vec<Option<Value>> = (1..row.len())
            .map(|column| row.get(column).map(Value::from))
            .collect();
        held.push(Held {
            key: row.try_get(0).ok().flatten().map_or_else(
                || format!("without a key, row {}", held.len() + 1),
                str::to_owned,
            ),
            digest: (!values.is_empty()).then(|| fingerprint(&values)),
        });
    }
    Ok(held)
}
