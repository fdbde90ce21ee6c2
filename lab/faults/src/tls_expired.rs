//! Certificates that nobody renewed.

use lab_model::Ratio;
use lab_model::plan::{Deed, Effect};
use lab_model::toxic::Primitive;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kind::{Kind, Mark, Reach, Target};
use crate::problem::{Checks, Problem};
use crate::requests::toxic;

/// Callers of TLS are shown a certificate that expired an hour ago, signed by the run's authority.
/// Those that take it all the same are served.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TlsExpired {}

impl Kind for TlsExpired {
    const NAME: &'static str = "tls_expired";
    const UNDO: &'static str =
        "the rule is removed; callers see the callee's own certificate again";
    const MARK: Mark = Mark {
        letter: 'e',
        colour: "#7f3b08",
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
        "a certificate that has expired".to_owned()
    }

    fn primitives(&self, target: Target<'_>) -> Vec<Primitive> {
        toxic(target, Self::NAME, [])
    }
}
