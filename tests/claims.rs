//! What sentences claim, held against what happened: in storms, with all rules on and with each one off, every
//! claim of every event is compared with the event, with the messages that it brought about, and with the servers
//! as they were before it and after it. The comparison shares nothing with the code that writes the sentences.
//!
//! `WAVETANK_CLAIMS_SEEDS=40` looks at that many storms of each plan for each rule (20 with `WAVETANK_LONG`),
//! `WAVETANK_CLAIMS_US` at longer ones, and `WAVETANK_CLAIMS_SHOWN` shows more of what is wrong.

#[path = "claims/judge.rs"]
mod judge;
#[path = "claims/witness.rs"]
mod witness;

use wavetank::explore::{Ending, Plan, Script, subside, weather};
use wavetank::raft::{Rule, Rules};
use wavetank::sim::World;
use witness::Witness;

/// How long the storms last, in microseconds.
const UNTIL_US: u64 = 8_000_000;

/// The number that an environment variable asks for, in place of the usual one.
fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A storm, and who has watched it.
fn storm(plan: Plan, seed: u64, off: Rules) -> Witness {
    let until_us = asked("WAVETANK_CLAIMS_US", UNTIL_US);
    let (setup, actions): Script = plan.draw(seed, 0, until_us, off, |_| {});
    let mut world = World::new(&setup);
    let mut witness = Witness::new(&world);
    let mut done = weather(&mut world, actions, until_us, &mut witness);
    if seed.is_multiple_of(2) {
        subside(&mut world, Ending::Drawn, &mut witness, &mut done);
    }
    witness
}

/// Storms for these rules off, each with seeds of its own.
fn holds(cases: &[(Option<Rule>, u64)]) {
    let usual = if std::env::var_os("WAVETANK_LONG").is_some() { 20 } else { 2 };
    let seeds = asked("WAVETANK_CLAIMS_SEEDS", usual);
    let (mut wrong, mut claims) = (Vec::new(), 0);
    for &(rule, first) in cases {
        let off = rule.map_or(Rules::ALL_ON, |rule| Rules::without(&[rule]));
        let plans = [Plan::All, Plan::Figure2];
        for (plan, seed) in
            plans.into_iter().flat_map(|plan| (first..first + seeds).map(move |seed| (plan, seed)))
        {
            let witness = storm(plan, seed, off);
            let name = rule.map_or("all rules on", |rule| rule.name());
            wrong.extend(witness.wrong.into_iter().map(|text| format!("{plan:?} {seed}, {name}: {text}")));
            claims += witness.claims;
        }
    }
    assert!(claims > 1000, "{claims} claims");
    let shown: Vec<&String> = wrong.iter().take(asked("WAVETANK_CLAIMS_SHOWN", 20) as usize).collect();
    assert!(wrong.is_empty(), "{} of {claims} claims are not so:\n{shown:#?}", wrong.len());
}

#[test]
fn what_is_said_is_so_with_all_rules_on() {
    holds(&(0..4).map(|part| (None, 100 * part)).collect::<Vec<_>>());
}

/// Every rule off in turn, in two halves that run side by side.
fn half(odd: u64) {
    let rules = (0..).zip(Rule::ALL).map(|(number, &rule)| (Some(rule), 1000 * (number + 1)));
    holds(&rules.filter(|(_, first)| first / 1000 % 2 == odd).collect::<Vec<_>>());
}

#[test]
fn what_is_said_is_so_with_each_rule_off_first_half() {
    half(1);
}

#[test]
fn what_is_said_is_so_with_each_rule_off_second_half() {
    half(0);
}

#[test]
fn two_leaders_of_a_term_are_said_to_be_elected_only_where_they_were() {
    let (mut found, mut wrong) = (0, Vec::new());
    for (seed, rule) in
        (0..40).flat_map(|seed| [(seed, Rule::StepDownOnHigherTerm), (seed, Rule::OneVotePerTerm)])
    {
        let witness = storm(Plan::Figure2, seed, Rules::without(&[rule]));
        found += witness.two_leaders;
        wrong.extend(witness.wrong);
    }
    assert!(found > 0, "no term had two leaders");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
