//! Feeders: the row of data that an arrival gets.

use lab_model::traffic::{Feeder, Pick, Rows};
use serde_json::Value;

use crate::keys::ArrivalKeys;
use crate::template::{JsonTemplate, Missing, Scope, TemplateError};

/// Feeders, ready.
#[derive(Debug, Default)]
pub(crate) struct Data(Vec<FeederScript>);

#[derive(Debug)]
struct FeederScript {
    name: String,
    rows: RowsScript,
}

#[derive(Debug)]
enum RowsScript {
    Table {
        columns: Vec<String>,
        rows: Vec<Vec<Value>>,
        pick: Pick,
    },
    Generated(Vec<(String, Field)>),
}

#[derive(Debug)]
enum Field {
    Template(JsonTemplate),
    OneOf(Vec<Value>),
}

/// Random values of feeders are drawn as if by steps far behind those of any journey.
const FIRST_PLACE: usize = 1 << 20;
/// The most fields of a feeder.
const FIELDS: usize = 1 << 10;

impl Data {
    /// Reads feeders.
    pub(crate) fn of(feeders: &[Feeder]) -> Result<Self, TemplateError> {
        let field = |(name, value): (&String, &Value)| {
            let field = match value {
                Value::Array(items) if !items.is_empty() => Field::OneOf(items.clone()),
                other => Field::Template(JsonTemplate::parse(other)?),
            };
            Ok((name.clone(), field))
        };
        let feeder = |feeder: &Feeder| {
            let rows = match &feeder.rows {
                Rows::Table {
                    columns,
                    rows,
                    pick,
                } => RowsScript::Table {
                    columns: columns.clone(),
                    rows: rows.clone(),
                    pick: *pick,
                },
                Rows::Generated(fields) => {
                    RowsScript::Generated(fields.iter().map(field).collect::<Result<_, _>>()?)
                }
            };
            Ok(FeederScript {
                name: feeder.name.to_string(),
                rows,
            })
        };
        feeders
            .iter()
            .map(feeder)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The names that placeholders may use: `feeder.field`.
    pub(crate) fn names(&self) -> Vec<String> {
        let names = self.0.iter().flat_map(|feeder| {
            let fields: Vec<&String> = match &feeder.rows {
                RowsScript::Table { columns, .. } => columns.iter().collect(),
                RowsScript::Generated(fields) => fields.iter().map(|(name, _)| name).collect(),
            };
            fields
                .into_iter()
                .map(|field| format!("{}.{field}", feeder.name))
        });
        names.collect()
    }

    /// The value of `feeder.field` for an arrival; the same however often it is asked for.
    pub(crate) fn value(&self, name: &str, keys: ArrivalKeys) -> Result<Value, Missing> {
        let missing = || Missing(name.to_owned());
        let fits = |feeder: &FeederScript| {
            name.strip_prefix(feeder.name.as_str())
                .is_some_and(|rest| rest.starts_with('.'))
        };
        let index = self.0.iter().position(fits).ok_or_else(missing)?;
        let feeder = &self.0[index];
        let field = &name[feeder.name.len() + 1..];
        let place = FIRST_PLACE + index * FIELDS;
        match &feeder.rows {
            RowsScript::Table {
                columns,
                rows,
                pick,
            } => {
                let column = columns.iter().position(|column| column == field);
                let most = (rows.len() as u64).saturating_sub(1);
                let row = match pick {
                    Pick::InOrder => keys.index() % (most + 1),
                    Pick::Random => keys.whole(place, 0, 0, most),
                };
                let row = usize::try_from(row).ok().and_then(|row| rows.get(row));
                let value = row.zip(column).and_then(|(row, column)| row.get(column));
                value.cloned().ok_or_else(missing)
            }
            RowsScript::Generated(fields) => {
                let number = fields.iter().position(|(name, _)| name == field);
                let number = number.ok_or_else(missing)?;
                let place = place + 1 + number;
                match &fields[number].1 {
                    Field::Template(template) => {
                        let saved = std::collections::HashMap::new();
                        template.value(&mut Scope::new(&saved, &Self::default(), keys, place))
                    }
                    Field::OneOf(items) => {
                        let chosen = keys.whole(place, 0, 0, items.len() as u64 - 1);
                        let chosen = usize::try_from(chosen).unwrap_or(0);
                        items.get(chosen).cloned().ok_or_else(missing)
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::keys::Keys;

    fn data() -> Data {
        let feeders: Vec<Feeder> = serde_json::from_value(json!([
            { "name": "products", "rows": { "table": {
                "columns": ["sku", "price"], "rows": [["a", 1], ["b", 2], ["c", 3]],
                "pick": "in_order" } } },
            { "name": "people", "rows": { "table": {
                "columns": ["name"], "rows": [["Ada"], ["Grace"]], "pick": "random" } } },
            { "name": "cards", "rows": { "generated": {
                "number": "4{random:100..999}-{unique}", "holder": ["Ada", "Grace"], "n": "{random:1..9}" } } }
        ]))
        .unwrap();
        Data::of(&feeders).unwrap()
    }

    #[test]
    fn rows_in_order_begin_again() {
        let (data, keys) = (data(), Keys::new(7));
        let skus: Vec<Value> = (0..4)
            .map(|k| data.value("products.sku", keys.arrival(k)).unwrap())
            .collect();
        assert_eq!(skus, ["a", "b", "c", "a"]);
        assert_eq!(data.value("products.price", keys.arrival(5)), Ok(json!(3)));
        assert!(data.value("products.none", keys.arrival(0)).is_err());
        assert!(data.value("none.sku", keys.arrival(0)).is_err());
        assert_eq!(data.names().len(), 6);
    }

    #[test]
    fn generated_values_stay_with_their_arrival() {
        let (data, keys) = (data(), Keys::new(7));
        let number = |k| data.value("cards.number", keys.arrival(k)).unwrap();
        assert_eq!(number(3), number(3));
        let different: BTreeSet<String> = (0..50).map(|k| number(k).to_string()).collect();
        assert_eq!(different.len(), 50);
        let all = |name: &str| -> BTreeSet<String> {
            (0..99)
                .map(|k| data.value(name, keys.arrival(k)).unwrap().to_string())
                .collect()
        };
        assert_eq!(all("cards.holder").len(), 2);
        assert_eq!(all("people.name").len(), 2);
        assert_eq!(all("cards.n").len(), 9);
    }
}
