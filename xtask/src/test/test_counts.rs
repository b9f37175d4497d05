//! Numbers of passed and failed tests, read from the summaries of the test runners.

use std::fmt;
use std::ops::AddAssign;

/// Numbers of tests.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TestCounts {
    pub passed: u64,
    pub failed: u64,
}

impl TestCounts {
    /// Parses a line of output; zero unless it is a summary of nextest (`Summary [ 0.1s] 3 tests run:
    /// 2 passed, 1 failed, 0 skipped`) or of libtest (`test result: ok. 3 passed; 0 failed; …`).
    pub fn read(line: &str) -> Self {
        // Not trimmed: nextest repeats the libtest summary of a failed test, indented.
        let counts = if let Some(rest) = line.strip_prefix("test result: ") {
            rest
        } else if line.trim_start().starts_with("Summary [") && line.contains(" run: ") {
            line.split_once(" run: ").map_or("", |(_, counts)| counts)
        } else {
            ""
        };
        let failed = ["failed", "timed out", "exec failed"];
        Self { passed: count(counts, "passed"), failed: failed.iter().map(|word| count(counts, word)).sum() }
    }
}

/// The number before `what` between two separators, 0 if there is none.
fn count(counts: &str, what: &str) -> u64 {
    let numbers = counts.split([',', ';', '.']).filter_map(|part| {
        let (number, rest) = part.trim().split_once(' ')?;
        let named = rest == what || rest.strip_prefix(what).is_some_and(|more| more.starts_with(" ("));
        number.parse::<u64>().ok().filter(|_| named)
    });
    numbers.sum()
}

impl AddAssign for TestCounts {
    fn add_assign(&mut self, more: Self) {
        self.passed += more.passed;
        self.failed += more.failed;
    }
}

impl fmt::Display for TestCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_of_nextest_is_counted() {
        let line = "     Summary [   1.2s] 12/13 tests run: 9 passed (1 slow, 1 flaky), 2 failed, 1 timed out, 4 skipped";
        assert_eq!(TestCounts::read(line), TestCounts { passed: 9, failed: 3 });
        let line = "     Summary [   0.012s] 1 test run: 1 passed, 0 skipped";
        assert_eq!(TestCounts::read(line), TestCounts { passed: 1, failed: 0 });
    }

    #[test]
    fn the_summary_of_libtest_is_counted() {
        let line = "test result: FAILED. 7 passed; 2 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.41s";
        assert_eq!(TestCounts::read(line), TestCounts { passed: 7, failed: 2 });
    }

    #[test]
    fn other_lines_count_nothing() {
        let shown_again = "    test result: FAILED. 0 passed; 1 failed; 0 ignored";
        for line in ["test a::b ... ok", "3 passed", "Starting 3 tests across 2 binaries", "", shown_again] {
            assert_eq!(TestCounts::read(line), TestCounts::default(), "{line}");
        }
    }
}
