//! Systems that run already: proxied and loaded, never started and never stopped.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};

use crate::lab::{Lab, Outcome, ensure, eventually, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("attached::what_runs_already_is_rehearsed_on", rehearsed),
        trial("attached::another_host_needs_leave", refused),
        trial("attached::what_is_not_there_is_named", absent),
    ]
}

/// A service of the demo system that somebody else started.
struct Theirs {
    process: Child,
    port: u16,
}

impl Theirs {
    fn start(lab: &Lab, service: &str, payments: Option<SocketAddr>) -> Result<Self, Failed> {
        let port = free_port()?;
        let mut command = lab.command(&["__shop", service]);
        command
            .env("PORT", port.to_string())
            .env("DATABASE", lab.home().join(format!("{service}.db")))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some(payments) = payments {
            command
                .env("PAYMENTS_URL", format!("http://{payments}"))
                .env("MONOLITH_URL", "http://127.0.0.1:9");
        }
        let process = command.spawn()?;
        let theirs = Self { process, port };
        let accepts = || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        ensure!(
            eventually(Duration::from_secs(20), accepts),
            "{service} does not start"
        );
        Ok(theirs)
    }

    fn lives(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> Result<u16, Failed> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

fn scenario(services: &str) -> String {
    let mut text = format!(
        "scenario: attached\nabout: Orders that run already wait for payments.\nattach:\n{services}"
    );
    let _ = write!(
        text,
        "\
links: [client -> orders, orders -> payments]
load:
  journeys:
    order: [{{ post: /orders, body: {{ lines: [{{ product: 1, quantity: 1, cents: 100 }}] }}, timeout: 1s }}]
  arrivals: {{ constant: {{ rate: 40/s }} }}
phases:
  - baseline: 6s
  - fault:
      for: 6s
      inject:
        - on: orders -> payments
          fault: {{ latency: {{ delay: 1500ms }} }}
  - recovery: 4s
objectives:
  - availability: {{ of: order, at_least: 90%, during: [baseline, fault] }}
"
    );
    text
}

fn rehearsed() -> Outcome {
    let lab = Lab::new()?;
    let proxy: SocketAddr = (Ipv4Addr::LOCALHOST, free_port()?).into();
    let mut payments = Theirs::start(&lab, "payments", None)?;
    let mut orders = Theirs::start(&lab, "orders", Some(proxy))?;
    let services = format!(
        "  orders: {{ address: \"127.0.0.1:{}\", ready: {{ http: /health }} }}\n  \
         payments: {{ address: \"localhost:{}\", proxies: {{ orders: \"{proxy}\" }} }}\n",
        orders.port, payments.port
    );
    let file = lab.file("attached.yaml", scenario(&services))?;
    lab.call(&["plan", file])?
        .expect(0)?
        .says("runs already at 127.0.0.1")?
        .says("nothing inside is rewired")?
        .says(&format!("orders finds it at {proxy}"))?;
    let ended = lab.call(&["run", file])?.expect(1)?;
    let ended = ended.says("which run already")?;
    // The fault was witnessed on a link inside, because its caller was pointed at the proxy.
    ensure!(
        ended.out.contains("seen  latency") || ended.out.contains("latency on orders → payments"),
        "{ended:#?}"
    );
    ensure!(
        orders.lives() && payments.lives(),
        "the lab stopped what it did not start"
    );
    let journal = std::fs::read_to_string(lab.last_run()?.join("journal.jsonl"))?;
    ensure!(
        !journal.contains("\"stopped\""),
        "nothing was stopped, and the journal says so"
    );
    ensure!(
        TcpStream::connect(proxy).is_err(),
        "the proxy is still there"
    );
    lab.call(&["report", "last", "--format", "html"])?
        .expect(1)?
        .says("which run already")?;
    lab.call(&["run", file, "--driver", "processes"])?
        .expect(3)?
        .says("scenario::wrong-driver")?;
    Ok(())
}

fn refused() -> Outcome {
    let lab = Lab::new()?;
    // Documentation addresses: nothing answers there, and nothing must be asked.
    let services = "  orders: { address: \"192.0.2.7:80\" }\n  \
                    payments: { address: \"127.0.0.1:9\", proxies: { orders: \"127.0.0.1:19001\" } }\n";
    let file = lab.file("far.yaml", scenario(services))?;
    lab.call(&["check", file])?.expect(0)?;
    lab.call(&["run", file])?
        .expect(3)?
        .says("192.0.2.7:80 is not this host")?
        .says("--allow 192.0.2.7")?;
    lab.call(&["gate", file])?
        .expect(3)?
        .says("--allow 192.0.2.7")?;
    lab.call(&["up", file])?
        .expect(3)?
        .says("--allow 192.0.2.7")?;
    ensure!(!lab.home().join(".lab/runs").exists(), "a run was made");
    let others = ["run", file, "--allow", "192.0.2.8", "--allow", "elsewhere"];
    lab.call(&others)?.expect(3)?.says("not this host")?;
    Ok(())
}

fn absent() -> Outcome {
    let lab = Lab::new()?;
    let port = free_port()?;
    let services = format!(
        "  orders: {{ address: \"127.0.0.1:{port}\", ready: {{ within: 300ms }} }}\n  \
         payments: {{ address: \"127.0.0.1:{port}\", proxies: {{ orders: \"127.0.0.1:{}\" }}, ready: {{ within: 300ms }} }}\n",
        free_port()?
    );
    let file = lab.file("absent.yaml", scenario(&services))?;
    lab.call(&["run", file])?
        .expect(4)?
        .says("not ready within 300")?
        .says("the lab starts nothing there")?;
    Ok(())
}
