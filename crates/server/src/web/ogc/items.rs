//! `…/collections/{id}/items`: the features of a layer, page by page.

use std::io;

use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};
use longhaul_layer_index::{LayerIndex, Leaf, Window};
use longhaul_projection::Reference;
use longhaul_tasks_web::ApiError;
use serde_json::json;

use super::{
    Snapshot,
    document::{GEOJSON, JSON, link, segment},
    feature_json::FeatureWriter,
    parameters::Parameters,
    snapshot::Collection,
    window,
};
use crate::web::{
    LayerIndexes, ListWriters,
    error_response::{self, ErrorResponse},
    streamed_body::{self, BodyError, BodyWriter},
};

/// The most features on a page, if a client asks for more.
pub(super) const MAX_LIMIT: usize = 10_000;
/// The most features on a page, if a client does not say.
pub(super) const DEFAULT_LIMIT: usize = 1_000;

/// The system of the coordinates in the response.
pub(super) const CONTENT_CRS: HeaderName = HeaderName::from_static("content-crs");

const KNOWN: [&str; 6] = ["limit", "bbox", "bbox-crs", "crs", "datetime", "next"];

/// What is asked for.
struct PageQuery {
    limit: usize,
    /// The number of the first feature in the order of the index.
    from: u64,
    bbox: Option<[f64; 4]>,
    bbox_crs: Option<Reference>,
    crs: Option<Reference>,
}

pub(super) async fn items(
    snapshot: Snapshot,
    parameters: Parameters,
    State(indexes): State<LayerIndexes>,
    State(ListWriters(writers)): State<ListWriters>,
) -> Result<Response, ErrorResponse> {
    let query = PageQuery::parse(&parameters)?;
    let collection = snapshot.collection().await?;
    let output = collection.crs.output(query.crs)?;
    let content_crs = output.uri.clone();
    let index = indexes.get(&collection.dataset).await?;
    let wanted = window::of(query.bbox, query.bbox_crs, &collection.crs, &index)?;
    let page = snapshot.run(move || Page::find(&index, wanted, query.from, query.limit)).await?;
    let page = page.map_err(error_response::internal)?;
    let head = page.head(&snapshot, &collection, &parameters);
    let writer = FeatureWriter::new(&collection.layer, output);
    let body = streamed_body::write(&writers, move |body| page.write(&head, &collection, &writer, body));
    let body = body.await?;
    Ok(geojson(body, content_crs.as_deref()))
}

/// A response of GeoJSON with coordinates in a system.
pub(super) fn geojson(body: axum::body::Body, crs: Option<&str>) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(GEOJSON));
    let crs = crs.and_then(|uri| HeaderValue::try_from(format!("<{uri}>")).ok());
    headers.extend(crs.map(|crs| (CONTENT_CRS, crs)));
    response
}

impl PageQuery {
    fn parse(parameters: &Parameters) -> Result<Self, ApiError> {
        parameters.allow(&KNOWN)?;
        let query = Self {
            limit: limit(parameters.one("limit")?)?,
            from: parameters.one("next")?.map_or(Ok(0), position)?,
            bbox: parameters.one("bbox")?.map(window::numbers).transpose()?,
            bbox_crs: reference(parameters, "bbox-crs")?,
            crs: reference(parameters, "crs")?,
        };
        match (query.bbox, query.bbox_crs) {
            (None, Some(_)) => Err(ApiError::bad_request("bbox-crs needs a bbox.")),
            _ => Ok(query),
        }
    }
}

/// A larger limit counts as the largest, as the standard has it.
fn limit(text: Option<&str>) -> Result<usize, ApiError> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let limit = is_number.then(|| text.parse().unwrap_or(usize::MAX)).filter(|limit| *limit > 0);
    let limit = limit
        .ok_or_else(|| ApiError::bad_request(format!("limit must be a number from 1 to {MAX_LIMIT}.")))?;
    Ok(limit.min(MAX_LIMIT))
}

