use std::{
    io::{Write, stdout},
    path::PathBuf,
};

use clap::Args;
use jiff::Timestamp;

use super::token_file::TokenFile;
use crate::access::Token;

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// File of tokens
    #[arg(long, value_name = "FILE")]
    file: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(list: &ListArgs) -> anyhow::Result<()> {
    let tokens = TokenFile::read(&list.file)?.tokens()?;
    let mut out = stdout();
    if list.json {
        let tokens: Vec<_> = tokens.iter().map(json).collect();
        return Ok(writeln!(out, "{}", serde_json::Value::from(tokens))?);
    }
    let now = Timestamp::now();
    for token in &tokens {
        let repositories =
            token.repositories.as_ref().map_or("all repositories".into(), |names| names.join(", "));
        let expiry = match token.expires {
            Some(at) if token.has_expired(now) => format!("  expired {at}"),
            Some(at) => format!("  expires {at}"),
            None => String::new(),
        };
        writeln!(out, "{:<20}  {:<6}  {repositories}{expiry}", token.name, token.role.to_string())?;
    }
    Ok(())
}

fn json(token: &Token) -> serde_json::Value {
    serde_json::json!({
        "name": token.name,
        "role": token.role,
        "repositories": token.repositories,
        "expires": token.expires.map(|expires| expires.to_string()),
    })
}
