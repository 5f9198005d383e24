//! The board with its canvas: it is painted at most once a frame, and only when something changed.

use super::board::Board;
use super::paint::{Palette, paint};
use crate::timeline::diagram::picture;
use crate::ui::frame::FrameLoop;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use yew::prelude::*;

struct Inner {
    board: RefCell<Board>,
    canvas: NodeRef,
    frames: RefCell<Option<FrameLoop>>,
    /// Renders the words around the canvas anew.
    update: UseForceUpdateHandle,
}

/// A handle on the board and its canvas. All clones are the same.
#[derive(Clone)]
pub struct Easel(Rc<Inner>);

impl PartialEq for Easel {
    fn eq(&self, other: &Easel) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Easel {
    /// An empty board for that canvas.
    pub fn new(canvas: NodeRef, update: UseForceUpdateHandle) -> Easel {
        let inner = Inner { board: RefCell::new(Board::new()), canvas, frames: RefCell::new(None), update };
        let easel = Easel(Rc::new(inner));
        let weak = Rc::downgrade(&easel.0);
        let frames = FrameLoop::new(move |_| {
            if let Some(inner) = weak.upgrade() {
                Easel(inner).paint();
            }
            false
        });
        *easel.0.frames.borrow_mut() = Some(frames);
        easel
    }

    /// The canvas, once it is there.
    pub fn canvas(&self) -> Option<HtmlCanvasElement> {
        self.0.canvas.cast()
    }

    /// Looks at the board.
    pub fn look<T>(&self, look: impl FnOnce(&Board) -> T) -> T {
        look(&self.0.board.borrow())
    }

    /// Moves what is in sight: only the canvas has to know.
    pub fn shift<T>(&self, shift: impl FnOnce(&mut Board) -> T) -> T {
        let result = shift(&mut self.0.board.borrow_mut());
        self.repaint();
        result
    }

    /// Changes what is shown or said.
    pub fn change<T>(&self, change: impl FnOnce(&mut Board) -> T) -> T {
        let result = self.shift(change);
        self.0.update.force_update();
        result
    }

    /// Asks for a frame.
    pub fn repaint(&self) {
        if let Some(frames) = &*self.0.frames.borrow() {
            frames.wake();
        }
    }

    /// Takes over the size that the canvas has on the page.
    pub fn measure(&self) {
        let Some(canvas) = self.canvas() else { return };
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let ratio = ratio();
        let (wide, high) = ((width * ratio).round() as u32, (height * ratio).round() as u32);
        if (canvas.width(), canvas.height()) != (wide, high) {
            canvas.set_width(wide);
            canvas.set_height(high);
        }
        self.shift(|board| board.sheet.resize(width, height));
    }

    fn paint(&self) {
        let Some(canvas) = self.canvas() else { return };
        let context = canvas.get_context("2d").ok().flatten();
        let Some(context) = context.and_then(|it| it.dyn_into::<CanvasRenderingContext2d>().ok()) else {
            return;
        };
        let board = self.0.board.borrow();
        let chosen = board.at_cursor();
        let picture = picture(&board.sheet, board.light.as_ref(), chosen);
        let now_x = board.sheet.x(board.now_us.max(0.0) as u64);
        paint(&context, &board.sheet, &picture, palette(&canvas), ratio(), now_x);
        say_where(&canvas, chosen.and_then(|place| board.sheet.at(place)));
    }
}

/// How many pixels of the screen one pixel has. More than two are not worth their time.
fn ratio() -> f64 {
    web_sys::window().map_or(1.0, |window| window.device_pixel_ratio().clamp(1.0, 2.0))
}

/// The colours that go with the canvas's own, which the style sheet gives by theme.
fn palette(canvas: &HtmlCanvasElement) -> Palette {
    let style = web_sys::window().and_then(|window| window.get_computed_style(canvas).ok().flatten());
    let words = style.and_then(|style| style.get_property_value("color").ok());
    Palette::for_words(&words.unwrap_or_default())
}

/// Where the event at the keyboard stands, for whoever can't read a canvas.
fn say_where(canvas: &HtmlCanvasElement, at: Option<(f64, f64)>) {
    let text = at.map_or(String::new(), |(x, y)| format!("{x:.0} {y:.0}"));
    if canvas.get_attribute("data-at").unwrap_or_default() != text {
        // It is an aid for tests and tools; without it nothing is lost.
        let _ = canvas.set_attribute("data-at", &text);
    }
}
