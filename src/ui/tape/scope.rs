//! What the tape remembers between frames: the window, what was painted, and what the fingers do.
//!
//! **Nothing of it is rendered by Yew**: a frame writes the canvas, two transforms and, now and then, what a
//! screen reader says. What did not change is not painted again.

use super::colours::Colours;
use super::frame::{AXIS, Frame, GUTTER};
use super::near::Near;
use super::paint::{Painter, Places};
use super::words;
use crate::explain::{Scene, sentence};
use crate::timeline::tape::{Class, Measure, Picture, Window};
use crate::timeline::{Target, Timeline};
use crate::ui::prefs::reduced_motion;
use crate::ui::tank::{Selected, Tank};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlElement};

/// The part of the width where the moment stays while the tape follows it.
const FOLLOWED_AT: f64 = 0.9;
/// With less motion the tape turns over like a page, and the moment begins anew here.
const TURNED_TO: f64 = 0.2;
/// What is said of the moment is renewed so often while time goes by, in real milliseconds.
const SAID_MS: f64 = 700.0;

/// Where the run is, in places of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The moment.
    pub head: f64,
    /// Up to where the run is known, and where its recording ends.
    pub places: Places,
}

/// What a pressed pointer does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Grip {
    /// It takes the moment along.
    Scrub,
    /// It takes the tape along, from this window and this x; or it only clicks, as long as it has not moved.
    Pan(Window, f64, bool),
    /// Two fingers: their distance and the middle between them, when they began.
    Pinch(Window, f64, f64),
}

/// What was painted last: as long as it is the same, nothing is painted.
#[derive(Clone, Debug, PartialEq)]
struct Painted {
    window: Window,
    frame: Frame,
    places: Places,
    /// How much there is on the tape, if its end is in sight.
    changes: usize,
    /// The moment, where single events around it are shown.
    near: u64,
    generation: u64,
    theme: Option<String>,
    dark: bool,
}

/// The elements of the tape.
#[derive(Clone)]
pub struct Elements {
    /// Around everything: the slider.
    pub root: Element,
    canvas: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    head: HtmlElement,
    future: HtmlElement,
    tip: HtmlElement,
}

impl Elements {
    /// Finds them in the page.
    pub fn find(root: &Element) -> Option<Elements> {
        fn child<T: JsCast>(root: &Element, selector: &str) -> Option<T> {
            root.query_selector(selector).ok()??.dyn_into().ok()
        }
        let canvas: HtmlCanvasElement = child(root, "canvas")?;
        Some(Elements {
            context: canvas.get_context("2d").ok()??.dyn_into().ok()?,
            canvas,
            head: child(root, ".tape-head")?,
            future: child(root, ".tape-future")?,
            tip: child(root, ".tape-tip")?,
            root: root.clone(),
        })
    }
}

/// The tape as it is looked at.
pub struct Scope {
    elements: Option<Elements>,
    colours: Option<(Option<String>, bool, Colours)>,
    /// What is in sight. Its width is that of the plot.
    window: Window,
    width: f64,
    /// Whether the window follows the moment.
    pub follows: bool,
    /// Whether there is little room in height.
    pub low: bool,
    /// Whether the system asks for dark colours.
    pub dark: bool,
    painted: Option<Painted>,
    near: Near,
    /// Where the moment was in the frame before.
    head: f64,
    said_ms: f64,
    said: String,
    pointers: Vec<(i32, f64)>,
    grip: Option<Grip>,
}

impl Default for Scope {
    fn default() -> Scope {
        let measure = Measure::Time;
        Scope {
            elements: None,
            colours: None,
            window: Window { measure, from: 0.0, span: measure.span_usual(), width: 1.0 },
            width: 0.0,
            follows: true,
            low: false,
            dark: true,
            painted: None,
            near: Near::default(),
            head: 0.0,
            said_ms: SAID_MS,
            said: String::new(),
            pointers: Vec::new(),
            grip: None,
        }
    }
}

/// Where the run is.
fn run(timeline: &Timeline, tank: &Tank, measure: Measure) -> Run {
    let fork = timeline.branch().origin().map(|(_, fork)| match measure {
        Measure::Events => fork as f64,
        // It begins with the action that made it another one.
        Measure::Time => {
            timeline.tape().find(Class::Action, fork, true).map_or(0.0, |mark| mark.at_us as f64)
        }
    });
    let selected = match tank.selected() {
        Some(Selected::Server(id)) => Some(id),
        _ => None,
    };
    let (head, known, end) = match measure {
        Measure::Time => {
            let head = tank.view_us();
            let known = (timeline.known_us() as f64).max(head);
            (head, known, (timeline.end_us() as f64).max(known))
        }
        Measure::Events => {
            let known = timeline.events_known() as f64;
            // How many events are to come nobody knows before they have come.
            (timeline.run().world().events() as f64, known, known)
        }
    };
    Run { head, places: Places { known, end, fork, selected } }
}

