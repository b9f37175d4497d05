//! A layer in a list.

use std::{sync::Arc, time::Duration};

use longhaul_commands::ExportFormat;
use longhaul_layer_index::LayerIndex;
use longhaul_tasks_web::ApiError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::time;

use super::text::counted;
use crate::web::{LayerIndexes, layer_list::geometry_type_names, ogc::Collection};

/// How long a page waits for an index that is being made.
const INDEX_TIMEOUT: Duration = Duration::from_millis(80);

/// All but the characters that never need to be escaped in a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

/// A layer as lists show it.
pub(super) struct LayerRow {
    pub(super) name: String,
    pub(super) title: Option<String>,
    /// Its segment in the addresses of pages.
    pub(super) segment: String,
    /// Its path in the addresses of files.
    pub(super) file: String,
    /// `None` while its features are being counted.
    pub(super) count: Option<String>,
    pub(super) geometry: String,
    pub(super) crs: Option<String>,
}

impl LayerRow {
    pub(super) fn new(collection: &Collection, index: Option<&LayerIndex>) -> Self {
        let layer = &collection.layer;
        let types = geometry_type_names(layer, index);
        Self {
            name: layer.name.clone(),
            title: layer.title.clone().filter(|title| *title != layer.name),
            segment: segment(&collection.id),
            file: layer.name.split('/').map(segment).collect::<Vec<_>>().join("/"),
            count: index.map(|index| counted(index.count(), "feature")),
            geometry: if types.is_empty() { "no geometry".to_owned() } else { types.join(", ") },
            crs: layer.geometry_crs().map(|crs| crs.identifier.clone()),
        }
    }
}

/// The index of a layer, unless it takes too long to make; it is then there later.
///
/// # Errors
/// If the layer cannot be read.
pub(super) async fn index_soon(
    indexes: &LayerIndexes,
    collection: &Collection,
) -> Result<Option<Arc<LayerIndex>>, ApiError> {
    match time::timeout(INDEX_TIMEOUT, indexes.get(&collection.dataset)).await {
        Ok(index) => index.map(Some),
        Err(_) => Ok(None),
    }
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    let escaped = utf8_percent_encode(text, SEGMENT).to_string();
    match escaped.rsplit_once('.') {
        Some((stem, ending @ ("json" | "xml"))) => format!("{stem}%2E{ending}"),
        _ => escaped,
    }
}

/// The endings of files, and what people call them.
pub(super) fn formats() -> Vec<(&'static str, &'static str)> {
    let title = |format: ExportFormat| match format.name() {
        "gpkg" => "GeoPackage",
        "fgb" => "FlatGeobuf",
        "geojson" => "GeoJSON",
        "geojsonl" => "GeoJSON lines",
        "csv" => "CSV",
        other => other,
    };
    ExportFormat::all().map(|format| (format.name(), title(format))).collect()
}
