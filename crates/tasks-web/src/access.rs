//! Who may do what with which task.

use axum::http::request::Parts;
use tasks::Task;

/// What the sender of a request may do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permit {
    /// Nothing: the task is as one that never was.
    Nothing,
    /// Read it and download its file.
    See,
    /// Cancel and prune it, too.
    Touch,
}

/// The app's own rule, if it has one; otherwise everybody may do everything.
#[derive(Default)]
pub(crate) struct Access(Option<Box<Rule>>);

type Rule = dyn Fn(&Parts, &Task) -> Permit + Send + Sync;

impl Access {
    pub(crate) fn new(rule: impl Fn(&Parts, &Task) -> Permit + Send + Sync + 'static) -> Self {
        Self(Some(Box::new(rule)))
    }

    pub(crate) fn permit(&self, request: &Parts, task: &Task) -> Permit {
        match &self.0 {
            Some(rule) => rule(request, task),
            None => Permit::Touch,
        }
    }
}
