//! Processor time a request: both executors beside wrk and plain goose, one after the other in each
//! round, against the same server.

use std::process::Child;
use std::thread::sleep;
use std::time::Duration;

use lab_model::traffic::Executor;

use crate::Outcome;
use crate::child::{Generator, processor_time, this_program, wrk};
use crate::server::{Behaviour, Server};
use crate::table::{Column, median, print, smallest};

/// How long each runs.
const LENGTH: Duration = Duration::from_secs(8);

/// What all four do.
struct Setting {
    title: &'static str,
    /// How long the server takes.
    service: Duration,
    /// Connections of wrk, users of plain goose.
    users: u32,
    /// Arrivals per second of the generator; as many closed users as the others have where it is 0.
    rate: u32,
    /// What plain goose is throttled to; not at all where it is 0.
    throttle: u32,
}

/// The figures of one round, in microseconds a request.
struct Costs {
    goose: f64,
    native: f64,
    plain: f64,
    wrk: f64,
    /// The least requests a second of the four.
    slowest: f64,
}

/// Measures every setting.
pub(crate) fn measure(rounds: usize) -> Outcome {
    let at_once = Duration::ZERO;
    for setting in [
        Setting {
            title: "cost: 2,000/s, a server of 5 ms; wrk with 11 connections, plain goose with 11 users",
            service: Duration::from_millis(5),
            users: 11,
            rate: 2_000,
            throttle: 0,
        },
        Setting {
            title: "cost: 2,000/s, a server that answers at once; plain goose throttled to as many",
            service: at_once,
            users: 64,
            rate: 2_000,
            throttle: 2_000,
        },
        Setting {
            title: "cost: flat out, 64 closed users, a server that answers at once",
            service: at_once,
            users: 64,
            rate: 0,
            throttle: 0,
        },
    ] {
        let mut columns: [Column; 8] = [
            ("goose path µs", median, Vec::new()),
            ("native µs", median, Vec::new()),
            ("plain goose µs", median, Vec::new()),
            ("wrk µs", median, Vec::new()),
            ("goose / plain", median, Vec::new()),
            ("native / plain", median, Vec::new()),
            ("native / wrk", median, Vec::new()),
            ("least a second", smallest, Vec::new()),
        ];
        for _ in 0..rounds {
            let costs = setting.round()?;
            let values = [
                costs.goose,
                costs.native,
                costs.plain,
                costs.wrk,
                costs.goose / costs.plain,
                costs.native / costs.plain,
                costs.native / costs.wrk,
                costs.slowest,
            ];
            for (column, value) in columns.iter_mut().zip(values) {
                column.2.push(value);
            }
        }
        print(setting.title, &columns);
    }
    Ok(())
}

impl Setting {
    fn round(&self) -> Outcome<Costs> {
        let (goose, first) = self.ours(Executor::Goose)?;
        let (native, second) = self.ours(Executor::Native)?;
        let (plain, third) = self.theirs(|server| {
            let host = format!("http://{}", server.address);
            let (users, rate) = (self.users.to_string(), self.throttle.to_string());
            let seconds = LENGTH.as_secs().to_string();
            this_program(&["plain", &host, &users, &rate, &seconds])
        })?;
        let (wrk, fourth) = self.theirs(|server| wrk(server.address, self.users, LENGTH))?;
        Ok(Costs {
            goose,
            native,
            plain,
            wrk,
            slowest: first.min(second).min(third).min(fourth),
        })
    }

    /// A generator: microseconds a request, requests a second.
    fn ours(&self, executor: Executor) -> Outcome<(f64, f64)> {
        let server = Server::start(Behaviour::Serves(self.service))?;
        let mut generator = if self.rate > 0 {
            let timeout = Duration::from_secs(2);
            Generator::ready(executor, server.address, self.rate, LENGTH, timeout)?
        } else {
            Generator::closed(executor, server.address, self.users, LENGTH)?
        };
        let before = processor_time(generator.child.id())?;
        generator.start()?;
        let sum = generator.listen()?;
        let used = processor_time(generator.child.id())?.saturating_sub(before);
        generator.child.wait()?;
        if sum.bad > 0 {
            return Err(format!("{} of {} were bad", sum.bad, sum.due).into());
        }
        Ok(Self::per_request(used, &server))
    }

    /// Another program that ends by itself.
    fn theirs(&self, start: impl Fn(&Server) -> Outcome<Child>) -> Outcome<(f64, f64)> {
        let server = Server::start(Behaviour::Serves(self.service))?;
        let mut child = start(&server)?;
        while server.seen().requests == 0 {
            sleep(Duration::from_millis(1));
            if child.try_wait()?.is_some() {
                return Err("it ended without a request".into());
            }
        }
        let before = processor_time(child.id())?;
        // Its output ends with it; until it is waited for, its times can be read.
        if let Some(output) = child.stdout.take() {
            std::io::copy(&mut { output }, &mut std::io::sink())?;
        }
        let used = processor_time(child.id())?.saturating_sub(before);
        child.wait()?;
        Ok(Self::per_request(used, &server))
    }

    fn per_request(used: Duration, server: &Server) -> (f64, f64) {
        let requests = server.seen().requests as f64;
        (
            used.as_secs_f64() * 1e6 / requests,
            requests / LENGTH.as_secs_f64(),
        )
    }
}
