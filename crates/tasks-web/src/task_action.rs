//! What a request does with a task beside showing it.

use axum::http::Method;
use longhaul_tasks::Status;
use serde::Deserialize;

use crate::{params::Flag, prefer::WaitSeconds};

/// The parameters of `/tasks/{id}`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TaskQuery {
    cancel: Flag,
    prune: Flag,
    pub(crate) wait: Option<WaitSeconds>,
}

/// A change of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskAction {
    /// Asks it to stop.
    Cancel,
    /// Removes it, if it has ended.
    Prune,
    /// Both, in this order.
    CancelThenPrune,
    /// `DELETE`: cancels it if it has not ended, prunes it if it has. A cancelled one stays: the request may be the repetition of
    /// the one that cancelled it, whose response was lost.
    Delete,
}

/// What a request has done with tasks, for the [observer](crate::TasksWeb::observe) of the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// They were asked to stop.
    Cancelled,
    /// They were removed.
    Pruned,
}

impl TaskQuery {
    /// The action that a GET asks for; a HEAD changes nothing.
    pub(crate) fn action(&self, method: &Method) -> Option<TaskAction> {
        match (self.cancel.0, self.prune.0) {
            _ if method == Method::HEAD => None,
            (true, true) => Some(TaskAction::CancelThenPrune),
            (true, false) => Some(TaskAction::Cancel),
            (false, true) => Some(TaskAction::Prune),
            (false, false) => None,
        }
    }
}

impl TaskAction {
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
            Self::Delete => status.has_ended() && status != Status::Cancelled,
        }
    }
}
