//! The hot paths: relaying over loopback, the delay queue, the bandwidth shaper, the tap.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lab_proxy::internals::bench::{Shaper, tap};
use lab_proxy::{Config, LinkSpec, Proxy};
use serde_json::{Map, Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

fn attributes(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn shapers(criterion: &mut Criterion) {
    let chunks: Vec<_> = (0..64).map(|_| vec![0_u8; 4_096].into()).collect();
    let mut group = criterion.benchmark_group("toxics");
    group.throughput(Throughput::Bytes(64 * 4_096));
    for (name, given) in [
        ("noop", json!({})),
        ("latency", json!({"latency": 20, "jitter": 5})),
        ("bandwidth", json!({"rate": 1_000_000})),
        (
            "slicer",
            json!({"average_size": 512, "size_variation": 100}),
        ),
    ] {
        let mut shaper = Shaper::new(name, &attributes(&given));
        group.bench_function(name, |bencher| bencher.iter(|| shaper.pass(&chunks)));
    }
    group.finish();
}

fn taps(criterion: &mut Criterion) {
    let request = b"POST /orders HTTP/1.1\r\nHost: orders\r\nContent-Type: application/json\r\n\
        Idempotency-Key: 0b2f\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\
        Content-Length: 12\r\n\r\n{\"item\": 12}";
    let reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"done\": 12}";
    let mut group = criterion.benchmark_group("tap");
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("exchange", |bencher| {
        bencher.iter(|| tap(request, reply, 1_000));
    });
    group.finish();
}

/// An echo server on a thread of its own.
fn echo() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || relay_back(stream));
        }
    });
    Ok(address)
}

fn relay_back(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count])?;
    }
}

fn relay(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let (Ok(runtime), Ok(upstream), Ok(proxy)) = (runtime, echo(), Proxy::start(Config::default()))
    else {
        return;
    };
    let link = runtime.block_on(proxy.open(LinkSpec::new("link").to(&upstream)));
    let Ok(link) = link else { return };
    let mut group = criterion.benchmark_group("relay");
    for size in [64, 1 << 16] {
        group.throughput(Throughput::Bytes(size as u64));
        for (name, address) in [("direct", &upstream), ("proxy", &link.listen)] {
            let Ok(mut stream) = TcpStream::connect(address.as_str()) else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            let mut buffer = vec![7; size];
            group.bench_function(format!("{name}/{size}"), |bencher| {
                bencher.iter(|| {
                    stream
                        .write_all(&buffer)
                        .and_then(|()| stream.read_exact(&mut buffer))
                });
            });
        }
    }
    group.finish();
    runtime.block_on(proxy.shutdown());
}

criterion_group!(benches, shapers, taps, relay);
criterion_main!(benches);
