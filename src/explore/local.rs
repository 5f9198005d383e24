//! One server of the model: Raft, and what a crash would leave of it.

use crate::kv::{Command, Op};
use crate::raft::{
    Durable, Effect, HardState, Index, Input, Message, Node, Payload, Role, Rule, Rules, ServerId, Term,
    Timer, Token, Unobserved, Write,
};
use crate::sim::Disk;

/// The rules of the disk. Only where one of them is off does it matter when a write is done; else it is
/// done at once.
const OF_THE_DISK: [Rule; 3] =
    [Rule::ReplyAfterFsync, Rule::LeaderCountsSelfWhenDurable, Rule::TermAndVoteTogether];

/// One server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Local {
    /// Raft, in canonical form ([`Node::canonical`]).
    pub node: Node,
    /// Whether it runs.
    pub up: bool,
    /// Whether it never will again: its disk is gone.
    pub retired: bool,
    /// What is on its disk, where that is not what the server has in memory.
    pub dirty: Option<Box<Dirty>>,
}

/// A disk that is behind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dirty {
    /// What a crash would leave.
    pub durable: Durable,
    /// Writes that nothing has waited for yet.
    pub writes: Vec<Write>,
}

impl Local {
    /// A server that runs, with nothing on its way to the disk.
    #[must_use]
    pub fn new(node: Node) -> Local {
        Local { node: node.canonical(), up: true, retired: false, dirty: None }
    }

    /// A server of the timed world.
    #[must_use]
    pub fn with_disk(node: Node, up: bool, disk: &Disk) -> Local {
        let writes: Vec<Write> = disk.queue.iter().map(|pending| pending.write.clone()).collect();
        let dirty = Dirty { durable: disk.durable.clone(), writes };
        // What a crash tore is found when the server comes up.
        let behind = !dirty.writes.is_empty() || dirty.durable.torn.is_some();
        let dirty = behind.then(|| Box::new(dirty));
        Local { up, dirty, ..Local::new(node) }.renumbered()
    }

    /// The writes under way are numbered from 1.
    fn renumbered(mut self) -> Local {
        if let Some(dirty) = &mut self.dirty {
            let by = self.node.renumber_writes();
            dirty.writes.iter_mut().for_each(|write| write.token.0 = write.token.0.saturating_sub(by));
        }
        self
    }

    /// What comes of one input, and the messages that leave.
    ///
    /// A write is done within the step where something waits for it: a message, or the server itself,
    /// which counts its own copy and its own vote only when they are on disk. Where no rule of the disk
    /// is off, every write is done at once: nobody could tell the difference.
    #[must_use]
    pub fn step(&self, input: Input, rules: Rules) -> (Local, Vec<Message>) {
        let disk_matters = disk_matters(rules);
        let mut after = self.clone();
        let mut dirty = after.dirty.take().map(|dirty| *dirty);
        if disk_matters && dirty.is_none() {
            dirty = Some(Dirty { durable: self.durable(), writes: Vec::new() });
        }
        let (mut sent, mut effects, mut awaited) = (Vec::new(), Vec::new(), Token(0));
        after.node.step(input, rules, &mut Unobserved, &mut effects);
        loop {
            let mut writes =
                dirty.as_mut().map(|dirty| std::mem::take(&mut dirty.writes)).unwrap_or_default();
            for effect in effects.drain(..) {
                match effect {
                    Effect::Persist(write) => writes.push(write),
                    Effect::Send(message, waits_for) => {
                        awaited = awaited.max(waits_for.unwrap_or(awaited));
                        sent.push(message);
                    }
                    _ => {}
                }
            }
            let all = !disk_matters || counts_itself(&after.node, rules);
            let done = writes.iter().take_while(|write| all || write.token <= awaited).count();
            let pending = writes.split_off(done);
            for write in writes {
                let last = match &mut dirty {
                    Some(dirty) => dirty.durable.write(&write),
                    None => write
                        .log
                        .as_ref()
                        .map(|_| (after.node.log().last_index(), after.node.log().last_term())),
                };
                let input = Input::Persisted(write.token, last);
                after.node.step(input, rules, &mut Unobserved, &mut effects);
            }
            if let Some(dirty) = &mut dirty {
                dirty.writes = pending;
            }
            if effects.is_empty() {
                break;
            }
        }
        after.node = after.node.canonical();
        after.dirty = dirty.filter(|dirty| !dirty.writes.is_empty()).map(Box::new);
        (after.renumbered(), sent)
    }

