//! The shapes of servers and messages. Role by shape and letter, term by number and colour.

use super::view::{Glyph, ServerView, Shape, Vote};
use crate::raft::{RoleName, ServerId};
use crate::ui::math;
use crate::ui::members::Place;
use crate::ui::words::term_class;
use yew::prelude::*;

/// The radius for which server shapes are drawn; others are scaled.
pub const RADIUS: f64 = 44.0;

/// A message, around the origin.
pub fn message(glyph: Glyph) -> Html {
    let colour = glyph.term.map_or("tc", term_class);
    let hollow = if glyph.sign.is_some() { "hollow" } else { "filled" };
    let class = classes!("glyph", colour, hollow);
    let shape = match glyph.shape {
        Shape::Vote => html! { <path {class} d="M0-12 12 0 0 12-12 0z" /> },
        Shape::PreVote => html! { <path class={classes!(class, "pre")} d="M0-12 12 0 0 12-12 0z" /> },
        Shape::Snapshot => html! { <path {class} d="M-10-10h20v20h-20z" /> },
        Shape::Timeout => html! { <path {class} d="M0-12 12 10h-24z" /> },
        Shape::Read => html! { <path {class} d="M-12 0-6-10.500h12L12 0 6 10.500h-12z" /> },
        Shape::Append => {
            html! { <circle {class} r={if glyph.entries == 0 && glyph.sign.is_none() { "7.5" } else { "10" }} /> }
        }
        Shape::Client => html! { <rect {class} x="-10" y="-8.5" width="20" height="17" rx="4" /> },
    };
    // Strokes, not letters: the browser lays text out anew whenever it moves.
    let stroke = match (glyph.sign, glyph.shape) {
        (Some('+'), _) => Some("M-4.500 0h9M0-4.500v9"),
        (Some('−'), _) => Some("M-4.500 0h9"),
        (Some('✓'), _) => Some("M-4.500 0l3 4 6-8"),
        (Some('↷'), _) => Some("M-5 3c0-8 9-8 9-1m-3-1.500 3 3 3-3"),
        (Some(_), _) => Some("M-4-4 4 4M4-4-4 4"),
        (None, Shape::Vote | Shape::PreVote) => Some("M-4-4.500 0 4.500 4-4.500"),
        (None, Shape::Snapshot) => Some("M-10-4h20M-4 2h8"),
        (None, Shape::Timeout) => Some("M0-5v7m0 4v.5"),
        (None, Shape::Read) => Some("M-3-2.500c0-4 6-4 6-.500 0 2-3 2-3 4.500m0 2.200v.800"),
        (None, Shape::Client) => Some("M-3-2.500c0-4 6-4 6-.500 0 2-3 2-3 4.500m0 2.200v.800"),
        (None, Shape::Append) => None,
    };
    html! {
        <>
            { shape }
            if let Some(stroke) = stroke {
                <path class={classes!("glyph-stroke", colour, hollow)} d={stroke} />
            }
            { entries(glyph.entries, colour) }
        </>
    }
}

/// The entries that a message carries: small squares, or a number when there are many.
fn entries(count: usize, colour: &'static str) -> Html {
    match count {
        0 => html! {},
        1..=3 => {
            let squares = (0..count).map(|n| {
                let x = n as f64 * 8.0 - (count as f64 - 1.0) * 4.0 - 3.0;
                html! { <rect key={n} class={classes!("entry-square", colour)} x={x.to_string()} y="-3" width="6" height="6" /> }
            });
            html! { <g class="entries">{ for squares }</g> }
        }
        _ => {
            html! { <text class={classes!("glyph-letter", colour, "filled")} y="4">{ count.min(99) }</text> }
        }
    }
}

