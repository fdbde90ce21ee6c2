//! A SQLite database on a thread of its own: statements never block the runtime, and writes are in
//! one order without locks.

use std::path::Path;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// Statements that may wait for the thread before callers have to.
const WAITING: usize = 256;

/// A write is acknowledged once the log has it. `synchronous = off` leaves the flush to the
/// kernel: a killed process loses nothing, only a power cut could.
const SETTINGS: &str = "
    PRAGMA journal_mode = wal;
    PRAGMA synchronous = off;
    PRAGMA foreign_keys = on;
    PRAGMA busy_timeout = 2000;
";

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// A handle on the database; closing the last one ends the thread.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    jobs: mpsc::Sender<Job>,
}

impl Database {
    /// Opens or creates the file, with its folder.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let unusable = |reason: String| StoreError::Open {
            path: path.display().to_string(),
            reason,
        };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| unusable(error.to_string()))?;
        }
        let mut connection = Connection::open(path).map_err(|error| unusable(error.to_string()))?;
        connection
            .execute_batch(SETTINGS)
            .map_err(|error| unusable(error.to_string()))?;
        connection.set_prepared_statement_cache_capacity(64);

        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING);
        std::thread::Builder::new()
            .name("sqlite".to_owned())
            .spawn(move || {
                while let Some(job) = waiting.blocking_recv() {
                    job(&mut connection);
                }
            })
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self { jobs })
    }

    /// Makes tables, where they are not there yet.
    pub(crate) async fn make(&self, tables: &'static str) -> Result<(), StoreError> {
        self.run(|connection| Ok(connection.execute_batch(tables)?))
            .await
    }

    /// Runs `work` on the database's thread, after everything asked for before.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (done, result) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have gone; the work is done all the same.
            let _ = done.send(work(connection));
        });
        self.jobs.send(job).await.map_err(|_| StoreError::Closed)?;
        result.await.map_err(|_| StoreError::Closed)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY) STRICT;";

    async fn open(path: &Path) -> Database {
        let database = Database::open(path).unwrap();
        database.make(TABLES).await.unwrap();
        database
    }

    async fn names(database: &Database) -> Vec<String> {
        database
            .run(|connection| {
                let mut statement = connection.prepare("SELECT name FROM things ORDER BY name")?;
                let names = statement.query_map([], |row| row.get(0))?;
                Ok(names.collect::<Result<_, _>>()?)
            })
            .await
            .unwrap()
    }

    async fn add(database: &Database, name: &'static str) -> Result<usize, StoreError> {
        database
            .run(
                move |connection| Ok(connection.execute("INSERT INTO things VALUES (?1)", [name])?),
            )
            .await
    }

    #[tokio::test]
    async fn what_is_written_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/things.db");
        let database = open(&path).await;
        add(&database, "a").await.unwrap();
        drop(database);
        let database = open(&path).await;
        add(&database, "b").await.unwrap();
        assert_eq!(names(&database).await, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_failed_statement_is_an_error_and_the_next_one_works() {
        let database = open(Path::new(":memory:")).await;
        add(&database, "a").await.unwrap();
        assert!(matches!(
            add(&database, "a").await,
            Err(StoreError::Statement(_))
        ));
        assert_eq!(names(&database).await, ["a"]);
    }

    #[test]
    fn a_path_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Database::open(folder.path()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&folder.path().display().to_string())
        );
    }
}
