//! The description of one layer.

use longhaul_geodata::geometry::Extent;
use serde_json::{Value, json};

use super::{
    document::{GEOJSON, JSON, SCHEMA, SCHEMA_RELATION, link, segment},
    snapshot::Collection,
};

const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// The document of a collection. `extent` is in the coordinates of the layer. Reads definitions of reference systems, which
/// takes a moment.
pub(super) fn document(base: &str, collection: &Collection, extent: Option<Extent>) -> Value {
    let Collection { layer, crs, .. } = collection;
    let address = format!("{base}/collections/{}", segment(&collection.id));
    let mut document = json!({
        "id": collection.id,
        "title": layer.title.as_deref().unwrap_or(&layer.name),
        "itemType": "feature",
        "links": [
            link("self", JSON, "This document", address.clone()),
            link("items", GEOJSON, "The features", format!("{address}/items")),
            link(SCHEMA_RELATION, SCHEMA, "The columns", format!("{address}/schema")),
        ],
        "crs": crs.offered(),
    });
    if let Some(description) = &layer.description {
        document["description"] = json!(description);
    }
    if let Some(uri) = crs.storage_uri() {
        document["storageCrs"] = json!(uri);
    }
    if let Some(extent) = extent.and_then(|extent| crs.extent_in_crs84(extent)) {
        let bbox = [extent.min_x, extent.min_y, extent.max_x, extent.max_y];
        document["extent"] = json!({"spatial": {"bbox": [bbox], "crs": CRS84}});
    }
    document
}
