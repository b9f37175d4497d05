//! What the server answers: a file per kind of request.
//!
//! Tasks are answered by the crate `tasks-web`. What is not here: how files are received (`upload`), and how
//! connections are taken (`serving`).

mod about;
mod alone;
mod app;
mod body;
mod delete;
mod failure;
mod gate;
mod hosts;
mod import;
mod init;
mod log;
mod ls_tree;
mod metrics;
mod osm;
mod parameters;
mod reads;
mod rename;
mod repos;
mod submission;
mod target;
mod tokens;

pub(crate) use app::{Web, tasks_web};
pub(crate) use gate::Gate;
pub(crate) use hosts::Hosts;
pub(crate) use reads::Reads;
pub(crate) use tokens::DeletionTokens;
