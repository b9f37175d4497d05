//! What callers share, of which there is a limited number: requests, event streams, uploads, reads.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time};

use crate::access::{Caller, CallerKey};

/// Pause between two log lines about one kind of places.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

/// Places of one kind.
///
/// A caller gets one as long as it holds fewer than are free, not counting those that are reserved for admins. So one caller alone may hold almost half of them, two may hold a third each, and a newcomer finds some free. Admins get any that is free.
#[derive(Debug)]
pub(crate) struct Places {
    kind: &'static str,
    total: usize,
    taken: Mutex<Taken>,
    released: Notify,
    refused: AtomicU64,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    by_caller: HashMap<CallerKey, usize>,
    logged: Option<Instant>,
}

/// A place that a caller holds until this value is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    caller: CallerKey,
}

impl Places {
    /// As many places as `total`; `kind` names them in metrics and in the log.
    pub(crate) fn new(kind: &'static str, total: usize) -> Arc<Self> {
        Arc::new(Self {
            kind,
            total,
            taken: Mutex::default(),
            released: Notify::new(),
            refused: AtomicU64::new(0),
        })
    }

    /// A place, if one is free for the caller.
    pub(crate) fn take(self: &Arc<Self>, caller: &Caller) -> Option<Place> {
        let place = self.try_take(caller);
        if place.is_none() {
            self.refuse(caller);
        }
        place
    }

    /// A place as soon as one is free for the caller, if that happens in time.
    pub(crate) async fn wait(self: &Arc<Self>, caller: &Caller, timeout: Duration) -> Option<Place> {
        let waiting = async {
            loop {
                let mut released = std::pin::pin!(self.released.notified());
                released.as_mut().enable();
                if let Some(place) = self.try_take(caller) {
                    return place;
                }
                released.await;
            }
        };
        let place = time::timeout(timeout, waiting).await.ok();
        if place.is_none() {
            self.refuse(caller);
        }
        place
    }

    fn try_take(self: &Arc<Self>, caller: &Caller) -> Option<Place> {
        let key = caller.key();
        let mut taken = self.taken();
        let free = self.total - taken.count;
        let may_hold = if caller.is_admin() { usize::MAX } else { free.saturating_sub(reserve(self.total)) };
        let entry = taken.by_caller.entry(key.clone());
        let held = if let Entry::Occupied(held) = &entry { *held.get() } else { 0 };
        if free == 0 || held >= may_hold {
            return None;
        }
        *entry.or_default() += 1;
        taken.count += 1;
        Some(Place { places: self.clone(), caller: key })
    }

    /// Counts the refusal; one is logged in a minute.
    fn refuse(&self, caller: &Caller) {
        self.refused.fetch_add(1, Relaxed);
        let (kind, total) = (self.kind, self.total);
        let mut taken = self.taken();
        let is_due = taken.logged.is_none_or(|logged| logged.elapsed() >= LOG_INTERVAL);
        if is_due {
            taken.logged = Some(Instant::now());
            let (all, held) = (taken.count, taken.by_caller.get(&caller.key()).copied().unwrap_or_default());
            drop(taken);
            tracing::warn!(
                kind,
                total,
                taken = all,
                caller = ?caller.key(),
                held,
                "a caller was refused: too many places are taken"
            );
        }
    }

    /// The kind, how many there are, how many are taken, and how many times a caller got none.
    pub(crate) fn counts(&self) -> (&'static str, usize, usize, u64) {
        (self.kind, self.total, self.taken().count, self.refused.load(Relaxed))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many of so many places only admins get; none of so few that others would hardly get one.
fn reserve(total: usize) -> usize {
    if total < 4 { 0 } else { (total / 16).clamp(1, 32) }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.count -= 1;
        if let Entry::Occupied(mut held) = taken.by_caller.entry(self.caller.clone()) {
            match held.get() {
                1 => drop(held.remove()),
                _ => *held.get_mut() -= 1,
            }
        }
        drop(taken);
        self.places.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may")]

    use super::*;
    use crate::access::{Role, Secret, Token};

    fn with_token(name: &str, role: Role) -> Caller {
        Caller::WithToken(Arc::new(Token::new(name, role, vec![], &Secret::new().unwrap()).unwrap()))
    }

    fn take_all(places: &Arc<Places>, caller: &Caller) -> Vec<Place> {
        std::iter::from_fn(|| places.take(caller)).collect()
    }

    #[test]
    fn one_caller_leaves_as_many_places_as_it_takes_and_a_reserve() {
        let places = Places::new("uploads", 32);
        let (writer, reader, admin) =
            (with_token("w", Role::Writer), with_token("r", Role::Reader), with_token("a", Role::Admin));
        let of_writer = take_all(&places, &writer);
        assert_eq!(of_writer.len(), 15);
        let of_reader = take_all(&places, &reader);
        assert_eq!(of_reader.len(), 8);
        let strangers: Vec<_> = (1..=200)
            .map(|host| Caller::anonymous([192, 0, 2, host].into()))
            .flat_map(|stranger| take_all(&places, &stranger))
            .collect();
        assert_eq!(32 - of_writer.len() - of_reader.len() - strangers.len(), 2, "the reserve");
        let of_admin = take_all(&places, &admin);
        assert_eq!((of_admin.len(), places.counts().3), (2, 203));
        assert_eq!(places.counts().2, 32);
        drop((of_writer, of_reader, strangers, of_admin));
        assert_eq!(places.counts().2, 0);
        assert!(places.taken().by_caller.is_empty());
        assert_eq!(take_all(&places, &reader).len(), 15);
    }

    #[test]
    fn everybody_gets_a_place_however_few_there_are() {
        let stranger = Caller::anonymous([192, 0, 2, 1].into());
        for (total, of_one) in [(1, 1), (2, 1), (3, 2), (4, 2), (16, 8)] {
            assert_eq!(take_all(&Places::new("fetches", total), &stranger).len(), of_one, "of {total}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_place_that_is_released() {
        let places = Places::new("reads", 2);
        let stranger = Caller::anonymous([192, 0, 2, 1].into());
        let first = places.take(&stranger).unwrap();
        assert!(places.wait(&stranger, Duration::from_secs(1)).await.is_none());
        let waiting = tokio::spawn({
            let (places, stranger) = (places.clone(), stranger.clone());
            async move { places.wait(&stranger, Duration::from_secs(10)).await.is_some() }
        });
        tokio::task::yield_now().await;
        drop(first);
        assert!(waiting.await.unwrap());
    }
}
