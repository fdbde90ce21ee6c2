//! The report for a browser: whole, self-contained, small, the same bytes each time.

use lab_model::{Journal, Span};
use serde_json::Value;

use crate::sample::{Course, seconds};
use crate::{plain, render};

fn page(journal: &Journal) -> String {
    let [page, again] = render(journal, "html", [plain(80), plain(200)]);
    assert_eq!(page, again, "a style changes nothing");
    page
}

/// The texts of a page without its tags, style and script.
fn texts(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let body = body.split("<script>").next().unwrap();
    let mut text = String::new();
    for part in body.split('<') {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
        text.push('\n');
    }
    text
}

#[test]
fn the_verdict_and_one_sentence_come_first() {
    let check = |course: Course, word: &str, sentence: &str| {
        let page = page(&course.journal());
        let (head, _) = page.split_once("<nav").unwrap();
        let texts = texts(&format!("{head}<nav>"));
        assert!(texts.contains(word), "{word} in {texts}");
        assert!(texts.contains(sentence), "{sentence} in {texts}");
    };
    check(
        Course::failing(),
        "FAIL",
        "checkout availability ≥ 99 % (fault) did not hold, with latency 2 s on orders → payments.",
    );
    check(
        Course::passing(),
        "PASS",
        "held, with latency 2 s on orders → payments.",
    );
    check(Course::bypassed(), "INCONCLUSIVE", "The run cannot say:");
    check(
        Course::unhealthy(),
        "INCONCLUSIVE",
        "not healthy before the fault",
    );
    check(
        Course::broken_environment(),
        "ERROR",
        "service orders: it ended before it was ready",
    );
    check(Course::interrupted(), "INCONCLUSIVE", "interrupted");
}

#[test]
fn nothing_is_fetched_and_every_tag_is_closed() {
    for course in [
        Course::failing(),
        Course::passing(),
        Course::broken_environment(),
    ] {
        let page = page(&course.journal());
        for outside in [
            "http://", "https://", "src=", "@import", "url(\"", "<iframe",
        ] {
            assert!(!page.contains(outside), "{outside}");
        }
        check_closed(&page);
    }
}

/// Tags nest, and ids are unique.
fn check_closed(page: &str) {
    const VOID: [&str; 5] = ["meta", "link", "br", "input", "!DOCTYPE"];
    let mut open: Vec<&str> = Vec::new();
    let mut ids: Vec<&str> = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, behind) = after.split_once('>').unwrap();
        rest = behind;
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed));
        } else if !VOID.contains(&name) && !tag.ends_with('/') {
            open.push(name);
        }
        if let Some((_, id)) = tag.split_once(" id=\"") {
            ids.push(id.split('"').next().unwrap());
        }
        if matches!(name, "style" | "script") && !tag.starts_with('/') {
            let end = format!("</{name}>");
            rest = &rest[rest.find(&end).unwrap()..];
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn texts_of_a_scenario_are_no_markup() {
    let mut course = Course::failing();
    course.plan.hypothesis = "<script>alert(1)</script> & \u{202e}so".to_owned();
    let page = page(&course.journal());
    assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; so"));
}

#[test]
fn what_is_drawn_stands_in_the_json_too() {
    let journal = Course::failing().journal();
    let page = page(&journal);
    let [json] = render(&journal, "json", [plain(80)]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let timelines = json["timeline"].as_array().unwrap();
    assert_eq!(timelines.len(), 2);
    for timeline in timelines {
        let journey = timeline["journey"].as_str().unwrap();
        let caption = format!("Values of {journey} over time</caption>");
        let table = page
            .split_once(&caption)
            .unwrap()
            .1
            .split("</table>")
            .next()
            .unwrap();
        let rows: Vec<&str> = table.split("<tr data-from").skip(1).collect();
        let bins = timeline["bins"].as_array().unwrap();
        assert_eq!(rows.len(), bins.len());
        for (row, bin) in rows.iter().zip(bins) {
            let cells: Vec<&str> = row.split("<td").skip(1).collect();
            let cell = |index: usize| {
                cells[index]
                    .split_once('>')
                    .unwrap()
                    .1
                    .split('<')
                    .next()
                    .unwrap()
            };
            assert_eq!(cell(1).replace(' ', ""), bin["due"].to_string());
            assert_eq!(cell(2).replace(' ', ""), bin["bad"].to_string());
            let p99 = bin["p99_ms"].as_f64().unwrap();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "milliseconds"
            )]
            let p99 = Span::from_micros((p99 * 1_000.0).round() as u64);
            assert_eq!(cell(6), lab_report::format::span(p99));
        }
    }
}

#[test]
fn ten_minutes_stay_below_a_megabyte() {
    let mut course = Course::failing();
    let lengths = [30, 120, 300, 150];
    let mut start = 0;
    for (phase, length) in course.plan.phases.iter_mut().zip(lengths) {
        (phase.start, phase.length) = (seconds(start), seconds(length));
        start += length;
    }
    course.plan.faults[0].windows[0].from = seconds(150);
    course.plan.faults[0].windows[0].to = seconds(450);
    let page = page(&course.journal());
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
}
