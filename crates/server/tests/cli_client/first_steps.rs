//! docs/first-steps.md: each command of the page is run, and prints what the page shows.

use std::{os::unix::fs::symlink, path::Path, process::Command};

use crate::harness::Server;

const PAGE: &str = include_str!("../../../../docs/first-steps.md");
/// The server of the page.
const ADDRESS: &str = "http://127.0.0.1:8182";
/// The command that the test does not run as it is.
const SERVE: &str = "longhaul serve ";

/// The commands of the page, each block with the lines that it prints.
fn steps() -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
    let mut steps = Vec::new();
    for block in PAGE.split("\n```").skip(1).step_by(2) {
        let (kind, lines) = block.split_once('\n').unwrap();
        let lines: Vec<&str> = lines.lines().collect();
        match kind {
            "sh" => steps.push((lines, Vec::new())),
            "text" => steps.last_mut().unwrap().1 = lines,
            other => panic!("what is a block of {other:?}?"),
        }
    }
    steps
}

#[test]
fn every_command_of_the_first_steps_prints_what_the_page_shows() {
    let server = Server::start();
    let url = format!("http://{}", server.address);
    let folder = tempfile::tempdir().unwrap();
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    symlink(project.join("fixtures"), folder.path().join("fixtures")).unwrap();
    let programs = folder.path().join("programs");
    std::fs::create_dir(&programs).unwrap();
    symlink(env!("CARGO_BIN_EXE_longhaul"), programs.join("longhaul")).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());

    let steps = steps();
    assert!(steps.len() > 8 && steps[0].0[0].starts_with(SERVE), "{steps:?}");
    for (commands, expected) in &steps[1..] {
        let script = commands.join("\n").replace(ADDRESS, &url);
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(format!("{{ {script}\n}} 2>&1")).current_dir(folder.path());
        shell.env("PATH", &path).env("LONGHAUL_SERVER", &url).env_remove("LONGHAUL_TOKEN");
        let output = shell.stdin(std::process::Stdio::null()).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut rest = printed.as_str();
        for line in expected {
            let line = line.trim_end_matches('…');
            let found = rest.find(line);
            let found =
                found.unwrap_or_else(|| panic!("no {line:?} in the output of {commands:?}:\n{printed}"));
            rest = &rest[found + line.len()..];
        }
        assert!(expected.is_empty() || !printed.contains("not found"), "{printed}");
    }
    server.stop();
}
