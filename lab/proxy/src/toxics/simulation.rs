//! Chains of toxics in simulated time: what goes in, when, and what comes out, when.
//!
//! Nothing here waits, so that exact statements about time hold on the busiest machine.

use super::*;
use crate::witness::InFlight;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

/// A chain with what it did.
struct Run {
    /// Each piece that came out, with its time in microseconds.
    out: Vec<(u64, Vec<u8>)>,
    end: Option<(u64, End)>,
    marks: Vec<Arc<Marks>>,
}

impl Run {
    fn bytes(&self) -> Vec<u8> {
        self.out.iter().flat_map(|(_, data)| data.clone()).collect()
    }
}

fn toxics(specs: &[(&str, Value)]) -> Vec<Arc<Toxic>> {
    let toxics = specs.iter().zip(1..).map(|((name, attributes), id)| {
        let kind = kind(name).unwrap();
        Arc::new(Toxic {
            id,
            revision: 0,
            name: format!("{name}{id}"),
            kind,
            stream: Stream::Upstream,
            toxicity: 1.0,
            attributes: kind
                .merge(&Map::new(), attributes.as_object().unwrap())
                .unwrap(),
            marks: Arc::default(),
            shared: Arc::default(),
        })
    });
    toxics.collect()
}

const PLACE: Place<'_> = Place {
    seed: 7,
    link: "link",
    connection: 0,
    stream: Stream::Upstream,
};

/// Sends each chunk at its time (as soon as there is room), then the end; every turn comes late by
/// what `late` says.
fn simulate(specs: &[(&str, Value)], chunks: &[(u64, Vec<u8>)], late: impl Fn(u64) -> u64) -> Run {
    let origin = Instant::now();
    let at = |micros: u64| origin + Duration::from_micros(micros);
    let toxics = toxics(specs);
    let (mut chain, mut queue) = (Chain::default(), Queue::default());
    chain.adopt(&toxics, PLACE, origin, &mut queue);
    let mut run = Run {
        out: Vec::new(),
        end: None,
        marks: toxics
            .iter()
            .map(|toxic| Arc::clone(&toxic.marks))
            .collect(),
    };
    let (mut now, mut sent, mut turns) = (0, 0, 0);
    loop {
        while let Some((time, data)) = chunks.get(sent)
            && *time <= now
            && chain.room(1 << 20) > 0
        {
            chain.push(Bytes::from(data.clone()), at(now), &mut queue);
            sent += 1;
        }
        if sent == chunks.len() {
            chain.finish(End::Finished, at(now), &mut queue);
        }
        let around = Surroundings {
            now: at(now),
            both_finished: false,
            in_flight: InFlight::default(),
            delay_budget: 1 << 20,
        };
        let passed = chain.pass(around, &mut queue);
        while let Some(segment) = queue.pop() {
            run.out.push((now, segment.data.to_vec()));
        }
        if let Some((end, _)) = queue.end() {
            run.end = Some((now, end));
            return run;
        }
        if chunks.get(sent).is_some_and(|(time, _)| *time <= now) && chain.room(1 << 20) > 0 {
            // A pass made room for what waits already.
            continue;
        }
        let wake = match passed {
            Passed::Reset => {
                run.end = Some((now, End::Reset));
                return run;
            }
            Passed::Waits(moment) => moment.map(|moment| {
                let nanos = (moment - origin).as_nanos();
                u64::try_from(nanos.div_ceil(1_000)).unwrap()
            }),
        };
        let arrival = chunks
            .get(sent)
            .map(|(time, _)| *time)
            .filter(|time| *time > now);
        let Some(next) = wake.into_iter().chain(arrival).min() else {
            // Nothing will happen any more unless there is room again.
            if sent < chunks.len() && chain.room(1 << 20) > 0 {
                continue;
            }
            return run;
        };
        turns += 1;
        now = next.max(now) + late(turns);
    }
}

/// Data in which a byte that is lost or moved is noticed.
fn chunk(size: usize) -> Vec<u8> {
    (0..=250).cycle().take(size).collect()
}

/// So many bytes that wait from the start.
fn backlog(total: u64) -> Vec<(u64, Vec<u8>)> {
    let total = usize::try_from(total).unwrap();
    let sizes = (0..total / 10_000).map(|_| 10_000).chain([total % 10_000]);
    sizes.map(|size| (0, vec![0; size])).collect()
}

/// Chunks of varying size at varying times.
fn traffic() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
    prop::collection::vec((0_u64..50_000, 1_usize..5_000), 1..30).prop_map(|mut chunks| {
        chunks.sort_unstable();
        chunks
            .into_iter()
            .map(|(time, size)| (time, chunk(size)))
            .collect()
    })
}

