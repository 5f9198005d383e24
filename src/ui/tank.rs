//! The page's one run, and the moment of it that is shown. Everything on the page reads from here and
//! acts through here.
//!
//! **Nothing that the page does for looking reaches the world**: speed, frame rate and selection are
//! kept beside the run, never in it. No borrow is held while somebody is called back.

mod moments;
mod pace;
mod playback;

pub use playback::PlaybackView;

use super::frame::FrameLoop;
use super::{kept, prefs};
use crate::raft::{Index, ServerId};
use crate::sim::{Action, ClientId, EventId, PacketName, Refusal, Setup};
use crate::timeline::{
    ACTIONS_MAX, Actor, EVENTS_MAX, RUN_US_MAX, Recording, RecordingError, Run, Stamp, Start, Target,
    Timeline,
};
use moments::Earlier;
use pace::Pace;
use playback::Telling;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

/// The slowest speed: virtual seconds per real second.
pub const SPEED_MIN: f64 = 0.001;
/// The fastest speed.
pub const SPEED_MAX: f64 = 10.0;
/// The speed at which a message can be followed by eye.
pub const SPEED_USUAL: f64 = 0.02;
/// The most events in one frame. What is left happens in the next: the picture slows down instead of
/// stopping.
const EVENTS_PER_FRAME: u64 = 3000;
/// The most real time that one frame makes up for, after a hidden tab for instance.
const FRAME_MS_MAX: f64 = 50.0;
/// Above this speed of flow the page re-renders only so often (in milliseconds): nothing flashes.
const CALM_MS: f64 = 120.0;
/// A message that travels for less than this, in real milliseconds, is not drawn by itself.
const FOLLOWED_MS: f64 = 140.0;

/// What the details are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selected {
    /// A server.
    Server(ServerId),
    /// A client.
    Client(ClientId),
    /// A message on its way.
    Message(PacketName),
    /// A link, both directions of it.
    Link(ServerId, ServerId),
    /// An entry in a server's log.
    Entry(ServerId, Index),
    /// An event of the trace.
    Event(EventId),
    /// Who the cluster is made of.
    Members,
}

/// How serious a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Good to know.
    Note,
    /// Something was not done.
    Trouble,
}

/// A sentence for the person, until it is dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Tells notices apart.
    pub id: u64,
    /// How serious.
    pub tone: Tone,
    /// The sentence.
    pub text: String,
}

/// The moment of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// The virtual time of the picture, in microseconds, with fractions.
    pub view_us: f64,
    /// Real milliseconds since the frame before, at most `FRAME_MS_MAX`.
    pub passed_ms: f64,
}

type Callback<T> = Rc<dyn Fn(T)>;

/// A list of callbacks, each of which can leave again.
struct Callbacks<T>(RefCell<Vec<(u64, Callback<T>)>>);

impl<T: Copy> Callbacks<T> {
    fn call(&self, value: T) {
        let callbacks: Vec<Callback<T>> = self.0.borrow().iter().map(|(_, f)| Rc::clone(f)).collect();
        callbacks.into_iter().for_each(|f| f(value));
    }
}

struct Inner {
    timeline: RefCell<Timeline>,
    /// The branch that is told step by step, if one is.
    telling: RefCell<Option<Telling>>,
    /// What was looked at before, the last first.
    earlier: RefCell<VecDeque<Earlier>>,
    /// A moment that is still sought, and whether time goes by once it is found.
    sought: Cell<Option<(Target, bool)>>,
    /// Where to go once that is found.
    then: Cell<Option<Target>>,
    /// Whether it was said that the branch replays differently from its file.
    warned: Cell<bool>,
    /// How many of the broken promises the person has let pass.
    heeded: Cell<usize>,
    /// Whether a broken promise stops the run.
    stops: Cell<bool>,
    view_us: Cell<f64>,
    speed: Cell<f64>,
    pace: Cell<Pace>,
    playing: Cell<bool>,
    selected: Cell<Option<Selected>>,
    notices: RefCell<Vec<Notice>>,
    /// Grows with everything that somebody may want to show anew.
    revision: Cell<u64>,
    /// Which run this is: grows with each reset and load.
    generation: Cell<u64>,
    /// The revision that the subscribers know of.
    told: Cell<u64>,
    since_told_ms: Cell<f64>,
    subscribers: Callbacks<()>,
    painters: Callbacks<Moment>,
    next_id: Cell<u64>,
    frames: RefCell<Option<FrameLoop>>,
}

