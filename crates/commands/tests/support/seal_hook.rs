//! Runs a hook when everything is staged and the task is about to be sealed.

use std::sync::Mutex;

use longhaul_tasks::{
    TaskId,
    clock::SystemClock,
    store::{Command, TaskCommand},
};
use longhaul_tasks_contract::ForwardingStore;

/// A store that calls `hook` once, before the first task is sealed.
pub fn at_seal(hook: impl FnOnce() + Send + 'static) -> ForwardingStore {
    commands_at_seal(move |_| {
        hook();
        Vec::new()
    })
}

/// A store that applies the commands of `hook` once, before the first task is sealed.
pub fn commands_at_seal(hook: impl FnOnce(TaskId) -> Vec<Command> + Send + 'static) -> ForwardingStore {
    let hook = Mutex::new(Some(hook));
    ForwardingStore::new(std::sync::Arc::new(SystemClock::default())).before_command(move |command| {
        let Command::Change { id, command: TaskCommand::Seal { .. } } = command else {
            return Ok(Vec::new());
        };
        let hook = hook.lock().unwrap().take();
        Ok(hook.map_or_else(Vec::new, |hook| hook(*id)))
    })
}
