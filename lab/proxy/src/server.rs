//! The proxy as a server of its own: what stands behind `lab proxy`, a drop-in for Toxiproxy.

use crate::api::{ApiOptions, body};
use crate::config::Config;
use crate::error::Error;
use crate::proxy::Proxy;
use crate::spec::LinkView;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// How to serve; the defaults are Toxiproxy's.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Host of the API.
    pub host: String,
    /// Port of the API; 0 picks a free one.
    pub port: u16,
    /// A file with the body of a populate request, applied at the start.
    pub config: Option<PathBuf>,
    /// Threads, seed and limits of the proxy.
    pub proxy: Config,
    /// What `/metrics` shows.
    pub api: ApiOptions,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 8474,
            config: None,
            proxy: Config::default(),
            api: ApiOptions::default(),
        }
    }
}

/// Why a server did not start, or not with what its file asks for.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The proxy's threads could not be started.
    #[error("start the proxy's threads: {0}")]
    Threads(#[source] io::Error),
    /// The API cannot listen where it should.
    #[error("serve the API: {0}")]
    Api(#[source] Error),
    /// The config file cannot be read.
    #[error("read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The config file asks for something that cannot be done.
    #[error("apply {path}: {source}")]
    Populate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Error,
    },
}

/// A server that runs.
pub struct Server {
    /// The proxy behind it.
    pub proxy: Proxy,
    /// Where the API listens.
    pub address: SocketAddr,
    /// The links of the config file; as with Toxiproxy, a file that is wrong does not keep the
    /// server from running.
    pub populated: Result<Vec<LinkView>, ServerError>,
}

impl Server {
    /// Starts the proxy, then the links of the config file, then the API.
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let proxy = Proxy::start(options.proxy).map_err(ServerError::Threads)?;
        let populated = match &options.config {
            Some(path) => populate(&proxy, path).await,
            None => Ok(Vec::new()),
        };
        // An address with colons needs brackets before its port.
        let host = match options.host.as_str() {
            host if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
            host => host.to_owned(),
        };
        let at = format!("{host}:{}", options.port);
        match proxy.serve_api(&at, options.api).await {
            Ok(address) => Ok(Self {
                proxy,
                address,
                populated,
            }),
            Err(error) => {
                proxy.shutdown().await;
                Err(ServerError::Api(error))
            }
        }
    }
}

async fn populate(proxy: &Proxy, path: &Path) -> Result<Vec<LinkView>, ServerError> {
    let failed = |source| ServerError::Populate {
        path: path.to_owned(),
        source,
    };
    let text = fs::read(path).map_err(|source| ServerError::Read {
        path: path.to_owned(),
        source,
    })?;
    let specs = body::links(&text).map_err(failed)?;
    match proxy.populate(specs).await.map_err(failed)? {
        (_, Some(error)) => Err(failed(error)),
        (done, None) => Ok(done),
    }
}
