//! A run as data: [`Run`] owns a world and its checker, keeps the trace and the recording.
//!
//! **A run is a replay of its recording, and of nothing else.** The trace is a cache of what the replay
//! would show.

mod branch;
mod branches;
mod checkpoints;
pub mod compare;
pub mod diagram;
mod document;
pub mod export;
mod facts;
mod journal;
pub mod link;
mod lists;
mod play;
mod recording;
mod reel;
mod row;
mod script;
pub mod shelf;
mod standing;
mod state;
pub mod tape;

pub use branch::{Branch, BranchId};
pub use document::{
    BRANCHES_MAX, BranchData, CAPTION_MAX, CAPTIONS_MAX, Caption, DOCUMENT, DOCUMENT_ACTIONS_MAX, DigestMark,
    Document, DocumentError, MARKS_MAX, NAME_MAX, Opening,
};
pub use facts::digest_event;
pub use journal::{Journal, Moment};
pub use play::{Played, moment, play};
pub use recording::{
    ACTIONS_MAX, FORMAT, RUN_US_MAX, Recording, RecordingError, SEMANTICS, Stamp, Stamped, Start, TEXT_MAX,
};

pub use crate::spelling::Unread;
pub use reel::{Landmark, Target, Timeline};
pub use row::{Point, Row};
pub use script::Script;
pub use standing::{Differs, Place, Standing};
pub use state::{ClientState, EntryState, MessageState, ServerState, State};
pub use tape::Tape;

use checkpoints::Checkpoint;

use crate::check::{Checker, Violation};
use crate::raft::{Guard, Observer};
use crate::sim::{Action, Digest, Event, EventId, Refusal, Setup, Stepped, Watch, World};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many events the trace keeps. Older ones are forgotten; a replay brings them back.
pub const TRACE_MAX: usize = 20_000;
/// The most events that a recording may bring about when it is loaded.
pub const EVENTS_MAX: u64 = 5_000_000;

/// A run: a world, what watches over it, and what it takes to do it again.
#[derive(Clone, Debug)]
pub struct Run {
    world: World,
    eyes: Eyes,
    recording: Recording,
}

/// Whoever lets a run happen: the run itself, or a timeline that keeps what would be lost.
pub trait Actor {
    /// The run at the moment.
    fn run(&self) -> &Run;
    /// When something happens next, in microseconds.
    fn next_us(&mut self) -> Option<u64>;
    /// Lets the next thing happen, whenever that is. Whether there was anything.
    fn step(&mut self) -> bool;
    /// Lets everything happen that happens until then. In manual mode time stands still.
    fn run_until(&mut self, until_us: u64);
    /// Does something to the world, now, and writes it down.
    ///
    /// # Errors
    /// Why it did nothing.
    fn act(&mut self, action: Action) -> Result<EventId, Refusal>;
}

impl Actor for Run {
    fn run(&self) -> &Run {
        self
    }

    fn next_us(&mut self) -> Option<u64> {
        Run::next_us(self)
    }

    fn step(&mut self) -> bool {
        Run::step(self).is_some()
    }

    fn run_until(&mut self, until_us: u64) {
        Run::run_until(self, until_us);
    }

    fn act(&mut self, action: Action) -> Result<EventId, Refusal> {
        Run::act(self, action)
    }
}

/// What looks on: the checker, the trace and the digest.
#[derive(Clone, Debug)]
struct Eyes {
    checker: Checker,
    events: VecDeque<Arc<Event>>,
    guards: Vec<Guard>,
    digest: Digest,
    /// How many of the last events to keep.
    keep: usize,
}

impl Observer for Eyes {
    const WATCHES: bool = true;

    fn decided(&mut self, guard: Guard) {
        self.guards.push(guard);
    }
}

impl Watch for Eyes {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        self.checker.look(world, step);
        let Some(mut event) = event else { return };
        digest_event(&mut self.digest, &event);
        let oldest = if self.events.len() >= self.keep { self.events.pop_front() } else { None };
        if self.keep == 0 {
            self.guards.clear();
        } else if let Some(mut place) = oldest
            && let Some(old) = Arc::get_mut(&mut place)
        {
            // The oldest event's memory serves the newest, unless somebody holds on to it: a long trace
            // is more than a processor's caches take, so memory is what it costs.
            event.guards = std::mem::take(&mut old.guards);
            event.guards.clear();
            event.guards.append(&mut self.guards);
            *old = event;
            self.events.push_back(place);
        } else {
            event.guards = self.guards.clone();
            self.guards.clear();
            self.events.push_back(Arc::new(event));
        }
    }
}

impl Run {
    /// A run that begins with servers that have never run.
    ///
    /// # Errors
    /// When the setup makes no run; the sentence says why.
    pub fn new(setup: &Setup) -> Result<Run, RecordingError> {
        Run::from_start(setup, Start::Empty)
    }

