//! The file of tokens, and the command line.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use super::{Guarded, new_token, support::server::longhaul};

#[test]
fn with_tokens_it_may_listen_beyond_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    new_token(&["a", "--role", "admin", "--file", file.to_str().unwrap()]);
    let mut command = longhaul();
    command.args(["serve", "--listen", "0.0.0.0:0", "--tokens"]).arg(file);
    command.arg("--data").arg(folder.path().join("data")).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(line.starts_with("listening on http://0.0.0.0:"), "{line}");
}

#[test]
fn a_file_of_tokens_that_could_be_misread_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let file = file.to_str().unwrap();
    std::fs::write(file, "[[token]]\nname = 'a'\nsha256 = 'abc'\nrole = 'admin'\n").unwrap();
    for file in [file, "/nowhere/tokens.toml"] {
        let data = folder.path().join("data");
        let mut command = longhaul();
        command.args(["serve", "--listen", "127.0.0.1:0", "--tokens", file, "--data"]).arg(data);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert!(complaint.contains("reading the tokens in"), "{complaint}");
    }
}

#[test]
fn a_new_token_is_printed_once_with_what_belongs_into_the_file() {
    let printed = new_token(&["ci", "--role", "writer", "--repository", "city"]);
    let (secret, toml) = printed.split_once("\n\n").unwrap();
    assert!(secret.starts_with("longhaul_"), "{secret}");
    assert!(toml.starts_with("[[token]]\nname = \"ci\"\nsha256 = \""), "{toml}");
    assert!(toml.ends_with("role = \"writer\"\nrepositories = [\"city\"]\n"), "{toml}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let path = file.to_str().unwrap();
    new_token(&["a", "--role", "reader", "--file", path]);
    let before = std::fs::read_to_string(&file).unwrap();
    for refused in [
        &["a", "--role", "admin", "--file", path][..],
        &["b", "--role", "root", "--file", path],
        &["b", "--role", "admin", "--repository", "city", "--file", path],
        &["b", "--role", "reader", "--repository", "../city", "--file", path],
        &["", "--role", "reader", "--file", path],
    ] {
        let output = longhaul().args(["token", "new"]).args(refused).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    }
}

#[test]
fn the_command_line_shows_its_token() {
    let guarded = Guarded::start(&[]);
    let url = format!("http://{}", guarded.server.address);
    let tasks = |set_up: &dyn Fn(&mut Command)| {
        let mut command = longhaul();
        command.args(["tasks", "list", "--server", &url]).stdin(Stdio::null());
        set_up(&mut command);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, complaint) = tasks(&|_| {});
    assert_eq!(status, Some(1));
    assert!(complaint.contains("401: This server asks for a token."), "{complaint}");
    let secret = guarded.secret("map");
    let with_flag = |command: &mut Command| _ = command.args(["--token", secret]);
    assert_eq!(tasks(&with_flag).0, Some(0));
    let with_environment = |command: &mut Command| _ = command.env("LONGHAUL_TOKEN", secret);
    assert_eq!(tasks(&with_environment).0, Some(0));
    guarded.stop();
}
