//! A PostgreSQL server behind a few connections, each role in a schema of its own.
//!
//! A connection that broke is replaced by the next statement that needs one, so a server that was
//! away is used again as soon as it answers. Nothing is repeated: whether a statement whose
//! connection broke took effect is for the caller's idempotency to settle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

use super::StoreError;

/// Statements at once; more wait.
const CONNECTIONS: usize = 8;
/// What connecting may take.
const CONNECT: Duration = Duration::from_secs(2);
/// What a statement may take: a server that hangs must not hold all connections for good.
const STATEMENT: Duration = Duration::from_secs(5);
/// How long a service that starts waits for its server, and between two attempts.
const START: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// A parameter of a statement.
pub(crate) type Parameter<'a> = &'a (dyn ToSql + Sync);

/// A handle on the server.
#[derive(Clone)]
pub(crate) struct Postgres {
    config: Arc<Config>,
    schema: &'static str,
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

struct Connection {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

impl Postgres {
    /// Connects, waiting for a server that is still starting, and makes the schema.
    pub(crate) async fn open(address: &str, schema: &'static str) -> Result<Self, StoreError> {
        let unusable = |reason: String| StoreError::Open {
            path: address.to_owned(),
            reason,
        };
        let mut config: Config = address
            .parse()
            .map_err(|error: tokio_postgres::Error| unusable(error.to_string()))?;
        config
            .connect_timeout(CONNECT)
            .application_name(schema)
            .options(format!("-c search_path={schema}"));
        let postgres = Self {
            config: Arc::new(config),
            schema,
            idle: Arc::default(),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
        };
        let begun = tokio::time::Instant::now();
        let connection = loop {
            match postgres.connect().await {
                Ok(connection) => break connection,
                Err(error) if begun.elapsed() > START => return Err(unusable(error.to_string())),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        postgres.keep(connection);
        Ok(postgres)
    }

    /// Makes the schema and tables, where they are not there yet.
    pub(crate) async fn make(&self, tables: &'static str) -> Result<(), StoreError> {
        let connection = self.connection().await?;
        let all = format!("CREATE SCHEMA IF NOT EXISTS {};{tables}", self.schema);
        timeout(STATEMENT, connection.client.batch_execute(&all))
            .await
            .map_err(|_| late())??;
        self.keep(connection);
        Ok(())
    }

    /// The rows of one statement.
    pub(crate) async fn rows(
        &self,
        statement: &'static str,
        parameters: &[Parameter<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let mut connection = self.connection().await?;
        let work = async {
            let prepared = connection.prepare(statement).await?;
            connection.client.query(&prepared, parameters).await
        };
        // A connection is kept only where its answer was read to the end.
        let outcome = timeout(STATEMENT, work).await.map_err(|_| late())?;
        self.keep(connection);
        Ok(outcome?)
    }

    /// The first row of one statement.
    pub(crate) async fn row(
        &self,
        statement: &'static str,
        parameters: &[Parameter<'_>],
    ) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(statement, parameters).await?.into_iter().next())
    }

    /// How many rows one statement changed.
    pub(crate) async fn execute(
        &self,
        statement: &'static str,
        parameters: &[Parameter<'_>],
    ) -> Result<u64, StoreError> {
        let _place = self
            .places
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        let mut connection = self.connection().await?;
        let work = async {
            let prepared = connection.prepare(statement).await?;
            connection.client.execute(&prepared, parameters).await
        };
        let outcome = timeout(STATEMENT, work).await.map_err(|_| late())?;
        self.keep(connection);
        Ok(outcome?)
    }

    async fn connection(&self) -> Result<Connection, StoreError> {
        loop {
            let idle = self.idle().pop();
            match idle {
                Some(connection) if connection.client.is_closed() => {}
                Some(connection) => return Ok(connection),
                None => return self.connect().await,
            }
        }
    }

    async fn connect(&self) -> Result<Connection, StoreError> {
        let connected = timeout(CONNECT, self.config.connect(NoTls));
        let (client, connection) = connected.await.map_err(|_| late())??;
        tokio::spawn(async move {
            // Its end shows in the client, which is closed then.
            let _ = connection.await;
        });
        Ok(Connection {
            client,
            prepared: HashMap::new(),
        })
    }

    fn keep(&self, connection: Connection) {
        if !connection.client.is_closed() {
            self.idle().push(connection);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    async fn prepare(&mut self, text: &'static str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.prepared.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(text).await?;
        self.prepared.insert(text, statement.clone());
        Ok(statement)
    }
}

fn late() -> StoreError {
    StoreError::Statement("the database does not answer".to_owned())
}
