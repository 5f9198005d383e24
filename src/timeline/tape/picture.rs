//! What of a tape is seen in a window: stretches and marks, in pixels.
//!
//! **The picture is bounded by its pixels, not by the run**: what begins within the pixel of something
//! else is merged with it, and is found by halving, never by walking along the row.

use super::super::row::{Point, Row};
use super::axis::{Measure, Window};
use super::{Class, Cuts, InForce, Life, Mark, MarkKind, Standing, Tape};
use crate::raft::{RoleName, ServerId, ServerSet};

/// Of so many that are merged into a pixel, at most, the most notable is looked for.
const LOOK: usize = 16;

/// Something that is so for a while.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch<T> {
    /// Where it begins, in pixels.
    pub x: f64,
    /// Where it ends.
    pub end: f64,
    /// What is so; of several in one pixel, the most notable.
    pub point: Point<T>,
    /// How many are merged into it: 1 where nothing is.
    pub merged: u32,
    /// Whether it begins here, and not before the left edge.
    pub begins: bool,
}

/// A mark, or several in one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// Where, in pixels.
    pub x: f64,
    /// The mark; of several the first.
    pub mark: Mark,
    /// How many there are.
    pub merged: u32,
}

/// What is seen of a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// By lane, S1's first.
    pub lanes: Vec<Vec<Stretch<Standing>>>,
    /// Who is cut off from whom.
    pub cuts: Vec<Stretch<Cuts>>,
    /// The configuration in force.
    pub configurations: Vec<Stretch<InForce>>,
    /// The marks, by [`Class`].
    pub marks: [Vec<Spot>; Class::ALL.len()],
}

/// How near to each other marks of a sort are drawn, in pixels.
fn spacing(class: Class) -> f64 {
    match class {
        Class::Commit => 1.0,
        Class::Leader => 4.0,
        Class::Action | Class::Scheduled | Class::Violation | Class::Snapshot | Class::Unserved => 7.0,
    }
}

impl Picture {
    /// What is seen of a tape in a window. `end` is the place up to where the run is known.
    #[must_use]
    pub fn of(tape: &Tape, window: &Window, end: f64) -> Picture {
        let lane = |row: &Row<Standing>| stretches(row, window, end, notable);
        Picture {
            lanes: tape.lanes().iter().map(lane).collect(),
            cuts: stretches(tape.cuts(), window, end, |cuts| {
                u8::from(cuts.iter().any(|cut| !cut.is_empty()))
            }),
            configurations: stretches(tape.configurations(), window, end, |_| 0),
            marks: Class::ALL.map(|class| spots(tape.marks(class), window, spacing(class))),
        }
    }

    /// How many shapes it has.
    #[must_use]
    pub fn shapes(&self) -> usize {
        let lanes = self.lanes.iter().map(Vec::len).sum::<usize>();
        lanes + self.cuts.len() + self.configurations.len() + self.marks.iter().map(Vec::len).sum::<usize>()
    }
}

/// What must not get lost among several in one pixel.
fn notable(standing: &Standing) -> u8 {
    match (standing.life, standing.role) {
        (Life::Down, _) => 4,
        (Life::Retired | Life::Paused, _) => 3,
        (Life::Up, RoleName::Leader) => 2,
        (Life::Up, RoleName::Candidate | RoleName::PreCandidate) => 1,
        (Life::Up, RoleName::Follower) => 0,
    }
}

/// The points of a row as stretches, each up to the next one.
fn stretches<T: Copy>(
    row: &Row<T>,
    window: &Window,
    end: f64,
    notable: impl Fn(&T) -> u8,
) -> Vec<Stretch<T>> {
    let Window { measure, width, .. } = *window;
    let place = |point: &Point<T>| window.x(measure.of(point));
    let edge = window.x(end).min(width);
    // The last point at or before the left edge reaches into the window.
    let mut number = row.count_while(|point| place(point) <= 0.0).saturating_sub(1);
    let mut stretches = Vec::new();
    let mut x = row.get(number).map_or(0.0, |first| place(first).max(0.0));
    while let Some(point) = row.get(number)
        && x < edge
    {
        let next = row.get(number + 1).map_or(edge, |next| place(next).min(edge));
        let begins = place(point) >= 0.0 && x <= place(point).max(0.0);
        if next - x >= 1.0 || next >= edge {
            stretches.push(Stretch { x, end: next, point: *point, merged: 1, begins });
            number += 1;
            x = next;
        } else {
            // To the end of the pixel.
            let end = (x.floor() + 1.0).min(edge);
            let after = row.count_while(|point| place(point) < end);
            let merged = after - number;
            let looked = row.from(number).take(merged.min(LOOK));
            // Of equals the last is so at the end of the pixel.
            let point = looked.max_by_key(|point| notable(&point.what)).copied().unwrap_or(*point);
            stretches.push(Stretch { x, end, point, merged: merged as u32, begins: true });
            number = after.saturating_sub(1).max(number);
            x = end;
        }
    }
    stretches
}

/// The marks of a row that are in sight. Those that are nearer to each other than so many pixels are
/// merged; which ones, does not depend on where the window begins, so that nothing flickers as it moves.
fn spots(row: &Row<MarkKind>, window: &Window, spacing: f64) -> Vec<Spot> {
    let Window { measure, span, width, .. } = *window;
    let bin = span / width.max(1.0) * spacing;
    let bin_of = |mark: &Mark| (measure.of(mark) / bin).floor();
    let first = (window.from / bin).floor();
    let mut number = row.count_while(|mark| bin_of(mark) < first);
    let mut spots = Vec::new();
    while let Some(mark) = row.get(number) {
        let x = window.x(measure.of(mark));
        if x > width {
            break;
        }
        let own = bin_of(mark);
        let after = row.count_while(|mark| bin_of(mark) <= own);
        spots.push(Spot { x, mark: *mark, merged: (after - number) as u32 });
        number = after;
    }
    spots
}

/// The servers that a network divides: those that hear each other in both directions, directly or by
/// others, in groups, the largest first. One group where nobody is cut off for good.
#[must_use]
pub fn sides(cuts: &Cuts, servers: u8) -> Vec<ServerSet> {
    let both = |a: ServerId, b: ServerId| !cuts[a.slot()].contains(b) && !cuts[b.slot()].contains(a);
    let mut rest = ServerSet::first(servers);
    let mut sides: Vec<ServerSet> = Vec::new();
    while let Some(first) = rest.iter().next() {
        let mut side = ServerSet::EMPTY;
        let mut reached = vec![first];
        while let Some(server) = reached.pop() {
            if !side.contains(server) {
                side.insert(server);
                rest.remove(server);
                reached.extend(rest.iter().filter(|other| both(server, *other)));
            }
        }
        sides.push(side);
    }
    sides.sort_by_key(|side| std::cmp::Reverse(side.len()));
    sides
}

/// Whom a server does not hear, or is not heard by.
#[must_use]
pub fn cut_off(cuts: &Cuts, servers: u8, id: ServerId) -> ServerSet {
    let unheard = ServerSet::first(servers).iter().filter(|other| cuts[other.slot()].contains(id));
    cuts[id.slot()].or(unheard.collect()).and(ServerSet::first(servers))
}

/// What is so at a place: the last point at or before it.
#[must_use]
pub fn at<T>(row: &Row<T>, measure: Measure, place: f64) -> Option<&Point<T>> {
    row.get(row.count_while(|point| measure.of(point) <= place).checked_sub(1)?)
}
