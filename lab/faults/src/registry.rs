//! The list of kinds. A kind that has its line here can be written, explained, drawn and undone.

use lab_model::Span;
use lab_model::plan::Effect;
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::explain::Explanation;
use crate::kind::{Kind, Mark, Reach, Read, Target};
use crate::problem::Problem;

/// What the registry knows of a kind without a fault of it.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its name in scenarios.
    pub name: &'static str,
    /// How it is taken back, in words.
    pub undo: &'static str,
    /// How it is drawn.
    pub mark: Mark,
    /// What it acts on.
    pub reach: Reach,
    explain: fn() -> Explanation,
}

impl Entry {
    const fn of<K: Kind>() -> Self {
        Self {
            name: K::NAME,
            undo: K::UNDO,
            mark: K::MARK,
            reach: K::REACH,
            explain: Explanation::of::<K>,
        }
    }

    /// The kind in words, derived from its type.
    pub fn explain(&self) -> Explanation {
        (self.explain)()
    }
}

/// The kind of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    KINDS.iter().find(|entry| entry.name == name)
}

/// Declares [`FaultSpec`] with one variant a kind, [`KINDS`], and the way from a fault to its kind.
macro_rules! registry {
    ($($kind:ident,)+) => {
        /// A fault as a scenario writes it: `latency: { delay: 2s }`.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum FaultSpec {
            $(
                #[expect(missing_docs, reason = "the kind's own documentation says it")]
                $kind(crate::$kind),
            )+
        }

        /// All kinds, in the order in which they are listed for people.
        pub const KINDS: &[Entry] = &[$(Entry::of::<crate::$kind>()),+];

        impl FaultSpec {
            /// What the registry knows of its kind.
            pub fn entry(&self) -> Entry {
                match self { $(Self::$kind(_) => Entry::of::<crate::$kind>(),)+ }
            }

            /// Reads the files that its attributes name; what is wrong with them.
            pub fn load(&mut self, read: Read<'_>) -> Vec<Problem> {
                match self { $(Self::$kind(fault) => fault.load(read),)+ }
            }

            /// What is wrong with its attributes; empty when it can be injected.
            pub fn problems(&self) -> Vec<Problem> {
                match self { $(Self::$kind(fault) => fault.problems(),)+ }
            }

            /// The longest time for which it holds something back.
            pub fn longest_delay(&self) -> Span {
                match self { $(Self::$kind(fault) => fault.longest_delay(),)+ }
            }

            /// What the proxy's counters must show for it to have a witness.
            pub fn effect(&self) -> Effect {
                match self { $(Self::$kind(fault) => fault.effect(),)+ }
            }

            /// The fault in words with its settings: `latency 2s ± 200ms`.
            pub fn summary(&self) -> String {
                match self { $(Self::$kind(fault) => fault.summary(),)+ }
            }

            /// What it is on the wire. Only faults without [problems](Self::problems) keep their
            /// exact values there.
            pub fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
                match self { $(Self::$kind(fault) => fault.primitives(target),)+ }
            }
        }
    };
}

