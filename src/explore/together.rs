//! Which rules need each other: pairs of rules that violate a property only while both are off, and rules
//! that matter only where another one is off.
//!
//! What was looked at are facts ([`Fact`]): all runs within bounds, with one rule off or two, and for each
//! property of Figure 3 the fewest gestures that violate it. The rows ([`Row`]) follow from them.

use super::gesture::{Gesture, Grain};
use super::model::Bounds;
use super::search::{Ended, Progress, Search, first_violations};
use crate::check::Property;
use crate::raft::{Rule, Rules};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How many servers there are.
pub const SERVERS: u8 = 3;

/// The rules of Figure 2 that the small model can tell on from off. There are no clocks in it, no configurations,
/// snapshots, sessions or reads, and what is written is on disk at once.
pub const RULES: [Rule; 25] = [
    Rule::StepDownOnHigherTerm,
    Rule::DropStaleReplies,
    Rule::RefuseStaleVoteRequest,
    Rule::OneVotePerTerm,
    Rule::VoteKeptWithinTerm,
    Rule::CountVotesOnce,
    Rule::LogUpToDate,
    Rule::LastTermFirst,
    Rule::LengthBreaksTies,
    Rule::QuorumOfAll,
    Rule::CandidateStepsBack,
    Rule::RefuseStaleAppend,
    Rule::PrevLogIndex,
    Rule::PrevLogTerm,
    Rule::HeartbeatChecked,
    Rule::DeleteConflicts,
    Rule::TruncateOnlyOnConflict,
    Rule::NewTailReplacesSuffix,
    Rule::CommitUpToLastNew,
    Rule::MatchFromRequest,
    Rule::CommitAfterQuorum,
    Rule::CommitOnlyCurrentTerm,
    Rule::TermSurvivesCrash,
    Rule::VoteSurvivesCrash,
    Rule::LogSurvivesCrash,
];

/// The properties that are looked at. The fifth of Figure 3, Leader Append-Only, no rule can violate here: a
/// leader takes no AppendEntries.
pub const PROPERTIES: [Property; 4] = [
    Property::ElectionSafety,
    Property::LogMatching,
    Property::LeaderCompleteness,
    Property::StateMachineSafety,
];

/// How far all runs are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Extent {
    /// The highest term.
    pub terms: u64,
    /// The longest log.
    pub logs: u64,
    /// The most restarts.
    pub restarts: u8,
    /// The most messages held at once.
    pub held: u8,
}

/// The bounds within which all runs are looked at, one after the other: some with a message held, some with a
/// restart, some with later terms. All three at once are too many states for hundreds of pairs; the last is for
/// single rules and for pairs of which one violates nothing alone ([`extents`]).
pub const EXTENTS: [Extent; 3] = [
    Extent { terms: 2, logs: 2, restarts: 1, held: 1 },
    Extent { terms: 4, logs: 2, restarts: 1, held: 0 },
    Extent { terms: 3, logs: 2, restarts: 0, held: 1 },
];

/// The bounds within which all runs with these rules off are looked at.
#[must_use]
pub fn extents(facts: &[Fact], off: &[Rule]) -> Vec<Extent> {
    let all = off.len() == 1 || off.iter().any(|&rule| is_harmless(facts, rule));
    EXTENTS[..if all { 3 } else { 2 }].to_vec()
}

impl Extent {
    /// As bounds of a search.
    #[must_use]
    pub fn bounds(self) -> Bounds {
        let Extent { terms, logs, restarts, held } = self;
        let of_grain = Bounds::of(Grain::Gesture);
        Bounds { term_max: terms, log_max: logs, restarts_max: restarts, messages_max: held, ..of_grain }
    }
}

impl std::fmt::Display for Extent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Extent { terms, logs, restarts, held } = self;
        write!(f, "terms to {terms}, logs to {logs}, restarts to {restarts}, messages held to {held}")
    }
}

/// What a search over all runs within bounds has come to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The rules that were off: one, or two in the order of [`RULES`].
    pub off: Vec<Rule>,
    /// The bounds.
    pub within: Extent,
    /// The properties that were looked for: once each was violated, the search was over.
    pub wanted: Vec<Property>,
    /// The most gestures in a run, where longer ones could not make a row ([`worth`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Whether all runs within them were looked at; else memory ended it.
    pub whole: bool,
    /// How many distinct states there were.
    pub states: u64,
    /// For each property that was violated the fewest gestures.
    pub violated: BTreeMap<Property, u32>,
}

/// Looks at all runs within bounds, or at those of so many gestures, until each of these properties is violated.
/// None where that was cancelled.
#[must_use]
pub fn look(
    off: &[Rule],
    within: Extent,
    (wanted, steps_max): (&[Property], u32),
    search: &Search,
    watch: impl FnMut(&Progress) -> bool,
) -> Option<Fact> {
    let (rules, bounds) = (Rules::without(off), within.bounds());
    let search = &Search { rules, bounds, steps_max, ..search.clone() };
    let (told, found) = first_violations(search, wanted, watch);
    let fact = Fact {
        off: off.to_vec(),
        within,
        steps: (steps_max != u32::MAX).then_some(steps_max),
        wanted: wanted.to_vec(),
        whole: matches!(found.ended, Ended::Exhausted | Ended::Found | Ended::Steps),
        states: found.progress.states,
        violated: told.iter().map(|(property, run)| (*property, run.len() as u32)).collect(),
    };
    (found.ended != Ended::Cancelled).then_some(fact)
}

