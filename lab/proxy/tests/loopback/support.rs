//! Upstreams and small clients for the tests of the proxy.

use lab_proxy::{Config, LinkSpec, Proxy};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Far longer than anything here takes, even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A proxy with a fixed seed.
pub(crate) fn proxy() -> Proxy {
    Proxy::start(Config {
        workers: 2,
        seed: 7,
        ..Config::default()
    })
    .unwrap()
}

/// Opens a link named `link` to that upstream and gives its address.
pub(crate) async fn link(proxy: &Proxy, upstream: SocketAddr) -> SocketAddr {
    let spec = LinkSpec::new("link").to(upstream.to_string());
    proxy.open(spec).await.unwrap().listen.parse().unwrap()
}

/// Echoes; after the peer's end it sends `goodbye` and closes.
pub(crate) async fn echo() -> SocketAddr {
    serve(|mut stream| async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            if stream.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
        let _ = stream.write_all(b"goodbye").await;
    })
    .await
}

/// Answers each `GET` with `200` and five bytes, on connections that are kept alive. A path that
/// ends in a number is the status to answer; `/hang` is never answered.
pub(crate) async fn web() -> SocketAddr {
    serve(|mut stream| async move {
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            while let Some((head, rest)) = text.split_once("\r\n\r\n") {
                let path = head.split(' ').nth(1).unwrap().to_owned();
                let status: u16 = path[1..].parse().unwrap_or(200);
                text = rest.to_owned();
                if path != "/hang" {
                    let reply = format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\nhello");
                    if stream.write_all(reply.as_bytes()).await.is_err() {
                        return;
                    }
                }
            }
            match stream.read(&mut buffer).await {
                Ok(count @ 1..) => text += std::str::from_utf8(&buffer[..count]).unwrap(),
                _ => return,
            }
        }
    })
    .await
}

/// Serves each connection with that task.
pub(crate) async fn serve<F, T>(work: F) -> SocketAddr
where
    F: Fn(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(work(stream));
        }
    });
    address
}

/// Connects, with small writes sent at once.
pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends and reads as many bytes back.
pub(crate) async fn round_trip(stream: &mut TcpStream, data: &[u8]) -> Vec<u8> {
    stream.write_all(data).await.unwrap();
    read(stream, data.len()).await
}

/// Reads so many bytes.
pub(crate) async fn read(stream: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut buffer = vec![0; count];
    let read = timeout(PATIENCE, stream.read_exact(&mut buffer)).await;
    read.expect("the bytes come in time").unwrap();
    buffer
}

/// Sends a `GET` (with more header lines) and reads the reply of [`web`].
pub(crate) async fn get(stream: &mut TcpStream, path: &str, headers: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let reply = read(
        stream,
        "HTTP/1.1 200 X\r\nContent-Length: 5\r\n\r\nhello".len(),
    )
    .await;
    String::from_utf8(reply).unwrap()
}

/// How a connection ends, after any bytes: `closed` or `reset`.
pub(crate) async fn ending(stream: &mut TcpStream) -> &'static str {
    let mut rest = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    match read.expect("the connection ends in time") {
        Ok(_) => "closed",
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => "reset",
        Err(error) => panic!("{error}"),
    }
}

/// Waits until a condition on the proxy's counters holds.
pub(crate) async fn eventually(
    proxy: &Proxy,
    condition: impl Fn(&lab_proxy::LinkSnapshot) -> bool,
) {
    let waiting = async {
        loop {
            if condition(&proxy.observe().await.unwrap().links["link"]) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(PATIENCE, waiting).await.is_err() {
        let seen = proxy.observe().await.unwrap();
        panic!("the condition never held: {:#?}", seen.links["link"]);
    }
}

/// Connects to where every connection is reset at once: maybe before it is seen to be open.
pub(crate) async fn is_reset(address: SocketAddr) -> bool {
    match TcpStream::connect(address).await {
        Ok(mut stream) => ending(&mut stream).await == "reset",
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    }
}
