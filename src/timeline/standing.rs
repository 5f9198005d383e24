//! Whether a run that was written down runs here as it did there.
//!
//! There is one core, so a recording of an earlier meaning ([`SEMANTICS`]) runs by this one. Files and links
//! carry digests of places along the run. Where all of them come about again, the recording is taken over: it
//! is of this meaning from then on. Where one does not, or where there are none, it stays what it was until
//! somebody goes on with it.

use super::{BranchData, DigestMark, EVENTS_MAX, RecordingError, Run, SEMANTICS, Script};
use crate::sim::Digest;

/// A place in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// After so many events.
    pub events: u64,
    /// The time then, in microseconds.
    pub at_us: u64,
}

impl Place {
    pub(super) fn of(run: &Run) -> Place {
        Place { events: run.world().events(), at_us: run.world().now_us() }
    }
}

/// Where a recording runs differently here from where it was made. Digests stand at some places only, so the
/// first event that differs lies between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differs {
    /// The last place that is known to be the same.
    pub same_until: Place,
    /// The first place that is known to differ: its number of events as it was written down, and the time
    /// here.
    pub by: Place,
}

/// Whether a run that was written down runs here as it did there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is this meaning's: made by it, or taken over because every digest came about again.
    Own,
    /// It is of an earlier meaning, the same so far, and not yet done to its end.
    Open,
    /// It is of an earlier meaning, and has no digest to compare with.
    Unmarked,
    /// It runs differently.
    Differs(Differs),
    /// It could not be taken over, and somebody has gone on with it all the same, by this meaning.
    GoneOn,
}

/// Compares a run, while it is done again, with the digests that were written down.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    semantics: u32,
    marks: Vec<DigestMark>,
    /// How many of them are behind.
    passed: usize,
    standing: Standing,
    /// The last place that was the same.
    same_until: Place,
}

impl Comparison {
    /// Of a run that nobody has written down before.
    pub(super) fn nothing() -> Comparison {
        Comparison {
            semantics: SEMANTICS,
            marks: Vec::new(),
            passed: 0,
            standing: Standing::Own,
            same_until: Place::default(),
        }
    }

    /// Of a run that is at its beginning, with what its document says.
    pub(super) fn begin(data: &BranchData, run: &Run) -> Comparison {
        let semantics = data.recording.semantics;
        let standing = if semantics < SEMANTICS { Standing::Open } else { Standing::Own };
        let marks = data.marks.clone();
        let mut comparison = Comparison { semantics, marks, standing, ..Comparison::nothing() };
        comparison.look(Place::of(run), run.digest());
        comparison
    }

    /// By which meaning the run was written down.
    pub(super) fn semantics(&self) -> u32 {
        self.semantics
    }

    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// The digests that were written down.
    pub(super) fn marks(&self) -> &[DigestMark] {
        &self.marks
    }

    /// The run has come to another place.
    pub(super) fn look(&mut self, here: Place, digest: Digest) {
        if !matches!(self.standing, Standing::Own | Standing::Open) {
            return;
        }
        while let Some(mark) = self.marks.get(self.passed).filter(|mark| mark.events <= here.events) {
            // A place that is passed over is one that this run does not have.
            if mark.events < here.events || mark.digest != digest {
                self.differs_by(mark.events, here.at_us);
                return;
            }
            self.passed += 1;
            self.same_until = here;
        }
    }

    /// The recording has come to its end there.
    pub(super) fn end(&mut self, here: Place) {
        if !matches!(self.standing, Standing::Own | Standing::Open) {
            return;
        }
        match self.marks.get(self.passed).copied() {
            // It never comes to so many events.
            Some(mark) => self.differs_by(mark.events, here.at_us),
            None if self.standing == Standing::Own => {}
            // Where nothing has happened there is nothing to compare.
            None if self.same_until.events > 0 || here.events == 0 => self.standing = Standing::Own,
            None => self.standing = Standing::Unmarked,
        }
    }

    fn differs_by(&mut self, events: u64, at_us: u64) {
        let by = Place { events, at_us };
        self.standing = Standing::Differs(Differs { same_until: self.same_until, by });
    }

    /// Somebody goes on with the run.
    pub(super) fn go_on(&mut self) {
        if self.semantics < SEMANTICS && self.standing != Standing::Own {
            self.standing = Standing::GoneOn;
        }
        self.marks.clear();
        self.passed = 0;
    }
}

impl BranchData {
    /// Does the run again, as far as is needed to know whether it runs here as it did where it was made.
    /// Never [`Standing::Open`] or [`Standing::GoneOn`].
    ///
    /// # Errors
    /// When the recording makes no run.
    pub fn standing(&self) -> Result<Standing, RecordingError> {
        let (mut run, mut script) = Script::begin(&self.recording)?;
        run.keep_events(0);
        let mut comparison = Comparison::begin(self, &run);
        while !matches!(comparison.standing, Standing::Differs(_)) && script.step(&mut run, &mut |_, _| {}) {
            if run.world().events() > EVENTS_MAX {
                return Err(RecordingError::TooManyEvents(EVENTS_MAX));
            }
            comparison.look(Place::of(&run), run.digest());
        }
        comparison.end(Place::of(&run));
        Ok(comparison.standing)
    }
}