/// A handle on the page's one run. Cheap to clone; all clones are the same tank.
#[derive(Clone)]
pub struct Tank(Rc<Inner>);

impl PartialEq for Tank {
    fn eq(&self, other: &Tank) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Ends a subscription when it is dropped.
pub struct Subscription {
    inner: Weak<Inner>,
    id: u64,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.subscribers.0.borrow_mut().retain(|(id, _)| *id != self.id);
            inner.painters.0.borrow_mut().retain(|(id, _)| *id != self.id);
        }
    }
}

thread_local! {
    static PAGE: RefCell<Option<Tank>> = const { RefCell::new(None) };
}

impl Tank {
    /// A tank with a run that has just begun, playing.
    ///
    /// # Errors
    /// When the setup or the starting state makes no run.
    pub fn new(setup: &Setup, start: Start) -> Result<Tank, RecordingError> {
        let timeline = Timeline::new(setup, start)?;
        kept::begin(&timeline.document());
        Ok(Tank(Rc::new(Inner {
            timeline: RefCell::new(timeline),
            telling: RefCell::new(None),
            earlier: RefCell::new(VecDeque::new()),
            sought: Cell::new(None),
            then: Cell::new(None),
            warned: Cell::new(false),
            heeded: Cell::new(0),
            stops: Cell::new(prefs::read("stop").as_deref() != Some("off")),
            view_us: Cell::new(0.0),
            speed: Cell::new(SPEED_USUAL),
            pace: Cell::new(Pace::Opening(0.0)),
            playing: Cell::new(true),
            selected: Cell::new(None),
            notices: RefCell::new(Vec::new()),
            revision: Cell::new(1),
            generation: Cell::new(0),
            told: Cell::new(0),
            since_told_ms: Cell::new(0.0),
            subscribers: Callbacks(RefCell::new(Vec::new())),
            painters: Callbacks(RefCell::new(Vec::new())),
            next_id: Cell::new(0),
            frames: RefCell::new(None),
        })))
    }

    /// Makes this the page's tank, for whoever has no context to get it from, and starts its frames.
    pub fn install(&self) {
        PAGE.with(|page| *page.borrow_mut() = Some(self.clone()));
        let weak = Rc::downgrade(&self.0);
        let frames = FrameLoop::new(move |passed_ms| match weak.upgrade() {
            Some(inner) => Tank(inner).frame(passed_ms),
            None => false,
        });
        *self.0.frames.borrow_mut() = Some(frames);
        self.wake();
    }

    /// The page's tank, once the page has started.
    #[must_use]
    pub fn page() -> Option<Tank> {
        PAGE.with(|page| page.borrow().clone())
    }

    // To look.

    /// Looks at the run at the moment.
    pub fn with<T>(&self, look: impl FnOnce(&Run) -> T) -> T {
        look(self.0.timeline.borrow().run())
    }

    /// Looks at everything: the branches, and what comes after the moment.
    pub fn look<T>(&self, look: impl FnOnce(&Timeline) -> T) -> T {
        look(&self.0.timeline.borrow())
    }

    /// The virtual time of the picture, in microseconds; it lies at or after the last event.
    #[must_use]
    pub fn view_us(&self) -> f64 {
        self.0.view_us.get()
    }

