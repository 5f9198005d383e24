//! When Raft promises to go on, and how soon.
//!
//! No protocol can do so always (Fischer, Lynch and Paterson 1985). Raft does where messages travel much
//! faster than elections begin (§5.6), for a majority of voters that are up and hear each other. Whoever is
//! outside of that majority, and is heard there, can keep it from going on, if the options don't prevent it:
//!
//! - a leader that nobody hears back from is followed as long as it is heard: the check of the quorum (D6.2)
//!   is against that;
//! - a voter that does not hear a leader stands for election again and again: PreVote (D9.6) is;
//! - so does a server that was removed and does not know of it: stickiness (D4.2.3) is.
//!
//! Where an option is off that somebody outside makes needed, nothing is promised.

use crate::raft::{Configuration, MAX_SERVERS, ServerId, ServerSet, Term, Timer, TimerRange, quorum};
use crate::sim::{Endpoint, Options, Server, World};

/// How many elections in a row may go wrong, because several servers stand at once (§5.2). With nine
/// servers, and timeouts that spread over several round trips, about one in three does.
const ELECTIONS: u64 = 20;

/// How long things take, at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// From a request that is sent to its answer, both written to a disk.
    pub(super) round_trip_us: u64,
    /// From one heartbeat to the next.
    pub(super) heartbeat_us: u64,
    /// From the moment from which nothing is in the way to a leader that stays.
    pub(super) leader_us: u64,
}

impl Bounds {
    /// What holds as the world is now. None: it makes no promise.
    pub(super) fn of(world: &World) -> Option<Bounds> {
        let options = world.options();
        let held = world.network().packets().any(|packet| packet.held);
        let fsync_us = fsync_us_max(world)?;
        if world.is_manual() || held || fsync_us > options.heartbeat_us {
            return None;
        }
        let latency_us = latency_us_max(world)?;
        let round_trip_us = 2 * (latency_us + fsync_us);
        let TimerRange { min_us, max_us } = options.election;
        // Else elections fail again and again, each for the same reason.
        if max_us - min_us < round_trip_us || min_us < round_trip_us {
            return None;
        }
        let slowest = active(world).min_by_key(|server| server.clock_ppm)?;
        Some(Bounds {
            round_trip_us,
            heartbeat_us: by_clock(slowest, options.heartbeat_us),
            leader_us: ELECTIONS * (by_clock(slowest, max_us) + round_trip_us),
        })
    }
}

/// Until when something goes on that may have begun under other options, clocks and links.
pub(super) fn aftermath_us(world: &World) -> u64 {
    let timers = active(world).flat_map(|server| Timer::ALL.map(|timer| server.timer(timer)));
    let timers = timers.flatten().map(|running| running.fires_us);
    let writes = active(world).filter_map(|server| server.disk.queue.back()).map(|write| write.done_us);
    let messages = world.network().packets().map(|packet| packet.arrives_us);
    let waits = world.clients().iter().filter_map(|client| client.call.as_ref()).map(|call| call.wake_us);
    timers.chain(writes).chain(messages).chain(waits).max().unwrap_or(0).max(world.now_us())
}

/// The longest that a message travels. None: messages are lost.
fn latency_us_max(world: &World) -> Option<u64> {
    let mut latency_us = world.options().link.latency.max_us;
    let mut lost = world.options().link.loss_ppm > 0;
    for from in world.ids() {
        for to in world.ids().filter(|&to| to != from) {
            let link = world.network().link(Endpoint::Server(from), Endpoint::Server(to));
            latency_us = latency_us.max(link.latency.max_us);
            lost |= link.loss_ppm > 0;
        }
    }
    (!lost).then_some(latency_us)
}

/// The longest that a write takes on the disk of a server that runs. None: one of these disks stalls.
fn fsync_us_max(world: &World) -> Option<u64> {
    let takes_us = |server: &Server| {
        let range = server.disk.fsync.unwrap_or(world.options().fsync);
        (server.disk.stalls_until_us <= world.now_us()).then_some(range.max_us)
    };
    active(world).map(takes_us).try_fold(0, |most, us| Some(us?.max(most)))
}

/// How long it takes by this server's clock.
fn by_clock(server: &Server, length_us: u64) -> u64 {
    let speed = (1_000_000 + i64::from(server.clock_ppm)).max(1) as u64;
    (u128::from(length_us) * 1_000_000 / u128::from(speed)) as u64
}

