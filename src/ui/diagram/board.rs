//! What the diagram's panel knows: the stretch, what is in sight, what was chosen, what is lit. It is kept
//! beside the components, since pan and zoom concern the canvas alone.

use crate::explain::{Scene, Sentence, sentence};
use crate::raft::{Index, Term};
use crate::sim::{Event, EventId};
use crate::timeline::BranchId;
use crate::timeline::diagram::{
    Cone, Diagram, EVENTS_MAX, End, Follow, GUTTER_PX, Hit, Light, Relation, Row, Sheet, follow,
};
use crate::ui::Tank;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// While time goes by, the stretch has the last so many events: it is made anew twice a second.
const LIVE_EVENTS: usize = 2000;
/// How often, in milliseconds.
const LIVE_MS: f64 = 500.0;
/// So many of the last events are in sight when the diagram opens.
const FIRST_SIGHT: usize = 60;

/// Where the keyboard is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// At an event.
    Event(EventId),
    /// At a folded stretch, which begins with that event; on that row.
    Band(EventId, usize),
}

/// The way to go on a row, or from row to row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    /// To the next event of the row.
    Later,
    /// To the one before.
    Earlier,
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// To the row's first event.
    First,
    /// To its last one.
    Last,
}

/// What the panel knows.
pub struct Board {
    /// The sheet.
    pub sheet: Sheet,
    /// The same events, for sentences.
    scene: VecDeque<Arc<Event>>,
    servers: u8,
    /// Where the keyboard is.
    pub cursor: Option<Cursor>,
    /// The event whose past and future are lit.
    pub chosen: Option<EventId>,
    /// By which relation.
    pub relation: Relation,
    /// The entry that is followed.
    pub following: Option<(Index, Term)>,
    /// Its way.
    pub follow: Option<Rc<Follow>>,
    /// The lit event's past and future.
    pub cone: Option<Cone>,
    /// What is lit.
    pub light: Option<Light>,
    /// Whether quiet stretches are folded.
    pub fold: bool,
    /// The first events of those stretches that are otherwise.
    apart: BTreeSet<EventId>,
    /// Around which event the stretch is; none: around the moment.
    pub around: Option<u64>,
    /// How many events are known in all.
    pub known: u64,
    /// The virtual time of the picture, in microseconds.
    pub now_us: f64,
    generation: u64,
    loaded: Option<Loaded>,
}

/// What was loaded, so as to see whether it is still that.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Loaded {
    known: u64,
    branch: BranchId,
    live: bool,
    at_ms: f64,
}

impl Board {
    /// A board without events.
    pub fn new() -> Board {
        let empty = Rc::new(Diagram::new(Vec::new(), 1));
        Board {
            sheet: Sheet::new(empty, 600.0, 300.0, true),
            scene: VecDeque::new(),
            servers: 1,
            cursor: None,
            chosen: None,
            relation: Relation::default(),
            following: None,
            follow: None,
            cone: None,
            light: None,
            fold: true,
            apart: BTreeSet::new(),
            around: None,
            known: 0,
            now_us: 0.0,
            generation: 0,
            loaded: None,
        }
    }

    /// Takes in what has happened since. Whether anything changed; and whether to look again a little later,
    /// since something has, but not long ago.
    pub fn keep_up(&mut self, tank: &Tank, now_ms: f64) -> (bool, bool) {
        self.now_us = tank.view_us();
        let other = self.loaded.is_none() || self.generation != tank.generation();
        let (events, known) = extent(tank);
        let branch = tank.look(|timeline| timeline.branch().id());
        let live = tank.is_playing() && self.around.is_none();
        if let Some(loaded) = self.loaded.filter(|_| !other) {
            let moved = self.around.is_none()
                && (loaded.known != known || loaded.branch != branch || !self.holds(events));
            if !moved && loaded.live == live {
                return (false, false);
            }
            if now_ms - loaded.at_ms < LIVE_MS && loaded.live == live {
                return (false, true);
            }
        }
        if other {
            (self.cursor, self.chosen, self.following, self.around) = (None, None, None, None);
            self.generation = tank.generation();
        }
        self.loaded = Some(Loaded { known, branch, live, at_ms: now_ms });
        self.known = known;
        self.load(tank, if live { LIVE_EVENTS } else { EVENTS_MAX }, events, other);
        (true, false)
    }

