//! What has not happened, tried on clones: who would vote for whom, and who could win.

use super::guards::{because, vote_refused};
use super::words::list;
use crate::raft::{
    Body, Effect, Guard, Input, Message, Node, RoleName, Rule, ServerId, ServerSet, Term, Timer, Unobserved,
    quorum,
};
use crate::sim::{Endpoint, World};

/// How a voter would answer a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it would grant its vote.
    pub granted: bool,
    /// What it would decide, in order.
    pub guards: Vec<Guard>,
    /// The decision by which it would refuse.
    pub refused_by: Option<Rule>,
    /// The answer in one sentence, with its reason.
    pub sentence: String,
}

/// How an election would go if it were held now, in a term that is new to everyone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// Who would grant; the candidate itself too.
    pub granted: ServerSet,
    /// Who would refuse, each with its reason.
    pub refused: Vec<(ServerId, String)>,
    /// Who can't be asked or can't answer, being down, paused or cut off.
    pub silent: ServerSet,
    /// Whether those who would grant are a majority of all; of old and new voters, where both decide (§6).
    pub wins: bool,
    /// The decision that keeps it from winning though somebody could lead, if it is that a leader is heard
    /// (D9.6, D4.2.3): then leadership can be handed over.
    pub led: bool,
}

impl Ballot {
    /// Why the candidate could not win, in words; nothing where it could.
    #[must_use]
    pub fn why_not(&self) -> Option<String> {
        if self.wins {
            return None;
        }
        let mut reasons: Vec<String> =
            self.refused.iter().map(|(voter, why)| format!("{voter} would refuse: {why}")).collect();
        if !self.silent.is_empty() {
            reasons.push(format!("{} can't be reached", list(self.silent.iter())));
        }
        let only = format!("only {} would vote for it", list(self.granted.iter()));
        Some(std::iter::once(only).chain(reasons).collect::<Vec<_>>().join("; "))
    }
}

/// How `voter` would answer if `candidate` stood for election now, whatever the network does. Tried on
/// clones: nothing happens to the world.
///
/// # Errors
/// A sentence, when one of them is not there or is down.
pub fn would_vote(world: &World, voter: ServerId, candidate: ServerId) -> Result<Verdict, String> {
    let candidate = node(world, candidate)?;
    if voter == candidate.id() {
        node(world, voter)?;
        let sentence = format!("{voter} would vote for itself");
        return Ok(Verdict { granted: true, guards: Vec::new(), refused_by: None, sentence });
    }
    answer(world, voter, &candidacy(world, candidate)?, candidate.term().next())
}

/// How an election of `candidate` would go if it were held now.
///
/// # Errors
/// A sentence, when the candidate is not there or is down.
pub fn ballot(world: &World, candidate: ServerId) -> Result<Ballot, String> {
    let node = node(world, candidate)?;
    let term = world.servers().iter().map(|server| server.node.term()).max().unwrap_or_default().next();
    let candidacy = candidacy(world, node)?;
    let mut ballot = Ballot {
        granted: [candidate].into_iter().collect(),
        refused: Vec::new(),
        silent: ServerSet::EMPTY,
        wins: false,
        led: false,
    };
    let configuration = node.configuration();
    for voter in configuration.all_voters().iter().filter(|&voter| voter != candidate) {
        if !can_talk(world, candidate, voter) {
            ballot.silent.insert(voter);
            continue;
        }
        let verdict = answer(world, voter, &candidacy, term)?;
        match vote_refused(&verdict.guards) {
            None => ballot.granted.insert(voter),
            Some(guard) => {
                ballot.led |= matches!(guard.rule, Rule::PreVote | Rule::Stickiness);
                ballot.refused.push((voter, because(guard)));
            }
        }
    }
    ballot.wins = quorum::is_quorum(configuration, ballot.granted);
    Ok(ballot)
}

fn node(world: &World, id: ServerId) -> Result<&Node, String> {
    let server = world
        .server(id)
        .ok_or_else(|| format!("there is no {id}: this cluster has S1 to S{}", world.servers().len()))?;
    if server.up { Ok(&server.node) } else { Err(format!("{id} is down: restart it first")) }
}

/// Whether a request and its answer would arrive.
fn can_talk(world: &World, one: ServerId, other: ServerId) -> bool {
    let cut = |from, to| world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to));
    world.server(other).is_some_and(crate::sim::Server::is_active) && !cut(one, other) && !cut(other, one)
}

fn answer(world: &World, voter: ServerId, candidate: &Node, term: Term) -> Result<Verdict, String> {
    let mut voting = node(world, voter)?.clone();
    let name = candidate.id();
    let request = candidate
        .rpc_for(voter)
        .map(|message| in_term(message, term))
        .ok_or_else(|| format!("{voter} is no voter: {name} would not ask it"))?;
    let (mut guards, mut effects) = (Vec::new(), Vec::new());
    voting.step(Input::Received(request), world.rules(), &mut guards, &mut effects);
    let granted = effects.iter().any(|effect| {
        let Effect::Send(Message { body, .. }, _) = effect else { return false };
        matches!(
            body,
            Body::RequestVoteReply { granted: true, .. } | Body::PreVoteReply { granted: true, .. }
        )
    });
    let refusal = vote_refused(&guards);
    let why = refusal.or_else(|| {
        guards.iter().rev().find(|guard| matches!(guard.rule, Rule::LogUpToDate | Rule::PreVoteLogUpToDate))
    });
    let verb = if granted { "would vote" } else { "would not vote" };
    let why = why.map(|guard| format!(": {}", because(guard))).unwrap_or_default();
    let sentence = format!("{voter} {verb} for {name} in term {term}{why}");
    Ok(Verdict { granted, refused_by: refusal.map(|guard| guard.rule), guards, sentence })
}

/// A server as it would be if it stood for election now, or asked first whether it would be elected.
fn candidacy(world: &World, server: &Node) -> Result<Node, String> {
    let (mut candidate, id) = (server.clone(), server.id());
    let (mut guards, mut effects) = (Vec::new(), Vec::new());
    candidate.step(Input::SteppedDown, world.rules(), &mut Unobserved, &mut effects);
    candidate.step(Input::Fired(Timer::Election), world.rules(), &mut guards, &mut effects);
    match candidate.role().name() {
        RoleName::Follower if vote_refused(&guards).is_some_and(|guard| guard.rule == Rule::Stickiness) => {
            Err(format!("{id} hears from a leader, whose lease may count on its silence, and does not stand"))
        }
        RoleName::Follower => Err(format!("{id} has no vote, so it does not stand: add it first")),
        _ => Ok(candidate),
    }
}

/// What it asks, in that term.
fn in_term(message: Message, term: Term) -> Message {
    match message.body {
        // Asked before the term begins (D9.6): what leaves is of the one before.
        Body::PreVote { last_index, last_term, .. } => {
            Message { body: Body::PreVote { asked: term, last_index, last_term }, ..message }
        }
        body => Message { term, body, ..message },
    }
}
