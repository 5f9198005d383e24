//! A cluster in a tight loop: messages are handed from server to server in the order of sending, at once
//! and without loss, and what is written is durable at once. The loop is the same for everybody.

use std::collections::VecDeque;
use std::ops::Range;
use std::time::{Duration, Instant};

/// Bytes of a command.
pub const COMMAND: usize = 16;
/// Commands of one cluster: so few that its memory stays in the caches. Then comes a new one.
const COMMANDS: u64 = 2_000;

/// What a server has applied: how many commands, and a sum over them, so that they have to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    pub count: u64,
    pub sum: u64,
}

impl Applied {
    /// The state machine: it reads the command and adds.
    pub fn apply(&mut self, command: &[u8]) {
        let (number, _) = command.split_first_chunk().expect("a command begins with its number");
        self.count += 1;
        self.sum = self.sum.wrapping_mul(31).wrapping_add(u64::from_le_bytes(*number));
    }
}

/// The command of that number.
pub fn command(number: u64) -> [u8; COMMAND] {
    let mut command = [0x5a; COMMAND];
    command[..8].copy_from_slice(&number.to_le_bytes());
    command
}

/// A server with what its user has to do for it. `out` collects what it sends.
pub trait Server {
    type Message;

    /// Its election timeout has passed.
    fn stand(&mut self, out: &mut Vec<Self::Message>);
    /// It is time for heartbeats.
    fn beat(&mut self, out: &mut Vec<Self::Message>);
    /// Takes in a message.
    fn receive(&mut self, message: Self::Message, out: &mut Vec<Self::Message>);
    /// Takes in commands, as the leader.
    fn propose(&mut self, commands: Range<u64>, out: &mut Vec<Self::Message>);
    /// Does what is still to be done after what was taken in.
    fn carry_out(&mut self, out: &mut Vec<Self::Message>);
    /// What it has applied.
    fn applied(&self) -> Applied;
    /// To which server a message goes, from 0.
    fn receiver(message: &Self::Message) -> usize;
}

/// How clients propose, and how servers take messages in.
#[derive(Clone, Copy)]
pub struct Workload {
    pub name: &'static str,
    pub clients: Clients,
    pub intake: Intake,
}

/// How clients propose.
#[derive(Clone, Copy)]
pub enum Clients {
    /// As soon as fewer than this many commands are uncommitted, the next is proposed.
    Window(u64),
    /// This many commands together, and the next when all of them are committed.
    Batch(u64),
}

/// How servers take messages and proposals in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// What is to be done is done after each of them.
    Each,
    /// Everything that has come, and then what is to be done for all of it.
    Drained,
}

/// Servers and the messages between them. Server 0 leads.
pub struct Cluster<S: Server> {
    servers: Vec<S>,
    queue: VecDeque<S::Message>,
    out: Vec<S::Message>,
    proposed: u64,
}

impl<S: Server> Cluster<S> {
    /// A cluster that has just elected its leader, and is quiet.
    pub fn new(servers: impl Iterator<Item = S>) -> Cluster<S> {
        let servers = servers.collect();
        let mut cluster = Cluster { servers, queue: VecDeque::new(), out: Vec::new(), proposed: 0 };
        cluster.tell(0, S::stand);
        cluster.settle();
        cluster
    }

    /// Commits that many commands more, until every server has applied them.
    pub fn run(&mut self, workload: Workload, commands: u64) {
        let end = self.proposed + commands;
        while self.committed() < end {
            self.propose(workload, end);
            match workload.intake {
                Intake::Each => self.deliver_one(),
                Intake::Drained => self.deliver_all(),
            }
        }
        self.settle();
        self.tell(0, S::beat);
        self.settle();
    }

    /// What every server has applied, which must be the same.
    pub fn applied(&self) -> Applied {
        let first = self.servers[0].applied();
        assert!(self.servers.iter().all(|server| server.applied() == first), "servers differ");
        first
    }

    fn committed(&self) -> u64 {
        self.servers[0].applied().count
    }

    fn propose(&mut self, workload: Workload, end: u64) {
        let open = self.proposed - self.committed();
        let (room, together) = match workload.clients {
            Clients::Window(most) => (most - open, workload.intake == Intake::Drained),
            Clients::Batch(size) => (if open == 0 { size } else { 0 }, true),
        };
        let upto = end.min(self.proposed + room);
        while self.proposed < upto {
            let next = if together { upto } else { self.proposed + 1 };
            let commands = self.proposed..next;
            self.proposed = next;
            match workload.intake {
                Intake::Each => self.tell(0, |leader, out| leader.propose(commands, out)),
                Intake::Drained => self.servers[0].propose(commands, &mut self.out),
            }
        }
    }

    /// Lets one thing happen to a server, and whatever follows from it there.
    fn tell(&mut self, slot: usize, happen: impl FnOnce(&mut S, &mut Vec<S::Message>)) {
        let server = &mut self.servers[slot];
        happen(server, &mut self.out);
        server.carry_out(&mut self.out);
        self.queue.extend(self.out.drain(..));
    }

    fn deliver_one(&mut self) {
        if let Some(message) = self.queue.pop_front() {
            self.tell(S::receiver(&message), |server, out| server.receive(message, out));
        }
    }

    fn deliver_all(&mut self) {
        while let Some(message) = self.queue.pop_front() {
            self.servers[S::receiver(&message)].receive(message, &mut self.out);
        }
        for server in &mut self.servers {
            server.carry_out(&mut self.out);
        }
        self.queue.extend(self.out.drain(..));
    }

    fn settle(&mut self) {
        while !self.queue.is_empty() {
            self.deliver_one();
        }
    }
}

/// Commands and the time that they took: what the speed is made of.
#[derive(Clone, Copy, Default)]
pub struct Taken {
    commands: u64,
    time: Duration,
}

impl Taken {
    /// Committed commands a second.
    pub fn speed(self) -> f64 {
        self.commands as f64 / self.time.as_secs_f64()
    }

    pub fn add(&mut self, other: Taken) {
        self.commands += other.commands;
        self.time += other.time;
    }
}

/// Runs new clusters until they have taken at least so long. Only what happens between the election and
/// the last server's applying counts.
pub fn measure<S: Server>(
    servers: u8,
    workload: Workload,
    at_least: Duration,
    server: impl Fn(u8) -> S,
) -> Taken {
    let mut taken = Taken::default();
    while taken.time < at_least {
        let mut cluster = Cluster::new((1..=servers).map(&server));
        let start = Instant::now();
        cluster.run(workload, COMMANDS);
        taken.add(Taken { commands: COMMANDS, time: start.elapsed() });
        assert_eq!(cluster.applied(), expected());
    }
    taken
}

/// What has to have been applied after a run.
fn expected() -> Applied {
    let mut applied = Applied::default();
    (0..COMMANDS).for_each(|number| applied.apply(&command(number)));
    applied
}
