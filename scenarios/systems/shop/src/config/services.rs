//! What each role can be told beside how it calls others.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;

use super::Role;
use super::client::{ClientSettings, RetryMode};
use super::reader::Reader;
use super::value::Value;
use crate::resilience::Fallback;
use crate::tls::Identity;

/// Settings of the web edge.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MonolithSettings {
    /// Where orders is.
    pub(crate) orders: Uri,
    /// Where payments is, for orders that it places itself.
    pub(crate) payments: Uri,
    pub(crate) client: ClientSettings,
    /// What a checkout does while orders does not answer.
    pub(crate) fallback: Fallback,
    /// Checkouts kept for later that are sent to orders, per second.
    pub(crate) reconcile: u32,
    /// Whether a repeated checkout is answered with the first result.
    pub(crate) idempotency: bool,
    /// Whether an order that is missing among its copies is looked for at orders.
    pub(crate) read_through: bool,
    /// How strictly it reads what orders answers.
    pub(crate) reader: ReaderMode,
    /// How much a product page holds.
    pub(crate) page: Detail,
}

/// Settings of the orders service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OrdersSettings {
    /// Where payments is.
    pub(crate) payments: Uri,
    /// Where the monolith is, for the dual write.
    pub(crate) monolith: Uri,
    /// Whether it speaks TLS with payments.
    pub(crate) tls: bool,
    /// Whom it trusts then: a file of certificates.
    pub(crate) authority: Option<PathBuf>,
    pub(crate) client: ClientSettings,
    /// What a new order does while payments does not answer.
    pub(crate) fallback: Fallback,
    /// Deferred charges made up for, per second.
    pub(crate) reconcile: u32,
    /// Whether a repeated order is answered with the first result.
    pub(crate) idempotency: bool,
    /// Whether each order is written into the monolith's store as well.
    pub(crate) dual_write: bool,
    /// The form in which it answers.
    pub(crate) schema: SchemaVersion,
    /// How much a receipt holds.
    pub(crate) receipt: Detail,
    /// Time of service of one order, before the charge.
    pub(crate) work: Duration,
}

/// Settings of the payments service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PaymentsSettings {
    /// Who it is, where it speaks TLS beside HTTP in clear.
    pub(crate) identity: Option<Identity>,
    /// Whether a repeated charge is answered with the first result.
    pub(crate) idempotency: bool,
    /// Time of service of one request to charge.
    pub(crate) work: Duration,
}

/// The version of the order document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaVersion {
    /// `total`, in cents.
    One,
    /// `amount`, with currency and cents.
    Two,
}

/// How a reader treats a document that is not exactly what it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReaderMode {
    /// Version 1 and not a key more.
    Strict,
    /// Any version it knows, other keys ignored.
    Tolerant,
}

/// How much a large document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Tens of kilobytes.
    Full,
    /// Less than one kilobyte.
    Compact,
}

/// Reads an enum from the names of its values.
macro_rules! choice {
    ($name:ty, $expected:literal, $($text:literal => $value:expr),+) => {
        impl Value for $name {
            const EXPECTED: &'static str = $expected;

            fn parse(text: &str) -> Option<Self> {
                match text.trim() {
                    $($text => Some($value),)+
                    _ => None,
                }
            }
        }
    };
}

choice!(SchemaVersion, "`1` or `2`", "1" => Self::One, "2" => Self::Two);
choice!(ReaderMode, "`strict` or `tolerant`", "strict" => Self::Strict, "tolerant" => Self::Tolerant);
choice!(Detail, "`full` or `compact`", "full" => Self::Full, "compact" => Self::Compact);
choice!(Fallback, "`none` or `deferred`", "none" => Self::None, "deferred" => Self::Deferred);

/// Where another service of the shop is unless told otherwise.
fn at_default_port(role: Role) -> Uri {
    // The text is made of constants; a mistake in them would show in every test.
    format!("http://127.0.0.1:{}", role.default_port())
        .parse()
        .unwrap_or_default()
}

/// Requests a role works on at once unless told otherwise: payments has a real capacity, 125
/// charges per second with its default time of service.
pub(super) fn default_workers(role: Role) -> Option<usize> {
    (role == Role::Payments).then_some(2)
}

impl MonolithSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            orders: reader.value("ORDERS_URL", at_default_port(Role::Orders)),
            payments: reader.value("PAYMENTS_URL", at_default_port(Role::Payments)),
            client: ClientSettings::read(reader, RetryMode::None),
            fallback: reader.value("SHOP_FALLBACK", Fallback::None),
            reconcile: reader.value("SHOP_RECONCILE", 40),
            idempotency: reader.value("SHOP_IDEMPOTENCY", false),
            read_through: reader.value("SHOP_READ_THROUGH", false),
            reader: reader.value("SHOP_READER", ReaderMode::Strict),
            page: reader.value("SHOP_PAGE", Detail::Full),
        }
    }
}

impl OrdersSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            payments: reader.value("PAYMENTS_URL", at_default_port(Role::Payments)),
            monolith: reader.value("MONOLITH_URL", at_default_port(Role::Monolith)),
            tls: reader.value("SHOP_TLS", false),
            authority: reader.value("SHOP_AUTHORITY", None),
            client: ClientSettings::read(reader, RetryMode::Naive),
            fallback: reader.value("SHOP_FALLBACK", Fallback::None),
            reconcile: reader.value("SHOP_RECONCILE", 40),
            idempotency: reader.value("SHOP_IDEMPOTENCY", false),
            dual_write: reader.value("SHOP_DUAL_WRITE", false),
            schema: reader.value("SHOP_SCHEMA", SchemaVersion::One),
            receipt: reader.value("SHOP_RECEIPT", Detail::Full),
            work: reader.value("SHOP_WORK", Duration::ZERO),
        }
    }
}

impl PaymentsSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let certificate: Option<PathBuf> = reader.value("SHOP_CERTIFICATE", None);
        let key: Option<PathBuf> = reader.value("SHOP_KEY", None);
        Self {
            identity: certificate
                .zip(key)
                .map(|(certificate, key)| Identity { certificate, key }),
            idempotency: reader.value("SHOP_IDEMPOTENCY", true),
            work: reader.value("SHOP_WORK", Duration::from_millis(16)),
        }
    }
}