registry! {
    Latency,
    Down,
    Refuse,
    Hang,
    Timeout,
    ResetPeer,
    Bandwidth,
    SlowAccept,
    SlowOpen,
    SlowClose,
    Slicer,
    LimitData,
    LimitTime,
    PacketLoss,
    Corrupt,
    HttpStatus,
    HttpDelay,
    HttpTruncate,
    HttpCorrupt,
    HttpHeader,
    HttpReset,
    HttpDrip,
    HttpStale,
    PostgresPool,
    PostgresSlow,
    PostgresReadOnly,
    PostgresLostCommit,
    PostgresFailover,
    TlsExpired,
    TlsNotYetValid,
    TlsWrongName,
    TlsUnknownAuthority,
    TlsSlowHandshake,
    Kill,
    Stop,
    Restart,
    Pause,
    CpuLimit,
    MemoryLimit,
    IoLimit,
    DiskFull,
    Disconnect,
    Partition,
    ClockSkew,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use lab_model::Ratio;
    use lab_model::toxic::Direction;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    const WHOLE: Target<'_> = Target {
        direction: Direction::Downstream,
        toxicity: Ratio::ONE,
        service: None,
    };

    fn check(spec: &Value, summary: &str, attributes: &Value) {
        let fault: FaultSpec = serde_json::from_value(spec.clone()).unwrap();
        assert_eq!(fault.problems(), [], "{spec}");
        assert_eq!(fault.summary(), summary);
        let wire = serde_json::to_value(fault.primitives(WHOLE)).unwrap();
        let toxic = wire.pointer("/0/toxic");
        assert_eq!(toxic.map(|t| &t["attributes"]), Some(attributes));
        assert_eq!(toxic.map(|t| &t["type"]), Some(&json!(fault.entry().name)));
    }

    /// The toxic that a fault becomes, where its name is not the fault's.
    fn toxic(spec: &Value) -> Value {
        let fault: FaultSpec = serde_json::from_value(spec.clone()).unwrap();
        assert_eq!(fault.problems(), [], "{spec}");
        let wire = serde_json::to_value(fault.primitives(WHOLE)).unwrap();
        let toxic = wire.pointer("/0/toxic").unwrap();
        json!({ "type": toxic["type"], "attributes": toxic["attributes"] })
    }

    #[test]
    fn what_toxiproxy_cannot_do_becomes_an_extension() {
        assert_eq!(
            toxic(
                &json!({ "latency": { "delay": "80ms", "jitter": "20ms", "distribution": "normal" } })
            ),
            json!({ "type": "delay", "attributes": { "mean": 80, "deviation": 20, "distribution": "normal" } })
        );
        assert_eq!(
            toxic(
                &json!({ "latency": { "delay": "80ms", "distribution": "pareto", "shape": 1.5 } })
            ),
            json!({ "type": "delay", "attributes": { "mean": 80, "distribution": "pareto", "shape": 1.5 } })
        );
        assert_eq!(
            toxic(&json!({ "bandwidth": { "rate": "20KB/s", "per": "link" } })),
            json!({ "type": "link_bandwidth", "attributes": { "rate": 20 } })
        );
    }

    #[test]
    fn a_recording_is_drawn_from_as_it_stands_in_its_file() {
        let spec = json!({ "latency": { "recorded": "payments.txt" } });
        let mut fault: FaultSpec = serde_json::from_value(spec.clone()).unwrap();
        let read = |file: &str| {
            assert_eq!(file, "payments.txt");
            Ok("5ms 90\n800ms 10".to_owned())
        };
        assert_eq!((fault.load(&read), fault.problems()), (vec![], vec![]));
        assert_eq!(fault.summary(), "latency as recorded in payments.txt");
        assert_eq!(fault.longest_delay(), Span::from_millis(800));
        let wire = serde_json::to_value(fault.primitives(WHOLE)).unwrap();
        assert_eq!(
            wire.pointer("/0/toxic/attributes"),
            Some(&json!({ "distribution": "recorded", "histogram": [5_000, 90, 800_000, 10] }))
        );
        assert_eq!(
            serde_json::to_value(&fault).unwrap()["latency"]["recorded"],
            "payments.txt"
        );
        let unreadable = |_: &str| Err("no such file".to_owned());
        assert_eq!(fault.load(&unreadable)[0].attribute, "recorded");
    }

    #[test]
    fn both_directions_are_two_toxics() {
        let fault: FaultSpec = serde_json::from_value(json!({ "timeout": {} })).unwrap();
        let target = Target {
            direction: Direction::Both,
            ..WHOLE
        };
        let wire = serde_json::to_value(fault.primitives(target)).unwrap();
        let streams = [0, 1].map(|part| wire[part]["toxic"]["stream"].clone());
        assert_eq!(streams, ["upstream", "downstream"]);
    }

    #[test]
    fn faults_are_lowered_to_toxiproxys_units() {
        check(
            &json!({ "latency": { "delay": "2s", "jitter": "200ms" } }),
            "latency 2s ± 200ms",
            &json!({ "latency": 2000, "jitter": 200 }),
        );
        check(
            &json!({ "timeout": {} }),
            "timeout without an end",
            &json!({ "timeout": 0 }),
        );
        check(
            &json!({ "reset_peer": { "timeout": "50ms" } }),
            "reset after 50ms",
            &json!({ "timeout": 50 }),
        );
        check(
            &json!({ "bandwidth": { "rate": "20KB/s" } }),
            "bandwidth 20KB/s",
            &json!({ "rate": 20 }),
        );
        check(
            &json!({ "slow_close": { "delay": "1s" } }),
            "close 1s late",
            &json!({ "delay": 1000 }),
        );
        check(
            &json!({ "slicer": { "average_size": "64B", "delay": "1ms" } }),
            "pieces of 64B, 1ms apart",
            &json!({ "average_size": 64, "size_variation": 0, "delay": 1000 }),
        );
        check(
            &json!({ "limit_data": { "bytes": "1KB" } }),
            "closed after 1KB",
            &json!({ "bytes": 1000 }),
        );
        check(
            &json!({ "limit_time": { "time": "100ms" } }),
            "closed after 100ms",
            &json!({ "time": 100 }),
        );
        check(
            &json!({ "slow_open": { "delay": "500ms" } }),
            "opens 500ms late",
            &json!({ "delay": 500 }),
        );
        check(
            &json!({ "slow_accept": { "delay": "500ms" } }),
            "accepted 500ms late",
            &json!({ "delay": 500 }),
        );
        check(
            &json!({ "corrupt": { "share": "0.1%" } }),
            "0.1% of bytes changed",
            &json!({ "byte_rate": 0.001 }),
        );
        check(
            &json!({ "packet_loss": { "loss_rate": "10%" } }),
            "10% of pieces lost",
            &json!({ "loss_rate": 0.1, "correlation": 0.0 }),
        );
    }

    #[test]
    fn faults_of_http_say_which_requests() {
        let status = json!({ "http_status": {
            "status": 429, "header": "Retry-After: 1",
            "match": { "method": "POST", "path": "/charges*", "first": 2, "per": "idempotency-key" },
        } });
        let summary = "answers 429 on POST /charges*, the first 2 per idempotency-key";
        let sent = json!({
            "status": 429, "header": "Retry-After: 1", "body": "",
            "match": { "method": "POST", "path": "/charges*", "per": "idempotency-key", "first": 2 },
        });
        check(&status, summary, &sent);
        check(
            &json!({ "http_delay": { "delay": "1s", "after": "10B" } }),
            "answers 1s late behind 10B of body",
            &json!({ "delay": 1000, "jitter": 0, "before": "body", "bytes": 10, "match": {} }),
        );
        check(
            &json!({ "http_header": { "name": "traceparent" } }),
            "`traceparent` dropped",
            &json!({ "name": "traceparent", "action": "drop", "value": "", "of": "request", "match": {} }),
        );
        check(
            &json!({ "http_drip": { "bytes": "5B", "every": "20ms" } }),
            "answers 5B each 20ms",
            &json!({ "bytes": 5, "every": 20, "match": {} }),
        );
    }

    #[test]
    fn faults_of_databases_and_handshakes_go_on_the_wire_as_they_are() {
        check(
            &json!({ "postgres_pool": { "connections": 4 } }),
            "no more than 4 sessions",
            &json!({ "connections": 4 }),
        );
        check(
            &json!({ "postgres_slow": { "delay": "2s", "statement": "INSERT*" } }),
            "statements like `INSERT*` 2s late",
            &json!({ "delay": 2000, "jitter": 0, "statement": "INSERT*" }),
        );
        check(
            &json!({ "postgres_failover": { "sessions": "reset" } }),
            "crashed and failing over",
            &json!({ "sessions": "reset" }),
        );
        let commit = json!({ "postgres_lost_commit": {} });
        check(&commit, "commits without an answer", &json!({}));
        check(
            &json!({ "tls_expired": {} }),
            "a certificate that has expired",
            &json!({}),
        );
        check(
            &json!({ "tls_slow_handshake": { "delay": "1s" } }),
            "handshakes 1s late",
            &json!({ "delay": 1000 }),
        );
        let wrong = |spec: Value, attribute| {
            let fault: FaultSpec = serde_json::from_value(spec).unwrap();
            let found: Vec<_> = fault.problems().iter().map(|p| p.attribute).collect();
            assert_eq!(found, [attribute]);
        };
        wrong(json!({ "postgres_slow": { "delay": "0s" } }), "delay");
        wrong(
            json!({ "postgres_slow": { "delay": "1s", "jitter": "2s" } }),
            "jitter",
        );
        wrong(
            json!({ "postgres_slow": { "delay": "1s", "statement": " " } }),
            "statement",
        );
        wrong(json!({ "tls_slow_handshake": { "delay": "0s" } }), "delay");
    }

    #[test]
    fn faults_of_http_that_make_no_sense_are_named() {
        let check = |spec: Value, attribute| {
            let fault: FaultSpec = serde_json::from_value(spec).unwrap();
            let problems = fault.problems();
            let named: Vec<_> = problems.iter().map(|p| p.attribute).collect();
            assert_eq!(named, [attribute], "{problems:?}");
        };
        check(json!({ "http_status": { "status": 99 } }), "status");
        let status = |header: &str| json!({ "http_status": { "status": 503, "header": header } });
        check(status("Retry-After"), "header");
        check(status("Content-Length: 5"), "header");
        check(status("A: b\r\nC: d"), "header");
        check(json!({ "http_header": { "name": "a b" } }), "name");
        check(
            json!({ "http_header": { "name": "a", "action": "add" } }),
            "action",
        );
        check(
            json!({ "http_header": { "name": "a", "value": "b" } }),
            "value",
        );
        check(json!({ "http_delay": { "delay": "0s" } }), "delay");
        check(
            json!({ "http_drip": { "bytes": "0B", "every": "1s" } }),
            "bytes",
        );
        check(json!({ "http_corrupt": { "share": "0%" } }), "share");
        let stale = |matching: Value| json!({ "http_stale": { "match": matching } });
        check(stale(json!({ "method": "POST" })), "match");
        check(stale(json!({ "path": "charges" })), "match");
        check(stale(json!({ "first": 0 })), "match");
        check(stale(json!({ "per": "path" })), "match");
        check(stale(json!({ "header": "" })), "match");
    }

    #[test]
    fn a_link_that_is_down_is_no_toxic() {
        let down: FaultSpec = serde_json::from_value(json!({ "down": {} })).unwrap();
        assert_eq!(down.primitives(WHOLE), [Primitive::Disabled]);
        assert_eq!(down.entry().reach, Reach::Link);
    }

    #[test]
    fn attributes_that_make_no_sense_are_named() {
        let check = |spec: Value, attribute| {
            let fault: FaultSpec = serde_json::from_value(spec).unwrap();
            let problems = fault.problems();
            let named: Vec<_> = problems.iter().map(|p| p.attribute).collect();
            assert_eq!(named, [attribute], "{problems:?}");
        };
        check(json!({ "latency": { "delay": "0s" } }), "delay");
        check(json!({ "latency": { "delay": "1.5ms" } }), "delay");
        check(
            json!({ "latency": { "delay": "1s", "jitter": "2s" } }),
            "jitter",
        );
        check(json!({ "timeout": { "timeout": "1500h" } }), "timeout");
        check(json!({ "bandwidth": { "rate": "0KB/s" } }), "rate");
        check(json!({ "bandwidth": { "rate": "1500B/s" } }), "rate");
        check(json!({ "slow_close": { "delay": "0s" } }), "delay");
        check(
            json!({ "slicer": { "average_size": "0B" } }),
            "average_size",
        );
        check(
            json!({ "slicer": { "average_size": "10B", "size_variation": "10B" } }),
            "size_variation",
        );
        check(json!({ "limit_data": { "bytes": "5GB" } }), "bytes");
        check(json!({ "limit_time": { "time": "0s" } }), "time");
        check(json!({ "slow_open": { "delay": "0s" } }), "delay");
        check(json!({ "slow_accept": { "delay": "1.5ms" } }), "delay");
        check(json!({ "corrupt": { "share": "0%" } }), "share");
        check(json!({ "packet_loss": { "loss_rate": "0%" } }), "loss_rate");
        let latency = |attributes: Value| json!({ "latency": attributes });
        check(latency(json!({ "delay": "1s", "shape": 2.0 })), "shape");
        check(
            latency(json!({ "delay": "1s", "distribution": "normal" })),
            "distribution",
        );
        check(
            latency(json!({ "delay": "1s", "distribution": "pareto", "shape": 1.0 })),
            "shape",
        );
        check(
            latency(json!({ "delay": "1s", "jitter": "1s", "distribution": "pareto" })),
            "jitter",
        );
        check(
            latency(json!({ "delay": "1s", "recorded": "a.txt" })),
            "delay",
        );
    }

    #[test]
    fn every_kind_is_told_apart() {
        let names: BTreeSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        let letters: BTreeSet<_> = KINDS.iter().map(|kind| kind.mark.letter).collect();
        let colours: BTreeSet<_> = KINDS.iter().map(|kind| kind.mark.colour).collect();
        assert_eq!(names.len(), KINDS.len());
        assert_eq!(letters.len(), KINDS.len());
        assert_eq!(colours.len(), KINDS.len());
    }

    #[test]
    fn a_kind_is_written_under_its_name() {
        for kind in KINDS {
            let example = kind.explain().example;
            let fault: FaultSpec = serde_json::from_value(example).unwrap();
            assert_eq!(fault.entry().name, kind.name);
            assert_eq!(fault.problems(), [], "the example of {}", kind.name);
            assert_eq!(find(kind.name).map(|found| found.name), Some(kind.name));
        }
    }

    proptest! {
        #[test]
        fn what_has_no_problem_fits_the_wire(delay in 0_u64..u64::MAX, jitter in 0_u64..1 << 40) {
            let fault = FaultSpec::Latency(crate::Latency {
                delay: Span::from_micros(delay),
                jitter: Span::from_micros(jitter),
                ..crate::Latency::example()
            });
            if fault.problems().is_empty() {
                let wire = serde_json::to_value(fault.primitives(WHOLE)).unwrap();
                let sent = wire.pointer("/0/toxic/attributes/latency").and_then(Value::as_u64);
                prop_assert_eq!(sent.map(|ms| ms * 1_000), Some(delay));
                prop_assert!(sent <= Some(u64::from(u32::MAX)));
            }
        }
    }
}
