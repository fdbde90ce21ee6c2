//! Faults of PostgreSQL against clients and a server that are not ours: Debian's PostgreSQL, psql
//! and pgbench.

use super::support::*;
use lab_proxy::{Proxy, ToxicSpec, Witness};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

/// Where Debian keeps them.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
/// Whose the server's files are where the tests are run by root, as it refuses to be.
const NOBODY: u32 = 65_534;

/// A server with an empty database, ended and removed when it is dropped.
struct Server {
    address: SocketAddr,
    folder: PathBuf,
    process: Child,
}

/// A program of PostgreSQL, without privileges.
fn program(name: &str) -> Command {
    let mut command = Command::new(format!("{PROGRAMS}/{name}"));
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

impl Server {
    /// `None`, with a word on why, where PostgreSQL is not installed.
    async fn start(name: &str, settings: &[&str]) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let folder =
            std::env::temp_dir().join(format!("lab-postgres-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        if is_root() {
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let data = folder.join("data");
        let made = program("initdb")
            .args([
                "-U",
                "me",
                "-A",
                "trust",
                "-N",
                "-E",
                "UTF8",
                "--locale=C",
                "-D",
            ])
            .arg(&data)
            .status();
        if !made.is_ok_and(|status| status.success()) {
            eprintln!("skipped: PostgreSQL is not installed in {PROGRAMS}");
            let _ = std::fs::remove_dir_all(&folder);
            return None;
        }
        let mut command = program("postgres");
        command.arg("-D").arg(&data).args(["-h", "127.0.0.1", "-p"]);
        command
            .arg(address.port().to_string())
            .arg("-k")
            .arg(&folder);
        for setting in ["fsync=off", "max_wal_senders=0"].iter().chain(settings) {
            command.args(["-c", setting]);
        }
        let process = command.spawn().unwrap();
        let server = Self {
            address,
            folder,
            process,
        };
        for _ in 0..1_000 {
            if psql(address, "SELECT 1").await.0 {
                psql(address, "CREATE TABLE a (b int)").await;
                return Some(server);
            }
            sleep(Duration::from_millis(20)).await;
        }
        panic!("PostgreSQL does not answer");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn psql_on(address: SocketAddr) -> Command {
    let mut command = program("psql");
    let port = address.port();
    let target = format!("host=127.0.0.1 port={port} user=me dbname=postgres connect_timeout=20");
    command
        .args(["-XAtq", "-v", "VERBOSITY=verbose", "-d"])
        .arg(target);
    command
}

/// Whether one text of statements went well, and all that psql says.
async fn psql(address: SocketAddr, text: &str) -> (bool, String) {
    let mut command = psql_on(address);
    command
        .args(["-c", text])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said += &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), said)
}

/// A session of psql that stays, and is told one line after the other.
struct Session {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn new(address: SocketAddr) -> Self {
        let mut command = psql_on(address);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // Errors come where they belong among the answers.
        let mut shell = Command::new("sh");
        shell
            .arg("-c")
            .arg("exec \"$0\" \"$@\" 2>&1")
            .arg(command.get_program())
            .args(command.get_args());
        if is_root() {
            shell.uid(NOBODY).gid(NOBODY);
        }
        let mut process = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self {
            process,
            input,
            output,
        }
    }

    /// What is answered to a line, up to a mark that psql itself writes behind it.
    fn say(&mut self, line: &str) -> String {
        let input = self.input.as_mut().unwrap();
        let _ = writeln!(input, "{line}\n\\echo MARK");
        let mut answer = String::new();
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            if read == 0 || line == "MARK\n" {
                return answer;
            }
            answer += &line;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn witness(proxy: &Proxy, toxic: &str) -> Witness {
    let seen = proxy.observe().await.unwrap();
    seen.links["link"].toxic(toxic).unwrap().witness.clone()
}

async fn add(proxy: &Proxy, kind: &str, attributes: &[(&str, Value)]) {
    let mut spec = ToxicSpec::new(kind).named("fault");
    for (name, value) in attributes {
        spec = spec.with(name, value.clone());
    }
    proxy.add_toxic("link", spec).await.unwrap();
}

async fn rows(server: &Server) -> String {
    psql(server.address, "SELECT count(*) FROM a")
        .await
        .1
        .trim()
        .to_owned()
}

/// What a server says to a session that begins, up to the end or its readiness.
async fn greeting(address: SocketAddr) -> Vec<u8> {
    let mut stream = connect(address).await;
    let body = b"\0\x03\0\0user\0me\0database\0postgres\0\0";
    let mut packet = u32::try_from(body.len() + 4)
        .unwrap()
        .to_be_bytes()
        .to_vec();
    packet.extend_from_slice(body);
    stream.write_all(&packet).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_says_so_as_a_full_server_does() {
    let limits = ["max_connections=2", "superuser_reserved_connections=0"];
    let Some(server) = Server::start("pool", &limits).await else {
        return;
    };
    let proxy = proxy();
    let address = link(&proxy, server.address).await;
    let mut open = Session::new(address);
    assert_eq!(open.say("SELECT 1;"), "1\n");
    add(&proxy, "postgres_pool", &[("connections", 1.into())]).await;
    let (ok, said) = psql(address, "SELECT 1").await;
    assert!(
        !ok && said.contains("FATAL:  sorry, too many clients already"),
        "{said}"
    );
    assert_eq!(open.say("SELECT 2;"), "2\n");
    let ours = greeting(address).await;
    let mut other = Session::new(server.address);
    assert_eq!(other.say("SELECT 1;"), "1\n");
    assert_eq!(
        ours,
        greeting(server.address).await,
        "as the server says it itself"
    );
    drop(other);
    let seen = witness(&proxy, "fault").await;
    assert_eq!((seen.matched, seen.requests, seen.closes), (2, 2, 2));
    // A session that ends leaves its place to another.
    drop(open);
    for _ in 0..500 {
        if psql(address, "SELECT 1").await.0 {
            break;
        }
    }
    assert_eq!(psql(address, "SELECT 1").await, (true, "1\n".to_owned()));
    take_back(&proxy).await;
    let mut first = Session::new(address);
    assert_eq!(first.say("SELECT 3;"), "3\n");
    assert!(
        psql(address, "SELECT 1").await.0,
        "beyond the fault's number"
    );
}

/// Takes the fault back.
async fn take_back(proxy: &Proxy) {
    proxy.remove_toxic("link", "fault").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_statements_are_the_ones_that_match() {
    let Some(server) = Server::start("slow", &[]).await else {
        return;
    };
    let proxy = proxy();
    let address = link(&proxy, server.address).await;
    let mut open = Session::new(address);
    assert_eq!(open.say("PREPARE early AS SELECT 5;"), "");
    let pattern: Value = "insert into a *".into();
    add(
        &proxy,
        "postgres_slow",
        &[("delay", 700.into()), ("statement", pattern)],
    )
    .await;
    let begun = Instant::now();
    assert_eq!(open.say("SELECT 1;"), "1\n");
    assert_eq!(open.say("EXECUTE early;"), "5\n");
    assert!(begun.elapsed() < Duration::from_millis(700));
    let begun = Instant::now();
    assert_eq!(open.say("INSERT  INTO a\nVALUES (1);"), "");
    assert!(begun.elapsed() >= Duration::from_millis(700));
    // pgbench prepares its statement and executes it by name.
    let script = server.folder.join("script");
    std::fs::write(&script, "INSERT INTO a VALUES (2);\n").unwrap();
    let mut bench = program("pgbench");
    let port = address.port().to_string();
    bench.args([
        "-n",
        "-t",
        "3",
        "-M",
        "prepared",
        "-h",
        "127.0.0.1",
        "-U",
        "me",
        "-p",
        &port,
        "-f",
    ]);
    bench.arg(&script).arg("postgres");
    let begun = Instant::now();
    let status = tokio::task::spawn_blocking(move || bench.status())
        .await
        .unwrap();
    assert!(status.unwrap().success());
    assert!(begun.elapsed() >= Duration::from_millis(2_100));
    let seen = witness(&proxy, "fault").await;
    assert_eq!((seen.matched, seen.requests, seen.delay.count()), (4, 4, 4));
    assert!(seen.delay.sum_us >= 4 * 700_000, "{seen:?}");
    assert_eq!(rows(&server).await, "4");
    take_back(&proxy).await;
    let begun = Instant::now();
    assert_eq!(open.say("INSERT INTO a VALUES (3);"), "");
    assert!(begun.elapsed() < Duration::from_millis(700));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_server_keeps_its_transactions_straight() {
    let Some(server) = Server::start("read-only", &[]).await else {
        return;
    };
    let proxy = proxy();
    let address = link(&proxy, server.address).await;
    let mut open = Session::new(address);
    assert_eq!(open.say("SELECT 1;"), "1\n");
    // What the server itself says of a transaction that may not write.
    let (_, theirs) = psql(server.address, "BEGIN READ ONLY; INSERT INTO a VALUES (1)").await;
    add(&proxy, "postgres_read_only", &[]).await;
    let (ok, ours) = psql(address, "INSERT INTO a VALUES (1)").await;
    assert_eq!((ok, ours), (false, theirs));
    assert_eq!(open.say("SELECT 1;"), "1\n");
    assert_eq!(open.say("BEGIN;"), "");
    let refused = open.say("DELETE FROM a;");
    assert!(
        refused.starts_with("ERROR:  25006: cannot execute DELETE in a read-only transaction"),
        "{refused}"
    );
    let aborted = open.say("SELECT 1;");
    assert!(aborted.contains("25P02"), "{aborted}");
    let still = open.say("INSERT INTO a VALUES (1);");
    assert!(
        still.contains("25P02"),
        "a transaction that failed says so first: {still}"
    );
    assert_eq!(open.say("ROLLBACK;"), "");
    assert_eq!(open.say("SELECT 2;"), "2\n");
    let script = server.folder.join("script");
    std::fs::write(&script, "INSERT INTO a VALUES (2);\n").unwrap();
    let mut bench = program("pgbench");
    let port = address.port().to_string();
    bench.args([
        "-n",
        "-t",
        "1",
        "-M",
        "prepared",
        "-h",
        "127.0.0.1",
        "-U",
        "me",
        "-p",
        &port,
        "-f",
    ]);
    bench.arg(&script).arg("postgres").stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || bench.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("cannot execute INSERT in a read-only transaction"),
        "{said}"
    );
    let seen = witness(&proxy, "fault").await;
    assert_eq!((seen.matched, seen.requests), (4, 3));
    assert_eq!(rows(&server).await, "0");
    take_back(&proxy).await;
    assert_eq!(open.say("INSERT INTO a VALUES (1);"), "");
    assert_eq!(rows(&server).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_is_there_and_its_caller_does_not_know() {
    let Some(server) = Server::start("commit", &[]).await else {
        return;
    };
    let proxy = proxy();
    let address = link(&proxy, server.address).await;
    let mut open = Session::new(address);
    assert_eq!(open.say("SELECT 1;"), "1\n");
    add(&proxy, "postgres_lost_commit", &[]).await;
    assert_eq!(open.say("BEGIN;"), "");
    assert_eq!(open.say("INSERT INTO a VALUES (1);"), "");
    assert_eq!(rows(&server).await, "0");
    let lost = open.say("COMMIT;");
    assert!(lost.contains("onnection"), "{lost}");
    assert_eq!(rows(&server).await, "1");
    let (ok, said) = psql(address, "INSERT INTO a VALUES (2)").await;
    assert!(!ok, "{said}");
    assert_eq!(rows(&server).await, "2");
    assert!(psql(address, "SELECT 1").await.0, "reading commits nothing");
    let seen = witness(&proxy, "fault").await;
    assert_eq!((seen.matched, seen.requests, seen.resets), (2, 2, 2));
    take_back(&proxy).await;
    assert_eq!(
        psql(address, "INSERT INTO a VALUES (3)").await,
        (true, String::new())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failover_ends_what_is_open_and_goes_by() {
    let Some(server) = Server::start("failover", &[]).await else {
        return;
    };
    let proxy = proxy();
    let address = link(&proxy, server.address).await;
    let mut open = Session::new(address);
    assert_eq!(open.say("SELECT 1;"), "1\n");
    add(&proxy, "postgres_failover", &[]).await;
    let ended = open.say("SELECT 2;");
    assert!(
        ended.contains("57P01: terminating connection due to administrator command"),
        "{ended}"
    );
    let (ok, said) = psql(address, "SELECT 1").await;
    assert!(
        !ok && said.contains("the database system is starting up"),
        "{said}"
    );
    let seen = witness(&proxy, "fault").await;
    assert!(
        seen.matched >= 2 && seen.matched == seen.requests,
        "{seen:?}"
    );
    take_back(&proxy).await;
    assert_eq!(psql(address, "SELECT 4").await, (true, "4\n".to_owned()));
}
