//! `…/api`: the definition in OpenAPI 3.0.

use axum::response::Response;
use serde_json::{Value, json};

use super::{
    Snapshot,
    document::{GEOJSON, JSON, OPENAPI, SCHEMA, json_response},
    items::{DEFAULT_LIMIT, MAX_LIMIT},
    parameters::Parameters,
};
use crate::web::error_response::ErrorResponse;

pub(super) async fn api(snapshot: Snapshot, parameters: Parameters) -> Result<Response, ErrorResponse> {
    parameters.allow(&[])?;
    Ok(json_response(OPENAPI, &definition(&snapshot)))
}

fn definition(snapshot: &Snapshot) -> Value {
    let title = format!("The layers of {}", snapshot.repository.name());
    let reference = |name: &str| json!({"$ref": format!("#/components/parameters/{name}")});
    let (id, key, crs) = (reference("collectionId"), reference("featureId"), reference("crs"));
    let page = ["collectionId", "limit", "bbox", "bbox-crs", "crs", "datetime", "next"].map(reference);
    json!({
        "openapi": "3.0.3",
        "info": {"title": title, "version": env!("CARGO_PKG_VERSION")},
        "servers": [{"url": snapshot.base}],
        "paths": {
            "/": {"get": get("getLandingPage", "Where clients begin", JSON, &[])},
            "/conformance": {"get": get("getConformance", "The implemented parts of the standard", JSON, &[])},
            "/collections": {"get": get("getCollections", "All layers", JSON, &[])},
            "/collections/{collectionId}": {"get": get("getCollection", "One layer", JSON, std::slice::from_ref(&id))},
            "/collections/{collectionId}/schema":
                {"get": get("getSchema", "The columns of a layer", SCHEMA, std::slice::from_ref(&id))},
            "/collections/{collectionId}/items": {"get": get("getFeatures", "Features of a layer", GEOJSON, &page)},
            "/collections/{collectionId}/items/{featureId}":
                {"get": get("getFeature", "One feature", GEOJSON, &[id, key, crs])},
        },
        "components": {"parameters": parameters(), "schemas": {"exception": {
            "type": "object",
            "required": ["code"],
            "properties": {"code": {"type": "string"}, "description": {"type": "string"}},
        }}},
    })
}

fn get(operation: &str, summary: &str, media_type: &str, parameters: &[Value]) -> Value {
    let exception = json!({
        "description": "An error",
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/exception"}}},
    });
    json!({
        "operationId": operation,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": summary, "content": {media_type: {"schema": {"type": "object"}}}},
            "400": exception,
            "404": exception,
            "500": exception,
        },
    })
}

fn parameters() -> Value {
    let in_path =
        |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
    let in_query = |name: &str, description: &str, schema: Value| {
        json!({
            "name": name, "in": "query", "required": false, "description": description,
            "schema": schema, "style": "form", "explode": false,
        })
    };
    let number = json!({"type": "number"});
    let bbox = json!({"type": "array", "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}], "items": number});
    let limit = json!({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT});
    json!({
        "collectionId": in_path("collectionId"),
        "featureId": in_path("featureId"),
        "limit": in_query("limit", "The most features on a page", limit),
        "bbox": in_query("bbox", "Only features whose box has a point in common with this one", bbox),
        "bbox-crs": in_query("bbox-crs", "The coordinate reference system of bbox", json!({"type": "string", "format": "uri"})),
        "crs": in_query("crs", "The coordinate reference system of the response", json!({"type": "string", "format": "uri"})),
        "datetime": in_query("datetime", "Layers have no time of their own, so every feature matches", json!({"type": "string"})),
        "next": in_query("next", "From the link to the next page", json!({"type": "string"})),
    })
}
