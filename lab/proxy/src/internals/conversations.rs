//! What the fuzz targets of protocols call.

use super::fuzz::toxic;
use crate::link::Link;
use crate::protocol::{Conversation, Protocol, tls};
use crate::spec::{LinkSpec, Stream};
use crate::toxics::{End, Toxic, kind};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A fault with its attributes.
fn fault(id: u64, name: &str, attributes: &Value) -> Option<Arc<Toxic>> {
    let kind = kind(name)?;
    let given = attributes.as_object().cloned().unwrap_or_default();
    Some(toxic(id, kind, kind.merge(&Map::new(), &given).ok()?))
}

/// What came out of a conversation on each side, and whether a fault ended it.
struct Heard {
    out: [Vec<u8>; 2],
    ended: bool,
}

/// Feeds two streams to a conversation, in pieces whose sizes and directions are in the data, then
/// ends both.
fn converse(protocol: Protocol, toxics: &[Arc<Toxic>], data: &[u8]) -> (Heard, [Vec<u8>; 2]) {
    let link = Arc::new(Link::new(1, &LinkSpec::new("fuzz"), 0, Arc::default()));
    let mut heard = Heard {
        out: [Vec::new(), Vec::new()],
        ended: false,
    };
    let mut given = [Vec::new(), Vec::new()];
    let Some(mut talk) = protocol.converse(&link, 0, true, None) else {
        return (heard, given);
    };
    talk.adopt(toxics);
    let streams = [Stream::Upstream, Stream::Downstream];
    let mut now = Instant::now();
    let mut rest = data;
    while let [step, after @ ..] = rest {
        let length = usize::from(step >> 1).min(after.len());
        let (piece, following) = after.split_at(length);
        rest = following;
        let index = usize::from(step & 1);
        let Some(stream) = streams.get(index) else {
            continue;
        };
        if talk.room(*stream) >= piece.len() {
            talk.received(*stream, piece, now);
            given[index].extend_from_slice(piece);
        }
        flush(talk.as_mut(), &mut heard, now);
        now += Duration::from_millis(u64::from(*step));
    }
    for stream in streams {
        talk.ended(stream, End::Finished);
    }
    // Everything that waits for a moment has its moment; what passes makes room for more.
    for _ in 0..10_000 {
        flush(talk.as_mut(), &mut heard, now);
        match talk.wakes() {
            Some(moment) => now = now.max(moment),
            None => break,
        }
    }
    flush(talk.as_mut(), &mut heard, now);
    (heard, given)
}

fn flush(talk: &mut dyn Conversation, heard: &mut Heard, now: Instant) {
    talk.advance(now);
    for (index, stream) in [Stream::Upstream, Stream::Downstream]
        .into_iter()
        .enumerate()
    {
        let outbox = talk.outbox(stream);
        while let Some(segment) = outbox.pop() {
            heard.out[index].extend_from_slice(&segment.data);
        }
        let end = outbox.coming_end();
        heard.ended |= matches!(end, Some(End::Closed | End::Torn));
    }
}

/// HTTP/1.1 with every kind of fault there is, and with one that matches nothing.
pub fn http(data: &[u8]) {
    let never = json!({ "match": { "path": "/no such path" } });
    let passive: Vec<_> = fault(1, "http_delay", &never).into_iter().collect();
    let (heard, given) = converse(Protocol::Http, &passive, data);
    // What cannot be read is answered with a refusal, and ends the connection.
    assert!(heard.ended || heard.out[1].len() <= given[1].len() + 64);
    let kinds = [
        (
            "http_status",
            json!({ "match": { "path": "/a*", "first": 1 } }),
        ),
        (
            "http_delay",
            json!({ "delay": 5, "before": "body", "bytes": 3 }),
        ),
        (
            "http_header",
            json!({ "name": "x", "value": "y", "action": "add", "of": "reply" }),
        ),
        ("http_corrupt", json!({ "byte_rate": 0.5 })),
        ("http_drip", json!({ "bytes": 1, "every": 1 })),
        (
            "http_truncate",
            json!({ "bytes": 50, "match": { "body": "z" } }),
        ),
        (
            "http_reset",
            json!({ "bytes": 60, "match": { "method": "PUT" } }),
        ),
        ("http_stale", json!({})),
    ];
    let all = kinds.iter().zip(2..);
    let all: Vec<_> = all
        .filter_map(|((name, given), id)| fault(id, name, given))
        .collect();
    converse(Protocol::Http, &all, data);
}

