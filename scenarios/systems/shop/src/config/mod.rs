//! Settings of a service: read from the environment, checked all at once, never changed after.

mod client;
mod reader;
mod services;
mod value;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

use crate::tls::Identity;
use reader::Reader;

pub(crate) use client::{
    BodyEnd, BreakerSettings, ClientSettings, Jitter, RetryMode, RetrySettings,
};
pub use reader::ConfigError;
pub(crate) use services::{
    Detail, MonolithSettings, OrdersSettings, PaymentsSettings, ReaderMode, SchemaVersion,
};

/// What one process of the shop does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The web edge: catalogue, carts, checkout.
    Monolith,
    /// Creates orders and has them paid.
    Orders,
    /// Charges cards.
    Payments,
    /// Keeps orders for the orders service, where that has no file of its own.
    Database,
}

/// A text that names no [`Role`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role of the shop: use monolith, orders, payments or database")]
pub struct UnknownRole(String);

impl Role {
    /// The name as the command line and the logs have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Monolith => "monolith",
            Self::Orders => "orders",
            Self::Payments => "payments",
            Self::Database => "database",
        }
    }

    /// The port where `PORT` is not set; the defaults of the upstream addresses match it.
    const fn default_port(self) -> u16 {
        match self {
            Self::Monolith => 8080,
            Self::Orders => 8081,
            Self::Payments => 8082,
            Self::Database => 8083,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [Self::Monolith, Self::Orders, Self::Payments, Self::Database]
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

/// Everything one process needs to know before it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where it listens; port 0 lets the kernel choose.
    pub(crate) listen: SocketAddr,
    /// The SQLite file, `:memory:` to keep everything in memory, or the address of a PostgreSQL
    /// server, `postgres://user@host:5432/shop`; for orders also that of the shop's own database,
    /// `http://host:8083`.
    pub(crate) database: String,
    pub(crate) admission: AdmissionSettings,
    pub(crate) service: ServiceSettings,
}

/// The settings of the role that the process plays.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ServiceSettings {
    Monolith(MonolithSettings),
    Orders(OrdersSettings),
    Payments(PaymentsSettings),
    Database,
}

/// How many requests a service lets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AdmissionSettings {
    /// Requests in the service at once, waiting ones included; more are refused. `None`: no limit.
    pub(crate) queue: Option<usize>,
    /// Requests worked on at once; more wait. `None`: no limit.
    pub(crate) workers: Option<usize>,
}

impl Config {
    /// Reads the settings of `role` from the process's environment.
    ///
    /// # Errors
    /// Every variable whose value cannot be used, in one error.
    pub fn from_env(role: Role) -> Result<Self, ConfigError> {
        // A value that is not UTF-8 is as wrong as any other: it is read lossily and refused.
        Self::read(role, &|name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// Reads the settings of `role` through `lookup`, which returns a variable's value.
    ///
    /// # Errors
    /// Every variable whose value cannot be used, in one error.
    pub fn read(role: Role, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(lookup);
        let host = reader.value("HOST", IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = reader.value("PORT", role.default_port());
        let config = Self {
            listen: SocketAddr::new(host, port),
            database: reader.value("DATABASE", format!("{role}.db")),
            admission: AdmissionSettings {
                queue: reader.value("SHOP_QUEUE", None),
                workers: reader.value("SHOP_WORKERS", services::default_workers(role)),
            },
            service: match role {
                Role::Monolith => ServiceSettings::Monolith(MonolithSettings::read(&mut reader)),
                Role::Orders => ServiceSettings::Orders(OrdersSettings::read(&mut reader)),
                Role::Payments => ServiceSettings::Payments(PaymentsSettings::read(&mut reader)),
                Role::Database => ServiceSettings::Database,
            },
        };
        reader.finish(config)
    }

    /// Who the service is, where it speaks TLS.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        match &self.service {
            ServiceSettings::Payments(settings) => settings.identity.as_ref(),
            _ => None,
        }
    }

    /// Whom it trusts, where it calls others with TLS.
    pub(crate) fn authority(&self) -> Option<&Path> {
        match &self.service {
            ServiceSettings::Orders(settings) if settings.tls => settings.authority.as_deref(),
            _ => None,
        }
    }

    /// The role these settings are for.
    pub fn role(&self) -> Role {
        match self.service {
            ServiceSettings::Monolith(_) => Role::Monolith,
            ServiceSettings::Orders(_) => Role::Orders,
            ServiceSettings::Payments(_) => Role::Payments,
            ServiceSettings::Database => Role::Database,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(role: Role, pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(role, &|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_is_enough() {
        for role in [Role::Monolith, Role::Orders, Role::Payments, Role::Database] {
            let config = read(role, &[]).unwrap();
            assert_eq!(config.role(), role);
            assert_eq!(config.listen.port(), role.default_port());
            assert_eq!(config.database, format!("{role}.db"));
        }
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let error = read(
            Role::Orders,
            &[
                ("PORT", "70000"),
                ("SHOP_TIMEOUT", "soon"),
                ("PAYMENTS_URL", "ftp://x"),
            ],
        )
        .unwrap_err()
        .to_string();
        for name in ["PORT", "SHOP_TIMEOUT", "PAYMENTS_URL"] {
            assert!(error.contains(name), "{name} is missing in: {error}");
        }
    }

    #[test]
    fn a_role_has_a_name_that_reads_back() {
        for role in [Role::Monolith, Role::Orders, Role::Payments, Role::Database] {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert!("shipping".parse::<Role>().is_err());
    }
}
