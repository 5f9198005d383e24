//! Two runs side by side: up to where they are the same, what differs first, and what differs at the end.
//!
//! Both are done again, event by event, and their digests say when they part. Branches of one timeline are
//! taken up shortly before the one left the other. It is done in slices, so that a page stays alive
//! ([`Comparing::go_on`]), and at most [`COMPARED_MAX`] events of each are done again.

use super::branch::{Branch, BranchId};
use super::checkpoints::Checkpoint;
use super::{Recording, RecordingError, Run, Tape, Timeline};
use crate::check::Property;
use crate::kv::Op;
use crate::raft::{Index, RoleName, ServerId, Term};
use crate::sim::{ClientId, Event, EventId, Finished, Outcome, Server};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// So many events of each run are compared.
pub const COMPARED_MAX: u64 = 400_000;
/// So many differences of a kind are told.
const TOLD_MAX: usize = 40;
/// So many entries of a log are told.
const ENTRIES_MAX: usize = 60;

/// Something of the one run, and of the other.
pub type Pair<T> = [T; 2];

/// Two runs that are being compared.
#[derive(Clone, Debug)]
pub struct Comparing {
    sides: Pair<Side>,
    parting: Option<Parting>,
    /// After how many events it is enough.
    until: u64,
}

/// One run that is done again.
#[derive(Clone, Debug)]
struct Side {
    run: Run,
    recording: Recording,
    tape: Tape,
    /// What clients were told since it was taken up.
    finished: BTreeMap<(ClientId, u32), Finished>,
    over: bool,
    /// Whether there was more to do than is compared.
    cut_short: bool,
}

/// Where two runs part.
#[derive(Clone, Debug)]
pub struct Parting {
    /// So many events are the same in both.
    pub same: u64,
    /// When the last of them was, in microseconds.
    pub same_until_us: u64,
    /// The first event that is not; nothing where the run has ended.
    pub first: Pair<Option<Arc<Event>>>,
    /// Both runs right after it, to find words for it.
    pub runs: Pair<Run>,
}

/// What comparing two runs has come to.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Where they part; nothing if all that happens in one happens in the other.
    pub parting: Option<Parting>,
    /// What differs at their ends.
    pub differences: Vec<Difference>,
    /// What they look like.
    pub tapes: Pair<Tape>,
    /// When they end, in microseconds.
    pub end_us: Pair<u64>,
    /// Whether one of them goes on after the last event that was compared.
    pub cut_short: bool,
}

/// What a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Is {
    /// Its role; nothing when it has crashed.
    pub role: Option<RoleName>,
    /// currentTerm.
    pub term: Term,
}

/// What a client knows of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Knows {
    /// It was not asked.
    NotAsked,
    /// It waits.
    Waits,
    /// It is over, and that came of it.
    Over(Outcome),
}

/// Something that differs at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// How long they are: in microseconds, and in events.
    Length(Pair<(u64, u64)>),
    /// Who was elected in a term.
    Leader(Term, Pair<Option<ServerId>>),
    /// What a server is; nothing where it is not there.
    Server(ServerId, Pair<Option<Is>>),
    /// A log: from which index on it differs, the terms of some entries from there on, and how many there are.
    Log(ServerId, Index, Pair<(Vec<Term>, u64)>),
    /// commitIndex.
    Commit(ServerId, Pair<Index>),
    /// What the state machine that is furthest has for a key.
    Value(String, Pair<Option<String>>),
    /// What became of a request.
    Request(ClientId, u32, Op, Pair<Knows>),
    /// A promise that was broken, and when, in microseconds.
    Broken(Property, Pair<Option<u64>>),
    /// So many more of that kind, which are not told.
    More(usize),
}

impl Side {
    fn new(run: Run, recording: Recording, tape: Tape) -> Side {
        let mut side =
            Side { run, recording, tape, finished: BTreeMap::new(), over: false, cut_short: false };
        side.run.keep_events(256);
        for violation in side.run.violations() {
            if violation.event.0 >= side.tape.events() {
                side.tape.note_violation(violation);
            }
        }
        side
    }

    /// Lets the next thing happen. Whether there was anything.
    fn step(&mut self) -> bool {
        let (events, violations) = (self.run.world.events(), self.run.violations().len());
        let pending = self.recording.actions.get(self.run.recording.actions.len()).cloned();
        let until = pending.as_ref().map_or(self.recording.end, |stamped| stamped.when);
        if self.run.happens_before(until) {
            self.run.step();
        } else if let Some(stamped) = pending {
            self.run.world.pass_to(stamped.when.at_us);
            // What did nothing then does nothing now; the event says so.
            let _ = self.run.act(stamped.action);
        } else {
            self.run.world.pass_to(until.at_us);
            self.over = true;
        }
        for id in events..self.run.world.events() {
            let Some(event) = self.run.event(EventId(id)) else { continue };
            self.tape.note(event);
            if let Some(finished) = &event.finished {
                self.finished.insert((finished.client, finished.serial), (**finished).clone());
            }
        }
        for violation in &self.run.violations()[violations..] {
            self.tape.note_violation(violation);
        }
        !self.over
    }

