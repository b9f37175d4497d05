//! Files that say something untrue of their own structure.

use crate::{
    outcome::{layers, report, run},
    support::harness::Harness,
};

#[test]
fn tables_that_share_pages_are_damage() {
    let harness = Harness::new();
    let error = run(&harness, harness.job(&report(&harness, "sharedroot.gpkg"))).error.unwrap();
    assert!(error.starts_with("sharedroot.gpkg is damaged: "), "{error}");
    assert!(error.contains(" have the same pages; "), "{error}");
}

#[test]
fn virtual_tables_with_pages_of_their_own_are_damage() {
    for name in ["vtreal_fts4.gpkg", "vtreal_rtree.gpkg"] {
        let harness = Harness::new();
        let error = run(&harness, harness.job(&report(&harness, name))).error.unwrap();
        assert!(error.starts_with(&format!("{name} is damaged: \"")), "{error}");
    }
}

#[test]
fn three_thousand_tables_are_imported_in_reasonable_time() {
    let harness = Harness::new();
    let outcome = run(&harness, harness.job(&report(&harness, "tables3000.gpkg")));
    assert_eq!(outcome.error, None);
    assert_eq!(layers(&harness).len(), 3000);
}
