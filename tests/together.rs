//! Rules that need each other: the table is what the facts say, the facts are what a search finds, and every row
//! has a run.

use std::collections::BTreeSet;
use wavetank::check::Property;
use wavetank::explore::together::{
    EXTENTS, Extent, Fact, Kind, PROPERTIES, RULES, Row, SERVERS, fewest, is_harmless, look, rows,
};
use wavetank::explore::{Bounds, Ended, Grain, Search, first_violations, search};
use wavetank::learn::together::document;
use wavetank::raft::{Rule, Rules};
use wavetank::timeline::{Recording, Run};

fn facts() -> Vec<Fact> {
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{line}: {why}"));
    include_str!("../docs/together.ndjson").lines().map(read).collect()
}

fn plain() -> Search {
    Search { threads: 1, ..Search::new(SERVERS, Grain::Gesture, "violated".parse().unwrap()) }
}

fn recording(row: &Row) -> Recording {
    let path = format!("{}/static/together/{}.json", env!("CARGO_MANIFEST_DIR"), row.name());
    let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
    Recording::from_json(&text).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// Whether the run of a recording violates a property while these rules are off.
fn violates(recording: &Recording, off: &[Rule], property: Property) -> bool {
    let setup = wavetank::sim::Setup { rules_off: Rules::without(off), ..recording.setup.clone() };
    let run = Run::replay(&Recording { setup, ..recording.clone() }).expect("it can be done again");
    run.violations().iter().any(|violation| violation.property == property)
}

#[test]
fn the_document_is_what_the_facts_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/together.md");
    assert_eq!(
        std::fs::read_to_string(path).unwrap(),
        document(&facts()),
        "see the head of docs/together.md"
    );
}

#[test]
fn every_row_has_a_run_and_needs_both_rules_off() {
    let rows = rows(&facts());
    assert!(!rows.is_empty());
    for row in &rows {
        let recording = recording(row);
        assert!(violates(&recording, &row.off, row.property), "{}", row.name());
        for rule in row.off {
            assert!(!violates(&recording, &[rule], row.property), "{}: {rule} alone", row.name());
        }
    }
    let kept = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/static/together")).unwrap();
    let kept: BTreeSet<String> =
        kept.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(kept, rows.iter().map(|row| format!("{}.json", row.name())).collect());
}

/// Those of few states are looked at anew.
#[test]
fn the_facts_are_what_a_search_finds() {
    let facts = facts();
    let few = facts.iter().filter(|fact| fact.whole && fact.states < 20_000);
    let mut looked = 0;
    for fact in few {
        let asked = (fact.wanted.as_slice(), fact.steps.unwrap_or(u32::MAX));
        assert_eq!(look(&fact.off, fact.within, asked, &plain(), |_| true).as_ref(), Some(fact));
        looked += 1;
    }
    assert!(looked >= 5, "{looked} facts");
}

#[test]
fn each_property_falls_as_soon_as_a_search_for_it_alone_says() {
    let extent = Extent { terms: 2, logs: 1, restarts: 1, held: 1 };
    for off in [Rule::OneVotePerTerm, Rule::QuorumOfAll, Rule::LogSurvivesCrash] {
        let rules = Rules::without(&[off]);
        let within = Search { rules, bounds: extent.bounds(), steps_max: 10, ..plain() };
        let (told, _) = first_violations(&within, &PROPERTIES, |_| true);
        for property in PROPERTIES {
            let goal = format!("violated({property:?})").parse().unwrap();
            let alone = search(&Search { goal, ..within.clone() }, |_| true);
            let told = told.iter().find(|(told, _)| *told == property).map(|(_, run)| run.len());
            assert_eq!(told, alone.run.map(|run| run.len()), "{off}: {property}");
        }
    }
    // With every rule on there is nothing to tell.
    let tiny = Bounds { restarts_max: 0, ..extent.bounds() };
    let (told, found) = first_violations(&Search { bounds: tiny, ..plain() }, &PROPERTIES, |_| true);
    assert!(told.is_empty());
    assert_eq!(found.ended, Ended::Exhausted);
}

fn fact(off: &[Rule], violated: &[(Property, u32)]) -> Fact {
    Fact {
        off: off.to_vec(),
        within: EXTENTS[0],
        wanted: PROPERTIES.to_vec(),
        steps: None,
        whole: true,
        states: 1,
        violated: violated.iter().copied().collect(),
    }
}

/// How two rules need each other, by what they do alone and together.
#[test]
fn rows_follow_from_facts() {
    use Property::{ElectionSafety, LogMatching};
    let [one, other] = [RULES[0], RULES[1]];
    for (alone, others, both, kind) in [
        (&[][..], &[][..], &[(ElectionSafety, 5)][..], Some(Kind::Together)),
        (&[], &[(ElectionSafety, 7)], &[(ElectionSafety, 5)], Some(Kind::Masked)),
        (&[], &[(ElectionSafety, 5)], &[(ElectionSafety, 5)], None),
        (&[], &[(ElectionSafety, 5)], &[(ElectionSafety, 5), (LogMatching, 9)], Some(Kind::Masked)),
        (&[(LogMatching, 3)], &[(LogMatching, 4)], &[(LogMatching, 2)], None),
        (&[(LogMatching, 3)], &[(LogMatching, 4)], &[(ElectionSafety, 6)], Some(Kind::Besides)),
        (&[(LogMatching, 3)], &[(ElectionSafety, 4)], &[(ElectionSafety, 3)], None),
        (&[], &[], &[], None),
    ] {
        let facts = [fact(&[one], alone), fact(&[other], others), fact(&[one, other], both)];
        assert_eq!(is_harmless(&facts, one), alone.is_empty());
        let rows = rows(&facts);
        assert_eq!(rows.first().map(|row| row.kind), kind, "{alone:?} {others:?} {both:?}");
        for row in rows {
            assert_eq!(Some(row.gestures), fewest(&facts, &row.off, row.property));
        }
    }
}
