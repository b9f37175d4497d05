//! The store in memory, against the contract.

use longhaul_tasks::store::MemoryStore;
use longhaul_tasks_contract::{ForwardingStore, check, check_recovery};

#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    check(async |clock| MemoryStore::with_clock(clock)).await;
}

#[tokio::test]
async fn the_forwarding_store_keeps_the_contract() {
    check(async |clock| ForwardingStore::new(clock)).await;
}

#[tokio::test]
async fn a_slow_store_keeps_the_contract() {
    check(async |clock| ForwardingStore::new(clock).slow()).await;
}

#[tokio::test]
async fn tasks_of_a_forwarding_store_are_recovered_after_a_crash() {
    check_recovery(
        async |clock| ForwardingStore::new(clock),
        async |store, _| {
            store.crash();
            store
        },
    )
    .await;
}
