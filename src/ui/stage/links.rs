//! Links between servers, and clients with whom they believe in.

use super::view::{ClientView, LinkView, StageView};
use crate::raft::ServerId;
use crate::sim::{ClientId, Endpoint};
use crate::ui::geometry::{Geometry, Point};
use crate::ui::math;
use yew::prelude::*;

/// What the links need.
#[derive(Clone, PartialEq, Properties)]
pub struct LinkLayerProps {
    /// The links.
    pub links: Vec<LinkView>,
    /// Where the servers stand.
    pub places: Vec<Point>,
    /// Whether messages are drawn as flow.
    pub flow: bool,
    /// A link was chosen.
    pub on_link: Callback<(ServerId, ServerId)>,
}

/// All links: thin lines; cut ones broken, with a ✕; and over them the flow, where messages are too fast.
#[component]
pub fn LinkLayer(props: &LinkLayerProps) -> Html {
    html! { <g class="links">{ for props.links.iter().map(|link| one(props, link)) }</g> }
}

fn one(props: &LinkLayerProps, link: &LinkView) -> Html {
    let LinkLayerProps { places, flow, on_link, .. } = props;
    let (a, b) = (places[link.a.slot()], places[link.b.slot()]);
    let ends = (link.a, link.b);
    let onclick = on_link.reform(move |_: MouseEvent| ends);
    let state = match (link.cut_ab, link.cut_ba) {
        (false, false) => "open",
        (true, true) => "cut",
        _ => "half",
    };
    let (x1, y1, x2, y2) = (a.x.to_string(), a.y.to_string(), b.x.to_string(), b.y.to_string());
    let line = |class: Classes, opacity: Option<&'static str>| {
        html! { <line {class} x1={x1.clone()} y1={y1.clone()} x2={x2.clone()} y2={y2.clone()} stroke-opacity={opacity} /> }
    };
    html! {
        <g key={format!("{}-{}", link.a, link.b)} class={classes!("link-group", link.selected.then_some("selected"))}
            data-link={format!("{}-{}", link.a, link.b)} {onclick}>
            { line(classes!("link-hit"), None) }
            { line(classes!("link", state), None) }
            if *flow { { line(classes!("flow"), Some("0")) } }
            if link.cut_ab { { mark(a, b, link.cut_ba) } }
            if link.cut_ba && !link.cut_ab { { mark(b, a, false) } }
        </g>
    }
}

/// Where nothing passes: a ✕ in the middle; in one direction only, before the end, with an arrow that
/// shows which.
fn mark(from: Point, to: Point, both: bool) -> Html {
    let at = from.towards(to, if both { 0.5 } else { 0.62 });
    let turn = math::atan2(to.y - from.y, to.x - from.x).to_degrees();
    html! {
        <g class="cut-mark" transform={format!("translate({:.1} {:.1})", at.x, at.y)}>
            if !both {
                <path class="cut-arrow" d="M-34 0h20m-7-6 7 6-7 6" transform={format!("rotate({turn:.1})")} />
            }
            <circle r="10" />
            <path d="M-5-5 5 5M5-5-5 5" />
        </g>
    }
}

/// To whom a leader hands its leadership over: an arrow with a crown's colour, beside the link.
pub fn handing(view: &StageView) -> Html {
    let arrows = view.servers.iter().filter_map(|server| Some((server.id, server.handing?)));
    html! {
        { for arrows.map(|(from, to)| {
            let (a, b) = view.geometry.way(&view.places, Endpoint::Server(from), Endpoint::Server(to));
            let turn = math::atan2(b.y - a.y, b.x - a.x).to_degrees();
            html! {
                <g key={from.number()} class="handing">
                    <line x1={a.x.to_string()} y1={a.y.to_string()} x2={b.x.to_string()} y2={b.y.to_string()} />
                    <path d="M-14-8 0 0-14 8" transform={format!("translate({:.1} {:.1}) rotate({turn:.1})", b.x, b.y)} />
                </g>
            }
        }) }
    }
}

/// All clients.
pub fn clients(view: &StageView, on_client: &Callback<ClientId>) -> Html {
    html! { <g class="clients">{ for view.clients.iter().map(|client| client_glyph(view, client, on_client)) }</g> }
}

fn client_glyph(view: &StageView, client: &ClientView, on_client: &Callback<ClientId>) -> Html {
    let at = view.geometry.client(client.id);
    let believed = view.places.get(client.believes.slot()).copied().unwrap_or_default();
    let end = towards_edge(at, believed, view.geometry);
    let begin = at.towards(believed, (62.0 / at.distance(believed).max(62.0)).min(0.9));
    let id = client.id;
    let onclick = on_client.reform(move |_: MouseEvent| id);
    let onkeydown = {
        let on_client = on_client.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Enter" {
                event.prevent_default();
                on_client.emit(id);
            }
        }
    };
    let says =
        if client.queue > 0 { format!("{} +{}", client.says, client.queue) } else { client.says.clone() };
    // Of many clients the line alone shows whom each believes to lead: there is no room for more words.
    let roomy = view.clients.len() <= 2;
    let label = format!("client {id}, believes that {} leads; {says}", client.believes);
    html! {
        <g key={id.0} class={classes!("client", client.selected.then_some("selected"))}>
            <line class="belief" x1={begin.x.to_string()} y1={begin.y.to_string()} x2={end.x.to_string()} y2={end.y.to_string()} />
            <g transform={format!("translate({} {})", at.x, at.y)} tabindex="0" role="button" aria-label={label}
                aria-pressed={client.selected.to_string()} data-client={id.to_string()} {onclick} {onkeydown}>
                <rect class="client-body" x="-27" y="-22" width="54" height="44" rx="9" />
                <text class="client-name" y="7">{ id.to_string() }</text>
                <text class="client-note" y="40">{ says }</text>
                if roomy {
                    <text class="client-note faint" y="-31">{ format!("believes {} leads", client.believes) }</text>
                }
            </g>
        </g>
    }
}

fn towards_edge(from: Point, to: Point, geometry: Geometry) -> Point {
    let length = from.distance(to).max(1.0);
    from.towards(to, (1.0 - (geometry.radius() + 12.0) / length).max(0.0))
}
