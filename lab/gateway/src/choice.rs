//! Which upstream a request gets: by share from a random number, or by share from a key, so that
//! the same key gets the same upstream as long as the shares allow it.

/// A 64-bit finalizer (splitmix64, S. Vigna): every bit of the input changes half of the output's.
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A hash of bytes: FNV-1a, finalized. Keys come from users; what they could gain by choosing them
/// is one upstream or another.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let fnv = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv)
}

/// A number strictly between 0 and 1 from the upper 53 bits.
fn unit(random: u64) -> f64 {
    ((random >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
}

/// The index that a random number falls on; `None` where all shares are 0.
pub(crate) fn by_share(shares: &[f64], random: u64) -> Option<usize> {
    let total: f64 = shares.iter().sum();
    let mut left = unit(random) * total;
    let mut last = None;
    for (index, share) in shares.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        if left < *share {
            return Some(index);
        }
        left -= share;
        last = Some(index);
    }
    // Rounding may leave a trace beyond the last one.
    last
}

/// The index that a key falls on; `None` where all shares are 0.
///
/// Weighted rendezvous hashing: the greatest of −share / ln(u), where u is drawn from the key and
/// the upstream's name (C. Schindelhauer, G. Schomaker, *Weighted distributed hash tables*, 2005).
/// A change of one share moves keys from or to that upstream alone.
pub(crate) fn by_key(upstreams: &[(u64, f64)], key: u64) -> Option<usize> {
    let score = |(name, share): &(u64, f64)| -share / unit(mix(key ^ name.rotate_left(32))).ln();
    let scored = upstreams
        .iter()
        .enumerate()
        .filter(|(_, (_, share))| *share > 0.0);
    scored
        .map(|(index, upstream)| (index, score(upstream)))
        .max_by(|a, b| a.1.total_cmp(&b.1))
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 99 % of a binomial lies within so many standard deviations (normal approximation).
    const Z: f64 = 2.576;

    fn names(count: usize) -> Vec<u64> {
        (0..count)
            .map(|n| hash(format!("upstream-{n}").as_bytes()))
            .collect()
    }

    /// Asserts that counts fit the shares: each within a binomial interval, Bonferroni-widened.
    fn fits(counts: &[u64], shares: &[f64], z: f64) {
        let n: u64 = counts.iter().sum();
        let total: f64 = shares.iter().sum();
        for (count, share) in counts.iter().zip(shares) {
            let p = share / total;
            let expected = n as f64 * p;
            let deviation = (n as f64 * p * (1.0 - p)).sqrt();
            assert!(
                (*count as f64 - expected).abs() <= z * deviation + 1.0,
                "{count} of {n} where {expected:.0} ± {:.0} were expected",
                z * deviation
            );
        }
    }

    #[test]
    fn shares_hold_over_10_000_requests() {
        for shares in [
            vec![0.05, 0.95],
            vec![0.25, 0.75],
            vec![0.2, 0.3, 0.5],
            vec![1.0, 0.0],
        ] {
            let mut counts = vec![0; shares.len()];
            for n in 0..10_000_u64 {
                counts[by_share(&shares, mix(mix(7) ^ n)).unwrap()] += 1;
            }
            fits(&counts, &shares, Z);
        }
    }

    #[test]
    fn no_share_means_no_choice() {
        assert_eq!(by_share(&[0.0, 0.0], 1), None);
        assert_eq!(by_key(&[(1, 0.0)], 1), None);
        assert_eq!(by_share(&[], u64::MAX), None);
    }

    fn shares() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(prop_oneof![Just(0.0), 0.01_f64..1.0], 1..6)
    }

    proptest! {
        #[test]
        fn only_who_has_a_share_is_chosen(shares in shares(), random: u64) {
            let keyed: Vec<(u64, f64)> =
                names(shares.len()).into_iter().zip(shares.iter().copied()).collect();
            for chosen in [by_share(&shares, random), by_key(&keyed, random)] {
                match chosen {
                    Some(index) => prop_assert!(shares[index] > 0.0),
                    None => prop_assert!(shares.iter().all(|share| *share == 0.0)),
                }
            }
        }

        #[test]
        fn keys_follow_the_shares(shares in shares(), seed: u64) {
            prop_assume!(shares.iter().any(|share| *share > 0.0));
            let keyed: Vec<(u64, f64)> =
                names(shares.len()).into_iter().zip(shares.iter().copied()).collect();
            let mut counts = vec![0; shares.len()];
            for n in 0..4_000_u64 {
                counts[by_key(&keyed, mix(seed ^ n)).unwrap()] += 1;
            }
            // Hundreds of cases are looked at: five deviations each.
            fits(&counts, &shares, 5.0);
        }

        #[test]
        fn a_key_moves_only_to_or_from_what_was_changed(
            shares in shares(), changed in 0_usize..6, to in 0.0_f64..1.0, key: u64,
        ) {
            let changed = changed % shares.len();
            let of = |shares: &[f64]| {
                let keyed: Vec<(u64, f64)> =
                    names(shares.len()).into_iter().zip(shares.iter().copied()).collect();
                by_key(&keyed, key)
            };
            let mut after = shares.clone();
            after[changed] = to;
            if let (Some(old), Some(new)) = (of(&shares), of(&after)) {
                prop_assert!(old == new || old == changed || new == changed);
            }
        }
    }
}
