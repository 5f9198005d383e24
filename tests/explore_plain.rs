//! The search beside a plain one, which knows nothing of rows of numbers, of names that can be exchanged or
//! of what may be forgotten: both come to the same goals by equally short runs, or to none.

use std::collections::HashSet;
use wavetank::check::Property;
use wavetank::check::goal::{Goal, Memory, Scene};
use wavetank::explore::{Bounds, Ended, Grain, Local, Model, Search, search};
use wavetank::raft::{Index, Message, Node, Rule, Rules, ServerId, Term};

/// A state of the plain search.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Plain {
    servers: Vec<Local>,
    held: Option<Message>,
    restarts: u8,
}

/// A state to look at, under these rules.
struct Look<'a>(&'a Plain, Rules);

impl Scene for Look<'_> {
    fn servers(&self) -> u8 {
        self.0.servers.len() as u8
    }

    fn node(&self, id: ServerId) -> Option<&Node> {
        self.0.servers.get(id.slot()).map(|local| &local.node)
    }

    fn up(&self, id: ServerId) -> bool {
        self.0.servers.get(id.slot()).is_some()
    }

    fn rules(&self) -> Rules {
        self.1
    }

    // The goals here ask only for the present.

    fn leader_of(&self, _: Term) -> Option<ServerId> {
        None
    }

    fn committed(&self, _: Index) -> Option<(Term, Term)> {
        None
    }

    fn violated(&self, _: Property) -> bool {
        false
    }
}

impl Plain {
    /// Every state one gesture later.
    fn after(&self, rules: Rules, bounds: Bounds) -> Vec<Plain> {
        let mut all = Vec::new();
        let count = self.servers.len();
        for at in 0..count {
            let node = &self.servers[at].node;
            let with = |local: Local| {
                let mut after = self.clone();
                after.servers[at] = local;
                after
            };
            if self.restarts < bounds.restarts_max {
                all.push(Plain { restarts: self.restarts + 1, ..with(self.servers[at].restart(rules)) });
            }
            if !node.is_leader() && node.term().0 < bounds.term_max {
                all.push(with(self.servers[at].time_out(rules).0));
            }
            if node.is_leader() && node.log().last_index().0 < bounds.log_max {
                all.push(with(self.servers[at].request(0, rules).0));
            }
            let peers = ServerId::first(count as u8);
            let beat = |to| node.heartbeat_for(to).filter(|_| bounds.heartbeats);
            let asks = peers.flat_map(|to| [node.rpc_for(to), beat(to)]);
            for request in asks.flatten() {
                let mut both = self.clone();
                let reply = both.arrives(request.clone(), rules);
                let one = both.clone();
                if let Some(reply) = reply.clone() {
                    both.arrives(reply, rules);
                }
                all.push(both);
                if bounds.messages_max > 0 && self.held.is_none() {
                    all.push(Plain { held: Some(request), ..self.clone() });
                    all.extend(reply.map(|reply| Plain { held: Some(reply), ..one }));
                }
            }
        }
        if let Some(held) = &self.held {
            let mut after = Plain { held: None, ..self.clone() };
            let reply = after.arrives(held.clone(), rules);
            if let Some(reply) = reply.filter(|_| held.is_request()) {
                after.arrives(reply, rules);
            }
            all.push(after);
        }
        all
    }

    /// A message arrives. The reply to it.
    fn arrives(&mut self, message: Message, rules: Rules) -> Option<Message> {
        let (from, to) = (message.from, message.to);
        let (after, sent) = self.servers[to.slot()].receive(message, rules);
        self.servers[to.slot()] = after;
        sent.into_iter().find(|reply| reply.to == from && !reply.is_request())
    }
}

/// After how many gestures each goal is reached first, if ever.
fn plainly(goals: &[Goal], rules: Rules, bounds: Bounds) -> Vec<Option<usize>> {
    let start = Plain { servers: Model::new(3).servers, held: None, restarts: 0 };
    let mut found = vec![None; goals.len()];
    let mut seen = HashSet::from([start.clone()]);
    let mut level = vec![start];
    for depth in 0.. {
        for state in &level {
            for (goal, found) in goals.iter().zip(&mut found) {
                if found.is_none() && goal.holds(&Look(state, rules), Memory::default()) {
                    *found = Some(depth);
                }
            }
        }
        let next: Vec<Plain> = level.iter().flat_map(|state| state.after(rules, bounds)).collect();
        level = next.into_iter().filter(|state| seen.insert(state.clone())).collect();
        if level.is_empty() {
            println!("{} states, {depth} gestures", seen.len());
            return found;
        }
    }
    found
}

/// Goals of all kinds, some of which can't be reached.
fn goals() -> Vec<Goal> {
    let mut texts: Vec<String> = [
        "leaders >= 2",
        "leaders >= 3",
        "any s: role(s) = leader and term(s) = 2",
        "all s: commit(s) >= 1",
        "any s, t: s != t and role(s) = leader and role(t) = leader and term(s) = term(t)",
        "any s, t: commit(s) >= 1 and commit(t) >= 1 and not (log(s) = log(t))",
        "all s: term(s) = 2 and role(s) = candidate",
        "all s: role(s) = candidate",
        "any s: log(s) = 12",
        "any s: log(s) = 21",
        "any s, t: log(s) = 11 and log(t) = 2",
        "all s: log(s) = 2 and commit(s) = 1",
        "count(s: commit(s) >= 1) > 2",
    ]
    .map(String::from)
    .to_vec();
    for server in ["S1", "S2", "S3"] {
        for what in [
            "role(S) = leader and term(S) = 2",
            "log(S) = 2",
            "log(S) = 12",
            "commit(S) >= 1",
            "canWin(S) and log(S) = 1",
        ] {
            texts.push(what.replace("(S)", &format!("({server})")));
        }
    }
    texts.iter().map(|text| text.parse().unwrap_or_else(|why| panic!("{text}: {why}"))).collect()
}

fn agree(rules: Rules, bounds: Bounds) {
    let goals = goals();
    let expected = plainly(&goals, rules, bounds);
    assert!(expected.iter().flatten().count() > 10 && expected.contains(&None), "{expected:?}");
    for (goal, expected) in goals.iter().zip(expected) {
        let found =
            search(&Search { rules, bounds, ..Search::new(3, Grain::Gesture, goal.clone()) }, |_| true);
        assert_eq!(found.run.as_ref().map(Vec::len), expected, "{goal}: {:?}", found.progress);
        assert_eq!(found.ended, if expected.is_some() { Ended::Found } else { Ended::Exhausted }, "{goal}");
    }
}

fn bounds(restarts_max: u8, messages_max: u8) -> Bounds {
    Bounds { term_max: 2, log_max: 2, restarts_max, messages_max, ..Bounds::of(Grain::Gesture) }
}

#[test]
fn with_restarts_both_come_to_the_same() {
    agree(Rules::ALL_ON, bounds(2, 0));
}

#[test]
fn with_a_held_message_both_come_to_the_same() {
    agree(Rules::ALL_ON, Bounds { log_max: 1, ..bounds(0, 1) });
}

#[test]
fn with_rules_off_both_come_to_the_same() {
    for rule in [Rule::OneVotePerTerm, Rule::TermSurvivesCrash, Rule::LogUpToDate, Rule::LogSurvivesCrash] {
        agree(Rules::without(&[rule]), Bounds { log_max: 1, ..bounds(1, 0) });
    }
    agree(Rules::without(&[Rule::DropStaleReplies]), Bounds { log_max: 1, ..bounds(0, 1) });
}
