//! The term tape: what a whole run looked like, small enough to keep for as long as the run.
//!
//! **The tape grows with what changes, not with what happens**: a server's lane gets a point only when its
//! role, term or standing changes, and there is a mark for each commit, election, action, violation and
//! snapshot; heartbeats leave no trace. A point or a mark takes 32 bytes, so that an hour of five servers
//! that commit ten entries a second takes little over a megabyte, and branches share what went before
//! ([`Row`]).

mod axis;
mod picture;

pub use axis::{Measure, Tick, Window};
pub use picture::{Picture, Spot, Stretch, at, cut_off, sides};

use super::row::{Point, Row};
use crate::check::{Property, Violation};
use crate::raft::{Configuration, Index, MAX_SERVERS, RoleName, ServerId, ServerSet, Term};
use crate::sim::{Action, Brief, Change, ClientId, Event, Outcome, What, World};

/// Whether a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Life {
    /// It runs.
    Up,
    /// It stands still.
    Paused,
    /// It has crashed.
    Down,
    /// It has lost its disk: nobody of its name comes back.
    Retired,
}

/// What a server is for a while. Of a server that is down: what it would be on its restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Standing {
    /// Whether it runs.
    pub life: Life,
    /// What it is.
    pub role: RoleName,
    /// currentTerm.
    pub term: Term,
}

/// What is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// A server was elected.
    Leader {
        /// Who.
        server: ServerId,
        /// In which term.
        term: Term,
    },
    /// An index was committed that nobody had committed before, with all before it.
    Commit {
        /// Who was the first.
        server: ServerId,
        /// Up to where.
        index: Index,
    },
    /// Somebody acted: the n-th of these marks is the n-th action of the recording.
    Action {
        /// On which server, if on one.
        server: Option<ServerId>,
        /// Whether nothing came of it.
        refused: bool,
    },
    /// A promise was broken: the n-th of these marks is the n-th violation of the run.
    Violation {
        /// Which.
        property: Property,
        /// The server of smallest number that makes it so.
        server: Option<ServerId>,
    },
    /// A server put a snapshot in the place of entries.
    Snapshot {
        /// Who.
        server: ServerId,
        /// Up to where.
        index: Index,
    },
    /// A client no longer waits for a request, and was not told that it was done.
    Unserved {
        /// Whose.
        client: ClientId,
        /// Its number for the request.
        serial: u32,
        /// Whether it knows that it never will be done; else it may have been.
        failed: bool,
    },
    /// A schedule brought a fault about, or ended one.
    Scheduled {
        /// On which server, if on one.
        server: Option<ServerId>,
        /// Whether nothing came of it.
        refused: bool,
    },
}

/// A mark, with its place in the run.
pub type Mark = Point<MarkKind>;

/// The sorts of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// See [`MarkKind::Leader`].
    Leader,
    /// See [`MarkKind::Commit`].
    Commit,
    /// See [`MarkKind::Action`].
    Action,
    /// See [`MarkKind::Violation`].
    Violation,
    /// See [`MarkKind::Snapshot`].
    Snapshot,
    /// See [`MarkKind::Unserved`].
    Unserved,
    /// See [`MarkKind::Scheduled`].
    Scheduled,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 7] = [
        Class::Leader,
        Class::Commit,
        Class::Action,
        Class::Violation,
        Class::Snapshot,
        Class::Unserved,
        Class::Scheduled,
    ];
}

impl MarkKind {
    /// Of which sort it is.
    #[must_use]
    pub fn class(self) -> Class {
        match self {
            MarkKind::Leader { .. } => Class::Leader,
            MarkKind::Commit { .. } => Class::Commit,
            MarkKind::Action { .. } => Class::Action,
            MarkKind::Scheduled { .. } => Class::Scheduled,
            MarkKind::Violation { .. } => Class::Violation,
            MarkKind::Snapshot { .. } => Class::Snapshot,
            MarkKind::Unserved { .. } => Class::Unserved,
        }
    }

    /// The server that it is about, if it is about one.
    #[must_use]
    pub fn server(self) -> Option<ServerId> {
        match self {
            MarkKind::Leader { server, .. }
            | MarkKind::Commit { server, .. }
            | MarkKind::Snapshot { server, .. } => Some(server),
            MarkKind::Action { server, .. }
            | MarkKind::Violation { server, .. }
            | MarkKind::Scheduled { server, .. } => server,
            MarkKind::Unserved { .. } => None,
        }
    }
}

/// Who is not heard by whom: by sender ([`ServerId::slot`]), who does not hear it.
pub type Cuts = [ServerSet; MAX_SERVERS as usize];

/// What a leader goes by, with the term in which it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The term of the leader.
    pub term: Term,
    /// Its configuration.
    pub configuration: Configuration,
}

