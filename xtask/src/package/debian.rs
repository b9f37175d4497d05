//! The Debian package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{Program, copy, empty, output, packaging, write};
use crate::project;

/// Where the files of the folder `packaging` go, beside those for reading.
const INSTALLED: [(&str, &str, u32); 4] = [
    ("config.toml", "etc/longhaul/config.toml", 0o640),
    ("longhaul.service", "lib/systemd/system/longhaul.service", 0o644),
    ("longhaul-backup.service", "lib/systemd/system/longhaul-backup.service", 0o644),
    ("longhaul-backup.timer", "lib/systemd/system/longhaul-backup.timer", 0o644),
];
const EXAMPLES: [&str; 6] = [
    "nginx.conf",
    "alerts.yml",
    "tokens.example.toml",
    "Containerfile",
    "longhaul-import.service",
    "longhaul-import.timer",
];
const COMPLETIONS: [(&str, &str); 3] = [
    ("longhaul.bash", "usr/share/bash-completion/completions/longhaul"),
    ("_longhaul", "usr/share/zsh/vendor-completions/_longhaul"),
    ("longhaul.fish", "usr/share/fish/vendor_completions.d/longhaul.fish"),
];
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Makes the package in the folder, and returns its path.
pub fn make(program: &Program, folder: &Path) -> Result<PathBuf> {
    let root = folder.join("debian");
    empty(&root)?;
    copy(&program.binary, &root.join("usr/bin/longhaul"), 0o755)?;
    for (name, to, mode) in INSTALLED {
        copy(&packaging().join(name), &root.join(to), mode)?;
    }
    for name in EXAMPLES {
        copy(&packaging().join(name), &root.join("usr/share/doc/longhaul/examples").join(name), 0o644)?;
    }
    for (name, to) in COMPLETIONS {
        copy(&program.completions.join(name), &root.join(to), 0o644)?;
    }
    write(&root.join("usr/share/doc/longhaul/copyright"), copyright()?.as_bytes(), 0o644)?;
    manual(&program.man, &root.join("usr/share/man/man1"))?;
    control(program, &root)?;
    let architecture = architecture()?;
    let deb = folder.join(format!("longhaul_{}_{architecture}.deb", program.version));
    // Compressing by xz takes forty times as long.
    output(Command::new("dpkg-deb").args(["--root-owner-group", "-Zgzip", "--build"]).args([&root, &deb]))?;
    Ok(deb)
}

fn manual(pages: &Path, to: &Path) -> Result<()> {
    for page in fs::read_dir(pages)? {
        let page = page?;
        copy(&page.path(), &to.join(page.file_name()), 0o644)?;
        output(Command::new("gzip").args(["--no-name", "--best", "--force"]).arg(to.join(page.file_name())))?;
    }
    Ok(())
}

fn control(program: &Program, root: &Path) -> Result<()> {
    let template =
        fs::read_to_string(packaging().join("debian/control")).context("reading debian/control")?;
    let size = output(Command::new("du").args(["--summarize", "--block-size=1K"]).arg(root))?;
    let libc = output(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    let last_word = |text: &str| text.split_whitespace().last().unwrap_or_default().to_owned();
    let control = template
        .replace("@VERSION@", &program.version)
        .replace("@ARCHITECTURE@", &architecture()?)
        .replace("@SIZE@", size.split_whitespace().next().unwrap_or_default())
        .replace("@LIBC@", &last_word(&libc));
    write(&root.join("DEBIAN/control"), control.as_bytes(), 0o644)?;
    copy(&packaging().join("debian/conffiles"), &root.join("DEBIAN/conffiles"), 0o644)?;
    SCRIPTS.iter().try_for_each(|name| {
        copy(&packaging().join("debian").join(name), &root.join("DEBIAN").join(name), 0o755)
    })
}

fn copyright() -> Result<String> {
    let mit = fs::read_to_string(project::root().join("LICENSE-MIT"))?;
    Ok(format!(
        "Longhaul may be used under the Apache License 2.0 (/usr/share/common-licenses/Apache-2.0) or this one:\n\n{mit}"
    ))
}

/// As Debian calls that of this machine.
pub fn architecture() -> Result<String> {
    output(Command::new("dpkg").arg("--print-architecture"))
}
