use std::time::Duration;

/// The pauses before each poll, growing exponentially: the end of a short task is seen soon, a long task is polled rarely.
pub(super) struct PollIntervals(Duration);

const FIRST: Duration = Duration::from_millis(20);
const MAX: Duration = Duration::from_secs(1);

impl Default for PollIntervals {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Iterator for PollIntervals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = pause.mul_f64(1.3).min(MAX);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_20_ms_to_1_s() {
        let pauses: Vec<Duration> = PollIntervals::default().take(40).collect();
        assert_eq!((pauses[0], pauses[39]), (FIRST, MAX));
        assert!(pauses.is_sorted());
    }
}
