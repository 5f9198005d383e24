//! The term tape: what a whole run looked like, under everything else; the moment can be moved on it.

mod colours;
mod frame;
mod jumps;
mod near;
mod paint;
mod scope;
mod thumbnail;
mod words;

pub use thumbnail::thumbnail;

use super::context::{use_tank, use_view};
use super::prefs::{self, use_media};
use super::tank::Tank;
use crate::timeline::tape::Measure;
use crate::timeline::{Landmark, Target};
use colours::SWATCHES;
use jumps::Jumps;
use scope::{Elements, Pointer, Scope};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{AddEventListenerOptions, Element, ResizeObserver, WheelEvent};
use yew::prelude::*;

/// By how much a press of a button or key zooms.
const ZOOM: f64 = 2.0;
/// How far a key moves the tape, in pixels.
const PAN: f64 = 120.0;

const KEYS: &str = "Left and Right go by one event, Page Up and Page Down by one commit, Home and End to the ends. \
                    Plus and minus zoom, Shift with Left and Right moves the tape.";

/// A handle on what the tape remembers. No borrow of it is held while the tank is called to act.
type Shared = Rc<RefCell<Scope>>;

/// The tape.
#[component]
pub fn TermTape() -> Html {
    let open = use_state(|| prefs::read("tape").as_deref() != Some("hidden"));
    let toggle = {
        let open = open.clone();
        move |_: MouseEvent| {
            prefs::write("tape", if *open { "hidden" } else { "shown" });
            open.set(!*open);
        }
    };
    html! {
        <section class={classes!("panel", "tape", (!*open).then_some("closed"))} aria-label="Term tape">
            if *open { <OpenTape /> }
            <button type="button" class="button small tape-toggle" data-do="tape" aria-expanded={open.to_string()} onclick={toggle}
                title={if *open { "Hide the term tape" } else { "Show the term tape: every server’s role and term over the whole run" }}>
                { if *open { "Hide" } else { "Term tape" } }
            </button>
        </section>
    }
}

/// Paints, and renders anew only what stands in the bar.
fn refresh(scope: &Shared, tank: &Tank, follows: &UseStateHandle<bool>) {
    scope.borrow_mut().paint(tank, 0.0);
    // The same again renders nothing.
    follows.set(scope.borrow().follows);
}

#[component]
fn OpenTape() -> Html {
    let tank = use_tank();
    let root = use_node_ref();
    let scope: Shared = use_mut_ref(Scope::default);
    let follows = use_state_eq(|| true);
    // Where time stands still only events pass.
    let still = use_view(|tank| tank.with(|run| run.world().is_manual()));
    let wish = use_state(|| None::<Measure>);
    let measure = wish.unwrap_or(if *still { Measure::Events } else { Measure::Time });
    let low = use_media("(max-height: 820px), (max-width: 900px)");
    let dark = use_media("(prefers-color-scheme: dark)");

    use_frames(&tank, &root, &scope);
    {
        let (scope, tank, follows) = (Rc::clone(&scope), tank.clone(), follows.clone());
        use_effect_with((measure, low, dark), move |(measure, low, dark)| {
            {
                let mut scope = scope.borrow_mut();
                (scope.low, scope.dark) = (*low, *dark);
                scope.set_measure(*measure, &tank);
            }
            refresh(&scope, &tank, &follows);
        });
    }
    use_wheel(&tank, &root, &scope, &follows);

    let act = {
        let (scope, tank, follows) = (Rc::clone(&scope), tank.clone(), follows.clone());
        move |change: fn(&mut Scope, &Tank)| {
            let (scope, tank, follows) = (Rc::clone(&scope), tank.clone(), follows.clone());
            move |_: MouseEvent| {
                change(&mut scope.borrow_mut(), &tank);
                refresh(&scope, &tank, &follows);
            }
        }
    };
    let set_measure = {
        let wish = wish.setter();
        let other = if measure == Measure::Time { Measure::Events } else { Measure::Time };
        move |_: MouseEvent| wish.set(Some(other))
    };
    html! {
        <>
            <div class="tape-bar">
                <h2 class="tape-title">{ "Term tape" }</h2>
                <Jumps />
                <div class="group" role="group" aria-label="What of the tape is in sight">
                    <button type="button" class="button small" data-do="zoom-in" onclick={act(|scope, tank| scope.zoom(1.0 / ZOOM, None, tank))} title="Less of the run, larger (+)" aria-label="Zoom in">{ "+" }</button>
                    <button type="button" class="button small" data-do="zoom-out" onclick={act(|scope, tank| scope.zoom(ZOOM, None, tank))} title="More of the run, smaller (−)" aria-label="Zoom out">{ "−" }</button>
                    <button type="button" class="button small" data-do="zoom-whole" onclick={act(|scope, tank| scope.whole(tank))} title="The whole run">{ "Whole" }</button>
                    <button type="button" class="button small" data-do="measure" onclick={set_measure}
                        title="The scale: by time, or by events (where time stands still, only events pass)">
                        { if measure == Measure::Time { "by time" } else { "by events" } }
                    </button>
                    <button type="button" class={classes!("button", "small", (*follows).then_some("unneeded"))} data-do="follow" aria-pressed={follows.to_string()}
                        onclick={act(Scope::show_moment)} title="The tape moves on with the moment">{ "Follow" }</button>
                </div>
            </div>
            <Slider {root} {scope} {follows} />
        </>
    }
}

