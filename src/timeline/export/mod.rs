//! A run told to other programs: its trace ([`trace`]), what its clients saw ([`history`]), and a space-time
//! diagram ([`shiviz`]).
//! `docs/formats.md` describes what they write.
//!
//! **An export is a replay of the recording**, told event by event, so a long run needs no more memory
//! than a short one.

pub mod history;
pub mod shiviz;
pub mod trace;
mod wire;

use super::{Played, Recording, RecordingError, digest_event, play};
use crate::check::Checker;
use crate::raft::{Guard, Observer};
use crate::sim::{Digest, Event, Stepped, Watch, World};
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

/// An event that has just happened, and what is around it.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The world right after it.
    pub world: &'a World,
    /// The event.
    pub event: &'a Event,
    /// What watches over the run.
    pub checker: &'a Checker,
    /// The last events, this one included, oldest first: as many as the listener wants to be remembered.
    pub trace: &'a VecDeque<Arc<Event>>,
}

/// Someone to whom a run is told.
pub trait Listener {
    /// How many of the last events it wants to look back on.
    const REMEMBERS: usize;

    /// The world before the first event.
    ///
    /// # Errors
    /// When it can't listen any longer; nothing more is told then.
    fn begin(&mut self, recording: &Recording, world: &World) -> io::Result<()>;

    /// Something has happened.
    ///
    /// # Errors
    /// When it can't listen any longer; nothing more is told then.
    fn hear(&mut self, moment: Moment) -> io::Result<()>;

    /// That was all.
    ///
    /// # Errors
    /// When it could not listen to the end.
    fn end(&mut self, _: &World) -> io::Result<()> {
        Ok(())
    }
}

/// Several listen in one replay.
impl<A: Listener, B: Listener> Listener for (A, B) {
    const REMEMBERS: usize = if A::REMEMBERS > B::REMEMBERS { A::REMEMBERS } else { B::REMEMBERS };

    fn begin(&mut self, recording: &Recording, world: &World) -> io::Result<()> {
        self.0.begin(recording, world)?;
        self.1.begin(recording, world)
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        self.0.hear(moment)?;
        self.1.hear(moment)
    }

    fn end(&mut self, world: &World) -> io::Result<()> {
        self.0.end(world)?;
        self.1.end(world)
    }
}

/// One who may be missing.
impl<L: Listener> Listener for Option<L> {
    const REMEMBERS: usize = L::REMEMBERS;

    fn begin(&mut self, recording: &Recording, world: &World) -> io::Result<()> {
        self.as_mut().map_or(Ok(()), |listener| listener.begin(recording, world))
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        self.as_mut().map_or(Ok(()), |listener| listener.hear(moment))
    }

    fn end(&mut self, world: &World) -> io::Result<()> {
        self.as_mut().map_or(Ok(()), |listener| listener.end(world))
    }
}

/// Why a run was not told to its end.
#[derive(Debug)]
pub enum TellError {
    /// The recording makes no run.
    Recording(RecordingError),
    /// The listener could not go on.
    Listener(io::Error),
}

impl From<RecordingError> for TellError {
    fn from(why: RecordingError) -> TellError {
        TellError::Recording(why)
    }
}

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct Told {
    /// The world at the end.
    pub world: World,
    /// What watched over it.
    pub checker: Checker,
    /// The digest of everything that happened.
    pub digest: Digest,
}

/// Does a recording again and tells it.
///
/// # Errors
/// When the recording makes no run, or the listener can't go on.
pub fn tell<L: Listener>(recording: &Recording, listener: &mut L) -> Result<Told, TellError> {
    let played = play(
        recording,
        |world| Teller {
            went: listener.begin(recording, world),
            listener,
            checker: Checker::new(world),
            digest: Digest::default(),
            guards: Vec::new(),
            trace: VecDeque::new(),
        },
        |teller| teller.went.is_err(),
    );
    let Played { world, watch, .. } = played?;
    let Teller { listener, checker, digest, went, .. } = watch;
    went.and_then(|()| listener.end(&world)).map_err(TellError::Listener)?;
    Ok(Told { world, checker, digest })
}

/// The watcher that does the telling.
struct Teller<'a, L> {
    listener: &'a mut L,
    checker: Checker,
    digest: Digest,
    guards: Vec<Guard>,
    trace: VecDeque<Arc<Event>>,
    /// How it went so far.
    went: io::Result<()>,
}

impl<L: Listener> Observer for Teller<'_, L> {
    const WATCHES: bool = true;

    fn decided(&mut self, guard: Guard) {
        self.guards.push(guard);
    }
}

impl<L: Listener> Watch for Teller<'_, L> {
    fn happened(&mut self, world: &World, step: &Stepped, event: Option<Event>) {
        self.checker.look(world, step);
        let Some(mut event) = event else { return };
        digest_event(&mut self.digest, &event);
        event.guards = std::mem::take(&mut self.guards);
        if self.went.is_err() {
            return;
        }
        let event = Arc::new(event);
        if L::REMEMBERS > 0 {
            if self.trace.len() == L::REMEMBERS {
                self.trace.pop_front();
            }
            self.trace.push_back(Arc::clone(&event));
        }
        let moment = Moment { world, event: &event, checker: &self.checker, trace: &self.trace };
        self.went = self.listener.hear(moment);
    }
}
