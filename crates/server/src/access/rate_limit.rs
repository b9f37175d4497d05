use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Wrong tokens that an address may send in a row.
const BURST: u32 = 20;
/// The time after which it may send one more.
const REFILL_INTERVAL: Duration = Duration::from_secs(3);
/// Most addresses that are remembered.
const MAX_ADDRESSES: usize = 10_000;

/// Limits how many wrong tokens of an address are answered and logged one by one; valid tokens do not count.
///
/// A token bucket, stored as one time per address: the time at which its bucket is full again.
#[derive(Default)]
pub(super) struct RateLimit(Mutex<HashMap<IpAddr, Instant>>);

impl RateLimit {
    /// How long the address has to wait before it may send another wrong token; `None` if it need not wait.
    pub(super) fn wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let full_at = *self.addresses().get(&network(address))?;
        let wait = full_at.checked_duration_since(now)?.checked_sub(REFILL_INTERVAL * (BURST - 1))?;
        (!wait.is_zero()).then_some(wait)
    }

    /// Records that the address has sent a wrong token.
    pub(super) fn record_failure(&self, address: IpAddr, now: Instant) {
        let mut addresses = self.addresses();
        if addresses.len() >= MAX_ADDRESSES {
            addresses.retain(|_, full_at| *full_at > now);
        }
        if addresses.len() >= MAX_ADDRESSES {
            // Forgets the address whose bucket is full soonest. This happens only in an attack from a network of addresses.
            let soonest = addresses.iter().min_by_key(|(_, full_at)| **full_at).map(|(address, _)| *address);
            soonest.and_then(|address| addresses.remove(&address));
        }
        let full_at = addresses.entry(network(address)).or_insert(now);
        *full_at = (*full_at).max(now) + REFILL_INTERVAL;
    }

    fn addresses(&self) -> std::sync::MutexGuard<'_, HashMap<IpAddr, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An IPv6 address counts as its /64 network, which is what one customer gets.
pub(crate) fn network(address: IpAddr) -> IpAddr {
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
    fn an_address_that_sends_too_many_wrong_tokens_has_to_wait_and_others_do_not() {
        let limit = RateLimit::default();
        let now = Instant::now();
        let (bad, good) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..BURST {
            assert_eq!(limit.wait(bad, now), None);
            limit.record_failure(bad, now);
        }
        assert_eq!(limit.wait(bad, now), Some(REFILL_INTERVAL));
        assert_eq!(limit.wait(address("::ffff:192.0.2.1"), now), Some(REFILL_INTERVAL));
        assert_eq!(limit.wait(good, now), None);
        let later = now + REFILL_INTERVAL;
        assert_eq!(limit.wait(bad, later), None);
        limit.record_failure(bad, later);
        assert_eq!(limit.wait(bad, later), Some(REFILL_INTERVAL));
        assert_eq!(limit.wait(bad, later + REFILL_INTERVAL * BURST), None);
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let limit = RateLimit::default();
        let now = Instant::now();
        for host in 0..BURST {
            limit.record_failure(address(&format!("2001:db8::{host:x}")), now);
        }
        assert!(limit.wait(address("2001:db8::ffff:1"), now).is_some());
        assert_eq!(limit.wait(address("2001:db8:0:1::1"), now), None);
    }

    #[test]
    fn the_number_of_remembered_addresses_is_limited() {
        let limit = RateLimit::default();
        let now = Instant::now();
        for host in 0..MAX_ADDRESSES as u32 + 100 {
            limit.record_failure(IpAddr::V4(host.into()), now);
        }
        assert_eq!(limit.addresses().len(), MAX_ADDRESSES);
    }
}
