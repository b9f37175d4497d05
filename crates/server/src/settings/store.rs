use clap::ValueEnum;
use serde::Deserialize;

/// Where tasks are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// In a database in the data folder: they outlive the server.
    #[default]
    Sqlite,
    /// In memory: they end with the server.
    Memory,
}
