//! Which journey each arrival starts: a smooth weighted round robin.
//!
//! Random choice would give each phase a different mix. This order is periodic: any stretch of as
//! many arrivals as the weights sum to holds each journey exactly as often as its weight says, and
//! equal journeys lie as far apart as they can. The seed decides where in the period a run begins.

/// An endless order of journeys by weight.
#[derive(Debug, Clone)]
pub(crate) struct Rotation {
    weights: Vec<i64>,
    credits: Vec<i64>,
    total: i64,
}

impl Rotation {
    /// The most steps the seed can shift the order by; longer periods start within their first
    /// ones.
    const LONGEST_SHIFT: u64 = 4_096;

    /// An order of indices into `weights`; `None` when no weight is above zero.
    pub(crate) fn new(weights: &[u32], seed: u64) -> Option<Self> {
        let divisor = weights.iter().copied().fold(0, greatest_common_divisor);
        if divisor == 0 {
            return None;
        }
        let weights: Vec<i64> = weights.iter().map(|w| i64::from(w / divisor)).collect();
        let total: i64 = weights.iter().sum();
        let mut rotation = Self {
            credits: vec![0; weights.len()],
            weights,
            total,
        };
        let shift = seed % rotation.total.unsigned_abs().min(Self::LONGEST_SHIFT);
        for _ in 0..shift {
            rotation.advance();
        }
        Some(rotation)
    }

    /// The next journey: everyone earns its weight, the richest is chosen and pays the total.
    pub(crate) fn advance(&mut self) -> usize {
        let mut chosen = 0;
        for (index, weight) in self.weights.iter().enumerate() {
            self.credits[index] += weight;
            if self.credits[index] > self.credits[chosen] {
                chosen = index;
            }
        }
        self.credits[chosen] -= self.total;
        chosen
    }
}

const fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(weights: &[u32], seed: u64, expected: &[usize]) {
        let mut rotation = Rotation::new(weights, seed).unwrap();
        let order: Vec<usize> = expected.iter().map(|_| rotation.advance()).collect();
        assert_eq!(order, expected, "weights {weights:?}, seed {seed}");
    }

    #[test]
    fn orders() {
        check(&[1], 0, &[0, 0, 0]);
        check(&[2, 1], 0, &[0, 1, 0, 0, 1, 0]);
        check(&[2, 1], 1, &[1, 0, 0, 1, 0, 0]);
        check(&[4, 2], 0, &[0, 1, 0, 0, 1, 0]);
        check(&[0, 3], 5, &[1, 1]);
        check(&[5, 1, 1], 0, &[0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn nothing_to_choose_from() {
        assert!(Rotation::new(&[], 1).is_none());
        assert!(Rotation::new(&[0, 0], 1).is_none());
    }

    proptest! {
        #[test]
        fn every_window_holds_each_journey_by_its_weight(
            weights in prop::collection::vec(0_u32..20, 1..6),
            seed in any::<u64>(),
            skip in 0_usize..200,
        ) {
            let total: u32 = weights.iter().sum();
            prop_assume!(total > 0);
            let mut rotation = Rotation::new(&weights, seed).unwrap();
            for _ in 0..skip {
                rotation.advance();
            }
            let mut counts = vec![0_u32; weights.len()];
            for _ in 0..total {
                counts[rotation.advance()] += 1;
            }
            prop_assert_eq!(counts, weights);
        }
    }
}
