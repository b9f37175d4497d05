//! `longhaul token`: creates, lists and revokes access tokens.

mod list;
mod new;
mod revoke;
mod token_file;

use clap::{Args, Subcommand};

/// Create, list and revoke access tokens
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  longhaul token new jo --role admin --file tokens.toml               an admin
  longhaul token new map --role reader --file tokens.toml             reads every repository and task
  longhaul token new ci --role writer --repository city               imports into one repository
  longhaul token new guest --role reader --expires 30d --file tokens.toml
  longhaul token list --file tokens.toml
  longhaul token revoke guest --file tokens.toml

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
    New(new::NewArgs),
    /// Show the tokens of a file, without their secrets
    List(list::ListArgs),
    /// Remove a token from a file
    Revoke(revoke::RevokeArgs),
}

/// Does what the arguments say.
///
/// # Errors
/// If an argument is invalid or the file cannot be read or changed.
pub fn run(args: TokenArgs) -> anyhow::Result<()> {
    match args.action {
        Action::New(new) => new::run(&new),
        Action::List(list) => list::run(&list),
        Action::Revoke(revoke) => revoke::run(&revoke),
    }
}
