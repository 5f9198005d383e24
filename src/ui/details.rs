//! What is selected, in full, and what can be done to it.

mod disk;
mod send;
mod server;

use super::context::{use_tank, use_view};
use super::control::{Offer, offers};
use super::members::Members;
use super::tank::Selected;
use super::words::{self, clip, content_lines, content_name, outcome_text, payload_text};
use crate::explain::{Scene, sentence};
use crate::raft::{Index, Payload, ServerId};
use crate::sim::{Action, ClientId, Content, Endpoint, EventId, PacketName};
use server::{CutToggle, ServerDetails};
use std::collections::VecDeque;
use yew::prelude::*;

/// So many events before an event may be looked back on to find words for it.
const SCENE_EVENTS: u64 = 500;

/// A name and a value.
type Line = (String, String);

/// The panel of what is selected.
#[component]
pub fn Details() -> Html {
    let tank = use_tank();
    let selected = use_view(|tank| tank.selected());
    let close = move |_: MouseEvent| tank.select(None);
    let (title, inner) = match *selected {
        None => return html! { <Nothing /> },
        Some(Selected::Server(id)) => (id.to_string(), html! { <ServerDetails {id} /> }),
        Some(Selected::Message(name)) => ("Message".into(), html! { <MessageDetails {name} /> }),
        Some(Selected::Link(a, b)) => (format!("Link {a} – {b}"), html! { <LinkDetails {a} {b} /> }),
        Some(Selected::Client(id)) => (format!("Client {id}"), html! { <ClientDetails {id} /> }),
        Some(Selected::Entry(id, index)) => {
            (format!("{id}, index {index}"), html! { <EntryDetails {id} {index} /> })
        }
        Some(Selected::Members) => ("Members".into(), html! { <Members /> }),
        Some(Selected::Event(id)) => (format!("Event {}", id.0), html! { <EventDetails {id} /> }),
    };
    html! {
        <section class="panel details" aria-label="Details" id="details">
            <header class="panel-head">
                <h2>{ title }</h2>
                <button type="button" class="button icon" onclick={close} aria-label="Close the details" title="Close (Esc)">{ "✕" }</button>
            </header>
            { inner }
        </section>
    }
}

