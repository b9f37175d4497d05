//! What the documentation names exists.

use std::{collections::BTreeSet, fs, path::Path};

/// docs/tasks.md names the test of each promise: those that are not abbreviated must be there.
#[test]
fn the_tests_that_the_documentation_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is in the project");
    let mut tests = BTreeSet::new();
    for crate_name in ["tasks", "tasks-contract", "tasks-web", "server"] {
        collect(&root.join("crates").join(crate_name), &mut tests);
    }
    let page = fs::read_to_string(root.join("docs/tasks.md")).expect("docs/tasks.md is there");
    let promises = page.split("## Each promise has a test").nth(1).expect("docs/tasks.md lists the tests");
    let named: BTreeSet<String> = code_spans(promises).chain(emphasized(promises)).collect();
    assert!(named.len() > 50, "most promises name a test: {named:?}");
    let missing: Vec<_> = named.iter().filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/tasks.md names tests that do not exist: {missing:#?}");
}

/// The last part of each `code span` that looks like the name of a test, a sentence.
fn code_spans(text: &str) -> impl Iterator<Item = String> {
    let spans = text.split('`').skip(1).step_by(2);
    let names = spans.map(|span| span.rsplit("::").next().unwrap_or(span));
    names.filter(|name| name.matches('_').count() > 2 && !name.contains('…')).map(str::to_owned)
}

/// The *checks of the contract*, as their functions are called.
fn emphasized(text: &str) -> impl Iterator<Item = String> {
    let spans = text.split('*').skip(1).step_by(2);
    spans
        .filter(|span| span.matches(' ').count() > 2 && !span.contains('\n'))
        .map(|span| span.replace(' ', "_"))
}

fn collect(folder: &Path, tests: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, tests);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            tests.extend(names.map(str::to_owned));
        }
    }
}
