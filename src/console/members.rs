//! Who the cluster is made of: changes, as several actions where servers have to start first, and a table
//! of what everybody goes by.

use super::answers::table;
use super::shell::{Hands, Line, why_not};
use crate::explain::{list, members};
use crate::raft::quorum::majority_of;
use crate::raft::{Change, Configuration, Index, MAX_SERVERS, RoleName, ServerId, ServerSet, Unobserved};
use crate::sim::{Action, Refusal, Server, World};

/// Asks the leader for a change. Servers that are to join and are not there start first; nothing is done if
/// the leader would not do it.
pub(super) fn change(hands: &mut Hands, change: Change) -> Vec<Line> {
    let world = hands.run.run().world();
    let known: ServerSet = world.ids().collect();
    let named = match &change {
        Change::Add(id) | Change::Learner(id) => [*id].into_iter().collect(),
        Change::Joint { voters, learners, .. } => voters.or(*learners),
        Change::Remove(_) | Change::Leave => ServerSet::EMPTY,
    };
    let boots = named.minus(known).iter().map(|server| Action::Boot { server });
    let actions: Vec<Action> = boots.chain([Action::Change { change, at: None }]).collect();
    match tried(world, &actions) {
        Ok(()) => actions.into_iter().map(|action| hands.act_and_say(action, 0)).collect(),
        Err(refusal) => vec![why_not(&refusal)],
    }
}

/// A new server, under that name or the next one.
pub(super) fn boot(hands: &mut Hands, server: Option<ServerId>) -> Line {
    match server.or_else(|| next_name(hands.run.run().world())) {
        Some(server) => hands.act_and_say(Action::Boot { server }, 0),
        None => why_not(&Refusal::Full),
    }
}

/// The first name that nobody has had yet.
pub(super) fn next_name(world: &World) -> Option<ServerId> {
    let next = world.servers().len() as u8 + 1;
    ServerId::new(next).filter(|_| next <= MAX_SERVERS)
}

/// What would come of these actions, tried on a copy.
fn tried(world: &World, actions: &[Action]) -> Result<(), Refusal> {
    let mut world = world.clone();
    actions.iter().try_for_each(|action| world.act(action, &mut Unobserved).map(drop))
}

/// The configuration that counts: that of whoever leads the latest term, else the one that stands furthest
/// in a log.
fn in_force(world: &World) -> Configuration {
    let up = || world.servers().iter().filter(|server| server.up);
    let leader = up().filter(|server| server.node.is_leader()).max_by_key(|server| server.node.term());
    let server = leader.or_else(|| up().max_by_key(|server| server.node.log().configuration_index()));
    server.map(|server| *server.node.configuration()).unwrap_or_default()
}

/// What a server is: its role, and whether it is a voter.
pub(super) fn state(world: &World, server: &Server) -> String {
    let node = &server.node;
    let configuration = in_force(world);
    let id = node.id();
    let role = match node.role().name() {
        _ if server.retired => return "its disk is lost".into(),
        _ if !server.up => return "–".into(),
        RoleName::Follower => "follower",
        RoleName::PreCandidate => "pre-candidate",
        RoleName::Candidate => "candidate",
        RoleName::Leader => "leader",
    };
    let standing = match () {
        () if configuration.all_voters().contains(id) => return role.into(),
        () if configuration.learners.contains(id) => "learner",
        () if node.configuration().members().is_empty() => "new",
        () => "removed",
    };
    if role == "follower" { standing.into() } else { format!("{role}, {standing}") }
}

/// What everybody goes by.
pub(super) fn configurations(world: &World) -> Line {
    let head = ["Server", "Configuration in force", "Since entry", "Joint", "Learners", "Needed"];
    table(&head, world.servers().iter().map(row))
}

fn row(server: &Server) -> Vec<String> {
    let node = &server.node;
    let Configuration { voters, outgoing, learners, auto_leave } = *node.configuration();
    let index = node.log().configuration_index();
    let since = match index {
        Index(0) => "the start".into(),
        index if index <= node.commit() => index.to_string(),
        index => format!("{index} (not committed)"),
    };
    let joint = match (outgoing.is_empty(), auto_leave) {
        (true, _) => "no".into(),
        (_, true) => format!("with {}", list(outgoing.iter())),
        (_, false) => format!("with {}, until ‘leave’", list(outgoing.iter())),
    };
    let of = |set: ServerSet| format!("{} of {}", majority_of(set.len()), set.len());
    let needed = match (voters.is_empty(), outgoing.is_empty()) {
        (true, _) => "–".into(),
        (_, true) => of(voters),
        _ => format!("{} and {}", of(voters), of(outgoing)),
    };
    let learners = if learners.is_empty() { "none".into() } else { list(learners.iter()) };
    let force = members(&Configuration::of(voters));
    vec![node.id().to_string(), force, since, joint, learners, needed]
}
