use std::{
    io::{Write, stderr},
    path::PathBuf,
};

use clap::Args;

use super::token_file::TokenFile;

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Name of the token
    name: String,

    /// File of tokens
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(revoke: &RevokeArgs) -> anyhow::Result<()> {
    TokenFile::read(&revoke.file)?.remove(&revoke.name)?;
    let next = "A running server refuses the token, and ends its event streams, after SIGHUP (systemctl reload longhaul).";
    Ok(writeln!(stderr(), "{next}")?)
}
