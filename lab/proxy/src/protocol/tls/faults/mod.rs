//! The kinds of fault of TLS. Those that show a certificate have no attributes; `toxicity` is the
//! share of handshakes.

mod slow_handshake;

pub(crate) use slow_handshake::SlowHandshake;

use super::authority::Flaw;
use super::rule::{Deed, TlsFault};
use crate::seed::Draw;
use serde::{Deserialize, Serialize};

/// A kind that shows a certificate with something wrong.
macro_rules! shows {
    ($kind:ident, $name:literal, $flaw:expr) => {
        #[doc = concat!("`", $name, "`")]
        #[derive(Debug, Default, Serialize, Deserialize)]
        pub(crate) struct $kind {}

        impl TlsFault for $kind {
            const NAME: &'static str = $name;

            fn deed(&self, _draw: Draw) -> Deed {
                Deed::Show($flaw)
            }
        }
    };
}

shows!(Expired, "tls_expired", Flaw::Expired);
shows!(NotYetValid, "tls_not_yet_valid", Flaw::NotYetValid);
shows!(WrongName, "tls_wrong_name", Flaw::WrongName);
shows!(
    UnknownAuthority,
    "tls_unknown_authority",
    Flaw::UnknownAuthority
);
