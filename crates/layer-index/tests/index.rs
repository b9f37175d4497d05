//! Indexes of real layers: what they find, their order, and the cache.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::{
    fs,
    path::Path,
    sync::{Arc, Barrier, atomic::AtomicBool},
    thread,
};

use longhaul_disk_cache::DiskCache;
use longhaul_geodata::{
    Batch, Column, DataType, GeometryType, Layer, Schema, Value,
    geometry::{Extent, write_line, write_point, write_polygon},
};
use longhaul_layer_index::{BuildError, BuildOptions, IndexCache, LayerIndex, Window, build};
use longhaul_repository::{
    CommitDetails, Dataset, DatasetPath, Identity, Mode, PackedKey, Repositories, Repository, Stage,
};
use proptest::prelude::*;

static GO_ON: AtomicBool = AtomicBool::new(false);
const ONE_THREAD: BuildOptions = BuildOptions { threads: 1, memory: 1 << 20 };

/// A repository in a fresh folder.
fn repository() -> (tempfile::TempDir, Repository) {
    let folder = tempfile::tempdir().unwrap();
    let repositories = Repositories::open(folder.path().join("repos")).unwrap();
    let repository = repositories.init(&"r".parse().unwrap(), "main", None).unwrap();
    (folder, repository)
}

/// Commits a layer of these geometries; the keys count from 0, as numbers or as texts.
fn layer(repository: &Repository, geometries: &[Option<Vec<u8>>], text_keys: bool) -> Dataset {
    let column = |name: &str, data_type, primary_key| Column { name: name.into(), data_type, primary_key };
    let key = match text_keys {
        true => DataType::Text { length: None },
        false => DataType::Integer { size: 64 },
    };
    let kind = GeometryType { name: "GEOMETRY".into(), z: false, m: false };
    let columns =
        vec![column("id", key, true), column("geom", DataType::Geometry { kind, crs: None }, false)];
    let layer = Layer { name: "things".into(), schema: Schema { columns }, ..Layer::default() };
    let path = DatasetPath::new("things").unwrap();
    let mut stage = Stage::open(repository, "main").unwrap();
    let mut staged = stage.layer(&path, &layer, Mode::Replace).unwrap();
    let mut writer = staged.writer(&stage);
    for (at, geometry) in geometries.iter().enumerate() {
        let mut batch = Batch::new(2);
        match text_keys {
            true => batch.push(Value::Text(&format!("{at}{}", "x".repeat(at % 90)))),
            false => batch.push(Value::Integer(at as i64)),
        }
        batch.push(geometry.as_deref().map_or(Value::Null, Value::Geometry));
        writer.write(&batch).unwrap();
    }
    staged.collect(writer.finish().unwrap());
    stage.finish(staged).unwrap();
    let details = CommitDetails {
        author: Identity::fallback(),
        committer: Identity::fallback(),
        message: None,
        source: "a test".into(),
        time: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let commit = stage.commit(&details).unwrap().publish().unwrap();
    repository.dataset(commit.id, &path).unwrap().unwrap()
}

fn point(x: f64, y: f64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    write_point((x, y), &mut out);
    Some(out)
}

fn square(x: f64, y: f64, side: f64) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let ring = [(x, y), (x + side, y), (x + side, y + side), (x, y)];
    write_polygon([ring.into_iter()], &mut out);
    Some(out)
}

/// An index of the layer, made in an empty folder, and its bytes.
fn index(dataset: &Dataset, options: BuildOptions) -> (Vec<u8>, LayerIndex) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    build(dataset, &path, options, &GO_ON).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no other file is left behind");
    (fs::read(&path).unwrap(), LayerIndex::open(&path, dataset.tree()).unwrap())
}

/// A cache whose files are in the folder `index`.
fn cache_in(folder: &Path) -> IndexCache {
    let cache = DiskCache::open(folder, u64::MAX).unwrap();
    IndexCache::new(cache.section("index").unwrap(), ONE_THREAD)
}

fn keys(index: &LayerIndex, window: Window, from: u64) -> Vec<String> {
    index.leaves(window, from).map(|leaf| leaf.unwrap().entry.key.text()).collect()
}

fn extent(min_x: f64, min_y: f64, max_x: f64, max_y: f64) -> Extent {
    Extent { min_x, min_y, max_x, max_y }
}

