//! One change on the server: made by the client library where it can say it, and read back.

use lab_model::toxic::{Stream, Toxic};
use serde_json::{Value, json};
use toxiproxy_rust::client::Client;
use toxiproxy_rust::proxy::ProxyPack;

use super::http::{ProxyView, ToxicView};
use super::owner::Session;

/// Toxicities travel as 32-bit floats.
const TOXICITY: f64 = 1e-6;

/// The stream's name on the wire.
pub(super) fn stream(stream: Stream) -> &'static str {
    match stream {
        Stream::Upstream => "upstream",
        Stream::Downstream => "downstream",
    }
}

/// The name that the client library gives a toxic.
pub(super) fn name(toxic: &Toxic) -> String {
    format!("{}_{}", toxic.kind, stream(toxic.stream))
}

impl Session {
    /// Makes a proxy that listens on a port the server chooses; where it listens.
    pub(super) fn create(
        &mut self,
        name: &str,
        listen: &str,
        upstream: &str,
    ) -> Result<String, String> {
        if self.server.proxy(name)?.is_some() {
            return Err(format!("there is a proxy {name} on the server already"));
        }
        let pack = ProxyPack::new(name.to_owned(), listen.to_owned(), upstream.to_owned());
        let said = self.call(|client| client.populate(vec![pack]).map(drop));
        match self.server.proxy(name)? {
            Some(view) if view.upstream == upstream && view.enabled => Ok(view.listen),
            Some(_) => Err(format!(
                "{name} stands there otherwise than it was asked for"
            )),
            None => Err(said
                .err()
                .unwrap_or_else(|| ignored(&format!("proxy {name}")))),
        }
    }

    /// Deletes a proxy; it may be gone already.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), String> {
        if self.server.proxy(name)?.is_none() {
            return Ok(());
        }
        let said = self.call(|client| client.find_proxy(name)?.delete());
        if self.server.proxy(name)?.is_none() {
            return Ok(());
        }
        // What the library does not manage, plain HTTP may.
        self.server.delete(name)?;
        match self.server.proxy(name)? {
            None => Ok(()),
            Some(_) => Err(said.err().unwrap_or_else(|| ignored("the deletion"))),
        }
    }

    /// Disables or enables a proxy.
    pub(super) fn enable(&mut self, name: &str, enabled: bool) -> Result<(), String> {
        let said = self.call(|client| {
            let proxy = client.find_proxy(name)?;
            if enabled {
                proxy.enable()
            } else {
                proxy.disable()
            }
        });
        match self.server.proxy(name)? {
            Some(view) if view.enabled == enabled => Ok(()),
            Some(_) => Err(said.err().unwrap_or_else(|| ignored("the change"))),
            None => Err(format!("the proxy {name} is gone")),
        }
    }

    /// Adds a toxic.
    pub(super) fn add(&mut self, proxy: &str, toxic: &Toxic) -> Result<(), String> {
        // Asked first: the library panics where nobody answers, and says nothing where somebody
        // says no.
        let before = self.server.proxy(proxy)?;
        before.ok_or_else(|| format!("the proxy {proxy} is gone"))?;
        let said = if is_known_to_the_library(&toxic.kind) {
            self.call(|client| add_by_library(client, proxy, toxic))
        } else {
            let path = format!("/proxies/{proxy}/toxics");
            let asked = self.server.ask("POST", &path, Some(&body(toxic)));
            asked.map(drop)
        };
        let view = self.server.proxy(proxy)?;
        let found = view.as_ref().and_then(|view| toxic_of(view, &name(toxic)));
        match found {
            Some(found) if is_as_asked(found, toxic) => Ok(()),
            Some(found) => Err(format!(
                "{} stands there otherwise than it was asked for: {}",
                found.name,
                Value::from(found.attributes.clone())
            )),
            None => Err(said.err().unwrap_or_else(|| self.refusal(proxy, toxic))),
        }
    }

    /// Why the server does not take a toxic, in its own words, which the library drops.
    fn refusal(&self, proxy: &str, toxic: &Toxic) -> String {
        let path = format!("/proxies/{proxy}/toxics");
        match self.server.ask("POST", &path, Some(&body(toxic))) {
            Err(reason) => reason,
            Ok(_) => ignored(&name(toxic)),
        }
    }

    /// Removes one toxic, which the library cannot; it may be gone already.
    pub(super) fn cure(&mut self, proxy: &str, toxic: &str) -> Result<(), String> {
        let path = format!("/proxies/{proxy}/toxics/{toxic}");
        self.server.ask("DELETE", &path, None)?;
        let view = self.server.proxy(proxy)?;
        match view.as_ref().and_then(|view| toxic_of(view, toxic)) {
            None => Ok(()),
            Some(_) => Err(format!("the toxic {toxic} is still there")),
        }
    }
}

fn ignored(what: &str) -> String {
    format!(
        "the server took no notice of {what}; where HTTP_PROXY is set, the client library asks \
         there instead: set NO_PROXY"
    )
}

/// The toxic of that name.
pub(super) fn toxic_of<'a>(view: &'a ProxyView, name: &str) -> Option<&'a ToxicView> {
    view.toxics.iter().find(|toxic| toxic.name == name)
}

/// Whether a toxic stands on the server as it was asked for.
pub(super) fn is_as_asked(found: &ToxicView, asked: &Toxic) -> bool {
    let same = |(name, value): (&String, &Value)| {
        let there = found.attributes.get(name).and_then(Value::as_f64);
        there.is_some() && there == value.as_f64()
    };
    found.kind == asked.kind
        && found.stream == stream(asked.stream)
        && (found.toxicity - asked.toxicity.get()).abs() < TOXICITY
        && asked.attributes.iter().all(same)
}

/// What the client library has no call for, in Toxiproxy's form.
pub(super) fn body(toxic: &Toxic) -> Value {
    json!({
        "name": name(toxic),
        "type": toxic.kind,
        "stream": stream(toxic.stream),
        "toxicity": toxic.toxicity.get(),
        "attributes": toxic.attributes,
    })
}

/// It has no call for `reset_peer` and for what newer servers know.
fn is_known_to_the_library(kind: &str) -> bool {
    let known = [
        "latency",
        "bandwidth",
        "slow_close",
        "timeout",
        "slicer",
        "limit_data",
    ];
    known.contains(&kind)
}

fn add_by_library(client: &Client, proxy: &str, toxic: &Toxic) -> Result<(), String> {
    let proxy = client.find_proxy(proxy)?;
    let number = |name: &str| -> Result<u32, String> {
        let value = toxic.attributes.get(name).and_then(Value::as_u64);
        let value = value.unwrap_or_default();
        u32::try_from(value).map_err(|_| format!("{name} does not fit into 32 bits: {value}"))
    };
    let way = stream(toxic.stream).to_owned();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a share, which the library wants in 32 bits"
    )]
    let toxicity = toxic.toxicity.get() as f32;
    match toxic.kind.as_str() {
        "latency" => proxy.with_latency(way, number("latency")?, number("jitter")?, toxicity),
        "bandwidth" => proxy.with_bandwidth(way, number("rate")?, toxicity),
        "slow_close" => proxy.with_slow_close(way, number("delay")?, toxicity),
        "timeout" => proxy.with_timeout(way, number("timeout")?, toxicity),
        "slicer" => proxy.with_slicer(
            way,
            number("average_size")?,
            number("size_variation")?,
            number("delay")?,
            toxicity,
        ),
        "limit_data" => proxy.with_limit_data(way, number("bytes")?, toxicity),
        other => return Err(format!("the client library knows no {other}")),
    };
    Ok(())
}
