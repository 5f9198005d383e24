//! What is in sight as strokes, marks and words, for whoever can draw: a canvas, an SVG. Its size is bounded
//! by what is in sight.

use super::lines::{End, Line, MessageKind};
use super::sheet::{GUTTER_PX, TOP_PX};
use super::{Cone, Diagram, Follow, PointKind, Sheet, Span};
use crate::raft::{RoleName, Term};
use std::collections::BTreeMap;
use std::ops::Range;

/// So many lines in sight still have letters.
const LETTERS_MAX: usize = 160;
/// From here on marks are small squares, and of those on two pixels only one is drawn.
const DENSE_FROM: usize = 1500;
/// From here on lines have no dashes, and those that can't be told apart are drawn once.
const LINES_DENSE_FROM: usize = 1200;
/// What a letter's line takes to the right, at least.
const LETTER_PX: f64 = 40.0;
/// So far apart are the times at the top, at least.
const TICK_PX: f64 = 90.0;
/// So much room a span's label needs.
const LABEL_PX: f64 = 30.0;

/// A colour by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Colour {
    /// Of a term: 0 for none yet, then 1 to 7 around.
    Term(u8),
    /// What stands on that of a term.
    OnTerm(u8),
    /// Of words, and of what belongs to no term.
    Ink,
    /// Of what is less important.
    Soft,
    /// Of lines behind everything.
    Faint,
    /// Of what was chosen.
    Accent,
    /// Of what is committed.
    Good,
    /// Of what is lost.
    Bad,
    /// Of what waits.
    Warn,
    /// Of the ground.
    Ground,
}

impl Colour {
    /// The colour of a term.
    #[must_use]
    pub fn of(term: Option<Term>) -> Colour {
        match term {
            None => Colour::Ink,
            Some(Term(0)) => Colour::Term(0),
            Some(Term(n)) => Colour::Term(((n - 1) % 7 + 1) as u8),
        }
    }

    /// What stands on it.
    fn on(self) -> Colour {
        match self {
            Colour::Term(n) => Colour::OnTerm(n),
            _ => Colour::Ground,
        }
    }
}

/// How a stroke is broken: dashes and gaps, in pixels.
pub type Dash = &'static [u8];

/// How a stroke looks. Strokes of one look are drawn at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StrokeLook {
    /// What lies on top of what: the greater.
    pub layer: u8,
    /// Whether it stands back behind what is lit.
    pub faded: bool,
    /// Its colour.
    pub colour: Colour,
    /// Its width, in tenths of a pixel.
    pub tenths: u8,
    /// How it is broken.
    pub dash: Dash,
}

/// The shape of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// A message was received.
    Disc,
    /// A timer ran out.
    Triangle,
    /// A write is done.
    Square,
    /// Somebody acted.
    Diamond,
    /// A client does something by itself; the ring of what is chosen.
    Ring,
    /// A message is lost.
    Cross,
    /// A message waits.
    Bars,
    /// The commitIndex rises.
    Check,
    /// The ground of letters on a request, and on a reply.
    Badge,
}

/// How a mark looks. Marks of one look are drawn at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarkLook {
    /// What lies on top of what: the greater.
    pub layer: u8,
    /// Whether it stands back behind what is lit.
    pub faded: bool,
    /// Its shape.
    pub shape: Shape,
    /// Its colour.
    pub colour: Colour,
    /// Whether it is filled; else it is an outline on the ground.
    pub filled: bool,
    /// Half its size, in tenths of a pixel.
    pub tenths: u8,
}

/// Words.
#[derive(Clone, Debug, PartialEq)]
pub struct Words {
    /// Where their middle is, or where they begin.
    pub x: f64,
    /// Where their baseline is.
    pub y: f64,
    /// Whether they begin there.
    pub starts: bool,
    /// Whether they are bold.
    pub bold: bool,
    /// Their height, in pixels.
    pub size: u8,
    /// Their colour.
    pub colour: Colour,
    /// The words.
    pub text: String,
}

/// A quiet stretch that is folded.
#[derive(Clone, Debug, PartialEq)]
pub struct Fold {
    /// Its edges.
    pub left: f64,
    /// See `left`.
    pub right: f64,
    /// How many events it hides, and how long it is.
    pub text: [String; 2],
}

