//! Prometheus' text format, as much of it as a reading needs: series of one metric, added up.

use lab_model::indicator::Metric;

/// The sum of a metric's series with the wanted labels, divided by that of another where asked.
pub(super) fn value(text: &str, metric: &Metric) -> Result<f64, String> {
    let sum = |name: &str| -> Result<f64, String> {
        let mut found = text.lines().filter_map(sample).filter(|sample| {
            let fits = |(label, wanted): (&String, &String)| {
                let mut labels = sample.labels.iter();
                labels.any(|(known, value)| known == label && value == wanted)
            };
            sample.name == name && metric.labels.iter().all(fits)
        });
        let first = found.next().map(|sample| sample.value);
        let first = first.ok_or_else(|| format!("{} has no series of {name}", metric.path))?;
        Ok(first + found.map(|sample| sample.value).sum::<f64>())
    };
    let mut value: f64 = sum(&metric.metric)?;
    if let Some(per) = &metric.per {
        let whole: f64 = sum(per)?;
        if whole == 0.0 {
            return Err(format!("{per} is 0, nothing can be divided by it"));
        }
        value /= whole;
    }
    if value.is_finite() {
        Ok(value)
    } else {
        Err(format!("{} is {value}", metric.metric))
    }
}

struct Sample<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
}

/// One line; `None` where it is a comment, empty or no sample.
fn sample(line: &str) -> Option<Sample<'_>> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return None;
    }
    let end = line.find(|c: char| c == '{' || c.is_whitespace())?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None => (Vec::new(), rest),
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Sample {
        name,
        labels,
        value,
    })
}

/// Labels up to their closing brace, and what follows it.
fn labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (label, quoted) = rest.split_once('=')?;
        let mut characters = quoted.trim_start().strip_prefix('"')?.chars();
        let mut value = String::new();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => value.push(match characters.next()? {
                    'n' => '\n',
                    other => other,
                }),
                other => value.push(other),
            }
        }
        labels.push((label.trim(), value));
        rest = characters.as_str();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "\
# HELP queue_length Requests that wait.
# TYPE queue_length gauge
queue_length{pool=\"web\",note=\"a \\\"b\\\", c=}\"} 3 1395066363000
queue_length{pool=\"jobs\"} 5
queue_limit{pool=\"web\"} 12
queue_limit{ pool = \"jobs\" , } 4e0
up 1
broken{pool=\"web\" 3
nothing NaN
";

    fn metric(name: &str, pool: Option<&str>, per: Option<&str>) -> Metric {
        let labels = pool.map(|pool| ("pool".to_owned(), pool.to_owned()));
        Metric {
            service: lab_model::Name::new("payments").unwrap(),
            path: "/metrics".to_owned(),
            metric: name.to_owned(),
            labels: labels.into_iter().collect(),
            per: per.map(str::to_owned),
        }
    }

    #[test]
    fn series_are_added_up_and_divided() {
        let of = |name, pool, per| value(TEXT, &metric(name, pool, per));
        assert_eq!(of("queue_length", None, None), Ok(8.0));
        assert_eq!(
            of("queue_length", Some("web"), Some("queue_limit")),
            Ok(0.25)
        );
        assert_eq!(of("up", None, None), Ok(1.0));
        for (name, pool, per) in [
            ("queue", None, None),
            ("up", Some("web"), None),
            ("broken", None, None),
            ("nothing", None, None),
            ("up", None, Some("missing")),
        ] {
            assert!(of(name, pool, per).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[a{}=\\\\\",1 \n#]{0,80}") {
            let _ = value(&text, &metric("a", None, None));
        }
    }
}
