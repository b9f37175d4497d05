//! Start, stop, settings and connections of the server.

#![allow(clippy::unwrap_used, reason = "tests may")]

mod harness;

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::{Output, Stdio},
};

use harness::{Request, Response, Server, git, server::longhaul};

fn fails(arguments: &[&str]) -> Output {
    let output = longhaul().arg("serve").args(arguments).stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    output
}

fn error_message(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn health_and_version_are_shown() {
    let server = Server::start();
    for path in ["/healthz", "/healthz/"] {
        let health = server.get(path);
        assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
    }
    let version = server.get("/version.json").json();
    assert_eq!(version["response"]["ProjectVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(server.get("/tasks").header("cache-control"), Some("no-store"));
    assert_eq!(server.get("/nothing.json").error(), "There is nothing here.");
    server.stop();
}

#[test]
fn the_response_to_head_is_that_to_get_without_its_body() {
    let server = Server::start();
    for path in ["/healthz", "/repos.json", "/tasks", "/tasks/7.json", "/metrics", "/nothing"] {
        // The first request of a route adds a line to the metrics.
        server.get(path);
        let got = server.get(path);
        let head = server.send(Request::new("HEAD", path));
        assert_eq!((head.status, head.body.len()), (got.status, 0), "{path}");
        assert_eq!(head.header("content-type"), got.header("content-type"), "{path}");
        let length: usize = head.header("content-length").unwrap().parse().unwrap();
        // What the metrics count goes on meanwhile.
        assert!(length.abs_diff(got.body.len()) < 10, "{path}: {length}");
    }
    server.stop();
}

#[test]
fn a_data_folder_serves_one_server_at_a_time() {
    let server = Server::start();
    let data = server.data("");
    let output = fails(&["--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
    assert!(
        error_message(&output).contains("another server uses the data folder"),
        "{}",
        error_message(&output)
    );
    assert_eq!(server.get("/repos").status, 200);
    let folder = server.stop();
    Server::start_in(folder, &[], |_| {}).stop();
}

#[test]
fn a_port_in_use_is_an_error() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let output = fails(&["--listen", &server.address.to_string(), "--data", folder.path().to_str().unwrap()]);
    assert!(error_message(&output).contains("listening on 127.0.0.1"), "{}", error_message(&output));
    server.stop();
}

#[test]
fn serving_others_needs_tokens_or_a_flag() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for exposed in [
        &["--listen", "0.0.0.0:0"][..],
        &["--listen", "127.0.0.1:0", "--public-url", "https://gis.example.org"],
        &["--listen", "127.0.0.1:0", "--trust-proxy"],
    ] {
        let error = error_message(&fails(&[exposed, &["--data", data.to_str().unwrap()]].concat()));
        assert!(error.contains("longhaul token new") && error.contains("--allow-anonymous"), "{error}");
        assert!(!data.exists());
    }
}

#[test]
fn sighup_without_tokens_changes_nothing() {
    let server = Server::start();
    server.signal("-HUP");
    server.init("r");
    server.signal("-HUP");
    assert_eq!(server.get("/repos/r").status, 200);
    server.stop();
}

#[cfg(unix)]
#[test]
fn others_cannot_read_the_data_folder_whatever_the_umask() {
    use std::{
        os::unix::fs::PermissionsExt as _,
        path::{Path, PathBuf},
    };
    fn modes(folder: &Path, found: &mut Vec<(PathBuf, bool, u32)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            // A symbolic link has no mode of its own. The only one is Git's hook, which is this program.
            if metadata.is_symlink() {
                assert_eq!(entry.file_name(), "pre-receive");
                continue;
            }
            found.push((entry.path(), metadata.is_dir(), metadata.permissions().mode() & 0o777));
            if metadata.is_dir() {
                modes(&entry.path(), found);
            }
        }
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for umask in ["000", "077"] {
        let folder = tempfile::tempdir().unwrap();
        // The server makes the folder anew.
        let script = format!("umask {umask}; rmdir '{}'; exec \"$@\"", folder.path().display());
        let server = Server::start_under(folder, &["sh", "-c", &script, "sh"]);
        server.init("r");
        let file =
            harness::Form::default().file("fileUpload", "p.gpkg", &harness::geopackage::points("p", &["a"]));
        server.import_to_the_end("r", file);
        assert_eq!(mode(&server.data("")), 0o750, "umask {umask}");
        let mut found = Vec::new();
        modes(&server.data(""), &mut found);
        assert!(found.len() > 10, "{found:?}");
        for (path, is_folder, mode) in found {
            // Packs may not be written by anybody, as in Git.
            let expected = if is_folder { &[0o750][..] } else { &[0o640, 0o440] };
            assert!(expected.contains(&mode), "umask {umask}: {} is {mode:o}", path.display());
        }
        server.stop();
    }
    let old = tempfile::tempdir().unwrap();
    std::fs::set_permissions(old.path(), std::fs::Permissions::from_mode(0o2775)).unwrap();
    let server = Server::start_in(old, &[], |_| {});
    assert_eq!(mode(&server.data("")), 0o770, "what the group may do is up to the owner");
    server.stop();
}

#[test]
fn a_graceful_stop_waits_for_running_requests() {
    let server = Server::start();
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = Request::new("PUT", "/repos/r/init")
        .header("Content-Type", "application/json")
        .header("Content-Length", "2")
        .header("Expect", "100-continue");
    stream.write_all(&request.head(server.address)).unwrap();
    let mut word = [0; 25];
    stream.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("-INT");
    stream.write_all(b"{}").unwrap();
    let answer = Response::read(stream);
    assert_eq!(answer.status, 201, "{}", answer.text());
    server.wait();
}

#[test]
fn a_flag_overrides_the_environment_which_overrides_the_file() {
    let start = |flag: bool, environment: bool| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, "default-branch = 'of-the-file'\nkeep = '1h'\n").unwrap();
        let arguments: &[&str] = if flag { &["--default-branch", "of-the-flag"] } else { &[] };
        let server = Server::start_in(folder, arguments, |command| {
            command.env("LONGHAUL_CONFIG", file);
            if environment {
                command.env("LONGHAUL_DEFAULT_BRANCH", "of-the-environment");
            }
        });
        server.init("r");
        let branch = git(&server.data("repos/r.git"), &["symbolic-ref", "--short", "HEAD"]);
        server.stop();
        branch
    };
    assert_eq!(start(false, false), "of-the-file");
    assert_eq!(start(false, true), "of-the-environment");
    assert_eq!(start(true, true), "of-the-flag");
}

#[test]
fn invalid_settings_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.toml");
    std::fs::write(&file, "lisen = '127.0.0.1:0'\n").unwrap();
    let output = fails(&["--config", file.to_str().unwrap()]);
    assert!(error_message(&output).contains("lisen"), "{}", error_message(&output));
    let output = longhaul().arg("serve").env("LONGHAUL_LOG", "longhaul=loud").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(error_message(&output).contains("LONGHAUL_LOG"), "{}", error_message(&output));
    for wrong in [["--keep", "soon"], ["--max-upload", "much"], ["--listen", "here"]] {
        let output = longhaul().arg("serve").args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn requests_for_other_host_names_are_refused() {
    let server = Server::start_with(&[
        "--allow-host",
        "maps.example.org",
        "--allow-anonymous",
        "--public-url",
        "https://public.example.org/l",
    ]);
    let status = |host: &str| server.send(Request::new("GET", "/repos").header("Host", host)).status;
    for ours in ["localhost", "127.0.0.1:9", "[::1]:8182", "Maps.Example.org", "public.example.org:443"] {
        assert_eq!(status(ours), 200, "{ours}");
    }
    for other in ["evil.example", "localhost.evil.example", "10.0.0.1", "", "maps.example.org.evil.example"] {
        assert_eq!(status(other), 403, "{other}");
    }
    for path in ["/tasks", "/healthz", "/version", "/nothing"] {
        let answer = server.send(Request::new("GET", path).header("Host", "evil.example"));
        assert_eq!(answer.status, 403, "{path}");
    }
    let two = Request::new("GET", "/repos").header("Host", "localhost").header("Host", "evil.example");
    assert_eq!(server.send(two).status, 400);
    let target = Request::new("GET", "http://evil.example/repos").header("Host", "localhost");
    assert_eq!(server.send(target).status, 403);
    server.init("r");
    assert!(server.get("/repos").text().contains("href=\"https://public.example.org/l/repos/r.xml\""));
    server.stop();
}

#[test]
fn headers_of_a_proxy_are_trusted_only_with_trust_proxy() {
    let forwarded = |host: &str| {
        Request::new("GET", "/repos.json")
            .header("X-Forwarded-Host", host)
            .header("X-Forwarded-Proto", "https")
    };
    let link = |server: &Server| {
        let answer = server.send(forwarded("maps.example.org"));
        answer.json()["repos"]["repo"][0]["href"].as_str().unwrap().to_owned()
    };
    let server = Server::start();
    server.init("r");
    assert_eq!(link(&server), format!("http://{}/repos/r.json", server.address));
    let folder = server.stop();
    let server = Server::start_in(
        folder,
        &["--trust-proxy", "--allow-anonymous", "--allow-host=maps.example.org"],
        |_| {},
    );
    assert_eq!(link(&server), "https://maps.example.org/repos/r.json");
    assert_eq!(server.send(forwarded("evil.example")).status, 403);
    server.stop();
}

#[test]
fn only_http_1_0_may_name_no_host() {
    let server = Server::start();
    let status = |head: &str| {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        Response::read(stream).status
    };
    assert_eq!(status("GET /repos HTTP/1.0\r\n\r\n"), 200);
    assert_eq!(status("GET /repos HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
    assert_eq!(status("GET http://localhost/repos HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
    server.stop();
}

#[test]
fn a_page_of_another_origin_changes_nothing() {
    let server = Server::start_with(&["--allow-origin", "https://maps.example.org:443"]);
    let foreign = |method: &str, target: &str| {
        Request::new(method, target)
            .header("Origin", "https://evil.example")
            .header("Sec-Fetch-Site", "cross-site")
    };
    server.init("r");
    let beginning = Request::new("PUT", "/repos/x/init").header("Origin", "http:");
    assert_eq!(server.send(beginning).status, 403);
    for (method, target) in [
        ("PUT", "/repos/x/init"),
        ("GET", "/repos/r/delete"),
        ("DELETE", "/repos/r?token=1"),
        ("POST", "/repos/r/rename?name=x"),
        ("POST", "/repos/r/import?format=gpkg"),
    ] {
        assert_eq!(server.send(foreign(method, target)).status, 403, "{method} {target}");
    }
    let read = server.send(foreign("GET", "/repos"));
    assert_eq!((read.status, read.header("access-control-allow-origin")), (200, None));
    let allowed = |method: &str| {
        Request::new(method, "/repos/x/init")
            .header("Origin", "https://maps.example.org")
            .header("Sec-Fetch-Site", "cross-site")
    };
    let asked = server.send(allowed("OPTIONS").header("Access-Control-Request-Method", "PUT"));
    assert_eq!(asked.header("access-control-allow-origin"), Some("https://maps.example.org"));
    assert!(asked.header("access-control-allow-methods").unwrap().contains("PUT"));
    let options = server.send(allowed("OPTIONS"));
    assert_eq!((options.status, options.header("allow")), (204, Some("PUT, OPTIONS")));
    assert_eq!(server.send(allowed("PUT")).status, 201);
    let plain = server.send(Request::new("PUT", "/repos/y/init").header("Sec-Fetch-Site", "same-origin"));
    assert_eq!(plain.status, 201);
    server.stop();
}

#[test]
fn hostile_paths_are_not_found() {
    let server = Server::start();
    let long = format!("/repos/{}/init", "a".repeat(101));
    for target in [
        "/repos/..%2f..%2fetc/init",
        "/repos/%2e%2e/init",
        "/repos/.hidden/init",
        "/repos/a%00b/init",
        "/repos/a%0d%0aX:%20y/init",
        "/repos/a%20b/init",
        "/repos/%ff/init",
        "/repos/a.git/init",
        "/repos//init",
        &long,
    ] {
        let answer = server.send(Request::new("PUT", target));
        assert_eq!(answer.status, 400, "{target}: {}", answer.text());
    }
    for target in ["/../etc/passwd", "/repos/../../etc/passwd", "//etc/passwd", "/repos/r/a/b/c", "/%2e%2e/x"]
    {
        let answer = server.get(target);
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
    }
    let strange = server.get("/repos/r/%3Cscript%3E%00.xml");
    assert_eq!(strange.status, 404);
    assert!(strange.text().contains("&lt;script&gt;"), "{}", strange.text());
    assert_eq!(strange.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(server.get(&format!("/repos?x={}", "y".repeat(200_000))).status / 100, 4);
    assert!(harness::names_in(&server.data("repos")).is_empty());
    server.stop();
}

#[test]
fn no_response_contains_a_path_of_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let repository = folder.path().join("repos/broken.git");
    std::fs::create_dir_all(&repository).unwrap();
    git(&repository, &["init", "--quiet", "--bare"]);
    std::fs::write(repository.join("config"), "[core\nnonsense").unwrap();
    let server = Server::start_in(folder, &[], |_| {});
    let path = server.data("").canonicalize().unwrap();
    let path = path.to_str().unwrap().trim_end_matches('/');
    for target in
        ["/repos", "/repos/broken", "/repos/broken/log", "/repos/broken/ls-tree", "/repos/broken/delete"]
    {
        let answer = server.get(target);
        assert!(!answer.text().contains(path), "{target}: {}", answer.text());
    }
    assert_eq!(
        server.get("/repos/broken/log.json").error(),
        "Something went wrong; the server's log says what."
    );
    let (_folder, status, log) = server.stop_and_read_log();
    assert!(status.success());
    assert!(log.contains("cannot open repository broken"), "{log}");
}
