use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Wrong tokens that an address may show in a row.
const BURST: u32 = 20;
/// How long until it may show one more.
const PACE: Duration = Duration::from_secs(3);
/// Addresses that are remembered.
const MOST: usize = 10_000;

/// Who has shown wrong tokens lately. Who has shown too many is not listened to for a while, whatever they show.
#[derive(Default)]
pub(super) struct Failures(Mutex<HashMap<IpAddr, Instant>>);

impl Failures {
    /// How long the address has to wait before it may show a token again.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let settled = *self.known().get(&network(address))?;
        let wait = settled.checked_duration_since(now)?.checked_sub(PACE * (BURST - 1))?;
        (!wait.is_zero()).then_some(wait)
    }

    /// The address has shown a wrong token.
    pub(super) fn count(&self, address: IpAddr, now: Instant) {
        let mut known = self.known();
        if known.len() >= MOST {
            known.retain(|_, settled| *settled > now);
        }
        if known.len() >= MOST {
            // Whoever has nearly served their time. There are that many only if somebody has a network of addresses.
            let soonest = known.iter().min_by_key(|(_, settled)| **settled).map(|(address, _)| *address);
            soonest.and_then(|address| known.remove(&address));
        }
        // When all that it has shown will be forgotten.
        let settled = known.entry(network(address)).or_insert(now);
        *settled = (*settled).max(now) + PACE;
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An address of version 6 stands for the network that one customer gets: a /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn who_shows_too_many_wrong_tokens_has_to_wait_and_others_need_not() {
        let failures = Failures::default();
        let now = Instant::now();
        let (bad, good) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..BURST {
            assert_eq!(failures.wait(bad, now), None);
            failures.count(bad, now);
        }
        assert_eq!(failures.wait(bad, now), Some(PACE));
        assert_eq!(failures.wait(address("::ffff:192.0.2.1"), now), Some(PACE));
        assert_eq!(failures.wait(good, now), None);
        let later = now + PACE;
        assert_eq!(failures.wait(bad, later), None);
        failures.count(bad, later);
        assert_eq!(failures.wait(bad, later), Some(PACE));
        assert_eq!(failures.wait(bad, later + PACE * BURST), None);
    }

    #[test]
    fn a_network_of_version_6_counts_as_one_address() {
        let failures = Failures::default();
        let now = Instant::now();
        for host in 0..BURST {
            failures.count(address(&format!("2001:db8::{host:x}")), now);
        }
        assert!(failures.wait(address("2001:db8::ffff:1"), now).is_some());
        assert_eq!(failures.wait(address("2001:db8:0:1::1"), now), None);
    }

    #[test]
    fn however_many_there_are_few_are_kept() {
        let failures = Failures::default();
        let now = Instant::now();
        for host in 0..MOST as u32 + 100 {
            failures.count(IpAddr::V4(host.into()), now);
        }
        assert_eq!(failures.known().len(), MOST);
    }
}
