//! The import of every night.

use super::*;
use crate::harness::{Server, geopackage, server::longhaul};

#[test]
fn the_scheduled_import_succeeds_whether_or_not_there_is_something_to_commit() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roads.gpkg");
    std::fs::write(&file, geopackage::points("roads", &["a"])).unwrap();
    let unit = read("longhaul-import.service");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let command = command
        .replace("/usr/bin/longhaul", env!("CARGO_BIN_EXE_longhaul"))
        .replace("/srv/export/roads.gpkg", file.to_str().unwrap());
    let server = Server::start();
    server.init("city");
    for _ in 0..2 {
        let mut shell = Command::new("sh");
        // Without variables of this environment.
        for (name, _) in longhaul().get_envs() {
            shell.env_remove(name);
        }
        shell.args(["-c", &command]).env("LONGHAUL_SERVER", format!("http://{}", server.address));
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    let log = server.get("/repos/city/log.json").json();
    assert_eq!(log["response"]["commit"].as_array().unwrap().len(), 1);
    assert_eq!(log["response"]["commit"][0]["message"], "Nightly export");
    server.stop();
}
