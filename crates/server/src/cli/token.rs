//! `longhaul token`: makes the tokens that let people in.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write, stderr, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::access::{Role, Secret, Token};

/// Make tokens, by which a server knows who asks
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul token new jo --role admin --file tokens.toml               may do everything
  longhaul token new map --role reader --file tokens.toml             sees every repository and task
  longhaul token new ci --role writer --repository city               imports into one repository

A token is shown once: the file keeps only its SHA-256. A server is told of the file with --tokens, and reads it again at
SIGHUP. Programs send the token as 'Authorization: Bearer TOKEN', or as the password of any user; longhaul itself takes
it from --token or LONGHAUL_TOKEN.")]
pub struct TokenArgs {
    #[command(subcommand)]
    wish: Wish,
}

#[derive(Debug, Subcommand)]
enum Wish {
    /// Make a token, and print it
    New(NewArgs),
}

#[derive(Debug, Args)]
struct NewArgs {
    /// What to call it: the owner of the tasks that its bearer asks for
    name: String,

    /// What its bearer may do: reader, writer or admin
    #[arg(long, value_name = "ROLE")]
    role: Role,

    /// Repository that it is for, if not for all; may be repeated
    #[arg(long, value_name = "NAME")]
    repository: Vec<String>,

    /// File of tokens to add it to, made if need be; otherwise what belongs into the file is printed, too
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Does what was asked for.
///
/// # Errors
/// If there can be no such token, or the file cannot be changed.
pub fn run(args: TokenArgs) -> anyhow::Result<()> {
    let Wish::New(new) = args.wish;
    let secret = Secret::new()?;
    let token = Token::new(&new.name, new.role, new.repository, &secret)?;
    match &new.file {
        Some(file) => {
            add(&token, file)?;
            writeln!(stdout(), "{}", secret.as_str())?;
            let said = writeln!(stderr(), "This is the only time that the token is shown.");
            Ok(said?)
        }
        None => Ok(writeln!(stdout(), "{}\n\n{}", secret.as_str(), token.to_toml()?.trim_end())?),
    }
}

/// Adds the token to the end of the file; a file that could not be read with it stays as it is.
fn add(token: &Token, file: &Path) -> anyhow::Result<()> {
    let adding = || format!("adding a token to {}", file.display());
    let before = match fs::read_to_string(file) {
        Ok(before) => before,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(adding),
    };
    if Token::read_all(&before).with_context(adding)?.iter().any(|known| known.name == token.name) {
        bail!("{} has a token '{}' already", file.display(), token.name);
    }
    let gap = if before.is_empty() || before.ends_with("\n\n") { "" } else { "\n" };
    let line_end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let added = format!("{line_end}{gap}{}", token.to_toml()?);
    Token::read_all(&format!("{before}{added}")).with_context(adding)?;
    let mut file = appending(file).with_context(adding)?;
    file.write_all(added.as_bytes()).and_then(|()| file.sync_all()).with_context(adding)
}

/// A new file is its owner's alone.
fn appending(file: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
