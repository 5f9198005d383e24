//! How trouble ends: for everyone, or for a majority only.

use super::{Dice, of_calm, range};
use crate::raft::{Configuration, Index, ServerId, ServerSet, quorum};
use crate::sim::action::Action;
use crate::sim::draw::{Seed, Shape};
use crate::sim::net::{Endpoint, PacketName};
use crate::sim::server::Server;
use crate::sim::setup::{Link, Options};
use crate::sim::workload::Workload;
use crate::sim::world::World;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

/// A link that nothing is wrong with.
const CLEAN: Link = Link { latency: range(1000, 2000), shape: Shape::Uniform, loss_ppm: 0, duplicate_ppm: 0 };

/// What it takes to end all trouble, as the world is now: everyone up, every link whole and clean, held
/// messages released, timings of the paper, and no background client. The protocol's variants stay.
#[must_use]
pub fn calm(world: &World) -> Vec<Action> {
    let everyone: ServerSet = world.ids().collect();
    let mut actions: Vec<Action> = no_schedules(world).chain([calm_options(world)]).collect();
    if world.workload().is_some() {
        actions.push(Action::Workload(Workload::none()));
    }
    if world.network().any_cut() {
        actions.push(Action::Heal);
    }
    actions.extend(clean_links(world, everyone));
    actions.extend(everyone.iter().flat_map(|id| heal(world, id)));
    actions.extend(release(world, |_| true));
    actions
}

/// How trouble ends for a majority only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calm {
    /// Those for whom it ends.
    pub majority: ServerSet,
    /// Whether somebody outside is still heard there.
    pub disturbed: bool,
    /// What it takes.
    pub actions: Vec<Action>,
}

/// Whether the storm of this seed ends for a majority only, where nothing else is said: every other does.
#[must_use]
pub fn heals_a_majority_only(seed: Seed) -> bool {
    Dice(Xoshiro256PlusPlus::seed_from_u64(seed.0 ^ 0x0e2d_0e2d)).one_in(2)
}

/// What it takes to end trouble for a random majority, drawn from the run's seed: as [`calm`], but only among
/// these. All other faults stay as they are: links, cuts, disks, clocks, held messages, and who is down or
/// paused. Whoever is outside and up is cut off from the majority in both directions, or crashes; where PreVote,
/// the check of the quorum and stickiness are on, it may as well stay, and its links may be cut in one
/// direction. Clients talk to everyone.
///
/// The majority is one in each configuration that its members may go by. None where only everyone is.
#[must_use]
pub fn calm_majority(world: &World) -> Option<Calm> {
    let dice = &mut Dice(Xoshiro256PlusPlus::seed_from_u64(world.setup().seed.0 ^ 0xca1a_ca1a));
    let majorities = majorities(world);
    let majority = *majorities.get(dice.below(majorities.len())?)?;
    let mut calm = Calm { majority, disturbed: false, actions: no_schedules(world).collect() };
    let outside: Vec<ServerId> = world.ids().filter(|id| !majority.contains(*id)).collect();
    for id in outside {
        calm.leave(world, id, dice);
    }
    calm.actions.push(calm_options(world));
    for (from, to) in pairs(majority) {
        if world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to)) {
            calm.actions.push(Action::Mend { from, to });
        }
    }
    calm.actions.extend(clean_links(world, majority));
    calm.actions.extend(majority.iter().flat_map(|id| heal(world, id)));
    let inside = |end: Endpoint| end.server().is_none_or(|id| majority.contains(id));
    calm.actions.extend(release(world, |name| inside(name.from) && inside(name.to)));
    Some(calm)
}

impl Calm {
    /// Leaves somebody outside, who must not disturb.
    fn leave(&mut self, world: &World, id: ServerId, dice: &mut Dice) {
        let Some(server) = world.server(id).filter(|server| server.is_active()) else { return };
        let Options { pre_vote, check_quorum, stickiness, .. } = *world.options();
        let ignored = pre_vote && check_quorum && stickiness;
        let enough = possible(world, server).all(|one| quorum::is_quorum(one, self.majority));
        let both_ways = |calm: &mut Calm| {
            for member in calm.majority.iter() {
                calm.cut(world, id, member);
                calm.cut(world, member, id);
            }
        };
        match dice.between(0, 5) {
            0 | 1 if !ignored => self.actions.push(Action::Crash { server: id }),
            _ if !ignored => both_ways(self),
            // It goes by a configuration in which the others are no majority: it could still win an election.
            _ if !enough => self.actions.push(Action::Crash { server: id }),
            0 => self.actions.push(Action::Crash { server: id }),
            1 => both_ways(self),
            // It is heard and hears nobody, or the other way round.
            2 | 3 => {
                self.disturbed = true;
                let deaf = dice.one_in(2);
                for member in self.majority.iter() {
                    let (from, to) = if deaf { (member, id) } else { (id, member) };
                    self.cut(world, from, to);
                }
            }
            // It stays as it is, and so do its links, also where the others' get better.
            _ => {
                self.disturbed = true;
                for member in self.majority.iter() {
                    self.freeze(world, id, member);
                    self.freeze(world, member, id);
                }
            }
        }
    }

