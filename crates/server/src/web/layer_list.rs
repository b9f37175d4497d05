//! `GET /repos/{name}/layers`: the layers of a version, for people and for programs that know no OGC API.

use axum::{extract::State, http::StatusCode, response::Response};
use longhaul_commands::commit_members;
use longhaul_geodata::{DataType, Layer};
use longhaul_layer_index::LayerIndex;
use longhaul_repository::{Commit, DatasetPath};
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::Renderer;

use super::{
    LayerIndexes,
    error_response::{self, ErrorResponse},
    ogc::{Collection, Snapshot},
};

/// Name, columns, reference system, count, extent and last commit of each layer. Waits for indexes that are missing.
pub(super) async fn layers(
    renderer: Renderer,
    snapshot: Snapshot,
    State(indexes): State<LayerIndexes>,
) -> Result<Response, ErrorResponse> {
    let collections = snapshot.collections().await?;
    let commits = last_commits(&snapshot, &collections).await?;
    let mut layers = Vec::new();
    for (collection, commit) in collections.iter().zip(commits) {
        let index = indexes.get(&collection.dataset).await?;
        layers.push(ReportValue::Element(layer(collection, &index, commit.as_ref())));
    }
    Ok(renderer.success(StatusCode::OK, Report::new().list("layer", layers)))
}

async fn last_commits(
    snapshot: &Snapshot,
    collections: &[Collection],
) -> Result<Vec<Option<Commit>>, ErrorResponse> {
    let Some(tip) = snapshot.commit else { return Ok(Vec::new()) };
    let paths: Vec<DatasetPath> =
        collections.iter().map(|collection| collection.dataset.path().clone()).collect();
    let repository = snapshot.repository.clone();
    let commits = snapshot.run(move || repository.last_changes(tip, &paths, usize::MAX)).await?;
    Ok(commits.map_err(error_response::of_read)?)
}

fn layer(collection: &Collection, index: &LayerIndex, commit: Option<&Commit>) -> Report {
    let layer = &collection.layer;
    let mut report = Report::new().text("name", &layer.name).text("collection", &collection.id);
    for (name, text) in [("title", &layer.title), ("description", &layer.description)] {
        if let Some(text) = text {
            report = report.text(name, text);
        }
    }
    report = report
        .list("geometryType", geometry_type_names(layer, Some(index)).into_iter().map(ReportValue::text));
    if let Some(crs) = layer.geometry_crs() {
        report = report.text("crs", &crs.identifier);
    }
    report = report.integer("count", i64::try_from(index.count()).unwrap_or(i64::MAX));
    if let Some(extent) = index.extent() {
        let extent = Report::new()
            .float("minx", extent.min_x)
            .float("miny", extent.min_y)
            .float("maxx", extent.max_x)
            .float("maxy", extent.max_y);
        report = report.element("extent", extent);
    }
    report = report.list("column", layer.schema.columns.iter().map(column));
    match commit {
        Some(commit) => report.element("commit", commit_members(commit)),
        None => report,
    }
}

/// The types that occur; that of the column where there is no geometry yet, or no index.
pub(super) fn geometry_type_names(layer: &Layer, index: Option<&LayerIndex>) -> Vec<String> {
    let codes = index.map(LayerIndex::geometry_types).unwrap_or_default();
    let types: Vec<_> = codes.into_iter().map(|code| code.geometry_type().to_string()).collect();
    let declared = layer.schema.geometry().map(|at| &layer.schema.columns[at].data_type);
    match declared {
        Some(DataType::Geometry { kind, .. }) if types.is_empty() => vec![kind.to_string()],
        _ => types,
    }
}

fn column(column: &longhaul_geodata::Column) -> ReportValue {
    let report = Report::new().text("name", &column.name).text("type", type_text(&column.data_type));
    let report = if column.primary_key { report.boolean("primaryKey", true) } else { report };
    ReportValue::Element(report)
}

/// `integer`, `text`, `POINT`.
pub(super) fn type_text(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".into(),
        DataType::Blob { .. } => "blob".into(),
        DataType::Date => "date".into(),
        DataType::Float { size } => format!("float{size}"),
        DataType::Geometry { kind, .. } => kind.to_string(),
        DataType::Integer { size } => format!("integer{size}"),
        DataType::Interval => "interval".into(),
        DataType::Numeric { .. } => "numeric".into(),
        DataType::Text { .. } => "text".into(),
        DataType::Time => "time".into(),
        DataType::Timestamp { .. } => "timestamp".into(),
    }
}
