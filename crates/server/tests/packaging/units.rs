//! The units of systemd.

use super::*;

/// The units in a folder, with the program under test.
fn units() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(packaging()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".service") || name.ends_with(".timer") {
            let unit = read(&name).replace("/usr/bin/longhaul", env!("CARGO_BIN_EXE_longhaul"));
            std::fs::write(folder.path().join(name), unit).unwrap();
        }
    }
    folder
}

#[test]
fn systemd_has_nothing_to_say_about_the_units() {
    let folder = units();
    let paths: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(paths.len(), 5);
    let verify = ["verify", "--man=no"];
    let Some(verified) = output(Command::new("systemd-analyze").args(verify).args(paths)) else { return };
    // The exit status is 0 for a key that is not known, too.
    assert_eq!((text(&verified.stderr).as_str(), verified.status.code()), ("", Some(0)));
}

#[test]
fn the_services_are_confined() {
    let folder = units();
    for name in ["longhaul.service", "longhaul-backup.service"] {
        let mut command = Command::new("systemd-analyze");
        // In tenths: an exposure of at most 2.0.
        command.args(["security", "--offline=true", "--threshold=20"]).arg(folder.path().join(name));
        let Some(rated) = output(&mut command) else { return };
        assert!(rated.status.success(), "{}{}", text(&rated.stdout), text(&rated.stderr));
    }
}
