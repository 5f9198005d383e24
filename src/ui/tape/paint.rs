//! Paints a picture of a tape onto a canvas. What a server is, is said by height, pattern and letter; the
//! term by a number, where there is room, and by colour.

use super::colours::Colours;
use super::frame::{AXIS, COMMITS, Frame, GUTTER, STRIP, share};
use super::near::{Dot, Kind};
use crate::raft::{RoleName, ServerId};
use crate::timeline::tape::{
    Class, Cuts, InForce, Life, MarkKind, Picture, Spot, Standing, Stretch, Window, cut_off, sides,
};
use std::f64::consts::TAU;
use web_sys::CanvasRenderingContext2d as Context;

/// From one line of a hatching to the next.
const HATCH: f64 = 6.0;
/// How wide the tick of a commit is.
const TICK: f64 = 1.5;
/// A cross needs so much room.
const CROSS: f64 = 8.0;

/// What else is shown than the tape itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Places {
    /// Up to where the run is known.
    pub known: f64,
    /// Up to where its recording goes.
    pub end: f64,
    /// Where the branch left its parent, if it has one.
    pub fork: Option<f64>,
    /// The server that is selected.
    pub selected: Option<ServerId>,
}

/// A canvas that is painted on, in CSS pixels.
pub struct Painter<'a> {
    context: &'a Context,
    colours: &'a Colours,
    frame: Frame,
}

