//! The diagram on a sheet of so many pixels: where things stand, what is in sight, what is under a pointer.

use super::{Axis, BAND_PX, Band, Diagram, End, Line, bands};
use std::ops::Range;
use std::rc::Rc;

/// The largest scale, in pixels for a microsecond.
pub const SCALE_MAX: f64 = 2.0;
/// Room above the rows, for times.
pub const TOP_PX: f64 = 26.0;
const BOTTOM_PX: f64 = 12.0;
/// Room on the left, for the names of rows.
pub const GUTTER_PX: f64 = 44.0;
/// Room before the first event, names included, and behind the last one.
const LEFT_PX: f64 = GUTTER_PX + 16.0;
const RIGHT_PX: f64 = 24.0;
/// So near to a point or a line counts as on it.
const NEAR_PX: f64 = 12.0;
const NEAR_LINE_PX: f64 = 6.0;

/// What is under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// The event of that place.
    Event(usize),
    /// The line of that place.
    Line(usize),
    /// The quiet stretch of that number, which is folded.
    Band(usize),
}

/// A diagram, and the part of it that is in sight.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The diagram.
    pub diagram: Rc<Diagram>,
    bands: Rc<[Band]>,
    folded: Vec<bool>,
    axis: Axis,
    /// How far the sheet is scrolled to the right, in pixels.
    left: f64,
    scale: f64,
    width: f64,
    height: f64,
}

impl Sheet {
    /// A sheet of so many pixels that shows the whole diagram, with its quiet stretches folded or not.
    #[must_use]
    pub fn new(diagram: Rc<Diagram>, width: f64, height: f64, fold: bool) -> Sheet {
        let bands: Rc<[Band]> = bands(&diagram).into();
        let folded = vec![fold; bands.len()];
        let mut sheet = Sheet {
            diagram,
            bands,
            folded,
            axis: Axis::default(),
            left: 0.0,
            scale: SCALE_MAX,
            width: width.max(1.0),
            height: height.max(1.0),
        };
        sheet.lay_out();
        sheet.fit();
        sheet
    }

    fn lay_out(&mut self) {
        let stretch = self.diagram.stretch_us();
        let folded = self.bands.iter().zip(&self.folded).filter(|(_, folded)| **folded);
        self.axis = Axis::new(stretch.start, stretch.end, folded.map(|(band, _)| *band));
    }

    // What there is.

    /// The quiet stretches.
    #[must_use]
    pub fn bands(&self) -> &[Band] {
        &self.bands
    }

    /// Whether a quiet stretch is folded.
    #[must_use]
    pub fn is_folded(&self, band: usize) -> bool {
        self.folded.get(band).copied().unwrap_or(false)
    }

    /// The folded stretch that hides an event, if one does.
    #[must_use]
    pub fn hidden_in(&self, place: usize) -> Option<usize> {
        let band = self.bands.partition_point(|band| band.end <= place);
        let inside = self.bands.get(band).is_some_and(|band| band.first <= place);
        (inside && self.folded[band]).then_some(band)
    }

    /// The scale, in pixels for a microsecond.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// How wide and how high the sheet is.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    // Where it stands.

    /// How far a moment is from the left edge.
    #[must_use]
    pub fn x(&self, us: u64) -> f64 {
        self.axis.x(us as f64, self.scale) - self.left + LEFT_PX
    }

    /// The moment that stands there.
    #[must_use]
    pub fn us(&self, x: f64) -> f64 {
        self.axis.us(x + self.left - LEFT_PX, self.scale)
    }

    /// How far a row is from the top.
    #[must_use]
    pub fn y(&self, row: usize) -> f64 {
        let rows = self.diagram.rows().len().max(1) as f64;
        TOP_PX + (row as f64 + 0.5) * (self.height - TOP_PX - BOTTOM_PX) / rows
    }

