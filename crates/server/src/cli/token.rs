//! `longhaul token`: creates access tokens.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write, stderr, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::access::{Role, Secret, Token};

/// Create access tokens
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul token new jo --role admin --file tokens.toml               an admin
  longhaul token new map --role reader --file tokens.toml             reads every repository and task
  longhaul token new ci --role writer --repository city               imports into one repository

A token is shown once: the file holds only its SHA-256. The server gets the file with --tokens, and reads it again at
SIGHUP. Clients send the token as 'Authorization: Bearer TOKEN', or as the password of any user; longhaul itself takes
it from --token or LONGHAUL_TOKEN.")]
pub struct TokenArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Create a token and print it
    New(NewArgs),
}

#[derive(Debug, Args)]
struct NewArgs {
    /// Name of the token; becomes the owner of the tasks submitted with it
    name: String,

    /// What the token permits: reader, writer or admin
    #[arg(long, value_name = "ROLE")]
    role: Role,

    /// Limit the token to this repository; may be repeated
    #[arg(long, value_name = "NAME")]
    repository: Vec<String>,

    /// File of tokens to add it to, created if necessary; without it, the entry for the file is printed, too
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Creates the token.
///
/// # Errors
/// If an argument is invalid or the file cannot be changed.
pub fn run(args: TokenArgs) -> anyhow::Result<()> {
    let Action::New(new) = args.action;
    let secret = Secret::new()?;
    let token = Token::new(&new.name, new.role, new.repository, &secret)?;
    match &new.file {
        Some(file) => {
            add(&token, file)?;
            writeln!(stdout(), "{}", secret.as_str())?;
            let written = writeln!(stderr(), "The token is not shown again.");
            Ok(written?)
        }
        None => Ok(writeln!(stdout(), "{}\n\n{}", secret.as_str(), token.to_toml()?.trim_end())?),
    }
}

/// Appends the token to the file, after checking that the result is valid.
fn add(token: &Token, file: &Path) -> anyhow::Result<()> {
    let adding = || format!("adding a token to {}", file.display());
    let before = match fs::read_to_string(file) {
        Ok(before) => before,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(adding),
    };
    if Token::read_all(&before).with_context(adding)?.iter().any(|known| known.name == token.name) {
        bail!("{} already has a token '{}'", file.display(), token.name);
    }
    let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
    let line_end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let added = format!("{line_end}{gap}{}", token.to_toml()?);
    Token::read_all(&format!("{before}{added}")).with_context(adding)?;
    let mut file = open_to_append(file).with_context(adding)?;
    file.write_all(added.as_bytes()).and_then(|()| file.sync_all()).with_context(adding)
}

/// Opens the file for appending; a new file is readable by its owner only.
fn open_to_append(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