impl<'a> Painter<'a> {
    /// Paints on this canvas with these colours.
    #[must_use]
    pub fn new(context: &'a Context, colours: &'a Colours, frame: Frame) -> Painter<'a> {
        Painter { context, colours, frame }
    }

    /// Paints everything anew.
    pub fn paint(
        &self,
        picture: &Picture,
        dots: impl Iterator<Item = Dot>,
        window: &Window,
        places: &Places,
    ) {
        let (c, frame) = (self.context, self.frame);
        c.clear_rect(0.0, 0.0, frame.width, frame.height());
        c.set_text_baseline("middle");
        self.names(places.selected);
        c.save();
        c.begin_path();
        c.rect(GUTTER, 0.0, frame.plot(), frame.height());
        c.clip();
        // What follows is painted where the window is.
        if c.translate(GUTTER, 0.0).is_ok() {
            self.unknown(window, places);
            self.scale(window);
            for (lane, stretches) in picture.lanes.iter().enumerate() {
                self.lane(lane, stretches);
            }
            self.memberships(&picture.configurations);
            self.cuts(&picture.cuts);
            dots.for_each(|dot| self.dot(dot));
            self.commits(picture);
            self.above(picture);
            self.fork(window, places.fork);
        }
        c.restore();
    }

    fn names(&self, selected: Option<ServerId>) {
        let c = self.context;
        c.set_text_align("right");
        for (lane, id) in ServerId::first(self.frame.lanes as u8).enumerate() {
            let chosen = selected == Some(id);
            c.set_font(if chosen { "700 11px system-ui" } else { "500 11px system-ui" });
            c.set_fill_style_str(if chosen { &self.colours.accent } else { &self.colours.ink });
            self.text(&id.to_string(), GUTTER - 6.0, self.frame.top(lane) + self.frame.lane / 2.0 + 0.5);
        }
    }

    fn text(&self, text: &str, x: f64, y: f64) {
        // A text that can't be painted leaves a hole, no more.
        let _ = self.context.fill_text(text, x, y);
    }

    /// What was not replayed yet.
    fn unknown(&self, window: &Window, places: &Places) {
        let from = window.x(places.known).max(0.0);
        let to = window.x(places.end).min(self.frame.plot());
        if to - from < 1.0 {
            return;
        }
        self.hatch(from, to, STRIP, self.frame.axis() - STRIP, &self.colours.line);
        if to - from > 110.0 {
            self.context.set_text_align("center");
            self.context.set_font("500 11px system-ui");
            self.context.set_fill_style_str(&self.colours.soft);
            self.text("not replayed yet", f64::midpoint(from, to), (STRIP + self.frame.axis()) / 2.0);
        }
    }

    fn scale(&self, window: &Window) {
        let (c, y) = (self.context, self.frame.axis());
        c.set_font("500 10.5px system-ui");
        c.set_text_align("center");
        c.set_stroke_style_str(&self.colours.line);
        c.set_line_width(1.0);
        c.begin_path();
        let ticks = window.ticks();
        for tick in &ticks {
            let x = tick.x.round() + 0.5;
            let (from, to) = if tick.label.is_some() { (STRIP, y + 5.0) } else { (y, y + 3.0) };
            c.move_to(x, from);
            c.line_to(x, to);
        }
        c.stroke();
        c.set_fill_style_str(&self.colours.soft);
        for tick in ticks {
            if let Some(label) = tick.label {
                // The first and the last stay inside.
                let half = label.len() as f64 * 3.0;
                let x = tick.x.clamp(half, (self.frame.plot() - half).max(half));
                self.text(&label, x, y + AXIS - 6.0);
            }
        }
    }

    fn lane(&self, lane: usize, stretches: &[Stretch<Standing>]) {
        let mut crossed = f64::NEG_INFINITY;
        for stretch in stretches {
            let standing = stretch.point.what;
            match standing.life {
                Life::Up => self.running(lane, stretch, 1.0),
                Life::Paused => self.paused(lane, stretch),
                Life::Down | Life::Retired => {
                    self.stopped(lane, stretch);
                    if stretch.begins && stretch.x - crossed >= CROSS {
                        crossed = stretch.x;
                        self.cross(lane, stretch.x, standing.life == Life::Retired);
                    }
                }
            }
        }
    }

    /// A server that runs: a leader's bar fills the lane, a candidate's is hatched, a follower's is low.
    fn running(&self, lane: usize, stretch: &Stretch<Standing>, alpha: f64) {
        let (c, full) = (self.context, self.frame.lane);
        let Standing { role, term, .. } = stretch.point.what;
        let pair = self.colours.term(term.0);
        let part = share(role);
        let (top, height) = (self.frame.top(lane) + full * (1.0 - part), full * part);
        let width = (stretch.end - stretch.x).max(1.0);
        c.set_global_alpha(alpha);
        c.set_fill_style_str(&pair.fill);
        c.fill_rect(stretch.x, top, width, height);
        match role {
            RoleName::Candidate => self.hatch(stretch.x, stretch.end, top, height, &pair.ink),
            RoleName::PreCandidate => {
                // Nothing has changed yet: hollow.
                c.set_fill_style_str(&self.colours.ground);
                c.fill_rect(stretch.x + 1.0, top + 1.5, (width - 2.0).max(0.0), height - 3.0);
            }
            RoleName::Leader if width > 3.0 => self.outline(stretch, top, height),
            _ => {}
        }
        c.set_global_alpha(1.0);
        if stretch.begins && width > 2.5 {
            // Where two terms of like colour meet, a line parts them.
            c.set_fill_style_str(&self.colours.outline);
            c.fill_rect(stretch.x, self.frame.top(lane), 1.0, full);
        }
        self.label(lane, stretch, role);
    }

    fn outline(&self, stretch: &Stretch<Standing>, top: f64, height: f64) {
        let c = self.context;
        c.set_stroke_style_str(&self.colours.outline);
        c.set_line_width(1.0);
        c.stroke_rect(stretch.x + 0.5, top + 0.5, stretch.end - stretch.x - 1.0, height - 1.0);
    }

    /// The letter of the role and the number of the term, where there is room.
    fn label(&self, lane: usize, stretch: &Stretch<Standing>, role: RoleName) {
        let Standing { term, .. } = stretch.point.what;
        let letter = match role {
            RoleName::Leader => "L",
            RoleName::Candidate => "C",
            RoleName::PreCandidate => "P",
            RoleName::Follower => "",
        };
        let text = format!("{letter}{term}");
        // What began before the left edge is labelled at the edge.
        let room = stretch.end - stretch.x;
        let needed = text.len() as f64 * 6.5 + 5.0;
        if room < needed {
            return;
        }
        let c = self.context;
        c.set_text_align("left");
        let filled = matches!(role, RoleName::Leader);
        c.set_font(if filled { "700 10.5px system-ui" } else { "500 10px system-ui" });
        let middle = self.frame.top(lane) + self.frame.lane / 2.0 + 0.5;
        let ink = if filled { &self.colours.term(term.0).ink } else { &self.colours.ink };
        if filled {
            c.set_fill_style_str(ink);
            self.text(&text, stretch.x + 4.0, middle);
        } else if self.frame.lane >= 12.0 {
            // Above the low bar, on the ground.
            let y = if role == RoleName::Follower {
                self.frame.top(lane) + self.frame.lane * 0.3
            } else {
                middle
            };
            if role != RoleName::Follower {
                c.set_fill_style_str(&self.colours.ground);
                c.fill_rect(stretch.x + 2.0, middle - 5.5, needed - 3.0, 11.0);
            }
            c.set_fill_style_str(ink);
            c.set_font(if role == RoleName::Follower { "500 9px system-ui" } else { "700 10px system-ui" });
            self.text(&text, stretch.x + 3.0, y);
        }
    }

    /// A paused server: pale, with two bars.
    fn paused(&self, lane: usize, stretch: &Stretch<Standing>) {
        self.running(lane, stretch, 0.4);
        if stretch.end - stretch.x < 24.0 {
            return;
        }
        let (c, x) = (self.context, stretch.end - 9.0);
        let top = self.frame.top(lane) + 2.0;
        c.set_fill_style_str(&self.colours.warn);
        c.fill_rect(x, top, 2.5, self.frame.lane - 4.0);
        c.fill_rect(x + 4.5, top, 2.5, self.frame.lane - 4.0);
    }

    /// A crashed server: nothing but a broken line.
    fn stopped(&self, lane: usize, stretch: &Stretch<Standing>) {
        if stretch.point.what.life == Life::Retired {
            return;
        }
        let (c, y) = (self.context, self.frame.top(lane) + self.frame.lane / 2.0);
        if stretch.end - stretch.x < 3.0 {
            c.set_fill_style_str(&self.colours.bad);
            c.fill_rect(stretch.x, self.frame.top(lane), (stretch.end - stretch.x).max(1.0), self.frame.lane);
            return;
        }
        c.set_stroke_style_str(&self.colours.bad);
        c.set_line_width(1.5);
        c.begin_path();
        let (mut x, dash) = (stretch.x, 3.0);
        while x < stretch.end {
            c.move_to(x, y);
            c.line_to((x + dash).min(stretch.end), y);
            x += dash * 2.5;
        }
        c.stroke();
    }

    fn cross(&self, lane: usize, x: f64, heavy: bool) {
        let (c, r) = (self.context, self.frame.lane / 2.0 - 1.5);
        let (x, y) = (x + r + 0.5, self.frame.top(lane) + self.frame.lane / 2.0);
        c.set_stroke_style_str(&self.colours.bad);
        c.set_line_width(if heavy { 3.0 } else { 2.0 });
        c.begin_path();
        c.move_to(x - r, y - r);
        c.line_to(x + r, y + r);
        c.move_to(x - r, y + r);
        c.line_to(x + r, y - r);
        c.stroke();
    }

    /// Slanted lines, all in one grid so that neighbours fit.
    fn hatch(&self, from: f64, to: f64, top: f64, height: f64, colour: &str) {
        let c = self.context;
        c.save();
        c.begin_path();
        c.rect(from, top, to - from, height);
        c.clip();
        c.set_stroke_style_str(colour);
        c.set_line_width(1.25);
        c.begin_path();
        let mut x = (from / HATCH).floor() * HATCH;
        while x < to + height {
            c.move_to(x, top);
            c.line_to(x - height, top + height);
            x += HATCH;
        }
        c.stroke();
        c.restore();
    }

    /// Who gets the log without a vote, and who is no member: a line above the lane, dotted or none.
    fn memberships(&self, known: &[Stretch<InForce>]) {
        let c = self.context;
        for stretch in known {
            let configuration = stretch.point.what.configuration;
            for (lane, id) in ServerId::first(self.frame.lanes as u8).enumerate() {
                if configuration.all_voters().contains(id) {
                    continue;
                }
                // Pale: what it does counts for nothing.
                c.set_global_alpha(if configuration.learners.contains(id) { 0.35 } else { 0.7 });
                c.set_fill_style_str(&self.colours.ground);
                let width = stretch.end - stretch.x;
                c.fill_rect(stretch.x, self.frame.top(lane), width, self.frame.lane);
                c.set_global_alpha(1.0);
            }
        }
    }

    /// Who is cut off: hatched, those of the smaller sides; and a line above whoever is cut off from one
    /// server only.
    fn cuts(&self, cuts: &[Stretch<Cuts>]) {
        let servers = self.frame.lanes as u8;
        for stretch in cuts {
            let cuts = &stretch.point.what;
            let largest = sides(cuts, servers).first().copied().unwrap_or_default();
            for (lane, id) in ServerId::first(servers).enumerate() {
                let top = self.frame.top(lane);
                if !largest.contains(id) {
                    self.hatch(stretch.x, stretch.end, top, self.frame.lane, &self.colours.bad);
                } else if !cut_off(cuts, servers, id).is_empty() {
                    self.context.set_fill_style_str(&self.colours.bad);
                    self.context.fill_rect(stretch.x, top - 1.0, (stretch.end - stretch.x).max(1.0), 1.5);
                }
            }
        }
    }

    /// A single event: a disc for a message that arrived, a cross for one that did not, a ring for a
    /// timer, a square for the disk.
    fn dot(&self, Dot { x, lane, kind }: Dot) {
        let (c, y, r) = (self.context, self.frame.top(lane) + self.frame.lane * 0.3, 2.5);
        c.set_stroke_style_str(if kind == Kind::Dropped { &self.colours.bad } else { &self.colours.ink });
        c.set_fill_style_str(if kind == Kind::Delivered { &self.colours.ink } else { &self.colours.ground });
        c.set_line_width(1.25);
        c.begin_path();
        match kind {
            Kind::Delivered | Kind::Fired => {
                // A circle of any size can be drawn.
                let _ = c.arc(x, y, r, 0.0, TAU);
            }
            Kind::Synced => c.rect(x - 2.0, y - 2.0, 4.0, 4.0),
            Kind::Dropped => {
                c.move_to(x - r, y - r);
                c.line_to(x + r, y + r);
                c.move_to(x - r, y + r);
                c.line_to(x + r, y - r);
            }
        }
        c.fill();
        c.stroke();
    }

    fn commits(&self, picture: &Picture) {
        let (c, top) = (self.context, self.frame.commits());
        c.set_fill_style_str(&self.colours.good);
        // Ticks that touch and are of one height are painted as one bar: from afar there are hundreds.
        let mut bar: Option<(f64, f64, f64)> = None;
        let paint = |(x, end, height): (f64, f64, f64)| {
            c.fill_rect(x, top + COMMITS - 1.0 - height, end - x, height);
        };
        for spot in of(picture, Class::Commit) {
            // More in one pixel is higher.
            let height = (COMMITS - 2.0) * (0.7 + 0.3 * (f64::from(spot.merged.min(4)) / 4.0));
            bar = match bar {
                Some((x, end, high)) if high == height && spot.x <= end + 0.5 => {
                    Some((x, spot.x + TICK, high))
                }
                before => {
                    before.into_iter().for_each(paint);
                    Some((spot.x, spot.x + TICK, height))
                }
            };
        }
        bar.into_iter().for_each(paint);
        c.set_fill_style_str(&self.colours.warn);
        for spot in of(picture, Class::Snapshot) {
            let y = top + COMMITS - 6.0;
            c.fill_rect(spot.x - 2.5, y, 5.0, 5.0);
        }
    }

    /// What stands above the lanes: actions, requests that were not served, violations.
    fn above(&self, picture: &Picture) {
        let c = self.context;
        for spot in of(picture, Class::Unserved) {
            c.set_stroke_style_str(&self.colours.warn);
            c.set_line_width(1.5);
            c.begin_path();
            // A circle of any size can be drawn.
            let _ = c.arc(spot.x, STRIP - 6.0, 2.5, 0.0, TAU);
            c.stroke();
        }
        for spot in of(picture, Class::Scheduled) {
            // Hollow: nobody's hand did it.
            c.begin_path();
            c.move_to(spot.x - 3.0, STRIP - 8.0);
            c.line_to(spot.x + 3.0, STRIP - 8.0);
            c.line_to(spot.x, STRIP - 2.0);
            c.close_path();
            c.set_stroke_style_str(&self.colours.accent);
            c.set_line_width(1.0);
            c.stroke();
        }
        for spot in of(picture, Class::Action) {
            let refused = matches!(spot.mark.what, MarkKind::Action { refused: true, .. });
            c.begin_path();
            c.move_to(spot.x - 3.5, STRIP - 8.0);
            c.line_to(spot.x + 3.5, STRIP - 8.0);
            c.line_to(spot.x, STRIP - 1.5);
            c.close_path();
            if refused && spot.merged == 1 {
                c.set_stroke_style_str(&self.colours.soft);
                c.set_line_width(1.0);
                c.stroke();
            } else {
                c.set_fill_style_str(&self.colours.accent);
                c.fill();
            }
        }
        for spot in of(picture, Class::Violation) {
            self.violation(spot);
        }
    }

    /// A broken promise: a line through everything, with a flag.
    fn violation(&self, spot: &Spot) {
        let c = self.context;
        c.set_fill_style_str(&self.colours.bad);
        c.fill_rect(spot.x - 1.0, 0.0, 2.0, self.frame.axis());
        c.begin_path();
        c.move_to(spot.x, 0.0);
        c.line_to(spot.x + 13.0, 0.0);
        c.line_to(spot.x + 9.0, 5.5);
        c.line_to(spot.x + 13.0, 11.0);
        c.line_to(spot.x, 11.0);
        c.close_path();
        c.fill();
        c.set_fill_style_str(&self.colours.ground);
        c.set_text_align("center");
        c.set_font("700 10px system-ui");
        self.text("!", spot.x + 5.0, 6.0);
    }

    fn fork(&self, window: &Window, fork: Option<f64>) {
        let Some(x) = fork.map(|fork| window.x(fork)).filter(|x| (0.0..=self.frame.plot()).contains(x))
        else {
            return;
        };
        let c = self.context;
        c.set_stroke_style_str(&self.colours.accent);
        c.set_line_width(1.5);
        c.begin_path();
        c.move_to(x, STRIP);
        c.line_to(x, self.frame.axis());
        // A path that parts from another.
        c.move_to(x - 6.0, 1.5);
        c.line_to(x, STRIP);
        c.line_to(x + 6.0, 1.5);
        c.stroke();
    }
}

fn of(picture: &Picture, class: Class) -> &[Spot] {
    &picture.marks[class as usize]
}