fn active(world: &World) -> impl Iterator<Item = &Server> {
    world.servers().iter().filter(|server| server.is_active())
}

fn hears(world: &World, from: ServerId, to: ServerId) -> bool {
    !world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to))
}

/// Whether two servers hear each other.
pub(super) fn talk(world: &World, a: ServerId, b: ServerId) -> bool {
    hears(world, a, b) && hears(world, b, a)
}

/// Those that follow this leader, and talk with it; with itself.
pub(super) fn following(world: &World, leader: &Server) -> ServerSet {
    let id = leader.node.id();
    let follows = |server: &&Server| {
        let node = &server.node;
        node.term() == leader.node.term() && node.leader() == Some(id) && talk(world, id, node.id())
    };
    active(world).filter(follows).map(|server| server.node.id()).collect()
}

/// The server that leads and is followed by a majority.
pub(super) fn leader(world: &World) -> Option<&Server> {
    let leads = |server: &&Server| {
        server.node.is_leader() && quorum::is_quorum(server.node.configuration(), following(world, server))
    };
    active(world).find(leads)
}

/// A majority of voters that nothing keeps from electing a leader that stays. `before` are the terms of the
/// servers some time ago: whoever has not come beyond those has not been in the way since.
pub(super) fn able(world: &World, before: &[Term; MAX_SERVERS as usize]) -> Option<ServerSet> {
    let majority = majority(world)?;
    let options = world.options();
    let then = majority.iter().map(|id| before[id.slot()]).min()?;
    let outside = |server: &&Server| {
        let id = server.node.id();
        let heard = majority.iter().any(|member| hears(world, id, member));
        !majority.contains(id) && heard && server.node.term() >= then
    };
    let harmless = |server: &Server| {
        let leads = server.node.is_leader();
        let stands = leads || server.timer(Timer::Election).is_some();
        let voter = majority.iter().all(|member| voters_of(world, member).contains(server.node.id()));
        (!leads || options.check_quorum)
            && (!stands || if voter { options.pre_vote } else { options.stickiness })
    };
    // Some may have been removed and not know of it, or know of it alone.
    let agreed = options.stickiness || configurations(world).is_sorted_by(|a, b| a == b);
    (agreed && active(world).filter(outside).all(harmless)).then_some(majority)
}

fn configurations(world: &World) -> impl Iterator<Item = &Configuration> {
    let known = active(world).map(|server| server.node.configuration());
    known.filter(|configuration| !configuration.all_voters().is_empty())
}

fn voters_of(world: &World, id: ServerId) -> ServerSet {
    world.server(id).map_or(ServerSet::EMPTY, |server| server.node.configuration().all_voters())
}

/// The largest set of servers that all hear each other, with clocks by which heartbeats come in time, and
/// that are a majority in every configuration that somebody goes by.
fn majority(world: &World) -> Option<ServerSet> {
    let ids: Vec<ServerId> = active(world).map(|server| server.node.id()).collect();
    let sets = (1..1u32 << ids.len()).map(|bits| -> ServerSet {
        ids.iter().enumerate().filter(|(nth, _)| bits >> nth & 1 == 1).map(|(_, &id)| id).collect()
    });
    let possible = sets.filter(|&set| {
        configurations(world).next().is_some()
            && configurations(world).all(|configuration| quorum::is_quorum(configuration, set))
            && set.iter().all(|a| set.iter().all(|b| talk(world, a, b)))
            && in_time(world, set)
    });
    possible.max_by_key(|set| set.len())
}

/// Whether the heartbeats of each of these come before the election timeout of any other (§5.6).
fn in_time(world: &World, set: ServerSet) -> bool {
    let Options { election, heartbeat_us, .. } = world.options();
    let clocks = || active(world).filter(|server| set.contains(server.node.id()));
    let heartbeat_us = clocks().map(|server| by_clock(server, *heartbeat_us)).max().unwrap_or(0);
    let timeout_us = clocks().map(|server| by_clock(server, election.min_us)).min().unwrap_or(0);
    let fsync_us = fsync_us_max(world).unwrap_or(u64::MAX / 2);
    latency_us_max(world).is_some_and(|latency_us| heartbeat_us + latency_us + fsync_us <= timeout_us)
}
