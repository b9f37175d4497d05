//! A server's insides without its HTTP: the engine, the repositories, and `git` itself to look at what came of it.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "tests may")]

pub mod git;
pub mod gpkg;
pub mod harness;
pub mod rows;
pub mod seal_hook;
