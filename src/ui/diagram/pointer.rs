//! Wheel, drag, pinch and click on the canvas.

use super::easel::Easel;
use crate::ui::math;
use crate::ui::{Selected, Tank};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{PointerEvent, WheelEvent};
use yew::prelude::*;

/// Less than this is a click, in pixels.
const CLICK: f64 = 5.0;
/// How much a wheel zooms for each pixel that it would have scrolled.
const WHEEL_ZOOM: f64 = 0.0016;

/// A finger, or the mouse.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Finger {
    id: i32,
    x: f64,
    y: f64,
}

/// What is down.
#[derive(Default)]
pub struct Fingers {
    down: Vec<Finger>,
    /// How far they have moved: a click has not.
    moved: f64,
}

impl Fingers {
    fn find(&mut self, event: &PointerEvent) -> Option<&mut Finger> {
        self.down.iter_mut().find(|finger| finger.id == event.pointer_id())
    }

    /// How far two fingers are apart, and where their middle is.
    fn span(&self) -> Option<(f64, f64)> {
        let [a, b] = self.down.as_slice() else { return None };
        let apart = math::hypot(a.x - b.x, a.y - b.y).max(8.0);
        Some((apart, (a.x + b.x) / 2.0))
    }
}

fn at(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}

/// The callbacks of the canvas: down, move, up, cancel.
pub struct Touching {
    /// The pointer goes down.
    pub down: Callback<PointerEvent>,
    /// It moves.
    pub moves: Callback<PointerEvent>,
    /// It goes up.
    pub up: Callback<PointerEvent>,
    /// The browser has taken it.
    pub cancel: Callback<PointerEvent>,
}

/// Drag moves, pinch zooms, and a click chooses.
#[hook]
pub fn use_fingers(easel: &Easel, tank: &Tank) -> Touching {
    let fingers: Rc<RefCell<Fingers>> = use_mut_ref(Fingers::default);
    let down = {
        let (fingers, easel) = (Rc::clone(&fingers), easel.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(canvas) = easel.canvas() {
                // Without a capture a drag ends at the canvas's edge, no more.
                let _ = canvas.set_pointer_capture(event.pointer_id());
            }
            let (x, y) = at(&event);
            let mut fingers = fingers.borrow_mut();
            if fingers.down.is_empty() {
                fingers.moved = 0.0;
            }
            fingers.down.retain(|finger| finger.id != event.pointer_id());
            fingers.down.truncate(1);
            fingers.down.push(Finger { id: event.pointer_id(), x, y });
        })
    };
    let moves = {
        let (fingers, easel) = (Rc::clone(&fingers), easel.clone());
        Callback::from(move |event: PointerEvent| moved(&mut fingers.borrow_mut(), &easel, &event))
    };
    let up = {
        let (fingers, easel, tank) = (Rc::clone(&fingers), easel.clone(), tank.clone());
        Callback::from(move |event: PointerEvent| {
            let click = {
                let mut fingers = fingers.borrow_mut();
                let alone = fingers.down.len() == 1 && fingers.find(&event).is_some();
                fingers.down.retain(|finger| finger.id != event.pointer_id());
                alone && fingers.moved < CLICK
            };
            if click {
                let (x, y) = at(&event);
                if let Some(id) = easel.change(|board| board.touch(x, y)) {
                    tank.select(Some(Selected::Event(id)));
                }
            }
        })
    };
    let cancel = Callback::from(move |_: PointerEvent| fingers.borrow_mut().down.clear());
    Touching { down, moves, up, cancel }
}

fn moved(fingers: &mut Fingers, easel: &Easel, event: &PointerEvent) {
    let (x, y) = at(event);
    let before = fingers.span();
    let Some(finger) = fingers.find(event) else { return };
    let (dx, dy) = (x - finger.x, y - finger.y);
    (finger.x, finger.y) = (x, y);
    fingers.moved += dx.abs() + dy.abs();
    match (before, fingers.span()) {
        (Some((apart, middle)), Some((now_apart, now_middle))) => easel.shift(|board| {
            board.sheet.pan(middle - now_middle);
            board.sheet.zoom(now_apart / apart, now_middle);
        }),
        _ if fingers.moved >= CLICK => easel.shift(|board| board.sheet.pan(-dx)),
        _ => {}
    }
}

/// The wheel zooms around the pointer; with Shift, and sideways, it moves. It is listened to by hand: only so
/// the page does not scroll as well.
#[hook]
pub fn use_wheel(easel: &Easel) {
    use_effect_with(easel.clone(), |easel| {
        let own = easel.clone();
        let closure = Closure::<dyn Fn(WheelEvent)>::new(move |event: WheelEvent| {
            event.prevent_default();
            let unit = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { 24.0 } else { 1.0 };
            let (dx, dy) = (event.delta_x() * unit, event.delta_y() * unit);
            let x = f64::from(event.offset_x());
            own.shift(|board| {
                if event.shift_key() {
                    board.sheet.pan(dx + dy);
                } else {
                    board.sheet.pan(dx);
                    board.sheet.zoom(math::exp(-dy * WHEEL_ZOOM), x);
                }
            });
        });
        let canvas = easel.canvas();
        if let Some(canvas) = &canvas {
            // Where no listener can be added, buttons and keys do the same.
            let _ = canvas.add_event_listener_with_callback("wheel", closure.as_ref().unchecked_ref());
        }
        move || {
            if let Some(canvas) = &canvas {
                let _ = canvas.remove_event_listener_with_callback("wheel", closure.as_ref().unchecked_ref());
            }
            drop(closure);
        }
    });
}
