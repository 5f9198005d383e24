//! Where everything stands on the stage. Nothing here knows a browser.

use crate::raft::{MAX_SERVERS, ServerId, ServerSet};
use crate::sim::{ClientId, Endpoint};
use crate::ui::math;

/// A point on the stage.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point {
    /// How far it is to another point.
    #[must_use]
    pub fn distance(self, other: Point) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point at a fraction of the way to another one.
    #[must_use]
    pub fn towards(self, other: Point, fraction: f64) -> Point {
        Point { x: self.x + (other.x - self.x) * fraction, y: self.y + (other.y - self.y) * fraction }
    }
}

/// How far servers that are cut off move away.
const APART: f64 = 34.0;

/// The stage's measures, for so many servers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    /// How many servers.
    pub servers: u8,
    /// For a narrow screen: higher than wide.
    pub compact: bool,
}

impl Geometry {
    /// The width of the stage.
    #[must_use]
    pub fn width(&self) -> f64 {
        if self.compact { 560.0 } else { 1160.0 }
    }

    /// The height of the stage.
    #[must_use]
    pub fn height(&self) -> f64 {
        if self.compact { 630.0 } else { 540.0 }
    }

    /// The radius of a server.
    #[must_use]
    pub fn radius(&self) -> f64 {
        match (self.servers, self.compact) {
            (..=5, false) => 44.0,
            (..=7, false) => 39.0,
            (_, false) => 36.0,
            (..=5, true) => 45.0,
            (..=7, true) => 38.0,
            (_, true) => 33.0,
        }
    }

    fn center(&self) -> Point {
        if self.compact { Point { x: 280.0, y: 258.0 } } else { Point { x: 630.0, y: 252.0 } }
    }

    /// Where a server stands when all are connected.
    #[must_use]
    pub fn home(&self, id: ServerId) -> Point {
        let Point { x, y } = self.center();
        if self.servers == 1 {
            return Point { x, y };
        }
        let (rx, ry) = if self.compact { (200.0, 190.0) } else { (390.0, 186.0) };
        let start = if self.servers == 2 { 0.5 } else { -0.25 };
        let turn = (start + id.slot() as f64 / f64::from(self.servers)) * std::f64::consts::TAU;
        Point { x: x + rx * math::cos(turn), y: y + ry * math::sin(turn) }
    }

    /// Where all servers stand: those that hear each other stay together, and move away from the rest.
    #[must_use]
    pub fn places(&self, cuts: &[ServerSet; MAX_SERVERS as usize]) -> Vec<Point> {
        let groups = groups(self.servers, cuts);
        let mut places: Vec<Point> = ServerId::first(self.servers).map(|id| self.home(id)).collect();
        if groups.len() < 2 {
            return places;
        }
        let center = self.center();
        for group in groups {
            let n = f64::from(group.len());
            let sum = group
                .iter()
                .map(|id| self.home(id))
                .fold(Point::default(), |a, b| Point { x: a.x + b.x, y: a.y + b.y });
            let middle = Point { x: sum.x / n, y: sum.y / n };
            let far = middle.distance(center);
            if far < 1.0 {
                continue;
            }
            // A small group moves further than a large one, and sideways further than up or down.
            let shift = APART * (1.0 - n / (f64::from(self.servers) * 1.4));
            let (dx, dy) = ((middle.x - center.x) / far, (middle.y - center.y) / far);
            let wide = if self.compact { 0.8 } else { 1.7 };
            for id in group.iter() {
                places[id.slot()].x += dx * shift * wide;
                places[id.slot()].y += dy * shift * 0.6;
            }
        }
        places
    }

    /// Where a client stands.
    #[must_use]
    pub fn client(&self, id: ClientId) -> Point {
        match (self.compact, id.0) {
            (false, 1) => Point { x: 96.0, y: 430.0 },
            // C2 has always stood there; more of them stand between it and C1, and the last above.
            (false, 6) => Point { x: 96.0, y: 34.0 },
            (false, n) => Point { x: 96.0, y: 110.0 + 80.0 * f64::from(n - 2) },
            (true, 1) => Point { x: 150.0, y: 570.0 },
            (true, 2) => Point { x: 410.0, y: 570.0 },
            (true, 3) => Point { x: 280.0, y: 570.0 },
            (true, 4) => Point { x: 40.0, y: 570.0 },
            (true, 5) => Point { x: 520.0, y: 570.0 },
            (true, _) => self.center(),
        }
    }

