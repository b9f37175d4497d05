//! What pages are made of, in the binary: the style sheet, the script, the icon.

use axum::{
    extract::{Path, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use longhaul_tasks_web::ApiError;
use sha2::{Digest as _, Sha256};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

impl Asset {
    const fn new(name: &'static str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, media_type, bytes }
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: [Asset; 6] = [
    Asset::new("style.css", "text/css; charset=utf-8", include_bytes!("../../../static/style.css")),
    Asset::new("script.js", SCRIPT, include_bytes!("../../../static/script.js")),
    Asset::new("icon.svg", "image/svg+xml", include_bytes!("../../../static/icon.svg")),
    Asset::new("map.js", SCRIPT, include_bytes!("../../../static/map.js")),
    Asset::new("openlayers.js", SCRIPT, include_bytes!("../../../static/openlayers/openlayers.js")),
    // Countries of Natural Earth, from fixtures/natural-earth-110m.gpkg.
    Asset::new(
        "countries.geojson",
        "application/geo+json",
        include_bytes!("../../../static/countries.geojson"),
    ),
];

/// Whether there is an asset of this name.
pub(super) fn is_asset(name: &str) -> bool {
    ASSETS.iter().any(|asset| asset.name == name)
}

/// `/-/{file}`. Browsers ask each time whether it is still the same, so that pages and their parts fit after an update.
pub(super) async fn serve(Path(name): Path<String>, request: Request) -> Result<Response, ApiError> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| ApiError::not_found("There is nothing here."))?;
    let hash = Sha256::digest(asset.bytes);
    let tag: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{tag}\"");
    let mut response = match is_held(request.headers(), &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => ([(header::CONTENT_TYPE, asset.media_type)], asset.bytes).into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.extend(HeaderValue::try_from(tag).ok().map(|tag| (header::ETAG, tag)));
    Ok(response)
}

fn is_held(headers: &HeaderMap, tag: &str) -> bool {
    let held = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    held.flat_map(|value| value.split(',')).any(|held| held.trim().trim_start_matches("W/") == tag)
}
