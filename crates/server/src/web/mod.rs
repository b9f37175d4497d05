//! The HTTP interface: `routes` lists the routes, a file each has the handlers of one kind, and `layers` is what surrounds them.
//!
//! The routes of the tasks are in the crate `longhaul-tasks-web`. How files are received is in `upload`, and how connections are
//! accepted in `serving`.

mod about;
mod access_log;
mod blocking_pool;
mod body;
mod caller_layer;
mod commit_params;
mod config;
mod cors;
mod delete;
mod delete_tokens;
mod diff;
mod drain;
mod error_response;
mod event_streams;
mod exclusive;
mod export;
mod export_diff;
mod files;
mod git;
mod history;
mod hosts;
mod http_counts;
mod import;
mod init;
mod kept_upload;
mod layer_indexes;
mod layer_list;
mod layers;
mod log;
mod ls_tree;
mod metrics;
mod ogc;
mod openapi;
mod osm;
mod other_commands;
mod pages;
mod parameters;
mod path;
mod readiness;
mod rename;
mod repos;
mod repository_store;
mod revert;
mod routes;
mod state;
mod streamed_body;
mod submission;

pub(crate) use blocking_pool::BlockingPool;
pub(crate) use delete_tokens::DeleteTokens;
pub(crate) use files::LayerFiles;
pub(crate) use hosts::Hosts;
pub(crate) use layer_indexes::LayerIndexes;
pub(crate) use layers::{WebConfig, service};
pub(crate) use repository_store::RepositoryStore;
use {
    path::{Admin, NameForChange, NameInPath, Reader, Repo, Writer},
    state::{DefaultBranch, ListWriters, StateParts, WebState},
};
