//! False passes and false fails of simulated systems whose truth is known, seeded.
#![cfg(test)]

use lab_verdict::evidence::slices::{FAIL_SLICE, PASS_SLICE, Slices};
use lab_verdict::evidence::{ALPHA, Boundary, Side, bound};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const P0: f64 = 0.01;

fn bad_among(random: &mut StdRng, n: u64, share: f64) -> u64 {
    (0..n).filter(|_| random.random_bool(share)).count() as u64
}

/// Independent failures at exactly the allowed share, where each error is most likely: a verdict
/// in requests is wrong in at most 5 % of runs.
#[test]
fn independent_failures() {
    const RUNS: u64 = 1_000;
    let mut random = StdRng::seed_from_u64(7);
    for n in [400, 1_500, 5_000] {
        let Boundary {
            passes_up_to,
            fails_from,
        } = Boundary::new(n, P0, ALPHA, ALPHA);
        let (mut passes, mut fails) = (0, 0);
        for _ in 0..RUNS {
            let bad = bad_among(&mut random, n, P0);
            passes += u64::from(passes_up_to.is_some_and(|most| bad <= most));
            fails += u64::from(fails_from.is_some_and(|fewest| bad >= fewest));
        }
        assert!(
            passes * 20 <= RUNS,
            "{passes} false passes of {RUNS} at n = {n}"
        );
        assert!(
            fails * 20 <= RUNS,
            "{fails} false fails of {RUNS} at n = {n}"
        );
    }
}

/// Looking after every arrival does not make a false fail more likely than 5 %.
#[test]
fn looking_all_the_time() {
    use lab_verdict::evidence::Mixture;
    const RUNS: u64 = 300;
    let mut random = StdRng::seed_from_u64(8);
    let mixture = Mixture::new(Side::Fail, P0);
    let ever = |random: &mut StdRng| {
        let mut bad = 0;
        (1..=3_000).any(|n| {
            // Evidence to fail only grows with a bad arrival, so looking there is looking always.
            let is_bad = random.random_bool(P0);
            bad += u64::from(is_bad);
            is_bad && mixture.log_evidence(n, bad) >= bound(ALPHA)
        })
    };
    let fails = (0..RUNS).filter(|_| ever(&mut random)).count() as u64;
    assert!(fails * 20 <= RUNS, "{fails} false fails of {RUNS}");
}

/// A candidate at 5 % of the load that fails five times as often as its control (1 %) is caught
/// within 5,500 requests in at least 80 % of runs; one that shares a common fault with it (20 %
/// fail in both arms) is not failed in more than 5 %.
#[test]
fn candidate_against_control() {
    use lab_verdict::evidence::control::{Arm, Comparison};
    const RUNS: u64 = 400;
    let mut random = StdRng::seed_from_u64(10);
    let mut fails_within = |requests: u64, candidate_share: f64, control_share: f64| {
        let mut comparison = Comparison::fail();
        (0..requests / 100).any(|_| {
            let candidate = Arm {
                n: 5,
                bad: bad_among(&mut random, 5, candidate_share),
            };
            let control = Arm {
                n: 95,
                bad: bad_among(&mut random, 95, control_share),
            };
            comparison.add(candidate, control);
            comparison.log_evidence() >= bound(ALPHA)
        })
    };
    let caught = (0..RUNS)
        .filter(|_| fails_within(5_500, 0.05, 0.01))
        .count() as u64;
    assert!(caught * 10 >= RUNS * 8, "{caught} of {RUNS} caught");
    let blamed = (0..RUNS).filter(|_| fails_within(5_500, 0.2, 0.2)).count() as u64;
    assert!(blamed * 20 <= RUNS, "{blamed} of {RUNS} blamed");
}

/// Stalls no longer than half a slice, over 20 minutes at the allowed share: a verdict in slices is
/// wrong in at most 7 % of runs.
#[test]
fn clustered_failures() {
    const RUNS: u64 = 300;
    const SECONDS: usize = 1_200;
    let mut random = StdRng::seed_from_u64(9);
    let length = |slice: lab_model::Span| slice.as_secs_f64();
    for side in [Side::Pass, Side::Fail] {
        let slice = length(if side == Side::Pass {
            PASS_SLICE
        } else {
            FAIL_SLICE
        });
        let mut wrong = 0;
        for _ in 0..RUNS {
            let shares = stalls(&mut random, SECONDS as f64, slice, slice / 2.0);
            let mut slices = Slices::new(side, P0);
            for share in shares {
                slices.add(share);
            }
            let reached = match side {
                Side::Pass => slices.log_evidence(),
                Side::Fail => slices.highest_log_evidence(),
            };
            wrong += u64::from(reached >= bound(ALPHA));
        }
        assert!(wrong * 100 <= RUNS * 7, "{side:?}: {wrong} of {RUNS} wrong");
    }
}

/// The bad share of each slice of a time in which the system stalls, for so long each time, so
/// often that the share [`P0`] of the time is bad.
fn stalls(random: &mut StdRng, time: f64, slice: f64, stall: f64) -> Vec<f64> {
    let gap = stall / P0 - stall;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number"
    )]
    let mut bad = vec![0.0; (time / slice).round() as usize];
    let mut at = 0.0;
    loop {
        at += -gap * (1.0 - random.random::<f64>()).ln();
        let end = at + stall;
        for (index, share) in bad.iter_mut().enumerate() {
            let (from, to) = (index as f64 * slice, (index + 1) as f64 * slice);
            *share += (end.min(to) - at.max(from)).max(0.0) / slice;
        }
        at = end;
        if at >= time {
            return bad;
        }
    }
}
