//! Repositories over HTTP: creation, history, rename, deletion.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use harness::{Form, Request, Server, geopackage, git, names_in};
use serde_json::json;

fn put(target: &str) -> Request {
    Request::new("PUT", target)
}

#[test]
fn a_repository_is_created_shown_renamed_and_deleted() {
    let server = Server::start();
    assert_eq!(server.get("/repos.json").json(), json!({"repos": {"repo": []}}));
    let base = format!("http://{}", server.address);

    let made = server.send(put("/repos/r1/init.json"));
    assert_eq!(made.status, 201);
    let repo = json!({"name": "r1", "href": format!("{base}/repos/r1.json")});
    assert_eq!(made.json(), json!({"response": {"success": true, "repo": repo}}));
    let again = server.send(put("/repos/r1/init.json"));
    assert_eq!(
        (again.status, again.error().as_str()),
        (409, "Cannot run init on an already initialized repository.")
    );

    assert_eq!(server.get("/repos/?output_format=JSON").json(), json!({"repos": {"repo": [repo]}}));
    let shown = server.get("/repos/r1.json");
    let known = format!(r#"{{"repository":{{"name":"r1","location":"{base}/repos/r1"}},"links":["#);
    assert!(shown.text().starts_with(&known), "links come after what clients of GeoGig know");
    let relations: Vec<_> =
        shown.json()["links"].as_array().unwrap().iter().map(|link| link["rel"].clone()).collect();
    assert_eq!(relations, ["self", "service-desc", "conformance", "data"]);

    let renamed = server.send(Request::new("POST", "/repos/r1/rename.json?name=r2"));
    assert_eq!((renamed.status, renamed.header("location")), (301, None));
    assert_eq!(renamed.json()["response"]["repo"]["href"], format!("{base}/repos/r2.json"));
    let gone = server.get("/repos/r1");
    assert_eq!(
        (gone.status, gone.header("content-type"), gone.text().as_str()),
        (404, Some("text/plain;charset=UTF-8"), "not found")
    );

    let token = server.get("/repos/r2/delete.json").json()["response"]["token"].as_str().unwrap().to_owned();
    let deleted =
        server.send(Request::new("DELETE", &format!("/repos/r2/?token={token}&output_format=json")));
    assert_eq!((deleted.status, deleted.json()), (200, json!({"deleted": "r2"})));
    assert!(names_in(&server.data("repos")).is_empty());
    // tasks of the server itself are hidden.
    assert_eq!(server.get("/tasks.json").json(), json!({"tasks": []}));
    server.stop();
}

#[test]
fn the_default_format_is_xml() {
    let server = Server::start();
    server.init("r1");
    let list = server.get("/repos");
    assert_eq!(list.header("content-type"), Some("application/xml;charset=UTF-8"));
    let link = format!(
        "<atom:link xmlns:atom=\"http://www.w3.org/2005/Atom\" rel=\"alternate\" href=\"http://{}/repos/r1.xml\" type=\"application/xml\"/>",
        server.address
    );
    let expected = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><repos><repo><name>r1</name>{link}</repo></repos>"
    );
    assert_eq!(list.text(), expected);
    let json = server.send(Request::new("GET", "/repos").header("Accept", "application/json"));
    assert_eq!(json.header("content-type"), Some("application/json"));
    let unknown = server.get("/repos?output_format=xyz");
    assert_eq!((unknown.status, unknown.text().as_str()), (400, "Invalid output_format 'xyz' requested"));
    server.stop();
}

#[test]
fn init_takes_the_identity_of_the_committer() {
    let server = Server::start();
    let json = r#"{"authorName": "Jo", "authorEmail": "jo@example.org", "parentDirectory": "/etc"}"#;
    let xml = "<params><authorName>Jo</authorName><authorEmail>jo@example.org</authorEmail></params>";
    let form = "authorName=Jo&authorEmail=jo%40example.org";
    let types =
        [("application/json", json), ("application/xml", xml), ("application/x-www-form-urlencoded", form)];
    for (at, (content_type, body)) in types.into_iter().enumerate() {
        let made = server.send(put(&format!("/repos/r{at}/init")).body(content_type, body));
        assert_eq!(made.status, 201, "{}", made.text());
        let repository = server.data(&format!("repos/r{at}.git"));
        assert_eq!(git(&repository, &["config", "user.email"]), "jo@example.org");
    }
    let wrong = server.send(put("/repos/bad/init").body("application/xml", json));
    assert_eq!(wrong.status, 400);
    assert_eq!(server.get("/repos/bad").status, 404);
    let odd = server.send(put("/repos/odd/init").body("text/plain", "dummy"));
    assert_eq!(odd.status, 201, "a body of no type that we know does not count");
    let huge = server.send(put("/repos/bad/init").body("application/json", vec![b' '; 100_000]));
    assert_eq!(huge.status, 413);
    server.stop();
}

