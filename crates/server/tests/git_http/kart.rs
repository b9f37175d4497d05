//! Repositories that Kart made, pushed and cloned over HTTP.

use std::{path::Path, process::Command};

use crate::{
    client::Client,
    harness::{Request, Server},
};

/// Repositories with layers of each kind of key, two versions, several reference systems and files beside layers.
const NAMES: [&str; 6] =
    ["points", "points-with-attached-files", "string-pks", "custom_crs", "types", "meta-updates"];

#[test]
fn a_repository_made_by_kart_is_pushed_read_and_cloned_again() {
    let golden =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/kart-golden/kart-made-repos");
    if !golden.exists() {
        eprintln!("left out: ../shared/data/kart-golden is not there");
        return;
    }
    let server = Server::start();
    let client = Client::new();
    for name in NAMES {
        let unpacked = client.path(name);
        std::fs::create_dir(&unpacked).unwrap();
        let archive = golden.join(format!("{name}.tgz"));
        let tar = Command::new("tar")
            .args(["--no-same-owner", "-xzf"])
            .arg(archive)
            .arg("-C")
            .arg(&unpacked)
            .status();
        assert!(tar.unwrap().success());
        let working_copy = std::fs::read_dir(&unpacked).unwrap().next().unwrap().unwrap().path();
        let git_dir = working_copy.join(".kart").to_str().unwrap().to_owned();
        let golden =
            Command::new("gzip").arg("-dc").arg(golden.join(format!("{name}.diff.jsonl.gz"))).output();
        let golden = String::from_utf8(golden.unwrap().stdout).unwrap();

        let url = |repository: &str| format!("http://{}/repos/{repository}.git", server.address);
        server.init(name);
        // Its hook would run Kart for Git LFS.
        client.git(&[
            "--git-dir",
            &git_dir,
            "push",
            "--quiet",
            "--no-verify",
            &url(name),
            "HEAD:refs/heads/master",
        ]);
        assert_eq!(differences(&server, name), golden, "{name}");

        // A push is checked for what Kart needs, so the clone is a repository that Kart can read.
        let (clone, copy) = (format!("{name}.clone"), format!("{name}-copy"));
        client.clone_bare(&url(name), &clone);
        assert_eq!(client.git(&["-C", &clone, "fsck", "--strict", "--full"]), "");
        server.init(&copy);
        client.git(&["-C", &clone, "push", "--quiet", &url(&copy), "master"]);
        assert_eq!(differences(&server, &copy), golden, "{name}");
    }
    server.stop();
}

/// What Kart prints with `kart diff '[EMPTY]...HEAD' -o json-lines`.
fn differences(server: &Server, repository: &str) -> String {
    let target = format!("/repos/{repository}/diff?oldRefSpec=%5BEMPTY%5D");
    server.send(Request::new("GET", &target).header("Accept", "application/x-ndjson")).text()
}
