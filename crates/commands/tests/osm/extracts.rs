//! Imports of real extracts, compared with known facts about them.

use std::path::{Path, PathBuf};

use crate::{
    fixtures::{import, job, number, tree, warnings},
    support::{
        git::{assert_clean, git},
        harness::Harness,
    },
};

/// The extract with this name; `None`, with a message, if the extracts are not on this machine.
fn extract(name: &str) -> Option<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/osm");
    if !all.is_dir() {
        eprintln!("LEFT OUT: {name} was not imported, since the extracts are not on this machine");
        return None;
    }
    let file = all.join(name);
    assert!(file.is_file(), "{name} is missing among the extracts");
    Some(file)
}

/// The facts about an extract.
struct Known {
    name: &'static str,
    /// The numbers of nodes, ways and relations.
    read: [i64; 3],
    /// The numbers of features in the two layers.
    kept: [usize; 2],
    missing_nodes: i64,
    /// The newest timestamp in milliseconds since 1970; `None` if there are none.
    newest: Option<i64>,
    warnings: &'static [&'static str],
}

#[track_caller]
fn check(known: &Known) {
    let Some(file) = extract(known.name) else { return };
    let harness = Harness::new();
    let (report, commit) = import(&harness, job(&harness, &file));
    let count = |name: &str| number(&report, name);
    let [nodes, ways, relations] = known.read;
    assert_eq!(count("OSMReport/nodeCount"), nodes);
    assert_eq!(count("OSMReport/wayCount"), ways);
    assert_eq!(count("relationCount"), relations);
    assert_eq!(count("OSMReport/processedEntities"), nodes + ways + relations);
    assert_eq!(count("missingNodeCount"), known.missing_nodes);
    assert_eq!(count("OSMReport/latestTimestamp"), known.newest.unwrap_or(-1));
    assert_eq!(warnings(&report), known.warnings);
    let features = |layer: &str| {
        let path = format!("{layer}/.table-dataset/feature/");
        git(harness.git_dir(), &["ls-tree", "-r", "--name-only", &commit, &path]).lines().count()
    };
    assert_eq!([features("node"), features("way")], known.kept);
    assert_clean(harness.git_dir());
}

#[test]
fn niue_has_all_its_metadata() {
    check(&Known {
        name: "niue-230109.osm.pbf",
        read: [41_816, 3_007, 125],
        kept: [41_816, 3_007],
        missing_nodes: 0,
        newest: Some(1_672_656_402_000),
        warnings: &[],
    });
}

#[test]
fn malta_in_2016_has_all_its_metadata() {
    check(&Known {
        name: "malta-2016.osm.pbf",
        read: [252_937, 40_028, 527],
        kept: [252_937, 40_028],
        missing_nodes: 0,
        newest: Some(1_478_706_610_000),
        warnings: &[],
    });
}

#[test]
fn malta_in_2024_names_no_users() {
    check(&Known {
        name: "malta-2024.osm.pbf",
        read: [540_026, 89_991, 1_674],
        kept: [540_026, 89_991],
        missing_nodes: 0,
        newest: Some(1_710_332_814_000),
        warnings: &[],
    });
}

#[test]
fn maribor_lacks_nodes_and_is_packed_with_gzip() {
    check(&Known {
        name: "maribor.osm.gz",
        read: [61_168, 8_670, 345],
        kept: [61_168, 8_652],
        missing_nodes: 2_451,
        newest: Some(1_413_477_852_000),
        warnings: &[
            "18 × way has fewer than two positions, and is left out: 10730657, 25529666, 27204348 and 15 more",
            "176 × way refers to nodes that are not there: 5890677, 5890776, 8047914 and 173 more",
        ],
    });
}

#[test]
fn liechtenstein_is_packed_with_bzip2() {
    check(&Known {
        name: "liechtenstein-2013.osm.bz2",
        read: [65_733, 7_121, 113],
        kept: [65_733, 7_121],
        missing_nodes: 0,
        newest: Some(1_375_545_330_000),
        warnings: &[],
    });
}

