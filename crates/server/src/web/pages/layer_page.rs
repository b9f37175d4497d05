//! `/repos/{name}/collections/{layer}`: a layer of a version, its columns and its features.

use askama::Template;
use axum::{
    extract::{Request, State},
    response::Response,
};
use longhaul_geodata::geometry::Extent;
use longhaul_layer_index::{LayerIndex, Window};
use longhaul_repository::Dataset;
use longhaul_tasks_web::ApiError;

use super::{
    feature_values::Cell,
    frame::{Frame, html},
    layer_row::{LayerRow, formats, index_soon, segment},
    text,
};
use crate::web::{
    WebState, error_response,
    layer_list::type_text,
    ogc::{Collection, Snapshot, TileGrid},
    parameters::Parameters,
};

/// Features on a page.
const SHOWN: u64 = 50;

#[derive(Template)]
#[template(path = "layer.html")]
struct LayerPage {
    frame: Frame,
    repository: String,
    place: LayerPlace,
    layer: LayerRow,
    description: Option<String>,
    columns: Vec<ColumnRow>,
    extent: Option<[f64; 4]>,
    map: Option<LayerMap>,
    formats: Vec<(&'static str, &'static str)>,
    /// `None` while the layer is being indexed.
    features: Option<FeatureTable>,
}

/// What the script needs to draw the map; boxes are four numbers with blanks between them.
struct LayerMap {
    is_mercator: bool,
    /// The square that the only tile of level 0 holds.
    square: String,
    extent: String,
}

/// The addresses of a layer.
pub(super) struct LayerPlace {
    /// `/repos/a`, or `/repos/a/at/HEAD~1`.
    pub(super) version: String,
    /// What a person calls the version; `None` for the newest.
    pub(super) version_name: Option<String>,
}

struct ColumnRow {
    name: String,
    data_type: String,
    is_key: bool,
}

/// A page of features.
struct FeatureTable {
    rows: Vec<FeatureRow>,
    first: u64,
    total: u64,
}

struct FeatureRow {
    key: String,
    segment: String,
    cells: Vec<Cell>,
}

/// The page; `from` is the number of the first feature in the order of the layer's index.
pub(super) async fn show(
    frame: Frame,
    snapshot: Snapshot,
    State(WebState(state)): State<WebState>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Parameters::of_query(request.uri().query());
    let from = query.text("from").and_then(|from| from.parse().ok()).unwrap_or(0);
    let collection = snapshot.collection().await?;
    let index = index_soon(&state.layer_indexes, &collection).await?;
    let (dataset, opened) = (collection.dataset.clone(), index.clone());
    let features =
        snapshot.run(move || opened.map(|index| FeatureTable::read(&dataset, &index, from)).transpose());
    let columns = collection.layer.schema.columns.iter().map(|column| ColumnRow {
        name: column.name.clone(),
        data_type: type_text(&column.data_type),
        is_key: column.primary_key,
    });
    html(&LayerPage {
        repository: snapshot.repository.name().to_string(),
        place: LayerPlace::of(&snapshot),
        layer: LayerRow::new(&collection, index.as_deref()),
        description: collection.layer.description.clone(),
        columns: columns.collect(),
        extent: index.as_deref().and_then(LayerIndex::extent).map(numbers),
        map: index.as_deref().and_then(|index| LayerMap::of(&collection, index)),
        formats: formats(),
        features: features.await??,
        frame,
    })
}

impl LayerMap {
    /// `None` without geometries, or if the grid cannot show them.
    fn of(collection: &Collection, index: &LayerIndex) -> Option<Self> {
        let grid = TileGrid::of(&collection.crs, index.extent());
        let extent = grid.extent(index.extent()?)?;
        let text = |extent| numbers(extent).map(|number| number.to_string()).join(" ");
        Some(Self { is_mercator: grid.is_mercator(), square: text(grid.square), extent: text(extent) })
    }
}

impl LayerPlace {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let name = snapshot.repository.name();
        let version = snapshot.version_name();
        match version {
            "HEAD" => Self { version: format!("/repos/{name}"), version_name: None },
            version => Self {
                version: format!("/repos/{name}/at/{}", segment(version)),
                version_name: Some(version.to_owned()),
            },
        }
    }
}

impl FeatureTable {
    fn read(dataset: &Dataset, index: &LayerIndex, from: u64) -> Result<Self, ApiError> {
        let reader = dataset.reader();
        let mut batch = reader.batch().map_err(error_response::internal)?;
        let mut rows = Vec::new();
        for leaf in index.leaves(Window::All, from).take(SHOWN as usize) {
            let leaf = leaf.map_err(error_response::internal)?;
            batch.clear();
            reader.read(&leaf.entry, &mut batch).map_err(error_response::internal)?;
            let key = leaf.entry.key.text();
            let cells = batch.rows().flat_map(|row| row.values().map(Cell::new).collect::<Vec<_>>());
            rows.push(FeatureRow { segment: segment(&key), key: key.to_string(), cells: cells.collect() });
        }
        Ok(Self { rows, first: from, total: index.count() })
    }

    /// Where the previous page begins.
    fn previous(&self) -> Option<u64> {
        (self.first > 0).then(|| self.first.saturating_sub(SHOWN))
    }

    /// Where the next page begins.
    fn next(&self) -> Option<u64> {
        Some(self.last()).filter(|next| *next < self.total)
    }

    fn last(&self) -> u64 {
        self.first.saturating_add(self.rows.len() as u64)
    }
}

fn numbers(extent: Extent) -> [f64; 4] {
    [extent.min_x, extent.min_y, extent.max_x, extent.max_y]
}