// To look.
impl Scope {
    /// The elements are these now, so wide.
    pub fn take(&mut self, elements: Option<Elements>, width: f64) {
        self.elements = elements;
        self.width = width;
        self.painted = None;
    }

    fn frame(&self, lanes: usize) -> Frame {
        Frame::new(self.width, lanes, self.low)
    }

    /// Where the run is, as this tape measures it.
    pub fn run(&self, tank: &Tank) -> Run {
        tank.look(|timeline| run(timeline, tank, self.window.measure))
    }

    /// Brings everything up to this moment.
    pub fn paint(&mut self, tank: &Tank, passed_ms: f64) {
        let Some(elements) = self.elements.clone() else { return };
        if self.width < 1.0 {
            return;
        }
        tank.look(|timeline| {
            let run = run(timeline, tank, self.window.measure);
            let frame = self.frame(timeline.tape().lanes().len());
            self.window.width = frame.plot();
            // Who goes somewhere wants to see it; who only moves the tape does not want it back.
            let went = !tank.is_playing() && self.head != run.head;
            self.head = run.head;
            if (self.follows || went) && self.grip.is_none() {
                self.follow(&run);
            }
            self.paint_canvas(&elements, timeline, tank, frame, &run);
            self.move_head(&elements, frame, &run);
            self.say(&elements, timeline, tank, passed_ms);
        });
    }

    fn follow(&mut self, run: &Run) {
        let x = self.window.x(run.head);
        // A leap is followed by one; time that goes by, evenly.
        let leap = !(0.0..=self.window.width * 1.1).contains(&x);
        let part = match () {
            () if leap => 0.5,
            () if reduced_motion() => TURNED_TO,
            () => FOLLOWED_AT,
        };
        let mut window = self.window.showing(run.head, part, run.places.end);
        // By whole pixels: what is painted stays sharp, and is painted less often.
        let pixel = window.span / window.width;
        window.from = (window.from / pixel).round() * pixel;
        self.window = window;
    }

    fn paint_canvas(
        &mut self,
        elements: &Elements,
        timeline: &Timeline,
        tank: &Tank,
        frame: Frame,
        run: &Run,
    ) {
        let theme = theme();
        // What is known grows with each frame; where that is not in sight, nothing changes.
        let pixel = |place: f64| self.window.x(place).clamp(-1.0, frame.plot() + 1.0).floor();
        let known = pixel(run.places.known);
        let in_sight = known <= frame.plot();
        self.near.fetch(timeline, &self.window, tank.generation(), tank.is_playing());
        let painted = Painted {
            window: self.window,
            frame,
            places: Places { known, end: pixel(run.places.end), ..run.places },
            changes: if in_sight { timeline.tape().changes() } else { 0 },
            near: self.near.stamp(),
            generation: tank.generation(),
            theme: theme.clone(),
            dark: self.dark,
        };
        if self.painted.as_ref() == Some(&painted) {
            return;
        }
        if self.colours.as_ref().is_none_or(|(of, dark, _)| *of != theme || *dark != self.dark) {
            let swatches = elements.root.query_selector_all(".tape-swatches i").ok();
            let Some(colours) = swatches.and_then(|swatches| Colours::read(&swatches)) else { return };
            self.colours = Some((theme, self.dark, colours));
        }
        let Some((_, _, colours)) = &self.colours else { return };
        size(elements, frame, self.painted.as_ref().map(|painted| painted.frame));
        let picture = Picture::of(timeline.tape(), &self.window, run.places.known);
        let painter = Painter::new(&elements.context, colours, frame);
        painter.paint(&picture, self.near.dots(&self.window), &self.window, &run.places);
        self.painted = Some(painted);
    }

    /// The line at the moment, and the veil over what comes after it.
    fn move_head(&self, elements: &Elements, frame: Frame, run: &Run) {
        let x = self.window.x(run.head);
        let inside = (-1.0..=frame.plot() + 1.0).contains(&x);
        let place = |element: &HtmlElement, x: f64| {
            // A transform that is not taken leaves the line where it was.
            let _ = element.style().set_property("transform", &format!("translateX({x:.1}px)"));
        };
        let show = |element: &HtmlElement, shown: bool| {
            let _ = element.style().set_property("visibility", if shown { "visible" } else { "hidden" });
        };
        show(&elements.head, inside);
        place(&elements.head, GUTTER + x);
        let from = x.max(0.0);
        let to = self.window.x(run.places.known).min(frame.plot());
        show(&elements.future, to - from > 0.5);
        if to - from > 0.5 {
            place(&elements.future, GUTTER + from);
            let _ = elements.future.style().set_property("width", &format!("{:.1}px", to - from));
        }
    }

