use std::time::Duration;

/// How long to wait before each poll: short tasks are seen at once, long ones are not asked after all the time.
pub(super) struct Pace(Duration);

const FIRST: Duration = Duration::from_millis(20);
const LONGEST: Duration = Duration::from_secs(1);

impl Default for Pace {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Iterator for Pace {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let pause = self.0;
        self.0 = pause.mul_f64(1.3).min(LONGEST);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_20_ms_to_1_s() {
        let pauses: Vec<Duration> = Pace::default().take(40).collect();
        assert_eq!((pauses[0], pauses[39]), (FIRST, LONGEST));
        assert!(pauses.is_sorted());
    }
}
