//! What a leader that stays owes to those who follow it, and to clients (§5.3, §8): logs come together, and
//! requests are answered, in time.

use super::super::history::Ms;
use super::super::violation::Finding;
use super::lines::Lines;
use super::promise::Bounds;
use super::{Reign, Seen};
use crate::raft::{Index, MAX_SERVERS, ReadMode, ServerId, ServerSet, quorum};
use crate::sim::{Client, Endpoint, Server, World};

/// A leader and those who follow it, as far as nothing is in the way between them: a majority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Court {
    /// With the leader itself.
    pub(super) servers: ServerSet,
    pub(super) bounds: Bounds,
}

impl Court {
    /// None where no majority can be reached so well that anything is promised.
    pub(super) fn of(world: &World, lines: &Lines, leader: &Server) -> Option<Court> {
        let id = leader.node.id();
        let servers: ServerSet = following(world, lines, leader)
            .iter()
            .filter(|&follower| lines.talk_well(id, follower))
            .collect();
        if world.is_manual() || !quorum::is_quorum(leader.node.configuration(), servers) {
            return None;
        }
        let bounds = Bounds::among(world, servers, lines.latency_us_max_around(id, servers))?;
        Some(Court { servers, bounds })
    }
}

/// Those that follow this leader, and talk with it; with itself.
pub(super) fn following(world: &World, lines: &Lines, leader: &Server) -> ServerSet {
    let id = leader.node.id();
    let follows = |server: &&Server| {
        let node = &server.node;
        node.term() == leader.node.term() && node.leader() == Some(id) && lines.talk(id, node.id())
    };
    let active = world.servers().iter().filter(|server| server.is_active());
    active.filter(follows).map(|server| server.node.id()).collect()
}

/// Whether a client that goes round finds this leader: nobody sends it to a server that neither leads nor
/// knows who does, and the leader takes requests. Such hints end where a leader without a majority steps down,
/// and followers forget it (D6.2).
pub(super) fn is_found(world: &World, lines: &Lines, leader: &Server) -> bool {
    let following = following(world, lines, leader);
    let astray = |server: &Server| {
        let hint = server.node.leader().filter(|&hint| hint != server.node.id());
        hint.is_some_and(|hint| !following.contains(hint))
    };
    let active = world.servers().iter().filter(|server| server.is_active());
    leader.node.transferring().is_none()
        && active.filter(|server| !following.contains(server.node.id())).all(|server| !astray(server))
}

/// What a leader had in its log, and since when.
#[derive(Clone, Debug)]
pub(super) struct Due {
    reign: Reign,
    court: Court,
    index: Index,
    since_us: u64,
    /// How long each member may take.
    within_us: [u64; MAX_SERVERS as usize],
}

/// A member has not come to commit what the leader had long ago.
pub(super) fn behind(due: &mut Option<Due>, world: &World, leader: &Server, court: Court) -> Option<Finding> {
    let node = &leader.node;
    let (id, term) = (node.id(), node.term());
    let known = due.take().filter(|due| due.reign == (id, term) && due.court == court);
    let late = |server: &&Server| known.as_ref().is_some_and(|due| server.node.commit() < due.index);
    let members = court.servers.and(node.configuration().members());
    let waits = members.iter().filter_map(|id| world.server(id)).find(late);
    let (Some(known), Some(server)) = (&known, waits) else {
        // Entries of earlier terms are committed with one of its own only (§5.4.2).
        let index = node.log().last_index();
        let own = node.log().term_at(index) == Some(term);
        // Nobody commits before a majority has it.
        let majority_us = all_caught_up_us(world, leader, court);
        *due = own.then(|| Due {
            reign: (id, term),
            court,
            index,
            since_us: world.now_us(),
            within_us: std::array::from_fn(|slot| {
                catching_up_us(world, leader, slot, court.bounds).max(majority_us)
            }),
        });
        return None;
    };
    let behind = server.node.id();
    let over = world.now_us() - known.since_us > known.within_us[behind.slot()];
    let finding = over.then(|| {
        let commit = server.node.commit();
        let (index, since) = (known.index, Ms(known.since_us));
        let sentence = format!(
            "{id} leads, and had its log up to {index} at {since}; {behind} hears it, and has committed only up to {commit}."
        );
        Finding::new([id, behind], sentence)
            .at(commit.next())
            .value(format!("{behind}'s commitIndex"), commit)
    });
    *due = Some(known.clone());
    finding
}

