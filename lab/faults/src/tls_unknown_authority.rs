//! Certificates that nobody vouches for.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::toxic;

/// Callers of TLS are shown a certificate of an authority that nobody was told to trust. Those that
/// take it all the same are served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsUnknownAuthority {}

impl Kind for TlsUnknownAuthority {
    const NAME: &'static str = "tls_unknown_authority";
    const UNDO: &'static str =
        "the rule is removed; callers see the callee's own certificate again";
    const MARK: Mark = Mark {
        letter: 'u',
        colour: "#fdb863",
    };
    const REACH: Reach = Reach::Handshakes;

    fn example() -> Self {
        Self {}
    }

    fn problems(&self) -> Vec<Problem> {
        Checks::default().done()
    }

    fn effect(&self) -> Effect {
        Effect::Exchange {
            deed: Deed::CertificateShown,
            share: Ratio::ONE,
        }
    }

    fn summary(&self) -> String {
        "a certificate of an unknown authority".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        toxic(target, Self::NAME, [])
    }
}
