use clap::ValueEnum;
use serde::Deserialize;

/// Where tasks are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// In a database in the data folder; tasks survive a restart of the server.
    #[default]
    Sqlite,
    /// In memory; tasks are lost when the server ends.
    Memory,
}