#[test]
fn an_index_knows_how_many_features_there_are_where_and_of_which_types() {
    let (_folder, repository) = repository();
    let mut line = Vec::new();
    write_line([(-5.0, 1.0), (2.0, 8.0)].into_iter(), &mut line);
    // A wrong envelope in the header.
    line[8..16].copy_from_slice(&(-500.0_f64).to_le_bytes());
    let broken = Some(b"GP\0\x01\0\0\0\0\x01\x02".to_vec());
    let empty = point(f64::NAN, f64::NAN);
    let dataset =
        layer(&repository, &[point(3.0, 4.0), None, Some(line), broken, square(0.0, 0.0, 1.0), empty], false);
    let (_, index) = index(&dataset, ONE_THREAD);
    assert_eq!((index.count(), index.count_with_extent()), (6, 3));
    assert_eq!(index.extent(), Some(extent(-5.0, 0.0, 3.0, 8.0)));
    let types = index.geometry_types().into_iter().map(|code| code.get()).collect::<Vec<_>>();
    assert_eq!(types, [1, 2, 3]);
    let mut all = keys(&index, Window::All, 0);
    assert_eq!(all[3..], ["1", "3", "5"], "features without an extent come last");
    all.sort();
    assert_eq!(all, ["0", "1", "2", "3", "4", "5"]);
    let everywhere = Window::Boxes(vec![extent(-1e9, -1e9, 1e9, 1e9)]);
    assert_eq!(index.number_matched(&everywhere).unwrap(), 3);
    assert_eq!(keys(&index, everywhere, 0).len(), 3);
}

#[test]
fn a_layer_without_features_or_without_geometries_has_an_index_too() {
    let (_folder, repository) = repository();
    for geometries in [vec![], vec![None], vec![None; 40]] {
        let dataset = layer(&repository, &geometries, false);
        let (_, index) = index(&dataset, ONE_THREAD);
        assert_eq!(index.count(), geometries.len() as u64);
        assert_eq!((index.extent(), index.count_with_extent()), (None, 0));
        assert_eq!(keys(&index, Window::All, 0).len(), geometries.len());
        let window = Window::Boxes(vec![extent(-1.0, -1.0, 1.0, 1.0)]);
        assert_eq!(index.number_matched(&window).unwrap(), 0);
        assert!(keys(&index, window, 0).is_empty());
    }
}

#[test]
fn leaves_name_features_that_can_be_read_by_their_blobs() {
    let (_folder, repository) = repository();
    let geometries: Vec<_> = (0..300).map(|at| point(f64::from(at), f64::from(at % 7))).collect();
    let dataset = layer(&repository, &geometries, true);
    let (_, index) = index(&dataset, ONE_THREAD);
    let reader = dataset.reader();
    let mut batch = reader.batch().unwrap();
    for leaf in index.leaves(Window::All, 0) {
        let leaf = leaf.unwrap();
        batch.clear();
        reader.read(&leaf.entry, &mut batch).unwrap();
        let row = batch.rows().next().unwrap();
        let Value::Geometry(geometry) = row.value(1) else { panic!("a geometry") };
        let at = leaf.extent.unwrap().min_x as usize;
        assert_eq!(Some(geometry), geometries[at].as_deref());
        let found = dataset.find(&leaf.entry.key.text()).unwrap().unwrap();
        assert_eq!(found, leaf.entry);
        assert_eq!(PackedKey::from_bytes(leaf.entry.key.as_bytes()), Some(leaf.entry.key));
    }
    assert_eq!(dataset.find("nothing").unwrap(), None);
}

/// Pseudo-random geometries, a few of them null.
fn scattered(count: u64) -> Vec<Option<Vec<u8>>> {
    let mut state = 42_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31) * 1000.0
    };
    let geometry = |at| match at % 11 {
        0 => None,
        1..4 => point(next(), next()),
        _ => square(next(), next(), next() / 50.0),
    };
    (0..count).map(geometry).collect()
}

#[test]
fn a_list_that_is_sorted_on_the_disk_by_many_threads_gives_the_same_file() {
    let (_folder, repository) = repository();
    let dataset = layer(&repository, &scattered(5000), false);
    let (in_memory, _) = index(&dataset, ONE_THREAD);
    for memory in [1, 60_000, 300_000] {
        let (on_disk, _) = index(&dataset, BuildOptions { threads: 5, memory });
        assert!(in_memory == on_disk, "with {memory} bytes");
    }
}

