//! A run is the same in a browser as natively: both compare with the same lists.

use super::golden_storms;
use wasm_bindgen_test::wasm_bindgen_test;
use wavetank::check::Property;
use wavetank::explore::{Grain, Search, fresh, replay, search};
use wavetank::raft::{Rule, Rules};
use wavetank::timeline::{Recording, Run};

/// The recordings of storms that `tests/digests.rs` compares natively.
const STORMS: &str = include_str!("../golden/storms.txt");
/// The recording that `tests/runs.rs` makes and compares natively.
const RUN: &str = include_str!("../golden/run.json");

#[wasm_bindgen_test]
fn every_storm_that_is_kept_has_the_same_digest_as_natively() {
    golden_storms::all_come_to_the_same(STORMS);
}

#[wasm_bindgen_test]
fn the_golden_recording_reads_back_to_its_own_text_and_replays() {
    let recording = Recording::from_json(RUN).expect("the golden recording is one");
    assert_eq!(recording.to_json().trim(), RUN.trim());
    let run = Run::replay(&recording).expect("and makes a run");
    let again = Run::replay(&run.recording()).expect("which can be done again");
    assert_eq!(again.digest(), run.digest());
}

#[wasm_bindgen_test]
fn a_search_finds_in_the_browser_what_it_finds_natively() {
    let rules = Rules::without(&[Rule::VoteSurvivesCrash]);
    let goal = "violated(ElectionSafety)".parse().expect("it is a goal");
    let within = Search { rules, threads: 1, ..Search::new(3, Grain::Gesture, goal) };
    let found = search(&within, |_| true);
    let way = found.run.expect("two leaders in a term");
    assert_eq!(way.len(), 5);
    let start = fresh(3, rules).expect("it makes a run");
    let replayed =
        replay(start, Grain::Gesture, &way, |_| {}).expect("every gesture is possible in the world");
    let two_leaders = replayed.violations().iter().any(|one| one.property == Property::ElectionSafety);
    assert!(two_leaders, "{:?}", replayed.violations());
}
