//! `/` and `/repos`: all repositories, what is running, and the forms to begin with.

use askama::Template;
use axum::{
    extract::{Request, State},
    response::Response,
};
use longhaul_repository::{Repository, RepositoryName};
use longhaul_tasks_web::ApiError;

use super::{
    commit_row::CommitRow,
    frame::{Frame, html},
    live::{RunningTasks, running_tasks},
    text,
};
use crate::{
    access::Caller,
    web::{WebState, error_response, parameters::Parameters},
};

/// Repositories on a page.
const SHOWN: usize = 25;
/// Layers that are named in a row.
const NAMED_LAYERS: usize = 6;

#[derive(Template)]
#[template(path = "repositories.html")]
struct RepositoriesPage {
    frame: Frame,
    rows: Vec<RepositoryRow>,
    /// All that the reader may see and that match the search.
    total: usize,
    search: String,
    /// From 1.
    page: usize,
    pages: usize,
    /// Repositories that the reader may import into.
    targets: Vec<String>,
    running: RunningTasks,
    free_space: Option<String>,
}

struct RepositoryRow {
    name: String,
    layers: Vec<String>,
    more_layers: usize,
    commit: Option<CommitRow>,
    /// Why it cannot be shown.
    is_damaged: bool,
}

/// The page. `search` is a part of names, `page` counts from 1.
pub(super) async fn show(
    frame: Frame,
    State(WebState(state)): State<WebState>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Parameters::of_query(request.uri().query());
    let search = query.text("search").unwrap_or_default().trim().to_owned();
    let page = query.text("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let listing = Listing { caller: frame.caller.clone(), search: search.clone(), page };
    let store = state.repositories.clone();
    let receiver = state.receiver.clone();
    let (found, free) =
        store.pool.run(move || (listing.read(&store.repositories), receiver.free_space())).await?;
    let found = found?;
    let running = running_tasks(&state.tasks, &frame).await?;
    let free = free.ok().filter(|_| frame.caller.scope().is_none());
    html(&RepositoriesPage {
        rows: found.rows,
        total: found.total,
        search,
        page: found.page,
        pages: found.pages,
        targets: found.targets,
        running,
        free_space: free.map(text::bytes),
        frame,
    })
}

impl RepositoriesPage {
    /// The query of another page.
    fn query_of(&self, page: usize) -> String {
        let mut query = form_urlencoded::Serializer::for_suffix("?".to_owned(), 1);
        query.append_pair("search", &self.search).append_pair("page", &page.to_string());
        query.finish()
    }
}

/// What is asked for.
struct Listing {
    caller: Caller,
    search: String,
    page: usize,
}

struct Found {
    rows: Vec<RepositoryRow>,
    total: usize,
    page: usize,
    pages: usize,
    targets: Vec<String>,
}

impl Listing {
    fn read(&self, repositories: &longhaul_repository::Repositories) -> Result<Found, ApiError> {
        let names = repositories.list().map_err(error_response::of_repositories)?;
        let visible: Vec<_> = names.into_iter().filter(|name| self.caller.may_read(name)).collect();
        let is_writable = |name: &&RepositoryName| self.caller.require_writer(name).is_ok();
        let targets = visible.iter().filter(is_writable).take(1000).map(ToString::to_string).collect();
        let search = self.search.to_lowercase();
        let matches = |name: &RepositoryName| name.as_str().to_lowercase().contains(&search);
        let matching: Vec<_> = visible.into_iter().filter(matches).collect();
        let pages = matching.len().div_ceil(SHOWN).max(1);
        let page = self.page.clamp(1, pages);
        let shown = matching.iter().skip((page - 1) * SHOWN).take(SHOWN);
        let rows = shown.map(|name| row(repositories, name)).collect();
        Ok(Found { rows, total: matching.len(), page, pages, targets })
    }
}

/// One that cannot be read does not keep the others from being shown.
fn row(repositories: &longhaul_repository::Repositories, name: &RepositoryName) -> RepositoryRow {
    let empty = RepositoryRow {
        name: name.to_string(),
        layers: Vec::new(),
        more_layers: 0,
        commit: None,
        is_damaged: false,
    };
    match repositories.get(name) {
        Ok(Some(repository)) => match filled(&repository) {
            Ok((layers, commit)) => RepositoryRow {
                more_layers: layers.len().saturating_sub(NAMED_LAYERS),
                layers: layers.into_iter().take(NAMED_LAYERS).collect(),
                commit,
                ..empty
            },
            Err(_) => RepositoryRow { is_damaged: true, ..empty },
        },
        _ => RepositoryRow { is_damaged: true, ..empty },
    }
}

fn filled(repository: &Repository) -> Result<(Vec<String>, Option<CommitRow>), ApiError> {
    let Some(head) = repository.head_commit().map_err(error_response::of_read)? else {
        return Ok((Vec::new(), None));
    };
    let commit = repository.commit(head).map_err(error_response::of_read)?;
    let layers = repository.datasets(head).map_err(error_response::internal)?;
    Ok((layers.iter().map(|layer| layer.as_str().to_owned()).collect(), Some(CommitRow::new(&commit))))
}
