//! `GET /repos/NAME/ls-tree`.

use std::{io, time::Duration};

use axum::{body::Body, http::StatusCode};
use bytes::Bytes;
use futures_util::stream;
use longhaul_repository::{LsTreeEntries, LsTreeKind, LsTreeQuery, RepositoryName};
use longhaul_tasks::{Node, Report};
use longhaul_tasks_web::{Format, Printer};
use tokio::{runtime::Handle, sync::mpsc, time};

use super::{
    Web,
    app::{Answer, Call},
    failure,
    parameters::Parameters,
};

/// Bytes that are sent at once.
const CHUNK: usize = 64 * 1024;
/// How long a reader may take for one chunk.
const PATIENCE: Duration = Duration::from_secs(30);

/// Layers and features. They are written while they are read, so millions take no memory.
pub(super) async fn ls_tree(web: &Web, name: RepositoryName, call: &mut Call) -> Answer {
    let repository = web.repository(&call.caller, name).await?;
    let parameters = Parameters::of_query(call.request.uri.query());
    let query = query(&parameters);
    let nodes = web.reads.run(move || repository.ls_tree(&query)).await?.map_err(failure::read)?;
    let place = web.streams.place().await?;
    let (pieces, written) = mpsc::channel(2);
    let list = List::new(&call.printer, parameters.flag("verbose"));
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let _place = place;
        list.write(nodes, |piece| {
            let sent = runtime.block_on(time::timeout(PATIENCE, pieces.send(piece)));
            matches!(sent, Ok(Ok(())))
        });
    });
    let mut response = call.printer.response(StatusCode::OK, Vec::new());
    *response.body_mut() = body(written);
    Ok(response)
}

/// What goes from the writer to the connection.
enum Piece {
    Chunk(Bytes),
    /// The list is whole. Without this word it is not, however its writer went.
    End,
}

/// A body of what is written. Its head says 200; only a broken connection can still say that it is not all.
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

fn query(parameters: &Parameters) -> LsTreeQuery {
    LsTreeQuery {
        path: parameters.text("path").map(str::to_owned),
        recursive: parameters.flag("recursive"),
        show_trees: parameters.flag("showTree"),
        only_trees: parameters.flag("onlyTree"),
    }
}

/// The document, a piece at a time: what the printer would write, cut where the nodes go.
struct List {
    printer: Printer,
    verbose: bool,
    head: Vec<u8>,
    tail: &'static [u8],
}

impl List {
    fn new(printer: &Printer, verbose: bool) -> Self {
        let empty = Report::new().boolean("success", true).list("node", []);
        let mut head = printer.document("response", &Node::Element(empty));
        let tail: &[u8] = match printer.format {
            Format::Xml => b"</response>",
            Format::Json => b"]}}",
        };
        head.truncate(head.len() - tail.len());
        Self { printer: printer.clone(), verbose, head, tail }
    }

    /// Writes everything to `send`, until that says that nobody reads any more.
    fn write(self, nodes: LsTreeEntries, mut send: impl FnMut(Piece) -> bool) {
        let mut chunk = self.head.clone();
        for (at, node) in nodes.enumerate() {
            let node = match node {
                Ok(node) => node,
                Err(error) => {
                    failure::internal(error);
                    return;
                }
            };
            if at > 0 && self.printer.format == Format::Json {
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
        let document = self.printer.document("node", &Node::Element(self.members(node)));
        let element = match self.printer.format {
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
    async fn a_list_that_was_cut_does_not_end_as_a_whole_one() {
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
