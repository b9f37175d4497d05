//! Branches, tags and commits.

use serde_json::json;

use crate::{all_features, city, harness::git, import_points, json, link};

#[test]
fn each_version_has_its_own_layers() {
    let server = city(&["old"]);
    let repository = server.data("repos/city.git");
    let first = git(&repository, &["rev-parse", "HEAD"]);
    git(&repository, &["branch", "surveys/2026"]);
    git(&repository, &["tag", "v1.0"]);
    import_points(&server, "points", &["new", "newer"]);
    let name = |base: &str| {
        let features = all_features(&server, &format!("{base}/collections/points/items"));
        features.iter().map(|feature| feature["properties"]["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(name("/repos/city"), ["new", "newer"]);
    assert_eq!(name("/repos/city/at/HEAD"), ["new", "newer"]);
    for version in ["surveys%2F2026", "v1.0", &first, &first[..8], "HEAD~1"] {
        assert_eq!(name(&format!("/repos/city/at/{version}")), ["old"], "{version}");
    }
    let page = json(&server, "/repos/city/at/surveys%2F2026");
    assert_eq!(page["title"], "city at surveys/2026");
    assert_eq!(link(&server, &page, "data").unwrap(), "/repos/city/at/surveys%2F2026/collections");
    let list = json(&server, "/repos/city/at/v1.0/layers.json");
    assert_eq!(list["response"]["layer"][0]["count"], json!(1));
    server.stop();
}
