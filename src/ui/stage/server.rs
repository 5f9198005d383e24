//! One server on the stage.

use super::glyphs;
use super::view::{ServerView, WaitingView};
use crate::raft::{RoleName, ServerId};
use crate::ui::geometry::Point;
use crate::ui::members::Place;
use crate::ui::words;
use yew::prelude::*;

/// What a server on the stage needs.
#[derive(Clone, PartialEq, Properties)]
pub struct ServerGlyphProps {
    /// The server.
    pub server: ServerView,
    /// Its radius.
    pub radius: f64,
    /// Where it is dragged to, if it is.
    pub dragged: Option<Point>,
    /// The side it is on, while a partition is put together.
    pub side: Option<char>,
    /// Where the peers stand, for messages that wait.
    pub places: Vec<Point>,
    /// The pointer went down on it.
    pub on_down: Callback<(ServerId, PointerEvent)>,
    /// It was chosen by key or click.
    pub on_choose: Callback<ServerId>,
}

/// One server on the stage.
#[component]
pub fn ServerGlyph(props: &ServerGlyphProps) -> Html {
    let ServerGlyphProps { server, radius, dragged, side, places, on_down, on_choose } = props;
    let id = server.id;
    let at = dragged.unwrap_or(server.place);
    let scale = radius / glyphs::RADIUS;
    let onpointerdown = on_down.reform(move |event: PointerEvent| (id, event));
    let onkeydown = {
        let on_choose = on_choose.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Enter" {
                event.prevent_default();
                on_choose.emit(id);
            }
        }
    };
    let oncontextmenu = {
        let on_choose = on_choose.clone();
        move |event: MouseEvent| {
            event.prevent_default();
            on_choose.emit(id);
        }
    };
    // A click without a pointer: from a screen reader.
    let onclick = {
        let on_choose = on_choose.clone();
        move |event: MouseEvent| {
            if event.detail() == 0 {
                on_choose.emit(id);
            }
        }
    };
    let class = classes!(
        "server",
        server.selected.then_some("selected"),
        (!server.up).then_some("is-down"),
        server.paused.then_some("is-paused"),
        dragged.is_some().then_some("dragged")
    );
    let word = match (server.member, server.role) {
        (Place::Retired, _) => "retired".to_owned(),
        _ if !server.up => "crashed".into(),
        _ if server.paused => "paused".into(),
        (Place::Outside, RoleName::Candidate) => "candidate, outside".into(),
        (Place::Outside, RoleName::PreCandidate) => "pre-candidate, outside".into(),
        (_, RoleName::Candidate) => "candidate".into(),
        (_, RoleName::PreCandidate) => "pre-candidate".into(),
        (_, RoleName::Leader) => match server.handing {
            Some(to) => format!("leader → {to}"),
            None => "leader".into(),
        },
        (Place::Learner, RoleName::Follower) => "learner".into(),
        (Place::Outside, RoleName::Follower) => "outside".into(),
        (_, RoleName::Follower) => "follower".into(),
    };
    html! {
        <g {class} transform={format!("translate({:.1} {:.1})", at.x, at.y)} tabindex="0" role="button"
            data-server={id.to_string()}
            aria-label={server.label.clone()} aria-pressed={server.selected.to_string()}
            {onpointerdown} {onkeydown} {oncontextmenu} {onclick}>
            <circle class="halo" r={(radius + 15.0).to_string()} />
            if server.accused {
                <g class="accused">
                    <title>{ "It is part of what breaks the promise" }</title>
                    <circle r={(radius + 16.0).to_string()} />
                    <text x={(-radius * 0.8).to_string()} y={(-radius * 0.95).to_string()}>{ "✕" }</text>
                </g>
            }
            <g transform={format!("scale({scale:.3})")}>
                <circle class="arc-track" r="50" />
                { arcs(server) }
                { glyphs::body(server) }
                { disk(server) }
                if server.inbox > 0 {
                    <g class="inbox" transform="translate(-40 34)">
                        <rect x="-15" y="-10" width="30" height="20" rx="4" />
                        <text y="5">{ format!("✉{}", server.inbox) }</text>
                    </g>
                }
            </g>
            <text class="server-name" y={(radius + 31.0).to_string()}>
                <tspan class="name">{ id.to_string() }</tspan>
                <tspan class="role" dx="6">{ word }</tspan>
                if !server.oddity.is_empty() { <tspan class="role" x="0" dy="1.1em">{ server.oddity }</tspan> }
            </text>
            { for server.waiting.iter().enumerate().map(|(n, waiting)| wait(server, n, waiting, places, *radius)) }
            if let Some(side) = side {
                <g class={classes!("side", (*side == 'B').then_some("b"))} transform={format!("translate({:.0} {:.0})", radius * 0.85, -radius * 0.85)}>
                    <circle r="15" />
                    <text y="6">{ *side }</text>
                </g>
            }
        </g>
    }
}

/// The timers. The painter fills in how far they are.
fn arcs(server: &ServerView) -> Html {
    html! {
        <>
            if server.election.is_some() {
                <circle class={classes!("arc", "arc-election", words::term_class(server.term))} r="50"
                    pathLength="100" stroke-dasharray="100 100" transform="rotate(-90)" />
            }
            if server.heartbeat.is_some() {
                <circle class="arc arc-heartbeat" r="50" pathLength="100" stroke-dasharray="100 100"
                    transform="rotate(-90)" />
            }
        </>
    }
}

/// A write under way: a small disk that fills, with how many wait behind it.
fn disk(server: &ServerView) -> Html {
    let Some((_, behind)) = server.disk else { return html! {} };
    html! {
        <g class="disk" transform="translate(40 34)">
            <title>{ "a write to the disk is under way" }</title>
            <circle class="disk-body" r="12" />
            <circle class="arc arc-disk" r="9" pathLength="100" stroke-dasharray="100 100" transform="rotate(-90)" />
            if behind > 0 {
                <text class="disk-behind" x="20" y="5">{ format!("+{behind}") }</text>
            } else {
                <circle class="disk-hub" r="2.5" />
            }
        </g>
    }
}

/// A message that waits for the disk, at the edge towards its receiver.
fn wait(server: &ServerView, n: usize, waiting: &WaitingView, places: &[Point], radius: f64) -> Html {
    let to = places.get(waiting.to.slot()).copied().unwrap_or_default();
    let length = server.place.distance(to).max(1.0);
    let out = radius + 13.0;
    let (x, y) = ((to.x - server.place.x) / length * out, (to.y - server.place.y) / length * out);
    html! {
        <g key={n} class="waits" transform={format!("translate({x:.1} {y:.1}) scale(0.85)")}>
            <title>{ format!("waits for the disk before it leaves for {}", waiting.to) }</title>
            <circle class="waits-ring" r="14" />
            { glyphs::message(waiting.glyph) }
        </g>
    }
}