/// What is in sight.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Picture {
    /// Strokes from here to there, by look.
    pub strokes: BTreeMap<StrokeLook, Vec<[f64; 4]>>,
    /// Marks, by look.
    pub marks: BTreeMap<MarkLook, Vec<[f64; 2]>>,
    /// Folded stretches.
    pub folds: Vec<Fold>,
    /// Words.
    pub words: Vec<Words>,
    /// The names of the rows, and how far from the top they stand.
    pub names: Vec<(String, f64)>,
}

/// What is lit, so that the rest stands back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Light {
    events: Vec<bool>,
    lines: Vec<bool>,
}

impl Light {
    /// An event with its causal past and future.
    #[must_use]
    pub fn of_cone(diagram: &Diagram, cone: &Cone) -> Light {
        Light {
            events: (0..diagram.events().len()).map(|place| cone.contains(place)).collect(),
            lines: diagram.lines().iter().map(|line| cone.has_line(line)).collect(),
        }
    }

    /// An entry's way.
    #[must_use]
    pub fn of_follow(diagram: &Diagram, follow: &Follow) -> Light {
        let mut events = vec![false; diagram.events().len()];
        follow.steps.iter().for_each(|step| events[step.place] = true);
        let steps = |line: &Line| follow.steps.iter().any(|step| step.message == Some(line.message));
        let lines = diagram.lines().iter();
        Light {
            events,
            lines: lines.map(|line| follow.messages.contains(&line.message) || steps(line)).collect(),
        }
    }

    fn event(light: Option<&Light>, place: usize) -> bool {
        light.is_none_or(|light| light.events.get(place).copied().unwrap_or(false))
    }

    fn line(light: Option<&Light>, place: usize) -> bool {
        light.is_none_or(|light| light.lines.get(place).copied().unwrap_or(false))
    }
}

/// What is in sight of a sheet, with what is lit, and the event that is chosen.
#[must_use]
pub fn picture(sheet: &Sheet, light: Option<&Light>, chosen: Option<usize>) -> Picture {
    let mut draft = Draft { sheet, light, picture: Picture::default() };
    draft.ticks();
    draft.rows();
    draft.folds();
    draft.lines();
    draft.points();
    if let Some((x, y)) = chosen.filter(|&place| sheet.hidden_in(place).is_none()).and_then(|p| sheet.at(p)) {
        draft.mark(x, y, MarkLook { layer: 9, ..look(Shape::Ring, Colour::Accent, false, 105) });
    }
    draft.picture
}

struct Draft<'a> {
    sheet: &'a Sheet,
    light: Option<&'a Light>,
    picture: Picture,
}

fn look(shape: Shape, colour: Colour, filled: bool, tenths: u8) -> MarkLook {
    MarkLook { layer: 5, faded: false, shape, colour, filled, tenths }
}