    fn cut(&mut self, world: &World, from: ServerId, to: ServerId) {
        if !world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to)) {
            self.actions.push(Action::Cut { from, to });
        }
    }

    /// What the link is by default it is from now on by itself.
    fn freeze(&mut self, world: &World, from: ServerId, to: ServerId) {
        let link = world.network().link(Endpoint::Server(from), Endpoint::Server(to));
        if link != CLEAN {
            self.actions.push(Action::SetLink { from: Some(from), to: Some(to), link });
        }
    }
}

/// The majorities that leave somebody out who could come back, in an order that is always the same.
fn majorities(world: &World) -> Vec<ServerSet> {
    let there = world.servers().iter().filter(|server| !server.retired);
    let there: Vec<&Server> = there.collect();
    let set = |bits: u32| -> Vec<&Server> {
        there.iter().enumerate().filter(|(nth, _)| bits >> nth & 1 == 1).map(|(_, &server)| server).collect()
    };
    let is_one = |servers: &Vec<&Server>| {
        let ids: ServerSet = servers.iter().map(|server| server.node.id()).collect();
        let mut known = servers.iter().flat_map(|server| possible(world, server)).peekable();
        known.peek().is_some() && known.all(|one| quorum::is_quorum(one, ids))
    };
    let all_but_one = (1..(1u32 << there.len()) - 1).map(set).filter(is_one);
    all_but_one.map(|servers| servers.iter().map(|server| server.node.id()).collect()).collect()
}

/// The configurations that a server goes by, or may fall back to: those in its log that may still be cut off,
/// and the one before.
fn possible<'a>(world: &World, server: &'a Server) -> impl Iterator<Item = &'a Configuration> {
    let committed = world.servers().iter().map(|server| server.node.commit()).max().unwrap_or(Index(0));
    let node = &server.node;
    let known = node.log().configurations_from(committed).chain([node.configuration()]);
    known.filter(|configuration| !configuration.all_voters().is_empty())
}

/// Schedules end. What they have begun for a time ends in its time.
fn no_schedules(world: &World) -> impl Iterator<Item = Action> + use<> {
    let any = !world.schedules().running().is_empty();
    any.then_some(Action::Calm).into_iter()
}

fn calm_options(world: &World) -> Action {
    Action::SetOptions { options: of_calm(world.options(), &Options { link: CLEAN, ..Options::default() }) }
}

fn pairs(servers: ServerSet) -> impl Iterator<Item = (ServerId, ServerId)> {
    let others = move |from| servers.iter().filter(move |&to| to != from).map(move |to| (from, to));
    servers.iter().flat_map(others)
}

fn clean_links(world: &World, servers: ServerSet) -> impl Iterator<Item = Action> {
    let bad = |(from, to): &(ServerId, ServerId)| {
        world.network().own_link(*from, *to).is_some_and(|link| link != CLEAN)
    };
    let clean = |(from, to)| Action::SetLink { from: Some(from), to: Some(to), link: CLEAN };
    pairs(servers).filter(bad).map(clean)
}

/// What it takes that a server runs, with a good clock and a good disk.
fn heal(world: &World, id: ServerId) -> Vec<Action> {
    let Some(server) = world.server(id) else { return Vec::new() };
    let mut actions = Vec::new();
    if server.clock_ppm != 0 {
        actions.push(Action::SetClock { server: id, ppm: 0 });
    }
    if server.disk.lies || server.disk.fsync.is_some() {
        actions.push(Action::SetDisk { server: id, lies: false, fsync: None });
    }
    match (server.up, server.paused) {
        (false, _) if server.retired => {}
        (false, _) => actions.push(Action::Restart { server: id }),
        (true, true) => actions.push(Action::Resume { server: id }),
        (true, false) => {}
    }
    actions
}

/// Releases the held messages that are meant, in the order of their names.
fn release(world: &World, which: impl Fn(PacketName) -> bool) -> impl Iterator<Item = Action> {
    let held = world.network().packets().filter(|packet| packet.held).map(|packet| packet.name);
    let mut held: Vec<PacketName> = held.filter(|&name| which(name)).collect();
    held.sort_unstable();
    held.into_iter().map(|message| Action::Release { message })
}
