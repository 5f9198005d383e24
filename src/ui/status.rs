//! The strip at the top: who leads, what is committed, which promises hold; and what a screen reader is
//! told of it.

use super::context::{use_tank, use_view};
use super::lamps::Lamps;
use super::later::later;
use super::rules_panel::RulesOff;
use super::tank::{Selected, Tank};
use super::words::term_class;
use crate::raft::{RoleName, ServerId, Term};
use std::rc::Rc;
use yew::prelude::*;

/// Who leads now, of those that run: the latest term last.
fn leaders(tank: &Tank) -> Vec<(ServerId, Term)> {
    tank.with(|run| {
        let servers = run.world().servers().iter().filter(|s| s.up && s.brief().role == RoleName::Leader);
        crate::order::by_key(servers.map(|s| (s.node.id(), s.node.term())), |(_, term)| *term)
    })
}

fn committed(tank: &Tank) -> u64 {
    tank.with(|run| run.checker().committed().0)
}

/// The strip.
#[component]
pub fn Status() -> Html {
    let tank = use_tank();
    let leaders = use_view(leaders);
    let committed = use_view(committed);
    let choose = |id: ServerId| {
        let tank = tank.clone();
        move |_: MouseEvent| tank.select(Some(Selected::Server(id)))
    };
    html! {
        <div class="status" aria-label="Status" role="group">
            <div class="fact">
                <span class="fact-name">{ "leader" }</span>
                if leaders.is_empty() { <span class="fact-value none">{ "none" }</span> }
                { for leaders.iter().rev().take(2).map(|(id, term)| html! {
                    <button key={id.number()} type="button" class="fact-value leader" onclick={choose(*id)}>
                        <span class={classes!("dot", term_class(*term))}></span>
                        { format!("{id} · term {term}") }
                    </button>
                }) }
                if leaders.len() > 2 { <span>{ format!("and {} more", leaders.len() - 2) }</span> }
            </div>
            <div class="fact">
                <span class="fact-name">{ "committed" }</span>
                <span class="fact-value" data-fact="committed">{ *committed }</span>
            </div>
            <RulesOff />
            <Lamps />
            <Live />
        </div>
    }
}

/// The least time between two announcements, in real milliseconds.
const LIVE_MS: i32 = 2000;

/// Tells a screen reader of leaders and commits, at a rate at which it can be heard.
#[component]
fn Live() -> Html {
    let facts = use_view(|tank| (leaders(tank), committed(tank)));
    let said = use_state(String::new);
    let waits = use_mut_ref(|| None::<super::later::Later>);
    let newest = use_mut_ref(String::new);
    {
        let said = said.setter();
        use_effect_with(Rc::clone(&facts), move |facts| {
            let (leaders, committed) = &**facts;
            let who = match leaders.as_slice() {
                [] => "No leader".to_owned(),
                all => all
                    .iter()
                    .map(|(id, term)| format!("{id} leads in term {term}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            };
            *newest.borrow_mut() = format!("{who}. Committed up to index {committed}.");
            let idle = waits.borrow().as_ref().is_none_or(super::later::Later::is_over);
            if idle {
                *waits.borrow_mut() = Some(later(LIVE_MS, move || said.set(newest.borrow().clone())));
            }
        });
    }
    html! { <p class="unseen" role="status">{ (*said).clone() }</p> }
}
