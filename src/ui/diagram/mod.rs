//! The space-time diagram: on demand, above the tape. A canvas for thousands of marks; all that it shows can
//! be walked through with the arrow keys, and stands in words below it.

mod board;
mod easel;
mod paint;
mod pointer;
mod tools;

use super::context::{use_tank, use_view};
use super::later::{Later, later};
use super::page_state::{Change, use_page};
use super::tank::Tank;
use crate::sim::EventId;
use crate::timeline::Target;
use crate::timeline::diagram::{Step, svg, svg_size};
use crate::ui::Selected;
use board::{Cursor, Walk, time};
use easel::Easel;
use pointer::{use_fingers, use_wheel};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, HtmlElement, ResizeObserver};
use yew::prelude::*;

/// How much a key or a button zooms, and how far it moves, in parts of the width.
const ZOOM: f64 = 1.5;
const PAGE: f64 = 0.8;
/// What came too soon after the last look is looked at after so many milliseconds.
const SOON_MS: i32 = 500;

thread_local! {
    /// The board of the page's diagram, while it is open.
    static OPEN: RefCell<Option<Easel>> = const { RefCell::new(None) };
}

/// What is in sight of the diagram as an SVG for print, its width and its height; nothing while it is closed.
pub fn exported() -> Option<(String, f64, f64)> {
    let easel = OPEN.with_borrow(Clone::clone)?;
    Some(easel.look(|board| {
        let (width, height) = svg_size(&board.sheet);
        (svg(&board.sheet, board.light.as_ref(), board.at_cursor()), width, height)
    }))
}

/// The diagram, while it is open.
#[component]
pub fn Diagram() -> Html {
    let page = use_page();
    if page.diagram_open {
        html! { <Panel /> }
    } else {
        Html::default()
    }
}

#[component]
fn Panel() -> Html {
    let tank = use_tank();
    let page = use_page();
    let canvas = use_node_ref();
    let update = use_force_update();
    let easel = {
        let canvas = canvas.clone();
        (*use_memo((), move |()| Easel::new(canvas, update))).clone()
    };
    use_events(&easel, &tank);
    use_size(&easel);
    use_wheel(&easel);
    let fingers = use_fingers(&easel, &tank);
    let onkeydown = keys(&easel, &tank);
    // A change of theme ends as a transition of the canvas's colour (see the style sheet): time to paint anew.
    let ontransitionend = {
        let easel = easel.clone();
        move |_: TransitionEvent| easel.repaint()
    };
    let ondblclick = {
        let (easel, tank) = (easel.clone(), tank.clone());
        move |_: MouseEvent| go_there(&easel, &tank)
    };
    let close = move |_: MouseEvent| page.dispatch(Change::Diagram(false));
    let (events, first, lines, folded) = easel.look(|board| {
        let diagram = &board.sheet.diagram;
        let folded = (0..board.sheet.bands().len()).filter(|&band| board.sheet.is_folded(band)).count();
        (
            diagram.events().len(),
            diagram.events().first().map_or(0, |e| e.id.0),
            diagram.lines().len(),
            folded,
        )
    });
    html! {
        <section class="panel diagram" aria-label="Space-time diagram" data-events={events.to_string()}
            data-first={first.to_string()} data-lines={lines.to_string()} data-folded={folded.to_string()}>
            <header class="panel-head">
                <h2>{ "Space-time diagram" }</h2>
                { tools::stretch(&easel, &tank) }
                <button type="button" class="button icon" onclick={close} aria-label="Close the diagram" title="Close (W)">{ "✕" }</button>
            </header>
            { tools::tools(&easel, &tank) }
            <div class="diagram-sheet">
                <canvas ref={canvas} class="diagram-canvas" tabindex="0" role="application" {onkeydown} {ontransitionend}
                    aria-label="Servers and clients from top to bottom, time to the right. Left and right go from event to event, up and down from row to row, Enter lights an event’s past and future, plus and minus zoom."
                    aria-describedby="diagram-now" onpointerdown={fingers.down} onpointermove={fingers.moves}
                    onpointerup={fingers.up} onpointercancel={fingers.cancel} {ondblclick} />
            </div>
            <Told easel={easel.clone()} version={version(&easel)} />
        </section>
    }
}

/// What the words below depend on.
fn version(easel: &Easel) -> (Option<Cursor>, Option<u64>, usize, usize) {
    easel.look(|board| {
        let steps = board.follow.as_ref().map_or(0, |follow| follow.steps.len() + 1);
        let cone = board.cone.as_ref().map_or(0, |cone| 1 + cone.past * 20_000 + cone.future);
        (board.cursor, board.chosen.map(|id| id.0), steps, cone)
    })
}

