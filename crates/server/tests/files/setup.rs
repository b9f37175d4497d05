//! Servers with layers.

use crate::harness::{Form, Request, Response, Server, geopackage, git};

/// A server with a repository `r` with the layer `points`.
pub fn server(arguments: &[&str]) -> Server {
    let server = Server::start_with(arguments);
    server.init("r");
    import(&server, "points", &["a", "b"]);
    server
}

pub fn import(server: &Server, layer: &str, names: &[&str]) {
    let file = geopackage::points("points", names);
    let form = Form::default().file("fileUpload", "points.gpkg", &file).text("dest", layer);
    server.import_to_the_end("r", form.text("layer", "points"));
}

/// Imports a layer of so many points on a line, one degree from each other in x.
pub fn import_many(server: &Server, count: usize) {
    let names: Vec<String> = (0..count).map(|at| format!("the point with the number {at}")).collect();
    import(server, "points", &names.iter().map(String::as_str).collect::<Vec<_>>());
}

/// The commit of the branch.
pub fn commit(server: &Server) -> String {
    git(&server.data("repos/r.git"), &["rev-parse", "master"])
}

pub fn get_with(server: &Server, target: &str, headers: &[(&str, &str)]) -> Response {
    let request = Request::new("GET", target);
    server.send(headers.iter().fold(request, |request, (name, value)| request.header(name, value)))
}

/// A number of `/metrics`.
pub fn metric(server: &Server, name: &str) -> u64 {
    let text = server.get("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a metric of this name");
    line.trim().parse().unwrap()
}

/// The SHA-256 of bytes, as an entity tag.
pub fn tag(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    format!("\"{}\"", digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
