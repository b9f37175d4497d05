use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a token permits, for the repositories that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// Read repositories and their tasks.
    Reader,
    /// Also change repositories, and cancel and prune tasks of its own.
    Writer,
    /// Everything.
    Admin,
}

/// The text is not a role.
#[derive(Debug, thiserror::Error)]
#[error("'{0}' is not a role: reader, writer or admin")]
pub(crate) struct UnknownRole(String);

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let roles = [Self::Reader, Self::Writer, Self::Admin];
        roles.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}
