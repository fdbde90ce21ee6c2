//! Counts, monotony, exact integrals; live changes.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts far below the limits of their types"
)]

use proptest::prelude::*;

use super::*;

fn rate(rate: f64) -> Rate {
    Rate::per_second(rate).unwrap()
}

fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

/// Every kind of open schedule.
fn arrivals() -> impl Strategy<Value = Arrivals> {
    let r = || (0.1_f64..3_000.0).prop_map(rate);
    let t = || (1_u64..20_000).prop_map(ms);
    prop_oneof![
        r().prop_map(|rate| Arrivals::Constant { rate }),
        (r(), r(), t()).prop_map(|(from, to, over)| Arrivals::Ramp { from, to, over }),
        (prop::collection::vec(r(), 1..5), t())
            .prop_map(|(rates, every)| Arrivals::Step { rates, every }),
        (r(), r(), t(), t()).prop_map(|(rate, to, at, lasting)| Arrivals::Spike {
            rate,
            to,
            at,
            lasting
        }),
        (r(), 0.01_f64..=1.0, t()).prop_map(|(mean, share, period)| Arrivals::Sine {
            swing: rate((mean.as_per_second() * share).max(1e-3)),
            mean,
            period
        }),
        (r(), any::<u64>()).prop_map(|(rate, seed)| Arrivals::Poisson(Poisson { rate, seed })),
        (
            prop::collection::vec(0_i64..20_000_000, 1..300),
            prop_oneof![
                Just(Span::from_secs(1)),
                Just(ms(1)),
                Just(Span::from_micros(1))
            ],
            0.1_f64..20.0
        )
            .prop_map(|(at, resolution, speed)| {
                Arrivals::Replay(Replay::new(at, resolution, speed))
            }),
    ]
}

/// The integral of the rate by a formula of its own.
fn integral(arrivals: &Arrivals, at: f64) -> f64 {
    let steps = 20_000;
    let width = at / f64::from(steps);
    let rate = |t: f64| match arrivals {
        Arrivals::Constant { rate } => rate.as_per_second(),
        Arrivals::Ramp { from, to, over } => {
            let (from, to) = (from.as_per_second(), to.as_per_second());
            from + (to - from) * (t / over.as_secs_f64()).min(1.0)
        }
        Arrivals::Step { rates, every } => {
            let index = (t / every.as_secs_f64()) as usize;
            rates[index.min(rates.len() - 1)].as_per_second()
        }
        Arrivals::Spike {
            rate,
            to,
            at,
            lasting,
        } => {
            let inside = (at.as_secs_f64()..at.plus(*lasting).as_secs_f64()).contains(&t);
            if inside { to } else { rate }.as_per_second()
        }
        Arrivals::Sine {
            mean,
            swing,
            period,
        } => {
            let turn = std::f64::consts::TAU * t / period.as_secs_f64();
            mean.as_per_second() + swing.as_per_second() * turn.sin()
        }
        other => unreachable!("{other:?}"),
    };
    (0..steps)
        .map(|i| rate((f64::from(i) + 0.5) * width) * width)
        .sum()
}

#[test]
fn closed_forms_by_hand() {
    let check = |arrivals: Arrivals, seconds: u64, expected: u64| {
        let counted = arrivals.count_between(Span::ZERO, Span::from_secs(seconds));
        assert_eq!(counted, Some(expected), "{arrivals:?}");
    };
    let s = Span::from_secs;
    check(Arrivals::Constant { rate: rate(150.0) }, 15, 2_250);
    // (50 + 150) / 2 · 10, then 150 · 5.
    let ramp = Arrivals::Ramp {
        from: rate(50.0),
        to: rate(150.0),
        over: s(10),
    };
    check(ramp.clone(), 10, 1_000);
    check(ramp.clone(), 15, 1_750);
    // 50 t + 5 t² = 280 at t = 4.
    assert_eq!(ramp.dues().nth(280), Some(s(4)));
    let step = Arrivals::Step {
        rates: vec![rate(10.0), rate(20.0), rate(5.0)],
        every: s(3),
    };
    check(step, 10, 30 + 60 + 20);
    let spike = Arrivals::Spike {
        rate: rate(10.0),
        to: rate(100.0),
        at: s(4),
        lasting: s(2),
    };
    check(spike, 10, 40 + 200 + 40);
    // A whole period is the mean; its first half holds swing · period / π more.
    let sine = Arrivals::Sine {
        mean: rate(100.0),
        swing: rate(50.0),
        period: s(20),
    };
    check(sine.clone(), 20, 2_000);
    check(sine, 10, 1_319);
}

#[test]
fn a_poisson_process_has_its_mean_and_its_variance() {
    let poisson = Arrivals::Poisson(Poisson {
        rate: rate(200.0),
        seed: 7,
    });
    let mut counts = vec![0.0_f64; 400];
    for due in poisson.dues().take_while(|due| *due < Span::from_secs(400)) {
        counts[usize::try_from(due.as_micros() / 1_000_000).unwrap()] += 1.0;
    }
    let walked = counts.iter().sum::<f64>() as u64;
    assert_eq!(
        poisson.count_between(Span::ZERO, Span::from_secs(400)),
        Some(walked)
    );
    let mean = counts.iter().sum::<f64>() / 400.0;
    let variance = counts.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / 399.0;
    // Six standard errors of each.
    assert!(
        (mean - 200.0).abs() < 6.0 * (200.0_f64 / 400.0).sqrt(),
        "{mean}"
    );
    assert!(
        (variance - 200.0).abs() < 6.0 * 200.0 * (2.0_f64 / 399.0).sqrt(),
        "{variance}"
    );
    let other = Poisson {
        rate: rate(200.0),
        seed: 8,
    };
    assert_ne!(poisson.dues().next(), other.dues().next());
}

