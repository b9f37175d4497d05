//! `…/collections` and `…/collections/{id}`.

use std::time::Duration;

use axum::{extract::State, response::Response};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::{
    Snapshot, collection,
    document::{JSON, json_response, link},
    parameters::Parameters,
};
use crate::web::{LayerIndexes, error_response::ErrorResponse};

/// How long a list waits for indexes that are being made. The extents of the layers that are left are not in it.
const EXTENT_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn list(
    snapshot: Snapshot,
    parameters: Parameters,
    State(indexes): State<LayerIndexes>,
) -> Result<Response, ErrorResponse> {
    parameters.allow(&[])?;
    let deadline = Instant::now() + EXTENT_TIMEOUT;
    let mut found = Vec::new();
    for collection in snapshot.collections().await? {
        let index = timeout_at(deadline, indexes.get(&collection.dataset)).await;
        let extent = index.ok().transpose()?.and_then(|index| index.extent());
        found.push((collection, extent));
    }
    let base = snapshot.base.clone();
    let document = move |(found, extent): &(_, _)| collection::document(&base, found, *extent);
    let documents: Vec<_> = snapshot.run(move || found.iter().map(document).collect()).await?;
    let links = [link("self", JSON, "This document", format!("{}/collections", snapshot.base))];
    Ok(json_response(JSON, &json!({"links": links, "collections": documents})))
}

pub(super) async fn show(
    snapshot: Snapshot,
    parameters: Parameters,
    State(indexes): State<LayerIndexes>,
) -> Result<Response, ErrorResponse> {
    parameters.allow(&[])?;
    let found = snapshot.collection().await?;
    let index = indexes.get(&found.dataset).await?;
    let base = snapshot.base.clone();
    let document = snapshot.run(move || collection::document(&base, &found, index.extent())).await?;
    Ok(json_response(JSON, &document))
}
