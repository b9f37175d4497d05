//! When to ask again after a refusal, and when not to.

use std::time::Duration;

use super::{Refusal, Slots};

/// The longest wait that a server may order.
const LONGEST_ORDER: Duration = Duration::from_secs(3600);

/// How patient somebody is who asks.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The shortest wait. The operators of the public servers ask for half a minute.
    pub least: Duration,
    /// The longest wait of our own choice; each is twice the one before.
    pub most: Duration,
    /// How often to ask a server that has had enough of us.
    pub rate_limited: u32,
    /// How often to ask a server that is too busy. Fewer times: it may also be the query that asks too much.
    pub overloaded: u32,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            least: Duration::from_secs(30),
            most: Duration::from_secs(600),
            rate_limited: 8,
            overloaded: 5,
        }
    }
}

/// Counts the refusals of one download.
#[derive(Debug)]
pub struct Patience {
    pace: Pace,
    rate_limited: u32,
    overloaded: u32,
}

impl Patience {
    /// Nothing has been refused yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, rate_limited: 0, overloaded: 0 }
    }

    /// Whether the server's status would help to decide how long to wait after this refusal. Asked rarely: reading it
    /// costs the server, too, and under load that is what hurts.
    pub fn wants_slots(&self, refusal: &Refusal) -> bool {
        matches!(refusal, Refusal::RateLimited { .. }) && self.rate_limited.is_multiple_of(2)
    }

    /// How long to wait before asking again; `None`: it is no use.
    pub fn after(&mut self, refusal: &Refusal, slots: Option<&Slots>) -> Option<Duration> {
        let (count, most, ordered) = match refusal {
            Refusal::RateLimited { retry_after, .. } => {
                (&mut self.rate_limited, self.pace.rate_limited, *retry_after)
            }
            Refusal::Overloaded { retry_after, .. } => {
                (&mut self.overloaded, self.pace.overloaded, *retry_after)
            }
            // Whoever asks again after any other answer only makes things worse.
            _ => return None,
        };
        *count += 1;
        if *count >= most {
            return None;
        }
        let free_in = slots.filter(|slots| !slots.is_free()).and_then(|slots| slots.free_in);
        let ordered = ordered.max(free_in).unwrap_or_default().min(LONGEST_ORDER);
        Some(self.own(self.rate_limited + self.overloaded).max(ordered))
    }

    fn own(&self, refusals: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(refusals.saturating_sub(1));
        self.pace.least.saturating_mul(doubled).min(self.pace.most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_limited() -> Refusal {
        Refusal::RateLimited { said: String::new(), retry_after: None }
    }

    fn overloaded(retry_after: Option<u64>) -> Refusal {
        Refusal::Overloaded { said: String::new(), retry_after: retry_after.map(Duration::from_secs) }
    }

    /// The waits, in seconds, until it is given up.
    fn waits(refusal: &Refusal) -> Vec<u64> {
        let mut patience = Patience::new(Pace::default());
        std::iter::from_fn(|| patience.after(refusal, None)).map(|wait| wait.as_secs()).collect()
    }

    #[test]
    fn each_wait_is_twice_the_one_before_and_there_is_an_end() {
        assert_eq!(waits(&rate_limited()), [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(waits(&overloaded(None)), [30, 60, 120, 240]);
    }

    #[test]
    fn what_will_not_get_better_is_not_asked_again() {
        for refusal in [
            Refusal::BadQuery { said: String::new() },
            Refusal::Anonymous,
            Refusal::Banned { said: String::new() },
            Refusal::Redirected,
            Refusal::OtherFormat { content_type: "text/csv".into(), said: String::new() },
            Refusal::Status { status: 500, said: String::new() },
            Refusal::Unreachable("refused".into()),
            Refusal::Late(Duration::ZERO),
        ] {
            assert_eq!(waits(&refusal), [0; 0], "{refusal}");
        }
    }

    #[test]
    fn a_server_may_order_longer_waits_but_no_shorter_ones_and_not_for_ever() {
        let mut patience = Patience::new(Pace::default());
        let slots = |seconds| Slots { limit: Some(2), free: 0, free_in: Some(Duration::from_secs(seconds)) };
        let mut wait = |refusal: Refusal, slots: Option<Slots>| {
            patience.after(&refusal, slots.as_ref()).unwrap().as_secs()
        };
        assert_eq!(wait(rate_limited(), Some(slots(5))), 30);
        assert_eq!(wait(rate_limited(), Some(slots(200))), 200);
        assert_eq!(wait(overloaded(Some(900)), None), 900);
        assert_eq!(wait(overloaded(Some(u64::MAX)), None), 3600);
    }

    #[test]
    fn the_status_is_read_after_every_other_refusal_for_which_it_matters() {
        let mut patience = Patience::new(Pace::default());
        let mut read = Vec::new();
        for _ in 0..4 {
            read.push(patience.wants_slots(&rate_limited()));
            patience.after(&rate_limited(), None);
        }
        assert_eq!(read, [true, false, true, false]);
        assert!(!patience.wants_slots(&overloaded(None)));
    }
}
