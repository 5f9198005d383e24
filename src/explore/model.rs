//! The small model that is searched: servers, messages on their way, and a memory of the past.

use super::gesture::Grain;
use super::local::Local;
use super::past::Past;
use crate::check::Checker;
use crate::raft::{Configuration, Durable, Index, Message, Node, Options, Rules, ServerId, Unobserved};
use crate::sim::World;

/// How far a search goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The highest term.
    pub term_max: u64,
    /// The longest log.
    pub log_max: u64,
    /// The most restarts in a run.
    pub restarts_max: u8,
    /// The most messages that are held at once (gestures), or that are on their way at once (messages). The
    /// answer to a request of a term that the asker has left is dropped when it comes, so it counts no more:
    /// a run may begin to hold another one beside it.
    pub messages_max: u8,
    /// Whether messages are lost. Without it they may stay on their way for ever, which is the same but for
    /// the bound on their number. Only where steps are messages: of gestures, none loses a message.
    pub drops: bool,
    /// Whether a leader may send heartbeats where entries wait: an AppendEntries carries everything from
    /// nextIndex, or nothing.
    pub heartbeats: bool,
    /// How often in a run some nextIndex may be set by hand to any value from 1 to the end of the log and
    /// one: what the leader then believes is wrong, and is said to do no harm.
    pub misled_max: u8,
}

impl Bounds {
    /// The bounds that a search has where nobody says otherwise.
    #[must_use]
    pub fn of(grain: Grain) -> Bounds {
        let messages_max = match grain {
            Grain::Gesture => 1,
            Grain::Message => 8,
        };
        Bounds {
            term_max: 4,
            log_max: 3,
            restarts_max: 2,
            messages_max,
            drops: false,
            heartbeats: true,
            misled_max: 0,
        }
    }
}

/// A state of the search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The servers, S1 first.
    pub servers: Vec<Local>,
    /// The messages on their way.
    pub messages: Vec<Message>,
    /// The past.
    pub past: Past,
}

/// The options of the small model: no no-op, nextIndex back by one, everything in one message. Times
/// are not used.
#[must_use]
pub fn options() -> Options {
    Options { max_entries: 100_000, ..Options::default() }
}

impl Model {
    /// Servers that have never run.
    #[must_use]
    pub fn new(servers: u8) -> Model {
        let disk = Durable::new(Configuration::of_first(servers));
        let node = |id| Local::new(Node::new(id, options(), &disk, Rules::ALL_ON, &mut Unobserved));
        Model {
            servers: ServerId::first(servers).map(node).collect(),
            messages: Vec::new(),
            past: Past::default(),
        }
    }

    /// The servers of a world at rest ([`at_rest`](super::at_rest)), and what its checker remembers of the
    /// past.
    #[must_use]
    pub fn of(world: &World, checker: &Checker) -> Model {
        let servers = world.servers().iter().map(|server| {
            let mut node = server.node.clone();
            node.set_options(options());
            Local { retired: server.retired, ..Local::with_disk(node, server.up, &server.disk) }
        });
        let mut past = Past::default();
        for (term, first) in checker.leaders() {
            past.leaders.insert(term, vec![first]);
        }
        for leader in world.servers().iter().map(|server| &server.node).filter(|node| node.is_leader()) {
            let leaders = past.leaders.entry(leader.term()).or_default();
            if !leaders.contains(&leader.id()) {
                leaders.push(leader.id());
            }
        }
        let committed = (1..=checker.committed().0).map(Index);
        past.committed = committed.map_while(|index| checker.entry_committed_at(index)).collect();
        past.violated = checker.violations().iter().map(|violation| violation.property).collect();
        Model { servers: servers.collect(), messages: Vec::new(), past }
    }

    /// Whether servers can change their names: where no log and no snapshot holds a name.
    #[must_use]
    pub(super) fn is_symmetric(&self) -> bool {
        let all = Configuration::of_first(self.servers.len() as u8);
        self.servers.iter().all(|server| {
            let mut in_log = server.node.log().configurations_from(Index(0));
            let is_all = |configuration: &Configuration| *configuration == all;
            in_log.all(is_all) && is_all(server.node.configuration()) && server.node.snapshot().is_none()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::{Entry, Payload, Term};

    #[test]
    fn servers_are_not_alike_where_a_log_names_them() {
        let [two, three] = [2, 3].map(Configuration::of_first);
        for (changes, symmetric) in [
            (vec![], true),
            (vec![three], true),
            (vec![two], false),
            // S3 was removed, and added again.
            (vec![two, three], false),
        ] {
            let mut disk = Durable::new(three);
            for change in changes {
                disk.log.push(Entry { term: Term(1), payload: Payload::Configuration(change) });
            }
            let server = |id| Node::new(id, options(), &disk, Rules::ALL_ON, &mut Unobserved);
            let servers = ServerId::first(3).map(|id| Local::new(server(id))).collect();
            let model = Model { servers, ..Model::new(3) };
            assert_eq!(model.is_symmetric(), symmetric, "{:?}", disk.log);
        }
    }
}
