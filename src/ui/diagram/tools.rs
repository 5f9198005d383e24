//! The bar above the canvas: zoom, fold, by which relation, which entry, which stretch; and what the shapes
//! mean.

use super::easel::Easel;
use super::{ZOOM, zoom};
use crate::raft::{Index, Term};
use crate::timeline::diagram::{EVENTS_MAX, MessageKind, Relation};
use crate::ui::tank::{Selected, Tank, Tone};
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// The relations, by their names in the page.
const RELATIONS: [(&str, &str, Relation); 2] =
    [("before", "happened before", Relation::HappenedBefore), ("causes", "causes only", Relation::Causes)];

/// By which relation something is past or future.
pub fn relation_words(relation: Relation) -> &'static str {
    match relation {
        Relation::HappenedBefore => "by Lamport’s happened-before: the order on each row, and messages",
        Relation::Causes => "by causes alone: what sent the message, set the timer, began the write",
    }
}

/// The entry that the details are about, with its term.
pub fn selected_entry(tank: &Tank) -> Option<(Index, Term)> {
    let Some(Selected::Entry(id, index)) = tank.selected() else { return None };
    let term = tank.with(|run| run.world().server(id).and_then(|server| server.node.log().term_at(index)));
    term.map(|term| (index, term))
}

/// The bar.
pub fn tools(easel: &Easel, tank: &Tank) -> Html {
    let button = |name: &'static str, label: &'static str, title: &'static str, does: fn(&Easel)| {
        let easel = easel.clone();
        html! {
            <button key={name} type="button" class="button small" data-do={name} {title} onclick={move |_: MouseEvent| does(&easel)}>{ label }</button>
        }
    };
    html! {
        <div class="diagram-tools">
            <div class="group" role="group" aria-label="What is in sight">
                { button("diagram-out", "−", "Zoom out (−)", |easel| zoom(easel, 1.0 / ZOOM)) }
                { button("diagram-in", "+", "Zoom in (+)", |easel| zoom(easel, ZOOM)) }
                { button("diagram-fit", "All", "The whole stretch", |easel| easel.shift(|board| board.sheet.fit())) }
                { button("diagram-back", "◀", "Move to the left (Page up)", |easel| easel.shift(|board| board.sheet.pan(-0.5 * board.sheet.size().0))) }
                { button("diagram-on", "▶", "Move to the right (Page down)", |easel| easel.shift(|board| board.sheet.pan(0.5 * board.sheet.size().0))) }
            </div>
            { folding(easel) }
            { relation(easel) }
            { following(easel, tank) }
            { key() }
        </div>
    }
}

fn folding(easel: &Easel) -> Html {
    let (fold, count) = easel.look(|board| (board.fold, board.sheet.bands().len()));
    let onclick = {
        let easel = easel.clone();
        move |_: MouseEvent| easel.change(|board| board.fold_all(!fold))
    };
    let title = format!("{count} stretches in which only heartbeats come and go, and change nothing");
    html! {
        <button type="button" class="button small" data-do="diagram-fold" aria-pressed={fold.to_string()} {title} {onclick}>{ "Fold quiet" }</button>
    }
}

fn relation(easel: &Easel) -> Html {
    let now = easel.look(|board| board.relation);
    let onchange = {
        let easel = easel.clone();
        move |event: Event| {
            let select = event.target().and_then(|target| target.dyn_into::<HtmlSelectElement>().ok());
            let value = select.map(|select| select.value()).unwrap_or_default();
            if let Some((.., relation)) = RELATIONS.iter().find(|(name, ..)| *name == value) {
                easel.change(|board| board.relate(*relation));
            }
        }
    };
    html! {
        <select class="field" aria-label="What counts as past and future" {onchange}>
            { for RELATIONS.iter().map(|(name, label, relation)| html! {
                <option key={*name} value={*name} selected={*relation == now}>{ *label }</option>
            }) }
        </select>
    }
}

