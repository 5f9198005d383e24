//! What was done in a run since it was last stored as a whole: short lines that are written before the
//! action that they tell of, so that whatever breaks off then, nothing that was done is lost.
//!
//! Lines have numbers that grow. A stored run knows the number of the last line that it contains, so a
//! journal can be applied at any time, and twice.

use super::{Document, Stamp, Stamped};
use serde::{Deserialize, Serialize};

/// The lines of a run's journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journal {
    /// The whole run when it began, or when its branches last changed. The text of a document, or nothing
    /// where it could not be noted: then what follows can be told of no branch.
    pub whole: Option<(u64, Option<String>)>,
    /// What was done since, in the branch that is shown.
    pub actions: Vec<(u64, Stamped)>,
    /// The moment that was shown last, and the number of the last line before it.
    pub moment: Option<(u64, Moment)>,
}

/// A moment of a branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Moment {
    /// When it is.
    pub at: Stamp,
    /// After how many events.
    pub events: u64,
}

impl Journal {
    /// Brings a stored run up to date; `stored` has the number of the last line that it contains. The same
    /// form comes out. Nothing, if there is neither a stored run nor a whole one in the journal.
    #[must_use]
    pub fn applied_to(self, stored: Option<(Document, u64)>) -> Option<(Document, u64)> {
        let known = stored.as_ref().map(|(_, line)| *line);
        let later = self.whole.filter(|(line, _)| known.is_none_or(|known| *line > known));
        // Lines from there on tell of a branch that could not be noted.
        let mut until = u64::MAX;
        let read = |(line, text): (u64, Option<String>)| {
            let document = text.and_then(|text| Document::from_text(&text).ok());
            until = if document.is_some() { u64::MAX } else { line };
            document.map(|document| (document, line))
        };
        let (mut document, mut line) = later.and_then(read).or(stored)?;
        let current = usize::try_from(document.current).ok()?;
        let recording = &mut document.branches.get_mut(current)?.recording;
        for (number, stamped) in self.actions {
            // What is out of order was written by nobody who knows the run.
            if number > line && number < until && stamped.when >= recording.end {
                recording.end = stamped.when;
                recording.actions.push(stamped);
                document.open.events = None;
                line = number;
            }
        }
        if let Some((_, moment)) = self.moment.filter(|(number, _)| (line..until).contains(number)) {
            let past = moment.at < recording.end;
            recording.end = recording.end.max(moment.at);
            document.open.events = past.then_some(moment.events);
        }
        document.check().is_ok().then_some((document, line))
    }
}
