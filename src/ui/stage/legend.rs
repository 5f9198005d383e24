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

/// A picture that never changes, as the browser reads it: elements would be twice the code.
fn icon(inner: &str) -> Html {
    let svg = format!(r#"<svg class="legend-icon" viewBox="-46 -46 92 92" aria-hidden="true">{inner}</svg>"#);
    Html::from_html_unchecked(svg.into())
}

/// The key to the pictures.
pub fn legend() -> Html {
    let rows = [
        (
            icon(r#"<circle class="body t1" r="36"/><text class="body-letter t1 big" y="12">F</text>"#),
            "follower; T is its term, in the term’s colour",
        ),
        (
            icon(
                r#"<path class="body t1" d="M39 0 19.5 33.8-19.5 33.8-39 0-19.5-33.8 19.5-33.8z"/><text class="body-letter t1 big" y="12">C</text>"#,
            ),
            "candidate; a dot for each vote it has, a ring for one to come, ✕ for a refusal",
        ),
        (
            icon(
                r#"<path class="body t1 pre" d="M39 0 19.5 33.8-19.5 33.8-39 0-19.5-33.8 19.5-33.8z"/><text class="body-letter big" y="12">P</text>"#,
            ),
            "pre-candidate: it asks whether it would be elected",
        ),
        (
            icon(
                r#"<circle class="crown-ring t1" r="40"/><circle class="body t1" r="33"/><text class="body-letter t1 big" y="12">L</text>"#,
            ),
            "leader, with a crown",
        ),
        (
            icon(r#"<circle class="learner-ring" r="40"/><circle class="body t1 learner" r="30"/>"#),
            "learner: gets the log, has no vote",
        ),
        (icon(r#"<circle class="body t1 outside" r="36"/>"#), "outside the configuration"),
        (
            icon(
                r#"<g transform="scale(0.78)"><path class="bracket old" d="M-28-51a58 58 0 0 0 0 102"/><path class="bracket new" d="M28-51a58 58 0 0 1 0 102"/><circle class="body t1" r="36"/></g>"#,
            ),
            "during joint consensus: on the left a vote in the old configuration, on the right in the new",
        ),
        (
            icon(r#"<circle class="body down" r="36"/><path class="cross" d="M-14-14 14 14M14-14-14 14"/>"#),
            "crashed",
        ),
        (
            icon(
                r#"<circle class="arc-track" r="38"/><circle class="arc arc-election t1" r="38" pathLength="100" stroke-dasharray="70 100" transform="rotate(-90)"/>"#,
            ),
            "election timer: when the arc has drained, it fires; a thin arc is a leader’s heartbeat timer",
        ),
        (message(Shape::Vote, None, 0), "RequestVote"),
        (message(Shape::PreVote, None, 0), "PreVote: it changes nothing"),
        (
            message(Shape::Append, None, 2),
            "AppendEntries, a square for each entry; a small dot is a heartbeat",
        ),
        (message(Shape::Append, Some('+'), 0), "a reply is hollow: + yes, − no"),
        (
            message(Shape::Snapshot, None, 0),
            "InstallSnapshot; a box beside a server fills as the pieces come",
        ),
        (message(Shape::Timeout, None, 0), "TimeoutNow: the leader hands over"),
        (
            message(Shape::Read, None, 0),
            "ReadIndex: a follower asks which entries to apply before it answers a read",
        ),
        (message(Shape::Client, None, 0), "between a client and a server"),
        (
            icon(
                r#"<circle class="disk-body" r="34"/><circle class="arc legend-disk" r="24" pathLength="100" stroke-dasharray="60 100" transform="rotate(-90)"/><circle class="disk-hub" r="7"/>"#,
            ),
            "a write to the disk; replies that need it wait at the edge in a dashed ring",
        ),
        (
            icon(
                r#"<g class="cut-mark"><path d="M-46 0h20M26 0h20"/><circle r="20"/><path d="M-9-9 9 9M9-9-9 9"/></g>"#,
            ),
            "a cut link; with an arrow, only that direction is cut",
        ),
        (
            icon(
                r#"<g class="legend-cell committed"><rect x="-42" y="-26" width="84" height="52" rx="8"/><path class="cell-check" d="M-18 0l12 14 24-28"/></g>"#,
            ),
            "an entry that its server knows to be committed; a green line ends them",
        ),
        (
            icon(r#"<g class="legend-cell"><rect x="-42" y="-26" width="84" height="52" rx="8"/></g>"#),
            "an entry that is not; with a + it is not on disk yet",
        ),
        (
            icon(
                r#"<g class="legend-cell config"><rect x="-42" y="-24" width="84" height="48" rx="24"/></g>"#,
            ),
            "a configuration: + a voter, ~ a learner, − who leaves",
        ),
        (
            icon(r#"<g class="compacted"><rect x="-44" y="-24" width="88" height="48" rx="4"/></g>"#),
            "entries that a snapshot covers",
        ),
        (
            icon(
                r#"<path class="next-arrow" d="M-22-18 0 10h-44z" transform="translate(4 6)"/><circle class="match-dot" cx="26" cy="4" r="11"/>"#,
            ),
            "what the leader keeps of a follower: nextIndex, and matchIndex as a dot",
        ),
        (
            icon(
                r#"<g class="t1"><rect class="tape-thumb-bar" x="-42" y="8" width="28" height="12"/><rect class="tape-thumb-bar" x="-14" y="-2" width="14" height="22"/><rect class="tape-thumb-bar" x="0" y="-12" width="42" height="32"/></g>"#,
            ),
            "on the term tape: low follows, higher and hatched stands, full leads, with the term’s number",
        ),
        (
            icon(
                r#"<path class="tape-crosses heavy" d="M-40-14-16 10M-16-14-40 10"/><path class="tape-crosses heavy" d="M2 14 14-14M16 14 28-14M30 14 42-14"/>"#,
            ),
            "on the term tape: a crash; slanted lines: cut off from the larger side",
        ),
        (
            icon(
                r#"<path class="tape-action" d="M-42-14h26L-29 10z"/><path class="tape-commit" d="M-4 16v-30M4 16v-30M12 16v-16"/><path class="tape-broken" d="M24 30v-60h22l-7 12 7 12h-18v36z"/>"#,
            ),
            "on the term tape: somebody acted; entries are committed; a promise is broken",
        ),
    ];
    html! {
        <ul class="legend">
            { for rows.into_iter().enumerate().map(|(n, (picture, text))| html! {
                <li key={n}>{ picture }<span>{ text }</span></li>
            }) }
        </ul>
    }
}
