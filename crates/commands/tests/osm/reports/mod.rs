//! Files that showed a fault, each with its right result, and others of their kinds.

mod contents;
mod failures;
mod files;
mod formats;
mod mappings;
mod merging;
