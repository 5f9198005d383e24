//! Gestures: the steps of a search, each a thing that a person can make happen.

use crate::Setup;
use crate::property::Properties;
use crate::protocol::Cluster;
use crate::rules::Rule;
use crate::state::{Body, Id, Leaders, Message, Role, Server, State, Term};
use std::fmt;

/// What happens to a request and its reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Passage {
    /// Both arrive.
    Whole,
    /// The request is held before it arrives.
    RequestHeld,
    /// The request arrives, and its reply is held.
    ReplyHeld,
}

impl Passage {
    const ALL: [Passage; 3] = [Passage::Whole, Passage::RequestHeld, Passage::ReplyHeld];
}

/// One step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gesture {
    /// A server that does not lead starts an election.
    TimeOut(Id),
    /// A candidate asks a server for its vote.
    Ask { candidate: Id, voter: Id, passage: Passage },
    /// A leader sends everything from nextIndex.
    Append { leader: Id, follower: Id, passage: Passage },
    /// A leader sends AppendEntries without entries, whether or not there are some to send.
    Heartbeat { leader: Id, follower: Id, passage: Passage },
    /// A client's command reaches a leader.
    Request(Id),
    /// A server crashes and restarts.
    Restart(Id),
    /// A held message arrives, and if it is a request, its reply too.
    Release(Message),
}

/// What can be done in a state, within the bounds.
pub fn gestures(setup: &Setup, state: &State) -> Vec<Gesture> {
    let mut found = Vec::with_capacity(32);
    let bounds = setup.bounds;
    // While as many messages are held as may be, everything passes whole.
    let passages =
        if state.held.len() < usize::from(bounds.held) { &Passage::ALL[..] } else { &Passage::ALL[..1] };
    for id in 0..setup.servers {
        let server = state.server(id);
        if !server.leads() && server.term < bounds.terms {
            found.push(Gesture::TimeOut(id));
        }
        if state.restarts < bounds.restarts {
            found.push(Gesture::Restart(id));
        }
        if server.leads() && server.log.last() < bounds.entries {
            found.push(Gesture::Request(id));
        }
        for other in (0..setup.servers).filter(|other| *other != id) {
            for &passage in passages {
                match server.role {
                    Role::Follower => {}
                    // Requests are repeated until there is an answer (§5.5). A vote is one; who refused may be
                    // asked again.
                    Role::Candidate { votes, .. } if votes.has(other) => {}
                    Role::Candidate { .. } => {
                        found.push(Gesture::Ask { candidate: id, voter: other, passage });
                    }
                    Role::Leader { next, .. } => {
                        found.push(Gesture::Heartbeat { leader: id, follower: other, passage });
                        if next[usize::from(other)] <= server.log.last() {
                            found.push(Gesture::Append { leader: id, follower: other, passage });
                        }
                    }
                }
            }
        }
    }
    found.extend(state.held.iter().map(|message| Gesture::Release(*message)));
    found
}

/// Does a gesture that [`gestures`] offers: the state after it, and what it violated on the way.
pub fn apply(setup: &Setup, state: &State, gesture: &Gesture) -> (State, Properties) {
    let mut cluster = Cluster::new(setup.rules, setup.servers, state.clone());
    match *gesture {
        Gesture::TimeOut(id) => cluster.time_out(id),
        Gesture::Restart(id) => cluster.restart(id),
        Gesture::Request(id) => cluster.request(id),
        Gesture::Ask { candidate, voter, passage } => {
            let request = cluster.request_vote(candidate, voter);
            pass(&mut cluster, &request, passage);
        }
        Gesture::Append { leader, follower, passage } => {
            let request = cluster.append_entries(leader, follower, false);
            request.iter().for_each(|request| pass(&mut cluster, request, passage));
        }
        Gesture::Heartbeat { leader, follower, passage } => {
            let request = cluster.append_entries(leader, follower, true);
            request.iter().for_each(|request| pass(&mut cluster, request, passage));
        }
        Gesture::Release(message) => {
            let place = cluster.state.held.iter().position(|held| *held == message);
            place.map(|place| cluster.state.held.remove(place));
            pass(&mut cluster, &message, Passage::Whole);
        }
    }
    settle(setup, &mut cluster.state);
    (cluster.state, cluster.violated)
}

/// A message goes its way, and its reply.
fn pass(cluster: &mut Cluster, message: &Message, passage: Passage) {
    if passage == Passage::RequestHeld {
        cluster.state.held.push(*message);
        return;
    }
    match cluster.receive(message) {
        Some(reply) if passage == Passage::ReplyHeld => cluster.state.held.push(reply),
        Some(reply) => {
            cluster.receive(&reply);
        }
        None => {}
    }
}

