//! Breadth-first search: exact within its bounds, and the first run found is a shortest one.
//!
//! All states that are so many steps from the start are looked at before any that is one more. Workers
//! share a level: they take pieces of it, work out what comes after, and then put what is new among the
//! states that were seen, each worker into other shards. The order in which states are seen does not
//! depend on how many workers there are, so neither does the run that is found.

use super::bound::BoundSet;
use super::gesture::{Gesture, Grain};
use super::model::{Bounds, Model};
use super::moves::Move;
use super::seen::{Place, SHARDS, Shard, shard_of};
use super::space::{Frame, Parts, Space};
use crate::check::Property;
use crate::check::goal::Goal;
use crate::raft::Rules;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// What to search, and how far.
#[derive(Clone, Debug)]
pub struct Search {
    /// Where to begin.
    pub from: Model,
    /// What to look for.
    pub goal: Goal,
    /// The rules in force.
    pub rules: Rules,
    /// How fine the steps are.
    pub grain: Grain,
    /// How far the model goes.
    pub bounds: Bounds,
    /// The most steps in a run.
    pub steps_max: u32,
    /// The most distinct states to keep.
    pub states_max: u64,
    /// The most memory to take, in bytes.
    pub bytes_max: u64,
    /// How many threads work. In a browser it is always one.
    pub threads: usize,
    /// Set, it calls the search off, in the middle of a level too.
    pub stop: Arc<AtomicBool>,
    /// Whether states that differ only in the servers' names may count as one. It is done only where it is
    /// sound: the goal tells no servers apart, and no names stand in logs.
    pub symmetry: bool,
}

impl Search {
    /// A search from servers that have never run, within the bounds of its grain.
    #[must_use]
    pub fn new(servers: u8, grain: Grain, goal: Goal) -> Search {
        Search {
            from: Model::new(servers),
            goal,
            rules: Rules::ALL_ON,
            grain,
            bounds: Bounds::of(grain),
            steps_max: 1000,
            states_max: u64::MAX,
            bytes_max: 2 << 30,
            threads: threads(),
            stop: Arc::default(),
            symmetry: true,
        }
    }

    fn frame(&self) -> Frame {
        Frame {
            servers: self.from.servers.len(),
            rules: self.rules,
            bounds: self.bounds,
            grain: self.grain,
            symmetric: self.symmetry && !self.goal.names_servers() && self.from.is_symmetric(),
            forgets: !self.goal.names_old_terms(),
            tells: false,
        }
    }
}

/// How many threads there can be.
#[must_use]
pub fn threads() -> usize {
    if cfg!(target_arch = "wasm32") { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) }
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The shortest run to the goal.
    pub run: Option<Vec<Gesture>>,
    /// Why it ended.
    pub ended: Ended,
    /// How far it came.
    pub progress: Progress,
    /// The bounds that kept steps back: beyond them there may be more.
    pub met: BoundSet,
}

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The goal was found.
    Found,
    /// There was nothing left to look at within the bounds: the goal is nowhere there.
    Exhausted,
    /// All runs of that many steps were looked at: the goal needs more, or is nowhere.
    Steps,
    /// As many states were seen as were allowed.
    States,
    /// As much memory was taken as was allowed.
    Memory,
    /// Somebody wanted no more of it.
    Cancelled,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many distinct states were seen.
    pub states: u64,
    /// How many steps were made to find them.
    pub steps: u64,
    /// The length of the longest runs that were all looked at.
    pub depth: u32,
    /// How many states wait to be looked at.
    pub frontier: u64,
    /// How much memory the states take, in bytes.
    pub bytes: u64,
}

/// So many states of a level are taken at a time by one worker, and so many times by all of them before what
/// they found is put among the states seen.
const PIECE: usize = 512;
const PIECES: usize = 64;
/// How many new states there may be for each that is looked at, as memory is reckoned.
const NEW_MAX: usize = 6;

/// What a worker has found in a piece: rows one after the other, by shard.
#[derive(Debug, Default)]
struct Harvest {
    rows: [Vec<u32>; SHARDS],
    /// By shard: fingerprint, where from, and the length of the row.
    heads: [Vec<(u64, Place, u32)>; SHARDS],
    steps: u64,
    /// The first state in which the goal holds, with where it was reached from.
    goal: Option<(Place, Vec<u32>)>,
    /// Where violations are told: for each property the first state after a violation, with where it was
    /// reached from.
    told: Vec<(Property, Place, Vec<u32>)>,
}

