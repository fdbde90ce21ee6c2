//! What every store shares. Each role declares what it keeps as a trait beside its own code and
//! implements it for SQLite; another database is another implementation of those traits.

mod sqlite;

pub(crate) use sqlite::Database;

/// Why something could not be kept or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database cannot be used at all.
    #[error("cannot open {path}: {reason}")]
    Open { path: String, reason: String },
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

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Statement(error.to_string())
    }
}
