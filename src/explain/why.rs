//! Answers about what is: why a vote went so, why an entry is not committed, who believes who leads.

use super::guards::{because, vote_refused};
use super::words::{list, number};
use crate::raft::{Body, Configuration, Guard, Index, RoleName, Rule, ServerId, ServerSet, quorum};
use crate::sim::{Content, Event, Server, What, World};

/// How a vote went, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Who was asked.
    pub voter: ServerId,
    /// Who asked.
    pub candidate: ServerId,
    /// Whether the vote was given.
    pub granted: bool,
    /// The decision that counted: the first that refused, or the last that let it pass.
    pub guard: Option<Guard>,
    /// The answer in one sentence.
    pub sentence: String,
}

/// Why the vote went so that was asked for in this event, or the word to give one (D9.6); nothing where
/// nobody was asked.
#[must_use]
pub fn why_vote(event: &Event) -> Option<Vote> {
    let What::Delivered { content: Content::Raft(message), .. } = &event.what else { return None };
    let [did, did_not] = match message.body {
        Body::RequestVote { .. } => ["voted", "did not vote"],
        Body::PreVote { .. } => ["said that it would vote", "said that it would not vote"],
        _ => return None,
    };
    let (voter, candidate) = (message.to, message.from);
    let refusal = vote_refused(&event.guards);
    let passed = || {
        event
            .guards
            .iter()
            .rev()
            .find(|guard| guard.rule == Rule::LogUpToDate || guard.rule == Rule::PreVoteLogUpToDate)
    };
    let guard = refusal.or_else(passed).copied();
    let granted = refusal.is_none();
    let did = if granted { did } else { did_not };
    let why = guard.map(|guard| format!(" because {}", because(&guard))).unwrap_or_default();
    let sentence = format!("{voter} {did} for {candidate}{why}");
    Some(Vote { voter, candidate, granted, guard, sentence })
}

/// The server that leads: of several, the one with the highest term.
fn leader(world: &World) -> Option<&Server> {
    let leads = |server: &&Server| server.up && server.node.is_leader();
    world.servers().iter().filter(leads).max_by_key(|server| server.node.term())
}

/// Why an entry is not committed, in one sentence: the acknowledgements that are missing, by name, of both
/// majorities where two are needed (§6); or that it is on a majority, but of an old term (§5.4.2). Where it
/// is committed, that.
#[must_use]
pub fn why_not_committed(world: &World, index: Index) -> String {
    let furthest =
        world.servers().iter().filter(|server| server.up).max_by_key(|server| server.node.commit());
    if let Some(server) = furthest.filter(|server| index.0 > 0 && server.node.commit() >= index) {
        let node = &server.node;
        return format!("Entry {index} is committed: commitIndex of {} is {}.", node.id(), node.commit());
    }
    let Some(server) = leader(world) else {
        return format!("Nobody leads now, and only a leader can commit entry {index} (§5.3).");
    };
    let node = &server.node;
    let (id, term, last) = (node.id(), node.term(), node.log().last_index());
    let Some(entry_term) = node.log().term_at(index).filter(|_| index.0 > 0) else {
        return format!("{id} leads and has no entry {index}: its log ends at {last}.");
    };
    let configuration = node.configuration();
    let have = holders(server, configuration.members(), index);
    let counted = have.and(configuration.all_voters());
    if quorum::is_quorum(configuration, counted) && entry_term != term {
        return format!(
            "Entry {index} is on a majority ({}), but of the old term {entry_term}, and {id} leads in term {term}: \
             copies of old entries are not counted; the next entry of term {term} will commit it (§5.4.2).",
            list(counted.iter())
        );
    }
    let mut text = format!(
        "Entry {index} is known to be on {} only, and {} needed: acknowledgements of {} are missing (§5.3{}).",
        list(have.iter()),
        needed(configuration),
        list(missing(world, configuration.all_voters().minus(have))),
        if configuration.is_joint() { ", §6" } else { "" }
    );
    let learn = have.minus(counted).and(configuration.learners);
    if !learn.is_empty() {
        text.push_str(&format!(" Learners are not counted: {} (D4.2.1).", list(learn.iter())));
    }
    if !configuration.all_voters().contains(id) {
        text.push_str(&format!(" Nor does {id} count itself, which leads without a vote (§6)."));
    }
    text
}

/// "three of five are", "two of the three new and three of the old five are".
fn needed(configuration: &Configuration) -> String {
    let (enough, of) = quorum::needed(configuration);
    let (enough, of) = (number(enough), number(of));
    match configuration.outgoing.len() {
        0 => format!("{enough} of {of} are"),
        old => {
            format!(
                "{enough} of the {of} new and {} of the {} old voters are",
                number(old / 2 + 1),
                number(old)
            )
        }
    }
}

fn missing(world: &World, missing: ServerSet) -> Vec<String> {
    let up = missing.iter().map(|id| (id, world.server(id).is_some_and(|server| server.up)));
    up.map(|(id, up)| if up { id.to_string() } else { format!("{id} (down)") }).collect()
}

/// The servers among these on which a leader knows the entry to be stored.
fn holders(leader: &Server, among: ServerSet, index: Index) -> ServerSet {
    let node = &leader.node;
    let reached = |id: ServerId| {
        let acknowledged = node.progress(id).map(|progress| progress.matched);
        acknowledged.unwrap_or_else(|| node.durable_index()) >= index
    };
    among.iter().filter(|&id| reached(id)).collect()
}

/// Who believes who leads: one sentence for each server.
#[must_use]
pub fn who_believes(world: &World) -> Vec<String> {
    world.servers().iter().map(belief).collect()
}

fn belief(server: &Server) -> String {
    let node = &server.node;
    let (id, term) = (node.id(), node.term());
    if server.retired {
        return format!("{id} has lost its disk, and nobody of that name comes back.");
    }
    if !server.up {
        return format!("{id} is down and believes nothing.");
    }
    match (node.role().name(), node.leader()) {
        (RoleName::Leader, _) => format!("{id} believes that it leads itself, in term {term}."),
        (RoleName::PreCandidate, _) => {
            format!("{id} knows of no leader and asks whether it would be elected in term {}.", term.next())
        }
        (RoleName::Candidate, _) => {
            format!("{id} knows of no leader and stands for election in term {term}.")
        }
        (RoleName::Follower, Some(leader)) => format!("{id} believes that {leader} leads, in term {term}."),
        (RoleName::Follower, None) => format!("{id} knows of no leader in term {term}."),
    }
}
