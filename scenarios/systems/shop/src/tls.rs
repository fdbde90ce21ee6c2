//! TLS where it is asked for: whom a caller trusts, and how a service shows who it is. A service
//! with a certificate speaks TLS with callers that begin with it, and HTTP in clear with all others.

use std::path::{Path, PathBuf};

use hyper_util::client::legacy::connect::HttpConnector;

/// A service's certificate and its key, as files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

#[cfg(feature = "tls")]
pub(crate) use with::{Connector, Trust, both, connector, trust};
#[cfg(not(feature = "tls"))]
pub(crate) use without::{Connector, Trust, both, connector, trust};

#[cfg(feature = "tls")]
mod with {
    use std::io;
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use axum::serve::Listener;
    use rustls::crypto::aws_lc_rs;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio::io::{AsyncRead, AsyncWrite};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;
    use tokio_rustls::TlsAcceptor;

    use super::{HttpConnector, Identity, Path};

    /// How a caller connects.
    pub(crate) type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

    /// Whom a caller trusts.
    pub(crate) type Trust = Arc<ClientConfig>;

    /// The first byte of TLS: a handshake (RFC 8446, section 5.1).
    const HANDSHAKE: u8 = 22;
    /// How long a caller may take to say its first byte, and to shake hands.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Trusts the authorities in that file, or nobody.
    ///
    /// # Errors
    /// The file cannot be used, in words.
    pub(crate) fn trust(authority: Option<&Path>) -> Result<Trust, String> {
        let mut roots = RootCertStore::empty();
        if let Some(file) = authority {
            let unusable = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
            let certificates =
                CertificateDer::pem_file_iter(file).map_err(|error| unusable(&error))?;
            for certificate in certificates {
                let certificate = certificate.map_err(|error| unusable(&error))?;
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    /// Connects in clear or with TLS, as the address says.
    pub(crate) fn connector(mut http: HttpConnector, trust: &Trust) -> Connector {
        http.enforce_http(false);
        (http, Arc::clone(trust)).into()
    }

    /// A stream with or without TLS.
    pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
    impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

    /// Takes callers with TLS and without on one port.
    pub(crate) struct Both {
        address: SocketAddr,
        ready: mpsc::Receiver<(Box<dyn Stream>, SocketAddr)>,
    }

    /// Takes callers with TLS as that service, and callers without.
    ///
    /// # Errors
    /// A file cannot be used, in words.
    pub(crate) fn both(listener: TcpListener, identity: &Identity) -> Result<Both, String> {
        let Identity { certificate, key } = identity;
        let unusable =
            |file: &Path, error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unusable(certificate, &error))?;
        let own = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_single_cert(chain, own)
            .map_err(|error| unusable(certificate, &error))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let (send, ready) = mpsc::channel(64);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        tokio::spawn(accept(listener, acceptor, send));
        Ok(Both { address, ready })
    }

    /// Accepts until nobody takes what was accepted; no caller waits for the handshake of another.
    async fn accept(
        listener: TcpListener,
        acceptor: TlsAcceptor,
        send: mpsc::Sender<(Box<dyn Stream>, SocketAddr)>,
    ) {
        let mut listener = listener;
        loop {
            let (stream, caller) = tokio::select! {
                accepted = Listener::accept(&mut listener) => accepted,
                () = send.closed() => return,
            };
            let (acceptor, send) = (acceptor.clone(), send.clone());
            tokio::spawn(async move {
                let opened = tokio::time::timeout(PATIENCE, open(stream, acceptor)).await;
                if let Ok(Ok(stream)) = opened {
                    let _ = send.send((stream, caller)).await;
                }
            });
        }
    }

    async fn open(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<Box<dyn Stream>> {
        // Small answers must not wait for acknowledgements; where this fails they just may.
        let _ = stream.set_nodelay(true);
        let mut first = [0];
        stream.peek(&mut first).await?;
        Ok(match first {
            [HANDSHAKE] => Box::new(acceptor.accept(stream).await?),
            _ => Box::new(stream),
        })
    }

    impl Listener for Both {
        type Io = Box<dyn Stream>;
        type Addr = SocketAddr;

        async fn accept(&mut self) -> (Self::Io, Self::Addr) {
            match self.ready.recv().await {
                Some(accepted) => accepted,
                // Only where the runtime ends.
                None => std::future::pending().await,
            }
        }

        fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(self.address)
        }
    }
}

#[cfg(not(feature = "tls"))]
mod without {
    use tokio::net::TcpListener;

    use super::{HttpConnector, Identity, Path};

    /// How a caller connects.
    pub(crate) type Connector = HttpConnector;

    /// Whom a caller trusts.
    pub(crate) type Trust = ();

    const ABSENT: &str = "this shop was built without TLS";

    pub(crate) fn trust(authority: Option<&Path>) -> Result<Trust, String> {
        authority.map_or(Ok(()), |_| Err(ABSENT.to_owned()))
    }

    pub(crate) fn connector(http: HttpConnector, (): &Trust) -> Connector {
        http
    }

    pub(crate) fn both(_: TcpListener, _: &Identity) -> Result<TcpListener, String> {
        Err(ABSENT.to_owned())
    }
}
