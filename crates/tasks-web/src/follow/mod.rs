//! Follows tasks for those who wait for a change, and for those who read a stream of changes.
//!
//! One follower looks at what has changed, once for all of them: a document is printed once for each change and format,
//! however many want it. It begins with the first who waits, and ends when for a while nobody did.
//!
//! Nobody who is slow holds up anybody: who waits sees the newest view, and a stream whose reader does not keep up is ended.

mod ended;
mod event;
mod hub;
mod printed;
mod reader;
mod ring;
mod state;
mod view;

pub(crate) use ended::Ended;
pub(crate) use event::EventId;
pub(crate) use hub::{Followed, Hub};
pub(crate) use reader::Stream;
pub(crate) use view::Document;
