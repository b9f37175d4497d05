//! Configuration, and the documentation of all files.

use super::*;
use crate::harness::{Request, server::longhaul};

/// The settings with those that are comments, on a folder and a port of the test.
#[test]
fn a_server_starts_with_the_settings_and_those_that_are_comments() {
    let folder = tempfile::tempdir().unwrap();
    let shown = folder.path().display().to_string();
    let made = longhaul()
        .args(["token", "new", "jo", "--role", "admin", "--file"])
        .arg(folder.path().join("tokens.toml"))
        .output()
        .unwrap();
    assert!(made.status.success());
    let settings = read("config.toml")
        .replace("/var/lib/longhaul", &format!("{shown}/data"))
        .replace("/etc/longhaul", &shown)
        .replace("127.0.0.1:8182", "127.0.0.1:0");
    let is_setting = |line: &str| {
        line.strip_prefix('#').is_some_and(|rest| rest.contains(" = ") && !rest.starts_with(' '))
    };
    let all: Vec<_> = settings.lines().map(|line| if is_setting(line) { &line[1..] } else { line }).collect();
    assert!(all.len() > 10 && all.iter().any(|line| line.starts_with("public-url")));
    let file = folder.path().join("config.toml");
    std::fs::write(&file, all.join("\n")).unwrap();
    let mut command = longhaul();
    command.args(["serve", "--config"]).arg(&file);
    let (address, mut process) = crate::harness::server::started(command);
    let answer = Request::new("GET", "/version").header("Host", "gis.example.org").send(address);
    assert_eq!(answer.status, 401);
    process.kill().unwrap();
    process.wait().unwrap();
}

#[test]
fn the_example_of_tokens_is_read() {
    let listed = longhaul()
        .args(["token", "list", "--file"])
        .arg(packaging().join("tokens.example.toml"))
        .output()
        .unwrap();
    let (out, error) = (text(&listed.stdout), text(&listed.stderr));
    assert!(listed.status.success() && out.contains("jo") && out.contains("city"), "{out}{error}");
}

#[test]
fn the_documentation_names_every_file_and_copies_none() {
    let docs = packaging().join("../docs");
    let page = std::fs::read_to_string(docs.join("operating.md")).unwrap();
    for entry in std::fs::read_dir(packaging()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            page.contains(&format!("(../packaging/{name})")),
            "docs/operating.md does not link to {name}"
        );
    }
    for link in page.split("(../packaging/").skip(1) {
        let name = link.split(')').next().unwrap();
        assert!(packaging().join(name).exists(), "there is no packaging/{name}");
    }
    for copied in ["```nginx", "```ini"] {
        assert!(!page.contains(copied), "docs/operating.md has a copy of a file");
    }
}
