//! Every random choice, drawn from the seed and the names of what it is for, so that a run can be
//! repeated down to the connection.

/// A deterministic stream of numbers (`SplitMix64`, Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub(crate) struct Draw {
    state: u64,
}

impl Draw {
    /// The stream that belongs to one toxic on one connection of one link.
    pub(crate) fn new(seed: u64, link: &str, toxic: &str, connection: u64) -> Self {
        let mut state = mix(seed);
        for name in [link, toxic] {
            // FNV-1a; the closing byte keeps "a","bc" apart from "ab","c".
            let bytes = name.bytes().chain([0xff]);
            let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            state = mix(state ^ hash);
        }
        Self {
            state: mix(state ^ connection),
        }
    }

    /// The next 64 bits.
    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number from 0 up to but excluding 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Events that do not happen before the next that does, where each has that chance, 0 to 1:
    /// geometric, by inversion, so that rare ones cost few draws.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a ratio of two negative logarithms; float casts saturate"
    )]
    pub(crate) fn gap(&mut self, chance: f64) -> u64 {
        let drawn = 1.0 - self.unit();
        if chance >= 1.0 {
            return 0;
        }
        // A chance of 0 divides by 0: infinitely many, which saturates.
        (drawn.ln() / (-chance).ln_1p()).abs().min(u64::MAX as f64) as u64
    }

    /// A whole number below `limit`, 0 when `limit` is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(limit);
        u64::try_from(product >> 64).unwrap_or_default()
    }
}

fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Whether a toxic with that toxicity acts on a connection. Raising the toxicity only ever adds
/// connections, so a fault that grows keeps its victims.
pub(crate) fn chosen(seed: u64, link: &str, toxic: &str, connection: u64, toxicity: f64) -> bool {
    Draw::new(seed, link, toxic, connection).unit() < toxicity
}

#[cfg(test)]
mod tests {
    use super::*;

    fn victims(seed: u64, toxicity: f64) -> Vec<u64> {
        (0..1_000)
            .filter(|connection| chosen(seed, "a -> b", "slow", *connection, toxicity))
            .collect()
    }

    #[test]
    fn the_seed_decides_and_a_higher_toxicity_keeps_the_victims() {
        assert_eq!(victims(7, 0.3), victims(7, 0.3));
        assert_ne!(victims(7, 0.3), victims(8, 0.3));
        let more = victims(7, 0.4);
        assert!(victims(7, 0.3).iter().all(|victim| more.contains(victim)));
        assert_eq!((victims(7, 0.0).len(), victims(7, 1.0).len()), (0, 1_000));
        assert!((250..350).contains(&victims(7, 0.3).len()));
    }

    #[test]
    fn numbers_stay_below_their_limit() {
        let mut draw = Draw::new(1, "", "", 0);
        assert_eq!(draw.below(0), 0);
        assert!((0..1_000).all(|_| draw.below(10) < 10));
        assert!((0..1_000).all(|_| (0.0..1.0).contains(&draw.unit())));
    }
}
