//! Who may fetch and push.

use crate::{
    client::{Client, tip},
    harness::{Request, Server, git, server::longhaul},
};

/// A server with tokens and the repositories `r` and `hidden`, and the secrets of an admin, a reader and a writer of `r`.
struct ServerWithTokens {
    server: Server,
    _tokens: tempfile::TempDir,
    admin: String,
    reader: String,
    writer: String,
}

fn new_token(file: &str, arguments: &[&str]) -> String {
    let mut command = longhaul();
    command.args(["token", "new"]).args(arguments).args(["--file", file]);
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl ServerWithTokens {
    fn start() -> Self {
        let tokens = tempfile::tempdir().unwrap();
        let file = tokens.path().join("tokens.toml");
        let file = file.to_str().unwrap();
        let admin = new_token(file, &["root", "--role", "admin"]);
        let reader = new_token(file, &["map", "--role", "reader", "--repository", "r"]);
        let writer = new_token(file, &["ci", "--role", "writer", "--repository", "r"]);
        let server = Server::start_with(&["--tokens", file]);
        let fixture = Self { server, _tokens: tokens, admin, reader, writer };
        for name in ["r", "hidden"] {
            let init = Request::new("PUT", &format!("/repos/{name}/init"));
            let init = init.header("Authorization", &format!("Bearer {}", fixture.admin));
            assert_eq!(fixture.server.send(init).status, 201);
        }
        let client = Client::new();
        client.clone_bare(&fixture.address(&fixture.admin, "r"), "seed");
        let tree = client.git(&["-C", "seed", "hash-object", "-t", "tree", "-w", "/dev/null"]);
        let commit = client.git(&["-C", "seed", "commit-tree", &tree, "-m", "first"]);
        client.git(&["-C", "seed", "push", "--quiet", "origin", &format!("{commit}:refs/heads/master")]);
        fixture
    }

    /// An address with a token in it; the user's name does not matter.
    fn address(&self, secret: &str, repository: &str) -> String {
        format!("http://anybody:{secret}@{}/repos/{repository}.git", self.server.address)
    }

    /// Stops it; tokens must not be in its log.
    fn stop(self) {
        let (_folder, status, log) = self.server.stop_and_read_log();
        assert!(status.success(), "{log}");
        for secret in [&self.admin, &self.reader, &self.writer] {
            assert!(!log.contains(secret.as_str()), "{log}");
        }
        assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
    }
}

#[test]
fn git_is_asked_for_a_token_and_gets_it_from_its_credential_helper() {
    let server = ServerWithTokens::start();
    let client = Client::new();
    let address = format!("http://{}/repos/r.git", server.server.address);
    let refused = client.failing_git(&["clone", &address, "none"]);
    assert!(refused.contains("could not read Username"), "{refused}");
    let refused = client.failing_git(&["clone", &server.address("wrong", "r"), "none"]);
    assert!(refused.contains("Authentication failed"), "{refused}");
    let unauthorized = server.server.get("/repos/r.git/info/refs?service=git-upload-pack");
    assert_eq!(unauthorized.status, 401);
    let mut challenges = unauthorized.headers.iter().filter(|(name, _)| name == "www-authenticate");
    assert!(challenges.any(|(_, value)| value.starts_with("Basic realm=")), "{unauthorized:?}");

    let helper =
        format!("credential.helper=!f() {{ echo username=jo; echo password={}; }}; f", server.reader);
    client.git(&["-c", &helper, "clone", "--quiet", "--bare", &address, "clone"]);
    server.stop();
}

#[test]
fn a_reader_fetches_and_a_writer_pushes() {
    let server = ServerWithTokens::start();
    let client = Client::new();
    client.clone_bare(&server.address(&server.reader, "r"), "clone");
    let commit = client.commit("clone", "master", &[("README.md", Some(b"x"))]);
    let what = format!("{commit}:master");
    let refused = client.failing_git(&["-C", "clone", "push", "origin", &what]);
    assert!(refused.contains("remote: Your token does not let you change this repository."), "{refused}");
    assert!(refused.contains("403"), "{refused}");
    // Nor without asking first.
    let request = Request::new("POST", "/repos/r.git/git-receive-pack")
        .body("application/x-git-receive-pack-request", b"0000".to_vec());
    let request = request.header("Authorization", &format!("Bearer {}", server.reader));
    assert_eq!(server.server.send(request).status, 403);

    let writer = server.address(&server.writer, "r");
    client.git(&["-C", "clone", "push", "--quiet", &writer, &what]);
    let repository = server.server.data("repos/r.git");
    assert_eq!(tip(&repository, "master"), commit);
    assert!(git(&repository, &["reflog", "--format=%gn", "master"]).starts_with("ci"));
    server.stop();
}

#[test]
fn a_hidden_repository_is_answered_as_a_missing_one() {
    let server = ServerWithTokens::start();
    for service in ["git-upload-pack", "git-receive-pack"] {
        let [hidden, missing] = ["hidden", "missing"].map(|name| {
            let target = format!("/repos/{name}.git/info/refs?service={service}");
            let request = Request::new("GET", &target);
            let answer =
                server.server.send(request.header("Authorization", &format!("Bearer {}", server.writer)));
            let headers: Vec<_> = answer.headers.iter().filter(|(name, _)| name != "date").cloned().collect();
            (answer.status, headers, answer.text())
        });
        assert_eq!((hidden.0, &hidden.2[..]), (404, "Repository not found.\n"));
        assert_eq!(hidden, missing);
    }
    server.stop();
}

#[test]
fn a_page_of_another_origin_may_not_push() {
    let server = crate::server(&[]);
    let request = Request::new("POST", "/repos/r.git/git-receive-pack")
        .body("application/x-git-receive-pack-request", b"0000".to_vec())
        .header("Origin", "http://evil.example");
    assert_eq!(server.send(request).status, 403);
    server.stop();
}
