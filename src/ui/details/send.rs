//! Requests that a server sends by hand.

use crate::raft::ServerId;
use crate::sim::Action;
use crate::ui::control::Act;
use yew::prelude::*;

const REQUEST: &str = "Sends the request of the moment: a candidate’s RequestVote, or a leader’s AppendEntries with what is missing";
const HEARTBEAT: &str = "Sends AppendEntries without entries, also where some wait: it says how much is committed, and agrees about the entry before nextIndex";

/// A request, or a heartbeat, to each of the others.
pub fn sends(from: ServerId, peers: impl Iterator<Item = ServerId>) -> Html {
    let act = |to: ServerId, empty: bool| {
        let (label, hint) = if empty { ("Heartbeat", HEARTBEAT) } else { ("Request", REQUEST) };
        html! { <Act action={Action::Send { from, to, empty }} label={format!("{label} to {to}")} {hint} class="small" /> }
    };
    html! {
        <details class="faults">
            <summary>{ "Send by hand" }</summary>
            { for peers.map(|to| html! {
                <div key={to.number()} class="actions" role="group" aria-label={format!("Send something to {to}")}>
                    { act(to, false) }
                    { act(to, true) }
                </div>
            }) }
        </details>
    }
}
