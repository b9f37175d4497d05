//! Pages stay small, however much there is.

use crate::{harness::Server, page, with_layer};

/// Without the map library.
const LARGEST: usize = 300 * 1024;

#[test]
fn a_page_of_many_repositories_is_small() {
    let server = Server::start();
    for number in 0..120 {
        server.init(&format!("repository-{number:03}"));
    }
    let start = page(&server, "/");
    assert!(start.len() < LARGEST, "{}", start.len());
    assert!(start.contains("Page 1 of 5") && start.contains("120 repositories"), "{start}");
    let found = page(&server, "/?search=-11&page=1");
    assert!(found.contains("10 repositories") && found.contains("repository-110"), "{found}");
    server.stop();
}

#[test]
fn a_page_of_large_values_is_small() {
    let large = "x".repeat(20_000);
    let values = vec![large.as_str(); 120];
    let (server, _) = with_layer(&values);
    for target in [
        "/repos/city/collections/p",
        "/repos/city/collections/p?from=100",
        "/repos/city/at/HEAD",
        "/repos/city",
    ] {
        let shown = page(&server, target);
        assert!(shown.len() < LARGEST, "{target}: {}", shown.len());
    }
    server.stop();
}
