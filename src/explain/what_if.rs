//! What has not happened, tried on clones: who would vote for whom, and who could win.

use super::guards::{because, vote_refused};
use super::words::list;
use crate::raft::{
    Body, Effect, Guard, Input, Message, Node, Rule, ServerId, ServerSet, Term, Timer, Unobserved, quorum,
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
    /// Whether those who would grant are a majority of all.
    pub wins: bool,
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
        Some(format!("only {} would vote for it; {}", list(self.granted.iter()), reasons.join("; ")))
    }
}

/// How `voter` would answer if `candidate` stood for election now, whatever the network does. Tried on
/// clones: nothing happens to the world.
///
/// # Errors
/// A sentence, when one of them is not there or is down.
pub fn would_vote(world: &World, voter: ServerId, candidate: ServerId) -> Result<Verdict, String> {
    let candidate = node(world, candidate)?;
    answer(world, voter, candidate, candidate.term().next())
}

/// How an election of `candidate` would go if it were held now.
///
/// # Errors
/// A sentence, when the candidate is not there or is down.
pub fn ballot(world: &World, candidate: ServerId) -> Result<Ballot, String> {
    let node = node(world, candidate)?;
    let term = world.servers().iter().map(|server| server.node.term()).max().unwrap_or_default().next();
    let mut ballot = Ballot {
        granted: [candidate].into_iter().collect(),
        refused: Vec::new(),
        silent: ServerSet::EMPTY,
        wins: false,
    };
    let configuration = node.log().configuration();
    for voter in configuration.all_voters().iter().filter(|&voter| voter != candidate) {
        if !can_talk(world, candidate, voter) {
            ballot.silent.insert(voter);
            continue;
        }
        let verdict = answer(world, voter, node, term)?;
        match vote_refused(&verdict.guards) {
            None => ballot.granted.insert(voter),
            Some(guard) => ballot.refused.push((voter, because(guard))),
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
    if voter == name {
        let sentence = format!("{name} would vote for itself");
        return Ok(Verdict { granted: true, guards: Vec::new(), refused_by: None, sentence });
    }
    let request = request(world, candidate, voter, term)
        .ok_or_else(|| format!("{voter} is no voter: {name} would not ask it"))?;
    let (mut guards, mut effects) = (Vec::new(), Vec::new());
    voting.step(Input::Received(request), world.rules(), &mut guards, &mut effects);
    let granted = effects.iter().any(|effect| {
        let Effect::Send(Message { body, .. }, _) = effect else { return false };
        matches!(body, Body::RequestVoteReply { granted: true, .. })
    });
    let refusal = vote_refused(&guards);
    let why = refusal.or_else(|| guards.iter().rev().find(|guard| guard.rule == Rule::LogUpToDate));
    let verb = if granted { "would vote" } else { "would not vote" };
    let why = why.map(|guard| format!(": {}", because(guard))).unwrap_or_default();
    let sentence = format!("{voter} {verb} for {name} in term {term}{why}");
    Ok(Verdict { granted, refused_by: refusal.map(|guard| guard.rule), guards, sentence })
}

/// The RequestVote of a candidate that stands in that term.
fn request(world: &World, candidate: &Node, voter: ServerId, term: Term) -> Option<Message> {
    let mut candidate = candidate.clone();
    let mut effects = Vec::new();
    candidate.step(Input::SteppedDown, world.rules(), &mut Unobserved, &mut effects);
    candidate.step(Input::Fired(Timer::Election), world.rules(), &mut Unobserved, &mut effects);
    candidate.rpc_for(voter).map(|message| Message { term, ..message })
}
