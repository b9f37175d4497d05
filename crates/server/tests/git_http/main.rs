//! Git over HTTP, with the real Git as client and server.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod access;
mod client;
mod fetching;
mod interrupted;
mod kart;
mod limits;
mod maintenance;
mod proxy;
mod pushing;

use harness::{Form, Server, geopackage};

/// A server with the repository `r`, in which the layer `points` has one commit.
pub(crate) fn server(arguments: &[&str]) -> Server {
    let server = Server::start_with(arguments);
    server.init("r");
    import(&server, &["a", "b"]);
    server
}

pub(crate) fn import(server: &Server, names: &[&str]) {
    let file = Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", names));
    server.import_to_the_end("r", file);
}

/// The address of the repository `r`.
pub(crate) fn address(server: &Server) -> String {
    format!("http://{}/repos/r.git", server.address)
}
