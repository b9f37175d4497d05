//! Pushes that do not come to their end.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use crate::{
    address,
    client::{Client, tip},
    harness::{Request, Server, git, names_in},
    limits::{RECEIVE, packet, processes_in},
    server,
};

/// A commit with a large file, which is not on the server yet.
fn large_commit(client: &Client, length: u64) -> String {
    let mut random = Vec::new();
    fs::File::open("/dev/urandom").unwrap().take(length).read_to_end(&mut random).unwrap();
    client.commit("clone", "master", &[("random", Some(&random))])
}

/// The body of a request that pushes `commit` to the branch `master`, which stands at `old`.
fn push_body(client: &Client, old: &str, commit: &str) -> Vec<u8> {
    let mut pack = client.command(&["-C", "clone", "pack-objects", "--revs", "--stdout", "--quiet"]);
    let mut pack = pack.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    write!(pack.stdin.take().unwrap(), "{commit}\n^{old}\n").unwrap();
    let pack = pack.wait_with_output().unwrap().stdout;
    let mut body =
        packet(&format!("{old} {commit} refs/heads/master\0report-status side-band-64k")).into_bytes();
    body.extend(b"0000");
    body.extend(pack);
    body
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::yield_now();
    }
}

fn assert_clean(repository: &Path) {
    assert_eq!(git(repository, &["fsck", "--strict", "--full", "--no-dangling"]), "");
    let objects = names_in(&repository.join("objects"));
    assert!(!objects.iter().any(|name| name.contains("incoming")), "{objects:?}");
}

#[test]
fn a_push_that_is_cut_off_in_the_middle_changes_nothing() {
    let server = server(&[]);
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    let repository = server.data("repos/r.git").canonicalize().unwrap();
    let old = tip(&repository, "master");
    let body = push_body(&client, &old, &large_commit(&client, 2 << 20));
    let half = body.len() / 2;

    // The client closes the connection.
    let request = Request::new("POST", "/repos/r.git/git-receive-pack").body(RECEIVE, body.clone());
    let mut connection = TcpStream::connect(server.address).unwrap();
    connection.write_all(&request.head(server.address)).unwrap();
    connection.write_all(&body[..half]).unwrap();
    wait_until("the server receives the push", || !names_in(&server.data("uploads")).is_empty());
    drop(connection);
    wait_until("what was received is removed", || names_in(&server.data("uploads")).is_empty());

    // The request is whole, and the pack is not.
    let request = Request::new("POST", "/repos/r.git/git-receive-pack").body(RECEIVE, &body[..half]);
    let answer = String::from_utf8_lossy(&server.send(request).body).into_owned();
    assert!(answer.contains("unpack "), "{answer}");
    assert!(answer.contains("ng refs/heads/master"), "{answer}");

    assert_eq!(tip(&repository, "master"), old);
    wait_until("no process of Git is left", || processes_in(&repository).is_empty());
    assert_clean(&repository);
    server.stop();
}

#[test]
fn a_push_is_whole_or_nothing_when_the_server_is_killed_at_any_moment_of_it() {
    let mut server = server(&[]);
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    let repository = server.data("repos/r.git").canonicalize().unwrap();
    let is_incoming = || names_in(&repository.join("objects")).iter().any(|name| name.contains("incoming"));
    let uploads = server.data("uploads");
    let moments: [(&str, &dyn Fn() -> bool); 3] = [
        ("the server receives the push", &|| !names_in(&uploads).is_empty()),
        ("Git reads the push", &is_incoming),
        ("the branch is being moved", &|| {
            repository.join("refs/heads/master.lock").exists() || !is_incoming()
        }),
    ];
    for (what, has_come) in moments {
        let old = tip(&repository, "master");
        let commit = large_commit(&client, 8 << 20);
        let url = address(&server);
        let push = format!("{commit}:refs/heads/pushed-{}", &commit[..8]);
        let mut pushing = client.command(&["-C", "clone", "push", "--quiet", &url, &push]);
        let mut pushing = pushing.stderr(Stdio::null()).spawn().unwrap();
        wait_until(what, has_come);
        let (folder, _log) = server.kill_and_read_log();
        pushing.wait().unwrap();
        server = Server::start_in(folder, &[], |_| {});
        assert_eq!(names_in(&uploads), [""; 0], "{what}");
        // A process of Git may complete the push, or give up.
        wait_until("no process of Git is left", || processes_in(&repository).is_empty());
        assert_clean(&repository);
        let url = address(&server);
        client.git(&["-C", "clone", "push", "--quiet", &url, &push]);
        assert_eq!(tip(&repository, &format!("pushed-{}", &commit[..8])), commit, "{what}");
        assert_eq!(tip(&repository, "master"), old);
        assert_clean(&repository);
    }
    server.stop();
}
