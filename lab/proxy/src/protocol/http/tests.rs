//! Conversations without sockets: what comes out must be what went in, but for what was asked.

use super::*;
use crate::spec::LinkSpec;
use crate::toxics::kind;
use crate::witness::Marks;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A conversation with its clock.
struct Talk {
    http: Http,
    start: Instant,
    now: Instant,
    to_upstream: Vec<u8>,
    to_caller: Vec<u8>,
    ends: [Option<End>; 2],
}

fn toxic(id: u64, name: &str, toxicity: f64, attributes: Value) -> Arc<Toxic> {
    let kind = kind(name).unwrap();
    let Value::Object(attributes) = attributes else {
        panic!("no object")
    };
    Arc::new(Toxic {
        id,
        revision: 0,
        name: name.to_owned(),
        kind,
        stream: Stream::Downstream,
        toxicity,
        attributes: kind.merge(&Map::new(), &attributes).unwrap(),
        marks: Arc::new(Marks::default()),
        shared: Arc::default(),
    })
}

impl Talk {
    fn new(toxics: &[Arc<Toxic>]) -> Self {
        let link = Link::new(1, &LinkSpec::new("link"), 7, Arc::default());
        let mut http = Http::new(Arc::new(link), 0);
        http.adopt(toxics);
        let now = Instant::now();
        Self {
            http,
            start: now,
            now,
            to_upstream: Vec::new(),
            to_caller: Vec::new(),
            ends: [None; 2],
        }
    }

    fn flush(&mut self) {
        self.http.advance(self.now);
        let streams = [Stream::Upstream, Stream::Downstream];
        for (index, stream) in streams.into_iter().enumerate() {
            let outbox = self.http.outbox(stream);
            while let Some(segment) = outbox.pop() {
                let out = match stream {
                    Stream::Upstream => &mut self.to_upstream,
                    Stream::Downstream => &mut self.to_caller,
                };
                out.extend_from_slice(&segment.data);
            }
            self.ends[index] = outbox.end().map(|(end, _)| end);
        }
    }

    fn asks(&mut self, data: &[u8]) -> &mut Self {
        self.http.received(Stream::Upstream, data, self.now);
        self.flush();
        self
    }

    fn answers(&mut self, data: &[u8]) -> &mut Self {
        self.http.received(Stream::Downstream, data, self.now);
        self.flush();
        self
    }

    fn ends(&mut self, stream: Stream) -> &mut Self {
        self.http.ended(stream, End::Finished);
        self.flush();
        self
    }

    /// Lets time pass to wherever it waits for; how long that was since the start, in ms.
    fn wait(&mut self) -> u128 {
        if let Some(until) = self.http.wakes() {
            self.now = until;
        }
        self.flush();
        self.now.duration_since(self.start).as_millis()
    }

    fn caller_got(&self) -> &str {
        str::from_utf8(&self.to_caller).unwrap()
    }

    fn upstream_got(&self) -> &str {
        str::from_utf8(&self.to_upstream).unwrap()
    }
}

const ASK: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