/// What a whole run looked like, event by event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tape {
    events: u64,
    /// What was committed from the start on.
    committed: Index,
    lanes: Vec<Row<Standing>>,
    cuts: Row<Cuts>,
    configurations: Row<InForce>,
    marks: [Row<MarkKind>; Class::ALL.len()],
}

// To read.
impl Tape {
    /// How many events it has noted.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The lanes, S1's first: what each server was, from which event on. The lane of a server that joined
    /// later begins there.
    #[must_use]
    pub fn lanes(&self) -> &[Row<Standing>] {
        &self.lanes
    }

    /// Who was cut off from whom, from which event on. Before the first point nobody was.
    #[must_use]
    pub fn cuts(&self) -> &Row<Cuts> {
        &self.cuts
    }

    /// The configuration by which the leader of the latest term went, from which event on. It stays when
    /// that leader is gone, until another one leads.
    #[must_use]
    pub fn configurations(&self) -> &Row<InForce> {
        &self.configurations
    }

    /// The marks of one sort.
    #[must_use]
    pub fn marks(&self, class: Class) -> &Row<MarkKind> {
        &self.marks[class as usize]
    }

    /// The next mark of that sort after so many events, or the last before.
    #[must_use]
    pub fn find(&self, class: Class, events: u64, forward: bool) -> Option<&Mark> {
        let marks = self.marks(class);
        if forward {
            marks.get(marks.count_while(|mark| mark.after <= events))
        } else {
            marks.get(marks.count_while(|mark| mark.after < events).checked_sub(1)?)
        }
    }

    /// The tape as it was after so many events.
    #[must_use]
    pub fn until(&self, events: u64) -> Tape {
        let lanes = self.lanes.iter().map(|lane| lane.until(events));
        Tape {
            events: events.min(self.events),
            committed: self.committed,
            // Who joined later is the last: there is no gap.
            lanes: lanes.take_while(|lane| !lane.is_empty()).collect(),
            cuts: self.cuts.until(events),
            configurations: self.configurations.until(events),
            marks: self.marks.each_ref().map(|row| row.until(events)),
        }
    }

    /// How many changes and marks it has: it looks the same as long as they are the same.
    #[must_use]
    pub fn changes(&self) -> usize {
        let lanes = self.lanes.iter().map(Row::len).sum::<usize>();
        let marks = self.marks.iter().map(Row::len).sum::<usize>();
        lanes + marks + self.cuts.len() + self.configurations.len()
    }

    /// How many bytes of memory it takes, what it shares with other branches included.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let lanes = self.lanes.iter().map(Row::bytes).sum::<usize>();
        let marks = self.marks.iter().map(Row::bytes).sum::<usize>();
        size_of::<Tape>() + lanes + marks + self.cuts.bytes() + self.configurations.bytes()
    }
}

// To write.
impl Tape {
    /// The tape of a run that begins with this world.
    #[must_use]
    pub fn begin(world: &World) -> Tape {
        let mut tape = Tape {
            events: 0,
            committed: world.servers().iter().map(|server| server.node.commit()).max().unwrap_or_default(),
            lanes: Vec::new(),
            cuts: Row::default(),
            configurations: Row::default(),
            marks: Default::default(),
        };
        for server in world.servers() {
            let mut lane = Row::default();
            lane.push(at_start(standing(&server.brief(), server.retired)));
            tape.lanes.push(lane);
        }
        let leads = |brief: &Brief| (brief.up && brief.role == RoleName::Leader).then_some(brief.term);
        if let Some(brief) = world.servers().iter().map(|server| server.brief()).max_by_key(leads) {
            let term = leads(&brief).unwrap_or_default();
            let now = InForce { term, configuration: brief.configuration };
            tape.configurations.push(at_start(now));
        }
        tape
    }

    /// Takes in the next event: each once, in order.
    pub fn note(&mut self, event: &Event) {
        self.events = event.id.0 + 1;
        if let (Some(server), Some(change)) = (event.server, &event.change) {
            self.note_change(server, change, event);
        }
        if let What::Acted { action, refused } = &event.what {
            let server = event.server.or_else(|| target(action));
            self.mark(
                event.at_us,
                match event.is_scheduled() {
                    true => MarkKind::Scheduled { server, refused: refused.is_some() },
                    false => MarkKind::Action { server, refused: refused.is_some() },
                },
            );
        }
        if let Some(cuts) = &event.cuts {
            self.cuts.push(Point { after: self.events, at_us: event.at_us, what: **cuts });
        }
        if let Some(finished) = &event.finished
            && !matches!(finished.outcome, Outcome::Done(_))
        {
            let failed = finished.outcome == Outcome::Failed;
            let kind = MarkKind::Unserved { client: finished.client, serial: finished.serial, failed };
            self.mark(event.at_us, kind);
        }
    }

