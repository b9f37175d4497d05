//! The parameters of a request for an import.

use crate::{
    assert_nothing_is_left, file,
    harness::{Form, Request, Response, geopackage, git},
    post, server,
};

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
