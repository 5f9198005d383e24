//! The same recording gives the same digest, on every machine: two hundred storms in Figure 2's world and
//! a hundred over all of Raft, compared with lists that are kept. The tests in the browser compare with the same list.
//!
//! When a change of semantics is meant (and `timeline::SEMANTICS` has grown, once recordings are out in
//! the world), the list is made anew by `WAVETANK_GOLDEN=write cargo test --test digests`.

#[path = "common/digests.rs"]
mod digests;

use std::collections::BTreeSet;
use std::time::Instant;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/digests.txt");
const GOLDEN_OF_ALL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/digests_of_all.txt");

#[test]
fn two_hundred_storms_have_the_digests_that_they_always_had() {
    compare(GOLDEN, || digests::digests(0, digests::STORMS));
}

#[test]
fn a_hundred_storms_over_all_of_raft_have_the_digests_that_they_always_had() {
    compare(GOLDEN_OF_ALL, digests::digests_of_all);
}

fn compare(file: &str, digests: impl Fn() -> Vec<(u64, String)>) {
    let begun = Instant::now();
    let now = digests();
    println!("{} storms in {:.1} s", now.len(), begun.elapsed().as_secs_f64());
    let text = digests::write(&now);
    if std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write") {
        std::fs::write(file, &text).expect("the list can be written");
    }
    let golden = std::fs::read_to_string(file).expect("the list is there");
    for (line, (now, golden)) in (1..).zip(text.lines().zip(golden.lines())) {
        assert_eq!(now, golden, "line {line} of {file}: a run no longer means what it meant");
    }
    assert_eq!(text.lines().count(), golden.lines().count());
    let different: BTreeSet<&String> = now.iter().map(|(_, digest)| digest).collect();
    assert_eq!(different.len(), now.len(), "no two storms are the same");
}

#[test]
fn no_promise_falls_in_any_of_them() {
    for seed in 0..20 {
        assert_eq!(digests::storm(seed).violations(), [], "seed {seed}");
        assert_eq!(digests::storm_of_all(seed).violations(), [], "seed {seed} over all of Raft");
    }
}
