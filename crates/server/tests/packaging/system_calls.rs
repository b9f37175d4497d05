//! The system calls of a server are those that its unit allows.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::PermissionsExt as _,
};

use super::*;
use crate::harness::{Form, Server, geopackage, git};

/// The system calls of each group, and the groups in it, as systemd knows them.
fn groups(listed: &str) -> BTreeMap<String, Vec<String>> {
    let mut groups = BTreeMap::<_, Vec<String>>::new();
    let mut group = String::new();
    for line in listed.lines() {
        let word = line.trim();
        match line.starts_with('@') {
            true => group = word.to_owned(),
            false if word.is_empty() || word.starts_with('#') => {}
            false => groups.entry(group.clone()).or_default().push(word.to_owned()),
        }
    }
    groups
}

fn calls_of(name: &str, groups: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let members = groups.get(name).unwrap_or_else(|| panic!("systemd does not know {name}")).iter();
    members
        .flat_map(|member| match member.starts_with('@') {
            true => calls_of(member, groups),
            false => BTreeSet::from([member.clone()]),
        })
        .collect()
}

/// What the lines `SystemCallFilter=` of the unit allow.
fn allowed(groups: &BTreeMap<String, Vec<String>>) -> BTreeSet<String> {
    let unit = read("longhaul.service");
    let mut allowed = BTreeSet::new();
    for filter in unit.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        match filter.strip_prefix('~') {
            None => allowed.extend(calls_of(filter, groups)),
            Some(denied) => {
                let denied = calls_of(denied, groups);
                allowed.retain(|call| !denied.contains(call));
            }
        }
    }
    allowed
}

/// The system calls of a server, and of Git under it, that runs as `nobody` with the umask of the unit.
fn used() -> Option<BTreeSet<String>> {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("longhaul");
    std::fs::copy(env!("CARGO_BIN_EXE_longhaul"), &program).unwrap();
    let open = |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    open(folder.path());
    open(&program);
    let counts = folder.path().join("counts");
    let script = format!("umask 0027; exec {} \"$@\"", program.display());
    let strace = ["strace", "-f", "-qq", "-c", "-U", "name", "-u", "nobody", "-o", counts.to_str().unwrap()];
    let command = [&strace[..], &["sh", "-c", &script]].concat();
    let data = tempfile::tempdir().unwrap();
    let owned = Command::new("chown").arg("nobody").arg(data.path()).status().unwrap();
    let traced = Command::new("strace").args(["-u", "nobody", "-o", "/dev/null", "true"]).output();
    if !owned.success() || !traced.is_ok_and(|traced| traced.status.success()) {
        println!("!! LEFT OUT: this needs root, and strace with the right to trace");
        return None;
    }
    let server = Server::start_under(data, &command);
    server.init("r");
    let names: Vec<_> = (0..100).map(|number| format!("a point {number}")).collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    let file = Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", &names));
    server.import_to_the_end("r", file);
    let export = server.get("/repos/r/export.json?format=gpkg").json()["task"]["id"].as_u64().unwrap();
    assert_eq!(server.ended(export)["status"], "FINISHED");
    assert_eq!(server.get("/repos/r/files/points.fgb").status, 200);
    git(folder.path(), &["clone", "-q", &format!("http://{}/repos/r.git", server.address)]);
    git(&folder.path().join("r"), &["commit", "-q", "--allow-empty", "-m", "empty"]);
    server.signal_child("-HUP");
    server.signal_child("-TERM");
    server.wait();
    let counts = std::fs::read_to_string(counts).unwrap();
    let names = counts.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('-'));
    Some(names.filter(|name| !matches!(*name, "syscall" | "total")).map(str::to_owned).collect())
}

#[test]
fn the_unit_allows_every_system_call_of_a_server() {
    let Some(listed) = output(Command::new("systemd-analyze").arg("syscall-filter")) else { return };
    let Some(used) = used() else { return };
    assert!(used.len() > 40, "{used:?}");
    let allowed = allowed(&groups(&text(&listed.stdout)));
    let denied: Vec<_> = used.difference(&allowed).collect();
    assert!(denied.is_empty(), "the unit denies {denied:?}");
}
