//! Watches a world: keeps the servers as they were before each event, and asks the judge about every claim.

use super::judge::{Moment, judge, lacks};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use wavetank::check::{Checker, Property, Violation};
use wavetank::explain::{Scene, sentence};
use wavetank::explore::Judge;
use wavetank::raft::{
    Body, Guard, Message, Node, Observer, Role, RoleName, ServerId, ServerSet, Term, Timer,
};
use wavetank::sim::{Content, Event, Server, Stepped, Watch, What, World};

/// How many events a sentence may look back on.
const REMEMBERED: usize = 4000;

/// As much of a server as claims are about.
#[derive(Clone)]
pub struct Past {
    pub node: Node,
    pub up: bool,
    /// Those of a candidate's votes that answered a request of an older term.
    pub stale: ServerSet,
}

pub struct Witness {
    checker: Checker,
    guards: Vec<Guard>,
    trace: VecDeque<Arc<Event>>,
    servers: BTreeMap<ServerId, Past>,
    /// Who led each term first, and whether it was elected in it.
    leaders: BTreeMap<Term, (ServerId, bool)>,
    /// How often a term had two leaders.
    pub two_leaders: u64,
    pub wrong: Vec<String>,
    pub claims: u64,
}

impl Witness {
    pub fn new(world: &World) -> Witness {
        let servers = world.servers().iter().map(|server| (server.node.id(), seen(server, ServerSet::EMPTY)));
        let lead = world.servers().iter().filter(|server| server.up && server.node.is_leader());
        let leaders = lead.map(|server| (server.node.term(), (server.node.id(), true)));
        Witness {
            checker: Checker::new(world),
            guards: Vec::new(),
            trace: VecDeque::new(),
            servers: servers.collect(),
            leaders: leaders.collect(),
            two_leaders: 0,
            wrong: Vec::new(),
            claims: 0,
        }
    }
}

fn seen(server: &Server, stale: ServerSet) -> Past {
    Past { node: server.node.clone(), up: server.up, stale }
}

impl Observer for Witness {
    const WATCHES: bool = true;

    fn decided(&mut self, guard: Guard) {
        self.guards.push(guard);
    }
}

impl Watch for Witness {
    fn happened(&mut self, world: &World, stepped: &Stepped, event: Option<Event>) {
        self.checker.happened(world, stepped, None);
        let mut event = event.expect("a watcher is told");
        event.guards = std::mem::take(&mut self.guards);
        let event = Arc::new(event);
        if self.trace.len() == REMEMBERED {
            self.trace.pop_front();
        }
        self.trace.push_back(Arc::clone(&event));
        let scene = Scene { servers: world.servers().len() as u8, trace: &self.trace };
        let said = sentence(&event, scene);
        let stale = event.server.map(|id| self.stale_now(world, &event, id)).unwrap_or_default();
        let moment = Moment { world, event: &event, before: &self.servers, stale, text: &said.text };
        let found = said
            .claims
            .iter()
            .filter_map(|claim| judge(&moment, claim).err().map(|why| format!("{claim:?}: {why}")));
        let found = found.chain(lacks(&moment, &said.claims));
        let found: Vec<String> =
            found.map(|why| format!("event {}: {}\n    {why}", event.id.0, said.text)).collect();
        self.wrong.extend(found);
        self.claims += said.claims.len() as u64;
        self.judge_leader(world, &event);
        self.remember(world, &event, stale);
    }
}

impl Witness {
    /// Actions may touch everyone; everything else only the server that it happens to.
    fn remember(&mut self, world: &World, event: &Event, stale: ServerSet) {
        let all = matches!(event.what, What::Acted { .. });
        for server in world.servers().iter().filter(|server| all || Some(server.node.id()) == event.server) {
            let id = server.node.id();
            let kept = self.servers.get(&id).map(|past| past.stale).unwrap_or_default();
            let stood = server.node.role().name() == RoleName::Candidate
                && self.servers.get(&id).is_some_and(|past| past.node.role().name() != RoleName::Candidate);
            let stale = if Some(id) == event.server { stale } else { kept };
            let stale = if stood { ServerSet::EMPTY } else { stale };
            self.servers.insert(id, seen(server, stale));
        }
    }

    /// What is said of a term that has two leaders: whether each was elected in it.
    fn judge_leader(&mut self, world: &World, event: &Event) {
        let Some(server) = event.server.and_then(|id| world.server(id)).filter(|server| server.up) else {
            return;
        };
        let (id, term) = (server.node.id(), server.node.term());
        let past = self.servers.get(&id);
        let led = past.is_some_and(|past| past.up && past.node.is_leader());
        if !server.node.is_leader() || (led && past.is_some_and(|past| past.node.term() == term)) {
            return;
        }
        let &mut (first, elected) = self.leaders.entry(term).or_insert((id, !led));
        let says = |violation: &&Violation| {
            violation.property == Property::ElectionSafety && violation.event == event.id
        };
        let Some(violation) = self.checker.violations().iter().find(says).filter(|_| first != id) else {
            return;
        };
        self.two_leaders += 1;
        let was = if elected { "was elected in it" } else { "led an older one and took it over" };
        let now = match (led, elected) {
            (true, _) => "has taken it over, which led an older one",
            (false, true) => "is",
            (false, false) => "is elected in it",
        };
        let expected = format!("Term {term} has two leaders: {first} {was}, and now {id} {now}.");
        if violation.sentence != expected {
            self.wrong.push(format!("event {}: {}\n    right: {expected}", event.id.0, violation.sentence));
        }
    }

    /// Whose votes for an older term a candidate has counted, after this event.
    fn stale_now(&self, world: &World, event: &Event, id: ServerId) -> ServerSet {
        let (Some(past), Some(server)) = (self.servers.get(&id), world.server(id)) else {
            return ServerSet::EMPTY;
        };
        let (before, after) = (&past.node, &server.node);
        let begins = matches!(event.what, What::Fired { timer: Timer::Election })
            || arrived(event) == Some(&Body::TimeoutNow);
        if begins && (after.term() > before.term() || after.role().name() == RoleName::PreCandidate) {
            return ServerSet::EMPTY;
        }
        let mut stale = past.stale;
        if let What::Delivered { content: Content::Raft(Message { from, body, .. }), .. } = &event.what {
            let late = match (body, before.role()) {
                (Body::RequestVoteReply { asked, granted: true }, Role::Candidate { .. }) => {
                    *asked != after.term()
                }
                (Body::PreVoteReply { asked, granted: true }, Role::PreCandidate { .. }) => {
                    *asked != before.term().next()
                }
                _ => false,
            };
            if late && counted(before) != counted(after) {
                stale.insert(*from);
            }
        }
        stale
    }
}

/// What has arrived from another server.
fn arrived(event: &Event) -> Option<&Body> {
    match &event.what {
        What::Delivered { content: Content::Raft(message), .. } => Some(&message.body),
        _ => None,
    }
}

/// How many votes, and what the server is.
pub fn counted(node: &Node) -> (RoleName, ServerSet, u32) {
    match node.role() {
        Role::Candidate { granted, again, .. } => (RoleName::Candidate, *granted, *again),
        Role::PreCandidate { granted, .. } => (RoleName::PreCandidate, *granted, 0),
        other => (other.name(), ServerSet::EMPTY, 0),
    }
}

impl Judge for Witness {
    fn checker(&self) -> &Checker {
        &self.checker
    }

    fn is_over(&self) -> bool {
        false
    }
}