/// Keeps up with the run.
#[hook]
fn use_events(easel: &Easel, tank: &Tank) {
    use_effect_with((easel.clone(), tank.clone()), |(easel, tank)| {
        let (own, of) = (easel.clone(), tank.clone());
        let look = Rc::new(move || {
            let now_ms = web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now());
            let (changed, soon) = own.shift(|board| board.keep_up(&of, now_ms));
            if changed {
                own.change(|_| ());
            }
            soon
        });
        let pending = RefCell::new(None::<Later>);
        let watch = move || {
            if look() && pending.borrow().as_ref().is_none_or(Later::is_over) {
                let look = Rc::clone(&look);
                *pending.borrow_mut() = Some(later(SOON_MS, move || {
                    look();
                }));
            }
        };
        OPEN.set(Some(easel.clone()));
        easel.measure();
        watch();
        let subscription = tank.subscribe(watch);
        move || {
            OPEN.set(None);
            drop(subscription);
        }
    });
}

/// Keeps the canvas as large as its place on the page.
#[hook]
fn use_size(easel: &Easel) {
    use_effect_with(easel.clone(), |easel| {
        let own = easel.clone();
        let closure = Closure::<dyn Fn()>::new(move || own.measure());
        let observer = ResizeObserver::new(closure.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(canvas)) = (&observer, easel.canvas()) {
            observer.observe(&canvas);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(closure);
        }
    });
}

fn keys(easel: &Easel, tank: &Tank) -> Callback<KeyboardEvent> {
    let (easel, tank) = (easel.clone(), tank.clone());
    Callback::from(move |event: KeyboardEvent| {
        let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
        if plain && press(&easel, &tank, &event.key()) {
            // The page's own keys do not hear of it.
            event.prevent_default();
            event.stop_propagation();
        }
    })
}

/// Whether the key means something here.
fn press(easel: &Easel, tank: &Tank, key: &str) -> bool {
    let walk = match key {
        "ArrowRight" => Walk::Later,
        "ArrowLeft" => Walk::Earlier,
        "ArrowUp" => Walk::Up,
        "ArrowDown" => Walk::Down,
        "Home" => Walk::First,
        "End" => Walk::Last,
        "+" | "=" => {
            zoom(easel, ZOOM);
            return true;
        }
        "-" => {
            zoom(easel, 1.0 / ZOOM);
            return true;
        }
        "PageUp" | "PageDown" => {
            let by = if key == "PageUp" { -PAGE } else { PAGE };
            easel.shift(|board| board.sheet.pan(board.sheet.size().0 * by));
            return true;
        }
        "Enter" => return enter(easel, tank),
        "Escape" => {
            let lit = easel.look(|board| board.light.is_some());
            if lit {
                easel.change(board::Board::clear);
            }
            return lit;
        }
        _ => return false,
    };
    easel.change(|board| board.walk(walk));
    true
}

fn enter(easel: &Easel, tank: &Tank) -> bool {
    let cursor = easel.look(|board| board.cursor);
    match cursor {
        Some(Cursor::Event(id)) => choose(easel, tank, id),
        Some(Cursor::Band(..)) => easel.change(|board| {
            if let Some(band) = board.band_at_cursor() {
                board.toggle(band);
            }
        }),
        None => return false,
    }
    true
}

fn choose(easel: &Easel, tank: &Tank, id: EventId) {
    easel.change(|board| board.choose(id));
    tank.select(Some(Selected::Event(id)));
}

/// Brings the run to the moment just after the event at the keyboard.
fn go_there(easel: &Easel, tank: &Tank) {
    if let Some(Cursor::Event(id)) = easel.look(|board| board.cursor) {
        tank.seek(Target::Events(id.0 + 1));
    }
}

fn zoom(easel: &Easel, factor: f64) {
    easel.shift(|board| {
        // Around what the keyboard is at, where that is in sight.
        let (width, _) = board.sheet.size();
        let at = board.at_cursor().and_then(|place| board.sheet.at(place)).map(|(x, _)| x);
        let x = at.filter(|x| (0.0..width).contains(x)).unwrap_or(width / 2.0);
        board.sheet.zoom(factor, x);
    });
}

#[derive(Clone, PartialEq, Properties)]
struct ToldProps {
    easel: Easel,
    /// It is rendered anew when this changes.
    version: (Option<Cursor>, Option<u64>, usize, usize),
}