    /// What its clients know, as far as it is known since it was taken up.
    fn requests(&self) -> BTreeMap<(ClientId, u32), (Op, Knows)> {
        let over =
            self.finished.iter().map(|(&name, it)| (name, (it.op.clone(), Knows::Over(it.outcome.clone()))));
        let mut requests: BTreeMap<_, _> = over.collect();
        for client in self.run.world.clients() {
            if let Some(call) = &client.call {
                requests.insert((client.id, call.serial), (call.op.clone(), Knows::Waits));
            }
            for (serial, wish) in (client.serial + 1..).zip(&client.queue) {
                requests.insert((client.id, serial), (wish.op.clone(), Knows::Waits));
            }
        }
        requests
    }
}

impl Comparing {
    /// Two recordings, from their beginnings.
    ///
    /// # Errors
    /// When one of them makes no run.
    pub fn new(recordings: Pair<&Recording>) -> Result<Comparing, RecordingError> {
        let side = |recording: &Recording| {
            recording.check()?;
            let run = Run::from_start(&recording.setup, recording.start.clone())?;
            let tape = Tape::begin(run.world());
            Ok(Side::new(run, recording.clone(), tape))
        };
        Ok(Comparing::of([side(recordings[0])?, side(recordings[1])?]))
    }

    /// Two branches of a timeline, from shortly before the one left the other. Nothing if one of them is not
    /// there.
    #[must_use]
    pub fn branches(timeline: &Timeline, ids: Pair<BranchId>) -> Option<Comparing> {
        let branches = [timeline.find_branch(ids[0])?, timeline.find_branch(ids[1])?];
        let shared = shared(&timeline.branches, branches);
        let before = |branch: &Branch| Arc::clone(branch.checkpoints.before_event(shared));
        let [one, other] = branches.map(before);
        // What they share has the same checkpoints, wherever they are kept.
        let begin: Pair<Arc<Checkpoint>> = match (shared > 0, one.events() <= other.events()) {
            (false, _) => [one, other],
            (true, true) => [Arc::clone(&one), one],
            (true, false) => [Arc::clone(&other), other],
        };
        let side = |branch: &Branch, begin: &Checkpoint| {
            let run = Run::taken_up(begin, &branch.recording);
            Side::new(run, branch.recording.clone(), branch.tape.until(begin.events()))
        };
        Some(Comparing::of([side(branches[0], &begin[0]), side(branches[1], &begin[1])]))
    }

    fn of(sides: Pair<Side>) -> Comparing {
        let from = sides[0].run.world.events();
        let alike = is_alike(&sides);
        let mut comparing = Comparing { sides, parting: None, until: from.saturating_add(COMPARED_MAX) };
        if !alike {
            comparing.part(0, 0);
        }
        comparing
    }

    /// Compares at most so many events more, in each run. What came of it, once it is done.
    pub fn go_on(&mut self, budget: u64) -> Option<Comparison> {
        for _ in 0..budget {
            if self.sides.iter().all(|side| side.over) {
                return Some(self.result());
            }
            match self.parting {
                None => self.step_together(),
                Some(_) => self.sides.iter_mut().filter(|side| !side.over).for_each(|side| {
                    side.step();
                }),
            }
            for side in self.sides.iter_mut().filter(|side| side.run.world.events() >= self.until) {
                side.cut_short = !side.over;
                side.over = true;
            }
        }
        None
    }

    fn step_together(&mut self) {
        let (same, same_until_us) = (self.sides[0].run.world.events(), self.sides[0].run.world.now_us());
        let [one, other] = &mut self.sides;
        one.step();
        other.step();
        let alike =
            one.run.digest() == other.run.digest() && one.run.world.events() == other.run.world.events();
        if !alike {
            self.part(same, same_until_us);
        }
    }

    fn part(&mut self, same: u64, same_until_us: u64) {
        let first = self.sides.each_ref().map(|side| side.run.event(EventId(same)).cloned());
        let runs = self.sides.each_ref().map(|side| side.run.clone());
        self.parting = Some(Parting { same, same_until_us, first, runs });
    }

    fn result(&self) -> Comparison {
        let [one, other] = &self.sides;
        let differences = differences(one, other);
        Comparison {
            parting: self.parting.clone(),
            differences,
            tapes: [one.tape.clone(), other.tape.clone()],
            end_us: [one.run.world.now_us(), other.run.world.now_us()],
            cut_short: one.cut_short || other.cut_short,
        }
    }
}

