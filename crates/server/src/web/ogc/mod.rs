//! OGC API – Features below each repository and each version of it.
//!
//! Part 1 (core, GeoJSON, OpenAPI 3.0), Part 2 (coordinate reference systems) and Part 5 (schemas):
//! <https://ogcapi.ogc.org/features/>. Beside it, layers are
//! vector tiles, and what a commit has changed in a layer is GeoJSON. The documents are JSON whatever the path's suffix and the header `Accept` say.

mod api;
mod changes;
mod collection;
mod collection_id;
mod collections;
mod conformance;
mod coordinates;
mod document;
mod feature_json;
mod item;
mod items;
mod landing_page;
mod parameters;
mod problem;
mod schema;
mod snapshot;
mod tiles;
mod window;

use axum::{Router, middleware, routing::get};
use longhaul_tasks_web::method_fallback;

use super::WebState;
pub(super) use landing_page::links as landing_page_links;
pub(super) use snapshot::{Collection, Snapshot};
pub(super) use tiles::TileGrid;

/// The routes below `/repos/{name}` and `/repos/{name}/at/{revision}`, for readers.
pub(super) fn routes() -> Router<WebState> {
    let below = |prefix: &str| {
        let read = method_fallback("GET, HEAD, OPTIONS");
        let path = |rest: &str| format!("{prefix}{rest}");
        Router::new()
            .route(&path("/api"), get(api::api).fallback(read.clone()))
            .route(&path("/conformance"), get(conformance::conformance).fallback(read.clone()))
            .route(&path("/collections"), get(collections::list).fallback(read.clone()))
            .route(&path("/collections/{id}"), get(collections::show).fallback(read.clone()))
            .route(&path("/collections/{id}/tiles/{z}/{x}/{y}"), get(tiles::tile).fallback(read.clone()))
            .route(&path("/collections/{id}/changes"), get(changes::changes).fallback(read.clone()))
            .route(&path("/collections/{id}/schema"), get(schema::schema).fallback(read.clone()))
            .route(&path("/collections/{id}/items"), get(items::items).fallback(read.clone()))
            .route(&path("/collections/{id}/items/{key}"), get(item::item).fallback(read))
    };
    let version = get(landing_page::of_version).fallback(method_fallback("GET, HEAD, OPTIONS"));
    below("/repos/{name}")
        .merge(below("/repos/{name}/at/{revision}"))
        .route("/repos/{name}/at/{revision}", version)
        .layer(middleware::map_response(problem::as_json))
}
