//! One request and its whole answer over HTTP/1.1; knows nothing of policies.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{CallError, Reply};
use crate::config::{BodyEnd, ClientSettings};
use crate::tls::{Connector, Trust, connector};

/// No answer of the shop comes near; whatever is larger is not ours.
const LARGEST_BODY: usize = 4 << 20;

/// A pooled connection that nobody uses for so long is closed.
const IDLE: Duration = Duration::from_secs(1);

/// A client for one upstream.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client<Connector, Full<Bytes>>,
    end: BodyEnd,
}

impl Transport {
    /// With `keepalive` connections are pooled and used again, else each request has its own.
    /// With TLS an answer always ends with its length.
    pub(super) fn new(settings: &ClientSettings, trust: &Trust, secure: bool) -> Self {
        let keepalive = settings.keepalive;
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new());
        builder.pool_idle_timeout(IDLE);
        if !keepalive {
            builder.pool_max_idle_per_host(0);
        }
        Self {
            client: builder.build(connector(http, trust)),
            // A connection that is used again does not end with an answer.
            end: if keepalive || secure {
                BodyEnd::Length
            } else {
                settings.body
            },
        }
    }

    /// Sends the request and reads the answer to its end, whatever its status.
    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Result<Reply, CallError> {
        if self.end == BodyEnd::Close {
            return until_close(request).await;
        }
        let response = self.client.request(request).await;
        whole(response.map_err(|error| classify(&error))?).await
    }
}

/// The answer with all of its body, as its length says.
async fn whole(response: Response<Incoming>) -> Result<Reply, CallError> {
    let status = response.status();
    let body = Limited::new(response.into_body(), LARGEST_BODY)
        .collect()
        .await
        .map_err(|error| CallError::Broken(error.to_string()))?
        .to_bytes();
    Ok(Reply { status, body })
}

/// Sends the request on a connection of its own, and takes the answer for whole when that is
/// closed.
async fn until_close(request: Request<Full<Bytes>>) -> Result<Reply, CallError> {
    let (mut head, body) = request.into_parts();
    let authority = head.uri.authority().map_or("", |part| part.as_str());
    let stream = TcpStream::connect(authority)
        .await
        .map_err(|error| CallError::Connect(error.to_string()))?;
    // Small requests must not wait for acknowledgements; where this fails they just may.
    let _ = stream.set_nodelay(true);
    let host = HeaderValue::try_from(authority);
    let host = host.map_err(|error| CallError::Unsendable(error.to_string()))?;
    head.headers.insert(header::HOST, host);
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri =
        Uri::try_from(path.to_owned()).map_err(|error| CallError::Unsendable(error.to_string()))?;
    let broken = |error: hyper::Error| CallError::Broken(error.to_string());
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(broken)?;
    let exchange = async move {
        let sent = sender.send_request(Request::from_parts(head, body));
        whole(sent.await.map_err(broken)?).await
    };
    let (reply, rest) = tokio::join!(exchange, connection.without_shutdown());
    let reply = reply?;
    let mut stream = rest.map_err(broken)?.io.into_inner();
    let mut ignored = [0; 1_024];
    loop {
        match stream.read(&mut ignored).await {
            Ok(0) => return Ok(reply),
            Ok(_) => {}
            Err(error) => return Err(CallError::Broken(error.to_string())),
        }
    }
}

fn classify(error: &Error) -> CallError {
    // The outermost text says only "client error"; the cause is further in.
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_connect() {
        CallError::Connect(cause.to_string())
    } else {
        CallError::Broken(cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use http::Method;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::{Config, Role, ServiceSettings};

    /// How long the caller of a server that closes late waits, with that setting.
    async fn waits(end: &'static str) -> (Reply, Duration) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4_096]).await.unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok";
            stream.write_all(answer).await.unwrap();
            tokio::time::sleep(Duration::from_millis(400)).await;
        };
        let lookup = |name: &str| (name == "SHOP_BODY").then(|| end.to_owned());
        let config = Config::read(Role::Monolith, &lookup).unwrap();
        let ServiceSettings::Monolith(settings) = config.service else {
            panic!("not a monolith: {config:?}")
        };
        let request = Request::builder()
            .method(Method::GET)
            .uri(format!("http://{address}/x?y=1"))
            .header(header::CONNECTION, "close")
            .body(Full::default())
            .unwrap();
        let begun = Instant::now();
        let call = async {
            let trust = crate::tls::trust(None).unwrap();
            let reply = Transport::new(&settings.client, &trust, false)
                .send(request)
                .await
                .unwrap();
            (reply, begun.elapsed())
        };
        tokio::join!(call, server).0
    }

    #[tokio::test]
    async fn an_answer_ends_with_its_length_or_with_its_connection() {
        let (by_length, soon) = waits("length").await;
        let (by_close, late) = waits("close").await;
        assert_eq!(by_length, by_close);
        assert_eq!(by_close.body, "ok");
        assert!(soon < Duration::from_millis(400) && late >= Duration::from_millis(400));
    }
}
