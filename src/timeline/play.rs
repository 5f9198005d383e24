//! A recording done again for somebody who looks on, without the trace and the digest of a [`Run`](super::Run).

use super::{EVENTS_MAX, Recording, RecordingError, Stamp, Start};
use crate::sim::{Setup, Watch, World, notation};

/// How far a recording was done.
#[derive(Debug)]
pub struct Played<W> {
    /// The world at the end.
    pub world: World,
    /// Who looked on.
    pub watch: W,
    /// When its actions were done, as far as they were: a recording may give a later place within an
    /// instant than there is.
    pub moments: Vec<Stamp>,
}

/// Does a recording again, up to its end, or until who looks on has seen enough: it is asked after every
/// event and every action.
///
/// # Errors
/// When the recording makes no run.
pub fn play<W: Watch>(
    recording: &Recording,
    watch: impl FnOnce(&World) -> W,
    enough: impl Fn(&W) -> bool,
) -> Result<Played<W>, RecordingError> {
    recording.check()?;
    let world = recording.start.world(&recording.setup)?;
    let watch = watch(&world);
    let mut played = Played { world, watch, moments: Vec::new() };
    for stamped in &recording.actions {
        played.go_to(stamped.when, &enough)?;
        if enough(&played.watch) {
            return Ok(played);
        }
        played.moments.push(moment(&played.world));
        // What did nothing then does nothing now; the event says so.
        let _ = played.world.act(&stamped.action, &mut played.watch);
    }
    played.go_to(recording.end, &enough)?;
    Ok(played)
}

impl<W: Watch> Played<W> {
    fn go_to(&mut self, moment: Stamp, enough: &impl Fn(&W) -> bool) -> Result<(), RecordingError> {
        while !enough(&self.watch) {
            if self.world.events() > EVENTS_MAX {
                return Err(RecordingError::TooManyEvents(EVENTS_MAX));
            }
            if !happens_before(&mut self.world, moment) {
                self.world.pass_to(moment.at_us);
                break;
            }
            self.world.step(&mut self.watch);
        }
        Ok(())
    }
}

/// The moment.
#[must_use]
pub fn moment(world: &World) -> Stamp {
    Stamp { at_us: world.now_us(), k: world.at_instant() }
}

/// Whether anything happens by itself before that moment.
pub(super) fn happens_before(world: &mut World, Stamp { at_us, k }: Stamp) -> bool {
    let Some(next_us) = world.next_us() else { return false };
    let here = if next_us > world.now_us() { 0 } else { world.at_instant() };
    next_us < at_us || next_us == at_us && here < k
}

impl Start {
    /// The world that begins so.
    ///
    /// # Errors
    /// When the setup or the starting state makes no run.
    pub fn world(&self, setup: &Setup) -> Result<World, RecordingError> {
        setup.check().map_err(RecordingError::Setup)?;
        match self {
            Start::Empty => Ok(World::new(setup)),
            Start::State(text) => notation::parse(text)
                .and_then(|states| World::in_state(setup, &states))
                .map_err(RecordingError::Start),
        }
    }
}
