//! A session against a server of a few words, in simulated time.

use super::answer::Error;
use super::message::message;
use super::*;
use crate::spec::LinkSpec;
use crate::toxics::kind;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A conversation with the bytes that came out of it.
struct Talk {
    postgres: Postgres,
    now: Instant,
}

fn startup() -> Vec<u8> {
    [&[0, 0, 0, 9, 0, 3, 0, 0][..], b"\0"].concat()
}

fn toxic(id: u64, name: &str, attributes: Value) -> Arc<Toxic> {
    let kind = kind(name).unwrap();
    let given: Map<String, Value> = serde_json::from_value(attributes).unwrap();
    Arc::new(Toxic {
        id,
        revision: 0,
        name: name.to_owned(),
        kind,
        stream: Stream::Downstream,
        toxicity: 1.0,
        attributes: kind.merge(&Map::new(), &given).unwrap(),
        marks: Arc::default(),
        shared: Arc::default(),
    })
}

fn query(text: &str) -> Vec<u8> {
    message(b'Q', format!("{text}\0").as_bytes()).to_vec()
}

fn ready(status: u8) -> Vec<u8> {
    message(b'Z', &[status]).to_vec()
}

fn done(tag: &str) -> Vec<u8> {
    message(b'C', format!("{tag}\0").as_bytes()).to_vec()
}

impl Talk {
    fn new() -> Self {
        let link = Arc::new(Link::new(1, &LinkSpec::new("test"), 7, Arc::default()));
        Self {
            postgres: Postgres::new(link, 0, None),
            now: Instant::now(),
        }
    }

    /// A session that began and rests.
    fn session() -> Self {
        let mut talk = Self::new();
        assert_eq!(talk.asks(&startup()), startup());
        let greeting = [&message(b'R', &[0; 4])[..], &ready(b'I')].concat();
        assert_eq!(talk.answers(&greeting), greeting);
        talk
    }

    fn with(mut self, toxics: &[Arc<Toxic>]) -> Self {
        self.postgres.adopt(toxics);
        self
    }

    fn take(&mut self, stream: Stream) -> Vec<u8> {
        self.postgres.advance(self.now);
        let outbox = self.postgres.outbox(stream);
        std::iter::from_fn(|| outbox.pop())
            .flat_map(|segment| segment.data)
            .collect()
    }

    /// What the server gets of what the caller says.
    fn asks(&mut self, data: &[u8]) -> Vec<u8> {
        self.postgres.received(Stream::Upstream, data, self.now);
        self.take(Stream::Upstream)
    }

    /// What the caller gets of what the server says.
    fn answers(&mut self, data: &[u8]) -> Vec<u8> {
        self.postgres.received(Stream::Downstream, data, self.now);
        self.take(Stream::Downstream)
    }

    fn end(&mut self) -> Option<End> {
        self.postgres.outbox(Stream::Downstream).coming_end()
    }
}

/// The `SQLSTATE` and the text of an error.
fn said(raw: &[u8]) -> (String, String) {
    let text = |name| String::from_utf8_lossy(answer::field(raw, name).unwrap()).into_owned();
    (text(b'C'), text(b'M'))
}

#[test]
fn a_server_that_speaks_before_it_is_asked_is_passed_in_order() {
    let mut talk = Talk::new().with(&[toxic(1, "postgres_read_only", json!({}))]);
    let asked = [0, 0, 0, 8, 4, 210, 22, 47];
    assert_eq!(talk.asks(&asked[..3]), b"");
    assert_eq!(talk.answers(b"N"), b"");
    assert_eq!(talk.asks(&asked[3..]), asked);
    assert_eq!(talk.answers(b"Z"), b"NZ");
    assert_eq!(talk.asks(b"more"), b"more");
}

