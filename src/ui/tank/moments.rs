//! To go back and forth: to another moment, another branch, another run.

use super::{Tank, Tone};
use crate::explain::{self, Scene, duration, sentence};
use crate::sim::What;
use crate::timeline::{
    BRANCHES_MAX, BranchId, Document, EVENTS_MAX, Landmark, Recording, RecordingError, SEMANTICS, Standing,
    Target, Timeline,
};
use crate::ui::desk::now_ms;
use crate::ui::kept;
use crate::ui::words::clip;

/// So much real time of a frame goes into seeking, in milliseconds.
const SEEK_MS: f64 = 12.0;
/// So many events are sought at once.
const SLICE: u64 = 1000;
/// The most events in which a landmark is looked for.
const LANDMARK_EVENTS: u64 = 20_000;
/// How many things can be gone back to.
const EARLIER_MAX: usize = 12;
/// The longest name that a branch gets by itself, in characters.
const NAME_MAX: usize = 60;

/// What was looked at before.
pub(super) enum Earlier {
    /// A branch of the run that is looked at.
    Branch(BranchId),
    /// Another run, and what it is called among the kept ones.
    Document(String, Box<Document>),
}

// Another moment.
impl Tank {
    /// Stops time and goes to a moment of the branch; over several frames, if it is far.
    pub fn seek(&self, to: Target) {
        self.0.playing.set(false);
        self.settle_pace();
        self.0.sought.set(Some((to, false)));
        self.0.then.set(None);
        self.go_on_seeking();
    }

    /// The same in a branch that was just opened. One of an earlier meaning is done to its end first, so that
    /// it is known whether it runs as it did.
    fn seek_at_first(&self, to: Target, plays: bool) {
        let open = self.look(|timeline| timeline.branch().standing() == Standing::Open);
        self.0.sought.set(Some((if open { Target::End } else { to }, plays)));
        self.0.then.set(open.then_some(to));
        self.go_on_seeking();
    }

    /// The same by a time of the picture, in microseconds.
    pub fn seek_us(&self, at_us: f64) {
        self.seek(Target::Time(at_us.max(0.0) as u64));
    }

    /// Where it is still on its way to, if it is.
    #[must_use]
    pub fn sought(&self) -> Option<Target> {
        self.0.sought.get().map(|(target, _)| target)
    }

    /// Goes on seeking for a part of a frame.
    pub(super) fn go_on_seeking(&self) {
        let Some((target, plays)) = self.0.sought.get() else { return };
        let until_ms = now_ms() + SEEK_MS;
        let mut found = false;
        while !found && now_ms() < until_ms && !self.is_full() {
            found = self.0.timeline.borrow_mut().seek(target, SLICE);
        }
        if self.is_full() && !found {
            self.0.sought.set(None);
            let text = format!(
                "More than {EVENTS_MAX} events lie before that moment: this is as far as a run goes."
            );
            self.notify(Tone::Trouble, text);
        } else if found {
            let then = self.0.then.take();
            self.0.sought.set(then.map(|then| (then, plays)));
            self.0.playing.set(plays && then.is_none());
        }
        self.moved();
    }

    /// Whether there are as many events as there can be.
    fn is_full(&self) -> bool {
        self.with(|run| run.world().events() >= EVENTS_MAX)
    }

    /// Finds at once what is still sought.
    pub fn find_now(&self) {
        while self.0.sought.get().is_some() {
            self.go_on_seeking();
        }
    }

    /// Says so if the run does not replay as it did where it was written down. One of an earlier meaning stays
    /// in the list as it is, unless it does.
    pub(super) fn compare_with_its_file(&self) {
        let (standing, made_by) = self.look(|timeline| {
            let branch = timeline.branch();
            (branch.standing(), branch.made_by())
        });
        match standing {
            Standing::Own => kept::take_over(),
            Standing::GoneOn => kept::go_on_in_copy(),
            _ => {}
        }
        if self.0.warned.get() {
            return;
        }
        if let Some(mut text) = explain::standing(standing, made_by) {
            self.0.warned.set(true);
            if kept::is_protected() {
                text.push_str(" It stays in the list (Runs) as it was made: to go on here makes a copy.");
            }
            self.notify(Tone::Trouble, text);
        }
    }

