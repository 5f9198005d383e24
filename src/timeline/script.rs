//! A recording that is done again step by step, so that one can look on.

use super::{Recording, RecordingError, Run, Stamp, Stamped};
use crate::sim::Action;
use std::collections::VecDeque;

/// What is still to be done in a recording.
#[derive(Clone, Debug)]
pub struct Script {
    rest: VecDeque<Stamped>,
    end: Stamp,
}

impl Script {
    /// The run at a recording's beginning, and all that is to be done in it.
    ///
    /// # Errors
    /// When the recording makes no run.
    pub fn begin(recording: &Recording) -> Result<(Run, Script), RecordingError> {
        recording.check()?;
        let run = Run::from_start(&recording.setup, recording.start.clone())?;
        Ok((run, Script { rest: recording.actions.clone().into(), end: recording.end }))
    }

    /// When the next thing happens, by itself or by an action, in microseconds. Nothing at the end.
    pub fn next_us(&self, run: &mut Run) -> Option<u64> {
        let action = self.rest.front().map(|stamped| stamped.when);
        if run.happens_before(action.unwrap_or(self.end)) {
            run.next_us()
        } else {
            action.map(|when| when.at_us)
        }
    }

    /// Lets the next thing happen: an event, or an action, of which `note` hears before. Whether there was
    /// one; at the end the last time goes by, once.
    pub fn step(&mut self, run: &mut Run, note: &mut dyn FnMut(Stamp, &Action)) -> bool {
        let until = self.rest.front().map_or(self.end, |stamped| stamped.when);
        if run.happens_before(until) {
            return run.step().is_some();
        }
        run.world.pass_to(until.at_us);
        let Some(Stamped { action, .. }) = self.rest.pop_front() else { return false };
        note(run.stamp(), &action);
        // What did nothing then does nothing now; the event says so.
        let _ = run.act(action);
        true
    }
}
