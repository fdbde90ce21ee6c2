//! What every store shares. Each role declares what it keeps as a trait beside its own code and
//! implements it for SQLite and for PostgreSQL; which it is, the setting `DATABASE` says.

#[cfg(feature = "postgres")]
mod postgres;
mod remote;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "postgres")]
pub(crate) use postgres::Postgres;
pub(crate) use remote::Remote;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Database;

use crate::config::Role;

/// A database that can be used.
pub(crate) enum Opened {
    /// A file.
    #[cfg(feature = "sqlite")]
    Sqlite(Database),
    /// A server.
    #[cfg(feature = "postgres")]
    Postgres(Postgres),
    /// The shop's own database; it keeps orders and nothing else.
    Remote(Remote),
}

/// Opens what `DATABASE` names: a server by its address (`postgres://user@host/name`,
/// `http://host:port`), else a file.
pub(crate) async fn open(role: Role, address: &str) -> Result<Opened, StoreError> {
    if address.starts_with("postgres://") || address.starts_with("postgresql://") {
        return server(role, address).await;
    }
    if address.starts_with("http://") {
        return Remote::open(address).map(Opened::Remote);
    }
    file(address).await
}

#[cfg(feature = "postgres")]
async fn server(role: Role, address: &str) -> Result<Opened, StoreError> {
    Postgres::open(address, role.name())
        .await
        .map(Opened::Postgres)
}

#[cfg(not(feature = "postgres"))]
async fn server(_: Role, address: &str) -> Result<Opened, StoreError> {
    Err(StoreError::Open {
        path: address.to_owned(),
        reason: "this shop was built without PostgreSQL".to_owned(),
    })
}

#[cfg(feature = "sqlite")]
async fn file(path: &str) -> Result<Opened, StoreError> {
    let path = std::path::PathBuf::from(path);
    tokio::task::spawn_blocking(move || Database::open(&path))
        .await
        .unwrap_or(Err(StoreError::Closed))
        .map(Opened::Sqlite)
}

#[cfg(not(feature = "sqlite"))]
async fn file(path: &str) -> Result<Opened, StoreError> {
    Err(StoreError::Open {
        path: path.to_owned(),
        reason: "this shop was built without SQLite".to_owned(),
    })
}

/// Why something could not be kept or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database cannot be used at all.
    #[error("cannot open {path}: {reason}")]
    Open { path: String, reason: String },
    /// A database that keeps other things.
    #[error("{0} keeps no such things")]
    Unfit(&'static str),
    /// A statement failed.
    #[error("{0}")]
    Statement(String),
    /// What was found is not what the shop writes.
    #[error("unreadable record: {0}")]
    Unreadable(String),
    /// The service is stopping.
    #[error("closed")]
    Closed,
}

#[cfg(feature = "sqlite")]
impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Statement(error.to_string())
    }
}

#[cfg(feature = "postgres")]
impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = error
            .as_db_error()
            .map_or_else(|| error.to_string(), ToString::to_string);
        Self::Statement(text)
    }
}
