//! `GET /repos/{name}/diff`: the features that differ between two commits.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use longhaul_repository::{
    ChangeKind, CommitDiff, DiffError, DiffPage, DiffQuery, FeatureDifference, Interrupter, JsonLines,
    Repository,
};
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::{ApiError, Flag, Renderer};
use serde::Deserialize;

use super::{
    ListWriters, Reader, Repo, RepositoryStore,
    error_response::{self, ErrorResponse},
    parameters::Params,
    streamed_body,
};

/// The media type of JSON Lines.
const JSON_LINES: &str = "application/x-ndjson";
/// The most features on one page.
const MAX_PAGE: usize = 10_000;
/// GeoGig's id of nothing.
const NOTHING: &str = "0000000000000000000000000000000000000000";

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DiffParams {
    old_ref_spec: Option<String>,
    new_ref_spec: Option<String>,
    path_filter: Option<String>,
    show_geometry_changes: Flag,
    page: usize,
    show: Option<usize>,
}

/// A page of the features that differ, as in GeoGig; or all differences in Kart's JSON Lines, which are sent while they are read.
pub(super) async fn diff(
    renderer: Renderer,
    Repo(repository, _): Repo<Reader>,
    Params(params): Params<DiffParams>,
    State(store): State<RepositoryStore>,
    State(ListWriters(writers)): State<ListWriters>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let query = params.query()?;
    let shows_geometries = params.show_geometry_changes.0;
    if accepts_json_lines(request.headers()) {
        let interrupter = Interrupter::default();
        let (opened, reader) = (repository.clone(), interrupter.clone());
        let diff = store.pool.run(move || opened.compare(&query, &reader)).await?.map_err(of_diff)?;
        return json_lines(repository, diff, interrupter, &writers).await;
    }
    let page =
        store.pool.run(move || repository.diff_page(&query, shows_geometries, &Interrupter::default()));
    let page = page.await?.map_err(of_diff)?;
    Ok(renderer.success(StatusCode::OK, report(&page, shows_geometries)))
}

impl DiffParams {
    fn query(&self) -> Result<DiffQuery, ApiError> {
        let old = self.old_ref_spec.clone().ok_or_else(|| {
            let text = "Required parameter 'oldRefSpec' was not provided.";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, text)
        })?;
        Ok(DiffQuery {
            old,
            new: self.new_ref_spec.clone().unwrap_or_else(|| "HEAD".to_owned()),
            paths: self.path_filter.clone().into_iter().collect(),
            page: self.page,
            show: self.show.unwrap_or(30).min(MAX_PAGE),
        })
    }
}

fn accepts_json_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|value| value.split(','));
    types.any(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON_LINES))
}

async fn json_lines(
    repository: Repository,
    diff: CommitDiff,
    interrupter: Interrupter,
    writers: &super::BlockingPool,
) -> Result<Response, ErrorResponse> {
    let body = streamed_body::write(writers, move |body| {
        let mut lines = JsonLines::new(&repository, diff, &interrupter);
        while lines.next_line(&mut body.buffer)? {
            body.send_if_full()?;
        }
        Ok(())
    });
    let mut response = Response::new(body.await?);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(JSON_LINES));
    Ok(response)
}

fn report(page: &DiffPage, shows_geometries: bool) -> Report {
    let report = match shows_geometries {
        false => Report::new().list("diff", page.features.iter().map(entry)),
        true => Report::new().list("Feature", page.features.iter().map(geometry_entry)),
    };
    if page.has_next { report.boolean("nextPage", true) } else { report }
}

/// A feature in the order of GeoGig's members: the new path and id, and the old ones.
fn entry(feature: &FeatureDifference) -> ReportValue {
    let change = &feature.change;
    let path = |is_there: bool| if is_there { feature.path.as_str() } else { "" };
    ReportValue::Element(
        Report::new()
            .text("changeType", change_type(change.kind()))
            .text("newPath", path(change.new.is_some()))
            .text("newObjectId", id_text(change.new))
            .text("path", path(change.old.is_some()))
            .text("oldObjectId", id_text(change.old)),
    )
}

fn id_text(id: Option<impl ToString>) -> String {
    id.map_or_else(|| NOTHING.to_owned(), |id| id.to_string())
}

fn geometry_entry(feature: &FeatureDifference) -> ReportValue {
    let report = Report::new().text("change", change_type(feature.change.kind())).text("id", &feature.path);
    ReportValue::Element(match &feature.geometry {
        None => report,
        Some(geometry) => report
            .list("geometry", [ReportValue::text(&geometry.wkt)])
            .text("crs", geometry.crs.clone().unwrap_or_default()),
    })
}

fn change_type(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "ADDED",
        ChangeKind::Changed => "MODIFIED",
        ChangeKind::Deleted => "REMOVED",
    }
}

pub(super) fn of_diff(error: DiffError) -> ApiError {
    match error {
        DiffError::Read(error) => error_response::of_read(error),
        error => error_response::internal(error),
    }
}