impl Draft<'_> {
    fn stroke(&mut self, look: StrokeLook, from: (f64, f64), to: (f64, f64)) {
        self.picture.strokes.entry(look).or_default().push([from.0, from.1, to.0, to.1]);
    }

    fn mark(&mut self, x: f64, y: f64, look: MarkLook) {
        self.picture.marks.entry(look).or_default().push([x, y]);
    }

    fn words(&mut self, x: f64, y: f64, size: u8, colour: Colour, text: String) {
        self.picture.words.push(Words { x, y, starts: false, bold: false, size, colour, text });
    }

    /// Times at the top. They are looked for place by place, so that folded hours cost nothing.
    fn ticks(&mut self) {
        let (width, height) = self.sheet.size();
        let step_us = nice(TICK_PX / self.sheet.scale());
        let mut last_us = None;
        let mut last_x = f64::MIN;
        let mut x = GUTTER_PX;
        while x < width {
            let us = (self.sheet.us(x).max(0.0) / step_us).ceil() * step_us;
            let at = self.sheet.x(us as u64);
            let end_us = self.sheet.diagram.stretch_us().end as f64;
            if last_us != Some(us)
                && at >= last_x + TICK_PX * 0.7
                && at < width - 20.0
                && us <= end_us + step_us
            {
                let grid = StrokeLook { layer: 0, faded: false, colour: Colour::Faint, tenths: 6, dash: &[] };
                self.stroke(grid, (at, TOP_PX - 8.0), (at, height));
                self.words(at, TOP_PX - 12.0, 11, Colour::Soft, time(us, step_us));
                (last_us, last_x) = (Some(us), at);
            }
            x += TICK_PX;
        }
    }

    /// The lines of servers, and what they were.
    fn rows(&mut self) {
        let (width, _) = self.sheet.size();
        for (row, name) in self.sheet.diagram.rows().iter().enumerate() {
            let y = self.sheet.y(row);
            self.picture.names.push((name.to_string(), y));
            let plain = StrokeLook { layer: 1, faded: false, colour: Colour::Faint, tenths: 10, dash: &[] };
            self.stroke(plain, (GUTTER_PX, y), (width, y));
        }
        let mut label: (usize, f64) = (usize::MAX, 0.0);
        for span in self.sheet.diagram.spans() {
            self.span(span, width, &mut label);
        }
    }

    /// One span. Its label is left out where the one before has no room to end.
    fn span(&mut self, span: &Span, width: f64, label: &mut (usize, f64)) {
        let y = self.sheet.y(span.row);
        let from = if span.since.is_none() { GUTTER_PX } else { self.sheet.x(span.from_us) };
        let ends = span.to_us >= self.sheet.diagram.stretch_us().end;
        let to = if ends { width } else { self.sheet.x(span.to_us) };
        let (from, to) = (from.max(GUTTER_PX), to.min(width));
        if to <= from {
            return;
        }
        let (colour, tenths, dash): (Colour, u8, Dash) = match (span.up, span.paused, span.role) {
            (false, ..) => (Colour::Bad, 10, &[2, 6]),
            (true, true, _) => (Colour::Warn, 30, &[2, 4]),
            (true, false, RoleName::Leader) => (Colour::of(Some(span.term)), 90, &[]),
            (true, false, RoleName::Follower) => (Colour::of(Some(span.term)), 30, &[]),
            (true, false, _) => (Colour::of(Some(span.term)), 50, &[6, 3]),
        };
        self.stroke(StrokeLook { layer: 2, faded: false, colour, tenths, dash }, (from, y), (to, y));
        if label.0 != span.row || from >= label.1 {
            self.picture.words.push(Words {
                x: from + 3.0,
                y: y - 9.0,
                starts: true,
                bold: span.role == RoleName::Leader && span.up,
                size: 11,
                colour: Colour::Ink,
                text: span.label(),
            });
            *label = (span.row, from + LABEL_PX);
        }
    }

    fn folds(&mut self) {
        for band in self.sheet.folded_in_sight() {
            let Some((left, right)) = self.sheet.band_edges(band) else { continue };
            let band = self.sheet.bands()[band];
            let text = [band.count().to_string(), short((band.to_us - band.from_us) as f64)];
            self.picture.folds.push(Fold { left, right, text });
        }
    }

    fn lines(&mut self) {
        let range = self.sheet.lines();
        let letters = range.len() <= LETTERS_MAX;
        let dense = range.len() > LINES_DENSE_FROM;
        let diagram = std::rc::Rc::clone(&self.sheet.diagram);
        let mut crowd = Crowd::default();
        for place in range {
            let line = &diagram.lines()[place];
            if self.sheet.is_hidden(line) {
                continue;
            }
            let [from, to] = self.sheet.ends(line);
            let faded = !Light::line(self.light, place);
            let layer = if faded { 3 } else { 4 };
            let look = StrokeLook {
                layer,
                faded,
                colour: line_colour(line),
                tenths: width_of(line),
                dash: dash_of(line),
            };
            if dense {
                match crowd.take(line, from, to, thin(look)) {
                    Taken::Already => {}
                    Taken::Not => self.stroke(thin(look), from, to),
                    Taken::After(full) => self.column(thin(look), full),
                }
            } else {
                self.stroke(look, from, to);
            }
            self.end_of(line, to, faded);
            if letters && !faded {
                self.letter(line, from, to);
            }
        }
        for (look, column) in crowd.columns {
            self.column(look, column);
        }
    }

    /// Lines that go straight down or up at one pixel.
    fn column(&mut self, look: StrokeLook, (x, top, bottom): Column) {
        self.stroke(look, (x as f64 + 0.5, top), (x as f64 + 0.5, bottom));
    }

    fn end_of(&mut self, line: &Line, (x, y): (f64, f64), faded: bool) {
        match line.end {
            End::Received(_) => {}
            End::Lost(..) => {
                self.mark(x, y, MarkLook { faded, ..look(Shape::Cross, Colour::Bad, false, 45) });
            }
            End::OnWay => {
                self.mark(x, y, MarkLook { faded, ..look(Shape::Disc, line_colour(line), false, 25) })
            }
        }
        if line.held.is_some() {
            let [(x0, y0), (x1, y1)] = self.sheet.ends(line);
            let middle = (x0 + 0.35 * (x1 - x0), y0 + 0.35 * (y1 - y0));
            self.mark(middle.0, middle.1, MarkLook { faded, ..look(Shape::Bars, Colour::Warn, false, 50) });
        }
    }

    /// The letter of a message, where its line is long enough: filled for a request, hollow for a reply.
    fn letter(&mut self, line: &Line, (x0, y0): (f64, f64), (x1, y1): (f64, f64)) {
        // Not in the middle, where another row may lie.
        let (x, y) = (x0 + 0.42 * (x1 - x0), y0 + 0.42 * (y1 - y0));
        if (x1 - x0).abs() < LETTER_PX || line.kind == MessageKind::Unknown || x < GUTTER_PX {
            return;
        }
        let colour = line_colour(line);
        self.mark(x, y, MarkLook { layer: 6, ..look(Shape::Badge, colour, !line.reply, 75) });
        let sign = if line.agrees { "" } else { "−" };
        let ink = if line.reply { Colour::Ink } else { colour.on() };
        self.words(x, y + 3.8, 11, ink, format!("{}{sign}", line.kind.letter()));
    }

    fn points(&mut self) {
        let range = self.sheet.places();
        if range.len() > DENSE_FROM {
            return self.many_points(range);
        }
        for place in range {
            let Some((x, y, lit)) = self.seen(place) else { continue };
            let point = self.sheet.diagram.points()[place];
            let (shape, colour, filled, tenths) = match point.kind {
                PointKind::Timer => (Shape::Triangle, Colour::of(point.term), true, 55),
                PointKind::Delivery => (Shape::Disc, Colour::of(point.term), true, 40),
                PointKind::Write => (Shape::Square, Colour::of(point.term), true, 35),
                PointKind::Action => (Shape::Diamond, Colour::Accent, true, 60),
                PointKind::Client => (Shape::Ring, Colour::Ink, false, 35),
                PointKind::Waits => (Shape::Bars, Colour::Warn, false, 50),
                PointKind::Lost => continue,
            };
            let layer = if lit { 7 } else { 5 };
            self.mark(x, y, MarkLook { layer, faded: !lit, shape, colour, filled, tenths });
            if point.commit.is_some() {
                let check = look(Shape::Check, Colour::Good, false, 40);
                self.mark(x, y + 11.0, MarkLook { layer, faded: !lit, ..check });
            }
        }
    }

    /// Where an event is drawn, and whether it is lit; nothing where it is hidden, or where the cross at the
    /// end of a line stands for it.
    fn seen(&self, place: usize) -> Option<(f64, f64, bool)> {
        let point = self.sheet.diagram.points()[place];
        if point.kind == PointKind::Lost || self.sheet.hidden_in(place).is_some() {
            return None;
        }
        Some((self.sheet.x(point.at_us), self.sheet.y(point.row), Light::event(self.light, place)))
    }

    /// So many that shapes can't be told apart: on each row one small square for two pixels; actions stay.
    fn many_points(&mut self, range: Range<usize>) {
        // By row, and whether lit: where the last square is.
        let mut last = vec![[i64::MIN; 2]; self.sheet.diagram.rows().len()];
        for place in range {
            let Some((x, y, lit)) = self.seen(place) else { continue };
            let point = self.sheet.diagram.points()[place];
            let layer = if lit { 7 } else { 5 };
            if point.kind == PointKind::Action {
                let action = look(Shape::Diamond, Colour::Accent, true, 45);
                self.mark(x, y, MarkLook { layer, faded: !lit, ..action });
                continue;
            }
            let spot = (x / 2.0) as i64;
            if std::mem::replace(&mut last[point.row][usize::from(lit)], spot) != spot {
                let square = look(Shape::Square, Colour::of(point.term), true, 18);
                self.mark(x, y, MarkLook { layer, faded: !lit, ..square });
            }
        }
    }
}