/// Looks for a shortest run to a state in which the goal holds. `watch` is told now and then how far it
/// is, and whether to go on is for it to say.
pub fn search(search: &Search, mut watch: impl FnMut(&Progress) -> bool) -> Found {
    let frame = search.frame();
    let parts = Parts::default();
    let workers = (0..search.threads.max(1)).map(|_| Space::new(&parts, frame)).collect();
    Level::new(search, workers).run(&parts, &mut watch)
}

/// For each of these properties of Figure 3 a shortest run that violates it, as far as there is one within the
/// bounds, and how the search ended: [`Ended::Found`] once there is one for each. The goal of `search` is not
/// looked for. A violated property does not end a run: others may be violated later.
pub fn first_violations(
    search: &Search,
    properties: &[Property],
    mut watch: impl FnMut(&Progress) -> bool,
) -> (Vec<(Property, Vec<Gesture>)>, Found) {
    let frame = Frame { tells: true, ..search.frame() };
    let parts = Parts::default();
    let workers = (0..search.threads.max(1)).map(|_| Space::new(&parts, frame)).collect();
    let mut level = Level { wanted: properties, ..Level::new(search, workers) };
    let found = level.run(&parts, &mut watch);
    (level.told, found)
}

/// The states after each of these steps, as far as they are possible.
#[must_use]
pub fn states(search: &Search, run: &[Gesture]) -> Vec<Model> {
    let parts = Parts::default();
    let mut here = Space::new(&parts, search.frame());
    let mut row = here.row(&search.from);
    let (mut moves, mut after, mut states) = (Vec::new(), Vec::new(), Vec::new());
    for gesture in run {
        here.moves(&row, &mut moves);
        let Some(step) = moves.iter().copied().find(|&step| here.gesture(&row, step) == *gesture) else {
            break;
        };
        if !here.make(&row, step, &mut after) {
            break;
        }
        std::mem::swap(&mut row, &mut after);
        states.push(here.model(&row));
    }
    states
}

/// A search under way.
struct Level<'a> {
    search: &'a Search,
    workers: Vec<Space<'a>>,
    shards: [Shard; SHARDS],
    progress: Progress,
    /// Where violations are told: those that are looked for, and a shortest run to each.
    wanted: &'a [Property],
    told: Vec<(Property, Vec<Gesture>)>,
}

