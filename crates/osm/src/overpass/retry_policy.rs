//! When to ask again after a error, and when not to.

use std::time::Duration;

use super::{QueryError, Slots};

/// The longest wait that a server may order.
const MAX_REQUESTED_DELAY: Duration = Duration::from_secs(3600);

/// How patient somebody is who asks.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The shortest wait. The operators of the public servers ask for half a minute.
    pub min_delay: Duration,
    /// The longest wait of our own choice; each is twice the one before.
    pub max_delay: Duration,
    /// How often to ask a server that has had enough of us.
    pub max_rate_limited: u32,
    /// How often to ask a server that is too busy. Fewer times: it may also be the query that asks too much.
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

/// Counts the refusals of one download.
#[derive(Debug)]
pub struct RetryState {
    retry_policy: RetryPolicy,
    rate_limited: u32,
    overloaded: u32,
}

impl RetryState {
    /// Nothing has been refused yet.
    pub fn new(retry_policy: RetryPolicy) -> Self {
        Self { retry_policy, rate_limited: 0, overloaded: 0 }
    }

    /// Whether the server's status would help to decide how long to wait after this error. Asked rarely: reading it
    /// costs the server, too, and under load that is what hurts.
    pub fn needs_slots(&self, error: &QueryError) -> bool {
        matches!(error, QueryError::RateLimited { .. }) && self.rate_limited.is_multiple_of(2)
    }

    /// How long to wait before asking again; `None`: it is no use.
    pub fn next_delay(&mut self, error: &QueryError, slots: Option<&Slots>) -> Option<Duration> {
        let (count, most, requested) = match error {
            QueryError::RateLimited { retry_after, .. } => {
                (&mut self.rate_limited, self.retry_policy.max_rate_limited, *retry_after)
            }
            QueryError::Overloaded { retry_after, .. } => {
                (&mut self.overloaded, self.retry_policy.max_overloaded, *retry_after)
            }
            // Whoever asks again after any other answer only makes things worse.
            _ => return None,
        };
        *count += 1;
        if *count >= most {
            return None;
        }
        let free_in = slots.filter(|slots| !slots.is_free()).and_then(|slots| slots.free_in);
        let requested = requested.max(free_in).unwrap_or_default().min(MAX_REQUESTED_DELAY);
        Some(self.own_delay(self.rate_limited + self.overloaded).max(requested))
    }

    fn own_delay(&self, refusals: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(refusals.saturating_sub(1));
        self.retry_policy.min_delay.saturating_mul(doubled).min(self.retry_policy.max_delay)
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

    /// The waits, in seconds, until it is given up.
    fn waits(error: &QueryError) -> Vec<u64> {
        let mut retries = RetryState::new(RetryPolicy::default());
        std::iter::from_fn(|| retries.next_delay(error, None)).map(|wait| wait.as_secs()).collect()
    }

    #[test]
    fn each_wait_is_twice_the_one_before_and_there_is_an_end() {
        assert_eq!(waits(&rate_limited()), [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(waits(&overloaded(None)), [30, 60, 120, 240]);
    }

    #[test]
    fn what_will_not_get_better_is_not_asked_again() {
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
            assert_eq!(waits(&error), [0; 0], "{error}");
        }
    }

    #[test]
    fn a_server_may_order_longer_waits_but_no_shorter_ones_and_not_for_ever() {
        let mut retries = RetryState::new(RetryPolicy::default());
        let slots = |seconds| Slots { limit: Some(2), free: 0, free_in: Some(Duration::from_secs(seconds)) };
        let mut wait = |error: QueryError, slots: Option<Slots>| {
            retries.next_delay(&error, slots.as_ref()).unwrap().as_secs()
        };
        assert_eq!(wait(rate_limited(), Some(slots(5))), 30);
        assert_eq!(wait(rate_limited(), Some(slots(200))), 200);
        assert_eq!(wait(overloaded(Some(900)), None), 900);
        assert_eq!(wait(overloaded(Some(u64::MAX)), None), 3600);
    }

    #[test]
    fn the_status_is_read_after_every_other_refusal_for_which_it_matters() {
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
