//! nginx with TLS.

use super::*;
use crate::harness::{
    Server, geopackage,
    nginx::{Nginx, free_address},
    server::longhaul,
};

#[test]
fn the_command_line_works_through_nginx_with_tls() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    let new =
        longhaul().args(["token", "new", "jo", "--role", "admin", "--file"]).arg(&tokens).output().unwrap();
    let token = text(&new.stdout).trim().to_owned();
    let file = folder.path().join("points.gpkg");
    std::fs::write(&file, geopackage::points("points", &["a", "b"])).unwrap();

    let address = free_address();
    let url = format!("https://localhost:{}", address.port());
    let server =
        Server::start_with(&["--tokens", tokens.to_str().unwrap(), "--public-url", &url, "--trust-proxy"]);
    let Some(nginx) = Nginx::with_tls(address, server.address) else { return };
    let run = |arguments: &[&str], token: Option<&str>, trusts: bool| {
        let mut command = longhaul();
        command.args(arguments).args(["--server", &url]).envs(token.map(|token| ("LONGHAUL_TOKEN", token)));
        if trusts {
            command.env("SSL_CERT_FILE", nginx.certificate());
        }
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let import =
        ["import", "--repo", "city", file.to_str().unwrap(), "--create", "--json", "--retry-for", "0s"];

    let (status, _, error) = run(&import, Some(&token), false);
    assert!(status != Some(0) && error.contains("certificate"), "{error}");
    for (token, text) in [(None, "401"), (Some("wrong"), "401")] {
        let (status, _, error) = run(&import, token, true);
        assert!(status != Some(0) && error.contains(text), "{error}");
    }
    let (status, task, error) = run(&import, Some(&token), true);
    assert_eq!(status, Some(0), "{error}");
    assert!(task.contains(&format!("{url}/tasks/")), "links are those of the public address: {task}");
    let (status, log, _) = run(&["log", "city"], Some(&token), true);
    assert!(status == Some(0) && log.starts_with("commit "), "{log}");
}