    /// Whether time goes by.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.0.playing.get()
    }

    /// Virtual seconds per real second.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.0.speed.get()
    }

    /// Whether messages pass too fast to be followed, so that they are drawn as flow.
    #[must_use]
    pub fn is_flow(&self) -> bool {
        let travel_us = self.with(|run| {
            let latency = run.world().options().link.latency;
            (latency.min_us + latency.max_us) as f64 / 2.0
        });
        self.is_playing() && travel_us / 1000.0 / self.speed() < FOLLOWED_MS
    }

    /// What the details are about.
    #[must_use]
    pub fn selected(&self) -> Option<Selected> {
        self.0.selected.get()
    }

    /// The notices that nobody has dismissed, oldest first.
    #[must_use]
    pub fn notices(&self) -> Vec<Notice> {
        self.0.notices.borrow().clone()
    }

    /// Grows with everything that somebody may want to show anew.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.0.revision.get()
    }

    /// Which run this is: grows with each reset and load.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation.get()
    }

    /// Why an action would do nothing now; nothing if it would do something.
    #[must_use]
    pub fn refusal(&self, action: &Action) -> Option<Refusal> {
        self.with(|run| {
            let world = run.world();
            if let Action::SetClock { server, .. }
            | Action::SetDisk { server, .. }
            | Action::StallDisk { server, .. } = *action
            {
                // It would do something, to a clock and a disk that nobody will use.
                if world.server(server).is_some_and(|it| it.retired) {
                    return Some(Refusal::Retired { server });
                }
            }
            world.check(action).err()
        })
    }

    /// The run so far as data, up to the moment.
    #[must_use]
    pub fn recording(&self) -> Recording {
        self.with(Run::recording)
    }

    /// The whole branch as data, with what comes after the moment.
    #[must_use]
    pub fn whole_recording(&self) -> Recording {
        self.look(|timeline| timeline.recording().clone())
    }

    // To act.

    /// Does something to the world, now. In the past that begins a branch.
    ///
    /// # Errors
    /// Why it did nothing.
    pub fn act(&self, action: Action) -> Result<EventId, Refusal> {
        self.with_mut(|timeline, note| {
            note(timeline.run().stamp(), &action);
            let result = timeline.act(action);
            if timeline.run().world().is_manual() {
                // Time stands still, but disks finish their writes at once.
                let now_us = timeline.run().world().now_us();
                timeline.run_until(now_us);
            }
            if result.is_ok() {
                // Trouble is over once something works.
                self.0.notices.borrow_mut().retain(|notice| notice.tone != Tone::Trouble);
            }
            result
        })
    }

    /// Does something to the world; why nothing came of it, if nothing did, becomes a notice.
    pub fn act_or_say(&self, action: Action) {
        if let Err(refusal) = self.act(action) {
            self.notify(Tone::Trouble, format!("Nothing was done: {refusal}."));
        }
    }

    /// Lets somebody do several things at once, or let time go by on the way. They call the function that
    /// they are given with each action before they apply it.
    pub fn with_mut<T>(&self, act: impl FnOnce(&mut dyn Actor, &mut dyn FnMut(Stamp, &Action)) -> T) -> T {
        self.0.sought.set(None);
        kept::go_on_in_copy();
        let (before, end) =
            self.look(|timeline| (timeline.branch().id(), timeline.recording().actions.len()));
        let in_the_past = !self.look(Timeline::is_at_end);
        if in_the_past {
            // Who acts now begins a branch, without the actions that come after the moment.
            let events = self.with(|run| run.world().events());
            kept::change(&self.document().forked(self.recording(), events));
        }
        let (result, stamp) = {
            let mut timeline = self.0.timeline.borrow_mut();
            let result = act(&mut *timeline, &mut |when, action| kept::note(when, action));
            (result, timeline.run().stamp())
        };
        let (after, actions) =
            self.look(|timeline| (timeline.branch().id(), timeline.recording().actions.len()));
        if after != before {
            self.branched();
        }
        if in_the_past {
            self.note_branches();
        }
        if (after, actions) != (before, end) {
            self.end_playback();
        }
        if actions >= ACTIONS_MAX {
            let text = format!(
                "{ACTIONS_MAX} actions are as many as a recording holds: save the run, and begin another one."
            );
            self.notify(Tone::Trouble, text);
        }
        self.passed();
        self.0.view_us.set(self.view_us().max(stamp.at_us as f64));
        self.stop_if_struck();
        self.changed();
        result
    }

    /// Lets time go by. What is broken is let pass, and a recording that has ended is left.
    pub fn play(&self) {
        self.heed();
        if self.is_told() {
            self.end_playback();
        }
        if let Some((target, _)) = self.0.sought.get() {
            self.0.sought.set(Some((target, true)));
            return;
        }
        self.set_playing(true);
    }

    /// Stops time.
    pub fn pause(&self) {
        self.set_playing(false);
    }

    fn set_playing(&self, playing: bool) {
        if self.0.playing.replace(playing) != playing {
            self.changed();
        }
    }

    /// Stops time, and lets the next thing happen. Whether there was anything.
    pub fn step_event(&self) -> bool {
        self.0.playing.set(false);
        self.0.sought.set(None);
        self.settle_pace();
        if self.is_told() {
            self.end_playback();
        }
        let stepped = {
            let mut timeline = self.0.timeline.borrow_mut();
            let stepped = timeline.step();
            self.0.view_us.set(timeline.run().world().now_us() as f64);
            stepped
        };
        self.passed();
        self.changed();
        if !stepped {
            let text = "Nothing happens by itself now. In manual mode time stands still: fire a timer, or deliver a message.";
            self.notify(Tone::Note, text);
        }
        stepped
    }

    /// Sets the speed, as the person wishes: from now on it stays theirs.
    pub fn set_speed(&self, speed: f64) {
        if speed.is_finite() {
            self.0.pace.set(Pace::Set);
            self.0.speed.set(speed.clamp(SPEED_MIN, SPEED_MAX));
            self.changed();
        }
    }

    /// Lets so much virtual time go by at once. Returns how much did: less when the run got too long, or
    /// when a promise was broken on the way.
    pub fn run_for(&self, us: u64) -> u64 {
        self.find_now();
        let (before, after) = {
            let mut timeline = self.0.timeline.borrow_mut();
            let before = timeline.run().world().now_us();
            let until_us = before.saturating_add(us).min(RUN_US_MAX);
            self.run_to(&mut timeline, until_us, u64::MAX);
            (before, timeline.run().world().now_us())
        };
        self.0.view_us.set(after as f64);
        self.passed();
        self.stop_if_struck();
        self.changed();
        after - before
    }

    /// Lets everything happen that happens until then: at most so many events, and only up to a broken
    /// promise, or up to the end of what is told.
    fn run_to(&self, timeline: &mut Timeline, until_us: u64, events: u64) {
        let told = self.0.telling.borrow().is_some() && !timeline.is_at_end();
        let most = timeline.run().world().events().saturating_add(events).min(EVENTS_MAX);
        // What was broken before, or is let pass, does not stop it again.
        let known = timeline.run().violations().len();
        let until_us = if told { until_us.min(timeline.end_us()) } else { until_us };
        while timeline.next_us().is_some_and(|next_us| next_us <= until_us) {
            if timeline.run().world().events() >= most {
                return;
            }
            timeline.step();
            let run = timeline.run();
            if run.violations().len() > known && self.is_struck(run) || told && timeline.is_at_end() {
                return;
            }
        }
        // In manual mode the end of a recording is a moment as well.
        timeline.run_until(until_us);
    }

    /// Begins a new run, with servers that have never run.
    ///
    /// # Errors
    /// When the setup makes no run; what was running goes on.
    pub fn reset(&self, setup: &Setup) -> Result<(), RecordingError> {
        self.reset_to(setup, Start::Empty)
    }

    /// Begins a new run in a state.
    ///
    /// # Errors
    /// When the setup or the state makes no run; what was running goes on.
    pub fn reset_to(&self, setup: &Setup, start: Start) -> Result<(), RecordingError> {
        self.put(Timeline::new(setup, start)?);
        if self.0.pace.get() != Pace::Set {
            self.0.pace.set(Pace::Opening(0.0));
        }
        self.play();
        Ok(())
    }

    /// Does a whole recording, and shows where it ends, paused.
    ///
    /// # Errors
    /// When the recording makes no run, or too long a one; what was running goes on.
    pub fn load(&self, recording: &Recording) -> Result<(), RecordingError> {
        let mut timeline = Timeline::of(recording)?;
        if !timeline.seek(Target::End, EVENTS_MAX) {
            return Err(RecordingError::TooManyEvents(EVENTS_MAX));
        }
        self.put(timeline);
        self.settle_pace();
        self.pause();
        self.compare_with_its_file();
        Ok(())
    }

    /// Shows another document. The one before can be gone back to.
    fn put(&self, timeline: Timeline) {
        let before = self.0.timeline.replace(timeline);
        if before.run().world().events() > 0 || before.branches().count() > 1 {
            self.remember(&before);
        } else {
            self.0.earlier.borrow_mut().retain(|earlier| matches!(earlier, Earlier::Document(..)));
        }
        kept::begin(&self.document());
        self.show();
    }

    /// Another run is shown, or another branch.
    fn show(&self) {
        self.0.telling.replace(None);
        self.0.sought.set(None);
        self.0.warned.set(false);
        self.0.view_us.set(self.with(|run| run.world().now_us() as f64));
        self.0.heeded.set(0);
        self.0.selected.set(None);
        self.0.generation.set(self.0.generation.get() + 1);
        self.changed();
    }

    /// Notes which moment is shown.
    fn passed(&self) {
        self.compare_with_its_file();
        self.with(|run| kept::passed(run.stamp(), run.world().events()));
    }

    /// Notes that the branches have changed, or that another one is shown.
    fn note_branches(&self) {
        kept::change(&self.document());
    }

    /// Chooses what the details are about.
    pub fn select(&self, selected: Option<Selected>) {
        if self.0.selected.replace(selected) != selected {
            self.changed();
        }
    }

    /// Says something to the person, until they dismiss it. The same sentence is said once.
    pub fn notify(&self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        {
            let id = self.new_id();
            let mut notices = self.0.notices.borrow_mut();
            notices.retain(|notice| notice.text != text);
            notices.push(Notice { id, tone, text });
            let surplus = notices.len().saturating_sub(3);
            notices.drain(..surplus);
        }
        self.changed();
    }

    /// Takes a notice away.
    pub fn dismiss(&self, id: u64) {
        self.0.notices.borrow_mut().retain(|notice| notice.id != id);
        self.changed();
    }

    // To be told.

    /// Calls back when something changed that may show: events, selection, speed. At most once a frame.
    #[must_use]
    pub fn subscribe(&self, callback: impl Fn() + 'static) -> Subscription {
        let id = self.new_id();
        self.0.subscribers.0.borrow_mut().push((id, Rc::new(move |()| callback())));
        Subscription { inner: Rc::downgrade(&self.0), id }
    }

    /// Calls back in every frame in which time goes by or something changed, to move what moves.
    #[must_use]
    pub fn on_frame(&self, painter: impl Fn(Moment) + 'static) -> Subscription {
        let id = self.new_id();
        self.0.painters.0.borrow_mut().push((id, Rc::new(painter)));
        self.wake();
        Subscription { inner: Rc::downgrade(&self.0), id }
    }

    fn new_id(&self) -> u64 {
        let id = self.0.next_id.get();
        self.0.next_id.set(id + 1);
        id
    }

    /// Something beside the run changed that may show.
    pub fn touch(&self) {
        self.changed();
    }

    /// Something changed: whoever subscribed hears of it in the next frame.
    fn changed(&self) {
        self.0.revision.set(self.0.revision.get() + 1);
        self.wake();
    }

    fn wake(&self) {
        if let Some(frames) = &*self.0.frames.borrow() {
            frames.wake();
        }
    }

    // Frames.

    /// One frame. Whether another one should follow by itself.
    fn frame(&self, passed_ms: f64) -> bool {
        let passed_ms = passed_ms.clamp(0.0, FRAME_MS_MAX);
        if self.0.sought.get().is_some() {
            self.go_on_seeking();
        } else if self.is_playing() {
            self.choose_pace(passed_ms);
            self.advance(passed_ms);
        }
        let revision = self.revision();
        let since_ms = self.0.since_told_ms.get() + passed_ms;
        self.0.since_told_ms.set(since_ms);
        if self.0.told.get() != revision && (!self.is_flow() || since_ms >= CALM_MS) {
            self.0.told.set(revision);
            self.0.since_told_ms.set(0.0);
            self.0.subscribers.call(());
        }
        self.0.painters.call(Moment { view_us: self.view_us(), passed_ms });
        self.is_playing() || self.0.sought.get().is_some() || self.0.told.get() != self.revision()
    }

    fn advance(&self, passed_ms: f64) {
        if self.advance_by_steps(passed_ms) {
            return;
        }
        let target_us = self.view_us() + passed_ms * 1000.0 * self.speed();
        let (events, now_us, full) = {
            let mut timeline = self.0.timeline.borrow_mut();
            let before = timeline.run().world().events();
            self.run_to(&mut timeline, (target_us as u64).min(RUN_US_MAX), EVENTS_PER_FRAME);
            let world = timeline.run().world();
            let full = world.now_us() >= RUN_US_MAX || world.events() >= EVENTS_MAX;
            (world.events() - before, world.now_us(), full)
        };
        // Between events the picture has fractions of a microsecond, for the slowest speeds.
        let close = (target_us - now_us as f64).abs() < 1.0;
        self.0.view_us.set(if close { target_us } else { now_us as f64 });
        self.passed();
        if events > 0 {
            self.0.revision.set(self.revision() + 1);
        }
        self.stop_if_struck();
        if self.is_told() {
            self.pause();
        }
        if full {
            self.pause();
            let text =
                "This run is as long as a run can be: reset it to begin another one, or go back and branch.";
            self.notify(Tone::Note, text);
        }
    }
}