/// PostgreSQL: where no fault does more than wait, every byte comes out as it went in; and no bytes
/// crash any fault.
pub fn postgres(data: &[u8]) {
    let slow = json!({ "delay": 3, "statement": "S*" });
    let slow: Vec<_> = fault(1, "postgres_slow", &slow).into_iter().collect();
    let (heard, given) = converse(Protocol::Postgres, &slow, data);
    assert_eq!(heard.out, given, "altered, lost or out of order");
    let kinds = [
        ("postgres_slow", json!({ "delay": 3, "statement": "*a*" })),
        ("postgres_read_only", json!({})),
        ("postgres_lost_commit", json!({})),
        ("postgres_pool", json!({ "connections": 1 })),
    ];
    let all = kinds.iter().zip(2..);
    let all: Vec<_> = all
        .filter_map(|((name, given), id)| fault(id, name, given))
        .collect();
    converse(Protocol::Postgres, &all, data);
}

/// The first words of TLS: read in any pieces as at once, and passed as they came.
pub fn hello(data: &[u8]) {
    let whole = tls::hello::read(data);
    for length in 0..data.len().min(600) {
        let Some(part) = data.get(..length) else {
            return;
        };
        let early = tls::hello::read(part);
        assert!(
            early == whole || early == tls::hello::Beginning::Needs,
            "{early:?} {whole:?}"
        );
    }
    let slow = json!({ "delay": 3 });
    let slow: Vec<_> = fault(1, "tls_slow_handshake", &slow).into_iter().collect();
    let (heard, given) = converse(Protocol::Tls, &slow, data);
    assert_eq!(heard.out, given, "altered, lost or out of order");
}

/// TLS that ends in the proxy, with any bytes from both sides.
pub fn tls(data: &[u8]) {
    let shows: Vec<_> = fault(1, "tls_expired", &json!({})).into_iter().collect();
    converse(Protocol::Tls, &shows, data);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Pieces that look like what the protocols carry, among any others.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let words = prop::sample::select(vec![
            &b"\0\0\0\x09\0\x03\0\0\0"[..],
            b"\0\0\0\x08\x04\xd2\x16\x2f",
            b"Q\0\0\0\x0cSELECT\0\0",
            b"Q\0\0\0\x0bINSERT\0",
            b"P\0\0\0\x0bs\0SEL\0\0",
            b"B\0\0\0\x0c\0s\0\0\0\0\0\0",
            b"E\0\0\0\x09\0\0\0\0\0",
            b"S\0\0\0\x04",
            b"C\0\0\0\x0fINSERT 0 1\0",
            b"Z\0\0\0\x05I",
            b"N",
            b"\x16\x03\x01\0\x05\x01\0\0\x01\0",
            b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        ]);
        let piece = (
            any::<bool>(),
            prop_oneof![
                4 => words.prop_map(<[u8]>::to_vec),
                1 => prop::collection::vec(any::<u8>(), 0..20),
            ],
        );
        prop::collection::vec(piece, 0..12).prop_map(|pieces| {
            let framed = |(down, data): (bool, Vec<u8>)| {
                let length = u8::try_from(data.len()).unwrap_or(0);
                let step = length << 1 | u8::from(down);
                [vec![step], data].concat()
            };
            pieces.into_iter().flat_map(framed).collect()
        })
    }

    #[test]
    fn what_they_found_stays_mended() {
        // A server that answers a request for encryption before that is there in full.
        postgres(
            b"\x10\x00\x00\x00\x0c\x04\xd2\x16/\x03N\x12\x00\x00\x03\x00\x00\x09\x00\x00\x00\
              \x0dZ\x00\x00\x00\x05IPP\x00\x00\x00\x0bs\x00SEL\x00\x00B\x00\x00\x00\x0c\x01s\
              \x00\xff\xff\xff\xff\x00\x00\x00\x00\x00E\x00\x00\x00\x09\x00\x00\x00\x00\x04!0\
              \x00\x00\x0022\x00\x04\x00\x04Z\x00\x00\x00\x05I",
        );
    }

    proptest! {
        #[test]
        fn the_fuzz_targets_hold_on_what_looks_like_their_protocols(data in pieces()) {
            http(&data);
            postgres(&data);
            hello(&data);
            hello(data.get(1..).unwrap_or_default());
        }

        #[test]
        fn they_hold_on_any_bytes(data in prop::collection::vec(any::<u8>(), 0..400)) {
            http(&data);
            postgres(&data);
            hello(&data);
        }
    }
}