    /// Goes on with the branch by this page's meaning.
    pub fn go_on_here(&self) {
        self.0.timeline.borrow_mut().go_on_here();
        self.changed();
    }

    /// The moment is another one.
    fn moved(&self) {
        self.compare_with_its_file();
        self.0.view_us.set(self.with(|run| run.world().now_us() as f64));
        // What lies ahead again may stop the run again.
        self.0.heeded.set(self.0.heeded.get().min(self.with(|run| run.violations().len())));
        self.passed();
        self.changed();
    }

    /// Stops time and goes to the next landmark, or back to the one before.
    pub fn go_to(&self, what: Landmark, forward: bool) {
        self.find_now();
        self.0.playing.set(false);
        self.settle_pace();
        let found = self.0.timeline.borrow_mut().go_to(what, forward, LANDMARK_EVENTS);
        self.0.heeded.set(self.with(|run| run.violations().len()));
        self.moved();
        if !found {
            let name = match what {
                Landmark::Event => "event",
                Landmark::Message => "message that arrives",
                Landmark::Action => "action",
                Landmark::Commit => "commit",
                Landmark::Leader => "election",
                Landmark::Violation => "broken promise",
            };
            let text = if forward {
                format!("There was no {name} in what followed, up to here.")
            } else {
                format!("There is no {name} before this.")
            };
            self.notify(Tone::Note, text);
        }
    }

    /// Goes back to right before the last action. The action stays in what follows: to act now begins a
    /// branch.
    pub fn undo_action(&self) {
        self.find_now();
        let before = self.look(|timeline| timeline.before_last_action());
        match before {
            Some(events) => {
                self.seek(Target::Events(events));
                let text = "This is the moment before your last action. Act differently, and that is a branch; go on, and it happens again.";
                self.notify(Tone::Note, text);
            }
            None => self.notify(Tone::Note, "Nothing was done before this."),
        }
    }
}

// Another branch.
impl Tank {
    /// Somebody has acted in the past.
    pub(super) fn branched(&self) {
        let name = self.look(|timeline| {
            let run = timeline.run();
            let mut events = run
                .events()
                .iter()
                .skip_while(|event| Some(event.id.0) < timeline.branch().origin().map(|(_, fork)| fork));
            let event = events.find(|event| matches!(event.what, What::Acted { .. }))?;
            let text = sentence(event, Scene::of(run)).to_string();
            let short = text.split([':', ';', '.', ',']).next().unwrap_or_default();
            let when = if event.at_us == 0 { "at the start".to_owned() } else { duration(event.at_us) };
            Some(format!("{} · {when}", clip(short, NAME_MAX)))
        });
        let mut timeline = self.0.timeline.borrow_mut();
        let id = timeline.branch().id();
        if let Some(name) = name {
            timeline.call(id, name);
        }
        let origin = timeline.branch().origin().map(|(parent, _)| parent);
        let full = timeline.branches().count() >= BRANCHES_MAX;
        let from = origin.and_then(|id| timeline.find_branch(id)).map(|branch| branch.name().to_owned());
        drop(timeline);
        if let Some(parent) = origin {
            self.push_earlier(Earlier::Branch(parent));
        }
        if full {
            let text = format!(
                "A run has {BRANCHES_MAX} branches at most: the oldest that nobody has named makes room for a new one. ‘Undo the last change here’ under Branches brings it back."
            );
            self.notify(Tone::Note, text);
        }
        if let Some(from) = from {
            self.notify(Tone::Note, format!("From here on this is a branch of its own. What followed before is kept: see ‘{from}’ under Branches."));
        }
    }

    /// Looks at another branch, where it was looked at last.
    pub fn switch(&self, id: BranchId) {
        let before = self.look(|timeline| timeline.branch().id());
        if before == id || !self.0.timeline.borrow_mut().switch(id) {
            return;
        }
        self.push_earlier(Earlier::Branch(before));
        self.show();
        let (at, own) =
            self.look(|timeline| (timeline.left_at(id), timeline.recording().semantics == SEMANTICS));
        kept::protect(!own);
        if own {
            self.note_branches();
        }
        self.0.playing.set(false);
        self.settle_pace();
        self.seek_at_first(at, false);
    }

