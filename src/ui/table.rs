//! The state as a table: everything that the picture shows, for those who do not look at pictures.

use super::context::{use_tank, use_view};
use super::shorthand::Shorthand;
use super::tank::{Selected, Tank};
use super::words::{clip, content_name, payload_text, role_word, time_text};
use crate::raft::{ServerId, Timer};
use crate::sim::PacketName;
use yew::prelude::*;

/// The most messages, and entries of each log, in the table.
const ROWS_MAX: usize = 60;

#[derive(Clone, Debug, PartialEq)]
struct ServerRow {
    id: ServerId,
    cells: Vec<String>,
    log: Vec<String>,
}

fn servers(tank: &Tank) -> Vec<ServerRow> {
    tank.with(|run| {
        let row = |server: &crate::sim::Server| {
            let brief = server.brief();
            let some = |id: Option<ServerId>| id.map_or("–".to_owned(), |id| id.to_string());
            let timer = [Timer::Election, Timer::Heartbeat].into_iter().find_map(|timer| server.timer(timer));
            let state = format!("{}{}", role_word(server), if brief.paused { ", paused" } else { "" });
            if server.retired {
                let gone = std::iter::repeat_n("–".to_owned(), 10);
                let cells = std::iter::once(state).chain(gone).collect();
                return ServerRow { id: server.node.id(), cells, log: Vec::new() };
            }
            let log = server.node.log();
            let first = (log.last_index().0.saturating_sub(ROWS_MAX as u64) + 1).max(log.first_index().0);
            let entries = (first..=log.last_index().0).filter_map(|index| {
                let entry = log.get(crate::raft::Index(index))?;
                let mark = if index <= brief.commit.0 { "committed" } else { "not committed" };
                let text = clip(&payload_text(&entry.payload), 40);
                Some(format!("{index}: {text}, term {}, {mark}", entry.term))
            });
            ServerRow {
                id: server.node.id(),
                cells: vec![
                    state,
                    brief.term.to_string(),
                    some(brief.voted_for),
                    some(brief.leader),
                    format!("{} / {}", brief.last_index, brief.last_term),
                    brief.durable_index.to_string(),
                    brief.commit.to_string(),
                    brief.applied.to_string(),
                    timer.map_or("–".into(), |timer| time_text(timer.fires_us as f64)),
                    brief.configuration.to_string(),
                    match brief.first_index.0 {
                        1 => "–".into(),
                        first => format!("1 to {}", first - 1),
                    },
                ],
                log: entries.collect(),
            }
        };
        run.world().servers().iter().map(row).collect()
    })
}

fn messages(tank: &Tank) -> (Vec<(PacketName, &'static str, String)>, usize) {
    tank.with(|run| {
        let packets = run.world().network().packets();
        let packets = crate::order::by_key(packets, |packet| (packet.arrives_us, packet.name));
        let more = packets.len().saturating_sub(ROWS_MAX);
        let row = |packet: &&crate::sim::Packet| {
            let when = match (packet.held, packet.doomed) {
                (true, _) => "held".into(),
                (_, Some(_)) => "never: lost".into(),
                _ => time_text(packet.arrives_us as f64),
            };
            (packet.name, content_name(&packet.content), when)
        };
        (packets.iter().take(ROWS_MAX).map(row).collect(), more)
    })
}

/// The state as a table.
#[component]
pub fn StateTable() -> Html {
    let tank = use_tank();
    let rows = use_view(servers);
    let flying = use_view(messages);
    let cuts = use_view(|tank| {
        tank.with(|run| {
            let cuts = run.world().network().cuts();
            let cut = |from: &ServerId| {
                let unheard = cuts[from.slot()];
                (!unheard.is_empty()).then(|| format!("{from} is not heard by {unheard}"))
            };
            run.world().ids().filter_map(|id| cut(&id)).collect::<Vec<String>>()
        })
    });
    let choose = |selected: Selected| {
        let tank = tank.clone();
        move |_: MouseEvent| tank.select(Some(selected))
    };
    let heads = [
        "state",
        "term",
        "voted for",
        "leader",
        "log end / term",
        "on disk",
        "commit",
        "applied",
        "timer fires at",
        "configuration",
        "snapshot",
    ];
    let (messages, more) = &*flying;
    html! {
        <div class="table-wrap">
            <Shorthand />
            <h3>{ "Servers" }</h3>
            <div class="scroll-x" tabindex="0" role="group" aria-label="Table of servers">
                <table class="state-table">
                    <thead><tr><th scope="col">{ "server" }</th>{ for heads.iter().map(|head| html! { <th key={*head} scope="col">{ *head }</th> }) }</tr></thead>
                    <tbody>{ for rows.iter().map(|row| html! {
                        <tr key={row.id.number()}>
                            <th scope="row"><button type="button" class="button small" onclick={choose(Selected::Server(row.id))}>{ row.id.to_string() }</button></th>
                            { for row.cells.iter().enumerate().map(|(n, cell)| html! { <td key={n}>{ cell }</td> }) }
                        </tr>
                    }) }</tbody>
                </table>
            </div>
            <h3>{ "Network" }</h3>
            if cuts.is_empty() { <p>{ "No link is cut." }</p> }
            <ul class="plain">{ for cuts.iter().map(|cut| html! { <li key={cut.clone()}>{ cut }</li> }) }</ul>
            <h3>{ format!("Messages on their way: {}", messages.len() + more) }</h3>
            <ul class="plain messages">
                { for messages.iter().map(|(name, what, when)| html! {
                    <li key={name.to_string()}>
                        <button type="button" class="button small" onclick={choose(Selected::Message(*name))}>{ format!("{} → {}", name.from, name.to) }</button>
                        <span>{ format!(" {what}, arrives {when}") }</span>
                    </li>
                }) }
            </ul>
            if *more > 0 { <p>{ format!("and {more} more") }</p> }
            <h3>{ "Logs" }</h3>
            { for rows.iter().map(|row| html! {
                <details key={row.id.number()}>
                    <summary>{ format!("{}: {} entries", row.id, row.cells[4].split(" / ").next().unwrap_or("0")) }</summary>
                    <ol class="plain">{ for row.log.iter().map(|entry| html! { <li key={entry.clone()}>{ entry }</li> }) }</ol>
                </details>
            }) }
        </div>
    }
}
