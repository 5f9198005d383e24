//! The same recording gives the same digest, on every machine: storms in Figure 2's world and over all of Raft,
//! kept as recordings in `tests/golden/storms.txt` with what they came to. The tests in the browser compare with
//! the same list. What a seed's storm is may change with any version ([`wavetank::sim::chaos`]); what a recording
//! means may not, without [`wavetank::timeline::SEMANTICS`].
//!
//! When a change of meaning is meant, the list is made anew by `WAVETANK_GOLDEN=write cargo test --test digests`,
//! from what chaos plans then.

#[path = "common/golden_storms.rs"]
mod golden;
#[path = "common/digests.rs"]
mod storms;

use std::fs;
use std::time::Instant;
use wavetank::timeline::{Document, Run, SEMANTICS};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/storms.txt");
/// How many storms of each kind are kept.
const STORMS: u64 = 40;

/// A line of the list.
fn line(name: &str, run: &Run) -> String {
    let link = Document::of(run.recording()).to_link().expect("a storm is short enough for a link");
    format!("{name}\t{}\t{}\t{link}\n", run.digest(), run.world().events())
}

/// The list, as chaos makes it now.
fn made_anew() -> String {
    let plain = (0..STORMS).map(|seed| line(&format!("figure2 {seed}"), &storms::storm(seed)));
    let all = (0..STORMS).map(|seed| line(&format!("all {seed}"), &storms::storm_of_all(seed)));
    plain.chain(all).collect()
}

#[test]
fn every_storm_that_is_kept_has_the_digest_that_it_always_had() {
    if std::env::var("WAVETANK_GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(GOLDEN, made_anew()).expect("the list can be written");
    }
    let list = fs::read_to_string(GOLDEN).expect("the list is there");
    let begun = Instant::now();
    golden::all_come_to_the_same(&list);
    println!("{} storms in {:.1} s", list.lines().count(), begun.elapsed().as_secs_f64());
}

#[test]
fn the_storms_that_are_kept_are_of_this_meaning_and_of_every_size() {
    let list = fs::read_to_string(GOLDEN).expect("the list is there");
    let mut sizes = std::collections::BTreeSet::new();
    for link in list.lines().filter_map(|line| line.rsplit_once('\t')).map(|(_, link)| link) {
        let recording = Document::from_text(link).expect("it opens").branches.remove(0).recording;
        assert_eq!(recording.semantics, SEMANTICS);
        assert!(recording.actions.len() > 5, "{}", recording.actions.len());
        sizes.insert(recording.setup.servers);
    }
    let servers: Vec<u8> = sizes.into_iter().collect();
    assert!(servers.len() > 3, "{servers:?}");
}

#[test]
fn no_promise_falls_in_the_storms_of_this_version() {
    for seed in 0..20 {
        assert_eq!(storms::storm(seed).violations(), [], "seed {seed}");
        assert_eq!(storms::storm_of_all(seed).violations(), [], "seed {seed} over all of Raft");
    }
}
