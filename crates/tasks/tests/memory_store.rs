//! The store in memory, against the contract.

use longhaul_tasks::store::{MemoryStore, contract};

#[tokio::test]
async fn the_memory_store_keeps_the_contract() {
    contract::check(async |clock| MemoryStore::with_clock(clock)).await;
}
