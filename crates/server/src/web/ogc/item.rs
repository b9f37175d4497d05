//! `…/collections/{id}/items/{key}`: one feature.

use axum::{body::Body, response::Response};
use longhaul_repository::{Dataset, DatasetError};
use longhaul_tasks_web::ApiError;
use serde_json::json;

use super::{
    Snapshot,
    document::{GEOJSON, JSON, link, segment},
    feature_json::FeatureWriter,
    items::{geojson, reference},
    parameters::Parameters,
};
use crate::web::error_response::{self, ErrorResponse};

pub(super) async fn item(snapshot: Snapshot, parameters: Parameters) -> Result<Response, ErrorResponse> {
    parameters.allow(&["crs"])?;
    let crs = reference(&parameters, "crs")?;
    let collection = snapshot.collection().await?;
    let output = collection.crs.output(crs)?;
    let content_crs = output.uri.clone();
    let key = snapshot.segment(3).to_owned();
    let address = format!("{}/collections/{}", snapshot.base, segment(&collection.id));
    let links = json!([
        link("self", GEOJSON, "This feature", format!("{address}/items/{}", segment(&key))),
        link("collection", JSON, "The layer", address),
    ])
    .to_string();
    let writer = FeatureWriter::new(&collection.layer, output);
    let found = snapshot.run(move || write(&collection.dataset, &key, &writer, &links)).await?;
    let document = found.map_err(error_response::internal)?;
    let document = document.ok_or_else(|| ApiError::not_found("There is no such feature."))?;
    Ok(geojson(Body::from(document), content_crs.as_deref()))
}

fn write(
    dataset: &Dataset,
    key: &str,
    writer: &FeatureWriter,
    links: &str,
) -> Result<Option<Vec<u8>>, DatasetError> {
    let Some(entry) = dataset.find(key)? else { return Ok(None) };
    let reader = dataset.reader();
    let mut batch = reader.batch()?;
    reader.read(&entry, &mut batch)?;
    let mut document = Vec::new();
    batch.rows().for_each(|row| writer.write(&entry.key, row, Some(links), &mut document));
    Ok(Some(document))
}