#[test]
fn windows_find_what_a_look_at_every_feature_finds() {
    let (_folder, repository) = repository();
    let dataset = layer(&repository, &scattered(3000), false);
    let (_, index) = index(&dataset, ONE_THREAD);
    let leaves: Vec<_> = index.leaves(Window::All, 0).map(Result::unwrap).collect();
    assert!(leaves.iter().enumerate().all(|(at, leaf)| leaf.position == at as u64));
    proptest!(ProptestConfig::with_cases(200), |(
        x in -100.0..1100.0, y in -100.0..1100.0, width in 0.0..1300.0, height in 0.0..1300.0,
        second in proptest::option::of(0.0..1000.0), from in 0_u64..3100,
    )| {
        let mut boxes = vec![extent(x, y, x + width, y + height)];
        boxes.extend(second.map(|x: f64| extent(x, x, x + 30.0, x + 30.0)));
        let matches = |extent: Option<Extent>| {
            extent.is_some_and(|extent| boxes.iter().any(|wanted| wanted.intersects(&extent)))
        };
        let expected: Vec<_> = leaves.iter().filter(|leaf| matches(leaf.extent)).collect();
        let window = Window::Boxes(boxes.clone());
        prop_assert_eq!(index.number_matched(&window).unwrap(), expected.len() as u64);
        let found: Vec<_> = index.leaves(window, from).map(Result::unwrap).collect();
        let expected: Vec<_> = expected.into_iter().filter(|leaf| leaf.position >= from).cloned().collect();
        prop_assert_eq!(found, expected);
    });
}

#[test]
fn a_damaged_file_is_an_error_or_is_noticed_and_never_a_panic() {
    let (folder, repository) = repository();
    let dataset = layer(&repository, &scattered(600), true);
    let (bytes, _) = index(&dataset, ONE_THREAD);
    let path = folder.path().join("damaged");
    for length in [0, 100, 128, 1000, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = LayerIndex::open(&path, dataset.tree()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{length} bytes");
    }
    fs::write(&path, &bytes).unwrap();
    let other = repository.branch_tip("main").unwrap().unwrap();
    assert!(LayerIndex::open(&path, other).is_err(), "it is the index of another tree");
    proptest!(ProptestConfig::with_cases(300), |(at in 128..bytes.len(), value in any::<u8>())| {
        let mut damaged = bytes.clone();
        let end = (at + 3).min(damaged.len());
        damaged[at..end].fill(value);
        fs::write(&path, &damaged).unwrap();
        let index = LayerIndex::open(&path, dataset.tree()).unwrap();
        let window = Window::Boxes(vec![extent(100.0, 100.0, 600.0, 600.0)]);
        let _ = index.number_matched(&window);
        let found = index.leaves(Window::All, 0).take_while(Result::is_ok).count();
        prop_assert!(found <= 600);
    });
}

#[test]
fn an_index_is_made_once_however_many_ask_and_again_when_it_is_damaged() {
    let (folder, repository) = repository();
    let dataset = Arc::new(layer(&repository, &scattered(2000), false));
    let cache = Arc::new(cache_in(folder.path()));
    assert!(cache.get(dataset.tree()).is_none());
    let start = Arc::new(Barrier::new(16));
    let readers: Vec<_> = (0..16)
        .map(|_| {
            let (cache, dataset, start) = (cache.clone(), dataset.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                cache.get_or_build(&dataset, &GO_ON).unwrap().count()
            })
        })
        .collect();
    assert!(readers.into_iter().all(|reader| reader.join().unwrap() == 2000));
    assert_eq!(cache.builds(), 1);
    let path = folder.path().join("index").join(dataset.tree().to_string());
    for damage in [None, Some(&b"something else"[..])] {
        match damage {
            None => fs::remove_file(&path).unwrap(),
            Some(bytes) => fs::write(&path, bytes).unwrap(),
        }
        assert_eq!(cache.get_or_build(&dataset, &GO_ON).unwrap().count(), 2000);
    }
    fs::remove_dir_all(folder.path().join("index")).unwrap();
    assert_eq!(cache.get_or_build(&dataset, &GO_ON).unwrap().count(), 2000);
    assert_eq!(cache.builds(), 4);
}

#[test]
fn a_stop_ends_the_making_of_an_index_and_leaves_no_file() {
    let (folder, repository) = repository();
    let dataset = layer(&repository, &scattered(2000), false);
    let cache = cache_in(folder.path());
    let stopped = cache.get_or_build(&dataset, &AtomicBool::new(true));
    assert!(matches!(stopped, Err(BuildError::Stopped)));
    assert_eq!(fs::read_dir(folder.path().join("index")).unwrap().count(), 0);
    assert_eq!(cache.get_or_build(&dataset, &GO_ON).unwrap().count(), 2000);
}
