//! Stores whose tasks outlive a process.

use longhaul_tasks::store::Store;
use longhaul_tasks_contract::ForwardingStore;

/// What is left of a store when its process has crashed.
pub trait DurableStore {
    /// The store as a process uses it.
    type Store: Store;

    /// What it is called.
    const NAME: &'static str;

    /// Whether a process that counts as crashed may only have been frozen, so that its threads go on later.
    const IS_SHARED: bool;

    /// A new one, without tasks.
    fn new() -> Self;

    /// Opens it for a new process; the one before has crashed.
    fn open(&self) -> Self::Store;

    /// Waits until the claims so far would outlive a crash.
    async fn sync_claims(store: &Self::Store) {
        let _ = store;
    }
}

/// A store in memory, as if it were in a database that several processes share.
pub struct InMemory(ForwardingStore);

impl DurableStore for InMemory {
    type Store = ForwardingStore;

    const NAME: &'static str = "in memory";
    const IS_SHARED: bool = true;

    fn new() -> Self {
        Self(ForwardingStore::default())
    }

    fn open(&self) -> ForwardingStore {
        self.0.crash();
        self.0.clone()
    }
}

/// The store in a database of one process.
#[cfg(feature = "sqlite")]
pub struct OnDisk(tempfile::TempDir);

#[cfg(feature = "sqlite")]
impl DurableStore for OnDisk {
    type Store = longhaul_tasks::SqliteStore;

    const NAME: &'static str = "on a disk";
    const IS_SHARED: bool = false;

    fn new() -> Self {
        // It need not outlive the machine.
        let fast = std::path::Path::new("/dev/shm");
        let folder = if fast.is_dir() { tempfile::tempdir_in(fast) } else { tempfile::tempdir() };
        Self(folder.unwrap())
    }

    fn open(&self) -> longhaul_tasks::SqliteStore {
        longhaul_tasks::SqliteStore::open(self.0.path().join("tasks.sqlite")).unwrap()
    }

    async fn sync_claims(store: &longhaul_tasks::SqliteStore) {
        // It does nothing, but is answered after all that came before.
        let unknown = longhaul_tasks::TaskId(u64::MAX / 2);
        store.apply(vec![longhaul_tasks::store::Command::FreeLanes { id: unknown }]).await.unwrap();
    }
}