#[test]
fn porto_has_no_metadata_at_all() {
    check(&Known {
        name: "porto_r5.osm.pbf",
        read: [347_944, 51_458, 357],
        kept: [347_944, 51_419],
        missing_nodes: 0,
        newest: None,
        warnings: &[
            "39 × way has fewer than two positions, and is left out: 40730934, 41843222, 63972059 and 36 more",
        ],
    });
}

#[test]
fn reisterstown_has_unsorted_nodes_and_loses_none() {
    check(&Known {
        name: "reisterstown.osm.pbf",
        read: [375_263, 37_292, 198],
        kept: [375_263, 37_292],
        missing_nodes: 0,
        newest: None,
        warnings: &[],
    });
}

#[test]
fn ten_regions_merged_are_the_largest() {
    check(&Known {
        name: "patchwork10.osm.pbf",
        read: [2_561_834, 284_237, 2_198],
        kept: [2_561_834, 284_198],
        missing_nodes: 2_451,
        newest: Some(1_540_503_455_000),
        warnings: &[
            "39 × way has fewer than two positions, and is left out: 4978333, 10730657, 25529666 and 36 more",
            "176 × way refers to nodes that are not there: 5890677, 5890776, 8047914 and 173 more",
        ],
    });
}

#[test]
fn of_a_history_only_the_newest_state_is_imported() {
    let (Some(history), Some(newest)) =
        (extract("history-niue-230109.osm.pbf"), extract("niue-230109.osm.pbf"))
    else {
        return;
    };
    let harness = Harness::new();
    let (report, commit) = import(&harness, job(&harness, &history));
    assert_eq!(number(&report, "OSMReport/nodeCount"), 61_628);
    assert_eq!(number(&report, "OSMReport/wayCount"), 4_728);
    assert_eq!(number(&report, "relationCount"), 197);
    let other = Harness::new();
    let (_, other_commit) = import(&other, job(&other, &newest));
    assert_eq!(tree(&harness, &commit), tree(&other, &other_commit));
}

#[test]
fn the_memory_limit_does_not_change_the_result() {
    let Some(file) = extract("niue-230109.osm.pbf") else { return };
    let [in_memory, in_file] = [1 << 30, 0].map(|memory| {
        let harness = Harness::with_osm_node_memory(memory);
        let (_, commit) = import(&harness, job(&harness, &file));
        tree(&harness, &commit)
    });
    assert_eq!(in_memory, in_file);
}

#[test]
fn importing_the_same_again_has_nothing_to_commit() {
    let Some(file) = extract("niue-230109.osm.pbf") else { return };
    let harness = Harness::new();
    let (_, commit) = import(&harness, job(&harness, &file));
    assert_eq!(harness.expect_failure(job(&harness, &file)), format!("Nothing to commit after {commit}"));
}

#[test]
fn lz4_compression_is_refused_by_name() {
    let Some(file) = extract("monaco-lz4.osm.pbf") else { return };
    let harness = Harness::new();
    let message = harness.expect_failure(job(&harness, &file));
    assert!(
        message.starts_with("monaco-lz4.osm.pbf cannot be read: its blocks are packed with LZ4"),
        "{message}"
    );
}

#[test]
fn warnings_are_counted_and_the_first_ids_are_listed() {
    let Some(file) = extract("maribor.osm.gz") else { return };
    let harness = Harness::new();
    let (report, _) = import(&harness, job(&harness, &file));
    assert_eq!(number(&report, "OSMReport/unpprocessedCount"), 18);
    let warnings = warnings(&report);
    let missing = warnings.iter().find(|warning| warning.contains("nodes that are not there")).unwrap();
    assert!(missing.starts_with("176 × way refers"), "{missing}");
    assert!(missing.ends_with(" and 173 more"), "{missing}");
    assert_eq!(missing.matches(", ").count(), 2);
}
