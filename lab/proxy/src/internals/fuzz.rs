//! What the fuzz targets call.

use crate::api::body;
use crate::api::toxics::Scope;
use crate::link::Link;
use crate::spec::{LinkSpec, Stream};
use crate::tap::Tap;
use crate::toxics::{Chain, End, Kind, Passed, Place, Queue, Surroundings, Toxic, kind};
use crate::witness::InFlight;
use bytes::Bytes;
use serde_json::{Map, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Reads any bytes as each kind of body, and starts what they ask for.
pub fn bodies(data: &[u8]) {
    let _ = (
        body::links(data),
        body::link(data),
        body::toxic_update(data),
    );
    let Ok(spec) = body::toxic(data, Scope::Every) else {
        return;
    };
    let Some(kind) = kind(&spec.kind) else { return };
    let Ok(attributes) = kind.merge(&Map::new(), &spec.attributes) else {
        return;
    };
    let toxic = toxic(1, kind, attributes);
    let (mut chain, mut out, now) = (Chain::default(), Queue::default(), Instant::now());
    chain.adopt(&[toxic], PLACE, now, &mut out);
    chain.push(Bytes::from_static(b"some data"), now, &mut out);
    chain.finish(End::Finished, now, &mut out);
    for seconds in [0, 1, 1_000, 1_000_000] {
        chain.pass(around(now + Duration::from_secs(seconds)), &mut out);
    }
}

/// Follows a program of a byte per step: toxics come and go, data and time pass. What comes out
/// must be what went in, in order and whole.
pub fn chain(data: &[u8]) {
    // As the attributes below are, none of them alters a byte.
    let harmless = [
        "latency",
        "bandwidth",
        "slicer",
        "slow_close",
        "noop",
        "delay",
        "link_bandwidth",
        "corrupt",
        "packet_loss",
        "slow_open",
        "slow_accept",
    ];
    let (mut chain, mut out) = (Chain::default(), Queue::default());
    let mut now = Instant::now();
    let mut toxics: Vec<Arc<Toxic>> = Vec::new();
    let (mut sent, mut received, mut last_id) = (0_u8, 0_u8, 0);
    let mut take = |out: &mut Queue| {
        while let Some(segment) = out.pop() {
            for byte in &segment.data {
                assert_eq!(*byte, received, "altered or out of order");
                received = received.wrapping_add(1);
            }
        }
        received
    };
    for step in data {
        let amount = u64::from(step >> 3);
        match step & 7 {
            0 | 1 => {
                last_id += 1;
                let name = harmless[usize::from(step >> 3) % harmless.len()];
                let given = json!({
                    "latency": amount, "jitter": amount / 2, "rate": amount + 1, "delay": amount,
                    "average_size": amount + 1, "size_variation": amount / 2,
                    "distribution": "recorded", "histogram": [amount, 1, amount * 100, 2],
                });
                let added = kind(name).and_then(|kind| {
                    let merged = kind.merge(&Map::new(), given.as_object()?).ok()?;
                    Some(toxic(last_id, kind, merged))
                });
                toxics.extend(added);
                chain.adopt(&toxics, PLACE, now, &mut out);
            }
            2 if !toxics.is_empty() => {
                toxics.remove(usize::from(step >> 3) % toxics.len());
                chain.adopt(&toxics, PLACE, now, &mut out);
            }
            5 if !toxics.is_empty() => {
                let index = usize::from(step >> 3) % toxics.len();
                toxics[index] = changed(&toxics[index], amount);
                chain.adopt(&toxics, PLACE, now, &mut out);
            }
            3 | 4 if chain.room(1 << 20) > 0 => {
                let chunk: Vec<u8> = (0..=amount)
                    .map(|_| {
                        sent = sent.wrapping_add(1);
                        sent.wrapping_sub(1)
                    })
                    .collect();
                chain.push(chunk.into(), now, &mut out);
            }
            _ => now += Duration::from_micros(amount * amount),
        }
        chain.pass(around(now), &mut out);
        take(&mut out);
    }
    chain.adopt(&[], PLACE, now, &mut out);
    chain.finish(End::Finished, now, &mut out);
    assert_eq!(chain.pass(around(now), &mut out), Passed::Waits(None));
    assert_eq!(take(&mut out), sent, "bytes were lost");
    assert!(out.end().is_some());
}

/// The toxic after an update of what it has of these attributes.
fn changed(toxic: &Toxic, amount: u64) -> Arc<Toxic> {
    let given = json!({"latency": amount, "rate": amount + 1, "delay": amount / 2});
    let merged = given
        .as_object()
        .and_then(|given| toxic.kind.merge(&toxic.attributes, given).ok());
    Arc::new(Toxic {
        id: toxic.id,
        revision: toxic.revision + 1,
        name: toxic.name.clone(),
        kind: toxic.kind,
        stream: toxic.stream,
        toxicity: toxic.toxicity,
        attributes: merged.unwrap_or_else(|| toxic.attributes.clone()),
        marks: Arc::clone(&toxic.marks),
        shared: Arc::clone(&toxic.shared),
    })
}

/// Feeds two streams to a tap, in pieces whose sizes are in the data.
pub fn tap(data: &[u8]) {
    let link = Arc::new(Link::new(1, &LinkSpec::new("fuzz"), 0, Arc::default()));
    // As somebody follows it, which is the longer way.
    let mut followed = link.requests.listen();
    let mut tap = Tap::new(Arc::clone(&link), 0);
    let now = Instant::now();
    let (mut rest, mut offsets) = (data, [0_u64; 2]);
    while let [step, after @ ..] = rest {
        let length = usize::from(step >> 1).min(after.len());
        let (piece, following) = after.split_at(length);
        rest = following;
        let index = usize::from(step & 1);
        let stream = [Stream::Upstream, Stream::Downstream][index];
        if !piece.is_empty() {
            tap.received(stream, offsets[index], piece, now);
        }
        offsets[index] += piece.len() as u64;
        tap.sent(stream, offsets[index], now);
    }
    tap.source_ended(Stream::Downstream, offsets[1], now);
    tap.source_ended(Stream::Upstream, offsets[0], now);
    let counts = link.http.read().unwrap_or_default();
    let answered = counts.completed + counts.abandoned + counts.failed + counts.cut;
    assert!(answered <= 2 * counts.requests, "{counts:?}");
    let told = std::iter::from_fn(|| followed.waiting()).count() as u64;
    assert!(told <= answered, "{told} told of {counts:?}");
}

pub(super) const PLACE: Place<'_> = Place {
    seed: 7,
    link: "fuzz",
    connection: 0,
    stream: Stream::Upstream,
};

pub(super) fn around(now: Instant) -> Surroundings {
    Surroundings {
        now,
        both_finished: false,
        in_flight: InFlight::default(),
        delay_budget: 1 << 20,
    }
}

pub(super) fn toxic(
    id: u64,
    kind: &'static Kind,
    attributes: Map<String, serde_json::Value>,
) -> Arc<Toxic> {
    Arc::new(Toxic {
        id,
        revision: 0,
        name: kind.name().to_owned(),
        kind,
        stream: Stream::Upstream,
        toxicity: 1.0,
        attributes,
        marks: Arc::default(),
        shared: Arc::default(),
    })
}
