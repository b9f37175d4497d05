use std::time::Duration;

/// How many queries the server takes from us, as its `/api/status` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// How many at the same time; `None` if it sets no limit, or does not say.
    pub limit: Option<u32>,
    /// How many more it would take now.
    pub free: u32,
    /// When the first one that is taken comes free, from now on.
    pub free_in: Option<Duration>,
}

impl Slots {
    /// Reads the text of a status, a line at a time; lines that mean nothing to us do no harm.
    pub fn from_status_text(text: &str) -> Self {
        text.lines().fold(Self::default(), |slots, line| slots.and(line.trim()))
    }

    /// Whether a query would be taken now, as far as the server says.
    pub fn is_free(&self) -> bool {
        self.limit.is_none() || self.free > 0 || self.free_in == Some(Duration::ZERO)
    }

    fn and(mut self, line: &str) -> Self {
        if let Some(limit) = line.strip_prefix("Rate limit:") {
            // Nought stands for no limit.
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

/// `…, in 12 seconds.`; what is past already counts as now.
fn seconds(line: &str) -> Option<Duration> {
    let (_, end) = line.rsplit_once(", in ")?;
    let seconds: i64 = end.strip_suffix("seconds.")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.max(0).unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_when_a_query_would_be_taken() {
        let text = "Connected as: 1\nCurrent time: 2026-11-23T14:30:33Z\nAnnounced endpoint: none\nRate limit: 2\n\
                    Slot available after: 2026-11-23T14:31:33Z, in 60 seconds.\n\
                    Slot available after: 2026-11-23T14:30:53Z, in 20 seconds.\n\
                    Currently running queries (pid, space limit, time limit, start time):\n1\t2\t3\t4\n";
        let slots = Slots::from_status_text(text);
        assert_eq!(slots, Slots { limit: Some(2), free: 0, free_in: Some(Duration::from_secs(20)) });
        assert!(!slots.is_free());
    }

    #[test]
    fn no_limit_and_times_that_are_past_do_not_make_anybody_wait() {
        assert!(Slots::from_status_text("Rate limit: 0\n").is_free());
        assert!(Slots::from_status_text("Rate limit: 2\nSlot available after: x, in -7 seconds.").is_free());
        assert!(Slots::from_status_text("Rate limit: 2\n1 slots available now.").is_free());
        assert!(!Slots::from_status_text("Rate limit: 2\nnonsense\nSlot available after: soon").is_free());
    }
}