#[test]
fn a_status_is_answered_and_the_upstream_never_asked() {
    let busy = toxic(
        1,
        "http_status",
        1.0,
        json!({ "status": 503, "header": "Retry-After: 1", "body": "busy", "match": { "path": "/a*" } }),
    );
    let mut talk = Talk::new(std::slice::from_ref(&busy));
    talk.asks(b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
    let busy_reply =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy";
    assert_eq!((talk.caller_got(), talk.upstream_got()), (busy_reply, ""));
    // The connection goes on, and what does not match goes through.
    talk.asks(b"GET /b HTTP/1.1\r\n\r\n").answers(HELLO);
    assert_eq!(talk.upstream_got(), "GET /b HTTP/1.1\r\n\r\n");
    assert!(
        talk.caller_got()
            .ends_with("busyHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    );
    let witness = busy.marks.read();
    assert_eq!(
        (witness.matched, witness.requests, witness.connections),
        (1, 1, 1)
    );
}

#[test]
fn head_and_close_are_respected_by_answers() {
    let busy = || {
        toxic(
            1,
            "http_status",
            1.0,
            json!({ "status": 500, "body": "oh" }),
        )
    };
    let mut talk = Talk::new(&[busy()]);
    talk.asks(b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
    let expected =
        "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\nConnection: close\r\n\r\n";
    assert_eq!(talk.caller_got(), expected);
    assert_eq!(talk.ends[1], Some(End::Closed));
    // Nobody knows whether the body comes: the connection ends.
    let mut talk = Talk::new(&[busy()]);
    talk.asks(b"PUT / HTTP/1.1\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
    assert!(talk.caller_got().contains("Connection: close"));
    assert_eq!(talk.ends[1], Some(End::Closed));
}

#[test]
fn the_first_requests_of_each_key_then_none() {
    let first = toxic(
        1,
        "http_status",
        1.0,
        json!({ "match": { "first": 2, "per": "Key" } }),
    );
    let mut talk = Talk::new(std::slice::from_ref(&first));
    for key in ["a", "b", "a", "a", "b", "b", "a"] {
        let upstream = talk.to_upstream.len();
        talk.asks(format!("GET / HTTP/1.1\r\nKey: {key}\r\n\r\n").as_bytes());
        if talk.to_upstream.len() > upstream {
            talk.answers(HELLO);
        }
    }
    assert_eq!(talk.caller_got().matches(" 503 ").count(), 4);
    assert_eq!(talk.caller_got().matches(" 200 ").count(), 3);
    let witness = first.marks.read();
    assert_eq!((witness.matched, witness.chosen, witness.spared), (7, 4, 3));
}

#[test]
fn the_seed_decides_on_a_share() {
    let run = |share| {
        let some = toxic(1, "http_status", share, json!({}));
        let mut talk = Talk::new(std::slice::from_ref(&some));
        for _ in 0..400 {
            let upstream = talk.to_upstream.len();
            talk.asks(ASK);
            if talk.to_upstream.len() > upstream {
                talk.answers(HELLO);
            }
        }
        (talk.to_caller, some.marks.read().requests)
    };
    let (first, touched) = run(0.3);
    assert_eq!(first, run(0.3).0);
    assert!((80..160).contains(&touched), "{touched}");
}

#[test]
fn a_body_is_held_until_it_is_judged() {
    let gold = toxic(
        1,
        "http_status",
        1.0,
        json!({ "match": { "body": "gold" } }),
    );
    let mut talk = Talk::new(std::slice::from_ref(&gold));
    talk.asks(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nago\r\n");
    assert_eq!((talk.upstream_got(), talk.caller_got()), ("", ""));
    talk.asks(b"2\r\nld\r\n0\r\n\r\n");
    assert!(talk.caller_got().starts_with("HTTP/1.1 503"));
    let plain = b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\niron";
    talk.asks(plain);
    assert_eq!(talk.to_upstream, plain);
    assert_eq!(gold.marks.read().matched, 1);
    // Who waits for leave to send is given it, once.
    let mut talk = Talk::new(&[toxic(
        1,
        "http_status",
        1.0,
        json!({ "match": { "body": "gold" } }),
    )]);
    talk.asks(b"POST / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(talk.caller_got(), "HTTP/1.1 100 Continue\r\n\r\n");
    talk.asks(b"iron")
        .answers(b"HTTP/1.1 100 Continue\r\n\r\n")
        .answers(HELLO);
    assert_eq!(talk.caller_got().matches("100 Continue").count(), 1);
    assert!(talk.caller_got().ends_with("hello"));
}

#[test]
fn replies_wait_as_long_as_was_asked() {
    let slow = toxic(1, "http_delay", 1.0, json!({ "delay": 300 }));
    let mut talk = Talk::new(std::slice::from_ref(&slow));
    talk.asks(ASK).answers(HELLO);
    assert_eq!(talk.caller_got(), "");
    assert_eq!(talk.wait(), 300);
    assert_eq!(talk.to_caller, HELLO);
    assert_eq!(slow.marks.read().delay.sum_us, 300_000);
    let middle = toxic(
        1,
        "http_delay",
        1.0,
        json!({ "delay": 50, "before": "body", "bytes": 2 }),
    );
    let mut talk = Talk::new(&[middle]);
    talk.asks(ASK).answers(HELLO);
    assert!(talk.caller_got().ends_with("\r\n\r\nhe"));
    assert_eq!((talk.wait(), talk.to_caller == HELLO), (50, true));
    // What is healed lets go at once.
    let mut talk = Talk::new(&[slow]);
    talk.asks(ASK).answers(HELLO);
    talk.http.adopt(&[]);
    assert_eq!((talk.wait(), talk.to_caller == HELLO), (0, true));
}

#[test]
fn bodies_are_cut_dripped_and_corrupted() {
    let cut = toxic(1, "http_truncate", 1.0, json!({ "bytes": 3 }));
    let mut talk = Talk::new(std::slice::from_ref(&cut));
    talk.asks(ASK).answers(HELLO);
    assert!(talk.caller_got().ends_with("\r\n\r\nhel"));
    assert_eq!(
        (talk.ends[1], cut.marks.read().closes),
        (Some(End::Closed), 1)
    );
    let cut = toxic(1, "http_truncate", 1.0, json!({ "bytes": 5 }));
    let mut talk = Talk::new(std::slice::from_ref(&cut));
    talk.asks(ASK).answers(HELLO);
    assert_eq!(
        (talk.ends[1], cut.marks.read().requests),
        (None, 0),
        "nothing was cut"
    );
    let reset = toxic(1, "http_reset", 1.0, json!({ "bytes": 1 }));
    let mut talk = Talk::new(&[reset]);
    talk.asks(ASK).answers(HELLO);
    assert!(talk.caller_got().ends_with("\r\n\r\nh"));
    assert_eq!(talk.ends[1], Some(End::Torn));
    let drip = toxic(1, "http_drip", 1.0, json!({ "bytes": 2, "every": 100 }));
    let mut talk = Talk::new(std::slice::from_ref(&drip));
    talk.asks(ASK).answers(HELLO);
    let lengths = [2, 4, 5].map(|length| {
        assert_eq!(talk.to_caller.len(), HELLO.len() - 5 + length);
        talk.wait()
    });
    assert_eq!(lengths, [100, 200, 200]);
    assert_eq!(drip.marks.read().requests, 1);
    let garble = toxic(1, "http_corrupt", 1.0, json!({ "byte_rate": 0.5 }));
    let mut talk = Talk::new(std::slice::from_ref(&garble));
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n";
    talk.asks(ASK).answers(chunked);
    let differ = talk.to_caller.iter().zip(chunked).enumerate();
    let places: Vec<_> = differ
        .filter(|(_, (a, b))| a != b)
        .map(|(at, _)| at)
        .collect();
    let data = chunked.len() - 17..chunked.len() - 7;
    assert!(
        !places.is_empty() && places.iter().all(|at| data.contains(at)),
        "{places:?}"
    );
    assert_eq!(garble.marks.read().bytes, places.len() as u64);
    assert_eq!(garble.marks.read().requests, 1);
}

#[test]
fn headers_come_change_and_go() {
    let check = |attributes: Value, upstream: &str, caller: &str| {
        let fault = toxic(1, "http_header", 1.0, attributes);
        let mut talk = Talk::new(std::slice::from_ref(&fault));
        talk.asks(b"GET / HTTP/1.1\r\nTraceParent: 00-1\r\nHost: x\r\n\r\n")
            .answers(HELLO);
        assert!(
            talk.upstream_got().contains(upstream),
            "{}",
            talk.upstream_got()
        );
        assert!(talk.caller_got().contains(caller), "{}", talk.caller_got());
        fault.marks.read().requests
    };
    let drop = json!({ "name": "traceparent" });
    assert_eq!(check(drop, "HTTP/1.1\r\nHost: x\r\n\r\n", "hello"), 1);
    let change = json!({ "name": "host", "action": "change", "value": "y" });
    assert_eq!(check(change, "00-1\r\nHost: y\r\n\r\n", "hello"), 1);
    let add = json!({ "of": "reply", "name": "X-Age", "action": "add", "value": "7" });
    assert_eq!(
        check(
            add,
            "Host: x\r\n\r\n",
            "Content-Length: 5\r\nX-Age: 7\r\n\r\nhello"
        ),
        1
    );
    let nothing = json!({ "name": "absent" });
    assert_eq!(check(nothing, "Host: x\r\n\r\n", "hello"), 0);
}

#[test]
fn a_stale_answer_is_the_first_one() {
    let stale = toxic(1, "http_stale", 1.0, json!({}));
    let mut talk = Talk::new(std::slice::from_ref(&stale));
    talk.asks(ASK)
        .answers(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\n\r\n");
    let asked = talk.to_upstream.len();
    talk.now += Duration::from_secs(4);
    talk.to_caller.clear();
    talk.asks(ASK);
    let expected = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nAge: 4\r\n\r\nold";
    assert_eq!(
        (talk.caller_got(), talk.to_upstream.len()),
        (expected, asked)
    );
    talk.asks(b"GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(
        talk.to_upstream.len() > asked,
        "another page is another answer"
    );
    assert_eq!(
        (stale.marks.read().matched, stale.marks.read().requests),
        (3, 1)
    );
}

#[test]
fn what_two_readers_may_read_in_two_ways_is_refused() {
    let check = |request: &str| {
        let mut talk = Talk::new(&[toxic(1, "http_status", 0.0, json!({}))]);
        talk.asks(request.as_bytes());
        let refused = talk
            .caller_got()
            .starts_with("HTTP/1.1 400 Bad Request\r\n");
        assert!(refused, "{request:?} got {:?}", talk.caller_got());
        assert_eq!((talk.upstream_got(), talk.ends[1]), ("", Some(End::Closed)));
    };
    let post =
        |headers: &str| format!("POST / HTTP/1.1\r\n{headers}\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n");
    check(&post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"));
    check(&post("Content-Length: 5\r\nContent-Length: 6\r\n"));
    check(&post("Content-Length: +5\r\n"));
    check(&post("Content-Length: 5, 5\r\n"));
    check(&post("Transfer-Encoding: chunked, identity\r\n"));
    check(&post("Transfer-Encoding: chunked, chunked\r\n"));
    check(&post("Transfer-Encoding: xchunked\r\n"));
    check(&post("Transfer-Encoding:\r\n"));
    check(&post("Transfer-Encoding : chunked\r\n"));
    check(&post("X: a\r\n Transfer-Encoding: chunked\r\n"));
    check("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    check("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n");
    // In the middle of a request there is nothing left to say.
    for size in ["0x5", "5 5", "-5", "", "5\n"] {
        let mut talk = Talk::new(&[toxic(1, "http_status", 0.0, json!({}))]);
        let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        talk.asks(format!("{head}{size}\r\nhello\r\n0\r\n\r\n").as_bytes());
        assert_eq!(
            (talk.upstream_got(), talk.ends[1]),
            (head, Some(End::Torn)),
            "{size}"
        );
    }
}

#[test]
fn what_is_not_http_passes_as_it_comes() {
    for hello in [
        &b"\x00\x00\x00\x08\x04\xd2\x16\x2f"[..],
        b"*1\r\n$4\r\nPING\r\n",
        b"EHLO x\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut talk = Talk::new(&[toxic(1, "http_status", 1.0, json!({}))]);
        talk.asks(hello).answers(b"yes").asks(b"more");
        assert_eq!(talk.to_upstream, [hello, b"more"].concat());
        assert_eq!(talk.caller_got(), "yes");
    }
    let mut talk = Talk::new(&[toxic(1, "http_status", 1.0, json!({}))]);
    talk.answers(b"220 ready\r\n").asks(b"HELO x\r\n");
    assert_eq!(
        (talk.caller_got(), talk.upstream_got()),
        ("220 ready\r\n", "HELO x\r\n")
    );
    // After an upgrade it is not HTTP any more.
    let mut talk = Talk::new(&[toxic(
        1,
        "http_status",
        1.0,
        json!({ "match": { "path": "/b" } }),
    )]);
    let upgrade = b"GET /a HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";
    talk.asks(upgrade)
        .answers(b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x01");
    talk.asks(b"GET /b HTTP/1.1\r\n\r\n");
    assert!(talk.upstream_got().ends_with("GET /b HTTP/1.1\r\n\r\n"));
    assert!(talk.to_caller.ends_with(b"\x81\x01"));
}

#[test]
fn ends_are_passed_on_when_all_before_them_is() {
    let mut talk = Talk::new(&[toxic(1, "http_status", 0.0, json!({}))]);
    talk.asks(ASK).ends(Stream::Upstream);
    assert_eq!(talk.ends, [Some(End::Finished), None]);
    talk.answers(b"HTTP/1.0 200 OK\r\n\r\nuntil the end")
        .ends(Stream::Downstream);
    assert_eq!(talk.ends[1], Some(End::Finished));
    assert!(talk.caller_got().ends_with("until the end"));
    // An upstream that left first: the caller's end is passed on all the same.
    let mut talk = Talk::new(&[toxic(1, "http_status", 0.0, json!({}))]);
    talk.asks(ASK).answers(HELLO).ends(Stream::Downstream);
    assert_eq!(talk.ends, [None, Some(End::Finished)]);
    talk.asks(b"too late").ends(Stream::Upstream);
    assert_eq!(talk.ends[0], Some(End::Finished));
    assert!(talk.upstream_got().ends_with("too late"));
    // An upstream that leaves while the proxy's own answer waits leaves after it.
    let faults = [
        toxic(1, "http_status", 1.0, json!({})),
        toxic(2, "http_delay", 1.0, json!({ "delay": 10 })),
    ];
    let mut talk = Talk::new(&faults);
    talk.asks(ASK).ends(Stream::Downstream);
    assert_eq!((talk.caller_got(), talk.ends[1]), ("", None));
    talk.wait();
    assert!(talk.caller_got().starts_with("HTTP/1.1 503"));
    assert_eq!(talk.ends[1], Some(End::Finished));
}

const REQUESTS: &[&[u8]] = &[
    ASK,
    b"\r\nPOST /b?q=1 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc",
    b"PUT http://x/c HTTP/1.1\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n3;a=\"b\"\r\nabc\r\nA \r\n0123456789\r\n0\r\nT: v\r\n\r\n",
    b"HEAD /d HTTP/1.1\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n",
    b"GET /e HTTP/1.1\r\nConnection: keep-alive\r\n\r\n",
];
const REPLIES: &[&[u8]] = &[
    b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\nHTTP/1.1 200 Fine By Me\r\ncontent-LENGTH:5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
    b"HTTP/1.1 404 Not Found\r\nX: \xff\xfe\r\nContent-Length: 0\r\n\r\n",
];

proptest! {
    /// Pipelined, in any pieces, each direction at its own pace.
    #[test]
    fn nothing_changes_where_nothing_matches(
        sizes in prop::collection::vec(1_usize..40, 1..200),
        turns in prop::collection::vec(any::<bool>(), 1..200),
    ) {
        let faults: Vec<_> = ["http_status", "http_delay", "http_truncate", "http_stale", "http_drip"]
            .iter()
            .enumerate()
            .map(|(id, name)| toxic(id as u64, name, 1.0, json!({ "match": { "path": "/nowhere" } })))
            .collect();
        let mut talk = Talk::new(&faults);
        let (asked, replied) = (REQUESTS.concat(), REPLIES.concat());
        let (mut from, mut sent) = (0, 0);
        let mut sizes = sizes.iter().cycle();
        let mut turns = turns.iter().cycle();
        // What an upstream may have answered: no more than it was asked.
        let answerable = |talk: &Talk| {
            let mut seen = 0;
            let mut position = 0;
            for (request, reply) in REQUESTS.iter().zip(REPLIES) {
                position += request.strip_prefix(b"\r\n").unwrap_or(request).len();
                if talk.to_upstream.len() < position {
                    break;
                }
                seen += reply.len();
            }
            seen
        };
        for step in 0.. {
            if from == asked.len() && sent == replied.len() {
                break;
            }
            prop_assert!(step < 100_000, "it stands still at {} and {}", from, sent);
            let size = *sizes.next().unwrap();
            let more = *turns.next().unwrap() && from < asked.len();
            if more || sent == answerable(&talk) {
                let to = (from + size).min(asked.len());
                talk.asks(&asked[from..to]);
                from = to;
            } else {
                let to = (sent + size).min(answerable(&talk));
                talk.answers(&replied[sent..to]);
                sent = to;
            }
        }
        let expected: Vec<u8> = REQUESTS.iter().flat_map(|r| r.strip_prefix(b"\r\n").unwrap_or(r)).copied().collect();
        prop_assert_eq!(&talk.to_upstream, &expected);
        prop_assert_eq!(&talk.to_caller, &replied);
    }

    #[test]
    fn no_bytes_make_it_fail(
        asked in prop::collection::vec(any::<u8>(), 0..300),
        replied in prop::collection::vec(any::<u8>(), 0..300),
        begins in any::<bool>(),
    ) {
        let mut talk = Talk::new(&[toxic(1, "http_drip", 1.0, json!({ "bytes": 3, "every": 1 }))]);
        if begins {
            talk.asks(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n");
        }
        talk.asks(&asked).answers(&replied).ends(Stream::Upstream).ends(Stream::Downstream);
        for _ in 0..200 {
            talk.wait();
        }
        prop_assert!(talk.to_caller.len() <= replied.len() + 200);
    }
}
