//! What each effect of a fault looks like in the counters, and how a sentence tells it.
//!
//! The one place that knows: a new effect is a new arm in each `match` below.

use lab_model::link::{Touched, Traffic};
use lab_model::plan::{Deed, Effect, Fault};
use lab_model::{Link, Span};

use crate::figures::{count, counted, measured, part, set, significant};
use crate::tally::{FaultTally, attempts_per_request};

/// How much of what passed a fault acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    /// What it acted on.
    pub(crate) touched: u64,
    /// What passed, never less.
    pub(crate) passing: u64,
    /// What is counted: `request` or `connection`.
    pub(crate) noun: &'static str,
}

impl Share {
    fn new(touched: u64, passing: u64, noun: &'static str) -> Self {
        Self {
            touched,
            passing: passing.max(touched),
            noun,
        }
    }

    /// Between 0 and 1; `None` where nothing passed.
    pub(crate) fn get(self) -> Option<f64> {
        (self.passing > 0).then(|| self.touched as f64 / self.passing as f64)
    }
}

/// What the fault acted on, in the unit in which its effect comes: requests where it acts on what
/// flows and the link speaks HTTP, else connections.
pub(crate) fn share(effect: &Effect, tally: &FaultTally) -> Share {
    let Touched {
        connections,
        requests,
        ..
    } = tally.touched;
    let passing = &tally.passing;
    let of_connections = |touched| Share::new(touched, passing.connections, "connection");
    match effect {
        Effect::Delay { .. }
        | Effect::Throttle { .. }
        | Effect::Withhold
        | Effect::Reshape
        | Effect::Alter { .. }
        | Effect::Lose { .. } => {
            if passing.requests > 0 {
                Share::new(requests, passing.requests, "request")
            } else {
                of_connections(connections)
            }
        }
        Effect::Reset => of_connections(connections.max(tally.resets)),
        Effect::Refuse => {
            of_connections(connections.max(tally.refused.saturating_add(tally.resets)))
        }
        Effect::Close | Effect::Open { .. } => of_connections(connections),
        Effect::Exchange { deed, .. } => {
            let noun = match deed.noun() {
                "request" => "matching request",
                "statement" => "matching statement",
                noun => noun,
            };
            Share::new(requests, tally.matched, noun)
        }
        Effect::State => Share::new(tally.touched.readings, passing.readings, "reading"),
    }
}

/// Whether the effect itself was measured, given the traffic of its link in its phase; else what
/// was measured instead.
pub(crate) fn seen(effect: &Effect, tally: &FaultTally, link: &Traffic) -> Result<(), String> {
    let some = |number: u64, lacking: &str| {
        if number > 0 {
            Ok(())
        } else {
            Err(lacking.to_owned())
        }
    };
    match effect {
        Effect::Delay { mean, .. } => delayed(*mean, tally, link),
        Effect::Throttle { .. } => some(tally.touched.bytes, "no byte was rationed"),
        Effect::Reset => some(tally.resets, "no connection was reset"),
        Effect::Refuse => some(
            tally.refused.max(tally.resets),
            "no connection was refused or cut",
        ),
        Effect::Withhold | Effect::Lose { .. } => some(tally.dropped, "no byte was lost"),
        Effect::Close => some(tally.touched.connections, "no connection was closed"),
        Effect::Reshape => some(tally.touched.bytes, "no byte was reshaped"),
        Effect::Open { .. } => some(tally.touched.connections, "no connection opened late"),
        Effect::Alter { .. } => some(tally.touched.bytes, "no byte was changed"),
        Effect::Exchange { deed, .. } => match deed {
            Deed::Delayed { mean, .. } | Deed::Held { mean, .. } | Deed::HandshakeHeld { mean } => {
                delayed(*mean, tally, link)
            }
            Deed::Answered { .. } => some(tally.touched.requests, "no request was answered by it"),
            Deed::CutShort => some(tally.touched.requests, "no answer was cut short"),
            Deed::Corrupted => some(tally.touched.bytes, "no byte was changed"),
            Deed::Edited => some(tally.touched.requests, "no head was changed"),
            Deed::Reset => some(tally.resets, "no answer was reset"),
            Deed::Dripped => some(tally.delay.count, "no answer was dripped"),
            Deed::Stale => some(tally.touched.requests, "no answer was stale"),
            Deed::TurnedAway => some(tally.touched.requests, "no session was turned away"),
            Deed::WriteRefused => some(tally.touched.requests, "no write was refused"),
            Deed::CommitLost => some(tally.resets, "no commit was lost"),
            Deed::CertificateShown => some(tally.touched.requests, "no certificate was shown"),
        },
        Effect::State => some(tally.touched.readings, "no reading of its state showed it"),
    }
}

