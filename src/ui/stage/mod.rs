//! The stage: servers in a ring, messages on their way, clients at the side.

mod drag;
mod glyphs;
pub mod legend;
mod links;
mod painter;
mod server;
pub mod view;

use super::context::{use_tank, use_view_of};
use super::members::StageTools;
use super::page_state::{Change, use_page};
use super::prefs::{reduced_motion, use_media};
use super::tank::{Moment, Selected};
use crate::raft::{ServerId, ServerSet};
use crate::sim::{Action, PacketName};
use drag::Drag;
use links::LinkLayer;
use painter::Painter;
use server::ServerGlyph;
use std::rc::Rc;
use view::{PacketView, StageView};
use web_sys::Element;
use yew::prelude::*;

/// The stage.
#[component]
pub fn Stage() -> Html {
    let tank = use_tank();
    let page = use_page();
    let compact = use_media("(max-width: 720px)");
    let view = use_view_of(tank.clone(), compact, |tank, compact| view::of(tank, *compact));
    let root = use_node_ref();
    let painter = use_mut_ref(Painter::default);
    let drag = use_state(|| None::<Drag>);

    // One painter for the life of the stage.
    {
        let (painter, tank) = (Rc::clone(&painter), tank.clone());
        use_effect_with((), move |()| {
            let looked = tank.clone();
            let subscription = tank.on_frame(move |moment| {
                if let Ok(mut painter) = painter.try_borrow_mut() {
                    painter.paint(&looked, moment);
                }
            });
            move || drop(subscription)
        });
    }
    // After each rendering: other elements may stand there now.
    {
        let (painter, tank, root) = (Rc::clone(&painter), tank.clone(), root.clone());
        use_effect_with((Rc::clone(&view), *drag), move |(view, _)| {
            if let (Some(root), Ok(mut painter)) = (root.cast::<Element>(), painter.try_borrow_mut()) {
                painter.take(&root, Rc::clone(view), reduced_motion());
                painter.paint(&tank, Moment { view_us: tank.view_us(), passed_ms: 0.0 });
            }
        });
    }

    let choose = {
        let (tank, page) = (tank.clone(), page.clone());
        use_callback(page.partition.is_some(), move |id: ServerId, partitioning| {
            if *partitioning {
                page.dispatch(Change::Toggle(id));
            } else {
                tank.select(Some(Selected::Server(id)));
            }
        })
    };
    let on_packet = use_select(&tank, Selected::Message);
    let on_link = use_select(&tank, |(a, b)| Selected::Link(a, b));
    let on_client = use_select(&tank, Selected::Client);
    let on_down = {
        let (drag, root) = (drag.setter(), root.clone());
        let geometry = view.geometry;
        use_callback(geometry, move |(id, event): (ServerId, PointerEvent), geometry| {
            if event.button() == 0 {
                drag.set(Drag::begin(id, &event, root.cast::<Element>().as_ref(), *geometry));
            }
        })
    };
    let onpointermove = {
        let (drag, root, view) = (drag.clone(), root.clone(), Rc::clone(&view));
        move |event: PointerEvent| {
            if let Some(now) = *drag
                && let Some(moved) = now.moved(&event, root.cast::<Element>().as_ref(), view.geometry)
            {
                drag.set(Some(moved));
            }
        }
    };
    let onpointerup = {
        let (drag, view, tank, choose) = (drag.clone(), Rc::clone(&view), tank.clone(), choose.clone());
        move |_: PointerEvent| {
            let Some(now) = *drag else { return };
            drag.set(None);
            if !now.is_drag() {
                choose.emit(now.id);
            } else if let Some(groups) = now.groups(&view) {
                let action = if groups.len() > 1 { Action::Partition { groups } } else { Action::Heal };
                if tank.refusal(&action).is_none() {
                    tank.act_or_say(action);
                }
            }
        }
    };
    let onpointercancel = {
        let drag = drag.setter();
        move |_: PointerEvent| drag.set(None)
    };
    let moving = (*drag).filter(Drag::is_drag);
    let hint = hint(&view, moving.as_ref(), page.partition);
    let classes = classes!("stage", compact.then_some("compact"), view.flow.then_some("flowing"));
    let geometry = view.geometry;

    html! {
        <section class="panel stage-panel" aria-label="Stage">
            <svg ref={root} class={classes} role="group" aria-label="The cluster"
                viewBox={format!("0 0 {} {}", geometry.width(), geometry.height())}
                {onpointermove} {onpointerup} {onpointercancel}>
                <LinkLayer links={view.links.clone()} places={view.places.clone()} flow={view.flow} {on_link} />
                { links::clients(&view, &on_client) }
                { links::handing(&view) }
                <g class="servers">
                    { for view.servers.iter().map(|server| html! {
                        <ServerGlyph key={server.id.number()} server={server.clone()} radius={geometry.radius()}
                            dragged={moving.filter(|drag| drag.id == server.id).map(|drag| drag.at)}
                            side={page.partition.map(|set| if set.contains(server.id) { 'B' } else { 'A' })}
                            places={view.places.clone()} on_down={on_down.clone()} on_choose={choose.clone()} />
                    }) }
                </g>
                <g class="packets">{ for view.packets.iter().map(|packet| html! {
                    <PacketGlyph key={packet_key(packet.name)} packet={*packet} {compact} on_packet={on_packet.clone()} />
                }) }</g>
            </svg>
            <StageTools />
            <p class="stage-hint">{ hint }</p>
            if view.more > 0 {
                <p class="stage-more">{ format!("and {} more messages", view.more) }</p>
            }
        </section>
    }
}

