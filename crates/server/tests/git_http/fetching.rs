//! Clones and fetches.

use crate::{
    address,
    client::{Client, tip},
    harness::{Request, Server, git},
    import, server,
};

#[test]
fn a_clone_has_all_commits_and_a_fetch_brings_new_ones() {
    let server = server(&[]);
    let client = Client::new();
    for protocol in ["0", "1", "2"] {
        let version = format!("protocol.version={protocol}");
        client.git(&["-c", &version, "clone", "--quiet", "--bare", &address(&server), protocol]);
        assert_eq!(tip(&client.path(protocol), "master"), tip(&server.data("repos/r.git"), "master"));
        assert_eq!(client.git(&["-C", protocol, "fsck", "--strict", "--full"]), "");
    }
    import(&server, &["a", "b", "c"]);
    for protocol in ["0", "1", "2"] {
        let version = format!("protocol.version={protocol}");
        client.git(&["-C", protocol, "-c", &version, "fetch", "--quiet", "origin", "master:master"]);
        assert_eq!(tip(&client.path(protocol), "master"), tip(&server.data("repos/r.git"), "master"));
    }
    server.stop();
}

#[test]
fn an_empty_repository_can_be_cloned_and_names_its_first_branch() {
    let server = Server::start_with(&["--default-branch", "surveys"]);
    server.init("r");
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    assert_eq!(client.git(&["-C", "clone", "symbolic-ref", "HEAD"]), "refs/heads/surveys");
    server.stop();
}

#[test]
fn clones_can_be_shallow_and_partial() {
    let server = server(&[]);
    import(&server, &["a", "b", "c"]);
    let client = Client::new();
    client.git(&["clone", "--quiet", "--bare", "--depth=1", &address(&server), "shallow"]);
    assert_eq!(client.git(&["-C", "shallow", "rev-list", "--count", "master"]), "1");
    for protocol in ["0", "2"] {
        let version = format!("protocol.version={protocol}");
        let clone = format!("partial-{protocol}");
        let filter = "--filter=blob:none";
        client.git(&["-c", &version, "clone", "--quiet", "--bare", filter, &address(&server), &clone]);
        let missing = client.git(&["-C", &clone, "rev-list", "--objects", "--missing=print", "master"]);
        assert!(missing.lines().any(|line| line.starts_with('?')), "{missing}");
        let layout = "master:.kart.repostructure.version";
        assert_eq!(client.git(&["-C", &clone, "-c", &version, "cat-file", "blob", layout]), "3");
    }
    let sparse =
        client.git(&["-C", "partial-2", "rev-parse", "master:points/.table-dataset/meta/schema.json"]);
    let filter = format!("--filter=sparse:oid={sparse}");
    let refused = client.failing_git(&["clone", "--bare", &filter, &address(&server), "sparse"]);
    assert!(refused.contains("filter 'sparse:oid' not supported"), "{refused}");
    server.stop();
}

#[test]
fn the_files_of_a_repository_are_not_served() {
    let server = server(&[]);
    for path in [
        "HEAD",
        "config",
        "info/refs",
        "info/refs?service=git-upload-archive",
        "info/refs?service=upload-pack",
        "objects/info/packs",
        "objects/info/alternates",
        "objects/info/http-alternates",
        "git-upload-archive",
        "../r.git/HEAD",
    ] {
        let answer = server.get(&format!("/repos/r.git/{path}"));
        assert!((400..500).contains(&answer.status), "{path}: {} {}", answer.status, answer.text());
    }
    let head = server.send(Request::new("HEAD", "/repos/r.git/info/refs?service=git-upload-pack"));
    assert_eq!(head.status, 405);
    for path in ["r/info/refs?service=git-upload-pack", "none.git/info/refs?service=git-upload-pack"] {
        assert_eq!(server.get(&format!("/repos/{path}")).status, 404);
    }
    server.stop();
}

#[test]
fn hidden_refs_are_neither_shown_nor_changed() {
    let server = server(&[]);
    let repository = server.data("repos/r.git");
    git(&repository, &["update-ref", "refs/longhaul/internal", "master"]);
    git(&repository, &["config", "transfer.hideRefs", "!refs/longhaul"]);
    let client = Client::new();
    for protocol in ["0", "2"] {
        let version = format!("protocol.version={protocol}");
        let refs = client.git(&["-c", &version, "ls-remote", &address(&server)]);
        assert!(refs.contains("refs/heads/master") && !refs.contains("longhaul"), "{refs}");
    }
    client.clone_bare(&address(&server), "clone");
    for to in ["refs/longhaul/internal", "refs/longhaul/new"] {
        let refused = client.failing_git(&["-C", "clone", "push", "origin", &format!("+master:{to}")]);
        assert!(refused.contains("deny updating a hidden ref"), "{refused}");
    }
    server.stop();
}
