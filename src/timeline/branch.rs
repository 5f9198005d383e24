//! One course of a run, with all that is known of it.

use super::checkpoints::Checkpoints;
use super::document::{BranchData, Caption};
use super::standing::{Comparison, Place, Standing};
use super::{Recording, RecordingError, Run, SEMANTICS, Stamp, Tape};
use crate::sim::Digest;
use std::sync::Arc;

/// Names a branch, as long as its timeline lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BranchId(pub u32);

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
    /// Whether it runs as its file or link says.
    pub(super) comparison: Comparison,
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
            comparison: Comparison::nothing(),
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
        branch.comparison = Comparison::begin(data, &run);
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

    /// Whether it runs as it did where it was written down.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.comparison.standing()
    }

    /// By which meaning ([`SEMANTICS`]) it was written down.
    #[must_use]
    pub fn made_by(&self) -> u32 {
        self.comparison.semantics()
    }

    /// Somebody goes on with it: from now on it is this meaning's, whatever it was before.
    pub(super) fn go_on(&mut self) {
        if self.recording.semantics < SEMANTICS {
            self.recording.semantics = SEMANTICS;
            self.comparison.go_on();
        }
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
            self.comparison.look(Place::of(run), self.digest);
        }
        self.take_over(run);
        events > known
    }

    /// At the end of its recording: takes it over, if it is of an earlier meaning and ran as it did there.
    fn take_over(&mut self, run: &Run) {
        if self.is_known() && run.world.events() == self.tape.events() && self.pending(run).is_none() {
            self.comparison.end(Place::of(run));
            if self.standing() == Standing::Own {
                self.recording.semantics = SEMANTICS;
            }
        }
    }
}
