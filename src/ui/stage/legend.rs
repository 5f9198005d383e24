//! The key to the pictures.

use super::glyphs;
use super::view::{Glyph, Shape};
use crate::raft::Term;
use yew::prelude::*;

fn message(shape: Shape, sign: Option<char>, entries: usize) -> Html {
    let term = (shape != Shape::Client).then_some(Term(1));
    let glyph = Glyph { shape, sign, entries, term };
    html! { <svg class="legend-icon" viewBox="-16 -16 32 32" aria-hidden="true">{ glyphs::message(glyph) }</svg> }
}

fn icon(inner: Html) -> Html {
    html! { <svg class="legend-icon" viewBox="-46 -46 92 92" aria-hidden="true">{ inner }</svg> }
}

/// The key to the pictures.
pub fn legend() -> Html {
    let rows = [
        (icon(html! { <><circle class="body t1" r="36" /><text class="body-letter t1 big" y="12">{ "F" }</text></> }), "follower; T is its term, in the term’s colour"),
        (icon(html! { <><path class="body t1" d="M39 0 19.5 33.8-19.5 33.8-39 0-19.5-33.8 19.5-33.8z" /><text class="body-letter t1 big" y="12">{ "C" }</text></> }), "candidate; a dot for each vote it has, a ring for one to come, ✕ for a refusal"),
        (icon(html! { <><circle class="crown-ring t1" r="40" /><circle class="body t1" r="33" /><text class="body-letter t1 big" y="12">{ "L" }</text></> }), "leader, with a crown"),
        (icon(html! { <><circle class="body down" r="36" /><path class="cross" d="M-14-14 14 14M14-14-14 14" /></> }), "crashed"),
        (icon(html! { <><circle class="arc-track" r="38" /><circle class="arc arc-election t1" r="38" pathLength="100" stroke-dasharray="70 100" transform="rotate(-90)" /></> }), "election timer: when the arc has drained, it fires"),
        (message(Shape::Vote, None, 0), "RequestVote"),
        (message(Shape::Append, None, 2), "AppendEntries, a square for each entry; a small dot is a heartbeat"),
        (message(Shape::Append, Some('+'), 0), "a reply is hollow: + yes, − no"),
        (message(Shape::Client, None, 0), "between a client and a server"),
    ];
    html! {
        <ul class="legend">
            { for rows.into_iter().enumerate().map(|(n, (picture, text))| html! {
                <li key={n}>{ picture }<span>{ text }</span></li>
            }) }
        </ul>
    }
}