/// At least half of the asked delay. A caller that gives up first ends the delay before it can be
/// measured: where at least half of the requests it acted on ended so, that is its effect.
fn delayed(asked: Span, tally: &FaultTally, link: &Traffic) -> Result<(), String> {
    let touched = tally.touched.requests;
    if touched > 0 && link.abandoned >= touched.div_ceil(2) {
        return Ok(());
    }
    match tally.delay.mean() {
        None => Err("no delay was measured".to_owned()),
        Some(mean) if mean.as_micros() < asked.as_micros() / 2 => Err(format!(
            "it added {} where {} was asked",
            measured(mean),
            set(asked)
        )),
        Some(_) => Ok(()),
    }
}

/// The part of a sentence after `because`: what the fault made of its link, from what was
/// measured there; `None` where nothing tells.
pub(crate) fn mechanism(fault: &Fault, tally: &FaultTally, link: &Traffic) -> Option<String> {
    let between = |number: u64, what: &str| {
        let ends = format!("from {} to {}", caller(&fault.link), fault.link.to);
        let verb = if number == 1 { "was" } else { "were" };
        (number > 0).then(|| format!("{} {ends} {verb} {what}", counted(number, "connection")))
    };
    let clause = match fault.effect {
        Effect::Delay { .. } | Effect::Throttle { .. } | Effect::Reshape => {
            waiting(&fault.link, link).or_else(|| acted(fault, tally))
        }
        Effect::Open { delay } => between(
            tally.touched.connections,
            &format!("opened {} late", set(delay)),
        ),
        Effect::Withhold => waiting(&fault.link, link).or_else(|| lost(fault, tally)),
        Effect::Lose { .. } => lost(fault, tally),
        Effect::Alter { .. } => (tally.touched.bytes > 0).then(|| {
            let bytes = counted(tally.touched.bytes, "byte");
            format!("{bytes} on {} were changed on their way", fault.link)
        }),
        Effect::Reset => between(tally.resets, "reset"),
        Effect::Refuse => {
            between(tally.refused, "refused").or_else(|| between(tally.resets, "cut"))
        }
        Effect::Close => between(tally.touched.connections, "closed"),
        Effect::Exchange { deed, .. } => exchanged(deed, fault, tally, link),
        Effect::State => Some(format!("{} was under {}", fault.site(), fault.summary)),
    }?;
    Some(clause + &repeated(link))
}

/// What became of requests and their answers.
fn exchanged(deed: Deed, fault: &Fault, tally: &FaultTally, link: &Traffic) -> Option<String> {
    let touched = tally.touched.requests;
    let on = &fault.link;
    let were = |noun: &str, what: &str| {
        let verb = if touched == 1 { "was" } else { "were" };
        (touched > 0).then(|| format!("{} on {on} {verb} {what}", counted(touched, noun)))
    };
    match deed {
        Deed::Delayed { .. } | Deed::Held { .. } | Deed::HandshakeHeld { .. } | Deed::Dripped => {
            waiting(&fault.link, link).or_else(|| acted(fault, tally))
        }
        Deed::Answered { status } => {
            let unasked = format!("answered {status} without {} being asked", on.to);
            were("request", &unasked)
        }
        Deed::CutShort => were("answer", "cut short"),
        Deed::Corrupted => were("answer", "damaged"),
        Deed::Edited => were("message", "changed on the way"),
        Deed::Reset => were("answer", "torn off by a reset"),
        Deed::Stale => were("answer", "out of date"),
        Deed::TurnedAway => were("session", "turned away"),
        Deed::WriteRefused => were("write", "refused"),
        Deed::CommitLost => were("commit", "made and never answered"),
        Deed::CertificateShown => were("handshake", &format!("answered with {}", fault.summary)),
    }
}

/// Bytes that never came.
fn lost(fault: &Fault, tally: &FaultTally) -> Option<String> {
    let bytes = counted(tally.dropped, "byte");
    (tally.dropped > 0).then(|| format!("{bytes} on {} were lost", fault.link))
}

