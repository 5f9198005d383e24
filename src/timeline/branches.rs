//! The list of a timeline's branches: to look at another one, to name it, to delete it, to undo that; and
//! the timeline as data.

use super::branch::{Branch, BranchId};
use super::document::BRANCHES_MAX;
use super::document::{BranchData, Caption, DOCUMENT, DigestMark, Document, Opening};
use super::reel::{Target, Timeline};
use super::{Recording, RecordingError, Run, SEMANTICS, Unread};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many digests of a branch are written down, so that a replay can be compared with them.
const MARKS_MAX: usize = 32;
/// How many changes of the list can be undone.
const UNDO_MAX: usize = 20;

/// What can be undone.
#[derive(Clone, Debug)]
pub(super) enum Undo {
    Deleted(BranchId),
    Renamed(BranchId, String, bool),
}

/// What a branch is called that nobody has named.
pub(super) fn numbered(BranchId(id): BranchId) -> String {
    if id == 0 { "Main".into() } else { format!("Branch {id}") }
}

impl Timeline {
    /// What the document is called; empty when nobody has named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names the document.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.name = name.into();
    }

    /// The branches, oldest first, without those that were deleted.
    pub fn branches(&self) -> impl Iterator<Item = &Branch> {
        self.branches.iter().filter(|branch| !branch.deleted)
    }

    /// One of them.
    #[must_use]
    pub fn find_branch(&self, id: BranchId) -> Option<&Branch> {
        self.branches().find(|branch| branch.id == id)
    }

    /// The branch under which this one stands in the tree: the nearest of those that it comes from that
    /// was not deleted.
    #[must_use]
    pub fn parent(&self, branch: &Branch) -> Option<BranchId> {
        let mut parent = branch.parent;
        while let Some(id) = parent {
            let there = self.branches.iter().find(|branch| branch.id == id)?;
            if !there.deleted {
                break;
            }
            parent = there.parent;
        }
        parent
    }

    /// Looks at another branch, where it was looked at last. Whether it is there.
    pub fn switch(&mut self, id: BranchId) -> bool {
        let Some(branch) = self.find_branch(id) else { return false };
        if id == self.current {
            return true;
        }
        let run = Run::taken_up(branch.checkpoints.before_event(0), &branch.recording);
        self.leave();
        self.run = run;
        self.later = VecDeque::new();
        self.current = id;
        true
    }

    /// Where a branch was looked at last.
    #[must_use]
    pub fn left_at(&self, id: BranchId) -> Target {
        match self.find_branch(id).map(|branch| (branch.left_at, branch.events_known(), branch.is_known())) {
            Some((events, known, true)) if events < known => Target::Events(events),
            _ => Target::End,
        }
    }

    /// Remembers where the branch is left.
    pub(super) fn leave(&mut self) {
        let events = self.run.world.events();
        let branch = self.branch_mut();
        branch.left_at = events;
        branch.checkpoints.rest();
    }

    /// Adds a recording with a course of its own, told in steps or not, at its beginning; or finds it.
    ///
    /// # Errors
    /// When it makes no run.
    pub fn add(
        &mut self,
        recording: &Recording,
        name: &str,
        captions: Vec<Caption>,
    ) -> Result<BranchId, RecordingError> {
        recording.check()?;
        // What is added comes from here, whoever made what it was taken from.
        let recording = &Recording { semantics: SEMANTICS, ..recording.clone() };
        if let Some(same) =
            self.branches.iter_mut().find(|branch| !branch.deleted && branch.recording == *recording)
        {
            same.captions = Arc::new(captions);
            return Ok(same.id);
        }
        let run = Run::from_start(&recording.setup, recording.start.clone())?;
        let id = self.new_id();
        let mut branch = Branch::beginning(id, name.to_owned(), &run, recording.clone());
        branch.captions = Arc::new(captions);
        branch.left_at = u64::MAX;
        self.branches.push(branch);
        self.make_room();
        Ok(id)
    }

    /// Tells a branch in steps, or no longer.
    pub fn tell(&mut self, id: BranchId, captions: Vec<Caption>) {
        if let Some(branch) = self.branches.iter_mut().find(|branch| branch.id == id) {
            branch.captions = Arc::new(captions);
        }
    }

    /// Names a branch. An empty name gives it its number back.
    pub fn rename(&mut self, id: BranchId, name: &str) {
        if let Some(branch) = self.branches.iter_mut().find(|branch| branch.id == id && branch.name != name) {
            let named = std::mem::replace(&mut branch.named, !name.is_empty());
            let name = if name.is_empty() { numbered(id) } else { name.to_owned() };
            let before = std::mem::replace(&mut branch.name, name);
            self.remember(Undo::Renamed(id, before, named));
        }
    }

    /// Names a branch after what was done in it, unless somebody has named it.
    pub fn call(&mut self, id: BranchId, name: String) {
        if let Some(branch) = self.branches.iter_mut().find(|branch| branch.id == id && !branch.named) {
            branch.name = name;
        }
    }

    /// Deletes a branch; what came from it stays. Whether it could be: the one that is looked at cannot.
    pub fn delete(&mut self, id: BranchId) -> bool {
        let current = self.current;
        let Some(branch) = self.branches.iter_mut().find(|branch| branch.id == id && id != current) else {
            return false;
        };
        branch.deleted = true;
        branch.checkpoints.rest();
        self.remember(Undo::Deleted(id));
        true
    }

    /// Undoes the last change of the list. Which branch it was about, if there was one.
    pub fn undo(&mut self) -> Option<BranchId> {
        let undo = self.undo.pop()?;
        let (Undo::Deleted(id) | Undo::Renamed(id, ..)) = undo;
        let branch = self.branches.iter_mut().find(|branch| branch.id == id)?;
        match undo {
            Undo::Deleted(_) => branch.deleted = false,
            Undo::Renamed(_, name, named) => (branch.name, branch.named) = (name, named),
        }
        Some(id)
    }

    /// Whether there is anything to undo.
    #[must_use]
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    fn remember(&mut self, undo: Undo) {
        self.undo.push(undo);
        if self.undo.len() > UNDO_MAX
            && let Undo::Deleted(id) = self.undo.remove(0)
        {
            self.branches.retain(|branch| branch.id != id || !branch.deleted);
        }
    }

    pub(super) fn new_id(&mut self) -> BranchId {
        let id = BranchId(self.next_id);
        self.next_id += 1;
        id
    }

    /// Where there are too many branches, the oldest goes that nobody has named or looks at.
    pub(super) fn make_room(&mut self) {
        while self.branches().count() > BRANCHES_MAX {
            let (current, last) = (self.current, self.branches.last().map(|branch| branch.id));
            let spare = |branch: &&Branch| !branch.deleted && branch.id != current && Some(branch.id) != last;
            let oldest = self.branches.iter().find(|branch| spare(branch) && !branch.named);
            let Some(id) = oldest.or(self.branches.iter().find(spare)).map(|branch| branch.id) else {
                return;
            };
            self.delete(id);
        }
    }

    /// Goes on with the branch that is looked at, by this meaning, whichever it was made by. To act at its end
    /// or to let time go by there does that as well.
    pub fn go_on_here(&mut self) {
        self.branch_mut().go_on();
    }
}

