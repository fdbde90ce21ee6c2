//! What passes a link that is followed, a line each.

use lab_model::Span;
use lab_model::tap::{Exchange, Outcome, Passed, Tapped};

use crate::format;
use crate::line::Line;
use crate::style::{Style, Tone};

/// The room of a path; longer ones push what follows aside.
const PATH: usize = 24;

/// The names of the columns.
pub fn head(style: &Style) -> String {
    let text = format!(
        "{:12}  {:<6} {:PATH$} {:>6} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "time (UTC)",
        "method",
        "path",
        "status",
        "attempt",
        "connect",
        "first",
        "last",
        "sent",
        "received",
    );
    Line::of(Tone::Quiet, text).painted(style)
}

/// One line, without its end.
pub fn line(tapped: &Tapped, style: &Style) -> String {
    let time = Line::of(Tone::Quiet, format!("{}  ", clock(tapped.at_us)));
    let rest = match &tapped.what {
        Passed::Request(exchange) => request(exchange),
        Passed::Connection {
            connection,
            by,
            reset,
            bytes_up,
            bytes_down,
        } => {
            let how = if *reset { "reset by" } else { "ended by" };
            let (up, down) = (format::bytes(*bytes_up), format::bytes(*bytes_down));
            let text = format!("connection {connection}, not HTTP/1.1: {up} sent, {down} received");
            let tone = if *reset { Tone::Bad } else { Tone::Plain };
            Line::plain(text + ", ").then(tone, format!("{how} {by}"))
        }
        Passed::Refused => Line::of(Tone::Bad, "refused: the caller reached nobody"),
        Passed::Missed { events } => {
            let text = format!(
                "{} left out: they came too fast",
                format::counted(*events, "event")
            );
            Line::of(Tone::Doubt, text)
        }
    };
    time.join(rest).clean(style).painted(style)
}

fn request(exchange: &Exchange) -> Line {
    let time = |us: Option<u64>| {
        us.map_or_else(|| "-".to_owned(), |us| format::span(Span::from_micros(us)))
    };
    let status = exchange
        .status
        .map_or_else(|| "-".to_owned(), |status| status.to_string());
    let bad = exchange.status.is_none_or(|status| status >= 500);
    let attempt = exchange
        .attempt
        .map_or_else(|| "-".to_owned(), |attempt| attempt.to_string());
    let retried = exchange.attempt.is_some_and(|attempt| attempt > 1);
    let tone = |is: bool, tone: Tone| if is { tone } else { Tone::Plain };
    let line = Line::plain(format!("{:<6} {:PATH$} ", exchange.method, exchange.path))
        .then(tone(bad, Tone::Bad), format!("{status:>6} "))
        .then(tone(retried, Tone::Doubt), format!("{attempt:>7} "))
        .then(
            Tone::Plain,
            format!(
                "{:>8} {:>8} {:>8} {:>8} {:>8}",
                time(exchange.connect_us),
                time(exchange.first_byte_us),
                time(Some(exchange.took_us)),
                format::bytes(exchange.bytes_up),
                format::bytes(exchange.bytes_down),
            ),
        );
    match exchange.outcome {
        Outcome::Completed => line,
        Outcome::Abandoned => line.then(Tone::Bad, "  the caller gave up"),
        Outcome::Failed => line.then(Tone::Bad, "  the callee broke it off"),
        Outcome::Cut => line.then(Tone::Bad, "  cut by a fault"),
    }
}

/// The time of day of an instant, to the millisecond.
fn clock(at_us: u64) -> String {
    let ms = at_us / 1_000 % 86_400_000;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    format!("{hour:02}:{minute:02}:{second:02}.{:03}", ms % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: Outcome, status: Option<u16>, attempt: Option<u64>) -> Tapped {
        Tapped {
            at_us: 1_795_374_000_123_456,
            what: Passed::Request(Box::new(Exchange {
                connection: 3,
                request: 0,
                method: "POST".to_owned(),
                path: "/payments".to_owned(),
                attempt,
                outcome,
                status,
                connect_us: Some(210),
                callee_first_byte_us: Some(2_000),
                first_byte_us: status.map(|_| 2_004_000),
                took_us: 2_004_900,
                bytes_up: 310,
                bytes_down: 1_205,
            })),
        }
    }

    #[test]
    fn a_request_is_one_line_under_its_columns() {
        let (head, style) = (head(&Style::PLAIN), Style::PLAIN);
        let good = line(&told(Outcome::Completed, Some(201), Some(1)), &style);
        assert_eq!(
            good,
            "19:00:00.123  POST   /payments                   201       1   0.2 ms   2.00 s   \
             2.00 s    310 B  1.21 KB"
        );
        assert_eq!(
            head.find("status").unwrap() + 6,
            good.find("201").unwrap() + 3
        );
        let gone = line(&told(Outcome::Abandoned, None, None), &style);
        assert!(gone.ends_with("1.21 KB  the caller gave up"), "{gone}");
        assert!(gone.contains("  -"), "{gone}");
    }

    #[test]
    fn what_is_no_request_says_so() {
        let of = |what| line(&Tapped { at_us: 0, what }, &Style::PLAIN);
        assert_eq!(
            of(Passed::Refused),
            "00:00:00.000  refused: the caller reached nobody"
        );
        assert!(
            of(Passed::Missed { events: 2 }).ends_with("2 events left out: they came too fast")
        );
        let ended = Passed::Connection {
            connection: 4,
            by: "fault".to_owned(),
            reset: true,
            bytes_up: 20,
            bytes_down: 0,
        };
        assert!(of(ended).ends_with("20 B sent, 0 B received, reset by fault"));
    }
}
