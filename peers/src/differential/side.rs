//! What both cores have to be able to do, and to show.

/// A server, from 0.
pub type Slot = usize;

/// What happens to a server, apart from messages.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// Its election timeout passes.
    Stand,
    /// It is time for its heartbeats.
    Beat,
    /// It is asked to take this command, if it leads.
    Propose(u64),
    /// It loses everything but its disk, and comes up again.
    Restart,
    /// The shortest election timeout has passed without word from a leader, so that it may vote again.
    Silence,
    /// It looks whether a majority has answered since it looked last, if it leads.
    CheckQuorum,
    /// It hands its leadership over, if it leads.
    Transfer(Slot),
    /// It no longer tries to.
    EndTransfer,
}

/// What kind of thing a message says. A heartbeat is a kind of append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    PreVoteRequest,
    PreVoteReply,
    VoteRequest,
    VoteReply,
    AppendRequest,
    AppendReply,
    TimeoutNow,
}

/// Where a message goes, and what kind it is.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    pub from: Slot,
    pub to: Slot,
    pub kind: Kind,
    /// Whether it carries an entry of the sender's own term.
    pub fresh: bool,
    /// The term that a PreVote asks about.
    pub about: Option<u64>,
}

/// An entry: its term and its command. A leader's first entry has none.
pub type Seen = (u64, Option<u64>);

/// What is compared of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub term: u64,
    pub leads: bool,
    pub leader: Option<Slot>,
    pub commit: u64,
    pub log: Vec<Seen>,
    pub applied: Vec<Seen>,
}

impl View {
    /// In words, where another view of the same server differs.
    pub fn difference(&self, other: &View) -> Option<String> {
        if self == other {
            return None;
        }
        let fields = [
            ("term", format!("{:?}", self.term), format!("{:?}", other.term)),
            ("leads", format!("{:?}", self.leads), format!("{:?}", other.leads)),
            ("leader", format!("{:?}", self.leader), format!("{:?}", other.leader)),
            ("commit", format!("{:?}", self.commit), format!("{:?}", other.commit)),
            ("log", format!("{:?}", self.log), format!("{:?}", other.log)),
            ("applied", format!("{:?}", self.applied), format!("{:?}", other.applied)),
        ];
        let (name, ours, theirs) = fields.into_iter().find(|(_, ours, theirs)| ours != theirs)?;
        Some(format!("{name}: ours {ours}, theirs {theirs}"))
    }
}

/// A cluster on one core, without its network. Writes are durable at once.
pub trait Side {
    type Message;

    /// Lets something happen to a server. What it sends is appended to `out`.
    fn happen(&mut self, slot: Slot, event: Event, out: &mut Vec<Self::Message>);
    /// Hands a message to its receiver.
    fn deliver(&mut self, message: Self::Message, out: &mut Vec<Self::Message>);
    /// The same message without entries: what it says of the log before them, and of the commit, holds.
    fn without_entries(message: Self::Message) -> Self::Message;
    /// Where a message goes.
    fn route(message: &Self::Message) -> Route;
    /// A server's term.
    fn term(&self, slot: Slot) -> u64;
    /// Whether a server leads, in its own opinion.
    fn leads(&self, slot: Slot) -> bool;
    /// What a server looks like.
    fn view(&self, slot: Slot) -> View;
}
