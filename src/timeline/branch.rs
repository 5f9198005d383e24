//! One course of a run, with all that is known of it.

use super::checkpoints::Checkpoints;
use super::document::{BranchData, Caption, DigestMark};
use super::{Recording, RecordingError, Run, Stamp, Tape};
use crate::sim::Digest;
use std::sync::Arc;

/// Names a branch, as long as its timeline lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId(pub u32);

/// Where a recording was made that replays differently here: up to so many events it was the same, and
/// after so many it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differs {
    /// The last place where both were the same, in events.
    pub same_until: u64,
    /// The first place where they are not.
    pub by: u64,
}

/// One course of a run: a recording, where it left the course that it came from, and what is known of it.
#[derive(Clone, Debug)]
pub struct Branch {
    pub(super) id: BranchId,
    pub(super) name: String,
    /// Whether somebody gave it its name.
    pub(super) named: bool,
    pub(super) parent: Option<BranchId>,
    /// After so many events it left its parent.
    pub(super) fork: u64,
    pub(super) recording: Recording,
    pub(super) captions: Arc<Vec<Caption>>,
    pub(super) checkpoints: Checkpoints,
    pub(super) tape: Tape,
    /// How far it was played or replayed.
    pub(super) reached: Stamp,
    /// How many violations the tape knows.
    pub(super) violations: usize,
    /// The digest there.
    pub(super) digest: Digest,
    /// What the digests have to be, as its file or link says.
    pub(super) marks: Vec<DigestMark>,
    pub(super) differs: Option<Differs>,
    /// Where the moment was when it was left, in events.
    pub(super) left_at: u64,
    /// Whether it was deleted, and can still be brought back.
    pub(super) deleted: bool,
}

impl Branch {
    /// A branch that begins with this run, which has only begun.
    pub(super) fn beginning(id: BranchId, name: String, run: &Run, recording: Recording) -> Branch {
        Branch {
            id,
            name,
            named: false,
            parent: None,
            fork: 0,
            captions: Arc::default(),
            checkpoints: Checkpoints::beginning(run),
            tape: Tape::begin(run.world()),
            reached: Stamp::default(),
            violations: 0,
            digest: run.digest(),
            marks: Vec::new(),
            differs: None,
            left_at: 0,
            deleted: false,
            recording,
        }
    }

    /// A branch of a document, nothing of it done yet.
    pub(super) fn read(id: BranchId, data: &BranchData) -> Result<Branch, RecordingError> {
        data.recording.check()?;
        let run = Run::from_start(&data.recording.setup, data.recording.start.clone())?;
        let named = !data.name.is_empty();
        let name = if named { data.name.clone() } else { super::branches::numbered(id) };
        let mut branch = Branch::beginning(id, name, &run, data.recording.clone());
        branch.parent = data.parent.map(BranchId);
        branch.fork = data.fork;
        branch.named = named;
        branch.captions = Arc::new(data.captions.clone());
        branch.marks = data.marks.clone();
        branch.left_at = u64::MAX;
        Ok(branch)
    }

    /// Its name in this timeline.
    #[must_use]
    pub fn id(&self) -> BranchId {
        self.id
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether somebody gave it that name.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.named
    }

    /// The branch that it left, and after how many events.
    #[must_use]
    pub fn origin(&self) -> Option<(BranchId, u64)> {
        Some((self.parent?, self.fork))
    }

    /// The whole of it, its future included.
    #[must_use]
    pub fn recording(&self) -> &Recording {
        &self.recording
    }

    /// Its steps in words, if it is told.
    #[must_use]
    pub fn captions(&self) -> &Arc<Vec<Caption>> {
        &self.captions
    }

    /// What it looks like, as far as it is known.
    #[must_use]
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// How many events of it are known.
    #[must_use]
    pub fn events_known(&self) -> u64 {
        self.tape.events()
    }

    /// Up to which time it is known, in microseconds.
    #[must_use]
    pub fn known_us(&self) -> u64 {
        self.reached.at_us
    }

    /// Whether the whole recording was done.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.reached >= self.recording.end
    }

    /// Where it replays differently from when it was written down, if it does.
    #[must_use]
    pub fn differs(&self) -> Option<Differs> {
        self.differs
    }

    /// The next recorded action for a run that has done so many of them.
    pub(super) fn pending(&self, run: &Run) -> Option<&super::Stamped> {
        self.recording.actions.get(run.recording.actions.len())
    }

    /// Notes what is new of the run: events that nobody has seen, and how late it is. Whether there were
    /// events.
    pub(super) fn note(&mut self, run: &Run) -> bool {
        let (known, events) = (self.tape.events(), run.world.events());
        for id in known..events {
            if let Some(event) = run.event(crate::sim::EventId(id)) {
                self.tape.note(event);
            }
        }
        for violation in run.violations().iter().skip(self.violations) {
            self.tape.note_violation(violation);
        }
        self.violations = self.violations.max(run.violations().len());
        self.reached = self.reached.max(run.stamp());
        if events > known {
            self.digest = run.digest();
            self.verify(known, events);
        }
        events > known
    }

    /// Compares with the digests that were written down.
    fn verify(&mut self, known: u64, events: u64) {
        let reached = self.marks.partition_point(|mark| mark.events <= known);
        for place in reached..self.marks.len() {
            let mark = &self.marks[place];
            if self.differs.is_some() || mark.events > events {
                return;
            }
            // A place that is passed over is one that this run does not have.
            if mark.events < events || mark.digest != self.digest {
                let same_until = place.checked_sub(1).map_or(0, |before| self.marks[before].events);
                self.differs = Some(Differs { same_until, by: mark.events });
            }
        }
    }
}
