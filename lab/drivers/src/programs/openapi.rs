//! The table of operations as a description in `OpenAPI` 3.1.

use serde_json::{Map, Value, json};

use super::operations::{Operation, Row, TABLE};

/// The description.
pub fn describe() -> Value {
    let mut paths = Map::new();
    for row in &TABLE {
        let described = json!({ row.method: operation(row) });
        paths.insert(row.path.to_owned(), described);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Failure Lab: a program in the seat",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A rehearsal of `lab rehearse SCENARIO --api`: the system runs, something may break, and who handles it is judged by the system's state.",
        },
        "paths": paths,
        "components": { "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } } },
    })
}

fn operation(row: &Row) -> Value {
    let content = |schema: Value| json!({ "application/json": { "schema": schema } });
    let gives = row
        .gives
        .map_or_else(|| json!({ "type": "object" }), |gives| json!(gives()));
    let refused = json!({
        "description": "Refused: what is wrong, and what to try.",
        "content": content(json!({
            "type": "object",
            "properties": { "error": {
                "type": "object",
                "properties": { "message": { "type": "string" }, "help": { "type": "string" } },
            } },
        })),
    });
    let mut described = json!({
        "operationId": format!("{:?}", row.operation),
        "summary": row.about,
        "responses": {
            "200": { "description": "Done.", "content": content(gives) },
            "4XX": refused,
        },
    });
    if let Some(takes) = row.takes {
        described["requestBody"] = json!({ "required": true, "content": content(json!(takes())) });
    }
    if row.operation != Operation::Description {
        described["security"] = json!([{ "token": [] }]);
    }
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_described_once() {
        let described = describe();
        let paths = described["paths"].as_object().unwrap();
        assert_eq!(paths.len(), TABLE.len());
        let declare = &paths["/declare"]["post"];
        let body = &declare["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(body["required"], json!(["component", "symptom"]));
        assert_eq!(declare["security"], json!([{ "token": [] }]));
        assert!(paths["/openapi.json"]["get"]["security"].is_null());
    }
}