/// Who calls, in a sentence: `clients` where it is the load.
fn caller(link: &Link) -> &str {
    if link.is_entry() {
        "clients"
    } else {
        link.from.as_str()
    }
}

/// How long the caller waited for the callee and how often it gave up.
fn waiting(link: &Link, traffic: &Traffic) -> Option<String> {
    let waited = traffic.caller_time.max().max(traffic.gave_up_after.max())?;
    let gave_up = part(
        traffic.abandoned.min(traffic.requests),
        traffic.requests,
        "request",
    );
    let after = traffic
        .gave_up_after
        .quantile(0.5)
        .filter(|_| traffic.abandoned > 0);
    let after = after.map_or(String::new(), |median| {
        format!(" after {}", measured(median))
    });
    let (from, to) = (caller(link), &link.to);
    let waited = measured(waited);
    Some(format!(
        "{from} waited up to {waited} for {to} and gave up on {gave_up}{after}"
    ))
}

/// What a fault measured of itself, where nothing was seen of requests.
fn acted(fault: &Fault, tally: &FaultTally) -> Option<String> {
    let mean = tally.delay.mean()?;
    let Share {
        touched,
        passing,
        noun,
    } = share(&fault.effect, tally);
    let part = part(touched, passing, noun);
    Some(format!(
        "{} held {part} on {} for {} on average",
        fault.kind,
        fault.link,
        measured(mean)
    ))
}

/// Retries, where they are many: at least a fifth more attempts than requests.
fn repeated(traffic: &Traffic) -> String {
    match attempts_per_request(traffic) {
        Some(attempts) if attempts >= 1.2 => {
            let first = count(traffic.first_attempts);
            format!(
                ", with {} attempts for each of {first} requests",
                significant(attempts, 2)
            )
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lab_model::Name;
    use lab_model::link::Delay;
    use lab_model::name::CLIENT;

    use super::*;

    const ASKED: Effect = Effect::Delay {
        mean: Span::from_secs(2),
        jitter: Span::from_millis(200),
    };

    fn held(millis: u64) -> FaultTally {
        let span = Span::from_millis(millis);
        let touched = Touched {
            connections: 1,
            requests: 10,
            bytes: 100,
            readings: 0,
        };
        let delay = Delay {
            count: 1,
            sum: span,
            min: span,
            max: span,
        };
        FaultTally {
            passing: touched,
            touched,
            delay,
            ..FaultTally::default()
        }
    }

    #[test]
    fn half_of_the_delay_is_a_witness() {
        let check = |tally: &FaultTally, abandoned, expected: Result<(), &str>| {
            let link = Traffic {
                abandoned,
                ..Traffic::default()
            };
            let found = seen(&ASKED, tally, &link);
            assert_eq!(found, expected.map_err(str::to_owned));
        };
        check(&held(1_900), 0, Ok(()));
        check(&held(1_000), 0, Ok(()));
        check(&held(999), 0, Err("it added 999 ms where 2 s was asked"));
        check(&held(300), 5, Ok(()));
        check(&held(300), 4, Err("it added 300 ms where 2 s was asked"));
        check(&FaultTally::default(), 0, Err("no delay was measured"));
    }

    #[test]
    fn what_acts_on_connections_is_counted_in_connections() {
        let tally = FaultTally {
            passing: Touched {
                connections: 10,
                requests: 500,
                bytes: 0,
                readings: 0,
            },
            touched: Touched {
                connections: 4,
                requests: 30,
                bytes: 0,
                readings: 0,
            },
            refused: 12,
            ..FaultTally::default()
        };
        assert_eq!(
            share(&Effect::Reset, &tally),
            Share::new(4, 10, "connection")
        );
        assert_eq!(
            share(&Effect::Refuse, &tally),
            Share::new(12, 12, "connection")
        );
        assert_eq!(share(&ASKED, &tally), Share::new(30, 500, "request"));
    }

    #[test]
    fn the_load_is_called_clients() {
        let link = |from: &str| Link::new(Name::new(from).unwrap(), Name::new("shop").unwrap());
        assert_eq!(caller(&link(CLIENT)), "clients");
        assert_eq!(caller(&link("orders")), "orders");
    }
}
