//! What the benchmarks drive.

use super::fuzz::{PLACE, around, toxic};
use crate::link::Link;
use crate::spec::{LinkSpec, Stream};
use crate::tap::Tap;
use crate::toxics::{Chain, Passed, Queue, kind};
use bytes::Bytes;
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// One toxic on a direction, in simulated time.
pub struct Shaper {
    chain: Chain,
    out: Queue,
    now: Instant,
}

impl Shaper {
    /// A toxic of that kind; unknown kinds and wrong attributes give a direction without one.
    pub fn new(name: &str, attributes: &Map<String, Value>) -> Self {
        let (mut chain, mut out, now) = (Chain::default(), Queue::default(), Instant::now());
        let toxic = kind(name).and_then(|kind| {
            let merged = kind.merge(&Map::new(), attributes).ok()?;
            Some(toxic(1, kind, merged))
        });
        chain.adopt(toxic.as_slice(), PLACE, now, &mut out);
        Self { chain, out, now }
    }

    /// Puts chunks in and takes everything out, jumping from deadline to deadline; the bytes.
    pub fn pass(&mut self, chunks: &[Bytes]) -> usize {
        for chunk in chunks {
            self.chain.push(chunk.clone(), self.now, &mut self.out);
        }
        let mut bytes = 0;
        loop {
            let passed = self.chain.pass(around(self.now), &mut self.out);
            while let Some(segment) = self.out.pop() {
                bytes += segment.data.len();
            }
            match passed {
                Passed::Waits(Some(moment)) => self.now = moment,
                _ => return bytes,
            }
        }
    }
}

/// Shows a tap so many exchanges of a request and a reply.
pub fn tap(request: &[u8], reply: &[u8], exchanges: u64) -> u64 {
    let link = Arc::new(Link::new(1, &LinkSpec::new("bench"), 0, Arc::default()));
    let mut tap = Tap::new(Arc::clone(&link), 0);
    let start = Instant::now();
    let (request_length, reply_length) = (request.len() as u64, reply.len() as u64);
    for number in 0..exchanges {
        let now = start + Duration::from_micros(number);
        tap.received(Stream::Upstream, number * request_length, request, now);
        tap.sent(Stream::Upstream, (number + 1) * request_length, now);
        tap.received(Stream::Downstream, number * reply_length, reply, now);
        tap.sent(Stream::Downstream, (number + 1) * reply_length, now);
    }
    link.http.read().unwrap_or_default().completed
}