/// A pixel, and from where to where lines go straight down or up there.
type Column = (i64, f64, f64);

/// Lines that are too many to be told apart.
#[derive(Default)]
struct Crowd {
    /// By look: the column under construction. Lines come in the order of their beginnings.
    columns: BTreeMap<StrokeLook, Column>,
    /// By the two rows and the look: the last line, to two pixels.
    last: BTreeMap<(usize, usize, StrokeLook), (i64, i64)>,
}

/// What a crowd does with a line.
enum Taken {
    /// It is drawn with others.
    Already,
    /// It has to be drawn by itself.
    Not,
    /// It begins a column, and this one is full.
    After(Column),
}

impl Crowd {
    /// A line that takes no time at this scale becomes part of its pixel's column, and of several that begin
    /// and end on the same two pixels one is enough.
    fn take(&mut self, line: &Line, from: (f64, f64), to: (f64, f64), look: StrokeLook) -> Taken {
        if (to.0 - from.0).abs() >= 2.0 {
            let ends = ((from.0 / 2.0) as i64, (to.0 / 2.0) as i64);
            let before = self.last.insert((line.from, line.to, look), ends);
            return if before == Some(ends) { Taken::Already } else { Taken::Not };
        }
        let (x, top, bottom) = (from.0 as i64, from.1.min(to.1), from.1.max(to.1));
        let column = self.columns.entry(look).or_insert((x, top, bottom));
        if column.0 == x {
            *column = (x, column.1.min(top), column.2.max(bottom));
            return Taken::Already;
        }
        Taken::After(std::mem::replace(column, (x, top, bottom)))
    }
}