#[test]
fn a_recording_in_whole_seconds_is_spread() {
    let at = [10, 10, 10, 10, 12]
        .map(|second| second * 1_000_000)
        .to_vec();
    let replay = Replay::new(at, Span::from_secs(1), 2.0);
    assert_eq!(replay.instants, [(0, 4), (2, 1)]);
    let dues: Vec<Span> = replay.dues().collect();
    assert_eq!(dues, [0, 125, 250, 375, 1_000].map(ms));
    assert_eq!((replay.count(), replay.length()), (5, ms(1_500)));
    assert!((replay.peak() - 4.0).abs() < 1e-9, "{}", replay.peak());
}

proptest! {
    #[test]
    fn counts_are_sums(arrivals in arrivals(), a in 0_u64..30_000, b in 0_u64..30_000) {
        let (a, b) = (ms(a.min(b)), ms(a.max(b)));
        let count = |from, to| arrivals.count_between(from, to).unwrap();
        prop_assert_eq!(count(Span::ZERO, a) + count(a, b), count(Span::ZERO, b));
    }

    #[test]
    fn due_times_never_go_back_and_agree_with_counts(
        arrivals in arrivals(), until in 1_u64..8_000,
    ) {
        let until = ms(until);
        let mut last = Span::ZERO;
        let mut before = 0;
        for due in arrivals.dues().take(30_000) {
            prop_assert!(last <= due);
            last = due;
            if due >= until {
                break;
            }
            before += 1;
        }
        prop_assume!(before < 30_000);
        // A due time is rounded to a microsecond, which may be the instant itself.
        let counted = arrivals.count_between(Span::ZERO, until).unwrap();
        prop_assert!(counted.abs_diff(before) <= 1, "{} {}", counted, before);
    }

    #[test]
    fn integrals_are_exact(arrivals in arrivals(), at in 0.01_f64..30.0) {
        if let Some(shape) = arrivals.shape() {
            let (closed, summed) = (shape.integral(at), integral(&arrivals, at));
            // The midpoint sum errs by up to a step's width at each jump of the rate.
            let jump = 3_000.0 * 5.0 * at / 20_000.0;
            prop_assert!((closed - summed).abs() <= jump + 1e-6 * closed, "{} {}", closed, summed);
        }
    }

    #[test]
    fn the_inverse_undoes_the_integral(arrivals in arrivals(), k in 0_u64..20_000) {
        if let Some(shape) = arrivals.shape() {
            let due = shape.due(k);
            // Half a microsecond of the rate at its highest, rounded.
            let most = shape.peak(due.as_secs_f64() + 1.0) * 0.6e-6 + 1e-6 + 1e-12 * k as f64;
            let back = shape.integral(due.as_secs_f64());
            prop_assert!((back - k as f64).abs() <= most, "{} {} {}", k, due, back);
        }
    }

    #[test]
    fn a_change_keeps_what_was_due_and_appends(
        arrivals in arrivals(), first in 1_u64..4_000, more in 1_u64..4_000,
        one in 1.0_f64..500.0, two in 1.0_f64..500.0, walked in 0_usize..2_000,
    ) {
        let mut timetable = Timetable::new(arrivals.clone());
        let (at, then) = (ms(first), ms(first + more));
        let end = then.plus(Span::from_secs(2));
        let mut dues = timetable.dues();
        let before = arrivals.count_between(Span::ZERO, at).unwrap();
        let walked = walked.min(usize::try_from(before).unwrap());
        let mut seen: Vec<Span> = dues.by_ref().take(walked).collect();
        prop_assert!(timetable.change(at, rate(one)));
        prop_assert!(dues.change(at, rate(one), seen.len() as u64));
        prop_assert!(timetable.change(then, rate(two)));
        prop_assert!(dues.change(then, rate(two), seen.len() as u64));
        prop_assert!(!timetable.change(at, rate(two)), "a change never lies before another");
        prop_assert_eq!(dues.timetable(), &timetable);
        let count = |from, to| timetable.count_between(from, to).unwrap();
        let constant = |r: f64, length: Span| {
            Arrivals::Constant { rate: rate(r) }.count_between(Span::ZERO, length).unwrap()
        };
        prop_assert_eq!(count(Span::ZERO, at), before);
        prop_assert_eq!(count(at, then), constant(one, ms(more)));
        prop_assert_eq!(count(then, end), constant(two, Span::from_secs(2)));
        let all = usize::try_from(count(Span::ZERO, end)).unwrap();
        seen.extend(dues.take(all - walked));
        prop_assert_eq!(seen.len(), all);
        prop_assert!(seen.is_sorted());
        // What was due before the change is due as it was.
        let untouched: Vec<Span> = arrivals.dues().take(usize::try_from(before).unwrap()).collect();
        prop_assert_eq!(&seen[..untouched.len()], &untouched[..]);
    }
}
