//! To whom Raft promises to go on, and how soon.
//!
//! No protocol can do so always (Fischer, Lynch and Paterson 1985). Raft does where messages travel much
//! faster than elections begin (§5.6), for a majority of voters that are up and hear each other. A server
//! outside of that majority matters only if it is heard there. Then it can keep the majority from going on, if
//! the options don't prevent it:
//!
//! - a leader that nobody hears back from is followed as long as it is heard: the check of the quorum (D6.2)
//!   is against that;
//! - a voter that does not hear a leader starts one election after the other: PreVote (D9.6) is;
//! - so does a server that was removed and does not know of it: stickiness (D4.2.3) is.
//!
//! Where an option is off that a server outside makes needed, nothing is promised. Where all three are on, its
//! links and its disk may be as bad as they like: once the majority hears a leader, no election can be won
//! without one of those that hear it. Until then its clock counts: with timeouts that are too short for a reply
//! it would start elections, and lose them, faster than the majority can hold one.

use super::lines::Lines;
use crate::raft::{Configuration, MAX_SERVERS, ServerId, ServerSet, Term, Timer, TimerRange, quorum};
use crate::sim::{Options, Server, World};

/// How many elections in a row may go wrong, because several servers start one at once (§5.2). With nine
/// servers, and timeouts that spread over several round trips, about one in three does.
const ELECTIONS: u64 = 20;

/// How long things take, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// From a request that is sent to its answer, both written to a disk.
    pub(super) round_trip_us: u64,
    /// From one heartbeat to the next.
    pub(super) heartbeat_us: u64,
    /// From the moment from which nothing is in the way to a leader that stays.
    pub(super) leader_us: u64,
}

impl Bounds {
    /// What holds among these servers, where no message between them travels longer. None: it is not enough
    /// for a promise.
    pub(super) fn among(world: &World, servers: ServerSet, latency_us: u64) -> Option<Bounds> {
        let options = world.options();
        let fsync_us = fsync_us_max(world, servers)?;
        let round_trip_us = 2 * (latency_us + fsync_us);
        let TimerRange { min_us, max_us } = options.election;
        // Else elections fail again and again, each for the same reason.
        let fails = max_us - min_us < round_trip_us || min_us < round_trip_us;
        if fsync_us > options.heartbeat_us || fails {
            return None;
        }
        let slowest = some(world, servers).min_by_key(|server| server.clock_ppm)?;
        Some(Bounds {
            round_trip_us,
            heartbeat_us: by_clock(slowest, options.heartbeat_us),
            leader_us: ELECTIONS * (by_clock(slowest, max_us) + round_trip_us),
        })
    }
}

/// A majority that nothing keeps from electing a leader that stays, as far as that does not change by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    /// Servers that hear each other, and are a majority in every configuration that counts among them.
    pub(super) majority: ServerSet,
    /// The others that are heard there.
    heard: ServerSet,
    /// Whom they count as voters, all together.
    voters: ServerSet,
    /// Whether one of the others is in a hurry: then only a leader that there is already is promised to stay.
    hasty: bool,
    pub(super) bounds: Bounds,
}

impl Promise {
    /// What is promised as the world is now: to the largest such majority. `before` is what was promised until
    /// now, if nobody has acted since.
    pub(super) fn of(world: &World, before: Option<Promise>) -> Option<Promise> {
        if world.is_manual() {
            return None;
        }
        let lines = Lines::of(world);
        let promise = lines.sets().find_map(|set| Promise::to(set, &lines, world))?;
        (!promise.hasty || before == Some(promise) || promise.is_led(world)).then_some(promise)
    }

    fn to(majority: ServerSet, lines: &Lines, world: &World) -> Option<Promise> {
        let Options { pre_vote, check_quorum, stickiness, .. } = *world.options();
        let heard = lines.heard_in(majority);
        let all = majority.or(heard);
        let enough = |configuration: &Configuration| quorum::is_quorum(configuration, majority);
        configurations(world, all).next()?;
        if !configurations(world, all).all(enough) || !stickiness && strangers(world, all) {
            return None;
        }
        // Nobody outside is waited for, where nobody outside can disturb.
        let alone = heard.is_empty() || pre_vote && check_quorum && stickiness;
        let among = if alone { majority } else { all };
        let latency_us = lines.latency_us_max(among);
        let bounds = Bounds::among(world, among, latency_us)?;
        let at_most_us = between_heartbeats_us(world, majority, latency_us)?;
        let early = |server: &Server| by_clock(server, world.options().election.min_us) < at_most_us;
        let asks = |server: &&Server| may_stand(server) && (!pre_vote || may_win(server, lines));
        let hasty = some(world, heard).filter(asks).any(early);
        let voters = configurations(world, all).fold(ServerSet::EMPTY, |all, one| all.or(one.all_voters()));
        let promised = lines.is_whole(among) && !some(world, majority).any(early);
        promised.then_some(Promise { majority, heard, voters, hasty, bounds })
    }

    /// Whether all of the majority follow one of them, and would vote for nobody else.
    fn is_led(&self, world: &World) -> bool {
        let members = || some(world, self.majority);
        members().find(|server| server.node.is_leader()).is_some_and(|leader| {
            let node = &leader.node;
            let follows = |server: &Server| {
                server.node.term() == node.term() && server.node.leader() == Some(node.id())
            };
            let withholds = |server: &Server| server.node.is_leader() || server.node.hears_leader();
            let is_told = |server: &&Server| node.configuration().members().contains(server.node.id());
            let deposes = |server: &Server| server.node.term() > node.term();
            members().all(|server| follows(server) && withholds(server))
                && !some(world, self.heard).filter(is_told).any(deposes)
                && node.configuration().all_voters().contains(node.id())
                && node.transferring().is_none()
        })
    }

