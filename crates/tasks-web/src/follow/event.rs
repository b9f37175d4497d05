use std::{fmt, str::FromStr, sync::Arc};

use bytes::Bytes;
use longhaul_tasks::TaskId;

use super::{printed::Printed, view::View};
use crate::{Format, Printer};

/// Which event it is: those of one run of the follower are numbered in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EventId {
    /// Which run of the follower: of an id that another one gave out nothing is known.
    pub(super) run: u64,
    pub(super) number: u64,
}

/// Something that streams tell of.
pub(super) struct Event {
    pub(super) id: EventId,
    pub(super) view: Arc<View>,
    pub(super) is_gone: bool,
    frames: Printed<Bytes>,
}

impl Event {
    /// The task is as the view says.
    pub(super) fn changed(id: EventId, view: Arc<View>) -> Self {
        Self { id, view, is_gone: false, frames: Printed::default() }
    }

    /// The task was forgotten; the view says what it was.
    pub(super) fn gone(id: EventId, view: Arc<View>) -> Self {
        Self { id, view, is_gone: true, frames: Printed::default() }
    }

    pub(super) fn task(&self) -> TaskId {
        self.view.task.id
    }

    /// Whether nothing more is to be told of its task.
    pub(super) fn is_last(&self) -> bool {
        self.is_gone || self.view.task.status.has_ended()
    }

    /// What this caller reads on a stream.
    pub(super) fn frame(&self, printer: &Printer) -> Bytes {
        self.frames.of(printer, || match self.is_gone {
            true => frame("gone", self.id, forgotten(self.task(), printer.format).as_bytes()),
            false => frame("task", self.id, &self.view.document(printer).bytes),
        })
    }
}

/// What tells a reader that it may have missed something: it should read the list again, and go on from here.
pub(super) fn reset(id: EventId, printer: &Printer) -> Bytes {
    let data: &[u8] = match printer.format {
        Format::Xml => b"<reset></reset>",
        Format::Json => br#"{"reset":{}}"#,
    };
    frame("reset", id, data)
}

fn forgotten(task: TaskId, format: Format) -> String {
    match format {
        Format::Xml => format!("<gone><id>{task}</id></gone>"),
        Format::Json => format!(r#"{{"gone":{{"id":{task}}}}}"#),
    }
}

/// An event as it goes over the wire (WHATWG HTML, 9.2.6). A document may have line breaks, none of them a bare CR.
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
