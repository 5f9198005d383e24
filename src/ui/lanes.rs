//! What clients asked, over time: one lane a client, one bar a request.

use super::context::{use_tank, use_view};
use super::tank::{Selected, Tank};
use super::words::{self, clip, outcome_text};
use crate::sim::{ClientId, Outcome};
use std::rc::Rc;
use yew::prelude::*;

/// The most requests of a client that are drawn, and the most events that are looked through for them.
const BARS_MAX: usize = 16;
const EVENTS_MAX: usize = 20_000;

/// What became of a request: a class, a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Waiting,
    Done,
    Failed,
    Unknown,
}

impl End {
    fn look(self) -> (&'static str, &'static str) {
        match self {
            End::Waiting => ("waiting", "…"),
            End::Done => ("done", "✓"),
            End::Failed => ("failed", "✕"),
            End::Unknown => ("unknown", "?"),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Bar {
    serial: u32,
    from_us: u64,
    /// When it was over, if it is.
    to_us: Option<u64>,
    end: End,
    text: String,
}

#[derive(Clone, Debug, PartialEq)]
struct Lane {
    id: ClientId,
    session: bool,
    queued: usize,
    /// Oldest first.
    bars: Vec<Bar>,
}

#[derive(Clone, Debug, PartialEq)]
struct View {
    lanes: Vec<Lane>,
    from_us: u64,
    to_us: u64,
}

fn view(tank: &Tank) -> View {
    tank.with(|run| {
        let world = run.world();
        let mut lanes: Vec<Lane> = Vec::new();
        for client in world.clients() {
            let mut bars: Vec<Bar> = Vec::new();
            if let Some(call) = &client.call {
                let how = match &call.op {
                    crate::kv::Op::Get { .. } => format!(", {}", words::mode_text(call.mode)),
                    _ => String::new(),
                };
                bars.push(Bar {
                    serial: call.serial,
                    from_us: call.called_us,
                    to_us: None,
                    end: End::Waiting,
                    text: format!(
                        "{}{how}: waits, attempt {}",
                        clip(&call.op.to_string(), 40),
                        call.attempts
                    ),
                });
            }
            let finished = run.events().iter().rev().take(EVENTS_MAX).filter_map(|e| e.finished.as_deref());
            bars.extend(finished.filter(|f| f.client == client.id).take(BARS_MAX).map(|f| {
                let end = match f.outcome {
                    Outcome::Done(_) => End::Done,
                    Outcome::Failed => End::Failed,
                    Outcome::Unknown => End::Unknown,
                };
                Bar {
                    serial: f.serial,
                    from_us: f.called_us,
                    to_us: Some(f.returned_us),
                    end,
                    text: format!("{}: {}", clip(&f.op.to_string(), 40), clip(&outcome_text(&f.outcome), 40)),
                }
            }));
            bars.reverse();
            lanes.push(Lane { id: client.id, session: client.has_session, queued: client.queue.len(), bars });
        }
        let first = lanes.iter().filter_map(|lane| lane.bars.first()).map(|bar| bar.from_us).min();
        // While a request waits, its bar grows; in steps, so that not every event draws anew.
        let to_us = (world.now_us() / 5000 + 1) * 5000;
        View { lanes, from_us: first.unwrap_or(0), to_us }
    })
}

/// The lanes.
#[component]
pub fn Lanes() -> Html {
    let tank = use_tank();
    let view = use_view(view);
    let sessions = use_view(|tank| tank.with(|run| run.world().options().sessions));
    html! {
        <div class="lanes">
            <p class="faint">{ "Time goes to the right. ✓ done, ✕ failed: never done, ? unknown: nobody answered, … waiting." }</p>
            { for view.lanes.iter().map(|lane| {
                let id = lane.id;
                let tank = tank.clone();
                let onclick = move |_: MouseEvent| tank.select(Some(Selected::Client(id)));
                let session = match (lane.session, *sessions) {
                    (true, _) => "session open",
                    (false, true) => "no session yet",
                    (false, false) => "no session",
                };
                html! {
                    <section key={id.0} class="lane" aria-label={format!("Client {id}")}>
                        <header>
                            <button type="button" class="button small" {onclick}>{ id.to_string() }</button>
                            <span class="faint">{ session }{ if lane.queued > 0 { format!(", {} queued", lane.queued) } else { String::new() } }</span>
                        </header>
                        <LaneBars lane={Rc::new(lane.clone())} from_us={view.from_us} to_us={view.to_us} />
                    </section>
                }
            }) }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct LaneProps {
    lane: Rc<Lane>,
    from_us: u64,
    to_us: u64,
}

/// One client's bars. The arrows go from one to the next; what it is about stands below.
#[component]
fn LaneBars(props: &LaneProps) -> Html {
    let LaneProps { lane, from_us, to_us } = props;
    // By its number: bars come and go.
    let chosen = use_state(|| None::<u32>);
    if lane.bars.is_empty() {
        return html! { <p class="faint">{ "asked nothing yet" }</p> };
    }
    let now = chosen.and_then(|serial| lane.bars.iter().position(|bar| bar.serial == serial));
    let now = now.unwrap_or(lane.bars.len() - 1);
    let onkeydown = {
        let (chosen, lane) = (chosen.clone(), Rc::clone(lane));
        move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowRight" => (now + 1).min(lane.bars.len() - 1),
                "ArrowLeft" => now.saturating_sub(1),
                _ => return,
            };
            event.prevent_default();
            chosen.set(Some(lane.bars[to].serial));
        }
    };
    let span = (*to_us - *from_us).max(1) as f64 / 100.0;
    let percent = |us: u64| us.saturating_sub(*from_us) as f64 / span;
    let shown = &lane.bars[now];
    let text = {
        let took = shown
            .to_us
            .map_or(String::new(), |to| format!(", after {}", words::time_text((to - shown.from_us) as f64)));
        format!("no. {}, {}{took}", shown.serial, shown.text)
    };
    html! {
        <>
            <svg class="lane-bars" tabindex="0" role="img" aria-label={format!("{} requests; the arrow keys go through them", lane.bars.len())} {onkeydown}>
                <line x1="0" x2="100%" y1="22" y2="22" class="lane-line" />
                { for lane.bars.iter().enumerate().map(|(n, bar)| {
                    let (class, sign) = bar.end.look();
                    let (x, end) = (percent(bar.from_us), percent(bar.to_us.unwrap_or(*to_us)));
                    let choose = {
                        let (chosen, serial) = (chosen.setter(), bar.serial);
                        move |_: MouseEvent| chosen.set(Some(serial))
                    };
                    html! {
                        <g key={bar.serial} class={classes!("lane-bar", class, (n == now).then_some("selected"))} data-end={class} onmouseenter={choose.clone()} onclick={choose}>
                            <title>{ &bar.text }</title>
                            <rect x={format!("{x:.2}%")} y="15" width={format!("{:.2}%", (end - x).max(0.8))} height="14" rx="3" />
                            <text x={format!("{:.2}%", (x + end) / 2.0)} y="11">{ sign }</text>
                        </g>
                    }
                }) }
            </svg>
            <p class="lane-text" aria-live={if chosen.is_some() { "polite" } else { "off" }}>{ text }</p>
        </>
    }
}
