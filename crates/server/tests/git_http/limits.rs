//! What is refused, and what is ended.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    address,
    client::{Client, tip},
    harness::{Request, Server, git, names_in},
    server,
};

const UPLOAD: &str = "application/x-git-upload-pack-request";
pub(crate) const RECEIVE: &str = "application/x-git-receive-pack-request";

/// A line of Git's protocol.
pub(crate) fn packet(line: &str) -> String {
    format!("{:04x}{line}", line.len() + 4)
}

/// A request for everything that `commit` needs; the client claims to have `haves` commits that nobody knows.
fn fetch_request(commit: &str, haves: usize) -> Vec<u8> {
    let mut body = packet(&format!("want {commit} side-band-64k ofs-delta no-progress\n")) + "0000";
    for number in 0..haves {
        body.push_str(&packet(&format!(
            "have {:040x}\n",
            (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1
        )));
    }
    (body + &packet("done\n")).into_bytes()
}

/// Compresses by the program `gzip`.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain");
    fs::write(&path, bytes).unwrap();
    Command::new("gzip").arg("--stdout").arg(&path).output().unwrap().stdout
}

/// Commits a file of random bytes to a repository of the server.
fn commit_random_file(repository: &Path, length: u64) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("random");
    let mut random = fs::File::open("/dev/urandom").unwrap().take(length);
    std::io::copy(&mut random, &mut fs::File::create(&path).unwrap()).unwrap();
    let blob = git(repository, &["hash-object", "-w", path.to_str().unwrap()]);
    git(repository, &["update-index", "--add", "--cacheinfo", &format!("100644,{blob},random")]);
    let tree = git(repository, &["write-tree"]);
    let commit = git(repository, &["commit-tree", &tree, "-p", "master", "-m", "random"]);
    git(repository, &["update-ref", "refs/heads/master", &commit]);
    commit
}

/// The processes of Git that work in a repository.
pub(crate) fn processes_in(repository: &Path) -> Vec<PathBuf> {
    let processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes
        .filter(|process| fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == repository))
        .collect()
}

#[test]
fn a_compressed_request_of_more_than_a_megabyte_is_answered() {
    let server = server(&[]);
    let plain = fetch_request(&tip(&server.data("repos/r.git"), "master"), 25_000);
    assert!(plain.len() > 1_200_000);
    for encoding in ["gzip", "x-gzip"] {
        let request = Request::new("POST", "/repos/r.git/git-upload-pack").body(UPLOAD, gzip(&plain));
        let answer = server.send(request.header("Content-Encoding", encoding));
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/x-git-upload-pack-result"));
        assert!(answer.body.windows(4).any(|bytes| bytes == b"PACK"));
    }
    let request = Request::new("POST", "/repos/r.git/git-upload-pack").body(UPLOAD, plain);
    assert_eq!(server.send(request.header("Content-Encoding", "br")).status, 415);
    let request = Request::new("POST", "/repos/r.git/git-upload-pack").body("text/plain", "0000");
    assert_eq!(server.send(request).status, 415);
    server.stop();
}

#[test]
fn the_processes_of_a_client_that_leaves_end() {
    let server = server(&[]);
    let repository = server.data("repos/r.git").canonicalize().unwrap();
    let commit = commit_random_file(&repository, 64 << 20);
    let request =
        Request::new("POST", "/repos/r.git/git-upload-pack").body(UPLOAD, fetch_request(&commit, 0));
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(&request.head(server.address)).unwrap();
    stream.write_all(&fetch_request(&commit, 0)).unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let running = processes_in(&repository);
    assert!(!running.is_empty());
    let limits = fs::read_to_string(running[0].join("limits")).unwrap();
    let memory = limits.lines().find(|line| line.starts_with("Max data size")).unwrap();
    assert!(memory.contains("1073741824"), "{memory}");
    let environment = fs::read(running[0].join("environ")).unwrap();
    let environment = String::from_utf8_lossy(&environment).into_owned();
    assert!(!environment.contains("HOME=") && !environment.contains("LONGHAUL"), "{environment}");
    drop(stream);
    while !processes_in(&repository).is_empty() {
        std::thread::yield_now();
    }
    server.stop();
}