fn following(easel: &Easel, tank: &Tank) -> Html {
    let following = easel.look(|board| board.following);
    let onsubmit = {
        let (easel, tank) = (easel.clone(), tank.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
            match form.as_ref().and_then(|form| number(form, "index").zip(number(form, "term"))) {
                Some((index, term)) => easel.change(|board| board.follow(Index(index), Term(term))),
                None => tank.notify(
                    Tone::Trouble,
                    "Write which entry to follow as two numbers from 1 on: its index and its term.",
                ),
            }
        }
    };
    let stop = {
        let easel = easel.clone();
        move |_: MouseEvent| easel.change(super::board::Board::clear)
    };
    html! {
        <form class="group" {onsubmit} aria-label="Follow an entry">
            <input class="field diagram-number" name="index" inputmode="numeric" aria-label="Index of the entry to follow" placeholder="index" autocomplete="off" maxlength="12" />
            <input class="field diagram-number" name="term" inputmode="numeric" aria-label="Term of the entry to follow" placeholder="term" autocomplete="off" maxlength="12" />
            <button type="submit" class="button small" data-do="diagram-follow" title="From the client’s request to being applied on every server">{ "Follow entry" }</button>
            if following.is_some() {
                <button type="button" class="button small" data-do="diagram-unfollow" onclick={stop}>{ "Stop following" }</button>
            }
        </form>
    }
}

/// The number in a field of that name, from 1 on.
fn number(form: &HtmlFormElement, name: &str) -> Option<u64> {
    let field = form.query_selector(&format!("[name={name}]")).ok().flatten()?;
    let text = field.dyn_into::<HtmlInputElement>().ok()?.value();
    text.trim().parse().ok().filter(|number| *number > 0)
}

/// Which stretch is shown, and how to get to another one.
pub fn stretch(easel: &Easel, tank: &Tank) -> Html {
    let (first, last, known, around) = easel.look(|board| {
        let events = board.sheet.diagram.events();
        let number = |event: Option<&std::sync::Arc<crate::sim::Event>>| event.map(|event| event.id.0);
        (number(events.first()), number(events.last()), board.known, board.around)
    });
    let (Some(first), Some(last)) = (first, last) else {
        return html! { <p class="diagram-stretch">{ "Nothing has happened yet." }</p> };
    };
    let half = EVENTS_MAX as u64 / 2;
    let go = |around: Option<u64>| {
        let (easel, tank) = (easel.clone(), tank.clone());
        move |_: MouseEvent| easel.change(|board| board.go_around(&tank, around))
    };
    html! {
        <div class="group diagram-stretch">
            <span>{ format!("Events {first} to {last} of {known}; one diagram holds {EVENTS_MAX} at most.") }</span>
            if first > 0 {
                <button type="button" class="button small" data-do="diagram-earlier" onclick={go(Some(first.saturating_sub(half / 2)))}>{ "Earlier" }</button>
            }
            if last + 1 < known {
                <button type="button" class="button small" data-do="diagram-later" onclick={go(Some(last + half / 2))}>{ "Later" }</button>
            }
            if around.is_some() {
                <button type="button" class="button small" data-do="diagram-moment" onclick={go(None)}>{ "At the moment" }</button>
            }
        </div>
    }
}

/// What the shapes mean.
fn key() -> Html {
    let points = [
        ("△", "a timer ran out"),
        ("●", "a message was received"),
        ("■", "a write is on disk"),
        ("◆", "somebody acted"),
        ("○", "a client asks or stops waiting"),
        ("✓", "commitIndex rises"),
        ("✕", "a message is lost; a server has crashed"),
        ("‖", "held, or waiting for a paused server; paused"),
        ("L4", "the server leads term 4 (F follows, C stands, P asks before it stands)"),
    ];
    let letter = |kind: MessageKind| (kind.letter(), kind.name());
    let kinds = MessageKind::ALL.into_iter().filter(|kind| *kind != MessageKind::Unknown).map(letter);
    html! {
        <details class="diagram-key">
            <summary>{ "What it shows" }</summary>
            <dl>
                { for points.into_iter().chain(kinds).map(|(sign, what)| html! {
                    <div key={format!("{sign}{what}")}><dt>{ sign }</dt><dd>{ what }</dd></div>
                }) }
            </dl>
            <p>{ "The colour is that of the term. Kinds of messages differ by their dashes and, when you zoom in, by a letter: filled for a request, hollow for its answer, − where it refuses." }</p>
        </details>
    }
}
