//! Planted regressions are found, null changes and slow machines are not called one.

use super::*;

/// A small generator of numbers (`SplitMix64`), so that seeds mean the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A log-normal time around a median, in microseconds (Box and Muller).
    fn time(&mut self, median: f64, spread: f64) -> Span {
        let normal = (-2.0 * self.next().max(1e-12).ln()).sqrt()
            * (std::f64::consts::TAU * self.next()).cos();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some milliseconds"
        )]
        Span::from_micros((median * (spread * normal).exp()) as u64)
    }
}

/// A run of 3,000 arrivals of 20 ms, on a machine so many times slower; each run is a little off
/// by itself, as runs are.
fn run(seed: u64, system: f64, machine: f64, bad: u64) -> Summary {
    let mut numbers = Numbers(seed);
    let own = 1.0 + 0.03 * (numbers.next() - 0.5);
    let mut latency = Histogram::new();
    let mut calibration = Histogram::new();
    for _ in 0..3_000 {
        latency.record(numbers.time(20_000.0 * system * machine * own, 0.3));
    }
    for _ in 0..600 {
        calibration.record(numbers.time(80.0 * machine, 0.2));
    }
    let name = |text: &str| Name::new(text).unwrap();
    Summary {
        accepted: VERSION,
        run: lab_model::RunId::new("2026-11-22-sample-7").unwrap(),
        scenario: name("sample"),
        seed,
        on: "2026-11-22".parse().unwrap(),
        lab: "0.1.0".to_owned(),
        settings: [(name("orders.timeout"), "400ms".to_owned())].into(),
        images: [].into(),
        journeys: vec![JourneySummary {
            journey: name("checkout"),
            phase: name("fault"),
            n: 3_000,
            bad,
            latency,
        }],
        calibration,
        by: None,
    }
}

fn change(before: &Summary, after: &Summary) -> Change {
    compare(before, after, TOLERANCE).change()
}

#[test]
fn a_planted_regression_is_found_and_a_null_change_is_not() {
    for seed in 0..10 {
        let before = run(seed, 1.0, 1.0, 0);
        assert_eq!(
            change(&before, &run(seed + 100, 1.2, 1.0, 0)),
            Change::Worse,
            "seed {seed}"
        );
        assert_eq!(
            change(&before, &run(seed + 200, 1.0, 1.0, 0)),
            Change::Same,
            "seed {seed}"
        );
        assert_eq!(
            change(&run(seed + 300, 1.2, 1.0, 0), &before),
            Change::Better,
            "seed {seed}"
        );
    }
}

#[test]
fn a_slow_machine_is_no_regression() {
    for seed in 0..10 {
        let before = run(seed, 1.0, 1.0, 0);
        assert_eq!(
            change(&before, &run(seed + 100, 1.0, 1.3, 0)),
            Change::Same,
            "seed {seed}"
        );
        assert_eq!(
            change(&before, &run(seed + 200, 1.2, 1.3, 0)),
            Change::Worse,
            "seed {seed}"
        );
        let far = compare(&before, &run(seed + 300, 1.0, 3.0, 0), TOLERANCE);
        assert_eq!(far.change(), Change::Unknown, "seed {seed}");
        assert!(far.notes[0].contains("times as slow"), "{:?}", far.notes);
    }
}

#[test]
fn a_system_that_waits_is_not_slower_where_the_machine_is_faster() {
    for seed in 0..10 {
        let (slow, fast) = (run(seed, 1.0, 1.0, 0), run(seed + 100, 1.0 / 0.7, 0.7, 0));
        assert_eq!(change(&slow, &fast), Change::Same, "seed {seed}");
        assert_eq!(change(&fast, &slow), Change::Same, "seed {seed}");
        let planted = run(seed + 200, 1.2 / 0.7, 0.7, 0);
        assert_eq!(change(&slow, &planted), Change::Worse, "seed {seed}");
    }
}

#[test]
fn more_failures_are_worse() {
    assert_eq!(
        change(&run(1, 1.0, 1.0, 5), &run(2, 1.0, 1.0, 60)),
        Change::Worse
    );
    assert_eq!(
        change(&run(1, 1.0, 1.0, 30), &run(2, 1.0, 1.0, 33)),
        Change::Same
    );
}

#[test]
fn what_changed_is_said() {
    let (before, mut after) = (run(1, 1.0, 1.0, 0), run(2, 1.0, 1.0, 0));
    after
        .settings
        .insert(Name::new("orders.timeout").unwrap(), "none".to_owned());
    let across = compare(&before, &after, TOLERANCE);
    assert_eq!(
        across.differences,
        ["seed 1 → 2", "orders.timeout 400ms → none"]
    );
}

#[test]
fn a_summary_is_read_as_it_was_written() {
    let summary = run(1, 1.0, 1.0, 3);
    assert_eq!(Summary::read(summary.text().as_bytes()).unwrap(), summary);
}
