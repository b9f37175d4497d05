//! What the tests of commands share: a task engine with repositories, test data, and `git` to check the results.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "tests may")]

pub mod git;
pub mod gpkg;
pub mod harness;
pub mod rows;
pub mod seal_hook;
