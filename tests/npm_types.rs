//! The package's types name every rule and every promise that there is, and no other.

use std::collections::BTreeSet;
use wavetank::check::Property;
use wavetank::raft::Rule;

const TYPES: &str = include_str!("../npm/simulation.d.ts");

/// The texts of `export type NAME = | "one" | "other";`.
fn named(name: &str) -> BTreeSet<&'static str> {
    let (_, rest) = TYPES.split_once(&format!("export type {name} =")).expect("the type is there");
    let (texts, _) = rest.split_once(';').expect("it ends");
    texts.split('"').skip(1).step_by(2).collect()
}

#[test]
fn the_types_name_every_rule() {
    assert_eq!(named("Rule"), Rule::ALL.iter().map(|rule| rule.name()).collect());
}

#[test]
fn the_types_name_every_promise() {
    let names = Property::ALL.map(|property| serde_json::to_value(property).expect("it has a name"));
    assert_eq!(named("Property"), names.iter().filter_map(serde_json::Value::as_str).collect());
}
