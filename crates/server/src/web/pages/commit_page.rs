//! `/repos/{name}/at/{revision}`: a commit, and what it has changed.

use askama::Template;
use axum::{extract::Request, response::Response};
use longhaul_repository::{
    ChangeKind, ChangedLayer, Commit, FeatureChange, Interrupter, LayerDiff, LayerValues, Repository,
};
use longhaul_tasks_web::ApiError;

use super::{
    commit_row::{ChangeBar, CommitRow},
    feature_values::Cell,
    frame::{Frame, html},
    layer_row::segment,
    text::Moment,
};
use crate::web::{diff::of_diff, error_response, ogc::Snapshot, parameters::Parameters};

/// Features of a layer on a page.
const SHOWN: usize = 25;
/// Layers whose features are shown, before the reader selects one.
const OPEN_LAYERS: usize = 10;

#[derive(Template)]
#[template(path = "commit.html")]
struct CommitPage {
    frame: Frame,
    repository: String,
    commit: CommitRow,
    committer: Option<(String, Moment)>,
    parents: Vec<String>,
    tree: String,
    layers: Vec<LayerSection>,
    files: Vec<(String, &'static str)>,
    /// The addresses of what is shown on the map, with blanks between them.
    map: String,
    /// The layer that the reader has selected.
    selected: Option<String>,
    may_write: bool,
}

/// What a commit has changed in a layer.
struct LayerSection {
    path: String,
    segment: String,
    /// The segment of its collection, if this version has it, and its changes can be shown on a map.
    collection: Option<String>,
    on_map: bool,
    what: &'static str,
    changes: ChangeBar,
    /// Changes of columns and other metadata.
    meta: Vec<String>,
    features: Vec<FeatureRow>,
    page: usize,
    has_next: bool,
}

struct FeatureRow {
    key: String,
    /// `added`, `changed`, `deleted`.
    kind: &'static str,
    /// Whether something else than the geometry has changed, and the geometry.
    tags: Vec<&'static str>,
    /// Of each column that differs: its name, the old and the new value.
    values: Vec<(String, Option<Cell>, Option<Cell>)>,
}

/// The page; `layer` and `page` select the features that are shown.
pub(super) async fn show(frame: Frame, snapshot: Snapshot, request: Request) -> Result<Response, ApiError> {
    let query = Parameters::of_query(request.uri().query());
    let selected = query.text("layer").map(str::to_owned);
    let page = query.text("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let id = snapshot.commit.ok_or_else(|| ApiError::not_found("This repository has no commits yet."))?;
    let (repository, layer) = (snapshot.repository.clone(), selected.clone());
    let found = snapshot.run(move || {
        let commit = repository.commit(id).map_err(error_response::of_read)?;
        changes(&repository, &commit, layer.as_deref(), page).map(|changes| (commit, changes))
    });
    let (commit, mut changes) = found.await??;
    for collection in snapshot.collections().await? {
        let path = collection.dataset.path().as_str();
        if let Some(section) = changes.0.iter_mut().find(|section| section.path == path) {
            section.collection = Some(segment(&collection.id));
            section.on_map =
                collection.layer.schema.geometry().is_some() && collection.crs.to_mercator().is_some();
        }
    }
    let map = map_addresses(&format!("/repos/{}/at/{id}", snapshot.repository.name()), &changes.0);
    let committer = &commit.committer;
    let is_other =
        committer.identity != commit.author.identity || committer.timestamp != commit.author.timestamp;
    html(&CommitPage {
        repository: snapshot.repository.name().to_string(),
        committer: is_other
            .then(|| (committer.identity.name.clone(), Moment::of_millis(committer.timestamp))),
        parents: commit.parents.iter().map(ToString::to_string).collect(),
        tree: commit.tree.to_string(),
        commit: CommitRow::new(&commit),
        map,
        layers: changes.0,
        files: changes.1,
        selected,
        may_write: frame.may_write(snapshot.repository.name()),
        frame,
    })
}

/// Where the map gets what has changed in the first layers.
fn map_addresses(version: &str, sections: &[LayerSection]) -> String {
    let shown = sections.iter().filter(|section| section.on_map && !section.changes.is_empty());
    let addresses = shown.filter_map(|section| section.collection.as_ref());
    let addresses: Vec<_> =
        addresses.take(OPEN_LAYERS).map(|id| format!("{version}/collections/{id}/changes")).collect();
    addresses.join(" ")
}

type Changes = (Vec<LayerSection>, Vec<(String, &'static str)>);

/// What the commit changes compared to its first parent.
fn changes(
    repository: &Repository,
    commit: &Commit,
    selected: Option<&str>,
    page: usize,
) -> Result<Changes, ApiError> {
    let interrupter = Interrupter::default();
    let parent = commit.parents.first().copied().filter(|parent| repository.git().has_object(*parent));
    let diff = repository.diff(parent, Some(commit.id), &interrupter).map_err(of_diff)?;
    let mut sections = Vec::new();
    for (at, layer) in diff.layers.iter().enumerate() {
        let path = layer.path.as_str();
        let (shows, page) = match selected {
            Some(selected) => (selected == path, page),
            None => (at < OPEN_LAYERS, 0),
        };
        if selected.is_none() || shows {
            sections.push(LayerSection::read(repository, layer, shows.then_some(page))?);
        }
    }
    let files = diff.files.into_iter().map(|file| {
        let what = what(file.old.is_some(), file.new.is_some());
        (file.path, what)
    });
    Ok((sections, files.take(100).collect()))
}

fn what(is_in_old: bool, is_in_new: bool) -> &'static str {
    match (is_in_old, is_in_new) {
        (false, _) => "added",
        (true, true) => "changed",
        (true, false) => "deleted",
    }
}

impl LayerSection {
    fn read(repository: &Repository, layer: &ChangedLayer, page: Option<usize>) -> Result<Self, ApiError> {
        let interrupter = Interrupter::default();
        let counts = repository.count_changes(layer.old, layer.new, &interrupter).map_err(of_diff)?;
        let diff = repository.layer_diff(layer).map_err(error_response::internal)?;
        let mut meta: Vec<String> = diff.schema().iter().map(ToString::to_string).collect();
        let other = diff.meta().map_err(error_response::internal)?;
        let other = other.iter().filter(|change| change.key != "schema.json");
        if !diff.is_added() && !diff.is_deleted() {
            meta.extend(other.map(|change| {
                format!("{} was {}", change.key, what(change.old.is_some(), change.new.is_some()))
            }));
        }
        let mut section = Self {
            path: layer.path.as_str().to_owned(),
            segment: segment(layer.path.as_str()),
            collection: None,
            on_map: false,
            what: what(layer.old.is_some(), layer.new.is_some()),
            changes: ChangeBar::new(counts),
            meta,
            features: Vec::new(),
            page: page.unwrap_or(0),
            has_next: false,
        };
        let Some(page) = page else { return Ok(section) };
        let mut changes = diff.features(&interrupter).map_err(of_diff)?.skip(page.saturating_mul(SHOWN));
        for change in changes.by_ref().take(SHOWN) {
            section.features.push(FeatureRow::read(&diff, &change.map_err(of_diff)?)?);
        }
        section.has_next = changes.next().is_some();
        Ok(section)
    }
}

impl FeatureRow {
    fn read(diff: &LayerDiff, change: &FeatureChange) -> Result<Self, ApiError> {
        let old = named(diff.old_values(change).map_err(error_response::internal)?)?;
        let new = named(diff.new_values(change).map_err(error_response::internal)?)?;
        let mut values = Vec::new();
        let mut tags = Vec::new();
        let is_change = change.kind() == ChangeKind::Changed;
        for column in all_columns(&old, &new) {
            let (old, new) = (value_of(&old, &column), value_of(&new, &column));
            if is_change && old == new {
                continue;
            }
            let is_geometry = [old, new].into_iter().flatten().any(|value| value.is_geometry);
            let tag = if is_geometry { "geometry" } else { "attributes" };
            if is_change && !tags.contains(&tag) {
                tags.push(tag);
            }
            let cell = |value: Option<&NamedValue>| value.map(|value| value.cell.clone());
            values.push((column, cell(old), cell(new)));
        }
        let kind = match change.kind() {
            ChangeKind::Added => "added",
            ChangeKind::Changed => "changed",
            ChangeKind::Deleted => "deleted",
        };
        Ok(Self { key: change.key.to_string(), kind, tags, values })
    }
}

#[derive(PartialEq)]
struct NamedValue {
    column: String,
    is_geometry: bool,
    cell: Cell,
    /// Tells values apart whose cells are the same because they were cut.
    bytes: Vec<u8>,
}

fn named(values: Option<LayerValues<'_>>) -> Result<Vec<NamedValue>, ApiError> {
    use longhaul_geodata::Value;
    let Some(values) = values else { return Ok(Vec::new()) };
    let decoded = values.decode().map_err(error_response::internal)?;
    let named = values.columns().iter().zip(decoded).map(|(column, value)| NamedValue {
        column: column.name.clone(),
        is_geometry: matches!(value, Value::Geometry(_)),
        bytes: match value {
            Value::Text(text) => text.as_bytes().to_vec(),
            Value::Blob(bytes) | Value::Geometry(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        },
        cell: Cell::new(value),
    });
    Ok(named.collect())
}

fn all_columns(old: &[NamedValue], new: &[NamedValue]) -> Vec<String> {
    let mut columns: Vec<String> = new.iter().map(|value| value.column.clone()).collect();
    columns.extend(
        old.iter()
            .map(|value| value.column.clone())
            .filter(|name| !new.iter().any(|value| value.column == *name)),
    );
    columns
}

fn value_of<'a>(values: &'a [NamedValue], column: &str) -> Option<&'a NamedValue> {
    values.iter().find(|value| value.column == column)
}
