//! Dragging servers apart: where a server is dropped decides whom it still hears.

use super::view::StageView;
use crate::raft::{ServerId, ServerSet};
use crate::ui::geometry::{Geometry, Point, groups};
use web_sys::{Element, PointerEvent};

/// Less than this is a click.
const CLICK: f64 = 10.0;
/// A server that is moved further than this from its place leaves its group.
const LEAVES: f64 = 75.0;
/// A server that is dropped this near to another joins it.
const JOINS: f64 = 165.0;

/// A server being dragged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drag {
    /// Which.
    pub id: ServerId,
    /// Where it is, on the stage.
    pub at: Point,
    /// Where the pointer went down.
    from: Point,
    /// Whether it has moved far enough not to be a click.
    moved: bool,
}

/// The point on the stage under the pointer.
fn point(event: &PointerEvent, root: Option<&Element>, geometry: Geometry) -> Option<Point> {
    let rect = root?.get_bounding_client_rect();
    let scale = (rect.width() / geometry.width()).min(rect.height() / geometry.height());
    if scale <= 0.0 {
        return None;
    }
    let left = rect.left() + (rect.width() - geometry.width() * scale) / 2.0;
    let top = rect.top() + (rect.height() - geometry.height() * scale) / 2.0;
    Some(Point {
        x: (f64::from(event.client_x()) - left) / scale,
        y: (f64::from(event.client_y()) - top) / scale,
    })
}

impl Drag {
    /// The pointer went down on a server.
    pub fn begin(
        id: ServerId,
        event: &PointerEvent,
        root: Option<&Element>,
        geometry: Geometry,
    ) -> Option<Drag> {
        let at = point(event, root, geometry)?;
        if let Some(root) = root {
            // Without a capture a drag ends at the stage's edge, no more.
            let _ = root.set_pointer_capture(event.pointer_id());
        }
        Some(Drag { id, at, from: at, moved: false })
    }

    /// The pointer moved.
    pub fn moved(self, event: &PointerEvent, root: Option<&Element>, geometry: Geometry) -> Option<Drag> {
        let at = point(event, root, geometry)?;
        let at = Point { x: at.x.clamp(0.0, geometry.width()), y: at.y.clamp(0.0, geometry.height()) };
        Some(Drag { at, moved: self.moved || at.distance(self.from) > CLICK, ..self })
    }

    /// Whether it is a drag, not a click.
    pub fn is_drag(&self) -> bool {
        self.moved
    }

    /// The groups that come of dropping the server here; nothing when it would stay where it is.
    pub fn groups(&self, view: &StageView) -> Option<Vec<ServerSet>> {
        let place = view.places.get(self.id.slot())?;
        if self.at.distance(*place) < LEAVES || view.servers.len() < 2 {
            return None;
        }
        let mut cuts = [ServerSet::EMPTY; 9];
        for link in &view.links {
            if link.cut_ab || link.cut_ba {
                cuts[link.a.slot()].insert(link.b);
                cuts[link.b.slot()].insert(link.a);
            }
        }
        let before = groups(view.geometry.servers, &cuts);
        let myself: ServerSet = [self.id].into_iter().collect();
        let mut after: Vec<ServerSet> =
            before.iter().map(|group| group.minus(myself)).filter(|group| !group.is_empty()).collect();
        let distance = |id: ServerId| view.places[id.slot()].distance(self.at);
        let others = view.servers.iter().map(|server| server.id).filter(|id| *id != self.id);
        let nearest = others.min_by(|a, b| distance(*a).total_cmp(&distance(*b)));
        let nearest = nearest.filter(|id| before.len() > 1 && distance(*id) < JOINS);
        match nearest.and_then(|id| after.iter_mut().find(|group| group.contains(id))) {
            Some(group) => group.insert(self.id),
            None => after.push(myself),
        }
        Some(after)
    }

    /// What would happen if it were dropped here.
    pub fn sentence(&self, view: &StageView) -> String {
        let Some(groups) = self.groups(view) else {
            return format!("{}: drag further away to cut it off.", self.id);
        };
        let mine = groups.iter().find(|group| group.contains(self.id)).copied().unwrap_or_default();
        if groups.len() == 1 {
            return "Drop here: everyone hears everyone again.".into();
        }
        let rest = ServerSet::first(view.geometry.servers).minus(mine);
        if mine.len() == 1 {
            format!("Drop here: {} is cut off from {rest}.", self.id)
        } else {
            format!("Drop here: {mine} hear each other, and nobody else.")
        }
    }
}