    /// Whether the moment after so many events lies in the stretch.
    fn holds(&self, events: u64) -> bool {
        let stretch = self.sheet.diagram.events();
        let ends = stretch.first().zip(stretch.last());
        ends.is_some_and(|(first, last)| (first.id.0..=last.id.0 + 1).contains(&events))
    }

    /// Loads the stretch around that event, or around the moment.
    pub fn go_around(&mut self, tank: &Tank, around: Option<u64>) {
        let (events, known) = extent(tank);
        self.around = around.map(|around| around.min(known));
        self.known = known;
        let branch = tank.look(|timeline| timeline.branch().id());
        self.loaded = Some(Loaded { known, branch, live: false, at_ms: 0.0 });
        self.load(tank, EVENTS_MAX, events, true);
    }

    fn load(&mut self, tank: &Tank, most: usize, now: u64, anew: bool) {
        let middle = self.around.unwrap_or(now);
        let half = most as u64 / 2;
        // What is there of the future counts as well; where there is none, the past has all the room.
        let to = (middle + half).min(self.known).max(most as u64).min(self.known);
        let events = tank.look(|timeline| timeline.trace(to.saturating_sub(most as u64), to, most));
        self.servers = tank.with(|run| run.world().servers().len() as u8);
        self.scene = VecDeque::from(events.clone());
        let diagram = Rc::new(Diagram::new(events, self.servers));
        let (width, height) = self.sheet.size();
        let mut sheet = Sheet::new(diagram, width, height, self.fold);
        let saw_end = self.sheet.sees_end();
        let apart: Vec<usize> = (0..sheet.bands().len())
            .filter(|&band| {
                sheet
                    .diagram
                    .events()
                    .get(sheet.bands()[band].first)
                    .is_some_and(|e| self.apart.contains(&e.id))
            })
            .collect();
        apart.into_iter().for_each(|band| sheet.fold(band, !self.fold));
        let before = std::mem::replace(&mut self.sheet, sheet);
        if anew || before.diagram.events().is_empty() {
            self.first_sight();
        } else {
            self.sheet.look_as(&before);
            if saw_end && self.around.is_none() {
                self.sheet.go_to_end();
            }
        }
        self.relight();
    }

    /// Shows the last events that are not hidden, or those around the middle.
    fn first_sight(&mut self) {
        let diagram = Rc::clone(&self.sheet.diagram);
        let middle = self.around.and_then(|around| diagram.place(EventId(around)));
        let end = middle
            .map_or(diagram.events().len(), |middle| (middle + FIRST_SIGHT / 2).min(diagram.events().len()));
        let shown: Vec<usize> =
            (0..end).rev().filter(|&p| self.sheet.hidden_in(p).is_none()).take(FIRST_SIGHT).collect();
        if let (Some(&last), Some(&first)) = (shown.first(), shown.last()) {
            let at = |place: usize| diagram.points()[place].at_us;
            self.sheet.show(at(first), at(last));
        }
    }

    // What is chosen.

    /// Lights the past and the future of an event.
    pub fn choose(&mut self, id: EventId) {
        self.cursor = Some(Cursor::Event(id));
        self.chosen = Some(id);
        self.following = None;
        self.relight();
    }

    /// Lights the way of an entry.
    pub fn follow(&mut self, index: Index, term: Term) {
        self.following = Some((index, term));
        self.chosen = None;
        self.relight();
        if let Some(step) = self.follow.as_ref().and_then(|follow| follow.steps.first().copied()) {
            let last =
                self.follow.as_ref().and_then(|follow| follow.steps.last()).map_or(step.at_us, |s| s.at_us);
            self.sheet.show(step.at_us, last);
        }
    }

    /// Lights everything.
    pub fn clear(&mut self) {
        (self.chosen, self.following) = (None, None);
        self.relight();
    }

    /// Another relation.
    pub fn relate(&mut self, relation: Relation) {
        self.relation = relation;
        self.relight();
    }

