//! Breadth-first search over gestures: exact within its bounds, and the first run found is a shortest
//! one.

use super::gesture::Gesture;
use super::model::{Bounds, Model};
use crate::raft::Rules;
use std::collections::HashSet;

/// What to search, and how far.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where to begin.
    pub from: Model,
    /// The rules in force.
    pub rules: Rules,
    /// How far the model goes.
    pub bounds: Bounds,
    /// The most gestures in a run.
    pub gestures_max: u32,
    /// The most distinct states to keep.
    pub states_max: usize,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The shortest run to the goal.
    pub run: Option<Vec<Gesture>>,
    /// How many distinct states were seen.
    pub states: usize,
    /// The length of the longest runs that were all looked at.
    pub depth: u32,
    /// Whether there was nothing left to look at within the bounds: without a run, there is none.
    pub exhausted: bool,
}

/// A state that was reached, and how.
struct Reached {
    parent: u32,
    gesture: Gesture,
}

/// Looks for the shortest run to a state in which the goal holds.
pub fn search(search: &Search, goal: impl Fn(&Model) -> bool) -> Found {
    let Search { from, rules, bounds, gestures_max, states_max } = search;
    let mut key = Vec::new();
    from.key(&mut key);
    let mut seen: HashSet<Box<[u8]>> = HashSet::from([key.as_slice().into()]);
    let mut reached: Vec<Reached> = vec![Reached { parent: 0, gesture: Gesture::Release }];
    let mut frontier = vec![(from.clone(), 0_u32)];
    let mut gestures = Vec::new();
    let found = |run, states, depth, exhausted| Found { run, states, depth, exhausted };
    if goal(from) {
        return found(Some(Vec::new()), 1, 0, false);
    }
    for depth in 0..*gestures_max {
        let mut next = Vec::new();
        for (model, number) in &frontier {
            model.gestures(*bounds, &mut gestures);
            for &gesture in &gestures {
                let mut after = model.clone();
                after.make(gesture, *rules);
                after.key(&mut key);
                if seen.contains(key.as_slice()) {
                    continue;
                }
                seen.insert(key.as_slice().into());
                reached.push(Reached { parent: *number, gesture });
                let after_number = reached.len() as u32 - 1;
                if goal(&after) {
                    return found(Some(way_to(&reached, after_number)), seen.len(), depth + 1, false);
                }
                if seen.len() >= *states_max {
                    return found(None, seen.len(), depth, false);
                }
                next.push((after, after_number));
            }
        }
        if next.is_empty() {
            return found(None, seen.len(), depth, true);
        }
        frontier = next;
    }
    found(None, seen.len(), *gestures_max, false)
}

/// The gestures from the beginning to a state.
fn way_to(reached: &[Reached], mut number: u32) -> Vec<Gesture> {
    let mut way = Vec::new();
    while number != 0 {
        let Reached { parent, gesture } = reached[number as usize];
        way.push(gesture);
        number = parent;
    }
    way.reverse();
    way
}
