//! When to send a query again after an error, and when to give up.

use std::time::Duration;

use super::{query_error::QueryError, slots::Slots};

/// The longest delay that a server may request.
const MAX_REQUESTED_DELAY: Duration = Duration::from_secs(3600);

/// When to send a query again.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The shortest delay. The operators of the public servers ask for half a minute.
    pub min_delay: Duration,
    /// The longest delay, unless the server requests a longer one. Delays double from one to the next.
    pub max_delay: Duration,
    /// How often to send a query that is refused by the rate limit.
    pub max_rate_limited: u32,
    /// How often to send a query that is refused because of load. Should be lower, because the query itself may be too large.
    pub max_overloaded: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            min_delay: Duration::from_secs(30),
            max_delay: Duration::from_secs(600),
            max_rate_limited: 8,
            max_overloaded: 5,
        }
    }
}

/// The errors of one download so far.
#[derive(Debug)]
pub struct RetryState {
    policy: RetryPolicy,
    rate_limited: u32,
    overloaded: u32,
}

impl RetryState {
    /// A state without errors.
    pub fn new(policy: RetryPolicy) -> Self {
        Self { policy, rate_limited: 0, overloaded: 0 }
    }

    /// Whether [`Self::next_delay`] needs the slots of the server for this error. It does only after every other error, to
    /// spare a server under load.
    pub fn needs_slots(&self, error: &QueryError) -> bool {
        matches!(error, QueryError::RateLimited { .. }) && self.rate_limited.is_multiple_of(2)
    }

    /// How long to wait before the query is sent again; `None` to give up. `slots` is the status of the server, if
    /// [`Self::needs_slots`] was true.
    pub fn next_delay(&mut self, error: &QueryError, slots: Option<&Slots>) -> Option<Duration> {
        let (count, limit, requested) = match error {
            QueryError::RateLimited { retry_after, .. } => {
                (&mut self.rate_limited, self.policy.max_rate_limited, *retry_after)
            }
            QueryError::Overloaded { retry_after, .. } => {
                (&mut self.overloaded, self.policy.max_overloaded, *retry_after)
            }
            // No other error will go away by itself.
            _ => return None,
        };
        *count += 1;
        if *count >= limit {
            return None;
        }
        let free_in = slots.filter(|slots| !slots.is_free()).and_then(|slots| slots.free_in);
        let requested = requested.max(free_in).unwrap_or_default().min(MAX_REQUESTED_DELAY);
        Some(self.own_delay(self.rate_limited + self.overloaded).max(requested))
    }

    /// The delay without a request of the server, after this number of errors.
    fn own_delay(&self, errors: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(errors.saturating_sub(1));
        self.policy.min_delay.saturating_mul(doubled).min(self.policy.max_delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_limited() -> QueryError {
        QueryError::RateLimited { message: String::new(), retry_after: None }
    }

    fn overloaded(retry_after: Option<u64>) -> QueryError {
        QueryError::Overloaded { message: String::new(), retry_after: retry_after.map(Duration::from_secs) }
    }

    /// The delays in seconds until the query is given up.
    fn delays(error: &QueryError) -> Vec<u64> {
        let mut retries = RetryState::new(RetryPolicy::default());
        std::iter::from_fn(|| retries.next_delay(error, None)).map(|delay| delay.as_secs()).collect()
    }

    #[test]
    fn delays_double_up_to_the_maximum_and_the_number_of_retries_is_limited() {
        assert_eq!(delays(&rate_limited()), [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(delays(&overloaded(None)), [30, 60, 120, 240]);
    }

    #[test]
    fn permanent_errors_are_not_retried() {
        for error in [
            QueryError::InvalidQuery { message: String::new() },
            QueryError::UserAgentRequired,
            QueryError::Forbidden { message: String::new() },
            QueryError::ForeignRedirect,
            QueryError::UnexpectedContentType { content_type: "text/csv".into(), message: String::new() },
            QueryError::Status { status: 500, message: String::new() },
            QueryError::Unreachable("refused".into()),
            QueryError::Timeout(Duration::ZERO),
        ] {
            assert_eq!(delays(&error), [0; 0], "{error}");
        }
    }

    #[test]
    fn a_server_may_request_longer_delays_up_to_an_hour_but_no_shorter_ones() {
        let mut retries = RetryState::new(RetryPolicy::default());
        let slots = |seconds| Slots { limit: Some(2), free: 0, free_in: Some(Duration::from_secs(seconds)) };
        let mut delay = |error: QueryError, slots: Option<Slots>| {
            retries.next_delay(&error, slots.as_ref()).unwrap().as_secs()
        };
        assert_eq!(delay(rate_limited(), Some(slots(5))), 30);
        assert_eq!(delay(rate_limited(), Some(slots(200))), 200);
        assert_eq!(delay(overloaded(Some(900)), None), 900);
        assert_eq!(delay(overloaded(Some(u64::MAX)), None), 3600);
    }

    #[test]
    fn the_status_is_needed_after_every_other_rate_limit_error() {
        let mut retries = RetryState::new(RetryPolicy::default());
        let mut read = Vec::new();
        for _ in 0..4 {
            read.push(retries.needs_slots(&rate_limited()));
            retries.next_delay(&rate_limited(), None);
        }
        assert_eq!(read, [true, false, true, false]);
        assert!(!retries.needs_slots(&overloaded(None)));
    }
}