/// The key to the pictures, while nothing is selected.
#[component]
fn Nothing() -> Html {
    use super::stage::legend;
    html! {
        <section class="panel details legend-panel" aria-label="Details" id="details" tabindex="0">
            <header class="panel-head"><h2>{ "Reading the stage" }</h2></header>
            { legend::legend() }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct EventProps {
    id: EventId,
}

/// An event in its sentence, and what was decided in it; also one that lies after the moment.
#[component]
fn EventDetails(props: &EventProps) -> Html {
    let id = props.id;
    let tank = use_tank();
    let generation = use_view(|tank| tank.generation());
    let told = use_memo((id, *generation), |(id, _)| {
        // The events before it, for its sentence's sake.
        let trace: VecDeque<_> = tank
            .look(|timeline| {
                timeline.trace(id.0.saturating_sub(SCENE_EVENTS), id.0 + 1, SCENE_EVENTS as usize + 1)
            })
            .into();
        let event = trace.back().filter(|event| event.id == *id).cloned()?;
        let servers = tank.with(|run| run.world().servers().len() as u8);
        let text = sentence(&event, Scene { servers, trace: &trace }).to_string();
        Some((event, text))
    });
    let Some((event, text)) = &*told else {
        return html! { <p class="faint">{ "This event is not known here: it belongs to another run, or another branch." }</p> };
    };
    html! {
        <>
            <p>{ format!("{}: {text}", words::time_text(event.at_us as f64)) }</p>
            { super::feed::decisions(event) }
        </>
    }
}

fn lines_html(lines: &[Line]) -> Html {
    html! {
        <dl class="lines">
            { for lines.iter().map(|(name, value)| html! {
                <div key={name.clone()}><dt>{ name }</dt><dd>{ value }</dd></div>
            }) }
        </dl>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct LinkProps {
    a: ServerId,
    b: ServerId,
}

#[component]
fn LinkDetails(props: &LinkProps) -> Html {
    let &LinkProps { a, b } = props;
    let tank = use_tank();
    let facts = super::context::use_view_of(tank, (a, b), |tank, &(a, b)| {
        tank.with(|run| {
            let network = run.world().network();
            let of = |from, to| {
                let (from, to) = (Endpoint::Server(from), Endpoint::Server(to));
                let way = network.packets().filter(|p| p.name.from == from && p.name.to == to).count();
                (network.is_cut(from, to), network.link(from, to), way)
            };
            [(a, b, of(a, b)), (b, a, of(b, a))]
        })
    });
    html! {
        <>
            { for facts.iter().map(|(from, to, (cut, link, way))| html! {
                <div key={from.number()} class="direction">
                    <h3>{ format!("{from} → {to}") }</h3>
                    { lines_html(&[
                        ("state".into(), if *cut { "cut".into() } else { "open".into() }),
                        ("latency".into(), format!("{} ms", super::setup_url::range_text(link.latency))),
                        ("loss".into(), format!("{} %", super::setup_url::percent_text(link.loss_ppm))),
                        ("on the way".into(), format!("{way} messages")),
                    ]) }
                    <CutToggle from={*from} to={*to} cut={*cut} />
                </div>
            }) }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct MessageProps {
    name: PacketName,
}

#[component]
fn MessageDetails(props: &MessageProps) -> Html {
    let name = props.name;
    let tank = use_tank();
    // A message that has arrived is remembered as it was.
    let facts = super::context::use_view_of(tank, name, |tank, name| {
        tank.with(|run| {
            let packet = run.world().network().packet(*name)?;
            Some((packet.content.clone(), packet.arrives_us, packet.held, packet.doomed.is_some()))
        })
    });
    let last = use_mut_ref(|| None::<(PacketName, Content)>);
    if let Some((content, ..)) = &*facts {
        *last.borrow_mut() = Some((name, content.clone()));
    }
    let content = last.borrow().as_ref().filter(|(of, _)| *of == name).map(|(_, content)| content.clone());
    let Some(content) = content else {
        return html! { <p>{ "This message is no longer on its way." }</p> };
    };
    let mut lines: Vec<Line> = vec![
        ("from → to".into(), format!("{} → {}", name.from, name.to)),
        ("sent".into(), words::time_text(name.sent_us as f64)),
    ];
    match &*facts {
        None => lines.push(("now".into(), "no longer on its way".into())),
        Some((_, _, true, _)) => lines.push(("arrives".into(), "held, until it is released".into())),
        Some((_, at_us, _, false)) => lines.push(("arrives".into(), words::time_text(*at_us as f64))),
        Some((_, _, _, true)) => lines.push(("arrives".into(), "never: it gets lost".into())),
    }
    if name.copy > 0 {
        lines.push(("copy".into(), format!("no. {}", name.copy)));
    }
    let held = facts.as_ref().as_ref().is_some_and(|(_, _, held, _)| *held);
    let release = (Action::Release { message: name }, "Release", "It goes on", "L", "");
    let hold = (Action::Hold { message: name }, "Hold", "It stays where it is", "L", "");
    let actions: Vec<Offer> = vec![
        (Action::Deliver { message: name }, "Deliver now", "It arrives at once", "V", ""),
        (Action::Drop { message: name }, "Drop", "It vanishes", "D", "danger"),
        (Action::Duplicate { message: name }, "Duplicate", "A second copy follows it", "U", ""),
        if held { release } else { hold },
    ];
    let says: Vec<Line> = content_lines(&content).into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    html! {
        <>
            <p class="message-name">{ content_name(&content) }</p>
            { offers("Act on this message".into(), actions, html! {}) }
            { lines_html(&says) }
            { lines_html(&lines) }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ClientProps {
    id: ClientId,
}

#[component]
fn ClientDetails(props: &ClientProps) -> Html {
    let tank = use_tank();
    let lines = super::context::use_view_of(tank, props.id, |tank, id| {
        tank.with(|run| {
            let client = run.world().clients().iter().find(|client| client.id == *id)?;
            let mut lines: Vec<Line> = vec![
                ("believes in".into(), client.target.to_string()),
                ("session (D6.3)".into(), if client.has_session { "open" } else { "none" }.into()),
            ];
            if let Some(call) = &client.call {
                lines.push(("asks".into(), clip(&call.op.to_string(), 60)));
                lines.push(("since".into(), words::time_text(call.called_us as f64)));
                lines.push(("attempts".into(), call.attempts.to_string()));
            }
            lines.push(("waiting".into(), client.queue.len().to_string()));
            for done in client.finished.iter().rev() {
                let text = format!("{}: {}", clip(&done.op.to_string(), 40), outcome_text(&done.outcome));
                lines.push((format!("no. {}", done.serial), text));
            }
            Some(lines)
        })
    });
    match &*lines {
        Some(lines) => lines_html(lines),
        None => html! {},
    }
}

#[derive(Clone, PartialEq, Properties)]
struct EntryProps {
    id: ServerId,
    index: Index,
}

#[component]
fn EntryDetails(props: &EntryProps) -> Html {
    let tank = use_tank();
    let lines = super::context::use_view_of(tank, (props.id, props.index), |tank, &(id, index)| {
        tank.with(|run| {
            let node = &run.world().server(id)?.node;
            let entry = node.log().get(index)?;
            let same = run.world().servers().iter().filter(|s| s.node.log().get(index) == Some(entry));
            let same: Vec<String> = same.map(|s| s.node.id().to_string()).collect();
            let yes = |held: bool| if held { "yes".to_owned() } else { "no".to_owned() };
            let what =
                if matches!(entry.payload, Payload::Configuration(_)) { "configuration" } else { "command" };
            let lines: Vec<Line> = vec![
                (what.into(), clip(&payload_text(&entry.payload), 200)),
                ("term".into(), entry.term.to_string()),
                ("committed, as it knows".into(), yes(index <= node.commit())),
                ("applied".into(), yes(index <= node.applied())),
                ("on its disk".into(), yes(index <= node.durable_index())),
                ("same entry on".into(), same.join(", ")),
            ];
            Some(lines)
        })
    });
    match &*lines {
        Some(lines) => lines_html(lines),
        None => html! { <p>{ "This entry is no longer there." }</p> },
    }
}
