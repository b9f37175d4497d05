//! Notifies callers that wait for a task to change, and subscribers of event streams.
//!
//! One loop of the [`EventBroadcaster`] looks up the tasks that have changed, numbers the changes as events and sends each event
//! to its subscribers; a document is rendered once per change and format, however many subscribers it has. The loop starts with
//! the first caller and ends when there have been no callers for a while.
//!
//! Callers do not wait for each other: a long poll sees the newest snapshot of its task, and the stream of a subscriber that does
//! not keep up is ended.
//!
//! | module | |
//! |---|---|
//! | `event` | an event and its form on the wire |
//! | `snapshot` | a task at one moment, and its documents |
//! | `replay_buffer` | the newest events, for subscribers that reconnect |
//! | `subscriber` | the sending end of a stream, and the delivery of an event to many of them |
//! | `topic` | what is known of one task |
//! | `state` | what the loop and the callers share, behind one lock; nothing in it waits, renders or asks access rules |
//! | `stream` | the receiving end of a stream: the response's body |
//! | `broadcaster` | the loop, and what handlers call |

mod broadcaster;
mod event;
mod replay_buffer;
mod snapshot;
mod state;
mod stream;
mod subscriber;
mod topic;

pub(crate) use broadcaster::{EventBroadcaster, Subscription};
pub(crate) use event::EventId;