#[test]
fn a_deletion_needs_the_right_token_once() {
    let server = Server::start();
    server.init("r");
    server.init("other");
    let delete = |target: &str| {
        let answer = server.send(Request::new("DELETE", target));
        (answer.status, answer.error())
    };
    let token = |name: &str| {
        server.get(&format!("/repos/{name}/delete.json")).json()["response"]["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(delete("/repos/none.json?token=1"), (404, "No repository to delete.".into()));
    assert_eq!(
        delete("/repos/r.json"),
        (400, "You must specify the correct token to delete a repository.".into())
    );
    let expired = (400, "The specified token does not exist or has expired.".to_owned());
    assert_eq!(delete("/repos/r.json?token=0"), expired);
    assert_eq!(delete(&format!("/repos/r.json?token={}", token("other"))), expired);
    assert_eq!(server.get("/repos/r").status, 200);
    server.stop();
}

#[test]
fn every_command_refuses_every_transaction() {
    let server = Server::start();
    server.init("r");
    for (method, command) in [
        ("GET", "log"),
        ("GET", "ls-tree"),
        ("GET", "delete"),
        ("PUT", "init"),
        ("POST", "rename"),
        ("POST", "import"),
        ("GET", "osm/import"),
        ("POST", "osm/download"),
        ("DELETE", ""),
    ] {
        let target = format!("/repos/r/{command}");
        let target = format!(
            "{}.json?name=s&transactionId=b6f3edb5-c831-4bfb-9e82-e7c0f1f8ed96",
            target.trim_end_matches('/')
        );
        let answer = server.send(Request::new(method, &target));
        let expected = (400, "A transaction with the provided ID could not be found.");
        assert_eq!((answer.status, answer.error().as_str()), expected, "{method} {target}");
    }
    let in_the_body = put("/repos/s/init.json").body("application/json", r#"{"transactionId": "x"}"#);
    assert_eq!(server.send(in_the_body).status, 400);
    assert_eq!(names_in(&server.data("repos")), ["r.git"]);
    server.stop();
}

#[test]
fn an_empty_repository_has_an_empty_tree_at_head_and_its_branch() {
    let server = Server::start_with(&["--default-branch", "main"]);
    server.init("r");
    let list = |path: &str| server.get(&format!("/repos/r/ls-tree.json?path={path}"));
    for path in ["", "HEAD", "main", "refs/heads/main", "HEAD:", "main:"] {
        let answer = list(path);
        assert_eq!(
            (answer.status, answer.json()),
            (200, json!({"response": {"success": true, "node": []}})),
            "{path}"
        );
    }
    for (path, error) in [
        ("HEAD:roads", "no layer or feature at 'HEAD:roads'"),
        ("roads", "no layer or feature at 'roads'"),
        ("master:", "Object not found 'master'"),
        ("HEAD~1:", "Object not found 'HEAD~1'"),
    ] {
        let answer = list(path);
        assert_eq!((answer.status, answer.error().as_str()), (400, error), "{path}");
    }
    server.stop();
}

#[test]
fn an_invalid_rename_is_refused() {
    let server = Server::start();
    server.init("a");
    server.init("b");
    let rename = |target: &str| {
        let answer = server.send(Request::new("POST", target));
        (answer.status, answer.error())
    };
    assert_eq!(
        rename("/repos/a/rename.json?name=b"),
        (400, "A repository with that name already exists.".into())
    );
    assert_eq!(rename("/repos/a/rename.json?name=a").0, 400);
    assert_eq!(rename("/repos/a/rename.json?name=..%2Fb").0, 400);
    assert_eq!(rename("/repos/a/rename.json"), (500, "Required parameter 'name' was not provided.".into()));
    assert_eq!(rename("/repos/none/rename.json?name=c"), (404, "Repository not found.".into()));
    server.stop();
}

#[test]
fn a_repository_copied_into_the_folder_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repos/by-hand");
    std::fs::create_dir_all(&repository).unwrap();
    git(&repository, &["init", "--quiet", "--bare", "--initial-branch=main"]);
    let tree = git(&repository, &["hash-object", "-t", "tree", "-w", "/dev/null"]);
    let commit = git(&repository, &["commit-tree", &tree, "-m", "first"]);
    git(&repository, &["update-ref", "refs/heads/main", &commit]);
    let server = Server::start_in(folder, &[], |_| {});
    let log = server.get("/repos/by-hand/log.json").json();
    assert_eq!(log["response"]["commit"][0]["id"], commit);
    assert_eq!(log["response"]["commit"][0]["message"], "first\n");
    server.stop();
}

#[test]
fn a_delete_waits_for_the_import_before_it() {
    let server = Server::start();
    server.init("r");
    let token = server.get("/repos/r/delete.json").json()["response"]["token"].as_str().unwrap().to_owned();
    let names = vec!["x"; 20_000];
    let id =
        server.import("r", Form::default().file("fileUpload", "p.gpkg", &geopackage::points("p", &names)));
    let deleted = server.send(Request::new("DELETE", &format!("/repos/r?token={token}")));
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    let task = server.ended(id);
    assert_eq!(task["status"], "FINISHED", "{task}");
    assert!(names_in(&server.data("repos")).is_empty());
    server.stop();
}

#[test]
fn the_history_comes_in_pages() {
    let server = Server::start();
    server.init("r");
    let mut commits = Vec::new();
    for names in [vec!["a"], vec!["a", "b"], vec!["c"]] {
        let form = Form::default().file("fileUpload", "p.gpkg", &geopackage::points("points", &names));
        commits.push(server.import_to_the_end("r", form)["result"]["commit"].clone());
    }
    commits.reverse();
    let log = |query: &str| server.get(&format!("/repos/r/log.json?{query}")).json()["response"].clone();
    assert_eq!(log(""), json!({"success": true, "commit": commits}));
    assert_eq!(log("show=2"), json!({"success": true, "commit": commits[..2], "nextPage": true}));
    assert_eq!(log("show=2&page=1"), json!({"success": true, "commit": commits[2..]}));
    assert_eq!(log("show=2&page=2"), json!({"success": true, "commit": []}));
    assert_eq!(log("limit=2&offset=1"), json!({"success": true, "commit": commits[1..]}));
    assert_eq!(log(&format!("until={}", commits[1]["id"].as_str().unwrap()))["commit"], json!(commits[1..]));
    assert_eq!(log("since=master~1")["commit"], json!(commits[..1]));
    assert_eq!(log("path=points/2")["commit"], json!(commits[..2]));
    let range = json!({"success": true, "untilCommit": commits[0], "commit": [], "sinceCommit": commits[2], "numCommits": 3});
    assert_eq!(log("returnRange=True"), range);
    for (query, status, error) in [
        ("until=nope", 400, "Object not found 'nope'"),
        ("show=x", 400, "show must be a number."),
        ("summary=true", 400, "summary is not supported by this server."),
    ] {
        let answer = server.get(&format!("/repos/r/log.json?{query}"));
        assert_eq!((answer.status, answer.error().as_str()), (status, error));
    }
    server.stop();
}

#[test]
fn the_tree_lists_layers_and_features() {
    let server = Server::start();
    server.init("r");
    let list = |query: &str| server.get(&format!("/repos/r/ls-tree.json?{query}")).json();
    assert_eq!(list(""), json!({"response": {"success": true, "node": []}}));
    let names: Vec<String> = (0..3000).map(|number| number.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for layer in ["roads", "lakes & ponds"] {
        let file = geopackage::points(layer, &names);
        server.import_to_the_end("r", Form::default().file("fileUpload", "p.gpkg", &file));
    }
    let layers = json!([{"path": "lakes & ponds"}, {"path": "roads"}]);
    assert_eq!(list("")["response"]["node"], layers);
    assert_eq!(list("path=master")["response"]["node"], layers);
    let features = list("recursive=true&path=HEAD:roads")["response"]["node"].as_array().unwrap().clone();
    assert_eq!(features.len(), 3000);
    assert!(features.contains(&json!({"path": "roads/2999"})));

    let repository = server.data("repos/r.git");
    let of = |path: &str| git(&repository, &["rev-parse", &format!("HEAD:{path}")]);
    let verbose = json!([{
        "path": "roads/1",
        "metadataId": of("roads/.table-dataset/meta/schema.json"),
        "type": "feature",
        "objectId": of("roads/.table-dataset/feature/A/A/A/A/kQE="),
    }]);
    assert_eq!(list("verbose=true&path=roads/1")["response"]["node"], verbose);
    let xml = server.get("/repos/r/ls-tree").text();
    let expected = "<response><success>true</success><node><path>lakes &amp; ponds</path></node><node><path>roads</path></node></response>";
    assert_eq!(xml, format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{expected}"));
    assert_eq!(server.get("/repos/r/ls-tree.json?path=nope").status, 400);
    assert_eq!(server.get("/repos/r/ls-tree.json?path=nope:roads").error(), "Object not found 'nope'");
    server.stop();
}