    /// Whether a server outside may have been in the way. `before` are the terms of the servers some time ago:
    /// whoever has not come beyond those of the majority has not been in the way since.
    pub(super) fn is_disturbed(&self, world: &World, before: &[Term; MAX_SERVERS as usize]) -> bool {
        let options = world.options();
        let then = self.majority.iter().map(|id| before[id.slot()]).min();
        let harmless = |server: &Server| {
            let leads = server.node.is_leader();
            let stands = leads || server.timer(Timer::Election).is_some();
            let id = server.node.id();
            let voter = self.majority.iter().all(|member| voters_of(world, member).contains(id));
            (!leads || options.check_quorum)
                && (!stands || if voter { options.pre_vote } else { options.stickiness })
        };
        let recent = |server: &&Server| Some(server.node.term()) >= then;
        !some(world, self.heard).filter(recent).all(harmless)
    }
}

/// Until when something goes on that may have begun under other options, clocks and links.
pub(super) fn aftermath_us(world: &World) -> u64 {
    let timers = active(world).flat_map(|server| Timer::ALL.map(|timer| server.timer(timer)));
    let timers = timers.flatten().map(|running| running.fires_us);
    let writes = active(world).filter_map(|server| server.disk.queue.back()).map(|write| write.done_us);
    let messages = world.network().packets().filter(|packet| !packet.held).map(|packet| packet.arrives_us);
    let waits = world.clients().iter().filter_map(|client| client.call.as_ref()).map(|call| call.wake_us);
    timers.chain(writes).chain(messages).chain(waits).max().unwrap_or(0).max(world.now_us())
}

/// How soon to look again, where nothing is promised now, for something that may be promised by then.
pub(super) fn patience_us(world: &World) -> u64 {
    let Options { election, link, fsync, .. } = world.options();
    ELECTIONS * (election.max_us + 2 * (link.latency.max_us + fsync.max_us))
}

/// The longest that a write takes on the disks of these servers. None: one of the disks stalls.
fn fsync_us_max(world: &World, servers: ServerSet) -> Option<u64> {
    let takes_us = |server: &Server| {
        let range = server.disk.fsync.unwrap_or(world.options().fsync);
        (server.disk.stalls_until_us <= world.now_us()).then_some(range.max_us)
    };
    some(world, servers).map(takes_us).try_fold(0, |most, us| Some(us?.max(most)))
}

/// How long it takes by this server's clock.
fn by_clock(server: &Server, length_us: u64) -> u64 {
    let speed = (1_000_000 + i64::from(server.clock_ppm)).max(1) as u64;
    (u128::from(length_us) * 1_000_000 / u128::from(speed)) as u64
}

fn active(world: &World) -> impl Iterator<Item = &Server> {
    world.servers().iter().filter(|server| server.is_active())
}

/// Those of the servers that run.
fn some(world: &World, servers: ServerSet) -> impl Iterator<Item = &Server> {
    active(world).filter(move |server| servers.contains(server.node.id()))
}

/// The configurations that these go by, if they have heard of a cluster.
fn configurations(world: &World, servers: ServerSet) -> impl Iterator<Item = &Configuration> {
    let known = some(world, servers).map(|server| server.node.configuration());
    known.filter(|configuration| !configuration.all_voters().is_empty())
}

/// Whether one of these may start an election who is no voter for all of them: it was removed and does not know
/// that this is committed, or the others don't know of it yet. A leader sends it nothing, so it hears nobody.
fn strangers(world: &World, servers: ServerSet) -> bool {
    some(world, servers).filter(|server| may_stand(server)).any(|server| {
        let id = server.node.id();
        configurations(world, servers).any(|one| !one.all_voters().contains(id))
    })
}

/// Whether this server would start an election: if it votes in the last configuration that may be committed
/// (D4.2.2).
fn may_stand(server: &Server) -> bool {
    let node = &server.node;
    let mut possible = node.log().configurations_from(node.commit()).chain([node.configuration()]);
    possible.any(|one| one.all_voters().contains(node.id()))
}

fn voters_of(world: &World, id: ServerId) -> ServerSet {
    world.server(id).map_or(ServerSet::EMPTY, |server| server.node.configuration().all_voters())
}

/// Whether the votes of those that this server talks with would be enough for it.
fn may_win(server: &Server, lines: &Lines) -> bool {
    let talks = |id: &ServerId| lines.talk(server.node.id(), *id);
    let answer: ServerSet = lines.active.iter().filter(talks).collect();
    quorum::is_quorum(server.node.configuration(), answer)
}

/// How long it takes at most from one heartbeat to the next, wherever in the majority the leader and its
/// follower are: no election timeout may be shorter (§5.6).
fn between_heartbeats_us(world: &World, majority: ServerSet, latency_us: u64) -> Option<u64> {
    let heartbeat_us = world.options().heartbeat_us;
    let slowest_us = some(world, majority).map(|server| by_clock(server, heartbeat_us)).max();
    Some(slowest_us? + latency_us + fsync_us_max(world, majority)?)
}