#[derive(Clone, Properties)]
struct SliderProps {
    root: NodeRef,
    scope: Shared,
    follows: UseStateHandle<bool>,
}

impl PartialEq for SliderProps {
    fn eq(&self, other: &SliderProps) -> bool {
        self.root == other.root && Rc::ptr_eq(&self.scope, &other.scope) && self.follows == other.follows
    }
}

/// The tape itself: a slider whose value is the moment, counted in events.
#[component]
fn Slider(props: &SliderProps) -> Html {
    let SliderProps { root, scope, follows } = props;
    let tank = use_tank();
    // What all of them do: something with the scope, then perhaps a journey, then a picture of it.
    let handle = {
        let (scope, tank, follows, root) = (Rc::clone(scope), tank.clone(), follows.clone(), root.clone());
        move |act: fn(&mut Scope, Pointer, &Tank) -> Option<Target>| {
            let (scope, tank, follows, root) =
                (Rc::clone(&scope), tank.clone(), follows.clone(), root.clone());
            move |event: PointerEvent| {
                let Some(root) = root.cast::<Element>() else { return };
                let target = act(&mut scope.borrow_mut(), pointer(&event, &root), &tank);
                if let Some(target) = target {
                    tank.seek(target);
                }
                refresh(&scope, &tank, &follows);
            }
        }
    };
    let press = handle(|scope, pointer, tank| scope.press(pointer, tank));
    let onpointerdown = {
        let root = root.clone();
        move |event: PointerEvent| {
            if event.button() != 0 {
                return;
            }
            if let Some(root) = root.cast::<Element>() {
                // Without capture a drag ends at the edge.
                let _ = root.set_pointer_capture(event.pointer_id());
            }
            press(event);
        }
    };
    let onpointermove = handle(|scope, pointer, tank| {
        if !pointer.coarse {
            scope.tip(pointer, tank);
        }
        if scope.is_held() { scope.drag(pointer, tank) } else { None }
    });
    let onpointerup = handle(|scope, pointer, tank| scope.release(pointer, false, tank));
    let onpointercancel = handle(|scope, pointer, tank| scope.release(pointer, true, tank));
    let onpointerleave = {
        let scope = Rc::clone(scope);
        move |_: PointerEvent| scope.borrow().no_tip()
    };
    let onkeydown = {
        let (scope, tank, follows) = (Rc::clone(scope), tank.clone(), follows.clone());
        move |event: KeyboardEvent| {
            if press_key(&event, &scope, &tank) {
                event.prevent_default();
                event.stop_propagation();
                refresh(&scope, &tank, &follows);
            }
        }
    };
    html! {
        <div ref={root.clone()} class="tape-scope" role="slider" tabindex="0" aria-label="The moment of the run" aria-description={KEYS}
            aria-valuemin="0" aria-valuemax="0" aria-valuenow="0" aria-orientation="horizontal"
            {onpointerdown} {onpointermove} {onpointerup} {onpointercancel} {onpointerleave} {onkeydown}>
            <canvas class="tape-canvas" aria-hidden="true"></canvas>
            <div class="tape-future" aria-hidden="true"></div>
            <div class="tape-head" aria-hidden="true"></div>
            <div class="tape-tip" aria-hidden="true" hidden={true}></div>
            <div class="tape-swatches" aria-hidden="true">{ for SWATCHES.iter().map(|class| html! { <i key={*class} class={*class}></i> }) }</div>
        </div>
    }
}

fn pointer(event: &PointerEvent, root: &Element) -> Pointer {
    let rect = root.get_bounding_client_rect();
    Pointer {
        id: event.pointer_id(),
        x: f64::from(event.client_x()) - rect.left(),
        y: f64::from(event.client_y()) - rect.top(),
        coarse: event.pointer_type() == "touch",
    }
}