#[test]
fn what_no_fault_matches_passes_as_it_came() {
    let slow = toxic(
        1,
        "postgres_slow",
        json!({ "delay": 50, "statement": "UPDATE*" }),
    );
    let mut talk = Talk::session().with(&[slow]);
    let all = [
        query("SELECT 1"),
        message(b'P', b"s\0SELECT $1\0\0\0").to_vec(),
        message(b'B', b"\0s\0\0\0\0\0\0\0").to_vec(),
        message(b'E', b"\0\0\0\0\0").to_vec(),
        message(b'S', b"").to_vec(),
        message(b'd', &[1; 5_000]).to_vec(),
    ]
    .concat();
    let mut passed = Vec::new();
    for piece in all.chunks(7) {
        passed.extend(talk.asks(piece));
    }
    assert_eq!(passed, all);
    let all = [
        done("INSERT 0 1"),
        ready(b'T'),
        message(b'D', &[9; 999]).to_vec(),
        ready(b'I'),
    ]
    .concat();
    let mut passed = Vec::new();
    for piece in all.chunks(11) {
        passed.extend(talk.answers(piece));
    }
    assert_eq!(passed, all);
}

#[test]
fn a_statement_waits_and_what_follows_waits_behind_it() {
    let slow = toxic(
        1,
        "postgres_slow",
        json!({ "delay": 50, "statement": "select *" }),
    );
    let mut talk = Talk::session().with(std::slice::from_ref(&slow));
    let both = [query("SELECT\n 1"), query("COMMIT")].concat();
    assert_eq!(talk.asks(&both), b"");
    talk.now += Duration::from_millis(49);
    assert_eq!(talk.take(Stream::Upstream), b"");
    talk.now += Duration::from_millis(1);
    assert_eq!(talk.take(Stream::Upstream), both);
    let witness = slow.marks.read();
    assert_eq!(
        (witness.matched, witness.requests, witness.delay.count()),
        (1, 1, 1)
    );
}

#[test]
fn a_prepared_statement_is_matched_where_it_is_executed() {
    let slow = toxic(
        1,
        "postgres_slow",
        json!({ "delay": 50, "statement": "SELECT*" }),
    );
    let mut talk = Talk::session().with(&[slow]);
    let prepared = [
        &message(b'P', b"s\0SELECT 1\0\0\0")[..],
        &message(b'B', b"p\0s\0\0\0\0\0\0\0"),
    ]
    .concat();
    assert_eq!(talk.asks(&prepared), prepared);
    let execute = message(b'E', b"p\0\0\0\0\0").to_vec();
    assert_eq!(talk.asks(&execute), b"");
    talk.now += Duration::from_millis(50);
    assert_eq!(talk.take(Stream::Upstream), execute);
}

#[test]
fn a_held_statement_goes_on_when_its_fault_goes() {
    let slow = toxic(1, "postgres_slow", json!({ "delay": 60_000 }));
    let mut talk = Talk::session().with(&[slow]);
    assert_eq!(talk.asks(&query("SELECT 1")), b"");
    talk = talk.with(&[]);
    assert_eq!(talk.take(Stream::Upstream), query("SELECT 1"));
}

#[test]
fn the_server_itself_refuses_what_writes_in_the_words_of_a_standby() {
    let fault = toxic(3, "postgres_read_only", json!({}));
    let mut talk = Talk::session().with(std::slice::from_ref(&fault));
    assert_eq!(talk.asks(&query("SELECT 1")), query("SELECT 1"));
    let sent = talk.asks(&query("BEGIN; INSERT INTO a VALUES (1); COMMIT"));
    assert_eq!(
        sent,
        query("BEGIN; EXECUTE \"failure lab refuses 3 INSERT\"")
    );
    let unknown = "prepared statement \"failure lab refuses 3 INSERT\" does not exist";
    let refusal = Error {
        text: unknown.to_owned(),
        ..Error::too_many()
    };
    let answer = talk.answers(&[&refusal.written()[..], &ready(b'E')].concat());
    let expected = "cannot execute INSERT in a read-only transaction".to_owned();
    assert_eq!(said(&answer), ("25006".to_owned(), expected));
    assert!(answer.ends_with(&ready(b'E')));
    let witness = fault.marks.read();
    assert_eq!((witness.matched, witness.requests), (1, 1));
}

