//! `/repos/{name}`: its layers, its history, how to copy it, and its settings.

use askama::Template;
use axum::{
    extract::{Request, State},
    response::Response,
};
use longhaul_commands::Guards;
use longhaul_repository::{LogQuery, Repository};
use longhaul_tasks_web::ApiError;

use super::{
    commit_row::CommitRow,
    frame::{Frame, html},
    layer_row::{LayerRow, formats, index_soon},
};
use crate::web::{WebState, error_response, ogc::Snapshot, parameters::Parameters};

/// Commits on a page.
const COMMITS: usize = 20;

#[derive(Template)]
#[template(path = "repository.html")]
struct RepositoryPage {
    frame: Frame,
    name: String,
    branch: String,
    layers: Vec<LayerRow>,
    formats: Vec<(&'static str, &'static str)>,
    history: History,
    settings: Vec<Setting>,
    may_write: bool,
    is_admin: bool,
}

struct History {
    commits: Vec<CommitRow>,
    /// From 0.
    page: usize,
    has_next: bool,
}

/// A setting of the repository that holds imports back.
struct Setting {
    key: &'static str,
    title: &'static str,
    hint: &'static str,
    value: String,
}

/// The page; `page` is that of the history, from 0.
pub(super) async fn show(
    frame: Frame,
    snapshot: Snapshot,
    State(WebState(state)): State<WebState>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Parameters::of_query(request.uri().query());
    let page = query.text("page").and_then(|page| page.parse().ok()).unwrap_or(0);
    let mut layers = Vec::new();
    for collection in snapshot.collections().await? {
        let index = index_soon(&state.layer_indexes, &collection).await?;
        layers.push(LayerRow::new(&collection, index.as_deref()));
    }
    let repository = snapshot.repository.clone();
    let (history, branch) = snapshot
        .run(move || {
            let branch = repository.head_branch().map_err(error_response::of_read)?;
            Ok::<_, ApiError>((History::read(&repository, page)?, branch))
        })
        .await??;
    html(&RepositoryPage {
        name: snapshot.repository.name().to_string(),
        branch: branch.unwrap_or_else(|| "HEAD".to_owned()),
        layers,
        formats: formats(),
        history,
        settings: settings(&snapshot.repository),
        may_write: frame.may_write(snapshot.repository.name()),
        is_admin: frame.is_admin(),
        frame,
    })
}

impl History {
    fn read(repository: &Repository, page: usize) -> Result<Self, ApiError> {
        let query = LogQuery { page, show: COMMITS, ..LogQuery::default() };
        let log = repository.log(&query).map_err(error_response::of_read)?;
        let commits = log.commits.iter().map(|commit| CommitRow::counted(repository, commit, &[]));
        Ok(Self { commits: commits.collect::<Result<_, _>>()?, page, has_next: log.has_next })
    }
}

fn settings(repository: &Repository) -> Vec<Setting> {
    let described = |key: &'static str| match key.rsplit_once('.').map_or(key, |(_, name)| name) {
        "maxDeletes" => ("Most deleted features", "a number, or a part of the layer such as 5%"),
        "sameSchema" => ("Keep the columns", "true stops imports that change them"),
        "sameCrs" => ("Keep the coordinate reference system", "true stops imports that change it"),
        _ => (key, ""),
    };
    let setting = |key| {
        let (title, hint) = described(key);
        Setting { key, title, hint, value: repository.config_value(key).unwrap_or_default() }
    };
    Guards::KEYS.into_iter().map(setting).collect()
}
