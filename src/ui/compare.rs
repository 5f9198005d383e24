//! Two branches side by side: where they part, and what differs at the end.

use super::context::{use_tank, use_view};
use super::later::{Later, later};
use super::options_panel::value_of;
use super::tank::Tank;
use super::words::{term_class, time_text};
use crate::explain::{Scene, difference, sentence};
use crate::raft::RoleName;
use crate::timeline::compare::{COMPARED_MAX, Comparing, Comparison, Pair, Parting};
use crate::timeline::tape::{Life, Measure, Picture, Standing, Stretch, Window};
use crate::timeline::{BranchId, Target, Timeline};
use std::cell::RefCell;
use std::rc::{Rc, Weak};
use yew::prelude::*;

/// So many events are compared at a time, so that the page stays alive.
const SLICE: u64 = 2000;
/// The width of a tape and the height of a lane, in the picture's own units.
const WIDTH: f64 = 360.0;
const LANE: f64 = 14.0;
/// Where the lanes begin: their names stand before them.
const LEFT: f64 = 24.0;

/// A comparison under way, or done.
#[derive(Default)]
struct Work {
    comparing: Option<Comparing>,
    /// Dropped with the panel: then nobody goes on.
    next: Option<Later>,
    names: Pair<String>,
    ids: Option<Pair<BranchId>>,
    result: Option<Comparison>,
}

type WorkRef = Rc<RefCell<Work>>;

/// Goes on for a slice, and says when it is done.
fn go_on(work: &WorkRef, done: &Callback<()>) {
    let mut here = work.borrow_mut();
    let Some(comparing) = &mut here.comparing else { return };
    match comparing.go_on(SLICE) {
        Some(result) => {
            here.result = Some(result);
            here.comparing = None;
        }
        None => {
            let (weak, done): (Weak<_>, _) = (Rc::downgrade(work), done.clone());
            here.next = Some(later(0, move || {
                if let Some(work) = weak.upgrade() {
                    go_on(&work, &done);
                }
            }));
            return;
        }
    }
    drop(here);
    done.emit(());
}

/// The branches that can be chosen, and which one is looked at.
fn branches(timeline: &Timeline) -> (Vec<(BranchId, String)>, BranchId) {
    let all = timeline.branches().map(|branch| (branch.id(), branch.name().to_owned()));
    (all.collect(), timeline.branch().id())
}

/// Two branches side by side.
#[component]
pub fn Compare() -> Html {
    let tank = use_tank();
    let known = use_view(|tank| tank.look(branches));
    let chosen = use_state(|| [None::<BranchId>; 2]);
    let work: WorkRef = use_mut_ref(Work::default);
    let update = use_force_update();
    let (all, current) = &*known;
    if all.len() < 2 {
        return html! {};
    }
    let is_there = |id: &BranchId| all.iter().any(|(other, _)| other == id);
    let first = chosen[0].filter(is_there).unwrap_or(*current);
    let other = tank.look(|timeline| {
        let parent = timeline.find_branch(first).and_then(|branch| timeline.parent(branch));
        parent.or_else(|| all.iter().map(|(id, _)| *id).find(|id| *id != first)).unwrap_or(first)
    });
    let ids = [first, chosen[1].filter(is_there).unwrap_or(other)];
    let choose = |at: usize| {
        let (chosen, all) = (chosen.clone(), all.clone());
        move |event: Event| {
            let picked = value_of(&event).parse().ok().and_then(|at: usize| all.get(at)).map(|(id, _)| *id);
            let mut new = *chosen;
            new[at] = picked;
            chosen.set(new);
        }
    };
    let compare = {
        let (tank, work, update, all) = (tank.clone(), Rc::clone(&work), update.clone(), all.clone());
        move |_: MouseEvent| {
            let names = ids.map(|id| {
                let name = all.iter().find(|(other, _)| *other == id).map(|(_, name)| name.clone());
                format!("‘{}’", name.unwrap_or_default())
            });
            let comparing = tank.look(|timeline| Comparing::branches(timeline, ids));
            *work.borrow_mut() = Work { comparing, names, ids: Some(ids), ..Work::default() };
            let update = update.clone();
            go_on(&work, &Callback::from(move |()| update.force_update()));
        }
    };
    let select = |at: usize, label: &'static str| {
        html! {
            <label>{ label }
                <select class="field" name={format!("compare-{at}")} onchange={choose(at)}>
                    { for all.iter().enumerate().map(|(n, (id, name))| html! { <option key={id.0} value={n.to_string()} selected={ids[at] == *id}>{ name }</option> }) }
                </select>
            </label>
        }
    };
    let same = ids[0] == ids[1];
    let work = work.borrow();
    html! {
        <section class="compare" aria-label="Compare two branches">
            <h3>{ "Compare two branches" }</h3>
            <div class="group">
                { select(0, "this one") }
                { select(1, "with") }
                <button type="button" class="button" data-do="compare" onclick={compare} disabled={same} title={if same { "Choose two different branches" } else { "Finds where they part, and what differs at the end" }}>{ "Compare" }</button>
            </div>
            <div role="status">
                if work.comparing.is_some() { <p>{ "Both are being done again …" }</p> }
                { for work.result.as_ref().zip(work.ids).map(|(result, ids)| shown(&tank, result, ids, &work.names)) }
            </div>
        </section>
    }
}

