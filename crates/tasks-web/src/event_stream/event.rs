use std::{fmt, str::FromStr, sync::Arc};

use bytes::Bytes;
use longhaul_tasks::TaskId;

use super::snapshot::Snapshot;
use crate::{Format, Renderer, rendered::RenderCache};

/// An event's id: events of one run of the broadcaster are numbered in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventId {
    /// The run of the broadcaster. Nothing is known about the ids of another run.
    pub(super) run: u64,
    pub(super) number: u64,
}

/// A change of a task.
pub(super) struct Event {
    pub(super) id: EventId,
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) is_gone: bool,
    frames: RenderCache<Bytes>,
}

impl Event {
    /// The task has changed to the snapshot.
    pub(super) fn changed(id: EventId, snapshot: Arc<Snapshot>) -> Self {
        Self { id, snapshot, is_gone: false, frames: RenderCache::default() }
    }

    /// The task was pruned; the snapshot is its last one.
    pub(super) fn gone(id: EventId, snapshot: Arc<Snapshot>) -> Self {
        Self { id, snapshot, is_gone: true, frames: RenderCache::default() }
    }

    pub(super) fn task(&self) -> TaskId {
        self.snapshot.task.id
    }

    /// Whether it is the last event of its task's stream.
    pub(super) fn is_last(&self) -> bool {
        self.is_gone || self.snapshot.task.status.has_ended()
    }

    /// The event as this caller reads it on a stream.
    pub(super) fn frame(&self, renderer: &Renderer) -> Bytes {
        self.frames.get(renderer, || match self.is_gone {
            true => frame("gone", self.id, gone(self.task(), renderer.format).as_bytes()),
            false => frame("task", self.id, &self.snapshot.document(renderer).bytes),
        })
    }
}

/// Tells a subscriber that it may have missed events: it should read the list again, and continue from this id.
pub(super) fn reset(id: EventId, renderer: &Renderer) -> Bytes {
    let data: &[u8] = match renderer.format {
        Format::Xml => b"<reset></reset>",
        Format::Json => br#"{"reset":{}}"#,
    };
    frame("reset", id, data)
}

fn gone(task: TaskId, format: Format) -> String {
    match format {
        Format::Xml => format!("<gone><id>{task}</id></gone>"),
        Format::Json => format!(r#"{{"gone":{{"id":{task}}}}}"#),
    }
}

/// An event on the wire (WHATWG HTML, 9.2.6). A document may have line breaks, but no carriage return without a line feed.
fn frame(name: &str, id: EventId, data: &[u8]) -> Bytes {
    let mut frame = format!("event: {name}\nid: {id}\n").into_bytes();
    for line in data.split(|&byte| byte == b'\n') {
        frame.extend_from_slice(b"data: ");
        frame.extend_from_slice(line);
        frame.push(b'\n');
    }
    frame.push(b'\n');
    frame.into()
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{}", self.run, self.number)
    }
}

impl FromStr for EventId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, number) = text.split_once('-').ok_or(())?;
        let run = u64::from_str_radix(run, 16).map_err(|_| ())?;
        Ok(Self { run, number: number.parse().map_err(|_| ())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_document_is_a_line_of_data() {
        let id = EventId { run: 0x1f, number: 7 };
        let expected = "event: task\nid: 1f-7\ndata: <a>\ndata: \ndata: </a>\n\n";
        assert_eq!(frame("task", id, b"<a>\n\n</a>"), expected);
    }

    #[test]
    fn an_id_is_read_as_it_was_written_and_nothing_else_is() {
        let id = EventId { run: u64::MAX, number: 12 };
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "-", "7", "x-1", "1-", "1-x", "1-1-1", "1-18446744073709551616"] {
            assert_eq!(bad.parse::<EventId>(), Err(()), "{bad}");
        }
    }
}