    /// A run that begins so.
    ///
    /// # Errors
    /// When the setup or the starting state makes no run.
    pub fn from_start(setup: &Setup, start: Start) -> Result<Run, RecordingError> {
        let world = start.world(setup)?;
        let setup = world.setup().clone();
        let eyes = Eyes {
            checker: Checker::new(&world),
            events: VecDeque::new(),
            guards: Vec::new(),
            digest: Digest::default(),
            keep: TRACE_MAX,
        };
        Ok(Run { world, eyes, recording: Recording::new(setup, start) })
    }

    /// Does a whole recording again.
    ///
    /// # Errors
    /// When the recording makes no run.
    pub fn replay(recording: &Recording) -> Result<Run, RecordingError> {
        recording.check()?;
        let mut run = Run::from_start(&recording.setup, recording.start.clone())?;
        for stamped in &recording.actions {
            run.go_to(stamped.when)?;
            // What did nothing then does nothing now; the event says so.
            let _ = run.act(stamped.action.clone());
        }
        run.go_to(recording.end)?;
        Ok(run)
    }

    /// Goes on to a moment, where it is not past.
    fn go_to(&mut self, moment: Stamp) -> Result<(), RecordingError> {
        while self.happens_before(moment) {
            if self.world.events() > EVENTS_MAX {
                return Err(RecordingError::TooManyEvents(EVENTS_MAX));
            }
            self.step();
        }
        self.world.pass_to(moment.at_us);
        Ok(())
    }

    /// Whether anything happens by itself before that moment.
    fn happens_before(&mut self, moment: Stamp) -> bool {
        play::happens_before(&mut self.world, moment)
    }

    /// Keeps only so many of the last events, or none. The digest and the checks are not touched.
    pub fn keep_events(&mut self, keep: usize) {
        self.eyes.keep = keep;
        while self.eyes.events.len() > keep {
            self.eyes.events.pop_front();
        }
    }

    /// The world at this moment.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What watches over it.
    #[must_use]
    pub fn checker(&self) -> &Checker {
        &self.eyes.checker
    }

    /// The promises that were broken.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        self.eyes.checker.violations()
    }

    /// The events that are kept, oldest first.
    #[must_use]
    pub fn events(&self) -> &VecDeque<Arc<Event>> {
        &self.eyes.events
    }

    /// An event, if it is kept.
    #[must_use]
    pub fn event(&self, id: EventId) -> Option<&Arc<Event>> {
        let first = self.eyes.events.front()?.id;
        self.eyes.events.get(usize::try_from(id.0.checked_sub(first.0)?).ok()?)
    }

    /// The digest of everything that has happened so far.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.eyes.digest
    }

    /// The moment: what an action is stamped with that is done now.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        moment(&self.world)
    }

    /// What it takes to do it all again, up to this moment.
    #[must_use]
    pub fn recording(&self) -> Recording {
        Recording { end: self.stamp(), ..self.recording.clone() }
    }

    /// When something happens next by itself, in microseconds.
    #[must_use]
    pub fn next_us(&mut self) -> Option<u64> {
        self.world.next_us()
    }

    /// Lets the next thing happen, whenever that is.
    pub fn step(&mut self) -> Option<EventId> {
        self.world.step(&mut self.eyes)
    }

    /// Lets everything happen that happens until then. In manual mode time stands still.
    pub fn run_until(&mut self, until_us: u64) {
        self.world.run_until(until_us, &mut self.eyes);
    }

    /// Does something to the world, now, and writes it down.
    ///
    /// # Errors
    /// Why it did nothing. That it was tried is written down as well.
    pub fn act(&mut self, action: Action) -> Result<EventId, Refusal> {
        let when = self.stamp();
        let result = self.world.act(&action, &mut self.eyes);
        self.recording.actions.push(Stamped { when, action });
        result
    }

    /// The run at a checkpoint of this recording.
    fn taken_up(checkpoint: &Checkpoint, recording: &Recording) -> Run {
        let Checkpoint { world, checker, digest, actions } = checkpoint.clone();
        let done = recording.actions.iter().take(actions).cloned().collect();
        let eyes = Eyes { checker, events: VecDeque::new(), guards: Vec::new(), digest, keep: TRACE_MAX };
        let (start, setup) = (recording.start.clone(), recording.setup.clone());
        // Whoever made the recording: what runs here runs by this meaning.
        let recording = Recording { actions: done, end: recording.end, ..Recording::new(setup, start) };
        Run { world, eyes, recording }
    }

    /// The run as it was at that moment, to go on from there differently.
    ///
    /// # Errors
    /// When the moment lies beyond this run.
    pub fn branch_at(&self, moment: Stamp) -> Result<Run, RecordingError> {
        let mut recording = self.recording();
        recording.actions.retain(|stamped| stamped.when <= moment);
        recording.end = moment.min(recording.end);
        Run::replay(&recording)
    }
}
