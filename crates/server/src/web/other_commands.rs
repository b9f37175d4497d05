//! The commands that this server does not have.

use axum::http::{StatusCode, Uri};
use longhaul_tasks_web::{ApiError, Renderer};
use percent_encoding::percent_decode_str;

/// Commands of GeoGig that this server lacks. One that is implemented gets a route, and leaves this list.
const LACKING: &[&str] = &[
    "add",
    "beginTransaction",
    "blame",
    "branch",
    "cat",
    "checkout",
    "commit",
    "endTransaction",
    "featurediff",
    "fetch",
    "getCommitGraph",
    "merge",
    "postgis/import",
    "pull",
    "push",
    "rebuildgraph",
    "refparse",
    "remote",
    "remove",
    "repo/affectedfeatures",
    "repo/applychanges",
    "repo/batchobjects",
    "repo/beginpush",
    "repo/depth",
    "repo/endpush",
    "repo/exists",
    "repo/filteredchanges",
    "repo/getdepth",
    "repo/getparents",
    "repo/manifest",
    "repo/mergefeature",
    "repo/objects",
    "repo/sendobject",
    "reportMergeScenario",
    "resolveconflict",
    "revertfeature",
    "statistics",
    "status",
    "tag",
    "updateref",
    "version",
];

/// 501 for a command of GeoGig that this server lacks; 404, in GeoGig's words, for any other. The repository is not looked at.
pub(super) async fn other_command(_: Renderer, uri: Uri) -> ApiError {
    let command = uri.path().splitn(4, '/').nth(3).unwrap_or_default();
    if LACKING.contains(&command) {
        return ApiError::new(StatusCode::NOT_IMPLEMENTED, lacking(command));
    }
    let command = percent_decode_str(command).decode_utf8_lossy();
    let command: String = command.chars().filter(|c| !c.is_control()).take(64).collect();
    ApiError::not_found(format!("'{command}' is not a geogig command"))
}

fn lacking(command: &str) -> String {
    let instead = match command {
        "beginTransaction" | "endTransaction" => {
            " It has no transactions: each import is a commit of its own."
        }
        _ => "",
    };
    format!("This server does not have GeoGig's command '{command}'.{instead}")
}
