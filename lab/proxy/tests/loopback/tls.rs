//! Faults of TLS against clients and a server that are not ours: curl, openssl and nginx.

use super::support::*;
use lab_proxy::{Proxy, ToxicSpec, Witness};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::sleep;

/// nginx with a certificate of the proxy's authority and a page of 60,000 bytes, ended and removed
/// when it is dropped.
struct Nginx {
    address: SocketAddr,
    folder: PathBuf,
    process: Child,
}

impl Nginx {
    /// `None`, with a word on why, where nginx is not installed.
    async fn start(name: &str, proxy: &Proxy) -> Option<Self> {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let folder = std::env::temp_dir().join(format!("lab-tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("pages")).unwrap();
        std::fs::write(folder.join("pages/page"), "0123456789".repeat(6_000)).unwrap();
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let good = proxy.authority().issue(&names).unwrap();
        std::fs::write(folder.join("certificate"), good.certificate).unwrap();
        std::fs::write(folder.join("key"), good.key).unwrap();
        std::fs::write(folder.join("authority"), proxy.authority().pem().unwrap()).unwrap();
        let path = folder.display();
        let config = format!(
            "daemon off; master_process off; pid {path}/pid; error_log {path}/errors;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; client_body_temp_path {path}/b; proxy_temp_path {path}/p;\n\
             fastcgi_temp_path {path}/f; uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;\n\
             server {{ listen {address} ssl; root {path}/pages;\n\
             ssl_certificate {path}/certificate; ssl_certificate_key {path}/key; }} }}\n"
        );
        std::fs::write(folder.join("conf"), config).unwrap();
        let started = Command::new("nginx")
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(folder.join("conf"))
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            eprintln!("skipped: nginx is not installed");
            let _ = std::fs::remove_dir_all(&folder);
            return None;
        };
        for _ in 0..1_000 {
            if TcpStream::connect(address).await.is_ok() {
                return Some(Self {
                    address,
                    folder,
                    process,
                });
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("nginx does not listen");
    }

    /// What curl makes of the page by that name: its exit status, and all it says.
    async fn curl(&self, address: SocketAddr, more: &[&str]) -> (i32, String) {
        let mut command = Command::new("curl");
        let url = format!("https://localhost:{}/page", address.port());
        command.args([
            "-sS",
            "--noproxy",
            "*",
            "--max-time",
            "20",
            "--ipv4",
            "--cacert",
        ]);
        command
            .arg(self.folder.join("authority"))
            .args(more)
            .arg(url);
        run(command).await
    }

    /// Whether curl gets the whole page.
    async fn served(&self, address: SocketAddr, more: &[&str]) -> bool {
        let (code, said) = self.curl(address, more).await;
        let whole = (code, said.as_str()) == (0, "0123456789".repeat(6_000).as_str());
        if !whole {
            eprintln!("{code}, {} bytes: {:.200}", said.len(), said);
        }
        whole
    }

    /// What openssl makes of a handshake.
    async fn s_client(&self, address: SocketAddr) -> (i32, String) {
        let mut command = Command::new("openssl");
        command.args([
            "s_client",
            "-brief",
            "-verify_return_error",
            "-verify_hostname",
            "localhost",
        ]);
        command.arg("-CAfile").arg(self.folder.join("authority"));
        command.arg("-connect").arg(address.to_string());
        run(command).await
    }
}

async fn run(mut command: Command) -> (i32, String) {
    command.stdin(Stdio::null());
    let done = tokio::task::spawn_blocking(move || command.output()).await;
    let output = done
        .unwrap()
        .expect("curl and openssl are installed where nginx is");
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap_or(-1), text)
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn witness(proxy: &Proxy) -> Witness {
    let seen = proxy.observe().await.unwrap();
    seen.links["link"].toxic("fault").unwrap().witness.clone()
}

/// A fault that shows a certificate: callers that look refuse it for that reason, callers that do
/// not are served, and once it is gone all is as it was. `refusals` are those told in the handshake.
async fn shows(kind: &str, curls: &str, openssls: &str, refusals: u64) {
    let proxy = proxy();
    let Some(nginx) = Nginx::start(kind, &proxy).await else {
        return;
    };
    let address = link(&proxy, nginx.address).await;
    assert!(nginx.served(address, &[]).await);
    assert_eq!(nginx.s_client(address).await.0, 0);

    proxy
        .add_toxic("link", ToxicSpec::new(kind).named("fault"))
        .await
        .unwrap();
    let (code, said) = nginx.curl(address, &[]).await;
    assert!(code == 60 && said.contains(curls), "{code} {said}");
    let (code, said) = nginx.curl(address, &["--tls-max", "1.2"]).await;
    assert!(code == 60 && said.contains(curls), "{code} {said}");
    let (code, said) = nginx.s_client(address).await;
    assert!(code != 0 && said.contains(openssls), "{code} {said}");
    let seen = witness(&proxy).await;
    assert_eq!((seen.matched, seen.requests, seen.closes), (3, 3, refusals));
    assert!(nginx.served(address, &["-k"]).await);
    assert!(nginx.served(address, &["-k", "--http1.0"]).await);
    let seen = witness(&proxy).await;
    assert_eq!((seen.matched, seen.requests, seen.closes), (5, 5, refusals));

    proxy.remove_toxic("link", "fault").await.unwrap();
    assert!(nginx.served(address, &[]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_expired() {
    shows(
        "tls_expired",
        "certificate has expired",
        "certificate has expired",
        3,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_yet_valid() {
    let said = "certificate is not yet valid";
    shows("tls_not_yet_valid", said, said, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_somebody_else() {
    // curl looks at the name when hands are shaken.
    let curls = "no alternative certificate subject name matches";
    shows("tls_wrong_name", curls, "hostname mismatch", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_an_unknown_authority() {
    let said = "unable to get local issuer certificate";
    shows("tls_unknown_authority", said, said, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_waits_and_what_follows_does_not() {
    let proxy = proxy();
    let Some(nginx) = Nginx::start("slow", &proxy).await else {
        return;
    };
    let address = link(&proxy, nginx.address).await;
    let slow = ToxicSpec::new("tls_slow_handshake")
        .named("fault")
        .with("delay", 700);
    proxy.add_toxic("link", slow).await.unwrap();
    let format = "%{time_appconnect} %{time_total}";
    let (code, said) = nginx
        .curl(address, &["-o", "/dev/null", "-w", format])
        .await;
    let times: Vec<f64> = said
        .split(' ')
        .filter_map(|time| time.trim().parse().ok())
        .collect();
    assert!(code == 0 && times[0] >= 0.7, "{code} {said}");
    let seen = witness(&proxy).await;
    assert_eq!((seen.matched, seen.requests, seen.delay.count()), (1, 1, 1));
    assert!(seen.delay.sum_us >= 700_000, "{seen:?}");
    proxy.remove_toxic("link", "fault").await.unwrap();
    let (_, said) = nginx
        .curl(address, &["-o", "/dev/null", "-w", "%{time_appconnect}"])
        .await;
    assert!(said.trim().parse::<f64>().unwrap() < 0.7, "{said}");
}

/// What a fault of HTTP that is added makes of a page, and how many requests it acted on.
async fn inside(
    proxy: &Proxy,
    nginx: &Nginx,
    address: SocketAddr,
    fault: ToxicSpec,
) -> (i32, String) {
    proxy.add_toxic("link", fault.named("fault")).await.unwrap();
    let met = nginx.curl(address, &["-D", "-"]).await;
    let seen = witness(proxy).await;
    assert_eq!((seen.matched, seen.requests), (1, 1), "{met:?}");
    proxy.remove_toxic("link", "fault").await.unwrap();
    proxy.forget().await.unwrap();
    assert!(nginx.served(address, &[]).await, "the undo");
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_http_act_inside_tls_that_ends_here() {
    let proxy = proxy();
    let Some(nginx) = Nginx::start("inside", &proxy).await else {
        return;
    };
    let address = link(&proxy, nginx.address).await;
    proxy.end_tls("link", true).await.unwrap();
    let mut followed = proxy.follow("link").await.unwrap();
    assert!(nginx.served(address, &[]).await);
    assert!(nginx.served(address, &["--tls-max", "1.2"]).await);
    assert_eq!(nginx.s_client(address).await.0, 0);
    // Both requests were read inside, and told of.
    for _ in 0..2 {
        let told = tokio::time::timeout(PATIENCE, followed.next()).await;
        let told = told.expect("in time").unwrap().event;
        let lab_proxy::Event::Request(ended) = told else {
            panic!("{told:?}");
        };
        assert_eq!((ended.path.as_str(), ended.status), ("/page", Some(200)));
        assert!(
            ended.connect_us.is_some() && ended.bytes_down > 60_000,
            "{ended:?}"
        );
    }
    let status = ToxicSpec::new("http_status").with("status", 503);
    let (code, said) = inside(&proxy, &nginx, address, status).await;
    assert!(
        code == 0 && said.starts_with("HTTP/1.1 503"),
        "{code} {said:.200}"
    );
    let header = ToxicSpec::new("http_header")
        .with("of", "reply")
        .with("action", "add");
    let header = header.with("name", "X-Lab").with("value", "here");
    let (code, said) = inside(&proxy, &nginx, address, header).await;
    assert!(
        code == 0 && said.contains("X-Lab: here"),
        "{code} {said:.200}"
    );
    let cut = ToxicSpec::new("http_truncate").with("bytes", 10_000);
    let (code, said) = inside(&proxy, &nginx, address, cut).await;
    assert!([18, 56].contains(&code), "{code}");
    assert!(
        said.contains("0123456789") && said.len() < 12_000,
        "{}",
        said.len()
    );
    let reset = ToxicSpec::new("http_reset").with("bytes", 0);
    let (code, _) = inside(&proxy, &nginx, address, reset).await;
    assert!([35, 52, 56].contains(&code), "{code}");
    let delay = ToxicSpec::new("http_delay").with("delay", 300);
    let begun = std::time::Instant::now();
    let (code, _) = inside(&proxy, &nginx, address, delay).await;
    assert!(
        code == 0 && begun.elapsed() >= Duration::from_millis(300),
        "{code}"
    );
    let drip = ToxicSpec::new("http_drip")
        .with("bytes", 20_000)
        .with("every", 20);
    let (code, said) = inside(&proxy, &nginx, address, drip).await;
    assert!(code == 0 && said.ends_with("0123456789"), "{code}");
    let expired = ToxicSpec::new("tls_expired").named("shown");
    proxy.add_toxic("link", expired).await.unwrap();
    let status = ToxicSpec::new("http_status")
        .with("status", 503)
        .named("fault");
    proxy.add_toxic("link", status).await.unwrap();
    assert_eq!(nginx.curl(address, &[]).await.0, 60);
    let (code, said) = nginx.curl(address, &["-k", "-D", "-"]).await;
    assert!(
        code == 0 && said.starts_with("HTTP/1.1 503"),
        "{code} {said:.200}"
    );
    let http = proxy.observe().await.unwrap().links["link"]
        .http
        .clone()
        .unwrap();
    assert!(http.requests >= 14 && http.not_http == 0, "{http:?}");
    proxy.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_that_comes_acts_on_what_lives_inside_tls() {
    let proxy = proxy();
    let Some(nginx) = Nginx::start("live", &proxy).await else {
        return;
    };
    let address = link(&proxy, nginx.address).await;
    proxy.end_tls("link", true).await.unwrap();
    // One connection, three requests, the second one after the fault came.
    let url = format!("https://localhost:{}/page", address.port());
    let mut command = Command::new("curl");
    command.args([
        "-sS",
        "--noproxy",
        "*",
        "--ipv4",
        "--rate",
        "60/m",
        "-o",
        "/dev/null",
    ]);
    command.args(["-w", "%{http_code} %{num_connects}\\n"]);
    command.arg("--cacert").arg(nginx.folder.join("authority"));
    for part in 0..3 {
        command.arg(format!("{url}?{part}"));
        command.args(["-o", "/dev/null"]);
    }
    let asking = tokio::spawn(run(command));
    eventually(&proxy, |link| link.http.as_ref().unwrap().completed == 1).await;
    let status = ToxicSpec::new("http_status")
        .with("status", 503)
        .named("fault");
    proxy.add_toxic("link", status).await.unwrap();
    let (code, said) = asking.await.unwrap();
    assert_eq!((code, said.trim()), (0, "200 1\n503 0\n503 0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_inside_tls_is_counted() {
    let proxy = proxy();
    let Some(nginx) = Nginx::start("cut", &proxy).await else {
        return;
    };
    let address = link(&proxy, nginx.address).await;
    proxy.end_tls("link", true).await.unwrap();
    let late = ToxicSpec::new("http_delay")
        .with("delay", 60_000)
        .named("fault");
    proxy.add_toxic("link", late).await.unwrap();
    let (code, _) = nginx.curl(address, &["--max-time", "1"]).await;
    assert_eq!(code, 28);
    eventually(&proxy, |link| link.http.as_ref().unwrap().abandoned == 1).await;
    let mut command = Command::new("curl");
    command.args([
        "-skS",
        "--noproxy",
        "*",
        "--max-time",
        "20",
        "-o",
        "/dev/null",
    ]);
    command.arg(format!("https://{address}/page"));
    let asking = tokio::spawn(run(command));
    eventually(&proxy, |link| link.toxics[0].witness.matched == 2).await;
    proxy.disable("link", lab_proxy::Down::Reset).await.unwrap();
    assert_ne!(asking.await.unwrap().0, 0);
    eventually(&proxy, |link| {
        link.http.as_ref().unwrap().cut == 1 && link.down.requests >= 1
    })
    .await;
}

#[tokio::test]
async fn what_is_not_tls_passes_as_it_comes() {
    let proxy = proxy();
    let address = link(&proxy, web().await).await;
    proxy
        .add_toxic("link", ToxicSpec::new("tls_expired").named("fault"))
        .await
        .unwrap();
    let mut stream = connect(address).await;
    assert!(get(&mut stream, "/200", "").await.contains(" 200 X"));
    assert_eq!(witness(&proxy).await.matched, 0);
}
