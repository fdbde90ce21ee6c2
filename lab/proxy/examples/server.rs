//! The proxy as a server for measurements: `server HOST:PORT`, ended by an interrupt.

use lab_proxy::{Server, ServerOptions};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let at = std::env::args().nth(1).unwrap_or_default();
    let (host, port) = at.rsplit_once(':').ok_or("usage: server HOST:PORT")?;
    let server = Server::start(ServerOptions {
        host: host.to_owned(),
        port: port.parse()?,
        ..ServerOptions::default()
    })
    .await?;
    println!("serving at {}", server.address);
    tokio::signal::ctrl_c().await?;
    server.proxy.shutdown().await;
    Ok(())
}