impl<'a> Level<'a> {
    fn new(search: &'a Search, workers: Vec<Space<'a>>) -> Level<'a> {
        let (shards, progress, wanted, told) = Default::default();
        Level { search, workers, shards, progress, wanted, told }
    }

    fn run(&mut self, parts: &Parts, watch: &mut impl FnMut(&Progress) -> bool) -> Found {
        let here = &mut self.workers[0];
        let mut start = here.row(&self.search.from);
        here.remember(&mut start, &self.search.goal);
        if here.holds(&start, &self.search.goal) {
            return self.end(Ended::Found, Some(Vec::new()));
        }
        here.told(&mut start);
        here.canonical(&mut start);
        let print = here.print(&start);
        let shard = shard_of(print);
        let nowhere = Place { shard: shard as u8, at: u32::MAX };
        let first = self.shards[shard].add(print, &start, nowhere);
        let mut frontier: Vec<Place> = first.map(|at| Place { shard: shard as u8, at }).into_iter().collect();
        self.progress.states = 1;
        for depth in 0..self.search.steps_max {
            self.progress.depth = depth;
            let ends: Vec<Option<u32>> = self.shards.iter().map(Shard::last).collect();
            for round in frontier.chunks(PIECE * PIECES) {
                self.progress.frontier = frontier.len() as u64;
                if let Some(ended) = self.limit(parts, round.len(), watch) {
                    return self.end(ended, None);
                }
                let harvests = self.expand(round);
                if let Some((from, row)) = harvests.iter().find_map(|harvest| harvest.goal.clone()) {
                    self.progress.depth = depth + 1;
                    let run = self.way_to(from, &row);
                    return self.end(Ended::Found, Some(run));
                }
                if self.search.stop.load(Ordering::Relaxed) {
                    return self.end(Ended::Cancelled, None);
                }
                self.hear(&harvests);
                if !self.wanted.is_empty() && self.told.len() == self.wanted.len() {
                    self.progress.depth = depth + 1;
                    return self.end(Ended::Found, None);
                }
                self.gather(&harvests);
            }
            frontier = self.newer_than(&ends);
            if frontier.is_empty() {
                return self.end(Ended::Exhausted, None);
            }
        }
        self.progress.depth = self.search.steps_max;
        self.end(Ended::Steps, None)
    }

    /// Takes in the violations that were told.
    fn hear(&mut self, harvests: &[Harvest]) {
        for (property, from, row) in harvests.iter().flat_map(|harvest| &harvest.told) {
            let is_new = self.told.iter().all(|(known, _)| known != property);
            if is_new && self.wanted.contains(property) {
                let run = self.way_to(*from, row);
                self.told.push((*property, run));
            }
        }
    }

    fn end(&self, ended: Ended, run: Option<Vec<Gesture>>) -> Found {
        let mut met = BoundSet::default();
        self.workers.iter().for_each(|worker| met.extend(worker.met));
        Found { run, ended, progress: self.progress, met }
    }

    /// Whether it is to end before so many more states are looked at.
    fn limit(
        &mut self,
        parts: &Parts,
        more: usize,
        watch: &mut impl FnMut(&Progress) -> bool,
    ) -> Option<Ended> {
        // Of each state that is looked at, few of those that follow are new.
        let row = self.search.from.servers.len() + 1 + usize::from(self.search.bounds.messages_max);
        let new = more * NEW_MAX / SHARDS;
        let remembered = parts.bytes() + self.workers.iter().map(Space::bytes).sum::<u64>();
        let taken = |new| self.shards.iter().map(|shard| shard.bytes(new, row)).sum::<u64>() + remembered;
        // What is found in a round stands in lists first.
        let round = (more * NEW_MAX * (row * size_of::<u32>() + size_of::<(u64, Place, u32)>()) * 2) as u64;
        self.progress.bytes = taken(0);
        if !watch(&self.progress) || self.search.stop.load(Ordering::Relaxed) {
            return Some(Ended::Cancelled);
        }
        if self.progress.states >= self.search.states_max {
            return Some(Ended::States);
        }
        (taken(new) + round > self.search.bytes_max).then_some(Ended::Memory)
    }

    /// Works out what comes after these states. What was seen is left out. Where the search is called off
    /// meanwhile, not all of it is there.
    fn expand(&mut self, states: &[Place]) -> Vec<Harvest> {
        let pieces: Vec<&[Place]> = states.chunks(PIECE).collect();
        let (goal, shards) = (&self.search.goal, &self.shards);
        let go_on = || !self.search.stop.load(Ordering::Relaxed);
        if self.workers.len() == 1 {
            let here = &mut self.workers[0];
            let pieces = pieces.iter().take_while(|_| go_on());
            return pieces.map(|piece| expand_piece(here, shards, piece, goal)).collect();
        }
        let next = AtomicUsize::new(0);
        let work = |here: &mut Space| {
            let mut mine = Vec::new();
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                let Some(states) = pieces.get(piece).filter(|_| go_on()) else { return mine };
                mine.push((piece, expand_piece(here, shards, states, goal)));
            }
        };
        let mut harvests: Vec<(usize, Harvest)> = std::thread::scope(|scope| {
            let work = &work;
            let workers: Vec<_> =
                self.workers.iter_mut().map(|here| scope.spawn(move || work(here))).collect();
            workers.into_iter().flat_map(joined).collect()
        });
        harvests.sort_by_key(|(piece, _)| *piece);
        harvests.into_iter().map(|(_, harvest)| harvest).collect()
    }

    /// Puts what was found among the states that were seen.
    fn gather(&mut self, harvests: &[Harvest]) {
        let gather = |number: usize, shard: &mut Shard| -> u64 {
            let mut new = 0;
            for harvest in harvests {
                let mut rows = harvest.rows[number].as_slice();
                for &(print, from, length) in &harvest.heads[number] {
                    let (row, rest) = rows.split_at(length as usize);
                    rows = rest;
                    new += u64::from(shard.add(print, row, from).is_some());
                }
            }
            new
        };
        self.progress.steps += harvests.iter().map(|harvest| harvest.steps).sum::<u64>();
        let threads = self.workers.len();
        if threads == 1 {
            let new = self.shards.iter_mut().enumerate().map(|(number, shard)| gather(number, shard));
            self.progress.states += new.sum::<u64>();
            return;
        }
        let gather = &gather;
        let mut numbered: Vec<(usize, &mut Shard)> = self.shards.iter_mut().enumerate().collect();
        let share = SHARDS.div_ceil(threads);
        self.progress.states += std::thread::scope(|scope| {
            let workers: Vec<_> = numbered
                .chunks_mut(share)
                .map(|shards| {
                    scope.spawn(move || {
                        shards.iter_mut().map(|(number, shard)| gather(*number, shard)).sum::<u64>()
                    })
                })
                .collect();
            workers.into_iter().map(joined).sum::<u64>()
        });
    }

    /// The states that were added since the shards ended there.
    fn newer_than(&self, ends: &[Option<u32>]) -> Vec<Place> {
        let mut newer = Vec::new();
        for (number, (shard, end)) in self.shards.iter().zip(ends).enumerate() {
            let mut next = match end {
                Some(at) => shard.after(*at),
                None => shard.first(),
            };
            while let Some(at) = next {
                newer.push(Place { shard: number as u8, at });
                next = shard.after(at);
            }
        }
        newer
    }

    /// The steps from the start to a state that is one step after another. The states that were kept may
    /// have other names; the run has the names of the start throughout.
    fn way_to(&mut self, from: Place, last: &[u32]) -> Vec<Gesture> {
        let mut way = vec![last.to_vec()];
        let mut place = from;
        while place.at != u32::MAX {
            let shard = &self.shards[usize::from(place.shard)];
            way.push(shard.row(place.at).to_vec());
            place = shard.from(place.at);
        }
        way.reverse();
        let here = &mut self.workers[0];
        let goal = &self.search.goal;
        let mut row = here.row(&self.search.from);
        here.remember(&mut row, goal);
        let (mut moves, mut after, mut run) = (Vec::new(), Vec::new(), Vec::new());
        for next in &way[1..] {
            here.know(next);
            here.moves(&row, &mut moves);
            let step = moves.iter().copied().find(|&step| {
                let possible = here.make(&row, step, &mut after);
                here.remember(&mut after, goal);
                here.told(&mut after);
                let mut canonical = after.clone();
                here.canonical(&mut canonical);
                possible && canonical == *next
            });
            let Some(step) = step else { break };
            run.push(here.gesture(&row, step));
            here.make(&row, step, &mut after);
            here.remember(&mut after, goal);
            here.told(&mut after);
            std::mem::swap(&mut row, &mut after);
        }
        assert_eq!(run.len() + 1, way.len(), "what was reached can be reached again");
        run
    }
}

