use crate::dataset::stored::DatasetError;

/// Why a commit cannot be accepted.
#[derive(Debug)]
pub(super) enum Fault {
    /// Kart could not read it: a text for the user.
    Refused(String),
    /// Its objects could not be read.
    Git(gix::Error),
}

impl Fault {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self::Refused(reason.into())
    }

    /// The fault, with the part of the commit that has it.
    pub(super) fn in_part(self, part: &str) -> Self {
        match self {
            Self::Refused(reason) => Self::Refused(format!("{part}: {reason}")),
            git @ Self::Git(_) => git,
        }
    }
}

impl From<gix::Error> for Fault {
    fn from(error: gix::Error) -> Self {
        Self::Git(error)
    }
}

impl From<DatasetError> for Fault {
    fn from(error: DatasetError) -> Self {
        match error {
            DatasetError::Git(source) => Self::Git(source),
            malformed @ DatasetError::Malformed(_) => Self::Refused(malformed.to_string()),
        }
    }
}