    /// The way of a message: where it starts and ends. Each direction keeps to its right.
    #[must_use]
    pub fn way(&self, places: &[Point], from: Endpoint, to: Endpoint) -> (Point, Point) {
        let at = |end: Endpoint| match end {
            Endpoint::Server(id) => {
                (places.get(id.slot()).copied().unwrap_or_default(), self.radius() + 17.0)
            }
            Endpoint::Client(id) => (self.client(id), 34.0),
        };
        let ((a, gap_a), (b, gap_b)) = (at(from), at(to));
        let length = a.distance(b).max(1.0);
        let (dx, dy) = ((b.x - a.x) / length, (b.y - a.y) / length);
        let (side_x, side_y) = (-dy * 8.0, dx * 8.0);
        let (gap_a, gap_b) = (gap_a.min(length * 0.45), gap_b.min(length * 0.45));
        (
            Point { x: a.x + dx * gap_a + side_x, y: a.y + dy * gap_a + side_y },
            Point { x: b.x - dx * gap_b + side_x, y: b.y - dy * gap_b + side_y },
        )
    }
}

/// The groups of servers that hear each other, directly or through others, largest number of groups
/// last to be found first: in the order of their first servers.
#[must_use]
pub fn groups(servers: u8, cuts: &[ServerSet; MAX_SERVERS as usize]) -> Vec<ServerSet> {
    let mut rest = ServerSet::first(servers);
    let mut groups = Vec::new();
    while let Some(first) = rest.iter().next() {
        let mut group: ServerSet = [first].into_iter().collect();
        loop {
            let near = |id: &ServerId| {
                group
                    .iter()
                    .any(|member| !cuts[member.slot()].contains(*id) && !cuts[id.slot()].contains(member))
            };
            let more: ServerSet = rest.minus(group).iter().filter(near).collect();
            if more.is_empty() {
                break;
            }
            group = group.or(more);
        }
        rest = rest.minus(group);
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> ServerId {
        ServerId::new(n).unwrap()
    }

    #[test]
    fn servers_stand_on_the_stage_and_apart_from_each_other() {
        for compact in [false, true] {
            for servers in 1..=9 {
                let geometry = Geometry { servers, compact };
                let room = geometry.radius() + 14.0;
                let places = geometry.places(&Default::default());
                for (n, place) in places.iter().enumerate() {
                    assert!(place.x > room && place.x < geometry.width() - room, "{geometry:?} {place:?}");
                    assert!(place.y > room && place.y < geometry.height() - room, "{geometry:?} {place:?}");
                    for other in &places[..n] {
                        assert!(place.distance(*other) > 2.0 * room, "{geometry:?}: {places:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn who_is_cut_off_moves_away() {
        let geometry = Geometry { servers: 5, compact: false };
        let mut cuts = [ServerSet::EMPTY; MAX_SERVERS as usize];
        let all = ServerSet::first(5);
        let small: ServerSet = [id(1), id(2)].into_iter().collect();
        for server in all.iter() {
            cuts[server.slot()] = if small.contains(server) { all.minus(small) } else { small };
        }
        assert_eq!(groups(5, &cuts), [small, all.minus(small)]);
        let places = geometry.places(&cuts);
        let apart = places[0].distance(places[4]);
        assert!(apart > geometry.home(id(1)).distance(geometry.home(id(5))) + 10.0);
    }

    #[test]
    fn a_one_way_cut_parts_two_servers_only_when_nobody_is_between_them() {
        let mut cuts = [ServerSet::EMPTY; MAX_SERVERS as usize];
        cuts[0].insert(id(2));
        assert_eq!(groups(3, &cuts).len(), 1);
        assert_eq!(groups(2, &cuts).len(), 2);
    }
}