/// How many events two branches have in common by their origin.
fn shared(all: &[Branch], branches: Pair<&Branch>) -> u64 {
    let way = |branch: &Branch| {
        let (mut way, mut limit, mut origin) = (vec![(branch.id, u64::MAX)], u64::MAX, branch.origin());
        while let Some((parent, fork)) = origin.filter(|_| way.len() <= all.len()) {
            limit = limit.min(fork);
            way.push((parent, limit));
            origin = all.iter().find(|branch| branch.id == parent).and_then(Branch::origin);
        }
        way
    };
    let other = way(branches[1]);
    let meets = |&(id, limit): &(BranchId, u64)| {
        other.iter().find(|(there, _)| *there == id).map(|(_, other)| limit.min(*other))
    };
    way(branches[0]).iter().find_map(meets).unwrap_or(0)
}

/// Whether two runs begin alike: else no event of theirs can be called the same.
fn is_alike([one, other]: &Pair<Side>) -> bool {
    one.run.digest() == other.run.digest()
        && one.run.world.events() == other.run.world.events()
        && one.recording.start == other.recording.start
        && one.recording.setup.servers == other.recording.setup.servers
}

fn differences(one: &Side, other: &Side) -> Vec<Difference> {
    let mut all = Vec::new();
    let length = [one, other].map(|side| (side.run.world.now_us(), side.run.world.events()));
    if length[0] != length[1] {
        all.push(Difference::Length(length));
    }
    let leaders = [one, other].map(|side| side.run.checker().leaders().collect::<BTreeMap<_, _>>());
    add(
        &mut all,
        unequal(&leaders).map(|(term, two)| Difference::Leader(term, two.map(Option::<&ServerId>::copied))),
    );
    let ids: BTreeSet<ServerId> = one.run.world.ids().chain(other.run.world.ids()).collect();
    for id in ids {
        of_server(id, [one, other].map(|side| side.run.world.server(id)), &mut all);
    }
    let values = [one, other].map(values);
    add(
        &mut all,
        unequal(&values).map(|(key, two)| Difference::Value(key, two.map(Option::<&String>::cloned))),
    );
    let requests = [one, other].map(Side::requests);
    add(
        &mut all,
        unequal(&requests).filter_map(|((client, serial), two)| {
            let op = two.iter().flatten().next()?.0.clone();
            let knows = two.map(|it| it.map_or(Knows::NotAsked, |(_, knows)| knows.clone()));
            Some(Difference::Request(client, serial, op, knows))
        }),
    );
    let broken = [one, other].map(|side| {
        side.run.violations().iter().map(|it| (it.property, it.at_us)).collect::<BTreeMap<_, _>>()
    });
    add(
        &mut all,
        unequal(&broken).map(|(property, two)| Difference::Broken(property, two.map(Option::<&u64>::copied))),
    );
    all
}

/// The keys that two maps do not have alike, with what each has there.
fn unequal<'a, K: Ord + Clone, V: PartialEq>(
    maps: &'a Pair<BTreeMap<K, V>>,
) -> impl Iterator<Item = (K, Pair<Option<&'a V>>)> {
    let keys: BTreeSet<&K> = maps.iter().flat_map(BTreeMap::keys).collect();
    let two = |key: &'a K| (key.clone(), [maps[0].get(key), maps[1].get(key)]);
    keys.into_iter().map(two).filter(|(_, [one, other])| one != other)
}

/// Adds differences of one kind, and how many more there are.
fn add(all: &mut Vec<Difference>, mut some: impl Iterator<Item = Difference>) {
    all.extend(some.by_ref().take(TOLD_MAX));
    let more = some.count();
    if more > 0 {
        all.push(Difference::More(more));
    }
}

fn of_server(id: ServerId, two: Pair<Option<&Server>>, all: &mut Vec<Difference>) {
    let is =
        |server: &Server| Is { role: server.up.then(|| server.node.role().name()), term: server.node.term() };
    let both = two.map(|server| server.map(is));
    if both[0] != both[1] {
        all.push(Difference::Server(id, both));
    }
    let [Some(one), Some(other)] = two else { return };
    let (first, last) = (
        one.node.log().first_index().max(other.node.log().first_index()),
        one.node.log().last_index().max(other.node.log().last_index()),
    );
    let differs = |index: &u64| one.node.log().get(Index(*index)) != other.node.log().get(Index(*index));
    if let Some(from) = (first.0..=last.0).find(differs) {
        let rest = |server: &Server| {
            let log = server.node.log();
            let terms = (from..=log.last_index().0).filter_map(|index| log.term_at(Index(index)));
            (terms.take(ENTRIES_MAX).collect(), (log.last_index().0 + 1).saturating_sub(from))
        };
        all.push(Difference::Log(id, Index(from), [rest(one), rest(other)]));
    }
    let commit = [one.node.commit(), other.node.commit()];
    if commit[0] != commit[1] {
        all.push(Difference::Commit(id, commit));
    }
}

/// What the state machine holds that is furthest.
fn values(side: &Side) -> BTreeMap<String, String> {
    let furthest = side.run.world.servers().iter().max_by_key(|server| server.node.applied());
    let held = furthest.into_iter().flat_map(|server| server.store.iter());
    held.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
