//! A local HTTP server that remembers what it was asked and misbehaves by path.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    /// By lowercase name.
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

/// A server that lives as long as the test process.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers `/hang…` never, `/slow…` after 300 ms, `/trickle…` with its last byte after 300 ms,
    /// `/cut…` with half a reply, `/missing…` with 404 and everything else with 200. `/chunked…` is
    /// a long reply in chunks, `/endless…` has no length but its end, and behind `/once…` the
    /// connection is closed. The reply's body holds the path and the number of the request.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&server.seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let seen = Arc::clone(&seen);
                thread::spawn(move || serve(stream, &seen));
            }
        });
        server
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Seen>>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut buffer = Vec::new();
    loop {
        let request = read_request(&mut stream, &mut buffer)?;
        let path = request.path.clone();
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            seen.len()
        };
        let body = format!("{{\"path\":\"{path}\",\"number\":{number}}}");
        let status = if path.starts_with("/missing") {
            "404 Not Found"
        } else {
            "200 OK"
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if path.starts_with("/chunked") {
            let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).ok()?;
            for _ in 0..200 {
                stream.write_all(chunk.as_bytes()).ok()?;
            }
            stream.write_all(b"0\r\n\r\n").ok()?;
            continue;
        } else if path.starts_with("/endless") {
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
            stream.write_all(body.as_bytes()).ok()?;
            return None;
        }
        let (first, last) = body.split_at(body.len() - 1);
        if path.starts_with("/hang") {
            thread::sleep(Duration::from_secs(3_600));
        } else if path.starts_with("/slow") {
            thread::sleep(Duration::from_millis(300));
        }
        stream.write_all((head + first).as_bytes()).ok()?;
        if path.starts_with("/cut") {
            return None;
        } else if path.starts_with("/trickle") {
            thread::sleep(Duration::from_millis(300));
        }
        stream.write_all(last.as_bytes()).ok()?;
        if path.starts_with("/once") {
            return None;
        }
    }
}

/// The next request of a connection; `None` at its end.
fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Seen> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(start) = request.parse(buffer).ok()? {
            let headers: HashMap<String, String> = request
                .headers
                .iter()
                .map(|header| {
                    let value = String::from_utf8_lossy(header.value).into_owned();
                    (header.name.to_ascii_lowercase(), value)
                })
                .collect();
            let length = headers
                .get("content-length")
                .map_or(0, |length| length.parse().unwrap());
            if buffer.len() >= start + length {
                let seen = Seen {
                    method: request.method?.to_owned(),
                    path: request.path?.to_owned(),
                    headers,
                    body: String::from_utf8_lossy(&buffer[start..start + length]).into_owned(),
                };
                buffer.drain(..start + length);
                return Some(seen);
            }
        }
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}
