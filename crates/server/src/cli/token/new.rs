use std::{
    io::{Write, stderr, stdout},
    path::PathBuf,
};

use anyhow::{Context, bail};
use clap::Args;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::token_file::TokenFile;
use crate::{
    access::{Role, Secret, Token},
    settings::HumanDuration,
};

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Name of the token; becomes the owner of the tasks submitted with it
    name: String,

    /// What the token permits: reader, writer or admin
    #[arg(long, value_name = "ROLE")]
    role: Role,

    /// Limit the token to this repository; may be repeated
    #[arg(long, value_name = "NAME")]
    repository: Vec<String>,

    /// Until when the token is valid: a time from now such as 90d, a date, or a date and time [default: for ever]
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,

    /// File of tokens to add it to, created if necessary; without it, the entry for the file is printed, too
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

pub(super) fn run(new: &NewArgs) -> anyhow::Result<()> {
    let secret = Secret::new()?;
    let expires = new.expires.as_deref().map(|text| expiry(text, Timestamp::now())).transpose()?;
    let token = Token::new(&new.name, new.role, new.repository.clone(), &secret)?.expiring(expires);
    match &new.file {
        Some(path) => {
            let readers = TokenFile::read_or_new(path)?.add(&token)?;
            writeln!(stdout(), "{}", secret.as_str())?;
            writeln!(stderr(), "The token is not shown again. {readers}")?;
            Ok(())
        }
        None => Ok(writeln!(stdout(), "{}\n\n{}", secret.as_str(), token.to_toml()?.trim_end())?),
    }
}

/// The end of `90d`, `2027-01-31` (its beginning in UTC) or `2027-01-31T12:00:00Z`, which must be in the future.
fn expiry(text: &str, now: Timestamp) -> anyhow::Result<Timestamp> {
    let of_date = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let of_duration = || now.checked_add(text.parse::<HumanDuration>().ok()?.0).ok();
    let expires = text.parse().ok().or_else(of_date).or_else(of_duration);
    let expires = expires.with_context(|| {
        format!("--expires '{text}' is not a time such as 90d, 2027-01-31 or 2027-01-31T12:00:00Z")
    })?;
    if expires <= now {
        bail!("--expires '{text}' is in the past");
    }
    Ok(expires)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;

    #[test]
    fn the_end_of_a_token_is_a_date_a_time_or_a_duration() {
        let now = "2026-11-30T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("7d", "2026-12-07T12:00:00Z"),
            ("2027-01-31", "2027-01-31T00:00:00Z"),
            ("2027-01-31T12:00:00+01:00", "2027-01-31T11:00:00Z"),
        ] {
            assert_eq!(expiry(text, now).unwrap().to_string(), expected, "{text}");
        }
        for bad in ["", "soon", "0s", "2026-11-30", "2026-02-30", "99999999d"] {
            assert!(expiry(bad, now).is_err(), "{bad}");
        }
    }
}