    fn relight(&mut self) {
        let diagram = Rc::clone(&self.sheet.diagram);
        self.follow = self.following.map(|(index, term)| Rc::new(follow(&diagram, index, term)));
        let place = self.chosen.and_then(|id| diagram.place(id));
        self.cone = place.and_then(|place| diagram.cone(place, self.relation));
        self.light = match (&self.follow, &self.cone) {
            (Some(follow), _) => Some(Light::of_follow(&diagram, follow)),
            (None, Some(cone)) => Some(Light::of_cone(&diagram, cone)),
            (None, None) => None,
        };
    }

    /// The place of the event at which the keyboard is.
    pub fn at_cursor(&self) -> Option<usize> {
        match self.cursor? {
            Cursor::Event(id) => self.sheet.diagram.place(id),
            Cursor::Band(..) => None,
        }
    }

    /// The number of the folded stretch at which the keyboard is.
    pub fn band_at_cursor(&self) -> Option<usize> {
        let Cursor::Band(id, _) = self.cursor? else { return None };
        let place = self.sheet.diagram.place(id)?;
        self.sheet.bands().iter().position(|band| band.first == place)
    }

    /// Folds or unfolds all quiet stretches.
    pub fn fold_all(&mut self, fold: bool) {
        self.fold = fold;
        self.apart.clear();
        self.sheet.fold_all(fold);
        self.leave_hidden();
    }

    /// Unfolds a quiet stretch, or folds it again.
    pub fn toggle(&mut self, band: usize) {
        let folded = !self.sheet.is_folded(band);
        self.sheet.fold(band, folded);
        let Some(first) = self.sheet.bands().get(band).map(|band| band.first) else { return };
        let Some(id) = self.sheet.diagram.events().get(first).map(|event| event.id) else { return };
        if folded == self.fold {
            self.apart.remove(&id);
        } else {
            self.apart.insert(id);
        }
        if let (false, Some(Cursor::Band(..))) = (folded, self.cursor) {
            self.cursor = Some(Cursor::Event(id));
        }
        self.leave_hidden();
    }

    /// The keyboard is at no event that is hidden.
    fn leave_hidden(&mut self) {
        let Some(place) = self.at_cursor() else { return };
        if let Some(band) = self.sheet.hidden_in(place) {
            let row = self.sheet.diagram.points()[place].row;
            self.cursor = Some(self.band_cursor(band, row));
        }
    }

    fn band_cursor(&self, band: usize, row: usize) -> Cursor {
        let first = self.sheet.bands()[band].first;
        Cursor::Band(self.sheet.diagram.events()[first].id, row)
    }

    // The keyboard.

    /// Goes from event to event. Whether there was anywhere to go.
    pub fn walk(&mut self, walk: Walk) -> bool {
        let to = match self.where_it_is() {
            None => self.entrance(),
            Some((row, place)) => match walk {
                Walk::Later => self.beside(row, place, true),
                Walk::Earlier => self.beside(row, place, false),
                Walk::Up => (0..row).rev().find_map(|row| self.nearest(row, place)),
                Walk::Down => {
                    (row + 1..self.sheet.diagram.rows().len()).find_map(|row| self.nearest(row, place))
                }
                Walk::First => {
                    self.sheet.diagram.on_row(row).first().map(|&p| self.cursor_on(row, p as usize))
                }
                Walk::Last => self.sheet.diagram.on_row(row).last().map(|&p| self.cursor_on(row, p as usize)),
            },
        };
        let Some(to) = to else { return false };
        self.cursor = Some(to);
        let id = match to {
            Cursor::Event(id) | Cursor::Band(id, _) => id,
        };
        if let Some(place) = self.sheet.diagram.place(id) {
            self.sheet.reveal(self.sheet.diagram.points()[place].at_us);
        }
        true
    }

    /// The row and the place at which the keyboard is.
    fn where_it_is(&self) -> Option<(usize, usize)> {
        match self.cursor? {
            Cursor::Event(id) => {
                let place = self.sheet.diagram.place(id)?;
                Some((self.sheet.diagram.points()[place].row, place))
            }
            Cursor::Band(id, row) => Some((row, self.sheet.diagram.place(id)?)),
        }
    }