    /// Names a branch.
    pub fn rename_branch(&self, id: BranchId, name: &str) {
        self.0.timeline.borrow_mut().rename(id, name);
        self.note_branches();
        self.changed();
    }

    /// Deletes a branch. The one that is looked at is left for the one that it comes from, or another.
    pub fn delete_branch(&self, id: BranchId) {
        let other = self.look(|timeline| {
            let branch = timeline.find_branch(id)?;
            let other = timeline.branches().map(crate::timeline::Branch::id).find(|other| *other != id);
            timeline.parent(branch).or(other)
        });
        let Some(other) = other else {
            return self.notify(Tone::Note, "This is the only branch: begin another run instead.");
        };
        kept::go_on_in_copy();
        if self.look(|timeline| timeline.branch().id()) == id {
            self.switch(other);
        }
        self.0.timeline.borrow_mut().delete(id);
        self.0
            .earlier
            .borrow_mut()
            .retain(|earlier| !matches!(earlier, Earlier::Branch(gone) if *gone == id));
        self.note_branches();
        self.changed();
    }

    /// Undoes the last change in the list of branches.
    pub fn undo_branches(&self) {
        kept::go_on_in_copy();
        self.0.timeline.borrow_mut().undo();
        self.note_branches();
        self.changed();
    }
}

// Another run.
impl Tank {
    /// The run with all its branches as data.
    #[must_use]
    pub fn document(&self) -> Document {
        self.look(|timeline| Document {
            open: crate::timeline::Opening { playing: self.is_playing(), ..timeline.document().open },
            ..timeline.document()
        })
    }

    /// Shows another run, at the moment at which it wants to be opened. The one before can be gone back to.
    ///
    /// # Errors
    /// When it makes no run; what was running goes on.
    pub fn open_document(&self, document: &Document) -> Result<(), RecordingError> {
        self.put(Timeline::open(document)?);
        self.settle_pace();
        self.0.playing.set(false);
        self.tell_if_told();
        let target = document.open.events.map_or(Target::End, Target::Events);
        self.seek_at_first(target, document.open.playing);
        Ok(())
    }

    /// Names the run.
    pub fn set_name(&self, name: &str) {
        self.0.timeline.borrow_mut().set_name(name);
        self.note_branches();
        self.changed();
    }

    /// A run is left for another one.
    pub(super) fn remember(&self, before: &Timeline) {
        self.0.earlier.borrow_mut().retain(|earlier| matches!(earlier, Earlier::Document(..)));
        self.push_earlier(Earlier::Document(kept::id(), Box::new(before.document())));
    }

    pub(super) fn push_earlier(&self, what: Earlier) {
        let mut earlier = self.0.earlier.borrow_mut();
        earlier.push_front(what);
        earlier.truncate(EARLIER_MAX);
    }

    /// What one would go back to, in words, if there is anything.
    #[must_use]
    pub fn earlier(&self) -> Option<String> {
        match self.0.earlier.borrow().front()? {
            Earlier::Branch(id) => self.look(|timeline| Some(timeline.find_branch(*id)?.name().to_owned())),
            Earlier::Document(_, document) => {
                let Recording { setup, actions, end, .. } = &document.branch()?.recording;
                let time = duration(end.at_us);
                Some(format!("seed {}, {} actions, {time}", setup.seed, actions.len()))
            }
        }
    }

    /// Goes back to what was looked at before. What is looked at now becomes the last of those.
    pub fn go_back(&self) {
        let Some(earlier) = self.0.earlier.borrow_mut().pop_front() else { return };
        let mut others = self.0.earlier.take();
        match earlier {
            Earlier::Branch(id) => self.switch(id),
            Earlier::Document(id, document) => {
                kept::again(&id);
                if let Err(error) = self.open_document(&document) {
                    self.notify(Tone::Trouble, error.to_string());
                }
            }
        }
        // What was left just now goes to the end of the row; of another run there are no branches here.
        let mut left = self.0.earlier.take();
        if matches!(left.front(), Some(Earlier::Document(..))) {
            others.retain(|earlier| matches!(earlier, Earlier::Document(..)));
        }
        others.append(&mut left);
        self.0.earlier.replace(others);
        self.changed();
    }
}