/// A callback that chooses what the details are about.
#[hook]
fn use_select<T: 'static>(tank: &super::Tank, selected: fn(T) -> Selected) -> Callback<T> {
    use_callback(tank.clone(), move |value: T, tank| tank.select(Some(selected(value))))
}

/// A key that is this message's alone, among those on their way.
fn packet_key(name: PacketName) -> u64 {
    let link = u64::from(name.from.code()) << 4 | u64::from(name.to.code());
    name.sent_us << 20 ^ link << 12 ^ u64::from(name.k) << 4 ^ u64::from(name.copy)
}

#[derive(Clone, PartialEq, Properties)]
struct PacketProps {
    packet: PacketView,
    compact: bool,
    on_packet: Callback<PacketName>,
}

/// One message. Rendered when it appears and when its state changes; the painter moves it.
#[component]
fn PacketGlyph(props: &PacketProps) -> Html {
    let PacketProps { packet, compact, on_packet } = props;
    let name = packet.name;
    let onclick = on_packet.reform(move |_: MouseEvent| name);
    let class = classes!(
        "packet",
        packet.selected.then_some("selected"),
        packet.held.then_some("held"),
        packet.doomed.then_some("doomed")
    );
    html! {
        <g {class} data-message={name.to_string()} role="button" tabindex="-1"
            aria-label={format!("{} from {} to {}", packet.kind, name.from, name.to)} {onclick}>
            <circle class="packet-hit" r={if *compact { "19" } else { "15" }} />
            if packet.held {
                <circle class="held-ring" r="15" />
                <path class="held-bars" d="M-4-24v8M4-24v8" />
            }
            { glyphs::message(packet.glyph) }
        </g>
    }
}

/// What can be done here, or what is being done.
fn hint(view: &StageView, drag: Option<&Drag>, partition: Option<ServerSet>) -> String {
    if let Some(drag) = drag {
        return drag.sentence(view);
    }
    if let Some(set) = partition {
        return if set.is_empty() {
            "Tap the servers that belong on side B, then cut.".into()
        } else {
            format!("Side B: {set}. Cut them off, or tap more.")
        };
    }
    if let Some(joint) = &view.joint {
        return joint.clone();
    }
    if view.manual {
        return "Manual: time stands still. Select a message to deliver it, or a server to let its timer fire.".into();
    }
    if view.flow {
        return "Too fast to follow single messages: links show how much passes. Slow down to see each one."
            .into();
    }
    if view.any_cut {
        return "Links are cut. Drag a server back to the others, tap a link to mend it, or heal the network.".into();
    }
    "Tap a server, message or link to act on it. Drag a server away from the others to cut it off.".into()
}
