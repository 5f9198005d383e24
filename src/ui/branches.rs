//! The branches of the run: a small tree with names and pictures, to go from one to another.

use super::context::{use_tank, use_view};
use super::tape::thumbnail;
use crate::explain::{duration, standing};
use crate::timeline::tape::{Measure, Window};
use crate::timeline::{BranchId, NAME_MAX, Recording, Timeline};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;
use yew::prelude::*;

/// How wide the picture of the longest branch is, in pixels.
const THUMB_WIDTH: f64 = 300.0;
/// How high a server's lane is in it.
const THUMB_LANE: f64 = 4.0;

/// What stands in a row of the tree.
#[derive(Clone, PartialEq)]
struct Row {
    id: BranchId,
    name: String,
    depth: usize,
    current: bool,
    /// Where it leaves which branch, in microseconds.
    leaves: Option<(String, u64)>,
    actions: usize,
    end_us: u64,
    /// How it runs here, if not as where it was made.
    differs: Option<String>,
}

/// The time of the first action that a branch does not share with the one that it left, in microseconds.
fn leaves_at(own: &Recording, parent: &Recording) -> u64 {
    let shared = own.actions.iter().zip(&parent.actions).take_while(|(a, b)| a == b).count();
    own.actions.get(shared).map_or(own.end.at_us, |stamped| stamped.when.at_us)
}

/// The tree, row by row: each branch after the one that it left.
fn rows(timeline: &Timeline) -> Vec<Row> {
    let mut rows = Vec::new();
    add_below(timeline, None, 0, &mut rows);
    rows
}

fn add_below(timeline: &Timeline, parent: Option<BranchId>, depth: usize, rows: &mut Vec<Row>) {
    for branch in timeline.branches().filter(|branch| timeline.parent(branch) == parent) {
        let from = parent.and_then(|id| timeline.find_branch(id));
        rows.push(Row {
            id: branch.id(),
            name: branch.name().to_owned(),
            depth,
            current: branch.id() == timeline.branch().id(),
            leaves: from
                .map(|from| (from.name().to_owned(), leaves_at(branch.recording(), from.recording()))),
            actions: branch.recording().actions.len(),
            // A branch that goes on is told in tenths of a second: more would only flicker.
            end_us: branch.recording().end.at_us / 100_000 * 100_000,
            differs: standing(branch.standing(), branch.made_by()),
        });
        add_below(timeline, Some(branch.id()), depth + 1, rows);
    }
}