/// How long it may take to bring a server's log up to the leader's: a round trip, or a lost one and a
/// heartbeat, for each entry that is looked at or sent (§5.3), and for each piece of a snapshot (§7): one that
/// is on its way already, and the one that is due after it.
fn catching_up_us(world: &World, leader: &Server, slot: usize, bounds: Bounds) -> u64 {
    let node = &leader.node;
    let progress = world.servers().get(slot).and_then(|server| node.progress(server.node.id()));
    let matched = progress.map_or(node.log().last_index(), |progress| progress.matched);
    let bytes = node.snapshot().map_or(0, |snapshot| snapshot.data.len() as u64);
    let pieces = bytes.checked_div(u64::from(world.options().snapshot_chunk)).unwrap_or(0) + 1;
    let steps = 10 + 2 * (node.log().last_index().0 - matched.0.min(node.log().last_index().0)) + 2 * pieces;
    steps * (bounds.round_trip_us + bounds.heartbeat_us)
}

/// The same for all that follow the leader.
fn all_caught_up_us(world: &World, leader: &Server, court: Court) -> u64 {
    let each = court.servers.iter().map(|id| catching_up_us(world, leader, id.slot(), court.bounds));
    each.max().unwrap_or(0)
}

/// A client waits for an answer that it should have by now: it may have to ask everyone who does not follow
/// the leader in vain, and a majority may have to be brought up to date first.
pub(super) fn unserved(world: &World, leader: &Server, court: Court, seen: &Seen) -> Option<Finding> {
    let options = world.options();
    let Court { servers, bounds } = court;
    let answer_us = 2 * options.link.latency.max_us + 3 * bounds.round_trip_us + bounds.heartbeat_us;
    // The answer would always come too late.
    if options.client_timeout_us < answer_us || !reaches_clients(world, servers) {
        return None;
    }
    let others = world.servers().len() as u64 - u64::from(servers.len());
    let catching_up_us = all_caught_up_us(world, leader, court);
    let within_us =
        (others + 2) * (options.client_timeout_us + options.heartbeat_us) + answer_us + catching_up_us;
    world.clients().iter().find_map(|client| {
        let since_us = due_since_us(client, seen)?;
        let call = client.call.as_ref()?;
        let id = leader.node.id();
        (world.now_us().saturating_sub(since_us) > within_us).then(|| {
            let sentence = format!(
                "{} asked {} at {}, and {id} leads a majority since {} at least; there is no answer yet.",
                client.id,
                call.op,
                Ms(call.called_us),
                Ms(seen.led_since_us)
            );
            Finding::new([id], sentence).value("asked at", Ms(call.called_us)).since([call.cause])
        })
    })
}

/// Since when a client can count on an answer, if it asks. A read that does not go through the log waits for a
/// committed entry of the leader's own term (D6.4), and nobody owes it one.
fn due_since_us(client: &Client, seen: &Seen) -> Option<u64> {
    let call = client.call.as_ref()?;
    let served_us = match call.mode {
        ReadMode::Log | ReadMode::Local => seen.found_since_us,
        _ => seen.found_since_us.max(seen.reads_since_us),
    };
    Some(call.called_us.max(served_us))
}

/// Whether clients and these servers hear all of each other, and sessions last long enough for the turns of
/// all clients.
fn reaches_clients(world: &World, servers: ServerSet) -> bool {
    let options = world.options();
    let between = |a: Endpoint, b: Endpoint| {
        matches!(a, Endpoint::Client(_)) && b.server().is_some_and(|id: ServerId| servers.contains(id))
    };
    let mut held = world.network().packets().filter(|packet| packet.held).map(|packet| packet.name);
    let turns = 4 * world.clients().len() as u64;
    let lasts = options.session_life == 0 || u64::from(options.session_life) >= turns;
    options.link.loss_ppm == 0
        && (!options.sessions || lasts)
        && held.all(|name| !between(name.from, name.to) && !between(name.to, name.from))
}
