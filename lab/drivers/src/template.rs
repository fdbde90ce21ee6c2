//! `{lab}`, `{port}`, `{link:X}`, `{data}`, `{env:NAME}`, `{authority}`, `{certificate}` and `{key}` in
//! commands, arguments and environment values.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lab_model::Name;

/// Gives the file that stands for `authority`, `certificate` or `key`, made when it is asked for; an
/// error says why there is none.
pub(crate) type Credentials<'a> = dyn Fn(&str) -> Result<String, String> + Sync + 'a;

/// What placeholders stand for.
pub(crate) struct Values<'a> {
    /// `{lab}`
    pub(crate) lab: &'a str,
    /// `{port}`
    pub(crate) port: u16,
    /// `{data}`
    pub(crate) data: &'a str,
    /// `{link:X}`
    pub(crate) links: &'a BTreeMap<Name, SocketAddr>,
    /// `{authority}`, `{certificate}`, `{key}`: files of the run's authority for this service.
    pub(crate) credentials: &'a Credentials<'a>,
    /// `{env:NAME}`: the service's own environment, so that a setting may reach a command.
    pub(crate) env: &'a BTreeMap<String, String>,
}

impl Values<'_> {
    /// Replaces every placeholder; braces that hold anything else stay as they are, so that JSON
    /// and shell text pass through. An error names a link or an
    /// environment value that the service does not have.
    pub(crate) fn fill(&self, text: &str) -> Result<String, String> {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            filled.push_str(&rest[..open]);
            rest = &rest[open..];
            let Some(close) = rest.find('}') else { break };
            let known = match &rest[1..close] {
                "lab" => Some(self.lab.to_owned()),
                "port" => Some(self.port.to_string()),
                "data" => Some(self.data.to_owned()),
                file @ ("authority" | "certificate" | "key") => Some((self.credentials)(file)?),
                inner => match inner.split_once(':') {
                    Some(("link", callee)) => Some(self.link(callee)?),
                    Some(("env", name)) => Some(self.own(name)?),
                    _ => None,
                },
            };
            if let Some(value) = known {
                filled.push_str(&value);
                rest = &rest[close + 1..];
            } else {
                filled.push('{');
                rest = &rest[1..];
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn link(&self, callee: &str) -> Result<String, String> {
        self.links
            .iter()
            .find(|(name, _)| name.as_str() == callee.trim())
            .map(|(_, listen)| listen.to_string())
            .ok_or_else(|| format!("`{{link:{callee}}}`: the service has no link to {callee}"))
    }

    fn own(&self, name: &str) -> Result<String, String> {
        let value = self.env.get(name).cloned();
        value.ok_or_else(|| format!("`{{env:{name}}}`: the service's environment has no {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, &str>) {
        let links = [(Name::new("b").unwrap(), "127.0.0.1:9".parse().unwrap())].into();
        let values = Values {
            lab: "/bin/lab",
            port: 80,
            data: "/d",
            links: &links,
            credentials: &|file| Ok(format!("/tls/{file}")),
            env: &[("MODE".to_owned(), "fast".to_owned())].into(),
        };
        let filled = values.fill(text);
        assert_eq!(filled.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn placeholders() {
        check("{lab} --port={port}", Ok("/bin/lab --port=80"));
        check("http://{link:b}/x", Ok("http://127.0.0.1:9/x"));
        check("{authority},{key}", Ok("/tls/authority,/tls/key"));
        check(
            "{\"json\": {\"a\": 1}} {data}",
            Ok("{\"json\": {\"a\": 1}} /d"),
        );
        check("{ {{port}} {", Ok("{ {80} {"));
        check("mode={env:MODE}", Ok("mode=fast"));
        check(
            "{env:OTHER}",
            Err("`{env:OTHER}`: the service's environment has no OTHER"),
        );
        check("{link:c}", Err("`{link:c}`: the service has no link to c"));
    }
}
