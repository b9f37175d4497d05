//! What pages show.

use sha2::{Digest as _, Sha256};

use crate::{
    harness::{Form, Server, geopackage},
    open, page, with_layer,
};

#[test]
fn pages_teach_the_next_step_where_there_is_nothing() {
    let server = Server::start();
    let start = page(&server, "/");
    assert!(start.contains("There is no repository yet") && start.contains("Make one below"), "{start}");
    assert!(page(&server, "/tasks").contains("They come with imports"));
    server.init("city");
    let repository = page(&server, "/repos/city");
    assert!(
        repository.contains("There are no layers yet.")
            && repository.contains("Nothing has been committed yet.")
    );
    assert_eq!(open(&server, "/repos/city/at/HEAD").status, 404);
    server.stop();
}

#[test]
fn a_commit_shows_old_and_new_values() {
    let (server, _) = with_layer(&["a", "b", "c"]);
    let file = Form::default().text("message", "Second").file(
        "fileUpload",
        "p.gpkg",
        &geopackage::points("p", &["a", "changed"]),
    );
    server.import_to_the_end("city", file);
    let commit = page(&server, "/repos/city/at/HEAD");
    for part in [
        "Second",
        "attributes",
        "<del class=\"text\">b</del>",
        "<ins class=\"text\">changed</ins>",
        "deleted",
    ] {
        assert!(commit.contains(part), "{part}: {commit}");
    }
    let feature = page(&server, "/repos/city/collections/p/items/2");
    assert!(feature.contains("changed") && feature.matches("As it was then").count() == 2, "{feature}");
    let old = page(&server, "/repos/city/at/HEAD~1/collections/p");
    assert!(old.contains("version HEAD~1") && old.contains("1 to 3 of 3"), "{old}");
    let repository = page(&server, "/repos/city");
    assert!(repository.contains("2 features") && repository.contains("EPSG:4326"), "{repository}");
    assert!(
        repository.contains(&format!("git clone http://{}/repos/city.git", server.address)),
        "{repository}"
    );
    server.stop();
}

#[test]
fn filters_of_tasks_combine_and_the_newest_come_first() {
    let (server, _) = with_layer(&["a"]);
    for _ in 0..60 {
        server.ended(server.import("city", Form::default()));
    }
    let failed = page(&server, "/tasks?status=FAILED&repository=city&kind=import-geopackage&owner=");
    let ids: Vec<u64> = failed
        .split("id=\"task-")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(ids, (12..=61).rev().collect::<Vec<_>>());
    let older = failed.split("href=\"/tasks?").find(|link| link.contains("below=12")).unwrap();
    let older = older.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let rest = page(&server, &format!("/tasks?{older}"));
    assert_eq!(rest.matches("id=\"task-").count(), 10, "{rest}");
    assert!(page(&server, "/tasks?status=FINISHED").contains("id=\"task-1\""));
    assert!(page(&server, "/tasks?repository=none").contains("No task matches."));
    server.stop();
}

#[test]
fn the_map_library_is_the_one_that_its_readme_names() {
    let readme = include_str!("../../static/openlayers/README.md");
    let library = include_bytes!("../../static/openlayers/openlayers.js");
    let hash: String = Sha256::digest(library).iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(readme.contains(&format!("SHA-256: `{hash}`")), "{hash}");
    let licences = include_str!("../../static/openlayers/LICENSES.txt");
    for part in ["ol 10.11.0", "rbush 4.0.1", "quickselect 3.0.0", "pbf 5.1.2"] {
        assert!(licences.contains(&format!("==== {part} ====")), "{part}");
    }
}
