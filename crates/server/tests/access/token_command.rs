//! The file of tokens, and `longhaul token`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::{ServerWithTokens, harness::server::longhaul, new_token};

#[test]
fn with_tokens_the_server_listens_on_a_network_address() {
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
fn an_invalid_file_of_tokens_is_an_error_at_the_start() {
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
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains("reading the tokens in"), "{error}");
    }
}

#[test]
fn a_new_token_is_printed_with_its_entry_for_the_file() {
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

#[cfg(unix)]
#[test]
fn a_new_file_of_tokens_can_be_read_by_the_group_of_its_folder() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = tempfile::tempdir().unwrap();
    let is_root = std::fs::metadata(folder.path()).unwrap().uid() == 0;
    if is_root {
        std::os::unix::fs::chown(folder.path(), None, Some(12345)).unwrap();
    }
    let file = folder.path().join("tokens.toml");
    let script = "umask 077; exec \"$0\" token new a --role admin --file \"$1\"";
    let made =
        Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_longhaul")]).arg(&file).output().unwrap();
    assert!(made.status.success());
    let metadata = std::fs::metadata(&file).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o640);
    assert_eq!(metadata.gid(), std::fs::metadata(folder.path()).unwrap().gid());
    let said = String::from_utf8(made.stderr).unwrap();
    assert!(said.contains(&format!("and the group {}", metadata.gid())), "{said}");
}

#[test]
fn tokens_are_listed_and_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.toml");
    let path = file.to_str().unwrap();
    new_token(&["a", "--role", "admin", "--file", path]);
    std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + "\n# the map on the web\n").unwrap();
    new_token(&["b", "--role", "reader", "--repository", "city", "--expires", "2099-01-31", "--file", path]);
    let run = |arguments: &[&str]| {
        let output = longhaul().arg("token").args(arguments).args(["--file", path]).output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (_, listed, _) = run(&["list"]);
    let words: Vec<Vec<_>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["a", "admin", "all", "repositories"]);
    assert_eq!(words[1], ["b", "reader", "city", "expires", "2099-01-31T00:00:00Z"]);
    let json: serde_json::Value = serde_json::from_str(&run(&["list", "--json"]).1).unwrap();
    assert_eq!(json[1]["repositories"][0], "city");
    assert!(!listed.contains("longhaul_") && !json.to_string().contains("sha256"));

    let (status, _, error) = run(&["revoke", "c"]);
    assert!(status == Some(1) && error.contains("has no token 'c'"), "{error}");
    assert_eq!(run(&["revoke", "a"]).0, Some(0));
    let rest = std::fs::read_to_string(&file).unwrap();
    assert!(
        rest.contains("# the map on the web")
            && rest.contains("name = \"b\"")
            && !rest.contains("name = \"a\""),
        "{rest}"
    );
    let (status, _, error) = run(&["revoke", "b"]);
    assert!(status == Some(1) && error.contains("the only token"), "{error}");
    let past = longhaul()
        .args(["token", "new", "d", "--role", "reader", "--expires", "2020-01-01"])
        .output()
        .unwrap();
    assert!(!past.status.success() && past.stdout.is_empty());
}

#[test]
fn the_command_line_sends_its_token() {
    let fixture = ServerWithTokens::start(&[]);
    let url = format!("http://{}", fixture.server.address);
    let tasks = |set_up: &dyn Fn(&mut Command)| {
        let mut command = longhaul();
        command.args(["tasks", "list", "--server", &url]).stdin(Stdio::null());
        set_up(&mut command);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (status, error) = tasks(&|_| {});
    assert_eq!(status, Some(1));
    assert!(error.contains("401: This server asks for a token."), "{error}");
    let secret = fixture.secret("map");
    let with_flag = |command: &mut Command| _ = command.args(["--token", secret]);
    assert_eq!(tasks(&with_flag).0, Some(0));
    let with_environment = |command: &mut Command| _ = command.env("LONGHAUL_TOKEN", secret);
    assert_eq!(tasks(&with_environment).0, Some(0));
    fixture.stop();
}
