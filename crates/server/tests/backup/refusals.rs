//! What is neither backed up nor restored.

use std::fs;

use super::*;

fn refusal(arguments: &[&str], paths: [&Path; 2]) -> String {
    let output = run(arguments, paths);
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn folders_that_hold_something_else_are_left_alone() {
    let (server, to) = start();
    let data = server.data("");
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("a letter"), "").unwrap();
    let said = refusal(&["backup"], [other.path(), &data]);
    assert!(said.contains("neither empty nor a backup"), "{said}");
    let said = refusal(&["backup"], [&data.join("inner"), &data]);
    assert!(said.contains("cannot be in the data folder"), "{said}");
    let said = refusal(&["backup"], [to.path(), other.path()]);
    assert!(said.contains("is not the data folder"), "{said}");

    back_up(&server, to.path());
    let said = refusal(&["restore"], [to.path(), &data]);
    assert!(said.contains("is not empty"), "{said}");
    let said = refusal(&["restore"], [other.path(), &other.path().join("new")]);
    assert!(said.contains("is not a backup"), "{said}");
    assert!(!other.path().join("new").exists());
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    server.stop();
}

#[test]
fn a_backup_that_was_never_completed_is_not_restored() {
    let (server, to) = start();
    back_up(&server, to.path());
    fs::write(to.path().join("backup.json"), r#"{"format":1,"version":"0.1.0","completed":null}"#).unwrap();
    let said = refusal(&["restore"], [to.path(), &to.path().with_extension("new")]);
    assert!(said.contains("was never completed"), "{said}");
    fs::write(to.path().join("backup.json"), r#"{"format":2,"version":"9.0.0","completed":null}"#).unwrap();
    let said = refusal(&["restore"], [to.path(), &to.path().with_extension("new")]);
    assert!(said.contains("made by version 9.0.0"), "{said}");
    server.stop();
}

#[test]
fn a_server_does_not_start_on_a_restore_that_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("restoring"), "").unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", folder.path().to_str().unwrap()];
    let output = longhaul().args(serve).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("was not completed"), "{said}");
}
