//! Systems whose truth is known, and what the verdicts say of them.

use std::fmt;

use lab_verdict::evidence::control::{Arm, Comparison};
use lab_verdict::evidence::slices::{FAIL_SLICE, PASS_SLICE, Slices};
use lab_verdict::evidence::{ALPHA, Boundary, Mixture, Side, bound};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Twenty minutes, in seconds.
const LONG: f64 = 1_200.0;

/// A system, asked many times for a verdict that should not (or should) come.
pub(crate) struct Question {
    system: String,
    verdict: &'static str,
    /// The largest share of runs with this verdict, in percent; the smallest where it is wanted.
    limit: u64,
    wanted: bool,
    seed: u64,
    run: Box<dyn Fn(&mut StdRng) -> bool>,
}

/// How often the verdict came.
pub(crate) struct Answer<'a> {
    question: &'a Question,
    runs: u64,
    came: u64,
}

impl Question {
    /// Runs the system so many times.
    pub(crate) fn ask(&self, runs: u64) -> Answer<'_> {
        let mut random = StdRng::seed_from_u64(self.seed);
        let came = (0..runs).filter(|_| (self.run)(&mut random)).count() as u64;
        Answer {
            question: self,
            runs,
            came,
        }
    }
}

impl Answer<'_> {
    /// Whether the share of runs keeps to its limit, give or take so many standard deviations of
    /// chance.
    pub(crate) fn holds(&self, deviations: f64) -> bool {
        let (runs, limit) = (self.runs as f64, self.question.limit as f64 / 100.0);
        let chance = deviations * (runs * limit * (1.0 - limit)).sqrt();
        if self.question.wanted {
            self.came as f64 >= limit * runs - chance
        } else {
            self.came as f64 <= limit * runs + chance
        }
    }
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Question {
            system,
            verdict,
            limit,
            wanted,
            ..
        } = self.question;
        let share = self.came as f64 / self.runs.max(1) as f64 * 100.0;
        let sign = if *wanted { '≥' } else { '≤' };
        let runs = self.runs;
        write!(
            f,
            "| {system} | {verdict} | {runs} | {share:.2} % | {sign} {limit} % |"
        )
    }
}

/// Everything that is asked.
pub(crate) fn questions() -> Vec<Question> {
    let mut questions = Vec::new();
    for p0 in [0.001, 0.01, 0.05] {
        for n in [500, 1_500, 5_000, 20_000] {
            questions.extend(independent(n, p0));
        }
    }
    questions.push(looked_at_all_the_time());
    for stall in [0.25, 0.5, 1.0] {
        questions.push(stalls(Side::Pass, stall));
    }
    for stall in [0.5, 1.0, 2.5] {
        questions.push(stalls(Side::Fail, stall));
    }
    questions.extend(slices_of_independent());
    questions.extend(control());
    questions
}

/// A verdict in requests on failures that are independent, at exactly the share that is allowed,
/// where each error is most likely.
fn independent(n: u64, p0: f64) -> [Question; 2] {
    let Boundary {
        passes_up_to,
        fails_from,
    } = Boundary::new(n, p0, ALPHA, ALPHA);
    let system = format!(
        "independent, {} % of {n} requests bad, as allowed",
        p0 * 100.0
    );
    let question = |verdict, decides: Box<dyn Fn(u64) -> bool>| Question {
        system: system.clone(),
        verdict,
        limit: 5,
        wanted: false,
        seed: 7,
        run: Box::new(move |random| decides(bad_among(random, n, p0))),
    };
    [
        question(
            "pass (requests)",
            Box::new(move |bad| passes_up_to.is_some_and(|most| bad <= most)),
        ),
        question(
            "fail (requests)",
            Box::new(move |bad| fails_from.is_some_and(|fewest| bad >= fewest)),
        ),
    ]
}

/// Looking after every arrival does not make a false fail more likely.
fn looked_at_all_the_time() -> Question {
    let mixture = Mixture::new(Side::Fail, 0.01);
    Question {
        system: "independent, 1 % bad as allowed, looked at after each of 3000 requests".to_owned(),
        verdict: "fail (requests)",
        limit: 5,
        wanted: false,
        seed: 8,
        run: Box::new(move |random| {
            let mut bad = 0;
            (1..=3_000).any(|n| {
                // Evidence to fail only grows with a bad arrival, so looking there is looking always.
                let is_bad = random.random_bool(0.01);
                bad += u64::from(is_bad);
                is_bad && mixture.log_evidence(n, bad) >= bound(ALPHA)
            })
        }),
    }
}

