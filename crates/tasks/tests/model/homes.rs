//! Where a store's tasks outlive the program.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use longhaul_tasks::{
    Counters, Filter, MemoryStore, Status, TaskId, Totals,
    store::{
        Answer, Answering, Claimed, Journal, Limits, Listener, Orphan, Record, SealedEffect, Store, Swept,
        Transition, View,
    },
};

/// What is left of a store when its program has crashed.
pub trait Home {
    /// The store.
    type Store: Store;

    /// What it is called.
    const NAME: &'static str;

    /// A new one, with nothing in it.
    fn new() -> Self;

    /// The store as a program that starts finds it; the last one is gone.
    fn open(&self) -> Self::Store;

    /// Waits until a claim would outlive a crash. One that would not is as if it had never been.
    async fn keep_claim(store: &Self::Store, id: TaskId) {
        let _ = (store, id);
    }
}

/// The store in memory, and the workers' claims beside it, as if both were on a disk.
pub struct InMemory {
    store: MemoryStore,
    claims: Arc<Mutex<BTreeMap<TaskId, Claim>>>,
}

struct Claim {
    claimed: Claimed,
    sealed: Option<SealedEffect>,
}

impl Home for InMemory {
    type Store = Survivor;

    const NAME: &'static str = "in memory";

    fn new() -> Self {
        Self { store: MemoryStore::new(), claims: Arc::default() }
    }

    fn open(&self) -> Survivor {
        Survivor { store: self.store.clone(), claims: self.claims.clone() }
    }
}

/// A store in memory that knows what was being run when it was opened.
pub struct Survivor {
    store: MemoryStore,
    claims: Arc<Mutex<BTreeMap<TaskId, Claim>>>,
}

impl Journal for Survivor {
    fn attach(&self, listener: Arc<dyn Listener>, limits: Limits) {
        self.store.attach(listener, limits);
    }

    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>> {
        Box::pin(async move {
            let answers = self.store.write(wishes.clone()).await?;
            let mut claims = self.claims.lock().unwrap();
            for (wish, answer) in wishes.iter().zip(&answers) {
                if let Transition::Sealed { id, intent, download, .. } = wish
                    && answer.verdict.is_ok()
                    && let Some(claim) = claims.get_mut(id)
                {
                    claim.sealed = Some(SealedEffect { intent: intent.clone(), download: download.clone() });
                }
            }
            Ok(answers)
        })
    }

    fn claim(&self) -> Answering<'_, Option<Claimed>> {
        Box::pin(async {
            let claimed = self.store.claim().await?;
            if let Some(claimed) = claimed.clone() {
                self.claims.lock().unwrap().insert(claimed.id, Claim { claimed, sealed: None });
            }
            Ok(claimed)
        })
    }

    fn rescue(&self) -> Answering<'_, Vec<Orphan>> {
        Box::pin(async {
            let mut orphans = Vec::new();
            let mut free = Vec::new();
            for record in self.store.list(&Filter::default()).await? {
                let claims = self.claims.lock().unwrap();
                let Some(claim) = claims.get(&record.task.id) else { continue };
                match record.task.status {
                    Status::Running => orphans.push(orphan(&record, claim)),
                    status if status.has_ended() => free.push(record.task.id),
                    _ => {}
                }
            }
            // What a thread held that was given up is nobody's after a crash.
            for id in free {
                self.store.write(vec![Transition::LanesFreed { id }]).await?;
            }
            Ok(orphans)
        })
    }

    fn sweep(&self, keep: Duration) -> Answering<'_, Swept> {
        self.store.sweep(keep)
    }
}

/// The store in a database.
#[cfg(feature = "sqlite")]
pub struct OnDisk(tempfile::TempDir);

#[cfg(feature = "sqlite")]
impl Home for OnDisk {
    type Store = longhaul_tasks::SqliteStore;

    const NAME: &'static str = "on a disk";

    fn new() -> Self {
        // It need not outlive the machine.
        let fast = std::path::Path::new("/dev/shm");
        let folder = if fast.is_dir() { tempfile::tempdir_in(fast) } else { tempfile::tempdir() };
        Self(folder.unwrap())
    }

    fn open(&self) -> longhaul_tasks::SqliteStore {
        longhaul_tasks::SqliteStore::open(self.0.path().join("tasks.sqlite")).unwrap()
    }

    async fn keep_claim(store: &longhaul_tasks::SqliteStore, id: TaskId) {
        // Refused, but answered behind all that came before.
        store.write(vec![Transition::LanesFreed { id }]).await.unwrap();
    }
}

fn orphan(record: &Record, claim: &Claim) -> Orphan {
    Orphan {
        claimed: claim.claimed.clone(),
        cut_short: claim.claimed.attempt,
        interruptions: record.interruptions,
        cancel_requested: record.cancel_requested,
        sealed: claim.sealed.clone(),
    }
}

impl View for Survivor {
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>> {
        self.store.get(id)
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>> {
        self.store.list(filter)
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals> {
        self.store.totals(filter)
    }

    fn counters(&self) -> Counters {
        self.store.counters()
    }
}