#[test]
fn a_commit_is_lost_and_an_open_transaction_is_not() {
    let fault = toxic(1, "postgres_lost_commit", json!({}));
    let mut talk = Talk::session().with(std::slice::from_ref(&fault));
    talk.asks(&query("INSERT INTO a VALUES (1)"));
    let inside = [done("INSERT 0 1"), ready(b'T')].concat();
    assert_eq!(talk.answers(&inside), inside);
    talk.asks(&query("COMMIT"));
    assert_eq!(talk.answers(&done("COMMIT")), b"");
    assert_eq!(talk.answers(&ready(b'I')), b"");
    assert_eq!(talk.end(), Some(End::Torn));
    let witness = fault.marks.read();
    assert_eq!(
        (witness.matched, witness.requests, witness.resets),
        (1, 1, 1)
    );
}

#[test]
fn what_commits_nothing_is_not_lost() {
    let fault = toxic(1, "postgres_lost_commit", json!({}));
    let mut talk = Talk::session().with(&[fault]);
    for tag in ["UPDATE 0", "INSERT 0 0", "SELECT 3", "ROLLBACK", "BEGIN"] {
        talk.asks(&query("x"));
        let answer = [done(tag), ready(b'I')].concat();
        assert_eq!(talk.answers(&answer), answer, "{tag}");
    }
}

#[test]
fn without_a_sync_on_its_way_nothing_is_withheld() {
    let fault = toxic(1, "postgres_lost_commit", json!({}));
    let mut talk = Talk::session().with(&[fault]);
    talk.asks(&[&message(b'E', b"\0\0\0\0\0")[..], &message(b'H', b"")].concat());
    assert_eq!(talk.answers(&done("INSERT 0 1")), done("INSERT 0 1"));
}

#[test]
fn a_session_beyond_the_number_is_turned_away() {
    let full = toxic(1, "postgres_pool", json!({ "connections": 0 }));
    let mut talk = Talk::new().with(&[full]);
    assert_eq!(talk.asks(&startup()), b"");
    let answer = talk.take(Stream::Downstream);
    assert_eq!(said(&answer).0, "53300");
    assert_eq!(talk.end(), Some(End::Closed));
}

#[test]
fn a_failover_ends_sessions_and_lets_none_begin() {
    let fault = toxic(1, "postgres_failover", json!({}));
    let mut open = Talk::session().with(std::slice::from_ref(&fault));
    assert_eq!(said(&open.take(Stream::Downstream)).0, "57P01");
    assert_eq!(open.end(), Some(End::Closed));
    let mut fresh = Talk::new().with(&[fault]);
    fresh.asks(&startup());
    assert_eq!(said(&fresh.take(Stream::Downstream)).0, "57P03");
    let crash = toxic(2, "postgres_failover", json!({ "sessions": "reset" }));
    let mut open = Talk::session().with(&[crash]);
    assert_eq!(open.take(Stream::Downstream), b"");
    assert_eq!(open.end(), Some(End::Torn));
}

#[test]
fn encryption_that_is_refused_leaves_a_session_and_else_nothing_is_read() {
    let request = [0, 0, 0, 8, 4, 210, 22, 47];
    let slow = toxic(1, "postgres_slow", json!({ "delay": 50 }));
    let mut talk = Talk::new().with(&[slow]);
    assert_eq!(talk.asks(&request), request);
    assert_eq!(talk.answers(b"N"), b"N");
    assert_eq!(talk.asks(&startup()), startup());
    assert_eq!(talk.asks(&query("SELECT 1")), b"");
    let mut talk = Talk::new();
    talk.asks(&request);
    assert_eq!(talk.answers(b"S"), b"S");
    assert_eq!(
        talk.asks(b"\x16\x03\x01 anything"),
        b"\x16\x03\x01 anything"
    );
}

#[test]
fn ends_pass_behind_everything_else() {
    let slow = toxic(1, "postgres_slow", json!({ "delay": 50 }));
    let mut talk = Talk::session().with(&[slow]);
    assert_eq!(talk.asks(&query("SELECT 1")), b"");
    talk.postgres.ended(Stream::Upstream, End::Finished);
    assert_eq!(talk.take(Stream::Upstream), b"");
    assert_eq!(talk.postgres.outbox(Stream::Upstream).coming_end(), None);
    talk.now += Duration::from_millis(50);
    assert_eq!(talk.take(Stream::Upstream), query("SELECT 1"));
    assert_eq!(
        talk.postgres.outbox(Stream::Upstream).coming_end(),
        Some(End::Finished)
    );
}