/// The body of a server, around the origin, with radius [`RADIUS`].
pub fn body(server: &ServerView) -> Html {
    let colour = if server.up { term_class(server.term) } else { "down" };
    let member = match server.member {
        Place::Learner => "learner",
        Place::Outside | Place::Retired => "outside",
        _ => "",
    };
    let class = classes!("body", colour, member, server.paused.then_some("paused"));
    let shape = match (server.up, server.role) {
        (false, _) => html! {
            <>
                <circle {class} r="36" />
                <path class="cross" d="M-14-24 14 4M14-24-14 4" />
            </>
        },
        // Who only learns is smaller, in a thin ring of its own.
        (true, RoleName::Follower) if server.member == Place::Learner => html! {
            <><circle class="learner-ring" r="38" /><circle {class} r="30" /></>
        },
        (true, RoleName::Follower) => html! { <circle {class} r="36" /> },
        (true, RoleName::Candidate | RoleName::PreCandidate) => {
            let class = classes!(class, (server.role == RoleName::PreCandidate).then_some("pre"));
            html! { <path {class} d="M39 0 19.5 33.8-19.5 33.8-39 0-19.5-33.8 19.5-33.8z" /> }
        }
        (true, RoleName::Leader) => html! {
            <>
                <circle class={classes!("crown-ring", colour)} r="39" />
                <circle {class} r="33" />
                <path class={classes!("crown", colour)} d="M-12-14v-9l6 4.5 6-8 6 8 6-4.5v9z" />
            </>
        },
    };
    html! {
        <>
            { shape }
            { letter(server, colour) }
            { votes(server) }
            { quorums(server.member) }
            if let Some(part) = server.snapshot { { snapshot(part) } }
            if server.paused {
                <g class="bars" transform="translate(-36 -34)">
                    <circle r="14" />
                    <rect x="-6" y="-7" width="4" height="14" />
                    <rect x="2" y="-7" width="4" height="14" />
                </g>
            }
        </>
    }
}

/// During joint consensus: a bracket on the left for a vote in the old configuration, one on the right
/// for a vote in the new one.
pub fn quorums(member: Place) -> Html {
    html! {
        <>
            if matches!(member, Place::Old | Place::Both) { <path class="bracket old" d="M-28-51a58 58 0 0 0 0 102" /> }
            if matches!(member, Place::New | Place::Both) { <path class="bracket new" d="M28-51a58 58 0 0 1 0 102" /> }
        </>
    }
}

/// A snapshot on its way in: a box that fills.
fn snapshot(part: f64) -> Html {
    let full = 22.0 * part.clamp(0.0, 1.0);
    html! {
        <g class="receives" transform="translate(38 -38)">
            <title>{ "receives a snapshot" }</title>
            <rect class="receives-box" x="-13" y="-13" width="26" height="26" />
            <rect class="receives-full" x="-11" y={format!("{:.1}", 11.0 - full)} width="22" height={format!("{full:.1}")} />
        </g>
    }
}

fn letter(server: &ServerView, colour: &'static str) -> Html {
    let term = format!("T{}", server.term);
    match (server.up, server.role) {
        _ if server.member == Place::Retired => html! {},
        (false, _) => html! { <text class="body-term down" y="24">{ term }</text> },
        (true, RoleName::Candidate | RoleName::PreCandidate) => html! {
            <>
                <text class={classes!("body-letter", "small", colour)} y="1">{ if server.role == RoleName::Candidate { "C" } else { "P" } }</text>
                <text class={classes!("body-term", colour)} y="15">{ term }</text>
            </>
        },
        (true, role) => html! {
            <>
                <text class={classes!("body-letter", colour)} y="7">{ if role == RoleName::Leader { "L" } else { "F" } }</text>
                <text class={classes!("body-term", colour)} y="23">{ term }</text>
            </>
        },
    }
}

/// One dot a voter, in the direction in which the voter stands.
fn votes(server: &ServerView) -> Html {
    let count = f64::from(server.ring);
    let dots = server.votes.iter().map(|&(voter, vote)| {
        let turn = (voter.slot() as f64 / count - 0.25) * std::f64::consts::TAU;
        let (x, y) = (26.0 * math::cos(turn), 26.0 * math::sin(turn));
        vote_dot(voter, vote, x, y)
    });
    html! { <g class="votes">{ for dots }</g> }
}

fn vote_dot(voter: ServerId, vote: Vote, x: f64, y: f64) -> Html {
    let transform = format!("translate({x:.1} {y:.1})");
    let mark = match vote {
        Vote::Have => html! { <circle class="vote have" r="5" /> },
        Vote::Coming => html! { <circle class="vote coming" r="4.5" /> },
        Vote::No => html! { <path class="vote no" d="M-4-4 4 4M4-4-4 4" /> },
    };
    html! { <g key={voter.number()} {transform}>{ mark }</g> }
}
