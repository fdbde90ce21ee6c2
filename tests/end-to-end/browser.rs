//! The HTML report in a browser: no error, no request, no overflow, readable values.
//!
//! Speaks the `WebDriver` protocol to Debian's chromedriver; skipped where that is not installed.
//! Screenshots are kept in the target folder.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};

use crate::lab::{Lab, Outcome, ensure, eventually, trial};
use crate::verdicts::scenario;

pub(crate) fn trials() -> Vec<Trial> {
    let there = Command::new("chromedriver")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    vec![trial("browser::the_report_is_whole_and_readable", report).with_ignored_flag(!there)]
}

/// A browser session.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    fn start() -> Result<Self, Failed> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
        };
        let ready = eventually(Duration::from_secs(20), || {
            browser.ask("GET", "/status", &json!({})).is_ok()
        });
        ensure!(ready, "chromedriver does not answer");
        let options = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"] },
        } } });
        let made = browser.ask("POST", "/session", &options)?;
        made["sessionId"]
            .as_str()
            .ok_or("no session")?
            .clone_into(&mut browser.session);
        Ok(browser)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failed> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let body = if method == "GET" {
            String::new()
        } else {
            body.to_string()
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        // The driver keeps the connection open: what it says of the length counts.
        let mut stream = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            ensure!(stream.read_line(&mut line)? > 0, "{path}: no answer");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            if line.trim().is_empty() {
                break;
            }
            head.push_str(&line);
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let answer: Value = serde_json::from_slice(&body)?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{path}: {answer:#}");
        Ok(answer["value"].clone())
    }

    fn post(&self, path: &str, body: &Value) -> Result<Value, Failed> {
        self.ask("POST", &format!("/session/{}{path}", self.session), body)
    }

    fn tools(&self, command: &str, parameters: &Value) -> Result<Value, Failed> {
        self.post(
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    fn script(&self, script: &str) -> Result<Value, Failed> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.ask("DELETE", &format!("/session/{}", self.session), &json!({}));
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Base 64 (RFC 4648 § 4) as bytes.
pub(crate) fn decoded(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for value in text.chars().filter_map(|c| ALPHABET.find(c)) {
        bits = (bits << 6) | u32::try_from(value).unwrap_or(0);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).unwrap_or(0));
        }
    }
    bytes
}

/// What no page may have: elements beyond the window's edge, but in what scrolls by itself.
const OVERFLOW: &str = "return [document.documentElement.scrollWidth - innerWidth, \
    [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroll') \
    && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 90))]";

/// Moves the first slider to a bin by key and compares what is read out with the table.
const READ_OUT: &str = "const figure = document.querySelector('.timeline'); \
    const range = figure.querySelector('input'); range.value = 3; \
    range.dispatchEvent(new Event('input')); \
    const cells = [...figure.querySelectorAll('.values tbody tr')[3].cells].map(c => c.textContent); \
    const said = range.getAttribute('aria-valuetext'); \
    return [said, cells.every(cell => said.includes(cell)), figure.querySelector('.cursor.shown') !== null]";

fn report() -> Outcome {
    let lab = Lab::new()?;
    lab.call(&["run", &scenario("short.yaml")])?.expect(1)?;
    let html = lab
        .call(&["report", "last", "--format", "html"])?
        .expect(1)?;
    lab.file("report.html", &html.out)?;
    let address = format!("file://{}/report.html", lab.home().display());
    let browser = Browser::start()?;
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
    fs::create_dir_all(&pictures)?;
    for (width, scheme) in [
        (360, "light"),
        (360, "dark"),
        (1_440, "light"),
        (1_440, "dark"),
    ] {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        browser.tools("Emulation.setDeviceMetricsOverride", &size)?;
        let scheme_is =
            json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        browser.tools("Emulation.setEmulatedMedia", &scheme_is)?;
        browser.post("/url", &json!({ "url": address }))?;
        let over = browser.script(OVERFLOW)?;
        ensure!(over == json!([0, []]), "at {width} px, {scheme}: {over:#}");
        let fetched = browser.script(
            "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith('data:'))",
        )?;
        ensure!(fetched == json!([]), "fetched {fetched:#}");
        let read = browser.script(READ_OUT)?;
        ensure!(
            read[1] == json!(true) && read[2] == json!(true),
            "read out {read:#}"
        );
        let shot = browser.tools(
            "Page.captureScreenshot",
            &json!({ "captureBeyondViewport": true }),
        )?;
        let picture = pictures.join(format!("report-{width}-{scheme}.png"));
        fs::write(picture, decoded(shot["data"].as_str().unwrap_or_default()))?;
    }
    let heading = browser.script("return document.querySelector('.verdict').textContent")?;
    ensure!(heading == json!("FAIL"), "{heading}");
    let log = browser.post("/se/log", &json!({ "type": "browser" }))?;
    ensure!(log == json!([]), "the console says {log:#}");
    Ok(())
}
