//! Imports over HTTP.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
};

use harness::{Form, Request, Response, Server, geopackage, git, names_in};

fn post(target: &str, form: Form) -> Request {
    Request::new("POST", target).form(form)
}

fn file() -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &["a", "b"]))
}

/// A server with an empty repository `r`.
fn server(arguments: &[&str]) -> Server {
    let server = Server::start_with(arguments);
    server.init("r");
    server
}

/// Checks that a request made no task and left no file.
fn assert_nothing_is_left(server: &Server) {
    assert_eq!(server.get("/tasks.json").text(), r#"{"tasks":[]}"#);
    wait_for_uploads(server, 0);
}

/// Files are removed in the background after the response.
fn wait_for_uploads(server: &Server, count: usize) {
    while names_in(&server.data("uploads")).len() != count {
        std::thread::yield_now();
    }
}

#[test]
fn an_upload_becomes_a_commit_and_leaves_no_file() {
    let server = server(&[]);
    let form =
        file().text("message", "Two points").text("authorName", "Jo").text("authorEmail", "jo@example.org");
    let task = server.import_to_the_end("r", form);
    let commit = &task["result"]["commit"];
    let repository = server.data("repos/r.git");
    assert_eq!(git(&repository, &["rev-parse", "master"]), commit["id"].as_str().unwrap());
    assert_eq!(git(&repository, &["rev-parse", "master^{tree}"]), commit["tree"].as_str().unwrap());
    assert_eq!(git(&repository, &["log", "-1", "--format=%an <%ae> %B"]), "Jo <jo@example.org> Two points");
    assert_eq!(
        git(&repository, &["ls-tree", "-r", "--name-only", "master", "points/.table-dataset/feature"])
            .lines()
            .count(),
        2
    );
    assert_eq!(git(&repository, &["fsck", "--strict", "--full"]), "");
    wait_for_uploads(&server, 0);
    server.stop();
}

#[test]
fn ambiguous_parameters_are_refused() {
    let server = server(&[]);
    for (query, complaint) in [
        ("add=1", "add must be true or false."),
        ("lenient=yes", "lenient must be true or false."),
        ("lenient=1", "lenient must be true or false."),
        ("interchange=maybe", "interchange must be true or false."),
        ("root=a..b", "'a..b' is not a name for a branch"),
        ("dest=../x", "a layer cannot be kept as '../x': a part of it starts or ends with a dot"),
        ("alter=maybe", "alter must be true or false."),
        ("forceFeatureType=1", "forceFeatureType must be true or false."),
        ("priority=urgent", "priority must be low, normal or high."),
    ] {
        let answer = server.send(post(&format!("/repos/r/import.json?format=gpkg&{query}"), file()));
        assert_eq!((answer.status, answer.error().as_str()), (400, complaint));
    }
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn an_import_without_a_file_is_a_task_that_fails() {
    let server = server(&[]);
    let bare = || Request::new("POST", "/repos/r/import.json?format=gpkg");
    let in_another_field = Form::default().file("file", "points.gpkg", &vec![0; 1 << 20]);
    for request in [
        bare(),
        bare().form(Form::default().text("layer", "x")),
        bare().form(in_another_field),
        bare().body("text/plain", "a file?"),
    ] {
        let answer = server.send(request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let task = server.ended(answer.json()["task"]["id"].as_u64().unwrap());
        assert_eq!(task["status"], "FAILED");
        let message = "Request must specify one and only one fileUpload in the request body";
        assert_eq!(task["error"]["message"], message);
    }
    wait_for_uploads(&server, 0);
    server.stop();
}

/// With another column than [`geopackage::points`] makes.
fn file_of_another_schema() -> Form {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), geopackage::points("points", &["a", "c"])).unwrap();
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    connection.execute_batch("ALTER TABLE points ADD COLUMN height REAL").unwrap();
    drop(connection);
    Form::default().file("fileUpload", "points.gpkg", &std::fs::read(file.path()).unwrap())
}

#[test]
fn force_feature_type_means_what_it_means_in_geogig_or_is_refused() {
    let server = server(&[]);
    server.import_to_the_end("r", file().text("forceFeatureType", "false").text("alter", "FALSE"));
    let refused = |query: &str| {
        let answer =
            server.send(post(&format!("/repos/r/import.json?format=gpkg&{query}"), file_of_another_schema()));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        answer.error()
    };
    assert!(refused("alter=true").starts_with("alter=true is not supported by this server, "));
    assert!(refused("alter=true&add=true").starts_with("alter=true "));
    assert!(
        refused("forceFeatureType=True&add=true")
            .starts_with("forceFeatureType=true is not supported together with add=true")
    );
    let replaced = server.import_to_the_end("r", file_of_another_schema().text("forceFeatureType", "true"));
    let commit = replaced["result"]["commit"]["id"].as_str().unwrap();
    let schema = format!("{commit}:points/.table-dataset/meta/schema.json");
    assert!(git(&server.data("repos/r.git"), &["show", &schema]).contains("height"));
    server.stop();
}

#[test]
fn the_response_is_the_task_with_202_for_prefer_respond_async() {
    let server = server(&[]);
    let answer = server.send(post("/repos/r/import?format=gpkg", file()));
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/xml;charset=UTF-8")));
    assert!(answer.text().contains("<task><id>1</id>"), "{}", answer.text());
    assert!(answer.text().contains("<description>Importing GeoPackage database file.</description>"));
    let answer =
        server.send(post("/repos/r/import.json?format=gpkg", file()).header("Prefer", "respond-async"));
    assert_eq!(answer.status, 202);
    let location = format!("http://{}/tasks/2.json", server.address);
    assert_eq!(answer.header("location"), Some(location.as_str()));
    server.ended(1);
    server.ended(2);
    server.stop();
}

#[test]
fn with_prefer_wait_the_response_has_the_commit() {
    let server = server(&[]);
    let import = post("/repos/r/import.json?format=gpkg", file()).header("Prefer", "respond-async, wait=60");
    let answer = server.send(import);
    assert_eq!((answer.status, answer.header("preference-applied")), (200, Some("wait=60")));
    let task = answer.json()["task"].clone();
    assert_eq!(task["status"], "FINISHED");
    let commit = task["result"]["commit"]["id"].as_str().unwrap();
    assert_eq!(git(&server.data("repos/r.git"), &["rev-parse", "master"]), commit);
    server.stop();
}

#[test]
fn a_parameter_of_the_form_overrides_one_of_the_query() {
    let server = server(&[]);
    let form =
        file().text("format", "GPKG").text("root", "surveys/2026").text("dest", "places").text("add", "True");
    let answer =
        server.send(post("/repos/r/import.json?format=gpkg&dest=ignored&layer=points&unknown=1", form));
    let task = server.ended(answer.json()["task"]["id"].as_u64().unwrap());
    assert_eq!(task["status"], "FINISHED", "{task}");
    let trees = git(&server.data("repos/r.git"), &["ls-tree", "--name-only", "surveys/2026"]);
    assert_eq!(trees.lines().last(), Some("places"));
    server.stop();
}

#[test]
fn layers_are_named_or_excepted_by_repeated_parameters() {
    let server = server(&[]);
    let bytes = geopackage::with(
        &geopackage::points("a", &["x"]),
        "CREATE TABLE b(fid INTEGER PRIMARY KEY); CREATE TABLE c(fid INTEGER PRIMARY KEY);
         CREATE TABLE d(x, y, PRIMARY KEY(x, y)); INSERT INTO gpkg_contents(table_name, data_type) VALUES('d', 'attributes');",
    );
    let form = || Form::default().file("fileUpload", "f.gpkg", &bytes);
    let import = |query: &str, form: Form| {
        let answer = server.send(post(&format!("/repos/r/import.json?format=gpkg{query}"), form));
        server.ended(answer.json()["task"]["id"].as_u64().unwrap())
    };
    let layers = |branch: &str| {
        let names = git(&server.data("repos/r.git"), &["ls-tree", "-d", "--name-only", branch]);
        names.lines().collect::<Vec<_>>().join(" ")
    };
    let refused = import("", form());
    let message = refused["error"]["message"].as_str().unwrap();
    assert!(message.ends_with("; except=d imports the other layers, layer=d this one alone"), "{message}");
    assert_eq!(import("&except=d&root=one", form())["status"], "FINISHED");
    assert_eq!(layers("one"), "a b c");
    assert_eq!(import("&layer=c&layer=a&root=two", form())["status"], "FINISHED");
    assert_eq!(layers("two"), "a c");
    let parts = form().text("except", "d").text("except", "a").text("root", "three");
    assert_eq!(import("&except=ignored", parts)["status"], "FINISHED");
    assert_eq!(layers("three"), "b c");
    let unknown = import("&except=e", form());
    assert_eq!(unknown["error"]["message"], "f.gpkg has no layer \"e\" that could be excepted");
    server.stop();
}

#[test]
fn a_lenient_import_replaces_what_cannot_be_read_and_says_so() {
    let server = server(&[]);
    let bytes = geopackage::with(
        &geopackage::points("a", &["x", "y"]),
        "UPDATE a SET name = CAST(x'4DFC6E' AS TEXT), geom = x'00' WHERE fid = 2;",
    );
    let form = || Form::default().file("fileUpload", "f.gpkg", &bytes);
    let refused = server.ended(server.import("r", form()));
    assert!(refused["error"]["stackTrace"].as_str().unwrap().contains("with lenient=true"), "{refused}");
    let task = server.ended(server.import("r", form().text("lenient", "true").text("message", "Spring")));
    let expected = [
        "layer \"a\": column \"geom\": 1 value could not be read and became null, in row 2",
        "layer \"a\": column \"name\": 1 text was not UTF-8, and what was not was replaced, in row 2",
    ];
    assert_eq!(task["result"]["warning"], serde_json::json!(expected), "{task}");
    let message = git(&server.data("repos/r.git"), &["log", "-1", "--format=%B"]);
    assert_eq!(
        message.trim_end(),
        format!("Spring\n\nNot as in the source:\n * {}\n * {}", expected[0], expected[1])
    );
    server.stop();
}

#[test]
fn the_body_may_be_the_file_itself() {
    let server = server(&[]);
    let bytes = geopackage::points("points", &["a"]);
    let request = Request::new("POST", "/repos/r/import.json?format=gpkg")
        .body("application/geopackage+sqlite3", bytes);
    let task = server.ended(server.send(request).json()["task"]["id"].as_u64().unwrap());
    assert_eq!(task["status"], "FINISHED", "{task}");
    server.stop();
}

#[test]
fn a_repeated_import_has_nothing_to_commit() {
    let server = server(&[]);
    let first = server.import_to_the_end("r", file());
    let again = server.ended(server.import("r", file()));
    assert_eq!(again["status"], "FAILED");
    let head = first["result"]["commit"]["id"].as_str().unwrap();
    assert_eq!(again["error"]["message"], format!("Nothing to commit after {head}"));
    server.stop();
}

#[test]
fn a_file_that_is_not_a_geopackage_fails_and_commits_nothing() {
    let server = server(&[]);
    let task =
        server.ended(server.import("r", Form::default().file("fileUpload", "x/y\\noise.gpkg", &[7; 5000])));
    assert_eq!(task["status"], "FAILED");
    let error = task["error"].to_string();
    assert!(error.contains("noise.gpkg"), "{error}");
    assert!(!error.contains("uploads") && !error.contains("x/y"), "{error}");
    assert_eq!(git(&server.data("repos/r.git"), &["branch", "--all"]), "");
    wait_for_uploads(&server, 0);
    server.stop_and_read_log();
}

#[test]
fn unsupported_parameters_of_an_import_are_refused() {
    let server = server(&[]);
    let refused = |query: &str, form: Form| {
        let answer = server.send(post(&format!("/repos/r/import.json?{query}"), form));
        assert_eq!(answer.status, 400, "{}", answer.text());
        answer.error()
    };
    assert_eq!(refused("", file()), "missing required 'format' parameter");
    assert_eq!(refused("format=shp", file()), "Unsupported input format: 'shp'");
    assert_eq!(refused("format=shp", file().text("format", "gpkg")), "Unsupported input format: 'shp'");
    assert!(refused("format=gpkg&interchange=True", file()).contains("interchange"));
    let one = "Request must specify one and only one fileUpload in the request body";
    assert_eq!(refused("format=gpkg", file().file("fileUpload", "b.gpkg", b"x")), one);
    assert_eq!(
        refused("format=gpkg", file().text("message", &"x".repeat(20_000))),
        "The fields of the form hold more than 16384 bytes of text."
    );
    let cut = Request::new("POST", "/repos/r/import.json?format=gpkg")
        .body(&file().content_type(), file().unfinished());
    assert_eq!(
        server.send(cut).error(),
        "The body could not be read: the form ends before its last boundary."
    );
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn methods_commands_and_repositories_are_checked_in_this_order() {
    let server = server(&[]);
    let error_of =
        |answer: Response| (answer.status, answer.header("allow").map(str::to_owned), answer.error());
    let unsupported = "The request method is unsupported for this operation.".to_owned();
    for (method, target, allow) in [
        ("GET", "/repos/none/import.json", "POST, OPTIONS"),
        ("POST", "/repos/none/init.json", "PUT, OPTIONS"),
        ("DELETE", "/repos/none/log.json", "GET, HEAD, OPTIONS"),
        ("PUT", "/repos/none.json", "GET, HEAD, DELETE, OPTIONS"),
        ("POST", "/repos.json", "GET, HEAD, OPTIONS"),
    ] {
        let expected = (405, Some(allow.to_owned()), unsupported.clone());
        assert_eq!(error_of(server.send(Request::new(method, target))), expected, "{method} {target}");
    }
    for command in ["xyz", "osm/xyz", "postgis/export", "Add"] {
        let unknown = error_of(server.get(&format!("/repos/none/{command}.json")));
        assert_eq!(unknown, (404, None, format!("'{command}' is not a geogig command")));
    }
    for command in ["statistics", "postgis/import", "repo/manifest"] {
        let lacking = error_of(server.send(post(&format!("/repos/none/{command}.json"), file())));
        let text = format!("This server does not have GeoGig's command '{command}'.");
        assert_eq!(lacking, (501, None, text));
    }
    let transaction = error_of(server.get("/repos/r/beginTransaction.json")).2;
    assert!(
        transaction.ends_with("It has no transactions: each import is a commit of its own."),
        "{transaction}"
    );
    let none = error_of(server.send(post("/repos/none/import.json", file())));
    assert_eq!(none, (404, None, "Repository not found.".into()));
    let options = server.send(Request::new("OPTIONS", "/repos/r/import"));
    assert_eq!((options.status, options.header("allow")), (204, Some("POST, OPTIONS")));
    let head = server.send(Request::new("HEAD", "/repos/r"));
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn a_file_with_a_too_large_content_length_is_refused_before_it_is_read() {
    let server = server(&["--max-upload", "1MB"]);
    let request = Request::new("POST", "/repos/r/import.json?format=gpkg")
        .header("Content-Type", "multipart/form-data; boundary=b")
        .header("Content-Length", "20000000000")
        .header("Expect", "100-continue");
    let answer = server.send(request);
    assert_eq!((answer.status, answer.error().as_str()), (413, "The file is larger than 1000000 bytes."));
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn a_file_that_exceeds_the_limit_is_refused() {
    let server = server(&["--max-upload", "1MB"]);
    let form = Form::default().file("fileUpload", "a.gpkg", &[0; 1_000_001]);
    let answer = server.send(post("/repos/r/import.json?format=gpkg", form));
    assert_eq!((answer.status, answer.error().as_str()), (413, "The file is larger than 1000000 bytes."));
    assert_nothing_is_left(&server);
    let fits = Form::default().file("fileUpload", "a.gpkg", &[0; 1_000_000]);
    assert_eq!(server.send(post("/repos/r/import.json?format=gpkg", fits)).status, 200);
    server.stop_and_read_log();
}

#[test]
fn a_file_of_unknown_length_is_refused_once_it_is_too_large() {
    let server = server(&["--max-upload", "1MB"]);
    let request = Request::new("POST", "/repos/r/import.json?format=gpkg")
        .header("Content-Type", "application/octet-stream")
        .header("Transfer-Encoding", "chunked");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request.head(server.address)).unwrap();
    for _ in 0..40 {
        stream.write_all(b"8000\r\n").unwrap();
        stream.write_all(&[0; 0x8000]).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(Response::read(stream).status, 413);
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn a_body_that_cannot_be_read_is_refused_before_it_is() {
    let server = server(&[]);
    let import = || post("/repos/r/import.json?format=gpkg", file());
    for encoding in ["gzip", "identity, gzip", "br"] {
        let answer = server.send(import().header("Content-Encoding", encoding));
        let error = "The body must be sent as it is, without a Content-Encoding.";
        assert_eq!((answer.status, answer.error().as_str()), (415, error), "{encoding}");
        assert_eq!(answer.header("accept-encoding"), Some("identity"));
    }
    let json = Request::new("PUT", "/repos/s/init.json").body("application/json", "{}");
    assert_eq!(server.send(json.header("Content-Encoding", "deflate")).status, 415);
    for content_type in
        ["multipart/form-data", "Multipart/Form-Data; boundary=\"\"", "multipart/form-data; boundary"]
    {
        let answer = server.send(
            Request::new("POST", "/repos/r/import.json?format=gpkg").body(content_type, file().finish()),
        );
        let error = "The Content-Type of the form has no boundary, or one that is not legal.";
        assert_eq!((answer.status, answer.error().as_str()), (400, error), "{content_type}");
    }
    assert_nothing_is_left(&server);
    assert_eq!(server.send(import().header("Content-Encoding", "Identity")).status, 200);
    server.ended(1);
    server.stop();
}

#[test]
fn min_free_is_kept_free() {
    let server = server(&["--min-free", "1000000TiB"]);
    let answer = server.send(post("/repos/r/import.json?format=gpkg", file()));
    assert_eq!((answer.status, answer.error().as_str()), (507, "The server has no room for the file."));
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn an_interrupted_upload_leaves_no_file() {
    let server = server(&[]);
    let body = Form::default().file("fileUpload", "a.gpkg", &[0; 3_000_000]).finish();
    let request = Request::new("POST", "/repos/r/import?format=gpkg")
        .header("Content-Type", &Form::default().content_type())
        .header("Content-Length", &body.len().to_string());
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request.head(server.address)).unwrap();
    stream.write_all(&body[..2_000_000]).unwrap();
    wait_for_uploads(&server, 1);
    stream.shutdown(Shutdown::Both).unwrap();
    drop(stream);
    assert_nothing_is_left(&server);
    server.stop();
}

#[test]
fn a_client_that_sends_a_large_file_to_a_wrong_path_can_read_the_error() {
    let server = server(&[]);
    let large = Form::default().file("fileUpload", "a.gpkg", &vec![0; 30_000_000]);
    let answer = server.send(post("/repos/none/import.json?format=gpkg", large.clone()));
    assert_eq!((answer.status, answer.error().as_str()), (404, "Repository not found."));
    assert_eq!(server.send(post("/repos/r/log.json", large.clone())).status, 405);
    assert_eq!(server.send(post("/repos/.r/import", large.clone())).status, 400);
    assert_eq!(server.send(post("/repos/r/import?output_format=x", large.clone())).status, 400);
    let of_a_page = post("/repos/r/import", large.clone()).header("Origin", "https://evil.example");
    assert_eq!(server.send(of_a_page).status, 403);
    assert_eq!(server.send(post("/repos/r/import", large).header("Host", "evil.example")).status, 403);
    server.stop();
}

#[test]
fn an_upload_interrupted_by_a_stop_leaves_no_file() {
    let server = server(&[]);
    let request = Request::new("POST", "/repos/r/import?format=gpkg")
        .header("Content-Type", "application/octet-stream")
        .header("Content-Length", "1000000");
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request.head(server.address)).unwrap();
    stream.write_all(&[0; 500_000]).unwrap();
    wait_for_uploads(&server, 1);
    // Once for a graceful stop, again for one at once.
    server.signal("-TERM");
    let (folder, _, log) = server.stop_and_read_log();
    assert!(!log.contains("panicked"), "{log}");
    stream.read_to_end(&mut Vec::new()).ok();
    std::fs::write(folder.path().join("uploads/of-a-crash"), "").unwrap();
    let again = Server::start_in(folder, &[], |_| {});
    assert_eq!(names_in(&again.data("uploads")), [""; 0]);
    assert_eq!(again.get("/repos/r").status, 200);
    again.stop();
}
