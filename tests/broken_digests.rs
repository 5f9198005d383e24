//! The recordings of broken rules replay natively to a list that is kept; the tests of the package for
//! JavaScript hold WebAssembly against the same list.
//!
//! Made anew by `WAVETANK_GOLDEN=write cargo test --test broken_digests`.

use std::fs;
use std::path::Path;
use wavetank::timeline::{Recording, Run};

const GOLDEN: &str = "tests/golden/broken_digests.txt";

#[test]
fn the_recordings_of_broken_rules_have_the_digests_that_are_kept() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = fs::read_dir(root.join("static/broken"))
        .expect("the recordings are there")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_string))
        .filter(|name| name != "index")
        .collect();
    names.sort();
    let now: String = names.iter().map(|name| line(root, name)).collect();
    if std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(root.join(GOLDEN), &now).expect("the list can be written");
    }
    let kept = fs::read_to_string(root.join(GOLDEN)).expect("the list is there");
    assert_eq!(now, kept);
}

/// A recording's name, its digest, and the first promise that falls in it.
fn line(root: &Path, name: &str) -> String {
    let text = fs::read_to_string(root.join(format!("static/broken/{name}.json"))).expect("it can be read");
    let run = Run::replay(&Recording::from_json(&text).expect("it is a recording")).expect("it makes a run");
    let property = run.violations().first().map(|violation| serde_json::to_value(violation.property));
    let property = property.and_then(Result::ok).and_then(|name| name.as_str().map(str::to_string));
    format!("{name} {} {}\n", run.digest(), property.unwrap_or("none".into()))
}