fn shown(tank: &Tank, result: &Comparison, ids: Pair<BranchId>, names: &Pair<String>) -> Html {
    let [a, b] = names.each_ref().map(String::as_str);
    let parted = result.parting.as_ref();
    html! {
        <div class="compare-result" data-parted={parted.map(|parting| parting.same.to_string())}>
            { match parted {
                None => html! { <p>{ format!("No difference: {a} and {b} are the same, event by event.") }</p> },
                Some(parting) => parting_html(tank, parting, ids, names),
            } }
            if result.cut_short {
                <p>{ format!("They are longer than that: {COMPARED_MAX} events of each were compared, and what follows is how it was then.") }</p>
            }
            { tapes(result, names) }
            if parted.is_some() {
                <h4>{ "At the end" }</h4>
                if result.differences.is_empty() { <p>{ "Nothing differs: servers, logs, the state machine and the answers to clients are the same." }</p> }
                <ul>{ for result.differences.iter().enumerate().map(|(n, it)| html! { <li key={n}>{ difference(it, [a, b]) }</li> }) }</ul>
            }
        </div>
    }
}

fn parting_html(tank: &Tank, parting: &Parting, ids: Pair<BranchId>, names: &Pair<String>) -> Html {
    let Parting { same, same_until_us, first, runs } = parting;
    let row = |at: usize| {
        let (tank, id, same, there) = (tank.clone(), ids[at], *same, first[at].is_some());
        let go = move |_: MouseEvent| {
            tank.switch(id);
            if tank.look(|timeline| timeline.branch().id() == id) {
                tank.seek(Target::Events(same + u64::from(there)));
            }
        };
        let words = match &first[at] {
            Some(event) => {
                format!("at {}: {}", time_text(event.at_us as f64), sentence(event, Scene::of(&runs[at])))
            }
            None => "nothing more happens.".into(),
        };
        html! {
            <li key={at}>
                <span>{ format!("In {}, {words}", names[at]) }</span>
                { " " }
                <button type="button" class="button small" data-go={at.to_string()} onclick={go} title="Shows this branch right after its first difference, paused">{ "Go there" }</button>
            </li>
        }
    };
    let until = match same {
        0 => "They have no event in common.".to_owned(),
        1 => format!("The first event is the same, at {}. Then:", time_text(*same_until_us as f64)),
        n => format!("The first {n} events are the same, until {}. Then:", time_text(*same_until_us as f64)),
    };
    html! { <><p>{ until }</p><ul>{ row(0) }{ row(1) }</ul></> }
}

/// Both tapes on one axis of time, with the place where they part.
fn tapes(result: &Comparison, names: &Pair<String>) -> Html {
    let end = result.end_us[0].max(result.end_us[1]).max(1) as f64;
    let window = Window::whole(Measure::Time, end, WIDTH - LEFT);
    let pictures = [0, 1].map(|at| Picture::of(&result.tapes[at], &window, result.end_us[at] as f64));
    let parted = result.parting.as_ref().map(|parting| window.x(parting.same_until_us as f64));
    html! {
        <>
            { for pictures.iter().enumerate().map(|(at, picture)| tape(at, picture, &names[at], parted)) }
            <p class="faint compare-axis"><span>{ "0" }</span><span>{ time_text(end) }</span></p>
            <p class="faint">{ "High: leads. Half: stands for election. Low: follows. Nothing: is down. The colour is the term’s, as everywhere; the dashed line is where they part." }</p>
        </>
    }
}

fn tape(at: usize, picture: &Picture, name: &str, parted: Option<f64>) -> Html {
    let height = LANE * picture.lanes.len() as f64;
    html! {
        <figure key={at} class="compare-tape">
            <figcaption>{ name }</figcaption>
            <svg viewBox={format!("0 0 {WIDTH} {height}")} role="img" aria-label={format!("The lanes of {name}")}>
                { for picture.lanes.iter().enumerate().map(|(lane, stretches)| {
                    let y = LANE * lane as f64;
                    html! {
                        <g key={lane}>
                            <text class="compare-name" x="0" y={(y + LANE - 4.0).to_string()}>{ format!("S{}", lane + 1) }</text>
                            { for stretches.iter().enumerate().map(|(n, stretch)| bar(n, y, stretch)) }
                        </g>
                    }
                }) }
                { for parted.map(|x| html! { <line class="compare-parted" x1={(LEFT + x).to_string()} x2={(LEFT + x).to_string()} y1="0" y2={height.to_string()} /> }) }
            </svg>
        </figure>
    }
}

fn bar(n: usize, y: f64, stretch: &Stretch<Standing>) -> Html {
    let Stretch { x, end, point, .. } = *stretch;
    let height = match (point.what.life, point.what.role) {
        (Life::Down | Life::Retired, _) => 0.0,
        (_, RoleName::Leader) => LANE - 2.0,
        (_, RoleName::Candidate | RoleName::PreCandidate) => LANE / 2.0,
        (_, RoleName::Follower) => 3.0,
    };
    let term = point.what.term;
    let place = |value: f64| format!("{value:.2}");
    html! {
        <g key={n} class={term_class(term)}>
            <rect x={place(LEFT + x)} y={place(y + LANE - 1.0 - height)} width={place((end - x).max(0.5))} height={place(height)} />
            if end - x > 14.0 && point.what.role == RoleName::Leader && height > 0.0 {
                <text x={place(LEFT + x + 3.0)} y={place(y + LANE - 4.0)}>{ term.to_string() }</text>
            }
        </g>
    }
}
