//! `…/conformance`.

use axum::response::Response;
use serde_json::json;

use super::{
    Snapshot,
    document::{JSON, json_response},
    parameters::Parameters,
};
use crate::web::error_response::ErrorResponse;

const CLASSES: &[&str] = &[
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/core-roles-features",
];

pub(super) async fn conformance(_: Snapshot, parameters: Parameters) -> Result<Response, ErrorResponse> {
    parameters.allow(&[])?;
    Ok(json_response(JSON, &json!({"conformsTo": CLASSES})))
}
