//! Fallback: what a caller does instead when a dependency does not do its part.

use crate::upstream::CallError;

/// The second best answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fallback {
    /// There is none: the caller fails as well.
    None,
    /// The caller accepts, keeps the dependency's part for later, and says so.
    Deferred,
}

impl Fallback {
    /// Whether it answers for a call that ended with `error`.
    pub(crate) fn covers(self, error: &CallError) -> bool {
        // A request that cannot be sent at all would fail later just the same.
        self == Self::Deferred && !matches!(error, CallError::Unsendable(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_deferring_one_answers_and_not_for_our_own_mistakes() {
        let check = |fallback: Fallback, error, expected| {
            assert_eq!(fallback.covers(&error), expected, "{error}");
        };
        check(Fallback::None, CallError::BreakerOpen, false);
        check(Fallback::Deferred, CallError::BreakerOpen, true);
        check(
            Fallback::Deferred,
            CallError::Connect("refused".into()),
            true,
        );
        check(
            Fallback::Deferred,
            CallError::Unsendable("path".into()),
            false,
        );
    }
}