/// Whether the key meant anything here.
fn press_key(event: &KeyboardEvent, scope: &Shared, tank: &Tank) -> bool {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return false;
    }
    match (event.key().as_str(), event.shift_key()) {
        ("ArrowRight", true) => scope.borrow_mut().pan(PAN, tank),
        ("ArrowLeft", true) => scope.borrow_mut().pan(-PAN, tank),
        ("ArrowRight" | "ArrowUp", _) => go(scope, tank, Landmark::Event, true),
        ("ArrowLeft" | "ArrowDown", _) => go(scope, tank, Landmark::Event, false),
        ("PageUp", _) => go(scope, tank, Landmark::Commit, true),
        ("PageDown", _) => go(scope, tank, Landmark::Commit, false),
        ("Home", _) => seek(scope, tank, Target::Start),
        ("End", _) => seek(scope, tank, Target::End),
        ("+" | "=", _) => scope.borrow_mut().zoom(1.0 / ZOOM, None, tank),
        ("-" | "_", _) => scope.borrow_mut().zoom(ZOOM, None, tank),
        _ => return false,
    }
    true
}

fn go(scope: &Shared, tank: &Tank, what: Landmark, forward: bool) {
    scope.borrow_mut().follows = true;
    tank.go_to(what, forward);
}

fn seek(scope: &Shared, tank: &Tank, target: Target) {
    scope.borrow_mut().follows = true;
    tank.seek(target);
}

/// Paints in each frame, as long as the tape is there, and when its size has changed.
#[hook]
fn use_frames(tank: &Tank, root: &NodeRef, scope: &Shared) {
    let (tank, root, scope) = (tank.clone(), root.clone(), Rc::clone(scope));
    use_effect_with((), move |()| {
        let found = root.cast::<Element>();
        let width = |element: &Element| element.get_bounding_client_rect().width();
        if let Some(element) = &found {
            scope.borrow_mut().take(Elements::find(element), width(element));
        }
        let subscription = {
            let (scope, tank) = (Rc::clone(&scope), tank.clone());
            tank.clone().on_frame(move |moment| {
                if let Ok(mut scope) = scope.try_borrow_mut() {
                    scope.paint(&tank, moment.passed_ms);
                }
            })
        };
        let resized = {
            let (scope, found) = (Rc::clone(&scope), found.clone());
            Closure::<dyn Fn()>::new(move || {
                if let (Some(element), Ok(mut scope)) = (&found, scope.try_borrow_mut()) {
                    scope.take(Elements::find(element), width(element));
                    scope.paint(&tank, 0.0);
                }
            })
        };
        let observer = ResizeObserver::new(resized.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(element)) = (&observer, &found) {
            observer.observe(element);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop((subscription, resized));
        }
    });
}

/// The wheel zooms around the pointer; with Shift, or sideways, it moves the tape. Yew listens passively to
/// wheels, and then the page would scroll as well.
#[hook]
fn use_wheel(tank: &Tank, root: &NodeRef, scope: &Shared, follows: &UseStateHandle<bool>) {
    let (tank, root, scope) = (tank.clone(), root.clone(), Rc::clone(scope));
    use_effect_with(follows.clone(), move |follows| {
        let element = root.cast::<Element>();
        let (looked, follows) = (element.clone(), follows.clone());
        let closure = Closure::<dyn Fn(WheelEvent)>::new(move |event: WheelEvent| {
            let Some(root) = &looked else { return };
            event.prevent_default();
            let lines = if event.delta_mode() == 0 { 1.0 } else { 16.0 };
            let (dx, dy) = (event.delta_x() * lines, event.delta_y() * lines);
            let x = f64::from(event.client_x()) - root.get_bounding_client_rect().left() - frame::GUTTER;
            if event.shift_key() || dx.abs() > dy.abs() {
                scope.borrow_mut().pan(if dx == 0.0 { dy } else { dx }, &tank);
            } else {
                let times = super::math::exp(dy.clamp(-240.0, 240.0) / 400.0);
                scope.borrow_mut().zoom(times, Some(x), &tank);
            }
            refresh(&scope, &tank, &follows);
        });
        let options = AddEventListenerOptions::new();
        options.set_passive(false);
        let function = closure.as_ref().unchecked_ref();
        if let Some(element) = &element {
            // Where no listener can be added, buttons do the same.
            let _ = element
                .add_event_listener_with_callback_and_add_event_listener_options("wheel", function, &options);
        }
        move || {
            if let Some(element) = &element {
                let _ =
                    element.remove_event_listener_with_callback("wheel", closure.as_ref().unchecked_ref());
            }
            drop(closure);
        }
    });
}
