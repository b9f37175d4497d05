//! The status page of an Overpass server.

use std::time::Duration;

/// How many queries the server accepts from this client, by its `/api/status`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// The maximum number of concurrent queries; `None` if there is no limit, or it is not known.
    pub limit: Option<u32>,
    /// How many more queries it accepts now.
    pub free: u32,
    /// The time until the next slot becomes free.
    pub free_in: Option<Duration>,
}

impl Slots {
    /// Parses the text of a status page. Unknown lines are ignored.
    pub fn from_status_text(text: &str) -> Self {
        text.lines().fold(Self::default(), |slots, line| slots.add_line(line.trim()))
    }

    /// Whether the server accepts a query now, or does not tell.
    pub fn is_free(&self) -> bool {
        self.limit.is_none() || self.free > 0 || self.free_in == Some(Duration::ZERO)
    }

    fn add_line(mut self, line: &str) -> Self {
        if let Some(limit) = line.strip_prefix("Rate limit:") {
            // 0 means no limit.
            self.limit = limit.trim().parse().ok().filter(|limit| *limit > 0);
        } else if let Some(free) = line.strip_suffix("slots available now.") {
            self.free = free.trim().parse().unwrap_or(0);
        } else if line.starts_with("Slot available after:")
            && let Some(seconds) = seconds(line)
        {
            self.free_in = Some(self.free_in.map_or(seconds, |earlier| earlier.min(seconds)));
        }
        self
    }
}

/// The duration in `…, in 12 seconds.`; zero for a time in the past.
fn seconds(line: &str) -> Option<Duration> {
    let (_, end) = line.rsplit_once(", in ")?;
    let seconds: i64 = end.strip_suffix("seconds.")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_page_tells_when_the_next_slot_becomes_free() {
        let text = "Connected as: 1\nCurrent time: 2026-11-23T14:30:33Z\nAnnounced endpoint: none\nRate limit: 2\n\
                    Slot available after: 2026-11-23T14:31:33Z, in 60 seconds.\n\
                    Slot available after: 2026-11-23T14:30:53Z, in 20 seconds.\n\
                    Currently running queries (pid, space limit, time limit, start time):\n1\t2\t3\t4\n";
        let slots = Slots::from_status_text(text);
        assert_eq!(slots, Slots { limit: Some(2), free: 0, free_in: Some(Duration::from_secs(20)) });
        assert!(!slots.is_free());
    }

    #[test]
    fn a_slot_is_free_without_a_limit_and_after_a_time_in_the_past() {
        assert!(Slots::from_status_text("Rate limit: 0\n").is_free());
        assert!(Slots::from_status_text("Rate limit: 2\nSlot available after: x, in -7 seconds.").is_free());
        assert!(Slots::from_status_text("Rate limit: 2\n1 slots available now.").is_free());
        assert!(!Slots::from_status_text("Rate limit: 2\nnonsense\nSlot available after: soon").is_free());
    }
}