#[test]
fn a_push_that_is_too_large_is_refused_and_leaves_nothing() {
    let server = server(&["--max-upload", "1MiB"]);
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    let mut random = vec![0; 4 << 20];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
    let commit = client.commit("clone", "master", &[("random", Some(&random))]);
    let before = tip(&server.data("repos/r.git"), "master");
    let refused = client.failing_git(&["-C", "clone", "push", "origin", &format!("{commit}:master")]);
    assert!(refused.contains("413"), "{refused}");
    assert_eq!(tip(&server.data("repos/r.git"), "master"), before);
    while !names_in(&server.data("uploads")).is_empty() {
        std::thread::yield_now();
    }
    server.stop();
}

#[test]
fn a_push_that_is_larger_once_it_is_unpacked_is_refused() {
    let server = server(&["--max-upload", "1MiB"]);
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    client.git(&["-C", "clone", "config", "core.compression", "0"]);
    let commit = client.commit("clone", "master", &[("zeros", Some(&vec![0; 4 << 20]))]);
    let old = tip(&server.data("repos/r.git"), "master");
    let mut pack = client.command(&["-C", "clone", "pack-objects", "--revs", "--stdout", "--quiet"]);
    let mut pack = pack.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    write!(pack.stdin.take().unwrap(), "{commit}\n^{old}\n").unwrap();
    let pack = pack.wait_with_output().unwrap().stdout;
    assert!(pack.len() > 4 << 20);
    let mut body =
        packet(&format!("{old} {commit} refs/heads/master\0report-status side-band-64k")).into_bytes();
    body.extend(b"0000");
    body.extend(pack);
    let request = Request::new("POST", "/repos/r.git/git-receive-pack").body(RECEIVE, gzip(&body));
    let answer = server.send(request.header("Content-Encoding", "gzip"));
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(text.contains("pack exceeds maximum allowed size"), "{text}");
    assert_eq!(tip(&server.data("repos/r.git"), "master"), old);
    server.stop();
}

#[test]
fn without_git_the_answer_says_so() {
    let nowhere = tempfile::tempdir().unwrap();
    let path = nowhere.path().to_owned();
    let server = Server::start_in(tempfile::tempdir().unwrap(), &[], |command| {
        command.env("PATH", path);
    });
    server.init("r");
    let answer = server.get("/repos/r.git/info/refs?service=git-upload-pack");
    assert_eq!(answer.status, 501);
    assert!(answer.text().starts_with("Git is not installed on this server"), "{}", answer.text());
    let client = Client::new();
    let refused = client.failing_git(&["clone", &address(&server), "clone"]);
    assert!(refused.contains("501"), "{refused}");
    server.stop();
}

#[test]
fn no_message_to_a_client_has_a_path_of_the_server() {
    let server = server(&[]);
    let repository = server.data("repos/r.git");
    let client = Client::new();
    client.clone_bare(&address(&server), "clone");
    let packs = repository.join("objects/pack");
    for name in names_in(&packs).iter().filter(|name| name.ends_with(".pack")) {
        let mut pack = fs::read(packs.join(name)).unwrap();
        let middle = pack.len() / 2;
        pack[middle..middle + 40].fill(0xff);
        fs::remove_file(packs.join(name)).unwrap();
        fs::write(packs.join(name), pack).unwrap();
    }
    let data = server.data("").to_str().unwrap().to_owned();
    let refused = client.failing_git(&["clone", "--bare", &address(&server), "again"]);
    assert!(!refused.contains(&data), "{refused}");
    let commit = client.commit("clone", "master", &[("README.md", Some(b"x"))]);
    let output =
        client.command(&["-C", "clone", "push", "origin", &format!("{commit}:other")]).output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains(&data), "{output:?}");
    let (_folder, status, log) = server.stop_and_read_log();
    assert!(status.success() && log.contains("wrote to its standard error"), "{log}");
}
