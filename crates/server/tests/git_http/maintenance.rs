//! Maintenance of repositories by Git while the server runs.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::{
    address,
    client::{Client, tip},
    harness::{Form, geopackage, git, names_in},
    server,
};

/// The command of docs/operating.md.
const REPACK: [&str; 6] = ["-c", "pack.window=0", "repack", "-d", "-q", "--geometric=2"];

#[test]
fn packs_can_be_joined_while_imports_pushes_and_exports_run() {
    let documented = include_str!("../../../../docs/operating.md");
    assert!(documented.contains(&REPACK.join(" ")), "the documentation shows this command");
    let server = server(&[]);
    let repository = server.data("repos/r.git");
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    let is_over = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let maintaining = scope.spawn(|| {
            let mut rounds = 0;
            while !is_over.load(Relaxed) {
                git(&repository, &REPACK);
                git(&repository, &["gc", "--quiet"]);
                rounds += 1;
            }
            rounds
        });
        let pushing = scope.spawn(|| {
            for round in 0..8 {
                let name = format!("{round}.md");
                let commit = client.commit("clone", "master", &[(&name, Some(name.as_bytes()))]);
                let branch = format!("{commit}:refs/heads/push-{round}");
                client.git(&["-C", "clone", "push", "--quiet", "origin", &branch]);
            }
        });
        for round in 0..8 {
            let names: Vec<String> = (0..300).map(|row| format!("{row}-{}", row % (round + 2))).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let file = geopackage::points("points", &names);
            server.import_to_the_end("r", Form::default().file("fileUpload", "points.gpkg", &file));
            let export = server.get("/repos/r/export.json?format=csv&path=points");
            let export = server.ended(export.json()["task"]["id"].as_u64().unwrap());
            assert_eq!(export["result"]["features"], 300, "{export}");
        }
        pushing.join().unwrap();
        is_over.store(true, Relaxed);
        maintaining.join().unwrap()
    });
    assert!(rounds > 0);
    git(&repository, &REPACK);
    let packs = names_in(&repository.join("objects/pack"));
    let count = packs.iter().filter(|name| name.ends_with(".pack")).count();
    assert!(count <= 4, "{packs:?}");
    assert!(!packs.iter().any(|name| name.ends_with(".keep") || name.starts_with("tmp_")), "{packs:?}");
    assert_eq!(git(&repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    assert_eq!(git(&repository, &["rev-list", "--count", "master"]), "9");
    assert_eq!(git(&repository, &["branch", "--list", "push-*"]).lines().count(), 8);
    client.clone_bare(&address(&server), "again");
    assert_eq!(tip(&client.path("again"), "master"), tip(&repository, "master"));
    server.stop();
}
