//! `…/collections/{id}/changes`: what a commit has changed in a layer, as GeoJSON: for maps, and as a layer to download.

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use longhaul_geodata::Value;
use longhaul_repository::{
    ChangeKind, ChangedLayer, DatasetError, FeatureChange, Interrupter, LayerDiff, LayerValues, ObjectId,
    Repository,
};
use longhaul_tasks_web::ApiError;
use serde_json::{Map, Value as Json};

use super::{Snapshot, coordinates::Output, items::geojson, parameters::Parameters, snapshot::Collection};
use crate::web::{
    ListWriters,
    diff::of_diff,
    error_response::{self, ErrorResponse},
    streamed_body::{self, BodyError, BodyWriter},
};

/// The features that the commit of the path has changed, compared to its first parent: each with its new values, or the last ones of
/// a deleted feature. `limit` is the most features.
pub(super) async fn changes(
    snapshot: Snapshot,
    parameters: Parameters,
    State(ListWriters(writers)): State<ListWriters>,
) -> Result<Response, ErrorResponse> {
    parameters.allow(&["limit"])?;
    let limit = limit(parameters.one("limit")?)?;
    let collection = snapshot.collection().await?;
    let commit = snapshot.commit.ok_or_else(|| ApiError::not_found("This repository has no commits yet."))?;
    let output = collection.crs.output(None)?;
    let crs = output.uri.clone();
    let repository = snapshot.repository.clone();
    let found = snapshot
        .run(move || changed_layer(&repository, commit, &collection).map(|layer| (layer, collection)));
    let (layer, collection) = found.await??;
    let repository = snapshot.repository.clone();
    let body = streamed_body::write(&writers, move |body| {
        body.buffer.extend_from_slice(b"{\"type\":\"FeatureCollection\",\"features\":[");
        if let Some(layer) = layer {
            let writer = ChangeWriter::new(&collection, output);
            writer.write_all(&repository.layer_diff(&layer)?, limit, body)?;
        }
        body.buffer.extend_from_slice(b"]}");
        Ok(())
    });
    let mut response = geojson(body.await?, crs.as_deref());
    if snapshot.is_permanent() {
        let caching = HeaderValue::from_static("private, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, caching);
    }
    Ok(response)
}

fn limit(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(usize::MAX) };
    let limit = text.parse().ok().filter(|limit| *limit > 0);
    limit.ok_or_else(|| ApiError::bad_request("limit must be a number from 1."))
}

/// The two versions of the layer; `None` if the commit has not changed it.
fn changed_layer(
    repository: &Repository,
    commit: ObjectId,
    collection: &Collection,
) -> Result<Option<ChangedLayer>, ApiError> {
    let parents = repository.commit(commit).map_err(error_response::of_read)?.parents;
    let parent = parents.first().copied().filter(|parent| repository.git().has_object(*parent));
    let diff = repository.diff(parent, Some(commit), &Interrupter::default()).map_err(of_diff)?;
    Ok(diff.layers.into_iter().find(|layer| layer.path == *collection.dataset.path()))
}

/// Writes changed features as GeoJSON.
struct ChangeWriter {
    output: Output,
    /// The names of the properties that say what has changed; no column has one of them.
    kind: String,
    geometry_changed: String,
    attributes_changed: String,
}

impl ChangeWriter {
    fn new(collection: &Collection, output: Output) -> Self {
        let columns = &collection.layer.schema.columns;
        let free = |name: &str| {
            let mut name = name.to_owned();
            while columns.iter().any(|column| column.name == name) {
                name.push('_');
            }
            name
        };
        Self {
            output,
            kind: free("change"),
            geometry_changed: free("geometry_changed"),
            attributes_changed: free("attributes_changed"),
        }
    }

    fn write_all(&self, diff: &LayerDiff, limit: usize, body: &mut BodyWriter) -> Result<(), BodyError> {
        let mut separator = "";
        for change in diff.features(&Interrupter::default())?.take(limit) {
            body.buffer.extend_from_slice(separator.as_bytes());
            self.write(diff, &change?, &mut body.buffer)?;
            body.send_if_full()?;
            separator = ",";
        }
        Ok(())
    }

    fn write(&self, diff: &LayerDiff, change: &FeatureChange, out: &mut Vec<u8>) -> Result<(), DatasetError> {
        let (old, new) = (diff.old_values(change)?, diff.new_values(change)?);
        let (old, new) = (Side::of(old.as_ref())?, Side::of(new.as_ref())?);
        let kind = match change.kind() {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Deleted => "deleted",
        };
        let mut properties = Map::new();
        properties.insert(self.kind.clone(), kind.into());
        properties.insert(self.geometry_changed.clone(), (old.geometry != new.geometry).into());
        properties.insert(self.attributes_changed.clone(), (old.attributes != new.attributes).into());
        let shown = if change.kind() == ChangeKind::Deleted { old } else { new };
        properties.extend(shown.attributes);
        out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
        out.extend_from_slice(Json::from(change.key.to_string()).to_string().as_bytes());
        out.extend_from_slice(b",\"geometry\":");
        let written = shown.geometry.is_some_and(|geometry| self.output.write(geometry, out).is_ok());
        if !written {
            out.extend_from_slice(b"null");
        }
        out.extend_from_slice(b",\"properties\":");
        out.extend_from_slice(Json::Object(properties).to_string().as_bytes());
        out.push(b'}');
        Ok(())
    }
}

/// The values of one version of a feature.
#[derive(Default)]
struct Side<'a> {
    geometry: Option<&'a [u8]>,
    attributes: Map<String, Json>,
}

impl<'a> Side<'a> {
    fn of(values: Option<&'a LayerValues<'_>>) -> Result<Self, DatasetError> {
        let Some(values) = values else { return Ok(Self::default()) };
        let mut side = Self::default();
        for (column, value) in values.columns().iter().zip(values.decode()?) {
            let json = match value {
                Value::Geometry(geometry) => {
                    side.geometry = side.geometry.or(Some(geometry));
                    continue;
                }
                Value::Null => Json::Null,
                Value::Boolean(truth) => truth.into(),
                Value::Integer(number) => number.into(),
                Value::Float(number) => number.into(),
                Value::Text(text) => text.into(),
                Value::Blob(bytes) => BASE64_STANDARD.encode(bytes).into(),
            };
            side.attributes.insert(column.name.clone(), json);
        }
        Ok(side)
    }
}
