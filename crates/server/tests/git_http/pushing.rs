//! Pushes.

use std::path::Path;

use crate::{
    address,
    client::{Client, tip},
    harness::{Server, git, names_in},
    import, server,
};

/// A server and a bare clone of its repository `r`.
fn cloned() -> (Server, Client) {
    let server = server(&[]);
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    (server, client)
}

fn push(client: &Client, what: &str) {
    client.git(&["-C", "clone", "push", "--quiet", "origin", what]);
}

fn refused_push(client: &Client, what: &str) -> String {
    client.failing_git(&["-C", "clone", "push", "origin", what])
}

#[test]
fn a_push_is_seen_at_once_and_leaves_no_file() {
    let (server, client) = cloned();
    let commit = client.commit("clone", "master", &[("README.md", Some(b"Points of the city"))]);
    push(&client, &format!("{commit}:master"));
    let repository = server.data("repos/r.git");
    assert_eq!(tip(&repository, "master"), commit);
    let log = server.get("/repos/r/log.json").text();
    assert!(log.contains(&commit), "{log}");
    import(&server, &["a", "b", "c"]);
    assert_eq!(git(&repository, &["rev-parse", "master~1"]), commit, "the import is on top of it");
    assert_eq!(git(&repository, &["fsck", "--strict", "--full"]), "");
    assert_eq!(names_in(&server.data("uploads")), [""; 0]);
    assert!(!repository.join("objects/info/alternates").exists());
    assert!(git(&repository, &["reflog", "master"]).contains("push"));
    server.stop();
}

#[test]
fn a_new_repository_is_filled_by_a_push() {
    let (server, client) = cloned();
    server.init("copy");
    let copy = format!("http://{}/repos/copy.git", server.address);
    client.git(&["-C", "clone", "push", "--quiet", &copy, "master", "master:refs/tags/first"]);
    assert_eq!(tip(&server.data("repos/copy.git"), "first"), tip(&server.data("repos/r.git"), "master"));
    assert!(server.get("/repos/copy/ls-tree.json").text().contains("points"));
    server.stop();
}

#[test]
fn a_push_that_would_lose_commits_is_refused_unless_the_repository_allows_it() {
    let (server, client) = cloned();
    let commit = client.commit("clone", "master", &[("README.md", Some(b"one"))]);
    let other = client.commit("clone", "master", &[("README.md", Some(b"two"))]);
    push(&client, &format!("{commit}:master"));
    assert!(refused_push(&client, &format!("{other}:master")).contains("rejected"));
    let forced = refused_push(&client, &format!("+{other}:master"));
    assert!(forced.contains("denying non-fast-forward"), "{forced}");
    let repository = server.data("repos/r.git");
    assert_eq!(tip(&repository, "master"), commit);
    git(&repository, &["config", "receive.denyNonFastForwards", "false"]);
    push(&client, &format!("+{other}:master"));
    assert_eq!(tip(&repository, "master"), other);
    server.stop();
}

#[test]
fn a_push_with_a_layer_that_cannot_be_read_is_refused_with_a_reason() {
    let (server, client) = cloned();
    let schema = "points/.table-dataset/meta/schema.json";
    let before = tip(&server.data("repos/r.git"), "master");
    let broken = client.commit("clone", "master", &[(schema, Some(b"[{]"))]);
    // The layer is whole again in the last commit.
    let whole = client.git(&["-C", "clone", "cat-file", "blob", &format!("master:{schema}")]);
    let mended = client.commit("clone", &broken, &[(schema, Some(whole.as_bytes()))]);
    for commit in [&broken, &mended] {
        let refused = refused_push(&client, &format!("{commit}:master"));
        let reason = format!(
            "the push was refused: commit {}: layer 'points': schema.json of the dataset is malformed",
            &broken[..10]
        );
        assert!(refused.contains(&reason), "{refused}");
        assert!(refused.contains("pre-receive hook declined"), "{refused}");
    }
    let repository = server.data("repos/r.git");
    assert_eq!(tip(&repository, "master"), before);
    assert_eq!(git(&repository, &["count-objects", "-v"]).lines().next().unwrap(), "count: 0");
    assert!(!names_in(&repository.join("objects")).iter().any(|name| name.contains("incoming")));
    server.stop();
}

