//! Random arrivals from a seed: a Poisson process.

use serde::{Deserialize, Serialize};

use crate::units::{Rate, Span};

/// Independent arrivals: the gaps between them are exponential.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Poisson {
    /// The mean rate.
    pub rate: Rate,
    /// Decides every gap.
    pub seed: u64,
}

/// An odd constant: multiples of it visit every 64-bit number once (`SplitMix64`, 2014).
const STRIDE: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`'s finaliser.
const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Poisson {
    /// The most arrivals that may be expected of one schedule: counting them walks through them.
    pub const MOST: f64 = 20e6;

    /// When each arrival is due, in order.
    pub fn dues(&self) -> impl Iterator<Item = Span> + Send + use<> {
        let rate = self.rate.as_per_second();
        let mut state = mix(self.seed ^ 0x7069_7373_6f6e);
        let mut at = 0.0_f64;
        std::iter::from_fn(move || {
            state = state.wrapping_add(STRIDE);
            // Above 0 and at most 1.
            let uniform = ((mix(state) >> 11) + 1) as f64 / (1_u64 << 53) as f64;
            at -= libm::log(uniform) / rate;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "saturates"
            )]
            Some(Span::from_micros((at * 1e6) as u64))
        })
    }

    pub(super) fn count_before(&self, at: Span) -> u64 {
        if at == Span::ZERO {
            return 0;
        }
        self.dues().take_while(|due| *due < at).count() as u64
    }
}
