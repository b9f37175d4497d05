//! Programs that the test run needs besides Rust: installed on Debian as root, reported elsewhere.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::project;

/// A program that must be on the PATH.
struct Prerequisite {
    program: &'static str,
    why: &'static str,
    debian: &'static str,
    homebrew: &'static str,
}

const PREREQUISITES: [Prerequisite; 10] = [
    Prerequisite {
        program: "git",
        why: "the tests read repositories with git",
        debian: "git",
        homebrew: "git",
    },
    Prerequisite {
        program: "cc",
        why: "SQLite is compiled from its C source",
        debian: "build-essential",
        homebrew: "gcc",
    },
    Prerequisite {
        program: "curl",
        why: "the tests run the documented curl commands",
        debian: "curl",
        homebrew: "curl",
    },
    Prerequisite {
        program: "gdal_edit.py",
        why: "the tests compare exported files with the originals, value by value, in Python with GDAL",
        debian: "python3-gdal",
        homebrew: "gdal",
    },
    Prerequisite {
        program: "ogr2ogr",
        why: "the tests compare with GDAL, and read exported files with it",
        debian: "gdal-bin",
        homebrew: "gdal",
    },
    Prerequisite {
        program: "nginx",
        why: "the tests run the server behind the documented proxy",
        debian: "nginx",
        homebrew: "nginx",
    },
    Prerequisite {
        program: "python3",
        why: "the tests upload files as Python's libraries do",
        debian: "python3-requests",
        homebrew: "python",
    },
    Prerequisite {
        program: "chromium",
        why: "the tests walk through the pages in a browser",
        debian: "chromium",
        homebrew: "chromium",
    },
    Prerequisite {
        program: "node",
        why: "the tests drive the browser with Playwright",
        debian: "nodejs",
        homebrew: "node",
    },
    Prerequisite {
        program: "npm",
        why: "the tests install Playwright and axe with it",
        debian: "npm",
        homebrew: "node",
    },
];

/// A program without which tests are left out, and say so.
struct Optional {
    program: &'static str,
    why: &'static str,
    debian: &'static str,
}

const OPTIONAL: [Optional; 6] = [
    Optional { program: "openssl", why: "the tests make a certificate for nginx", debian: "openssl" },
    Optional { program: "promtool", why: "the tests check the alerts and the metrics", debian: "prometheus" },
    Optional { program: "systemd-analyze", why: "the tests check the units of systemd", debian: "systemd" },
    Optional {
        program: "strace",
        why: "the tests look at system calls, and leave out syncs",
        debian: "strace",
    },
    Optional { program: "mkfs.ext4", why: "the tests cut the power of a file system", debian: "e2fsprogs" },
    Optional {
        program: "mmdebstrap",
        why: "the package is installed into a minimal Debian",
        debian: "mmdebstrap",
    },
];

/// The oldest version of git that is tested.
const OLDEST_GIT: (u32, u32) = (2, 30);

/// Installs missing programs or returns an error that says how to install them.
pub fn install_or_report() -> Result<()> {
    install_missing_programs()?;
    install_optional_programs()?;
    check_git_version()?;
    check_cargo_components()
}

/// Whether `cargo nextest` can be used; it runs tests faster than `cargo test` and shows them better.
pub fn has_nextest() -> bool {
    succeeds(project::cargo().args(["nextest", "--version"]))
}

fn install_missing_programs() -> Result<()> {
    let missing: Vec<&Prerequisite> = PREREQUISITES.iter().filter(|need| !is_on_path(need.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        println!("missing: {} ({})", need.program, need.why);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.debian).collect();
    if is_on_path("apt-get") && is_root() {
        return apt_install(&packages);
    }
    let homebrew: Vec<&str> = missing.iter().map(|need| need.homebrew).collect();
    bail!(
        "install the missing programs and try again: sudo apt-get install -y {} (Debian, Ubuntu) or brew install {} (macOS)",
        packages.join(" "),
        homebrew.join(" ")
    )
}

/// On Debian, as root.
fn install_optional_programs() -> Result<()> {
    let missing: Vec<&Optional> = OPTIONAL.iter().filter(|need| !is_on_path(need.program)).collect();
    if !missing.is_empty() && is_on_path("apt-get") && is_root() {
        let packages: Vec<&str> = missing.iter().map(|need| need.debian).collect();
        return apt_install(&packages);
    }
    for need in &missing {
        println!("!! {} is missing ({}): what needs it is LEFT OUT", need.program, need.why);
    }
    Ok(())
}

/// Whether a package can be installed into a Debian in a folder.
pub fn can_install_package() -> bool {
    let has_programs = ["mmdebstrap", "dpkg-deb"].iter().all(|program| is_on_path(program));
    is_root() && has_programs && succeeds(Command::new("unshare").args(["--mount", "true"]))
}

fn apt_install(packages: &[&str]) -> Result<()> {
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}

fn apt(args: &[&str]) -> Result<()> {
    let shown = format!("apt-get {}", args.join(" "));
    println!("{shown}");
    let status = Command::new("apt-get")
        .args(args)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("starting {shown}"))?;
    if !status.success() {
        bail!("{shown} failed");
    }
    Ok(())
}

fn check_git_version() -> Result<()> {
    let output = Command::new("git").arg("--version").output().context("starting git")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (major, minor) = OLDEST_GIT;
    match git_version(&text) {
        Some(version) if version < OLDEST_GIT => {
            bail!("{} is too old: {major}.{minor} or newer is needed", text.trim())
        }
        _ => Ok(()),
    }
}

/// `(2, 47)` of `git version 2.47.3`.
fn git_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split_whitespace().nth(2)?.split('.').map(|part| part.parse().ok());
    Some((numbers.next()??, numbers.next()??))
}

fn check_cargo_components() -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !succeeds(project::cargo().args([command, "--version"])) {
            bail!("cargo {command} is missing; type: rustup component add {component}");
        }
    }
    Ok(())
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn is_on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// Asked of the kernel, so that no library is needed for one number: the first id of the `Uid:` line is the real one,
/// the second the one that counts.
fn is_root() -> bool {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_git_is_read() {
        assert_eq!(git_version("git version 2.47.3\n"), Some((2, 47)));
        assert_eq!(git_version("git version 2.39.5 (Apple Git-154)"), Some((2, 39)));
        assert_eq!(git_version("something else"), None);
    }
}