    /// Where the keyboard comes in: at the last event in sight.
    fn entrance(&self) -> Option<Cursor> {
        let (width, _) = self.sheet.size();
        let seen = |&place: &usize| {
            let x = self.sheet.at(place).map_or(0.0, |(x, _)| x);
            self.sheet.hidden_in(place).is_none() && x > GUTTER_PX && x < width
        };
        let place = self
            .sheet
            .places()
            .rev()
            .find(seen)
            .or_else(|| self.sheet.diagram.events().len().checked_sub(1))?;
        Some(self.cursor_on(self.sheet.diagram.points()[place].row, place))
    }

    /// The event at that place, or the folded stretch that hides it.
    fn cursor_on(&self, row: usize, place: usize) -> Cursor {
        match self.sheet.hidden_in(place) {
            Some(band) => self.band_cursor(band, row),
            None => Cursor::Event(self.sheet.diagram.events()[place].id),
        }
    }

    /// The next or the last event of a row, as seen from a place. A folded stretch counts as one.
    fn beside(&self, row: usize, place: usize, later: bool) -> Option<Cursor> {
        let on_row = self.sheet.diagram.on_row(row);
        let band = self.band_at_cursor().map(|band| self.sheet.bands()[band]);
        let next = if later {
            let from = band.map_or(place, |band| band.end - 1);
            on_row.get(on_row.partition_point(|&other| other as usize <= from))
        } else {
            let from = band.map_or(place, |band| band.first);
            on_row.get(on_row.partition_point(|&other| (other as usize) < from).checked_sub(1)?)
        };
        next.map(|&next| self.cursor_on(row, next as usize))
    }

    /// The event of a row that is nearest in time.
    fn nearest(&self, row: usize, place: usize) -> Option<Cursor> {
        let at = |place: u32| self.sheet.diagram.points()[place as usize].at_us;
        let here = self.sheet.diagram.points()[place].at_us;
        let on_row = self.sheet.diagram.on_row(row);
        let after = on_row.partition_point(|&other| (other as usize) < place);
        let around = [after.checked_sub(1), Some(after)];
        let places = around.into_iter().flatten().filter_map(|n| on_row.get(n).copied());
        places.min_by_key(|&other| at(other).abs_diff(here)).map(|other| self.cursor_on(row, other as usize))
    }

    /// What is under the pointer is chosen. The event, if it is one.
    pub fn touch(&mut self, x: f64, y: f64) -> Option<EventId> {
        let place = match self.sheet.hit(x, y) {
            Some(Hit::Event(place)) => place,
            Some(Hit::Line(line)) => {
                let line = &self.sheet.diagram.lines()[line];
                match line.end {
                    End::Received(place) | End::Lost(place, _) => place,
                    End::OnWay => line.sent_by?,
                }
            }
            Some(Hit::Band(band)) => {
                self.toggle(band);
                return None;
            }
            None => {
                self.clear();
                return None;
            }
        };
        let id = self.sheet.diagram.events()[place].id;
        self.choose(id);
        Some(id)
    }

    // Words.

    /// An event in words.
    pub fn sentence(&self, id: EventId) -> Option<Sentence> {
        let place = self.sheet.diagram.place(id)?;
        let scene = Scene { servers: self.servers, trace: &self.scene };
        Some(sentence(&self.sheet.diagram.events()[place], scene))
    }

    /// What stands at the cursor, and where.
    pub fn told(&self) -> Option<String> {
        match self.cursor? {
            Cursor::Event(id) => {
                let place = self.sheet.diagram.place(id)?;
                let point = self.sheet.diagram.points()[place];
                let row = self.sheet.diagram.rows().get(point.row)?;
                let text = self.sentence(id)?;
                Some(format!("{}, {}: {text}", row_name(*row), time(point.at_us)))
            }
            Cursor::Band(..) => {
                let band = self.sheet.bands()[self.band_at_cursor()?];
                Some(format!(
                    "{} quiet events are folded here, over {}: Enter unfolds them.",
                    band.count(),
                    time(band.to_us - band.from_us)
                ))
            }
        }
    }
}

fn row_name(row: Row) -> String {
    match row {
        Row::Hand => "By hand".into(),
        row => row.to_string(),
    }
}

/// A moment, or a length of time.
pub fn time(us: u64) -> String {
    crate::ui::words::time_text(us as f64)
}

/// How many events there have been up to the moment, and how many are known.
fn extent(tank: &Tank) -> (u64, u64) {
    tank.look(|timeline| (timeline.run().world().events(), timeline.events_known()))
}
