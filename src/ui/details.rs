//! What is selected, in full, and what can be done to it.

use super::context::{use_tank, use_view};
use super::control::Act;
use super::requests;
use super::tank::{Selected, Tank};
use super::words::{self, clip, content_lines, content_name, outcome_text, payload_text};
use crate::raft::{Index, RoleName, ServerId, Timer};
use crate::sim::{Action, ClientId, Content, Endpoint, PacketName, Server};
use yew::prelude::*;

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
        Some(Selected::Event(id)) => {
            (format!("Event {}", id.0), html! { <p class="faint">{ "It is marked in the feed." }</p> })
        }
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
struct ServerProps {
    id: ServerId,
}

#[derive(Clone, Debug, PartialEq)]
struct ServerFacts {
    lines: Vec<Line>,
    peers: Vec<Peer>,
    store: Vec<(String, String)>,
    leads: bool,
    up: bool,
    paused: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Peer {
    id: ServerId,
    progress: Option<(Index, Index)>,
    cut_to: bool,
    cut_from: bool,
}

fn server_facts(tank: &Tank, id: ServerId) -> Option<ServerFacts> {
    tank.with(|run| {
        let world = run.world();
        let server = world.server(id)?;
        let node = &server.node;
        let brief = server.brief();
        let some = |id: Option<ServerId>| id.map_or("nobody".to_owned(), |id| id.to_string());
        let mut lines: Vec<Line> = vec![
            (
                "state".into(),
                format!("{}{}", words::role_word(&brief), if brief.paused { ", paused" } else { "" }),
            ),
            ("currentTerm".into(), brief.term.to_string()),
            ("votedFor".into(), some(brief.voted_for)),
            ("leader, to its knowledge".into(), some(brief.leader)),
            ("log ends at".into(), format!("index {}, term {}", brief.last_index, brief.last_term)),
            ("on disk up to".into(), brief.durable_index.to_string()),
            ("commitIndex".into(), brief.commit.to_string()),
            ("lastApplied".into(), brief.applied.to_string()),
        ];
        lines.extend(timer_lines(server));
        if let Some((from, at_us)) = server.heard {
            lines.push(("last heard".into(), format!("{from}, at {}", words::time_text(at_us as f64))));
        }
        if !server.disk.queue.is_empty() {
            lines.push(("disk".into(), format!("{} writes under way", server.disk.queue.len())));
        }
        if !server.waiting.is_empty() {
            lines.push(("held back".into(), format!("{} messages wait for the disk", server.waiting.len())));
        }
        let cut = |from, to| world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to));
        let peers = world.ids().filter(|peer| *peer != id).map(|peer| Peer {
            id: peer,
            progress: node.progress(peer).map(|progress| (progress.next, progress.matched)),
            cut_to: cut(id, peer),
            cut_from: cut(peer, id),
        });
        Some(ServerFacts {
            lines,
            peers: peers.collect(),
            store: server.store.iter().map(|(k, v)| (clip(k, 24), clip(v, 48))).take(12).collect(),
            leads: server.up && brief.role == RoleName::Leader,
            up: server.up,
            paused: server.paused,
        })
    })
}

fn timer_lines(server: &Server) -> Vec<Line> {
    let line = |timer, name: &str| {
        let running = server.timer(timer)?;
        Some((name.to_owned(), format!("fires at {}", words::time_text(running.fires_us as f64))))
    };
    let timers = [(Timer::Election, "election timer"), (Timer::Heartbeat, "heartbeat timer")];
    timers.into_iter().filter_map(|(timer, name)| line(timer, name)).collect()
}