/// The sets of rules to look at: each alone, then the pairs that hold a rule which violates nothing alone, then
/// all other pairs.
#[must_use]
pub fn sets(facts: &[Fact]) -> Vec<Vec<Rule>> {
    let alone = RULES.iter().map(|&rule| vec![rule]);
    let pairs = RULES
        .iter()
        .enumerate()
        .flat_map(|(at, &one)| RULES[at + 1..].iter().map(move |&other| vec![one, other]));
    let (first, rest): (Vec<_>, Vec<_>) =
        pairs.partition(|pair| pair.iter().any(|&rule| is_harmless(facts, rule)));
    alone.chain(first).chain(rest).collect()
}

/// The fewest gestures that violate a property while these rules are off, within all the bounds looked at.
#[must_use]
pub fn fewest(facts: &[Fact], off: &[Rule], property: Property) -> Option<u32> {
    let of_set = facts.iter().filter(|fact| fact.off == off);
    of_set.filter_map(|fact| fact.violated.get(&property).copied()).min()
}

/// Whether a rule alone was seen to violate nothing within any of the bounds.
#[must_use]
pub fn is_harmless(facts: &[Fact], rule: Rule) -> bool {
    PROPERTIES.iter().all(|&property| fewest(facts, &[rule], property).is_none())
}

/// What is worth to look for with a set of rules off, and in how many gestures; None where nothing is. A rule
/// alone: every property. Two rules that violate something each: the properties that neither violates alone. Two
/// of which one violates nothing alone: those as well, and shorter runs to the others.
#[must_use]
pub fn worth(facts: &[Fact], off: &[Rule]) -> Option<(Vec<Property>, u32)> {
    let alone = |property| off.iter().filter_map(|&rule| fewest(facts, &[rule], property)).min();
    let (new, old): (Vec<_>, Vec<_>) =
        PROPERTIES.into_iter().partition(|&property| alone(property).is_none());
    if off.len() == 1 {
        Some((PROPERTIES.to_vec(), u32::MAX))
    } else if !new.is_empty() {
        Some((
            if off.iter().any(|&rule| is_harmless(facts, rule)) { PROPERTIES.to_vec() } else { new },
            u32::MAX,
        ))
    } else if off.iter().any(|&rule| is_harmless(facts, rule)) {
        let most = old.into_iter().filter_map(alone).max();
        most.map(|most| (PROPERTIES.to_vec(), most - 1))
    } else {
        None
    }
}

/// How two rules need each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Neither violates anything alone; together they violate the property.
    Together,
    /// One of them violates nothing alone, the other has been masking it: with that one off, the property is
    /// violated, or is in fewer gestures.
    Masked,
    /// Each violates something alone, but not this property; together they do.
    Besides,
}

/// Two rules that need each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// How.
    pub kind: Kind,
    /// The rules, in the order of [`RULES`].
    pub off: [Rule; 2],
    /// The property that is violated with both off.
    pub property: Property,
    /// In how few gestures.
    pub gestures: u32,
    /// In how few gestures the one of them that does violate it alone does so.
    pub alone: Option<u32>,
}

impl Row {
    /// The row's name, and that of its recording.
    #[must_use]
    pub fn name(&self) -> String {
        let [one, other] = self.off;
        format!("{one}.{other}")
    }
}

/// What follows from the facts: for each pair the property that is violated in the fewest gestures, of those
/// in which the pair is more than its parts.
#[must_use]
pub fn rows(facts: &[Fact]) -> Vec<Row> {
    let mut pairs: Vec<[Rule; 2]> =
        facts.iter().filter_map(|fact| fact.off.as_slice().try_into().ok()).collect();
    pairs.sort_by_key(|pair| pair.map(|rule| RULES.iter().position(|&it| it == rule)));
    pairs.dedup();
    let mut rows: Vec<Row> = pairs.into_iter().filter_map(|off| row(facts, off)).collect();
    rows.sort_by_key(|row| row.kind);
    rows
}

fn row(facts: &[Fact], off: [Rule; 2]) -> Option<Row> {
    let harmless = off.map(|rule| is_harmless(facts, rule));
    let more = |property: Property| {
        let gestures = fewest(facts, &off, property)?;
        let alone = off.iter().filter_map(|&rule| fewest(facts, &[rule], property)).min();
        let kind = match harmless {
            [true, true] => Kind::Together,
            [false, false] if alone.is_none() => Kind::Besides,
            [false, false] => return None,
            _ if alone.is_none_or(|alone| gestures < alone) => Kind::Masked,
            _ => return None,
        };
        Some(Row { kind, off, property, gestures, alone })
    };
    PROPERTIES.into_iter().filter_map(more).min_by_key(|row| (row.alone.is_some(), row.gestures))
}

/// A shortest run of a row.
#[must_use]
pub fn run_of(row: &Row, facts: &[Fact], search: &Search) -> Option<Vec<Gesture>> {
    let shows = |fact: &&Fact| fact.off == row.off && fact.violated.get(&row.property) == Some(&row.gestures);
    let within = facts.iter().find(shows)?.within;
    let search = Search {
        rules: Rules::without(&row.off),
        bounds: within.bounds(),
        steps_max: row.gestures,
        ..search.clone()
    };
    let (told, _) = first_violations(&search, &[row.property], |_| true);
    told.into_iter().find(|(property, _)| *property == row.property).map(|(_, run)| run)
}