pub(super) fn reference(parameters: &Parameters, name: &str) -> Result<Option<Reference>, ApiError> {
    let parsed = parameters.one(name)?.map(str::parse).transpose();
    parsed.map_err(|error| ApiError::bad_request(format!("{name}: {error}.")))
}

/// The value of `next`.
fn token(position: u64) -> String {
    format!("n{position:x}")
}

fn position(token: &str) -> Result<u64, ApiError> {
    let digits = token.strip_prefix('n').filter(|digits| !digits.starts_with('+'));
    let position = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
    position.ok_or_else(|| ApiError::bad_request("next must be taken from a link to a next page."))
}

/// The features of a page.
struct Page {
    matched: u64,
    leaves: Vec<Leaf>,
    /// Where the next page begins.
    next: Option<u64>,
}

impl Page {
    fn find(index: &LayerIndex, wanted: Window, from: u64, limit: usize) -> io::Result<Self> {
        let matched = index.number_matched(&wanted)?;
        let mut found = index.leaves(wanted, from);
        let leaves = found.by_ref().take(limit).collect::<io::Result<Vec<_>>>()?;
        let next = found.next().transpose()?.map(|leaf| leaf.position);
        Ok(Self { matched, leaves, next })
    }

    /// The document up to the first feature.
    fn head(&self, snapshot: &Snapshot, collection: &Collection, parameters: &Parameters) -> Vec<u8> {
        let id = segment(&collection.id);
        let items = format!("{}/collections/{id}/items", snapshot.base);
        let address = |path: &str, query: String| match query.as_str() {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        };
        let mut links = vec![
            link("self", GEOJSON, "This page", address(&items, parameters.without("").finish())),
            link("collection", JSON, "The layer", format!("{}/collections/{id}", snapshot.base)),
        ];
        if let Some(next) = self.next {
            // Of the same commit, even if the branch moves between two pages.
            let items = format!("{}/collections/{id}/items", snapshot.permanent_base);
            let query = parameters.without("next").append_pair("next", &token(next)).finish();
            links.push(link("next", GEOJSON, "The next page", address(&items, query)));
        }
        let mut head = json!({
            "type": "FeatureCollection",
            "links": links,
            "timeStamp": jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            "numberMatched": self.matched,
            "numberReturned": self.leaves.len(),
        })
        .to_string()
        .into_bytes();
        head.pop();
        head.extend_from_slice(b",\"features\":[");
        head
    }

    fn write(
        &self,
        head: &[u8],
        collection: &Collection,
        writer: &FeatureWriter,
        body: &mut BodyWriter,
    ) -> Result<(), BodyError> {
        body.buffer.extend_from_slice(head);
        let reader = collection.dataset.reader();
        let mut batch = reader.batch()?;
        for (at, leaf) in self.leaves.iter().enumerate() {
            batch.clear();
            reader.read(&leaf.entry, &mut batch)?;
            if at > 0 {
                body.buffer.push(b',');
            }
            batch.rows().for_each(|row| writer.write(&leaf.entry.key, row, None, &mut body.buffer));
            body.send_if_full()?;
        }
        body.buffer.extend_from_slice(b"]}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_from_one_on() {
        assert_eq!(limit(None).unwrap(), 1_000);
        for (text, expected) in
            [("1", 1), ("0010", 10), ("10001", 10_000), ("99999999999999999999999", 10_000)]
        {
            assert_eq!(limit(Some(text)).unwrap(), expected, "{text}");
        }
        for bad in ["0", "-1", "+1", "1.5", "a"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_place_of_the_next_page_reads_back() {
        for at in [0, 1, 1000, u64::MAX] {
            assert_eq!(position(&token(at)).unwrap(), at);
        }
        for bad in ["", "n", "n+1", "7", "nx", "n10000000000000000"] {
            assert!(position(bad).is_err(), "{bad}");
        }
    }
}
