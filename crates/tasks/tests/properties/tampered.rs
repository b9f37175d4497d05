//! A store that fails when a test says so.

pub use longhaul_tasks_contract::ForwardingStore;
