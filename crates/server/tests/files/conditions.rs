//! What may be cached, and which ranges are sent.

use crate::{
    harness::Request,
    setup::{commit, get_with, import, server, tag},
};

#[test]
fn a_file_of_a_commit_may_be_kept_forever_and_read_in_ranges() {
    let server = server(&[]);
    let target = format!("/repos/r/at/{}/files/points.gpkg", commit(&server));
    let head = server.send(Request::new("HEAD", &target));
    let whole = server.get(&target);
    assert_eq!((head.status, head.body.len(), whole.status), (200, 0, 200));
    assert!(whole.body.starts_with(b"SQLite format 3\0"));
    for answer in [&head, &whole] {
        assert_eq!(answer.header("etag"), Some(tag(&whole.body).as_str()));
        assert_eq!(answer.header("content-length"), Some(whole.body.len().to_string().as_str()));
        assert_eq!(answer.header("cache-control"), Some("private, max-age=31536000, immutable"));
        assert_eq!(answer.header("vary"), Some("Accept, Authorization"));
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert_eq!(answer.header("content-type"), Some("application/geopackage+sqlite3"));
        assert_eq!(
            answer.header("content-disposition"),
            Some("attachment; filename=\"points.gpkg\"; filename*=UTF-8''points.gpkg")
        );
        assert_eq!(answer.header("content-location"), None);
    }

    let part = get_with(&server, &target, &[("Range", "bytes=100-199")]);
    assert_eq!((part.status, part.body.as_slice()), (206, &whole.body[100..200]));
    let range = format!("bytes 100-199/{}", whole.body.len());
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    let after = get_with(&server, &target, &[("Range", "bytes=99999999-")]);
    assert_eq!((after.status, after.body.len()), (416, 0));
    let held = get_with(&server, &target, &[("If-None-Match", &tag(&whole.body))]);
    assert_eq!((held.status, held.body.len()), (304, 0));
    assert_eq!(held.header("cache-control"), whole.header("cache-control"));
    server.stop();
}

#[test]
fn a_file_of_a_branch_is_read_in_ranges_only_by_who_names_its_version() {
    let server = server(&[]);
    let first_commit = commit(&server);
    let target = "/repos/r/at/master/files/points.gpkg";
    let first = server.get(target);
    assert_eq!(first.header("cache-control"), Some("no-cache"));
    assert_eq!(first.header("accept-ranges"), None);
    let permanent = format!("http://{}/repos/r/at/{first_commit}/files/points.gpkg", server.address);
    assert_eq!(first.header("content-location"), Some(permanent.as_str()));
    let first_tag = tag(&first.body);

    let blind = get_with(&server, target, &[("Range", "bytes=0-9")]);
    assert_eq!((blind.status, &blind.body), (200, &first.body));
    let named = get_with(&server, target, &[("Range", "bytes=0-9"), ("If-Range", &first_tag)]);
    assert_eq!((named.status, named.body.as_slice()), (206, &first.body[..10]));

    import(&server, "points", &["a", "b", "c"]);
    let moved = get_with(&server, target, &[("Range", "bytes=10-19"), ("If-Range", &first_tag)]);
    assert_eq!(moved.status, 200);
    let second_tag = tag(&moved.body);
    assert_ne!(second_tag, first_tag);
    let revalidated = get_with(&server, target, &[("If-None-Match", &first_tag)]);
    assert_eq!((revalidated.status, revalidated.header("etag")), (200, Some(second_tag.as_str())));
    let current = get_with(&server, "/repos/r/files/points.gpkg", &[("If-None-Match", &second_tag)]);
    assert_eq!(current.status, 304);

    let of_first = get_with(&server, &format!("/repos/r/at/{first_commit}/files/points.gpkg"), &[]);
    assert_eq!(of_first.body, first.body);
    server.stop();
}

#[test]
fn an_error_may_not_be_cached() {
    let server = server(&[]);
    let answer = server.get(&format!("/repos/r/at/{}/files/rivers.gpkg", commit(&server)));
    assert_eq!((answer.status, answer.header("cache-control")), (404, Some("no-store")));
    server.stop();
}
