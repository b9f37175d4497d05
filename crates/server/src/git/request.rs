//! What a client of Git asks for.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
};

use axum::body::Body;

/// A service of Git.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GitService {
    /// Fetch and clone.
    UploadPack,
    /// Push.
    ReceivePack,
}

/// The two steps of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GitStep {
    /// `GET …/info/refs`: what the server has.
    Advertise,
    /// `POST`: the service itself.
    Call,
}

/// A request for a service.
#[derive(Clone, Debug)]
pub(crate) struct GitRequest {
    pub(crate) service: GitService,
    pub(crate) step: GitStep,
    /// The folder of the bare repository, an absolute path without links.
    pub(crate) repository: PathBuf,
    /// Whether a branch may move to a commit that does not contain the old one.
    pub(crate) may_rewind: bool,
    /// The name of the caller's token, which Git writes into the reflog.
    pub(crate) user: Option<String>,
    /// The header `Git-Protocol`.
    pub(crate) protocol: Option<String>,
    /// Whether the body is compressed by gzip.
    pub(crate) is_gzip: bool,
}

/// The body of a request.
#[derive(Debug)]
pub(crate) enum GitBody {
    /// There is none.
    Empty,
    /// A file that was received before, and its length.
    File(File, u64),
    /// A body that is still arriving, and its length if that is known.
    Stream(Body, Option<u64>),
}

impl GitService {
    /// The name of the service in addresses and media types.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        [Self::UploadPack, Self::ReceivePack].into_iter().find(|service| service.name() == name)
    }

    /// The media type of a request's body.
    pub(crate) fn request_type(self) -> String {
        format!("application/x-{}-request", self.name())
    }
}

impl GitBody {
    fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => None,
            Self::File(_, length) => Some(*length),
            Self::Stream(_, length) => *length,
        }
    }
}

impl GitRequest {
    /// The environment of the process: `PATH` and the variables of CGI (RFC 3875) that http-backend reads.
    pub(super) fn environment(&self, body: &GitBody) -> Vec<(&'static str, OsString)> {
        let (method, path, query) = match self.step {
            GitStep::Advertise => {
                ("GET", "/info/refs".to_owned(), format!("service={}", self.service.name()))
            }
            GitStep::Call => ("POST", format!("/{}", self.service.name()), String::new()),
        };
        let mut variables: Vec<(&str, OsString)> = vec![
            ("PATH", std::env::var_os("PATH").unwrap_or_default()),
            ("REQUEST_METHOD", method.into()),
            ("GIT_PROJECT_ROOT", self.repository.clone().into()),
            ("PATH_INFO", path.into()),
            ("QUERY_STRING", query.into()),
            ("GIT_HTTP_EXPORT_ALL", "1".into()),
            // Without it http-backend does not take pushes.
            ("REMOTE_USER", self.reflog_name().into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_ATTR_NOSYSTEM", "1".into()),
            // Nothing is fetched from elsewhere on behalf of a client.
            ("GIT_NO_LAZY_FETCH", "1".into()),
            ("GIT_ALLOW_PROTOCOL", "none".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
        ];
        if self.step == GitStep::Call {
            variables.push(("CONTENT_TYPE", self.service.request_type().into()));
        }
        if let Some(length) = body.length() {
            variables.push(("CONTENT_LENGTH", length.to_string().into()));
        }
        if self.is_gzip {
            variables.push(("HTTP_CONTENT_ENCODING", "gzip".into()));
        }
        if let Some(protocol) = &self.protocol {
            // Older versions of http-backend read only the second.
            variables.push(("HTTP_GIT_PROTOCOL", protocol.into()));
            variables.push(("GIT_PROTOCOL", protocol.into()));
        }
        variables
    }

    /// Git refuses a name of which nothing is left without punctuation.
    fn reflog_name(&self) -> &str {
        let user = self.user.as_deref().filter(|user| user.chars().any(|c| c.is_ascii_alphanumeric()));
        user.unwrap_or("anonymous")
    }

    pub(super) fn repository(&self) -> &Path {
        &self.repository
    }
}
