//! Data that journeys are fed with: files to rows.

use lab_model::Name;
use lab_model::traffic::{Feeder, Pick, Rows};
use serde_json::{Map, Value};

use lab_diagnostic::{Finding, Place};

use crate::code::Code;
use crate::spec::{FeederSpec, FileSpec};
use crate::tree::{At, Entries, Report};

const MOST_FEEDERS: usize = 100;
const MOST_COLUMNS: usize = 200;
/// Plan and journal hold the rows, so that a run can be repeated from them alone.
const MOST_BYTES: usize = 1 << 20;

/// Resolves the data; what could not be read is left out and reported.
pub(super) fn resolve(specs: &Entries<Name, FeederSpec>, report: &Report) -> Vec<Feeder> {
    let feeder = |(name, key, spec): (&Name, Place, &At<FeederSpec>)| {
        let (spec, within) = spec.need(name.as_str(), key, report)?;
        if name.as_str().contains('.') {
            let message = format!("`{name}` has a dot, which parts a name from its field");
            report.add(Finding::new(Code::BadData, key, message));
            return None;
        }
        let rows = match spec {
            FeederSpec::Csv(spec) => table(spec, within, csv, report)?,
            FeederSpec::JsonLines(spec) => table(spec, within, json_lines, report)?,
            FeederSpec::Generated(fields) => {
                let (fields, place) = fields.need("generated", within, report)?;
                let fields = fields.iter().filter_map(|(name, _, value)| {
                    Some((name.to_string(), value.value()?.clone()))
                });
                let fields: std::collections::BTreeMap<_, _> = fields.collect();
                if fields.is_empty() {
                    report.add(Finding::new(Code::BadData, place, "no field at all"));
                    return None;
                }
                Rows::Generated(fields)
            }
        };
        Some(Feeder {
            name: name.clone(),
            rows,
        })
    };
    specs.iter().take(MOST_FEEDERS).filter_map(feeder).collect()
}

type Table = (Vec<String>, Vec<Vec<Value>>);

fn table(
    spec: &At<FileSpec>,
    within: Place,
    read: fn(&str) -> Result<Table, String>,
    report: &Report,
) -> Option<Rows> {
    let (spec, within) = spec.need("file", within, report)?;
    let (path, place) = spec.file.need("file", within, report)?;
    let text = report.text_of(path, place)?;
    let refuse = |message: String| {
        report.add(Finding::new(Code::BadData, place, message));
        None
    };
    if text.len() > MOST_BYTES {
        return refuse(format!("{path} has more than {MOST_BYTES} bytes"));
    }
    let (columns, rows) = match read(&text) {
        Ok(table) => table,
        Err(reason) => return refuse(format!("{path}: {reason}")),
    };
    if let Some(column) = columns.iter().find(|column| Name::new(column).is_err()) {
        return refuse(format!(
            "{path}: `{column}` cannot stand in a placeholder; lowercase letters, digits, `-` and `_`"
        ));
    }
    if rows.is_empty() {
        return refuse(format!("{path} has no row"));
    }
    let pick = spec.pick.as_ref().and_then(At::value);
    Some(Rows::Table {
        columns,
        rows,
        pick: pick.copied().unwrap_or(Pick::InOrder),
    })
}

/// Comma-separated values (RFC 4180); the first line names the fields.
fn csv(text: &str) -> Result<Table, String> {
    let mut records = Vec::new();
    let (mut record, mut field) = (Vec::new(), String::new());
    let (mut quoted, mut line) = (false, 1);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        line += usize::from(c == '\n');
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if field.is_empty() => quoted = true,
            c if quoted => field.push(c),
            ',' => record.push(std::mem::take(&mut field)),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                record.push(std::mem::take(&mut field));
                records.push((line - 1, std::mem::take(&mut record)));
            }
            c => field.push(c),
        }
    }
    if quoted {
        return Err("a quotation mark is never closed".to_owned());
    }
    if !field.is_empty() || !record.is_empty() {
        record.push(field);
        records.push((line, record));
    }
    // An empty line is one empty field.
    records.retain(|(_, record)| record.as_slice() != [String::new()]);
    let mut records = records.into_iter();
    let (_, columns) = records.next().ok_or("the file is empty")?;
    let columns: Vec<String> = columns
        .iter()
        .map(|column| column.trim().to_owned())
        .collect();
    if columns.len() > MOST_COLUMNS {
        return Err(format!("more than {MOST_COLUMNS} fields"));
    }
    let row = |(line, record): (usize, Vec<String>)| {
        if record.len() == columns.len() {
            Ok(record.into_iter().map(Value::from).collect())
        } else {
            let (has, wants) = (record.len(), columns.len());
            Err(format!(
                "line {line} has {has} fields, the first has {wants}"
            ))
        }
    };
    let rows = records.map(row).collect::<Result<_, _>>()?;
    Ok((columns, rows))
}

/// A JSON object a line; the first one names the fields, and each has them all.
fn json_lines(text: &str) -> Result<Table, String> {
    let mut columns: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    let lines = text.lines().enumerate();
    for (index, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let object: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        if columns.is_empty() {
            columns = object.keys().take(MOST_COLUMNS).cloned().collect();
        }
        let row = columns.iter().map(|column| {
            let value = object.get(column).cloned();
            value.ok_or_else(|| format!("line {} has no `{column}`", index + 1))
        });
        rows.push(row.collect::<Result<_, _>>()?);
    }
    Ok((columns, rows))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn comma_separated_values() {
        let (columns, rows) =
            csv("sku,about\r\na-1,\"one, \"\"two\"\"\nthree\"\n\nb-2,\n").unwrap();
        assert_eq!(columns, ["sku", "about"]);
        assert_eq!(rows[0], [json!("a-1"), json!("one, \"two\"\nthree")]);
        assert_eq!(rows[1], [json!("b-2"), json!("")]);
        assert_eq!(
            csv("a,b\n1\n").unwrap_err(),
            "line 2 has 1 fields, the first has 2"
        );
        assert!(csv("a\n\"x").is_err());
        assert!(csv("").is_err());
    }

    #[test]
    fn json_objects() {
        let (columns, rows) =
            json_lines("{\"a\":1,\"b\":{\"c\":2}}\n\n{\"b\":3,\"a\":4,\"x\":5}\n").unwrap();
        assert_eq!(columns, ["a", "b"]);
        assert_eq!(rows, [[json!(1), json!({ "c": 2 })], [json!(4), json!(3)]]);
        assert!(json_lines("[1]").unwrap_err().starts_with("line 1"));
        assert_eq!(
            json_lines("{\"a\":1}\n{}").unwrap_err(),
            "line 2 has no `a`"
        );
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(fields in prop::collection::vec("[a-z,\"\n ]{1,8}", 1..5)) {
            let quoted: Vec<String> =
                fields.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            let head = vec!["x"; fields.len()].join(",");
            let (_, rows) = csv(&format!("{head}\n{}\n", quoted.join(","))).unwrap();
            prop_assert_eq!(&rows[0], &fields.into_iter().map(Value::from).collect::<Vec<_>>());
        }

        #[test]
        fn no_text_panics(text in "(?s).{0,100}") {
            let _ = (csv(&text), json_lines(&text));
        }
    }
}