/// A verdict in slices on a system that stalls for so long each time, over 20 minutes, and is bad
/// for exactly the share of the time that is allowed.
fn stalls(side: Side, stall: f64) -> Question {
    let slice = slice_of(side);
    Question {
        system: format!("stalls of {stall} s for 1 % of 20 min, as allowed"),
        verdict: in_slices(side),
        limit: 7,
        wanted: false,
        seed: 9,
        run: Box::new(move |random| reached(side, 0.01, stalled(random, 0.01, slice, stall))),
    }
}

/// A verdict in slices on failures that are independent: 100 arrivals a second, over 20 minutes.
fn slices_of_independent() -> [Question; 2] {
    [Side::Pass, Side::Fail].map(|side| {
        let slice = slice_of(side);
        Question {
            system: "independent, 1 % bad as allowed, 100/s for 20 min".to_owned(),
            verdict: in_slices(side),
            limit: 5,
            wanted: false,
            seed: 11,
            run: Box::new(move |random| {
                let slices = whole(LONG / slice);
                let arrivals = whole(slice * 100.0) as u64;
                let shares = (0..slices)
                    .map(|_| bad_among(random, arrivals, 0.01) as f64 / arrivals as f64)
                    .collect();
                reached(side, 0.01, shares)
            }),
        }
    })
}

/// A candidate at 5 % of 5,500 requests beside its control.
fn control() -> [Question; 3] {
    let question = |system: &str, limit, wanted, candidate: f64, control: f64| Question {
        system: format!("5,500 requests, 5 % to a candidate: {system}"),
        verdict: "fail (against control)",
        limit,
        wanted,
        seed: 10,
        run: Box::new(move |random| {
            let mut comparison = Comparison::fail();
            (0..55).any(|_| {
                let arm = |n, bad| Arm { n, bad };
                let (theirs, ours) = (
                    bad_among(random, 5, candidate),
                    bad_among(random, 95, control),
                );
                comparison.add(arm(5, theirs), arm(95, ours));
                comparison.log_evidence() >= bound(ALPHA)
            })
        }),
    };
    [
        question("1 % bad in both arms", 5, false, 0.01, 0.01),
        question("a common fault, 20 % bad in both arms", 5, false, 0.2, 0.2),
        question("a regression, 5 % bad beside 1 %", 80, true, 0.05, 0.01),
    ]
}

fn slice_of(side: Side) -> f64 {
    match side {
        Side::Pass => PASS_SLICE.as_secs_f64(),
        Side::Fail => FAIL_SLICE.as_secs_f64(),
    }
}

const fn in_slices(side: Side) -> &'static str {
    match side {
        Side::Pass => "pass (slices)",
        Side::Fail => "fail (slices, any time)",
    }
}

/// Whether slices with these bad shares decide. A fail may latch any time, a pass needs the whole.
fn reached(side: Side, p0: f64, shares: Vec<f64>) -> bool {
    let mut slices = Slices::new(side, p0);
    for share in shares {
        slices.add(share);
    }
    let evidence = match side {
        Side::Pass => slices.log_evidence(),
        Side::Fail => slices.highest_log_evidence(),
    };
    evidence >= bound(ALPHA)
}

fn bad_among(random: &mut StdRng, n: u64, share: f64) -> u64 {
    (0..n).filter(|_| random.random_bool(share)).count() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small positive number"
)]
fn whole(number: f64) -> usize {
    number.round() as usize
}

/// The bad share of each slice of 20 minutes in which the system stalls, for so long each time, so
/// often that this share of the time is bad.
fn stalled(random: &mut StdRng, p0: f64, slice: f64, stall: f64) -> Vec<f64> {
    let gap = stall / p0 - stall;
    let mut bad = vec![0.0; whole(LONG / slice)];
    let mut at = 0.0;
    loop {
        at += -gap * (1.0 - random.random::<f64>()).ln();
        let end = at + stall;
        for (index, share) in bad.iter_mut().enumerate() {
            let (from, to) = (index as f64 * slice, (index + 1) as f64 * slice);
            *share += (end.min(to) - at.max(from)).max(0.0) / slice;
        }
        at = end;
        if at >= LONG {
            return bad;
        }
    }
}
