//! The package's types name every rule and every promise that there is, and no other; and the claims of sentences
//! have the fields that the types say.

use std::collections::{BTreeMap, BTreeSet};
use wavetank::check::Property;
use wavetank::explain::{Scene, sentence};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::{Seed, Setup, chaos};
use wavetank::timeline::Run;

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

/// The names and the texts of the fields of all alternatives of a type: `"role"` and `claim server role …`.
fn alternatives(name: &str, tag: &str) -> BTreeMap<String, BTreeSet<String>> {
    let (_, rest) = TYPES.split_once(&format!("export type {name} =")).expect("the type is there");
    let (text, _) = rest.split_once("};\n").expect("it ends");
    let mut all = BTreeMap::new();
    for alternative in text.split('{').skip(1) {
        let fields = alternative
            .split('}')
            .next()
            .unwrap_or_default()
            .split(';')
            .filter_map(|field| field.split_once(':'));
        let fields: BTreeMap<String, &str> =
            fields.map(|(name, kind)| (name.trim().to_string(), kind)).collect();
        for name in fields[tag].split('"').skip(1).step_by(2) {
            all.insert(name.to_string(), fields.keys().cloned().collect());
        }
    }
    all
}

/// Which alternatives there are among these values, and whether each has the fields that the types say.
#[track_caller]
fn compare(values: &[serde_json::Value], name: &str, tag: &str) -> usize {
    let types = alternatives(name, tag);
    let mut met = BTreeSet::new();
    for value in values {
        let fields = value.as_object().expect("it is an object");
        let which = fields[tag].as_str().expect("it has a name");
        let names: BTreeSet<String> = fields.keys().cloned().collect();
        assert_eq!(types.get(which), Some(&names), "{value}");
        met.insert(which.to_string());
    }
    let unmet: Vec<&String> = types.keys().filter(|name| !met.contains(*name)).collect();
    assert!(unmet.len() <= types.len() / 4, "{unmet:?}");
    met.len()
}

#[test]
fn the_types_have_the_fields_of_every_claim() {
    let mut claims = Vec::new();
    for (seed, &rule) in (0..).zip(Rule::ALL) {
        let (setup, actions) = chaos::plan_of_all(Seed(seed), 0, 3_000_000);
        let mut run = Run::new(&Setup { rules_off: Rules::without(&[rule]), ..setup }).unwrap();
        for (at_us, action) in actions {
            run.run_until(at_us);
            let _ = run.act(action);
        }
        for event in run.events() {
            claims.extend(sentence(event, Scene::of(&run)).claims);
        }
    }
    let values: Vec<serde_json::Value> =
        claims.iter().map(|claim| serde_json::to_value(claim).unwrap()).collect();
    let inside = |claim: &str, field: &str| -> Vec<serde_json::Value> {
        values.iter().filter(|value| value["claim"] == claim).map(|value| value[field].clone()).collect()
    };
    assert!(compare(&values, "Claim", "claim") > 15);
    assert!(compare(&inside("role", "because"), "Because", "why") > 5);
    assert!(compare(&inside("durable", "what"), "Written", "of") > 2);
}