/// As a line looks among very many.
fn thin(look: StrokeLook) -> StrokeLook {
    StrokeLook { dash: &[], tenths: 7, ..look }
}

/// The colour of a message: its term's; a client's has none.
fn line_colour(line: &Line) -> Colour {
    match line.kind {
        MessageKind::Unknown => Colour::Soft,
        _ => Colour::of(line.term),
    }
}

/// A reply is thinner than a request.
fn width_of(line: &Line) -> u8 {
    match (line.kind, line.reply) {
        (MessageKind::Heartbeat, _) => 8,
        (_, true) => 10,
        (_, false) => 17,
    }
}

/// Kinds differ by their dashes as well as by letters.
fn dash_of(line: &Line) -> Dash {
    match line.kind {
        MessageKind::Heartbeat => &[1, 3],
        MessageKind::Append | MessageKind::Snapshot => &[],
        MessageKind::Vote => &[8, 3],
        MessageKind::PreVote => &[4, 4],
        MessageKind::TimeoutNow => &[12, 3, 2, 3],
        MessageKind::ReadIndex => &[6, 3, 6, 3],
        MessageKind::Client => &[8, 3, 2, 3],
        MessageKind::Unknown => &[2, 5],
    }
}

/// The next number above that is 1, 2 or 5 with zeros.
fn nice(least: f64) -> f64 {
    let mut step = 1.0;
    loop {
        for times in [1.0, 2.0, 5.0] {
            if step * times >= least {
                return step * times;
            }
        }
        step *= 10.0;
    }
}

/// A moment, as exactly as the steps are.
fn time(us: f64, step_us: f64) -> String {
    let digits = |unit_us: f64| {
        let mut digits = 0;
        let mut unit_us = unit_us;
        while step_us < unit_us && digits < 6 {
            unit_us /= 10.0;
            digits += 1;
        }
        digits
    };
    if us >= 10_000_000.0 {
        format!("{:.*} s", digits(1e6), us / 1e6)
    } else {
        format!("{:.*} ms", digits(1e3), us / 1e3)
    }
}

/// A length of time, in few letters.
fn short(us: f64) -> String {
    if us >= 1e6 { format!("{:.1} s", us / 1e6) } else { format!("{:.0} ms", us / 1e3) }
}