/// Forgets what can no longer matter, so that states that can't be told apart any more are one.
fn settle(setup: &Setup, state: &mut State) {
    // All of it is about terms that are over, and a server may come back to one if it forgets its term.
    if setup.rules.on(Rule::TermSurvivesCrash) {
        let drops = setup.rules.on(Rule::DropStaleReplies);
        if drops {
            forget_replies_that_come_too_late(state);
        }
        if setup.reduced {
            forget_terms_that_all_have_left(setup, state);
        }
        // An old vote that is counted may be given in an old election.
        if setup.reduced && drops {
            forget_the_last_election(setup, state);
        }
    }
    state.held.sort_unstable();
}

/// The lowest term of a server.
fn lowest_term(setup: &Setup, state: &State) -> Term {
    let servers = &state.servers[..usize::from(setup.servers)];
    servers.iter().map(|server| server.term).min().unwrap_or_default()
}

/// Nobody comes to lead any more in a term that all have left, and every leader is of a later one, whatever it
/// was.
fn forget_terms_that_all_have_left(setup: &Setup, state: &mut State) {
    let lowest = lowest_term(setup, state);
    state.leaders[..usize::from(lowest)].fill(Leaders::default());
    state.committed.iter_mut().filter(|fact| fact.term < lowest).for_each(|fact| fact.term = 0);
}

/// Nobody comes to lead in a term that all have reached and in which there is no candidate; so it does not
/// matter who voted for whom in it, nor who leads, as long as nobody has to be told from a second leader.
fn forget_the_last_election(setup: &Setup, state: &mut State) {
    let lowest = lowest_term(setup, state);
    let servers = &mut state.servers[..usize::from(setup.servers)];
    let runs = |server: &Server| server.term == lowest && matches!(server.role, Role::Candidate { .. });
    if servers.iter().any(runs) {
        return;
    }
    servers.iter_mut().filter(|server| server.term == lowest).for_each(|server| server.voted_for = None);
    let leaders = &mut state.leaders[usize::from(lowest)];
    if leaders.ids().len() == 1 {
        *leaders = Leaders::default();
    }
}

/// A reply that would be dropped, and that bears no new term, is no more under way: it does not count against
/// the bound.
fn forget_replies_that_come_too_late(state: &mut State) {
    let servers = &state.servers;
    state.held.retain(|message| {
        let receiver = servers[usize::from(message.to)].term;
        match message.body {
            Body::Vote { asked, .. } | Body::Appended { asked, .. } => {
                asked >= receiver || message.term > receiver
            }
            Body::RequestVote { .. } | Body::AppendEntries { .. } => true,
        }
    });
}

impl fmt::Display for Gesture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Gesture::TimeOut(id) => write!(f, "S{} times out and starts an election.", id + 1),
            Gesture::Restart(id) => write!(f, "S{} crashes and restarts.", id + 1),
            Gesture::Request(id) => write!(f, "A client's command reaches S{}, which appends it.", id + 1),
            Gesture::Ask { candidate, voter, passage } => {
                write!(f, "S{} asks S{} for its vote{passage}.", candidate + 1, voter + 1)
            }
            Gesture::Append { leader, follower, passage } => {
                write!(f, "S{} sends S{} everything from nextIndex{passage}.", leader + 1, follower + 1)
            }
            Gesture::Heartbeat { leader, follower, passage } => {
                write!(f, "S{} sends S{} a heartbeat{passage}.", leader + 1, follower + 1)
            }
            Gesture::Release(message) => write!(f, "{message} is released and arrives."),
        }
    }
}

impl fmt::Display for Passage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Passage::Whole => "",
            Passage::RequestHeld => "; the request is held",
            Passage::ReplyHeld => "; the request arrives, its reply is held",
        })
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Message { from, to, term, body } = *self;
        let what = match body {
            Body::RequestVote { .. } => "RequestVote".to_string(),
            Body::Vote { granted: true, .. } => "vote".to_string(),
            Body::Vote { granted: false, .. } => "refusal to vote".to_string(),
            Body::AppendEntries { prev_index, entries, .. } if entries.last() == 0 => {
                format!("heartbeat (prevLogIndex {prev_index})")
            }
            Body::AppendEntries { prev_index, entries, .. } => {
                format!("AppendEntries (prevLogIndex {prev_index}, {} entries)", entries.last())
            }
            Body::Appended { up_to: Some(up_to), .. } => format!("success up to {up_to}"),
            Body::Appended { up_to: None, .. } => "refusal of AppendEntries".to_string(),
        };
        write!(f, "The {what} of term {term} that S{} sent to S{}", from + 1, to + 1)
    }
}