    /// What a crash would leave.
    fn durable(&self) -> Durable {
        let node = &self.node;
        match &self.dirty {
            Some(dirty) => dirty.durable.clone(),
            None => Durable {
                hard: HardState { term: node.term(), voted_for: node.voted_for() },
                log: node.log().clone(),
                snapshot: node.snapshot().cloned(),
                torn: None,
            },
        }
    }

    /// The term that a crash would leave.
    #[must_use]
    pub fn term_on_disk(&self) -> Term {
        self.dirty.as_ref().map_or(self.node.term(), |dirty| dirty.durable.hard.term)
    }

    /// It crashes, if it runs, and comes up again with what is on its disk, if it still has one.
    #[must_use]
    pub fn restart(&self, rules: Rules) -> Local {
        if self.retired {
            return self.clone();
        }
        let node = Node::new(self.node.id(), *self.node.options(), &self.durable(), rules, &mut Unobserved);
        Local::new(node)
    }

    /// Its election timer fires.
    #[must_use]
    pub fn time_out(&self, rules: Rules) -> (Local, Vec<Message>) {
        self.step(Input::Fired(Timer::Election), rules)
    }

    /// Its heartbeat timer fires.
    #[must_use]
    pub fn beat(&self, rules: Rules) -> (Local, Vec<Message>) {
        self.step(Input::Fired(Timer::Heartbeat), rules)
    }

    /// A client asks it for something. `which` says which of its term's leaders it is, from 0.
    #[must_use]
    pub fn request(&self, which: u8, rules: Rules) -> (Local, Vec<Message>) {
        let op = command(self.node.term(), self.node.log().last_index().next(), which);
        let bytes = Command { client: 0, serial: 0, session: false, op }.encode();
        self.step(Input::Proposed(vec![Payload::Command(bytes)]), rules)
    }

    /// A message arrives.
    #[must_use]
    pub fn receive(&self, message: Message, rules: Rules) -> (Local, Vec<Message>) {
        self.step(Input::Received(message), rules)
    }

    /// See [`Node::renamed`].
    #[must_use]
    pub fn renamed(&self, names: &impl Fn(ServerId) -> ServerId) -> Local {
        let dirty = self.dirty.as_ref().map(|dirty| {
            let writes = dirty.writes.iter().map(|write| write.renamed(names)).collect();
            Box::new(Dirty { durable: dirty.durable.renamed(names), writes })
        });
        Local { node: self.node.renamed(names), up: self.up, retired: self.retired, dirty }
    }
}

/// The command that a leader is given for an index. Its name tells it from any other: term, index, and which
/// of that term's leaders takes it. The first leader's has the name that the shorthand gives to an entry;
/// with every rule on there is no other.
pub(super) fn command(term: Term, index: Index, which: u8) -> Op {
    let text = match which {
        0 => format!("{term}.{index}"),
        _ => format!("{term}.{index} of leader {}", which + 1),
    };
    Op::Submit { text }
}

/// Whether it can be told when a write is done.
pub(super) fn disk_matters(rules: Rules) -> bool {
    OF_THE_DISK.iter().any(|&rule| !rules.is_on(rule))
}

/// Whether a server waits for its own disk before it counts its own copy or its own vote.
pub(super) fn counts_itself(node: &Node, rules: Rules) -> bool {
    let counts = matches!(node.role(), Role::Leader(_) | Role::Candidate { .. });
    counts && rules.is_on(Rule::LeaderCountsSelfWhenDurable)
}
