//! `longhaul packaging-files`, for packages of the program.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::Cli;

/// Write the manual pages and the completions of shells
#[derive(Debug, Args)]
pub(super) struct PackagingFilesArgs {
    /// Folder for them, which is made
    folder: PathBuf,
}

/// Writes `man/longhaul.1` and a page for each subcommand, and `completions/` for bash, zsh and fish.
pub(super) fn run(arguments: &PackagingFilesArgs) -> anyhow::Result<()> {
    let (man, completions) = (arguments.folder.join("man"), arguments.folder.join("completions"));
    let writing = || format!("writing into {}", arguments.folder.display());
    fs::create_dir_all(&man).and_then(|()| fs::create_dir_all(&completions)).with_context(writing)?;
    clap_mangen::generate_to(Cli::command(), &man).with_context(writing)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "longhaul", &completions)
            .with_context(writing)?;
    }
    Ok(())
}