#[test]
fn hooks_and_programs_that_a_repository_names_never_run() {
    let (server, client) = cloned();
    let repository = server.data("repos/r.git");
    let witness = client.path("witness");
    std::fs::create_dir(repository.join("hooks")).unwrap();
    let script = format!("#!/bin/sh\necho $0 >> '{}'\n", witness.display());
    let hooks =
        ["pre-receive", "update", "post-receive", "post-update", "reference-transaction", "proc-receive"];
    for hook in hooks {
        make_program(&repository.join("hooks").join(hook), &script);
    }
    let program = client.path("program");
    make_program(&program, &script);
    let program = program.to_str().unwrap();
    for setting in
        ["core.alternateRefsCommand", "uploadpack.packObjectsHook", "core.fsmonitor", "core.sshCommand"]
    {
        git(&repository, &["config", setting, program]);
    }
    git(&repository, &["config", "core.hooksPath", repository.join("hooks").to_str().unwrap()]);
    git(&repository, &["config", "gc.auto", "1"]);
    let commit = client.commit("clone", "master", &[("README.md", Some(b"x"))]);
    push(&client, &format!("{commit}:master"));
    client.clone_bare(&address(&server), "again");
    assert!(!witness.exists(), "{}", std::fs::read_to_string(&witness).unwrap());
    server.stop();
}

fn make_program(path: &Path, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn of_two_pushes_to_one_branch_one_wins_and_the_other_is_told() {
    let (server, client) = cloned();
    client.clone_bare(&address(&server), "other");
    let commit = client.commit("clone", "master", &[("README.md", Some(b"one"))]);
    let rival = client.commit("other", "master", &[("README.md", Some(b"two"))]);
    let repository = server.data("repos/r.git");
    let (one, two) = std::thread::scope(|scope| {
        let push = |clone: &'static str, what: String| {
            client.command(&["-C", clone, "push", "--quiet", "origin", &what]).output().unwrap()
        };
        let one = scope.spawn({
            let what = format!("{commit}:master");
            move || push("clone", what)
        });
        let two = scope.spawn({
            let what = format!("{rival}:master");
            move || push("other", what)
        });
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_ne!(one.status.success(), two.status.success(), "{one:?} {two:?}");
    let winner = if one.status.success() { &commit } else { &rival };
    assert_eq!(&tip(&repository, "master"), winner);
    server.stop();
}

#[test]
fn pushes_and_imports_at_once_lose_nothing() {
    let (server, client) = cloned();
    client.clone_bare(&address(&server), "other");
    let repository = server.data("repos/r.git");
    let push_until_it_succeeds = |clone: &str, round: usize| {
        let content = format!("{clone} {round}");
        let name = format!("{clone}.md");
        loop {
            client.git(&["-C", clone, "fetch", "--quiet", "origin", "+master:master"]);
            let commit = client.commit(clone, "master", &[(&name, Some(content.as_bytes()))]);
            let what = format!("{commit}:master");
            let output = client.command(&["-C", clone, "push", "origin", &what]).output().unwrap();
            if output.status.success() {
                return commit;
            }
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(told.contains("rejected"), "{told}");
        }
    };
    for round in 0..5 {
        let names: Vec<String> = (0..=round).map(|name| format!("{name}-{round}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let commits = std::thread::scope(|scope| {
            let one = scope.spawn(|| push_until_it_succeeds("clone", round));
            let other = scope.spawn(|| push_until_it_succeeds("other", round));
            import(&server, &names);
            [one.join().unwrap(), other.join().unwrap()]
        });
        for commit in &commits {
            git(&repository, &["merge-base", "--is-ancestor", commit, "master"]);
        }
    }
    let imports = git(&repository, &["log", "--oneline", "--format=%s", "master", "--", "points"]);
    assert_eq!(imports.lines().count(), 6, "{imports}");
    assert_eq!(git(&repository, &["rev-list", "--count", "master"]), "16");
    // The objects of pushes that came too late are there, too.
    assert_eq!(git(&repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    server.stop();
}
