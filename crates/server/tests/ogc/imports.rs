//! Imports of large layers make their indexes.

use std::time::{Duration, Instant};

use crate::{Server, harness::geopackage, import_bytes};

#[test]
fn the_index_of_a_large_layer_is_made_after_its_import() {
    let server = Server::start();
    server.init("city");
    let names = vec!["a"; 50_000];
    import_bytes(&server, "city", &geopackage::points("small", &names[1..]));
    import_bytes(&server, "city", &geopackage::points("large", &names));
    let deadline = Instant::now() + Duration::from_secs(60);
    let folder = server.data("cache/index");
    // A complete index has the name of a tree; before that, its name begins with a dot.
    let is_complete = |name: &String| !name.starts_with('.');
    while !crate::harness::names_in(&folder).iter().any(is_complete) {
        assert!(Instant::now() < deadline, "no index was made");
        std::thread::yield_now();
    }
    let made = crate::harness::names_in(&folder);
    assert_eq!(made.iter().filter(|name| is_complete(name)).count(), 1, "{made:?}");
    let page = crate::json(&server, "/repos/city/collections/large/items?limit=1");
    assert_eq!(page["numberMatched"], 50_000);
    assert_eq!(crate::harness::names_in(&folder), made, "the request made no other");
    server.stop();
}
