//! Programs in the seat of a rehearsal: the same words as a person has, over HTTP.
//!
//! The server listens on loopback and asks for a token, which stands with its address in a file of the
//! run's folder that only this user reads. One table of operations is what is served and what is
//! described, so neither can lag behind the other.
//!
//! | file | what lives there |
//! |---|---|
//! | `operations` | the table, and what each takes |
//! | `server` | requests to what the rehearsal hears, and back |
//! | `openapi` | the table as a description in `OpenAPI` |

mod openapi;
mod operations;
mod server;

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use openapi::describe;
pub use operations::Task;
pub use server::{Desk, serve};

/// The file with the API's address and token.
pub const FILE: &str = "api.json";

/// Where the API is, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// Sent as `authorization: Bearer …`.
    pub token: String,
}

impl Access {
    /// Makes a token and writes the file; its path.
    pub(crate) fn write(folder: &Path, address: SocketAddr) -> io::Result<(Self, PathBuf)> {
        let access = Self {
            url: format!("http://{address}"),
            token: crate::gateways::token()?,
        };
        let path = folder.join(FILE);
        let mut options = OpenOptions::new();
        let mut file = options
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&path)?;
        let text = serde_json::to_vec(&access).map_err(io::Error::other)?;
        file.write_all(&text)?;
        Ok((access, path))
    }
}