/// What a thread has come to. Where it panicked, so do we.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn expand_piece(here: &mut Space, shards: &[Shard; SHARDS], states: &[Place], goal: &Goal) -> Harvest {
    let mut harvest = Harvest::default();
    let (mut row, mut moves, mut after): (Vec<u32>, Vec<Move>, Vec<u32>) = Default::default();
    for &place in states {
        row.clear();
        row.extend_from_slice(shards[usize::from(place.shard)].row(place.at));
        here.know(&row);
        here.moves(&row, &mut moves);
        for &step in &moves {
            if !here.make(&row, step, &mut after) {
                continue;
            }
            harvest.steps += 1;
            here.remember(&mut after, goal);
            let violated = here.told(&mut after);
            here.canonical(&mut after);
            for property in violated {
                if harvest.told.iter().all(|(known, ..)| *known != property) {
                    harvest.told.push((property, place, after.clone()));
                }
            }
            let print = here.print(&after);
            let shard = shard_of(print);
            if shards[shard].contains(print, &after) {
                continue;
            }
            if harvest.goal.is_none() && here.holds(&after, goal) {
                harvest.goal = Some((place, after.clone()));
            }
            harvest.heads[shard].push((print, place, after.len() as u32));
            harvest.rows[shard].extend_from_slice(&after);
        }
    }
    harvest
}