/// A toxic that must not alter what passes.
fn harmless() -> impl Strategy<Value = (&'static str, Value)> {
    prop_oneof![
        (0_u64..40, 0_u64..40).prop_map(|(latency, jitter)| (
            "latency",
            json!({"latency": latency, "jitter": jitter})
        )),
        (1_u64..100_000).prop_map(|rate| ("bandwidth", json!({"rate": rate}))),
        (1_u64..3_000, 0_u64..1_000, 0_u64..2_000).prop_map(|(size, variation, delay)| {
            let variation = variation % size;
            (
                "slicer",
                json!({"average_size": size, "size_variation": variation, "delay": delay}),
            )
        }),
        (0_u64..100).prop_map(|delay| ("slow_close", json!({"delay": delay}))),
        (0_u64..40, 0_u64..20).prop_map(|(mean, deviation)| {
            ("delay", json!({"mean": mean, "deviation": deviation}))
        }),
        (1_u64..20).prop_map(|mean| ("delay", json!({"mean": mean, "distribution": "pareto"}))),
        (0_u64..40_000, 1_u64..9, 1_u64..9).prop_map(|(micros, often, seldom)| {
            let histogram = json!([micros, often, 2 * micros, seldom]);
            (
                "delay",
                json!({"distribution": "recorded", "histogram": histogram}),
            )
        }),
        (0_u64..100).prop_map(|delay| ("slow_open", json!({"delay": delay}))),
        (0_u64..100).prop_map(|delay| ("slow_accept", json!({"delay": delay}))),
        Just(("limit_time", json!({"time": 3_600_000}))),
        (1_u64..100_000).prop_map(|rate| ("link_bandwidth", json!({"rate": rate}))),
        Just(("corrupt", json!({}))),
        Just(("noop", json!({}))),
        Just(("limit_data", json!({"bytes": 1_000_000_000}))),
        Just(("packet_loss", json!({}))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_must_not_alter_data_does_not(
        specs in prop::collection::vec(harmless(), 0..4),
        chunks in traffic(),
        late in 0_u64..3_000,
    ) {
        let run = simulate(&specs, &chunks, |turn| turn * 7_919 % (late + 1));
        let sent: Vec<u8> = chunks.iter().flat_map(|(_, data)| data.clone()).collect();
        prop_assert!(run.bytes() == sent, "{specs:?}");
        prop_assert_eq!(run.end.map(|(_, end)| end), Some(End::Finished));
    }

    #[test]
    fn no_byte_comes_before_its_delay(
        latency in 0_u64..100,
        jitter in 0_u64..100,
        chunks in traffic(),
        late in 0_u64..3_000,
    ) {
        let spec = [("latency", json!({"latency": latency, "jitter": jitter}))];
        let run = simulate(&spec, &chunks, |turn| turn * 7_919 % (late + 1));
        let least = latency.saturating_sub(jitter) * 1_000;
        // A chunk leaves whole, unless there is no room: compare where bytes begin.
        let mut passed = 0;
        for (time, data) in &run.out {
            let mut before = 0;
            let sent = chunks.iter().find(|(_, data)| {
                before += data.len();
                before > passed
            });
            prop_assert!(*time >= sent.unwrap().0 + least);
            passed += data.len();
        }
        let delay = run.marks[0].delay.read();
        prop_assert_eq!(delay.count(), run.marks[0].chunks.get());
    }

    #[test]
    fn no_byte_comes_before_the_shortest_delay_that_was_recorded(
        shortest in 0_u64..50_000,
        chunks in traffic(),
        late in 0_u64..3_000,
    ) {
        let histogram = json!([shortest, 5, shortest + 700, 3, shortest * 3, 1]);
        let spec = [("delay", json!({"distribution": "recorded", "histogram": histogram}))];
        let run = simulate(&spec, &chunks, |turn| turn * 7_919 % (late + 1));
        // Chunks leave whole and in order.
        for ((time, _), (sent, _)) in run.out.iter().zip(&chunks) {
            prop_assert!(*time >= sent + shortest, "{time} for {sent} + {shortest}");
        }
    }

    #[test]
    fn stacked_delays_add_up_whatever_timers_do(
        delays in prop::collection::vec(1_u64..50, 1..4),
        late in 0_u64..900,
    ) {
        let specs: Vec<_> = delays.iter().map(|delay| ("latency", json!({"latency": delay}))).collect();
        let run = simulate(&specs, &[(0, chunk(10))], |_| late);
        let total = delays.iter().sum::<u64>() * 1_000;
        let (time, _) = run.out[0];
        // Lateness does not add up: each deadline counts from the one before.
        prop_assert!((total..=total + late + 1).contains(&time), "{time} for {total}");
    }

    #[test]
    fn a_rate_is_kept_within_a_percent_and_without_bursts(
        rate in 10_u64..10_000,
        late in 0_u64..8_000,
    ) {
        // Half a second's worth of data waits from the start; turns come late, some by much.
        let chunks = backlog(rate * 500);
        let spec = [("bandwidth", json!({"rate": rate}))];
        let run = simulate(&spec, &chunks, |turn| if turn % 400 == 0 { late } else { late / 100 });
        let (end, _) = *run.out.last().unwrap();
        let expected = 500_000.0;
        prop_assert!((end as f64 - expected).abs() <= expected * 0.01 + late as f64, "{end}");
        if late == 0 {
            for (index, (time, _)) in run.out.iter().enumerate() {
                let window = run.out[index..].iter().take_while(|(other, _)| *other < time + 10_000);
                let bytes: usize = window.map(|(_, data)| data.len()).sum();
                let most = rate as f64 * 10.0 * 1.05 + 1.0;
                prop_assert!(bytes as f64 <= most, "{bytes} of {most}");
            }
        }
    }

    #[test]
    fn the_rate_holds_where_every_turn_is_late(rate in 100_u64..2_000, late in 0_u64..15_000) {
        let chunks = backlog(rate * 500);
        let spec = [("bandwidth", json!({"rate": rate}))];
        let run = simulate(&spec, &chunks, |_| late);
        let (end, _) = *run.out.last().unwrap();
        let expected = 500_000.0;
        // The first turns have to become a habit.
        let slack = expected * 0.01 + 5.0 * late as f64;
        prop_assert!((end as f64 - expected).abs() <= slack, "{end} for {expected}");
    }

    #[test]
    fn catching_up_makes_no_great_burst(rate in 1_000_u64..5_000, pause in 0_u64..60_000) {
        let chunks = backlog(rate * 200);
        let spec = [("bandwidth", json!({"rate": rate}))];
        let run = simulate(&spec, &chunks, |turn| if turn == 100 { pause } else { 0 });
        let most = if pause <= 1_000 { 1.25 } else { 2.2 };
        for (index, (time, _)) in run.out.iter().enumerate() {
            let window = run.out[index..].iter().take_while(|(other, _)| *other < time + 10_000);
            let bytes: usize = window.map(|(_, data)| data.len()).sum();
            prop_assert!(bytes as f64 <= rate as f64 * 10.0 * most + 1.0, "{bytes}");
        }
    }

    #[test]
    fn the_rate_holds_on_a_busy_machine(rate in 100_u64..2_000, late in 0_u64..4_000) {
        let chunks = backlog(rate * 300);
        let spec = [("bandwidth", json!({"rate": rate}))];
        // Every other turn is late.
        let run = simulate(&spec, &chunks, |turn| if turn % 2 == 0 { late } else { 100 });
        let (end, _) = *run.out.last().unwrap();
        let expected = 300_000.0;
        let slack = expected * 0.01 + 10_000.0;
        prop_assert!((end as f64 - expected).abs() <= slack, "{end} for {expected}");
    }
}

#[test]
fn a_recorded_delay_draws_what_was_recorded() {
    let histogram = json!([1_000, 3, 20_000, 1]);
    let spec = [(
        "delay",
        json!({"distribution": "recorded", "histogram": histogram}),
    )];
    // Far apart, so that none waits for the one before.
    let chunks: Vec<_> = (0..400).map(|index| (index * 50_000, chunk(10))).collect();
    let run = simulate(&spec, &chunks, |_| 0);
    let held = run.out.iter().map(|(time, _)| time % 50_000);
    let long = held.clone().filter(|held| *held == 20_000).count();
    assert!((70..130).contains(&long), "{long}");
    assert_eq!(held.filter(|held| *held == 1_000).count(), 400 - long);
}

#[test]
fn a_limit_cuts_exactly() {
    for limit in [0, 1, 9, 10, 11, 25] {
        let spec = [("limit_data", json!({"bytes": limit}))];
        let run = simulate(&spec, &[(0, chunk(10)), (5, chunk(10))], |_| 0);
        let expected = limit.min(20);
        assert_eq!(run.bytes().len(), expected, "{limit}");
        let end = if limit > 20 {
            End::Finished
        } else {
            End::Closed
        };
        assert_eq!(run.end.map(|(_, end)| end), Some(end), "{limit}");
    }
}

#[test]
fn a_reset_comes_at_its_time_and_nothing_before() {
    let spec = [("reset_peer", json!({"timeout": 30}))];
    let run = simulate(&spec, &[(0, chunk(10)), (90_000, chunk(10))], |_| 0);
    assert!(run.out.is_empty());
    assert_eq!(run.end, Some((30_000, End::Reset)));
    assert_eq!(
        (run.marks[0].resets.get(), run.marks[0].dropped_bytes.get()),
        (1, 10)
    );
}

#[test]
fn loss_is_a_share_of_chunks_and_comes_in_bursts() {
    let chunks: Vec<_> = (0..4_000).map(|index| (index, chunk(10))).collect();
    let lost = |loss_rate: f64, correlation: f64| {
        let spec = [(
            "packet_loss",
            json!({"loss_rate": loss_rate, "correlation": correlation}),
        )];
        let run = simulate(&spec, &chunks, |_| 0);
        assert_eq!(
            run.marks[0].dropped_bytes.get() + run.bytes().len() as u64,
            40_000
        );
        run.marks[0].chunks.get()
    };
    assert_eq!((lost(0.0, 0.0), lost(1.0, 0.0)), (0, 4_000));
    assert!((300..500).contains(&lost(0.1, 0.0)));
    assert!((600..1_000).contains(&lost(0.1, 0.5)));
}

#[test]
fn slices_have_the_size_asked_for() {
    let spec = [(
        "slicer",
        json!({"average_size": 100, "size_variation": 20, "delay": 50}),
    )];
    let run = simulate(&spec, &[(0, chunk(5_000))], |_| 0);
    assert!((5_000 / 120..=5_000 / 80).contains(&run.out.len()));
    assert!(run.out.iter().all(|(_, data)| data.len() <= 120));
    let gaps = run.out.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.min().unwrap() >= 50);
}

#[test]
fn corruption_changes_a_share_of_the_bytes_and_nothing_else() {
    let chunks: Vec<_> = (0..100).map(|index| (index, chunk(1_000))).collect();
    let sent: Vec<u8> = chunks.iter().flat_map(|(_, data)| data.clone()).collect();
    for (share, expected) in [
        (0.001, 50..200),
        (0.5, 49_000..51_000),
        (1.0, 100_000..100_001),
    ] {
        let run = simulate(&[("corrupt", json!({"byte_rate": share}))], &chunks, |_| 0);
        let received = run.bytes();
        assert_eq!(received.len(), sent.len());
        let changed = sent
            .iter()
            .zip(&received)
            .filter(|(sent, received)| sent != received);
        let changed = changed.count() as u64;
        assert!(expected.contains(&changed), "{changed} at {share}");
        assert_eq!(run.marks[0].bytes.get(), changed);
    }
}

#[test]
fn a_limit_of_time_and_a_slow_open_keep_their_time() {
    let chunks = [(0, chunk(10)), (20_000, chunk(10)), (50_000, chunk(10))];
    let run = simulate(&[("limit_time", json!({"time": 40}))], &chunks, |_| 0);
    assert_eq!(
        (run.bytes().len(), run.end),
        (20, Some((40_000, End::Closed)))
    );
    let run = simulate(&[("slow_open", json!({"delay": 30}))], &chunks, |_| 0);
    let times: Vec<_> = run.out.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [30_000, 30_000, 50_000]);
}

#[test]
fn connections_share_the_rate_of_a_link_evenly() {
    let toxics = toxics(&[("link_bandwidth", json!({"rate": 1_000}))]);
    let origin = Instant::now();
    let mut sides: Vec<(Chain, Queue, usize)> = (0..4).map(|_| Default::default()).collect();
    for (chain, queue, _) in &mut sides {
        chain.adopt(&toxics, PLACE, origin, queue);
        chain.push(Bytes::from(chunk(60_000)), origin, queue);
    }
    for step in 0..1_000 {
        let around = Surroundings {
            now: origin + Duration::from_micros(step * 100),
            both_finished: false,
            in_flight: InFlight::default(),
            delay_budget: 1 << 20,
        };
        for (chain, queue, passed) in &mut sides {
            chain.pass(around, queue);
            while let Some(segment) = queue.pop() {
                *passed += segment.data.len();
            }
        }
    }
    // A tenth of a second at a thousand bytes a millisecond, in four equal shares.
    for (_, _, passed) in &sides {
        assert!((24_000..=26_000).contains(passed), "{passed}");
    }
}