// As data.
impl Timeline {
    /// The whole timeline as data, with the moment as the one to open at.
    #[must_use]
    pub fn document(&self) -> Document {
        let ids: Vec<BranchId> = self.branches().map(|branch| branch.id).collect();
        let number = |id: BranchId| ids.iter().position(|other| *other == id).map(|at| at as u32);
        let data = |branch: &Branch| BranchData {
            name: branch.name.clone(),
            parent: self.parent(branch).and_then(number),
            fork: branch.fork,
            recording: branch.recording.clone(),
            marks: marks(branch),
            captions: branch.captions.to_vec(),
        };
        Document {
            wavetank: DOCUMENT,
            name: self.name.clone(),
            branches: self.branches().map(data).collect(),
            current: number(self.current).unwrap_or_default(),
            open: Opening { events: (!self.is_at_end()).then_some(self.run.world.events()), playing: false },
        }
    }

    /// A document, at the beginning of its current branch: [`Timeline::seek`] does it.
    ///
    /// # Errors
    /// When a branch makes no run.
    pub fn open(document: &Document) -> Result<Timeline, RecordingError> {
        let branches: Result<Vec<Branch>, RecordingError> =
            (0..).map(BranchId).zip(&document.branches).map(|(id, data)| Branch::read(id, data)).collect();
        let branches = branches?;
        let current = BranchId(document.current);
        let first = branches.iter().find(|branch| branch.id == current).or(branches.first());
        let Some(first) = first else {
            return Err(RecordingError::Unreadable(Unread::lacks("it has no branch")));
        };
        Ok(Timeline {
            name: document.name.clone(),
            current: first.id,
            next_id: branches.len() as u32,
            undo: Vec::new(),
            run: Run::taken_up(first.checkpoints.before_event(0), &first.recording),
            later: VecDeque::new(),
            branches,
        })
    }
}

/// Digests at some places of a branch, and at its end.
fn marks(branch: &Branch) -> Vec<DigestMark> {
    if !branch.is_known() || branch.recording.semantics < SEMANTICS {
        // What its document says of it still holds: of an earlier meaning, or as far as anybody knows.
        return branch.comparison.marks().to_vec();
    }
    let checkpoints: Vec<DigestMark> = branch
        .checkpoints
        .iter()
        .skip(1)
        .map(|checkpoint| DigestMark { events: checkpoint.events(), digest: checkpoint.digest })
        .collect();
    let every = checkpoints.len().div_ceil(MARKS_MAX - 1).max(1);
    let mut marks: Vec<DigestMark> = checkpoints.into_iter().step_by(every).collect();
    let end = DigestMark { events: branch.events_known(), digest: branch.digest };
    marks.retain(|mark| mark.events < end.events);
    marks.push(end);
    marks
}