#[component]
fn ServerDetails(props: &ServerProps) -> Html {
    let id = props.id;
    let tank = use_tank();
    let facts = super::context::use_view_of(tank.clone(), id, |tank, id| server_facts(tank, *id));
    let Some(facts) = &*facts else { return html! { <p>{ "There is no such server in this run." }</p> } };
    let timer = if facts.leads { Timer::Heartbeat } else { Timer::Election };
    let fire = if facts.leads { "Heartbeat now" } else { "Time out now" };
    let ask = move |_: MouseEvent| requests::ask(&tank, "", Some(id));
    html! {
        <>
            <div class="actions" role="group" aria-label={format!("Act on {id}")}>
                if facts.up {
                    <Act action={Action::Crash { server: id }} label="Crash" key_hint="X" class="danger" hint="Stops at once; what is not on its disk is lost" />
                } else {
                    <Act action={Action::Restart { server: id }} label="Restart" key_hint="X" hint="Comes up with what is on its disk" />
                }
                if facts.paused {
                    <Act action={Action::Resume { server: id }} label="Resume" key_hint="Z" hint="Goes on, with everything it missed waiting" />
                } else {
                    <Act action={Action::Pause { server: id }} label="Pause" key_hint="Z" hint="Stands still; nothing is lost" />
                }
                <Act action={Action::Fire { server: id, timer }} label={fire} key_hint="T" hint="Its timer fires now" />
                <Act action={Action::StepDown { server: id }} label="Step down" hint="Becomes a follower of the same term" />
                <button type="button" class="button" onclick={ask} title={format!("The client asks {id} first, whether it leads or not")}>{ format!("Ask {id}") }</button>
            </div>
            { lines_html(&facts.lines) }
            if !facts.peers.is_empty() {
                <h3>{ if facts.leads { "Followers and links" } else { "Links" } }</h3>
                <table class="peers">
                    <thead><tr>
                        <th scope="col">{ "peer" }</th>
                        if facts.leads { <th scope="col">{ "next" }</th><th scope="col">{ "match" }</th> }
                        <th scope="col">{ "to it" }</th><th scope="col">{ "from it" }</th>
                    </tr></thead>
                    <tbody>{ for facts.peers.iter().map(|peer| peer_row(id, peer, facts.leads)) }</tbody>
                </table>
            }
            if !facts.store.is_empty() {
                <h3>{ "State machine" }</h3>
                <dl class="lines">{ for facts.store.iter().map(|(key, value)| html! {
                    <div key={key.clone()}><dt>{ if key.is_empty() { "(set)" } else { key.as_str() } }</dt><dd>{ value }</dd></div>
                }) }</dl>
            }
        </>
    }
}

fn peer_row(id: ServerId, peer: &Peer, leads: bool) -> Html {
    let (next, matched) =
        peer.progress.map_or(("–".to_owned(), "–".to_owned()), |(n, m)| (n.to_string(), m.to_string()));
    html! {
        <tr key={peer.id.number()}>
            <th scope="row">{ peer.id.to_string() }</th>
            if leads { <td>{ next }</td><td>{ matched }</td> }
            <td><CutToggle from={id} to={peer.id} cut={peer.cut_to} /></td>
            <td><CutToggle from={peer.id} to={id} cut={peer.cut_from} /></td>
        </tr>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct CutProps {
    from: ServerId,
    to: ServerId,
    cut: bool,
}

/// Cuts one direction of a link, or mends it.
#[component]
fn CutToggle(props: &CutProps) -> Html {
    let &CutProps { from, to, cut } = props;
    let action = if cut { Action::Mend { from, to } } else { Action::Cut { from, to } };
    let hint = if cut {
        format!("Messages from {from} to {to} arrive again")
    } else {
        format!("Messages from {from} to {to} no longer arrive")
    };
    html! { <Act {action} label={if cut { "✕ mend" } else { "cut" }} {hint} class={classes!("small", cut.then_some("is-cut"))} /> }
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
    let says: Vec<Line> = content_lines(&content).into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    html! {
        <>
            <p class="message-name">{ content_name(&content) }</p>
            <div class="actions" role="group" aria-label="Act on this message">
                <Act action={Action::Deliver { message: name }} label="Deliver now" key_hint="V" hint="It arrives at once" />
                <Act action={Action::Drop { message: name }} label="Drop" key_hint="D" class="danger" hint="It vanishes" />
                <Act action={Action::Duplicate { message: name }} label="Duplicate" key_hint="U" hint="A second copy follows it" />
                if held {
                    <Act action={Action::Release { message: name }} label="Release" key_hint="L" hint="It goes on" />
                } else {
                    <Act action={Action::Hold { message: name }} label="Hold" key_hint="L" hint="It stays where it is" />
                }
            </div>
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
            let mut lines: Vec<Line> = vec![("believes in".into(), client.target.to_string())];
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
            let lines: Vec<Line> = vec![
                ("command".into(), clip(&payload_text(&entry.payload), 200)),
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
