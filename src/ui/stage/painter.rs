//! Moves what moves. Called once a frame; writes attributes of elements that exist already.

use super::view::{Span, StageView, fraction};
use crate::raft::Timer;
use crate::sim::Endpoint;
use crate::ui::geometry::Point;
use crate::ui::math;
use crate::ui::tank::{Moment, Tank};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::Element;

/// From this fraction of its way on, a doomed message falls.
const FALLS_FROM: f64 = 0.45;
/// How long the strength of a flow remembers, in real milliseconds.
const FLOW_MS: f64 = 400.0;

/// Above this speed timers would only flicker.
const FLICKER_SPEED: f64 = 1.0;

/// The elements that move, in the order of the view.
#[derive(Default)]
pub struct Painter {
    view: Option<Rc<StageView>>,
    packets: Vec<Element>,
    arcs: Vec<(Element, Span, bool)>,
    flows: Vec<(Element, f64)>,
    text: RefCell<String>,
    /// Steps in place of travel.
    steps: bool,
}

fn elements(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = root.query_selector_all(selector) else { return Vec::new() };
    (0..list.length()).filter_map(|n| list.item(n)?.dyn_into().ok()).collect()
}

impl Painter {
    /// The page was rendered: these are the elements now.
    pub fn take(&mut self, root: &Element, view: Rc<StageView>, steps: bool) {
        self.steps = steps;
        self.packets = elements(root, ".packet");
        let mut spans = Vec::new();
        for server in &view.servers {
            spans.extend(server.election.map(|span| (span, true)));
            spans.extend(server.heartbeat.map(|span| (span, true)));
            spans.extend(server.disk.map(|(span, _)| (span, false)));
        }
        self.arcs = elements(root, ".arc")
            .into_iter()
            .zip(spans)
            .map(|(e, (span, drains))| (e, span, drains))
            .collect();
        let old: Vec<f64> = self.flows.iter().map(|(_, strength)| *strength).collect();
        let strength = |n: usize| old.get(n).copied().unwrap_or(0.0);
        self.flows = elements(root, ".flow").into_iter().enumerate().map(|(n, e)| (e, strength(n))).collect();
        self.view = Some(view);
    }

    /// Puts everything where it is at this moment.
    pub fn paint(&mut self, tank: &Tank, moment: Moment) {
        let Some(view) = self.view.clone() else { return };
        for (packet, element) in view.packets.iter().zip(&self.packets) {
            let name = packet.name;
            let (from, to) = view.geometry.way(&view.places, name.from, name.to);
            let mut part =
                packet.stands.unwrap_or_else(|| fraction(name.sent_us, packet.arrives_us, moment.view_us));
            if self.steps {
                part = (part * 3.0).floor().min(2.0) / 2.0;
            }
            let falls = packet.doomed && part > FALLS_FROM && packet.stands.is_none();
            if falls {
                let rest = (part - FALLS_FROM) / (1.0 - FALLS_FROM);
                let at = from.towards(to, FALLS_FROM + 0.06 * rest);
                let at = Point { x: at.x, y: at.y + 70.0 * rest * rest };
                self.place(element, at, 1.0 - 0.55 * rest);
                self.set(element, "opacity", format_args!("{:.2}", 1.0 - rest * 0.95));
            } else {
                let at = from.towards(to, part);
                // Copies travel beside their original.
                let beside = f64::from(name.copy) * 13.0;
                self.place(element, Point { x: at.x + beside * 0.6, y: at.y + beside }, 1.0);
            }
        }
        // In flow the elements lag behind the world: timers come from there, up to a speed at which
        // they would only flicker.
        if view.flow {
            self.refresh_arcs(tank, &view);
        }
        for (element, span, drains) in &self.arcs {
            let mut over = fraction(span.from_us, span.to_us, moment.view_us);
            if self.steps {
                over = (over * 8.0).floor() / 8.0;
            }
            let hidden = if *drains { over } else { 1.0 - over };
            self.set(element, "stroke-dashoffset", format_args!("{:.1}", hidden * 100.0));
        }
        self.paint_flows(tank, &view, moment);
    }

    fn refresh_arcs(&mut self, tank: &Tank, view: &StageView) {
        let calm = tank.speed() > FLICKER_SPEED;
        let mut arcs = self.arcs.iter_mut();
        tank.with(|run| {
            for (shown, server) in view.servers.iter().zip(run.world().servers()) {
                let live = |timer, shown: Span| match server.timer(timer) {
                    Some(running) if !calm => Span { from_us: running.from_us, to_us: running.fires_us },
                    // Full: it says only that the timer runs.
                    _ => Span { from_us: shown.from_us, to_us: u64::MAX },
                };
                let election = shown.election.map(|span| live(Timer::Election, span));
                let heartbeat = shown.heartbeat.map(|span| live(Timer::Heartbeat, span));
                for span in election.into_iter().chain(heartbeat) {
                    if let Some(arc) = arcs.next() {
                        arc.1 = span;
                    }
                }
                if shown.disk.is_some() {
                    arcs.next();
                }
            }
        });
    }

    fn paint_flows(&mut self, tank: &Tank, view: &StageView, moment: Moment) {
        if self.flows.is_empty() {
            return;
        }
        let mut counts = [[0_u32; 9]; 9];
        tank.with(|run| {
            for packet in run.world().network().packets() {
                if let (Endpoint::Server(from), Endpoint::Server(to)) = (packet.name.from, packet.name.to) {
                    counts[from.slot()][to.slot()] += 1;
                }
            }
        });
        let keep = math::exp(-moment.passed_ms / FLOW_MS);
        let mut flows = std::mem::take(&mut self.flows);
        for (link, (element, strength)) in view.links.iter().zip(&mut flows) {
            let count = counts[link.a.slot()][link.b.slot()] + counts[link.b.slot()][link.a.slot()];
            *strength = *strength * keep + f64::from(count.min(6)) * (1.0 - keep);
            let shown = (*strength).min(2.0) / 2.0;
            self.set(element, "stroke-opacity", format_args!("{:.2}", shown * 0.8));
            self.set(element, "stroke-width", format_args!("{:.1}", 1.5 + shown * 6.0));
        }
        self.flows = flows;
    }

    fn place(&self, element: &Element, Point { x, y }: Point, scale: f64) {
        if scale == 1.0 {
            self.set(element, "transform", format_args!("translate({x:.1} {y:.1})"));
        } else {
            self.set(element, "transform", format_args!("translate({x:.1} {y:.1}) scale({scale:.2})"));
        }
    }

    fn set(&self, element: &Element, name: &str, value: std::fmt::Arguments<'_>) {
        let mut text = self.text.borrow_mut();
        text.clear();
        // Writing to a string does not fail; an attribute with a good name neither.
        let _ = text.write_fmt(value);
        let _ = element.set_attribute(name, &text);
    }
}
