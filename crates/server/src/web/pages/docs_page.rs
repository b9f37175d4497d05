//! `/docs`: the API, from its OpenAPI document.

use askama::Template;
use axum::response::Response;
use longhaul_tasks_web::ApiError;
use serde_json::Value;

use super::frame::{Frame, html};
use crate::web::openapi::DOCUMENT;

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    frame: Frame,
    intro: &'static str,
    sections: Vec<Section>,
}

/// The operations with one tag.
struct Section {
    name: &'static str,
    description: &'static str,
    operations: Vec<Operation>,
}

struct Operation {
    id: &'static str,
    method: String,
    path: &'static str,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Parameter>,
    responses: Vec<(&'static str, &'static str)>,
}

struct Parameter {
    name: &'static str,
    place: &'static str,
    kind: String,
    is_required: bool,
    description: &'static str,
}

pub(super) async fn show(frame: Frame) -> Result<Response, ApiError> {
    let document = &*DOCUMENT;
    let intro = text(&document["info"]["description"]);
    html(&DocsPage { frame, intro, sections: sections(document) })
}

fn sections(document: &'static Value) -> Vec<Section> {
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let section = |tag: &'static Value| Section {
        name: text(&tag["name"]),
        description: text(&tag["description"]),
        operations: operations(document, text(&tag["name"])),
    };
    tags.iter().map(section).collect()
}

fn operations(document: &'static Value, tag: &str) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        item.as_object().into_iter().flatten().map(move |(method, operation)| (path, method, operation))
    });
    let tagged = all.filter(|(_, _, operation)| operation["tags"][0] == tag);
    tagged.map(|(path, method, operation)| Operation::new(document, path, method, operation)).collect()
}

impl Operation {
    fn new(document: &'static Value, path: &'static str, method: &str, operation: &'static Value) -> Self {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let responses = operation["responses"].as_object().into_iter().flatten();
        Self {
            id: text(&operation["operationId"]),
            method: method.to_ascii_uppercase(),
            path,
            summary: text(&operation["summary"]),
            description: text(&operation["description"]),
            parameters: parameters.map(|parameter| Parameter::new(resolved(document, parameter))).collect(),
            responses: responses
                .map(|(status, response)| {
                    (status.as_str(), text(&resolved(document, response)["description"]))
                })
                .collect(),
        }
    }
}

impl Parameter {
    fn new(parameter: &'static Value) -> Self {
        let schema = &parameter["schema"];
        Self {
            name: text(&parameter["name"]),
            place: text(&parameter["in"]),
            kind: kind(schema),
            is_required: parameter["required"] == true,
            description: text(&parameter["description"]),
        }
    }
}

/// `integer from 1 to 10000`, `one of json, xml`.
fn kind(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values.iter().filter_map(Value::as_str).collect();
        return format!("one of {}", values.join(", "));
    }
    let name = match schema["type"].as_str() {
        Some("array") => "text, may be repeated",
        Some("boolean") => "true or false",
        Some("string") | None => "text",
        Some(other) => other,
    };
    match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(least), Some(most)) => format!("{name} from {least} to {most}"),
        (Some(least), None) if least > 0 => format!("{name} from {least}"),
        _ => name.to_owned(),
    }
}

/// What a reference within the document refers to.
fn resolved(document: &'static Value, value: &'static Value) -> &'static Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn text(value: &'static Value) -> &'static str {
    value.as_str().unwrap_or_default()
}
