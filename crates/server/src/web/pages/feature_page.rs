//! `/repos/{name}/collections/{layer}/items/{key}`: a feature, and the commits that have changed it.

use askama::Template;
use axum::response::Response;
use longhaul_repository::{Dataset, LogQuery, Repository};
use longhaul_tasks_web::ApiError;

use super::{
    commit_row::CommitRow,
    feature_values::Cell,
    frame::{Frame, html},
    layer_page::LayerPlace,
    layer_row::segment,
};
use crate::web::{error_response, ogc::Snapshot};

/// Commits of its history.
const COMMITS: usize = 30;

#[derive(Template)]
#[template(path = "feature.html")]
struct FeaturePage {
    frame: Frame,
    repository: String,
    place: LayerPlace,
    layer: String,
    layer_segment: String,
    key: String,
    key_segment: String,
    /// Names of columns, and values.
    values: Vec<(String, Cell)>,
    commits: Vec<CommitRow>,
}

pub(super) async fn show(frame: Frame, snapshot: Snapshot) -> Result<Response, ApiError> {
    let collection = snapshot.collection().await?;
    let key = snapshot.segment(3).to_owned();
    let (dataset, wanted) = (collection.dataset.clone(), key.clone());
    let found = snapshot.run(move || values(&dataset, &wanted)).await??;
    let values = found.ok_or_else(|| ApiError::not_found("There is no such feature in this version."))?;
    let names = collection.layer.schema.columns.iter().map(|column| column.name.clone());
    let path = format!("{}/{key}", collection.layer.name);
    let (repository, until) = (snapshot.repository.clone(), snapshot.version_name().to_owned());
    let commits = snapshot.run(move || history(&repository, until, path)).await??;
    html(&FeaturePage {
        repository: snapshot.repository.name().to_string(),
        place: LayerPlace::of(&snapshot),
        layer_segment: segment(&collection.id),
        layer: collection.layer.name.clone(),
        key_segment: segment(&key),
        key,
        values: names.zip(values).collect(),
        commits,
        frame,
    })
}

fn values(dataset: &Dataset, key: &str) -> Result<Option<Vec<Cell>>, ApiError> {
    let Some(entry) = dataset.find(key).map_err(error_response::internal)? else { return Ok(None) };
    let reader = dataset.reader();
    let mut batch = reader.batch().map_err(error_response::internal)?;
    reader.read(&entry, &mut batch).map_err(error_response::internal)?;
    Ok(batch.rows().next().map(|row| row.values().map(Cell::new).collect()))
}

fn history(repository: &Repository, until: String, path: String) -> Result<Vec<CommitRow>, ApiError> {
    let query = LogQuery { until: Some(until), paths: vec![path], show: COMMITS, ..LogQuery::default() };
    let log = repository.log(&query).map_err(error_response::of_read)?;
    Ok(log.commits.iter().map(CommitRow::new).collect())
}
