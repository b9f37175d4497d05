//! The store on a disk, against the contract.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use tasks::{SqliteStore, store::contract};
use tempfile::TempDir;

#[tokio::test]
async fn the_sqlite_store_keeps_the_contract() {
    let folder = TempDir::new().unwrap();
    let mut number = 0;
    contract::check(async |clock| {
        number += 1;
        let path = folder.path().join(format!("{number}.sqlite"));
        SqliteStore::options().clock(clock).open(path).unwrap()
    })
    .await;
}