    /// Says where the moment is, to who does not see it.
    fn say(&mut self, elements: &Elements, timeline: &Timeline, tank: &Tank, passed_ms: f64) {
        self.said_ms += passed_ms;
        if tank.is_playing() && self.said_ms < SAID_MS {
            return;
        }
        self.said_ms = 0.0;
        let events = timeline.run().world().events();
        let text = words::moment_text(timeline.tape(), tank.view_us(), events);
        if text == self.said {
            return;
        }
        let set = |name: &str, value: &str| {
            // Where it can't be written, it is not said.
            let _ = elements.root.set_attribute(name, value);
        };
        set("aria-valuemax", &timeline.events_known().to_string());
        set("aria-valuenow", &events.to_string());
        set("aria-valuetext", &text);
        self.said = text;
    }
}

/// Gives the canvas its size, in the pixels of the screen, if it is another one than before.
fn size(elements: &Elements, frame: Frame, before: Option<Frame>) {
    let ratio = web_sys::window().map_or(1.0, |window| window.device_pixel_ratio()).clamp(1.0, 4.0);
    let (width, height) = ((frame.width * ratio).round() as u32, (frame.height() * ratio).round() as u32);
    let canvas = &elements.canvas;
    if canvas.width() != width || canvas.height() != height {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    if before != Some(frame)
        && let Some(root) = elements.root.dyn_ref::<HtmlElement>()
    {
        // Without it the lanes would be squeezed.
        let _ = root.style().set_property("height", &format!("{}px", frame.height()));
    }
    // A canvas that takes no scale is painted in CSS pixels.
    let _ = elements.context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
}

fn theme() -> Option<String> {
    web_sys::window()?.document()?.document_element()?.get_attribute("data-theme")
}

// To go about.
impl Scope {
    /// Measures by time or by events, around the moment.
    pub fn set_measure(&mut self, measure: Measure, tank: &Tank) {
        if self.window.measure != measure {
            self.window = Window { measure, from: 0.0, span: measure.span_usual(), ..self.window };
            let run = self.run(tank);
            self.window = self.window.showing(run.head, FOLLOWED_AT, run.places.end);
            self.follows = true;
        }
    }

    /// Shows so many times as much, around `x` (of the plot); without one, around the moment.
    pub fn zoom(&mut self, times: f64, x: Option<f64>, tank: &Tank) {
        let run = self.run(tank);
        let head = self.window.x(run.head);
        let middle = self.window.width / 2.0;
        let head = if (0.0..=self.window.width).contains(&head) { head } else { middle };
        self.window = self.window.zoomed(times, x.unwrap_or(head), run.places.end);
        self.follows &= self.has_in_sight(run.head);
    }

    /// Whether the moment is where it stays while it is followed.
    fn has_in_sight(&self, head: f64) -> bool {
        (-1.0..=self.window.width * FOLLOWED_AT + 1.0).contains(&self.window.x(head))
    }

    /// Shows the whole run.
    pub fn whole(&mut self, tank: &Tank) {
        let run = self.run(tank);
        // With some room for what comes.
        self.window = Window::whole(self.window.measure, run.places.end * 1.08, self.window.width);
        self.follows = true;
    }

    /// Shows what lies so many pixels further on, and no longer follows.
    pub fn pan(&mut self, pixels: f64, tank: &Tank) {
        let run = self.run(tank);
        self.window = self.window.moved(pixels, run.places.end);
        self.follows = self.has_in_sight(run.head);
    }

    /// Brings the moment back into sight.
    pub fn show_moment(&mut self, tank: &Tank) {
        self.follows = true;
        let run = self.run(tank);
        self.window = self.window.showing(run.head, 0.5, run.places.end);
    }

    /// The moment at that x of the plot.
    fn target(&self, x: f64, tank: &Tank) -> Target {
        let run = self.run(tank);
        let place = self.window.place(x).clamp(0.0, run.places.end);
        match self.window.measure {
            Measure::Time => Target::Time(place as u64),
            Measure::Events => Target::Events(place.round() as u64),
        }
    }
}

/// A pointer on the tape, in CSS pixels from its left upper corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pointer {
    /// Tells fingers apart.
    pub id: i32,
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
    /// Whether it is a finger.
    pub coarse: bool,
}