/// What stands at the keyboard's place, what is lit, and an entry's way, in words.
#[component]
fn Told(props: &ToldProps) -> Html {
    let easel = &props.easel;
    let tank = use_tank();
    let told = easel.look(board::Board::told);
    let lit = easel.look(|board| {
        board.cone.as_ref().map(|cone| (cone.past, cone.future, tools::relation_words(cone.relation)))
    });
    let entry = easel.look(|board| {
        let Some(Cursor::Event(id)) = board.cursor else { return None };
        let place = board.sheet.diagram.place(id)?;
        let index = board.sentence(id)?.about.index.filter(|index| index.0 > 0)?;
        let change = board.sheet.diagram.events()[place].change.as_ref()?;
        (change.after.last_index == index).then_some((index, change.after.last_term))
    });
    let selected = use_view(tools::selected_entry);
    let offered = entry.or(*selected);
    let at_event = easel.look(|board| board.at_cursor().is_some());
    let go = {
        let (easel, tank) = (easel.clone(), tank.clone());
        move |_: MouseEvent| go_there(&easel, &tank)
    };
    let follow = {
        let easel = easel.clone();
        move |_: MouseEvent| {
            if let Some((index, term)) = offered {
                easel.change(|board| board.follow(index, term));
            }
        }
    };
    html! {
            <div class="diagram-told">
                <p id="diagram-now" class="diagram-now" role="status">
                    { told.unwrap_or_else(|| "Click an event, or go to one with the arrow keys.".into()) }
                </p>
                if let Some((past, future, words)) = lit {
                    <p class="diagram-lit" data-past={past.to_string()} data-future={future.to_string()}>
                        { format!("{past} events of this stretch are in its past and {future} in its future, {words}. The others stand back.") }
                    </p>
                }
    <div class="group">
                if at_event {
                    <button type="button" class="button small" data-do="diagram-go" onclick={go}
                        title="The run as it was just after this event (double-click)">{ "Go to this moment" }</button>
                }
                if let Some((index, term)) = offered {
                    <button type="button" class="button small" data-do="diagram-follow-this" onclick={follow}>
                        { format!("Follow entry {index} of term {term}") }
                    </button>
                }
                </div>
                { steps(easel, &tank) }
            </div>
        }
}

/// The way of the entry that is followed.
fn steps(easel: &Easel, tank: &Tank) -> Html {
    let Some(follow) = easel.look(|board| board.follow.clone()) else { return Html::default() };
    let title = format!("The way of entry {} of term {}", follow.index, follow.term);
    html! {
        <div class="diagram-way">
            <h3>{ &title }</h3>
            if follow.steps.is_empty() {
                <p>{ "No event of this stretch speaks of it. Load another stretch, or look at another entry." }</p>
            }
            <ol class="diagram-steps" aria-label={title} onkeydown={walk_steps()}>
                { for follow.steps.iter().enumerate().map(|(n, step)| step_row(n, step, easel, tank)) }
            </ol>
            if follow.more > 0 { <p>{ format!("And {} more steps.", follow.more) }</p> }
        </div>
    }
}

fn step_row(n: usize, step: &Step, easel: &Easel, tank: &Tank) -> Html {
    let (easel, tank, id, at_us) = (easel.clone(), tank.clone(), step.event, step.at_us);
    let onclick = move |_: MouseEvent| {
        easel.change(|board| {
            board.cursor = Some(Cursor::Event(id));
            board.sheet.reveal(at_us);
        });
        tank.select(Some(Selected::Event(id)));
    };
    html! {
        <li key={n}>
            <button type="button" class="diagram-step" tabindex={if n == 0 { "0" } else { "-1" }} {onclick}>
                <span class="diagram-time">{ time(at_us) }</span><span>{ step.to_string() }</span>
            </button>
        </li>
    }
}

/// Up and down go from step to step.
fn walk_steps() -> Callback<KeyboardEvent> {
    Callback::from(|event: KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let row = target.and_then(|target| target.closest("li").ok().flatten());
        let to = match event.key().as_str() {
            "ArrowDown" => row.and_then(|row| row.next_element_sibling()),
            "ArrowUp" => row.and_then(|row| row.previous_element_sibling()),
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        let button =
            to.and_then(|row| row.first_element_child()).and_then(|it| it.dyn_into::<HtmlElement>().ok());
        if let Some(button) = button {
            // A button that can't be focused leaves the focus where it is.
            let _ = button.focus();
        }
    })
}
