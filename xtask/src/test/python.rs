//! Clients from PyPI that the tests run, in a virtual environment of their own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::project;

/// What is installed. A test that misses one says so, and how to get it.
const PACKAGES: [&str; 2] = ["OWSLib==0.35.0", "schemathesis==4.32.5"];

/// Where the tests look for the environment, below `target`.
const FOLDER: &str = "python-clients";

/// Installs the packages if they are missing. Without them the tests that need them are left out, and say so: not every machine
/// has Python or reaches PyPI.
pub fn install_clients() {
    let folder = project::root().join("target").join(FOLDER);
    if is_installed(&folder) {
        return;
    }
    println!("installing {} into {}", PACKAGES.join(" "), folder.display());
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    let installed =
        made && run(Command::new(python(&folder)).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES));
    if installed {
        // Written last, so that an installation that was interrupted is repeated.
        let _ = std::fs::write(folder.join("installed"), PACKAGES.join(" "));
    } else {
        println!(
            "!! python3 with venv and PyPI are needed for tests with clients from PyPI; these tests are LEFT OUT"
        );
    }
}

fn is_installed(folder: &Path) -> bool {
    std::fs::read_to_string(folder.join("installed")).is_ok_and(|installed| installed == PACKAGES.join(" "))
}

fn python(folder: &Path) -> PathBuf {
    folder.join("bin/python3")
}

fn run(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).status().is_ok_and(|status| status.success())
}
