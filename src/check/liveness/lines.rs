//! Who hears whom, and how well: the network as it is now, for the servers that run.

use crate::raft::{MAX_SERVERS, ServerId, ServerSet};
use crate::sim::{Endpoint, World};

const SLOTS: usize = MAX_SERVERS as usize;

/// Who hears whom, and how well.
pub(super) struct Lines {
    /// The servers that are up and not paused.
    pub(super) active: ServerSet,
    /// By sender: who hears it.
    hear: [ServerSet; SLOTS],
    /// By sender: who hears all of it, since nothing is lost or held on the way.
    hear_all: [ServerSet; SLOTS],
    /// By sender and receiver: the longest that a message travels.
    latency_us: [[u64; SLOTS]; SLOTS],
}

impl Lines {
    pub(super) fn of(world: &World) -> Lines {
        let network = world.network();
        let running = world.servers().iter().filter(|server| server.is_active());
        let active: ServerSet = running.map(|server| server.node.id()).collect();
        let mut lines = Lines {
            active,
            hear: Default::default(),
            hear_all: Default::default(),
            latency_us: Default::default(),
        };
        for from in active.iter() {
            for to in active.iter().filter(|&to| to != from) {
                let ends = (Endpoint::Server(from), Endpoint::Server(to));
                if network.is_cut(ends.0, ends.1) {
                    continue;
                }
                let link = network.link(ends.0, ends.1);
                lines.latency_us[from.slot()][to.slot()] = link.latency.max_us;
                lines.hear[from.slot()].insert(to);
                if link.loss_ppm == 0 {
                    lines.hear_all[from.slot()].insert(to);
                }
            }
        }
        for held in network.packets().filter(|packet| packet.held) {
            if let (Some(from), Some(to)) = (held.name.from.server(), held.name.to.server()) {
                lines.hear_all[from.slot()].remove(to);
            }
        }
        lines
    }

    /// Whether these two hear each other.
    pub(super) fn talk(&self, a: ServerId, b: ServerId) -> bool {
        a == b || self.hear[a.slot()].contains(b) && self.hear[b.slot()].contains(a)
    }

    /// Whether these two hear each other, and nothing is lost.
    pub(super) fn talk_well(&self, a: ServerId, b: ServerId) -> bool {
        a == b || self.hear_all[a.slot()].contains(b) && self.hear_all[b.slot()].contains(a)
    }

    /// All sets of servers that hear each other, all of each other, the largest first. Mostly that is all of them,
    /// and the others need not be looked for.
    pub(super) fn sets(&self) -> impl Iterator<Item = ServerSet> + '_ {
        let all = Some(self.active).filter(|all| !all.is_empty() && self.hear_each_other(*all));
        let others = std::iter::once_with(|| self.all_sets()).flatten();
        all.into_iter().chain(others.filter(move |set| Some(*set) != all))
    }

    fn hear_each_other(&self, set: ServerSet) -> bool {
        set.iter().all(|id| set.minus([id].into_iter().collect()).minus(self.hear_all[id.slot()]).is_empty())
    }

    fn all_sets(&self) -> Vec<ServerSet> {
        let ids: Vec<ServerId> = self.active.iter().collect();
        let set = |bits: u32| -> ServerSet {
            ids.iter().enumerate().filter(|(nth, _)| bits >> nth & 1 == 1).map(|(_, &id)| id).collect()
        };
        let close = |set: &ServerSet| self.hear_each_other(*set);
        let mut sets: Vec<ServerSet> = (1..1u32 << ids.len()).map(set).filter(close).collect();
        sets.sort_by_key(|set| std::cmp::Reverse(set.len()));
        sets
    }

    /// The servers outside of this set that are heard in it, directly or because others are.
    pub(super) fn heard_in(&self, set: ServerSet) -> ServerSet {
        let mut all = set;
        loop {
            let heard = |id: &ServerId| !self.hear[id.slot()].and(all).is_empty();
            let more: ServerSet = self.active.minus(all).iter().filter(heard).collect();
            if more.is_empty() {
                return all.minus(set);
            }
            all = all.or(more);
        }
    }

    /// Whether everyone of this set who is heard by another one is heard with nothing lost.
    pub(super) fn is_whole(&self, set: ServerSet) -> bool {
        set.iter().all(|id| self.hear[id.slot()].and(set).minus(self.hear_all[id.slot()]).is_empty())
    }

    /// The longest that a message travels between two of these.
    pub(super) fn latency_us_max(&self, set: ServerSet) -> u64 {
        let of = |from: ServerId| set.iter().map(move |to| self.latency_us[from.slot()][to.slot()]);
        set.iter().flat_map(of).max().unwrap_or(0)
    }

    /// The longest that a message travels from this server to one of these, or back.
    pub(super) fn latency_us_max_around(&self, hub: ServerId, set: ServerSet) -> u64 {
        let both =
            |to: ServerId| self.latency_us[hub.slot()][to.slot()].max(self.latency_us[to.slot()][hub.slot()]);
        set.iter().map(both).max().unwrap_or(0)
    }
}
