use crate::{
    harness::{Form, Server, geopackage},
    program::{Done, client_of, run},
};

fn tasks(server: &Server, arguments: &[&str]) -> Done {
    run(client_of(server, &[&["tasks"], arguments].concat()))
}

/// A server with one task that finished and one that failed.
fn server_with_two() -> Server {
    let server = Server::start();
    server.init("city");
    let form = Form::default().file("fileUpload", "roads.gpkg", &geopackage::points("roads", &["a"]));
    server.import_to_the_end("city", form.clone());
    server.ended(server.import("city", form));
    server
}

#[test]
fn the_list_shows_every_task() {
    let server = Server::start();
    assert_eq!(tasks(&server, &[]).out, "The server has no tasks.\n");
    server.stop();

    let server = server_with_two();
    let done = tasks(&server, &[]);
    let lines: Vec<Vec<&str>> = done.out.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["ID", "STATUS", "REPOSITORY", "OWNER", "PROGRESS", "DESCRIPTION"]);
    assert_eq!(lines[1][..4], ["1", "FINISHED", "city", "commit"]);
    assert_eq!(lines[2][..7], ["2", "FAILED", "city", "Nothing", "to", "commit", "after"]);
    assert!(done.out.trim_end().ends_with("Importing GeoPackage database file."));
    assert_eq!(tasks(&server, &["list"]).out, done.out);
    assert_eq!(tasks(&server, &["list", "--json"]).json(), server.get("/tasks.json?verbose=true").json());
    let ids = |arguments: &[&str]| {
        let list = tasks(&server, &[&["list", "--json"], arguments].concat()).json();
        list["tasks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["task"]["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&["--status", "failed", "--repository", "city", "--since", "1h"]), [2]);
    assert_eq!(ids(&["--since", "2000-01-01T00:00:00Z"]), [1, 2]);
    assert_eq!(tasks(&server, &["list", "--repository", "town"]).out, "The server has no such tasks.\n");
    server.stop();
}

#[test]
fn a_task_is_shown_with_its_result_or_its_error() {
    let server = server_with_two();
    let commit = server.get("/tasks/1.json").json()["task"]["result"]["commit"]["id"].clone();
    let commit = commit.as_str().unwrap();
    let shown = tasks(&server, &["show", "1"]);
    assert!(
        shown.out.starts_with(
            "Task 1: FINISHED\nImporting GeoPackage database file.\nRepository: city\nSubmitted: "
        ),
        "{shown:?}"
    );
    assert!(shown.out.contains(commit));
    let shown = tasks(&server, &["show", "2"]);
    assert!(shown.out.ends_with(&format!("\nError:\n  Nothing to commit after {commit}\n")), "{shown:?}");
    assert_eq!(
        tasks(&server, &["show", "1", "--json"]).json(),
        server.get("/tasks/1.json?verbose=true").json()
    );
    server.stop();
}

#[test]
fn the_exit_status_of_watch_is_that_of_the_task() {
    let server = server_with_two();
    let watched = tasks(&server, &["watch", "1"]);
    assert_eq!(watched.status, Some(0));
    assert!(watched.out.starts_with("commit "), "{watched:?}");
    let watched = tasks(&server, &["watch", "2"]);
    assert_eq!((watched.status, watched.out.as_str()), (Some(1), ""));
    assert!(watched.err.starts_with("Task 2: FAILED\n  Nothing to commit after "), "{watched:?}");
    server.stop();
}

#[test]
fn an_ended_task_cannot_be_cancelled_and_can_be_pruned() {
    let server = server_with_two();
    let done = tasks(&server, &["cancel", "1"]);
    assert_eq!((done.status, done.out.as_str()), (Some(0), "Task 1 has ended already: FINISHED\n"));
    let done = tasks(&server, &["prune", "1"]);
    assert_eq!((done.status, done.out.as_str()), (Some(0), "Removed task 1; it was FINISHED\n"));
    for action in ["show", "watch", "cancel", "prune"] {
        let done = tasks(&server, &[action, "1"]);
        assert_eq!(
            (done.status, done.err.as_str()),
            (Some(1), "error: the server answered 404: Task not found: 1\n")
        );
    }
    server.stop();
}

#[test]
fn another_http_server_is_not_taken_for_longhaul() {
    let server = Server::start();
    // A folder of the server that a proxy might have, and this one has not.
    let done = run(client_of(&server, &["tasks", "--server", &format!("{}/maps", server.address)]));
    assert_eq!(done.status, Some(1));
    assert!(done.err.starts_with("error: the server answered 404: "), "{done:?}");
    let done = run(client_of(&server, &["tasks", "--server", "ftp://example.org"]));
    assert_eq!(done.status, Some(2));
    assert!(done.err.contains("'ftp://example.org' is not the address of a server"), "{done:?}");
    server.stop();
}