    /// Takes in a violation, right after the event that brought it to light.
    pub fn note_violation(&mut self, violation: &Violation) {
        let Violation { property, servers, at_us, .. } = *violation;
        self.mark(at_us, MarkKind::Violation { property, server: servers.iter().next() });
    }

    fn mark(&mut self, at_us: u64, what: MarkKind) {
        let after = self.events;
        self.marks[what.class() as usize].push(Point { after, at_us, what });
    }

    fn note_change(&mut self, server: ServerId, change: &Change, event: &Event) {
        let Change { before, after, .. } = change;
        let at_us = event.at_us;
        // A server that loses its disk comes back as itself, or somebody new does.
        let wiped = matches!(event.what, What::Acted { action: Action::Wipe { .. }, refused: None });
        let retired = wiped && !after.up;
        self.stand(server, standing(after, retired), at_us);
        if retired && let Some(next) = ServerId::new(self.lanes.len() as u8 + 1) {
            let new = Standing { life: Life::Up, role: RoleName::Follower, term: Term(0) };
            self.stand(next, new, at_us);
        }
        if after.role == RoleName::Leader && (before.role, before.term) != (after.role, after.term) {
            self.mark(at_us, MarkKind::Leader { server, term: after.term });
        }
        if after.commit > self.committed_so_far() {
            self.mark(at_us, MarkKind::Commit { server, index: after.commit });
        }
        if before.up && after.up && before.first_index < after.first_index {
            self.mark(at_us, MarkKind::Snapshot { server, index: after.first_index.prev() });
        }
        if after.up && after.role == RoleName::Leader {
            self.go_by(InForce { term: after.term, configuration: after.configuration }, at_us);
        }
    }

    fn stand(&mut self, server: ServerId, now: Standing, at_us: u64) {
        if self.lanes.len() <= server.slot() {
            self.lanes.resize(server.slot() + 1, Row::default());
        }
        let lane = &mut self.lanes[server.slot()];
        if lane.last().is_none_or(|last| last.what != now) {
            lane.push(Point { after: self.events, at_us, what: now });
        }
    }

    fn committed_so_far(&self) -> Index {
        match self.marks(Class::Commit).last() {
            Some(Point { what: MarkKind::Commit { index, .. }, .. }) => *index,
            _ => self.committed,
        }
    }

    fn go_by(&mut self, now: InForce, at_us: u64) {
        let known = self.configurations.last().map(|last| last.what);
        let news = known.is_none_or(|known| {
            now.term > known.term || now.term == known.term && now.configuration != known.configuration
        });
        if news {
            self.configurations.push(Point { after: self.events, at_us, what: now });
        }
    }
}

fn at_start<T>(what: T) -> Point<T> {
    Point { after: 0, at_us: 0, what }
}

fn standing(brief: &Brief, retired: bool) -> Standing {
    let life = match (brief.up, brief.paused) {
        _ if retired => Life::Retired,
        (false, _) => Life::Down,
        (true, true) => Life::Paused,
        (true, false) => Life::Up,
    };
    Standing { life, role: brief.role, term: brief.term }
}

/// The server that an action is about, where it changes none by itself.
fn target(action: &Action) -> Option<ServerId> {
    match action {
        Action::Crash { server }
        | Action::Restart { server }
        | Action::Pause { server }
        | Action::Resume { server }
        | Action::Fire { server, .. }
        | Action::StepDown { server }
        | Action::Propose { server, .. }
        | Action::Boot { server }
        | Action::Snapshot { server }
        | Action::Tear { server }
        | Action::Wipe { server }
        | Action::SetClock { server, .. }
        | Action::SetDisk { server, .. }
        | Action::StallDisk { server, .. } => Some(*server),
        Action::Send { from, .. } => Some(*from),
        Action::Mislead { leader, .. } => Some(*leader),
        Action::Submit { to, .. } => *to,
        Action::Transfer { at, .. } | Action::Change { at, .. } => *at,
        Action::Deliver { message } => message.to.server(),
        Action::Drop { message }
        | Action::Hold { message }
        | Action::Release { message }
        | Action::Duplicate { message } => message.from.server(),
        Action::Cut { .. }
        | Action::Mend { .. }
        | Action::Partition { .. }
        | Action::Heal
        | Action::SetLink { .. }
        | Action::SetOptions { .. }
        | Action::SetRules { .. }
        | Action::Manual { .. }
        | Action::LinkPreset { .. }
        | Action::Schedule { .. }
        | Action::Calm
        | Action::Workload(_) => None,
    }
}
