//! What a request wants done with a task, beside seeing it.

use axum::http::{Method, request::Parts};
use longhaul_tasks::Status;

/// What is to be done with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Ask it to stop.
    Cancel,
    /// Forget it, if it has ended.
    Prune,
    /// Both, in this order.
    CancelThenPrune,
    /// `DELETE`: whichever of the two its state allows.
    Delete,
}

impl Wish {
    /// What the request's method and query ask for; a HEAD is a look and nothing else.
    pub(crate) fn of(request: &Parts) -> Option<Self> {
        match request.method {
            Method::DELETE => Some(Self::Delete),
            Method::GET => Self::of_query(request.uri.query()?),
            _ => None,
        }
    }

    fn of_query(query: &str) -> Option<Self> {
        match (is_true(query, "cancel"), is_true(query, "prune")) {
            (true, true) => Some(Self::CancelThenPrune),
            (true, false) => Some(Self::Cancel),
            (false, true) => Some(Self::Prune),
            (false, false) => None,
        }
    }

    /// Whether it cancels a task of this status.
    pub(crate) fn cancels(self, status: Status) -> bool {
        match self {
            Self::Cancel | Self::CancelThenPrune => true,
            Self::Prune => false,
            Self::Delete => !status.has_ended(),
        }
    }

    /// Whether it prunes a task of this status.
    pub(crate) fn prunes(self, status: Status) -> bool {
        match self {
            Self::Prune | Self::CancelThenPrune => true,
            Self::Cancel => false,
            Self::Delete => status.has_ended(),
        }
    }
}

/// Whether the parameter's first value is `true`, in any letter case.
pub(crate) fn is_true(query: &str, name: &str) -> bool {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"))
}
