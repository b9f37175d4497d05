//! Whether a new import would be accepted now.

use longhaul_tasks::{Status, Tasks};

use super::submission::reserved_for_admins;
use crate::upload::Receiver;

/// Returns the reason for which an import by somebody who is no admin would be refused.
pub(super) async fn check(tasks: &Tasks, receiver: &Receiver) -> Result<(), String> {
    tasks.health().map_err(|error| error.to_string())?;
    let counters = tasks.counters().await.map_err(|error| error.to_string())?;
    let count = |is_counted: fn(Status) -> bool| -> usize {
        counters.tasks.iter().filter(|(_, status, _)| is_counted(*status)).map(|(_, _, count)| count).sum()
    };
    let places = tasks.max_unfinished();
    if count(|status| !status.has_ended()) >= places.saturating_sub(reserved_for_admins(places)) {
        return Err("too many tasks are waiting".to_owned());
    }
    if count(|_| true) >= tasks.max_tasks() {
        return Err("too many tasks are kept".to_owned());
    }
    receiver.require_room(0).await.map_err(|error| error.to_string())
}