/// The branches.
#[component]
pub fn Branches() -> Html {
    let tank = use_tank();
    let rows = use_view(|tank| tank.look(rows));
    let undo = use_view(|tank| tank.look(Timeline::can_undo));
    let take_back = move |_: MouseEvent| tank.undo_branches();
    let span_us = rows.iter().map(|row| row.end_us).max().unwrap_or_default().max(1_000_000);
    html! {
        <div class="branches">
            <p class="faint">{ "Go back on the tape and act there: that begins a branch, and what followed before is kept here." }</p>
            <ul aria-label="Branches of this run">
                { for rows.iter().map(|row| html! { <BranchRow key={row.id.0} row={row.clone()} only={rows.len() == 1} {span_us} /> }) }
            </ul>
            if *undo {
                <button type="button" class="button" onclick={take_back} data-do="undo-branch" title="Takes back the last renaming or deletion in this list">{ "Undo the last change here" }</button>
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RowProps {
    row: Row,
    /// Whether it is the only branch.
    only: bool,
    /// How long the longest branch is, so that all pictures have one scale.
    span_us: u64,
}

#[component]
fn BranchRow(props: &RowProps) -> Html {
    let tank = use_tank();
    let naming = use_state(|| false);
    let Row { id, name, depth, current, leaves, actions, end_us, differs } = props.row.clone();
    let does = |what: fn(&super::Tank, BranchId)| {
        let tank = tank.clone();
        move |_: MouseEvent| what(&tank, id)
    };
    let done = {
        let (tank, naming) = (tank.clone(), naming.clone());
        Callback::from(move |name: Option<String>| {
            if let Some(name) = name {
                tank.rename_branch(id, name.trim());
            }
            naming.set(false);
        })
    };
    let length = match actions {
        1 => format!("1 action, {}", duration(end_us)),
        _ => format!("{actions} actions, {}", duration(end_us)),
    };
    let origin = leaves.map(|(from, at_us)| match at_us {
        0 => format!("leaves ‘{from}’ at the start"),
        _ => format!("leaves ‘{from}’ at {}", duration(at_us)),
    });
    let indent = format!("branch-row depth-{}", depth.min(4));
    html! {
        <li class={indent} aria-current={current.then_some("true")} data-branch={id.0.to_string()}>
            if *naming {
                <Naming name={name.clone()} {done} />
            } else {
                <button type="button" class="branch-name" onclick={does(super::Tank::switch)} aria-pressed={current.to_string()}
                    title={if current { "This branch is shown" } else { "Shows this branch, where it was looked at last" }}>
                    <span class="branch-mark" aria-hidden="true">{ if current { "●" } else { "○" } }</span>{ name.clone() }
                </button>
            }
            <Thumb {id} name={name.clone()} {end_us} span_us={props.span_us} />
            <p class="faint">{ origin.map(|origin| format!("{origin}; ")) }{ length }</p>
            if let Some(differs) = differs {
                <p class="branch-differs">{ differs }</p>
            }
            <div class="actions">
                <button type="button" class="button small" onclick={let naming = naming.clone(); move |_: MouseEvent| naming.set(true)} aria-label={format!("Rename {name}")}>{ "Rename" }</button>
                if !props.only {
                    <button type="button" class="button small" onclick={does(super::Tank::delete_branch)} aria-label={format!("Delete {name}")}>{ "Delete" }</button>
                }
            </div>
        </li>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct NamingProps {
    name: String,
    /// The new name; nothing if it stays.
    done: Callback<Option<String>>,
}

/// A field for a new name: Enter takes it, Escape leaves it.
#[component]
fn Naming(props: &NamingProps) -> Html {
    let place = use_node_ref();
    {
        let place = place.clone();
        use_effect_with((), move |()| {
            if let Some(input) = place.cast::<HtmlInputElement>() {
                // A field that takes no focus is one click away.
                let _ = input.focus();
                input.select();
            }
        });
    }
    let typed = |target: Option<web_sys::EventTarget>| {
        target.and_then(|target| target.dyn_into::<HtmlInputElement>().ok()).map(|input| input.value())
    };
    let onkeydown = {
        let done = props.done.clone();
        move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" => done.emit(typed(event.target())),
            "Escape" => {
                event.stop_propagation();
                done.emit(None);
            }
            _ => {}
        }
    };
    let onblur = {
        let done = props.done.clone();
        move |event: FocusEvent| done.emit(typed(event.target()))
    };
    html! {
        <input ref={place} class="field" type="text" value={props.name.clone()} maxlength={NAME_MAX.to_string()} aria-label="Name of the branch"
            autocomplete="off" {onkeydown} {onblur} />
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ThumbProps {
    id: BranchId,
    name: String,
    end_us: u64,
    span_us: u64,
}

/// A small picture of a branch: who led when. It is painted anew when the branch has become longer.
#[component]
fn Thumb(props: &ThumbProps) -> Html {
    let tank = use_tank();
    let window = Window::whole(Measure::Time, props.span_us as f64, THUMB_WIDTH);
    tank.look(|timeline| {
        let branch = timeline.find_branch(props.id)?;
        let known = branch.known_us();
        let label = match known {
            0 => format!("{}: not replayed yet", props.name),
            _ => format!("{}: who led when", props.name),
        };
        Some(thumbnail(branch.tape(), &window, known as f64, THUMB_LANE, label))
    })
    .unwrap_or_default()
}
