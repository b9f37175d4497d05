//! What callers may do with tasks.

use axum::http::request::Parts;
use longhaul_tasks::{Filter, Task, TaskId};

use crate::task_action::Touched;

/// What the sender of a request may do with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permit {
    /// Nothing: for the caller, the task does not exist.
    Nothing,
    /// Read it and download its result file.
    See,
    /// Also cancel and prune it.
    Touch,
}

/// The app's access rule. Without one, every caller may do everything.
#[derive(Default)]
pub(crate) struct Access {
    rule: Option<Box<Rule>>,
    scope: Option<Box<Scope>>,
    hidden: Vec<&'static str>,
    observer: Option<Box<Observer>>,
}

type Rule = dyn Fn(&Parts, &Task) -> Permit + Send + Sync;
type Observer = dyn Fn(&Parts, Touched, &[TaskId]) + Send + Sync;
type Scope = dyn Fn(&Parts) -> Option<Vec<String>> + Send + Sync;

impl Access {
    pub(crate) fn set_rule(&mut self, rule: impl Fn(&Parts, &Task) -> Permit + Send + Sync + 'static) {
        self.rule = Some(Box::new(rule));
    }

    pub(crate) fn set_scope(
        &mut self,
        scope: impl Fn(&Parts) -> Option<Vec<String>> + Send + Sync + 'static,
    ) {
        self.scope = Some(Box::new(scope));
    }

    pub(crate) fn set_observer(
        &mut self,
        observer: impl Fn(&Parts, Touched, &[TaskId]) + Send + Sync + 'static,
    ) {
        self.observer = Some(Box::new(observer));
    }

    /// Tells the app what the request has done.
    pub(crate) fn tell(&self, request: &Parts, touched: Touched, ids: &[TaskId]) {
        if let Some(observer) = &self.observer
            && !ids.is_empty()
        {
            observer(request, touched, ids);
        }
    }

    pub(crate) fn hide(&mut self, kind: &'static str) {
        self.hidden.push(kind);
    }

    pub(crate) fn permit(&self, request: &Parts, task: &Task) -> Permit {
        if self.hidden.iter().any(|kind| *kind == &*task.kind) {
            return Permit::Nothing;
        }
        match &self.rule {
            Some(rule) => rule(request, task),
            None => Permit::Touch,
        }
    }

    /// The hidden kinds.
    pub(crate) fn hidden(&self) -> &[&'static str] {
        &self.hidden
    }

    /// The filter, narrowed to the subjects that the caller may see.
    pub(crate) fn narrowed(&self, request: &Parts, filter: &Filter) -> Filter {
        let within = self.scope.as_ref().and_then(|scope| scope(request));
        Filter { within, ..filter.clone() }
    }

    /// Whether the narrowed filter selects exactly what the caller may see, apart from hidden kinds.
    pub(crate) fn narrows_exactly(&self) -> bool {
        self.rule.is_none() || self.scope.is_some()
    }
}