    /// Where an event stands.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<(f64, f64)> {
        let point = self.diagram.points().get(place)?;
        Some((self.x(point.at_us), self.y(point.row)))
    }

    /// The two ends of a line. One that is lost ends before the row that it never reaches; one that is still
    /// under way ends half way.
    #[must_use]
    pub fn ends(&self, line: &Line) -> [(f64, f64); 2] {
        let (top, bottom) = (self.y(line.from), self.y(line.to));
        let part = match line.end {
            End::Received(_) => 1.0,
            End::Lost(..) => 0.8,
            End::OnWay if line.waits.is_some() => 0.9,
            End::OnWay => 0.5,
        };
        [(self.x(line.start_us), top), (self.x(line.end_us), top + part * (bottom - top))]
    }

    /// The edges of a folded stretch.
    #[must_use]
    pub fn band_edges(&self, band: usize) -> Option<(f64, f64)> {
        let right = self.x(self.bands.get(band)?.to_us);
        Some((right - BAND_PX, right))
    }

    // What is in sight.

    fn moments(&self) -> (u64, u64) {
        (self.us(-NEAR_PX).max(0.0) as u64, self.us(self.width + NEAR_PX).max(0.0).ceil() as u64)
    }

    /// The places of the events in sight; those in folded stretches are among them.
    #[must_use]
    pub fn places(&self) -> Range<usize> {
        let (from_us, to_us) = self.moments();
        self.diagram.places_within(from_us, to_us)
    }

    /// The places of the lines that may be in sight.
    #[must_use]
    pub fn lines(&self) -> Range<usize> {
        let (from_us, to_us) = self.moments();
        self.diagram.lines_within(from_us, to_us)
    }

    /// The folded stretches in sight.
    pub fn folded_in_sight(&self) -> impl Iterator<Item = usize> + '_ {
        let (from_us, to_us) = self.moments();
        let first = self.bands.partition_point(|band| band.to_us < from_us);
        let end = self.bands.partition_point(|band| band.from_us <= to_us);
        (first..end.max(first)).filter(|&band| self.folded[band])
    }

    /// Whether a line is hidden: both its ends lie in one folded stretch.
    #[must_use]
    pub fn is_hidden(&self, line: &Line) -> bool {
        let ends = line.sent_by.zip(line.end.place());
        let bands = ends.map(|(from, to)| (self.hidden_in(from), self.hidden_in(to)));
        bands.is_some_and(|(from, to)| from.is_some() && from == to)
    }

    /// What is under a pointer: the nearest event, else a line, else a folded stretch.
    #[must_use]
    pub fn hit(&self, x: f64, y: f64) -> Option<Hit> {
        if x < GUTTER_PX {
            return None;
        }
        let event = self.event_near(x, y).map(Hit::Event);
        let band = || {
            self.folded_in_sight()
                .find(|&band| self.band_edges(band).is_some_and(|(left, right)| (left..right).contains(&x)))
        };
        event.or_else(|| band().map(Hit::Band)).or_else(|| self.line_near(x, y).map(Hit::Line))
    }

    fn event_near(&self, x: f64, y: f64) -> Option<usize> {
        let (from_us, to_us) = (self.us(x - NEAR_PX).max(0.0), self.us(x + NEAR_PX).max(0.0).ceil());
        let near = self.diagram.places_within(from_us as u64, to_us as u64);
        let mut best: Option<(f64, usize)> = None;
        for place in near.filter(|&place| self.hidden_in(place).is_none()) {
            let Some((its_x, its_y)) = self.at(place) else { continue };
            let distance = (its_x - x).powi(2) + (its_y - y).powi(2);
            // Of those at the same spot the last one: it is drawn on top.
            if distance <= NEAR_PX.powi(2) && best.is_none_or(|(least, _)| distance <= least) {
                best = Some((distance, place));
            }
        }
        best.map(|(_, place)| place)
    }

    fn line_near(&self, x: f64, y: f64) -> Option<usize> {
        let at_us = self.us(x).max(0.0) as u64;
        let mut best: Option<(f64, usize)> = None;
        for place in self.diagram.lines_within(at_us, at_us.saturating_add(1)) {
            let line = &self.diagram.lines()[place];
            if self.is_hidden(line) {
                continue;
            }
            let distance = distance((x, y), self.ends(line));
            if distance <= NEAR_LINE_PX && best.is_none_or(|(least, _)| distance < least) {
                best = Some((distance, place));
            }
        }
        best.map(|(_, place)| place)
    }

    // To move.

    /// Another size; the moment at the left edge stays there.
    pub fn resize(&mut self, width: f64, height: f64) {
        (self.width, self.height) = (width.max(1.0), height.max(1.0));
        self.keep_inside();
    }

    /// Shows everything at once.
    pub fn fit(&mut self) {
        self.scale = self.least_scale();
        self.left = 0.0;
    }

    /// The scale at which everything is in sight.
    fn least_scale(&self) -> f64 {
        let (shown_us, folded) = self.axis.extent();
        let room = self.width - LEFT_PX - RIGHT_PX - folded as f64 * BAND_PX;
        // Many folded stretches can be wider than the sheet: then time has a tenth of it for each of them.
        (room.max(self.width / 10.0) / shown_us.max(1.0)).min(SCALE_MAX)
    }

    /// Moves what is seen: to the right for positive pixels.
    pub fn pan(&mut self, by: f64) {
        self.left += by;
        self.keep_inside();
    }

    /// Zooms in (above 1) or out around a place that stays where it is.
    pub fn zoom(&mut self, factor: f64, x: f64) {
        let us = self.us(x);
        self.scale = (self.scale * factor).clamp(self.least_scale(), SCALE_MAX);
        self.left = self.axis.x(us, self.scale) + LEFT_PX - x;
        self.keep_inside();
    }

    /// Brings a moment into sight, if it is not: into the middle.
    pub fn reveal(&mut self, us: u64) {
        let x = self.x(us);
        if x < LEFT_PX || x > self.width - RIGHT_PX {
            self.left += x - self.width / 2.0;
            self.keep_inside();
        }
    }

    /// Shows what another sheet shows, as far as it is here: the same scale, the same moment at the left.
    pub fn look_as(&mut self, other: &Sheet) {
        self.scale = other.scale;
        self.left = self.axis.x(other.us(LEFT_PX), self.scale);
        self.keep_inside();
    }

    /// Whether the end of the stretch is in sight.
    #[must_use]
    pub fn sees_end(&self) -> bool {
        self.x(self.diagram.stretch_us().end) <= self.width
    }

    /// Scrolls to the end of the stretch.
    pub fn go_to_end(&mut self) {
        self.left = f64::MAX;
        self.keep_inside();
    }

    /// Shows this stretch of time, as wide as it fits.
    pub fn show(&mut self, from_us: u64, to_us: u64) {
        let room = self.width - LEFT_PX - RIGHT_PX;
        let scale = room / to_us.saturating_sub(from_us).max(1) as f64;
        self.scale = scale.clamp(self.least_scale(), SCALE_MAX);
        self.left = self.axis.x(from_us as f64, self.scale);
        self.keep_inside();
    }

    fn keep_inside(&mut self) {
        self.scale = self.scale.clamp(self.least_scale(), SCALE_MAX);
        let most = self.axis.width(self.scale) + LEFT_PX + RIGHT_PX - self.width;
        self.left = self.left.clamp(0.0, most.max(0.0));
    }

    /// Folds or unfolds a quiet stretch. Its beginning stays where it is.
    pub fn fold(&mut self, band: usize, folded: bool) {
        let Some(from_us) = self.bands.get(band).map(|band| band.from_us) else { return };
        self.refold(from_us, |all| all[band] = folded);
    }

    /// Folds or unfolds all of them.
    pub fn fold_all(&mut self, folded: bool) {
        let middle = self.us(self.width / 2.0).max(0.0) as u64;
        self.refold(middle, |all| all.fill(folded));
    }

    fn refold(&mut self, stays_us: u64, change: impl FnOnce(&mut [bool])) {
        let x = self.x(stays_us);
        change(&mut self.folded);
        self.lay_out();
        self.left += self.x(stays_us) - x;
        self.keep_inside();
    }
}

/// How far a point is from a line.
fn distance((x, y): (f64, f64), [(x0, y0), (x1, y1)]: [(f64, f64); 2]) -> f64 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let length = (dx * dx + dy * dy).max(f64::MIN_POSITIVE);
    let part = (((x - x0) * dx + (y - y0) * dy) / length).clamp(0.0, 1.0);
    ((x - x0 - part * dx).powi(2) + (y - y0 - part * dy).powi(2)).sqrt()
}