// Pointers.
impl Scope {
    /// A pointer is pressed. Where to go at once, if it takes the moment along.
    pub fn press(&mut self, pointer: Pointer, tank: &Tank) -> Option<Target> {
        let x = pointer.x - GUTTER;
        self.pointers.retain(|(id, _)| *id != pointer.id);
        self.pointers.push((pointer.id, x));
        if let [(_, one), (_, other)] = self.pointers[..] {
            self.grip =
                Some(Grip::Pinch(self.window, (one - other).abs().max(1.0), f64::midpoint(one, other)));
            return None;
        }
        let head = self.window.x(self.run(tank).head);
        let frame = self.painted.as_ref().map(|painted| painted.frame)?;
        let near = (x - head).abs() <= if pointer.coarse { 20.0 } else { 7.0 };
        let on_axis = pointer.y >= frame.axis() - if pointer.coarse { AXIS } else { 0.0 };
        if near || on_axis {
            self.grip = Some(Grip::Scrub);
            // Who takes the line by its side does not move it by that.
            return (!near).then(|| self.target(x, tank));
        }
        self.grip = Some(Grip::Pan(self.window, x, false));
        None
    }

    /// A pointer moves. Where to go, if it takes the moment along.
    pub fn drag(&mut self, pointer: Pointer, tank: &Tank) -> Option<Target> {
        let x = pointer.x - GUTTER;
        let known = self.pointers.iter_mut().find(|(id, _)| *id == pointer.id)?;
        known.1 = x;
        match self.grip? {
            Grip::Scrub => return Some(self.target(x, tank)),
            Grip::Pan(from, at, moved) => {
                if moved || (x - at).abs() > if pointer.coarse { 8.0 } else { 4.0 } {
                    self.grip = Some(Grip::Pan(from, at, true));
                    self.window = Window { width: self.window.width, ..from };
                    self.pan(at - x, tank);
                }
            }
            Grip::Pinch(from, apart, middle) => {
                let [(_, one), (_, other)] = self.pointers[..] else { return None };
                let end = self.run(tank).places.end;
                let times = apart / (one - other).abs().max(1.0);
                let now = f64::midpoint(one, other);
                self.window = from.zoomed(times, middle, end).moved(middle - now, end);
            }
        }
        None
    }

    /// A pointer is let go, or taken away. Where to go, if it was a click.
    pub fn release(&mut self, pointer: Pointer, cancelled: bool, tank: &Tank) -> Option<Target> {
        self.pointers.retain(|(id, _)| *id != pointer.id);
        let grip = self.grip.take()?;
        match grip {
            Grip::Pan(_, at, false) if !cancelled => Some(self.target(at, tank)),
            _ => None,
        }
    }

    /// Whether a pointer holds the tape or the moment.
    pub fn is_held(&self) -> bool {
        self.grip.is_some()
    }

    /// Says what is under the pointer, beside it.
    pub fn tip(&self, pointer: Pointer, tank: &Tank) {
        let Some(elements) = &self.elements else { return };
        let Some(frame) = self.painted.as_ref().map(|painted| painted.frame) else { return };
        let x = pointer.x - GUTTER;
        let lines = tank.look(|timeline| {
            let nth_action = |n: usize| {
                timeline.recording().actions.get(n).map(|stamped| crate::explain::phrase(&stamped.action))
            };
            let run = run(timeline, tank, self.window.measure);
            let place = self.window.place(x);
            if place > run.places.end {
                return vec![words::place_text(self.window.measure, place), "not yet".into()];
            }
            if place > run.places.known {
                return vec![
                    words::place_text(self.window.measure, place),
                    "not replayed yet: click to go there".into(),
                ];
            }
            let mut lines =
                words::tip(timeline.tape(), &self.window, frame.lane_at(pointer.y), x, nth_action);
            if let Some(event) = self.near.pointed(&self.window, frame, x, pointer.y) {
                lines.push(sentence(event, Scene::of(timeline.run())).to_string());
            }
            lines
        });
        elements.tip.set_text_content(Some(&lines.join("\n")));
        elements.tip.set_hidden(false);
        // Above the lanes, and left of the pointer where there is no room at its right.
        let wide = f64::from(elements.tip.offset_width());
        let beside =
            if pointer.x + 14.0 + wide > self.width { pointer.x - 10.0 - wide } else { pointer.x + 14.0 };
        let style = elements.tip.style();
        let _ = style.set_property("transform", &format!("translateX({:.0}px)", beside.max(0.0)));
    }

    /// Nothing is pointed at.
    pub fn no_tip(&self) {
        if let Some(elements) = &self.elements {
            elements.tip.set_hidden(true);
        }
    }
}
