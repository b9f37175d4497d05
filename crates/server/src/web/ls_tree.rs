//! `GET /repos/{name}/ls-tree`.

use axum::{extract::State, http::StatusCode, response::Response};
use longhaul_repository::{LsTreeEntries, LsTreeKind, LsTreeQuery};
use longhaul_tasks::{Report, ReportValue};
use longhaul_tasks_web::{Flag, Format, Renderer};
use serde::Deserialize;

use super::{
    ListWriters, Reader, Repo, RepositoryStore,
    error_response::{self, ErrorResponse},
    parameters::Params,
    streamed_body::{self, BodyError, BodyWriter},
};

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
    let mut response = renderer.response(StatusCode::OK, Vec::new());
    *response.body_mut() = streamed_body::write(&writers, move |body| list.write(nodes, body)).await?;
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

    fn write(self, nodes: LsTreeEntries, body: &mut BodyWriter) -> Result<(), BodyError> {
        body.buffer.extend_from_slice(&self.head);
        for (at, node) in nodes.enumerate() {
            if at > 0 && self.renderer.format == Format::Json {
                body.buffer.push(b',');
            }
            self.push(&node?, &mut body.buffer);
            body.send_if_full()?;
        }
        body.buffer.extend_from_slice(self.tail);
        Ok(())
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
