//! `GET /repos/{name}/ls-tree`.

use std::{io, time::Duration};

use axum::{body::Body, extract::State, http::StatusCode, response::Response};
use bytes::Bytes;
use futures_util::stream;
use longhaul_repository::{LsTreeEntries, LsTreeKind, LsTreeQuery};
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::{Flag, Format, Renderer};
use serde::Deserialize;
use tokio::{runtime::Handle, sync::mpsc, time};

use super::{
    ListWriters, Reader, Repo, RepositoryStore,
    error_response::{self, ErrorResponse},
    parameters::Params,
};

/// Bytes that are sent at once.
const CHUNK: usize = 64 * 1024;
/// How long a client may take to read one chunk.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct LsTreeParams {
    path: Option<String>,
    recursive: Flag,
    show_tree: Flag,
    only_tree: Flag,
    verbose: Flag,
}

/// Layers and features. The list is sent while it is read, so that its length does not matter.
pub(super) async fn ls_tree(
    renderer: Renderer,
    Repo(repository, _): Repo<Reader>,
    Params(params): Params<LsTreeParams>,
    State(store): State<RepositoryStore>,
    State(ListWriters(writers)): State<ListWriters>,
) -> Result<Response, ErrorResponse> {
    let list = List::new(&renderer, params.verbose.0);
    let query = params.query();
    let nodes = store.pool.run(move || repository.ls_tree(&query)).await?.map_err(error_response::of_read)?;
    let slot = writers.slot().await?;
    let (pieces, written) = mpsc::channel(2);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _slot = slot;
        list.write(nodes, |piece| {
            let sent = runtime.block_on(time::timeout(CHUNK_TIMEOUT, pieces.send(piece)));
            matches!(sent, Ok(Ok(())))
        });
    });
    let mut response = renderer.response(StatusCode::OK, Vec::new());
    *response.body_mut() = body(written);
    Ok(response)
}

impl LsTreeParams {
    fn query(self) -> LsTreeQuery {
        LsTreeQuery {
            path: self.path,
            recursive: self.recursive.0,
            show_trees: self.show_tree.0,
            only_trees: self.only_tree.0,
        }
    }
}

/// What goes from the writer to the connection.
enum Piece {
    Chunk(Bytes),
    /// The list is complete. If the channel closes without it, the writer has failed.
    End,
}

/// A body of what is written. Its status is already 200; if the list is not complete, the connection is aborted.
fn body(written: mpsc::Receiver<Piece>) -> Body {
    let chunks = stream::unfold(Some(written), |written| async {
        let mut written = written?;
        match written.recv().await {
            Some(Piece::Chunk(chunk)) => Some((Ok(chunk), Some(written))),
            Some(Piece::End) => None,
            None => Some((Err(io::Error::other("the list was cut")), None)),
        }
    });
    Body::from_stream(chunks)
}

/// The document in pieces: an empty one, cut where the nodes go.
struct List {
    renderer: Renderer,
    verbose: bool,
    head: Vec<u8>,
    tail: &'static [u8],
}

impl List {
    fn new(renderer: &Renderer, verbose: bool) -> Self {
        let empty = Report::new().boolean("success", true).list("node", []);
        let mut head = renderer.document("response", &ReportValue::Element(empty));
        let tail: &[u8] = match renderer.format {
            Format::Xml => b"</response>",
            Format::Json => b"]}}",
        };
        head.truncate(head.len() - tail.len());
        Self { renderer: renderer.clone(), verbose, head, tail }
    }

    /// Writes everything to `send`, until that returns false.
    fn write(self, nodes: LsTreeEntries, mut send: impl FnMut(Piece) -> bool) {
        let mut chunk = self.head.clone();
        for (at, node) in nodes.enumerate() {
            let node = match node {
                Ok(node) => node,
                Err(error) => {
                    error_response::internal(error);
                    return;
                }
            };
            if at > 0 && self.renderer.format == Format::Json {
                chunk.push(b',');
            }
            self.push(&node, &mut chunk);
            if chunk.len() >= CHUNK && !send(Piece::Chunk(std::mem::take(&mut chunk).into())) {
                return;
            }
        }
        chunk.extend_from_slice(self.tail);
        let _ = send(Piece::Chunk(chunk.into())) && send(Piece::End);
    }

    fn push(&self, node: &longhaul_repository::LsTreeEntry, out: &mut Vec<u8>) {
        let document = self.renderer.document("node", &ReportValue::Element(self.members(node)));
        let element = match self.renderer.format {
            // Without the declaration before the root.
            Format::Xml => {
                memchr::memmem::find(&document, b"<node>").map_or(&document[..], |at| &document[at..])
            }
            // Without the object around it.
            Format::Json => document
                .strip_prefix(br#"{"node":"#)
                .and_then(|rest| rest.strip_suffix(b"}"))
                .unwrap_or(&document),
        };
        out.extend_from_slice(element);
    }

    fn members(&self, node: &longhaul_repository::LsTreeEntry) -> Report {
        let report = Report::new().text("path", &node.path);
        if !self.verbose {
            return report;
        }
        let kind = match node.kind {
            LsTreeKind::Tree => "tree",
            LsTreeKind::Feature => "feature",
        };
        let schema = node.schema.map_or_else(|| "0".repeat(40), |id| id.to_string());
        report.text("metadataId", schema).text("type", kind).text("objectId", node.id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_list_that_is_not_complete_ends_in_an_error() {
        for is_whole in [true, false] {
            let (pieces, written) = mpsc::channel(2);
            pieces.try_send(Piece::Chunk("list".into())).ok().unwrap();
            if is_whole {
                pieces.try_send(Piece::End).ok().unwrap();
            }
            drop(pieces);
            let read = body(written).collect().await;
            assert_eq!(read.ok().map(|body| body.to_bytes()), is_whole.then(|| "list".into()));
        }
    }
}
