//! `cargo xtask package`: a Debian package and a tar archive of the program.

mod archive;
mod check;
mod debian;
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::project;

/// Make a .deb and a tar archive, in target/package
#[derive(clap::Args)]
pub struct Args {
    /// Package this program instead of building one with the profile `dist`; it must have the feature `packaging`
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,

    /// Install the package into a minimal Debian in a folder: start, import, upgrade, back up, restore, remove (needs root)
    #[arg(long)]
    check: bool,

    /// Build the Containerfile on that Debian with buildah, too, and run what it makes (needs --check)
    #[arg(long, requires = "check")]
    container: bool,
}

/// Makes the packages, and checks them if that was asked for.
pub fn run(args: &Args) -> Result<()> {
    let folder = project::root().join("target/package");
    let program = program::prepare(args.binary.as_deref(), &folder.join("program"))?;
    let deb = debian::make(&program, &folder)?;
    let archive = archive::make(&program, &folder)?;
    for made in [&deb, &archive] {
        println!("{} ({} KB)", made.display(), fs::metadata(made)?.len() / 1024);
    }
    if args.check {
        check::run(&deb, &folder, args.container)?;
    }
    Ok(())
}

/// The program, and what it writes about itself.
pub struct Program {
    /// Without debug symbols.
    pub binary: PathBuf,
    /// The folder of its manual pages, `longhaul.1` among them.
    pub man: PathBuf,
    /// The folder of its completions: `longhaul.bash`, `_longhaul`, `longhaul.fish`.
    pub completions: PathBuf,
    /// `0.1.0`
    pub version: String,
}

/// The folder of the files that are packaged with the program.
fn packaging() -> PathBuf {
    project::root().join("packaging")
}

/// Copies a file, and makes the folder that it goes to.
fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    write(to, &fs::read(from).with_context(|| format!("reading {}", from.display()))?, mode)
}

fn write(to: &Path, content: &[u8], mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let writing = || format!("writing {}", to.display());
    fs::create_dir_all(to.parent().unwrap_or(Path::new("."))).with_context(writing)?;
    fs::write(to, content).with_context(writing)?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode)).with_context(writing)
}

/// Empties a folder, or makes it.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
}

/// The output of a command that must succeed.
fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("starting {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
