//! A server's disk: how long its writes take, a stall, and whether it tells the truth.

use super::Line;
use crate::explain::span;
use crate::raft::{ServerId, TimerRange};
use crate::sim::{Action, Options, Server, World};
use crate::ui::context::use_tank;
use crate::ui::control::Offer;
use crate::ui::options_panel::value_of;
use crate::ui::setup_url::{range, range_text};
use crate::ui::tank::Tone;
use crate::ui::words::time_text;
use yew::prelude::*;

/// What a slow disk takes for a write, for a start.
const SLOW: TimerRange = TimerRange { min_us: 100_000, max_us: 200_000 };
/// How long a stall lasts.
const STALL_US: u64 = 1_000_000;

/// What one may want to know of a disk.
#[derive(Clone, Debug, PartialEq)]
pub struct DiskFacts {
    /// Whether it acknowledges writes before they are done.
    pub lies: bool,
    /// Its own range of how long a write takes.
    pub fsync: Option<TimerRange>,
    /// How long a write takes on the others.
    common: TimerRange,
    /// What its own range brings with it.
    warnings: Vec<String>,
}

impl DiskFacts {
    /// What there is to know of this server's.
    pub fn of(world: &World, server: &Server) -> DiskFacts {
        let options: &Options = world.options();
        let (lies, fsync) = (server.disk.lies, server.disk.fsync);
        let warnings = fsync.map(|range| options.warnings_of_disk(range)).unwrap_or_default();
        DiskFacts { lies, fsync, common: options.fsync, warnings }
    }
}

/// What its disk is doing, where that is worth a line.
pub fn disk_lines(world: &World, server: &Server) -> Vec<Line> {
    let disk = &server.disk;
    let mut lines: Vec<Line> = Vec::new();
    if !disk.queue.is_empty() {
        lines.push(("disk".into(), format!("{} writes under way", disk.queue.len())));
    }
    if let Some(range) = disk.fsync {
        lines.push(("a write takes".into(), format!("{}, on this disk", span(range))));
    }
    if disk.stalls_until_us > world.now_us() {
        let until = time_text(disk.stalls_until_us as f64);
        lines.push(("disk stalls".into(), format!("no write becomes durable before {until}")));
    }
    lines
}

/// What can be done to a disk's speed.
pub fn disk_actions(server: ServerId, disk: &DiskFacts) -> Vec<Offer> {
    let lies = disk.lies;
    let slow = (
        Action::SetDisk { server, lies, fsync: Some(SLOW) },
        "Slow disk",
        "Each write takes 100 to 200 ms from now on: what waits for the disk leaves that much later",
        "",
        "small",
    );
    let common = (
        Action::SetDisk { server, lies, fsync: None },
        "Common disk",
        "Its writes take as long as those of the others",
        "",
        "small",
    );
    let stall = (
        Action::StallDisk { server, for_us: STALL_US },
        "Stall disk",
        "For a second no write becomes durable; a crash meanwhile loses what waits for one",
        "",
        "small",
    );
    vec![if disk.fsync.is_some() { common } else { slow }, stall]
}

#[derive(Clone, PartialEq, Properties)]
pub struct DiskProps {
    /// Whose disk.
    pub id: ServerId,
    /// What is known of it.
    pub disk: DiskFacts,
}

/// How long a write takes on this disk, as a field.
#[component]
pub fn DiskSpeed(props: &DiskProps) -> Html {
    let tank = use_tank();
    let DiskProps { id: server, disk } = props.clone();
    let onchange = move |event: Event| {
        let text = value_of(&event);
        let own = if text.trim().is_empty() { Ok(None) } else { range(&text).map(Some) };
        match own {
            Ok(fsync) => tank.act_or_say(Action::SetDisk { server, lies: disk.lies, fsync }),
            Err(why) => {
                tank.notify(Tone::Trouble, format!("{server}'s disk stays as it was: {why}, or nothing."));
            }
        }
    };
    let DiskFacts { fsync, common, warnings, .. } = &props.disk;
    let sentence = "How long a write takes on this disk alone; nothing: as long as on the others.";
    html! {
        <div class="option disk-speed">
            <label>
                <span>{ "a write takes, ms" }</span>
                <input class="field wide" type="text" name="diskFsync" value={fsync.map(range_text).unwrap_or_default()}
                    placeholder={range_text(*common)} {onchange} autocomplete="off" aria-description={sentence} />
            </label>
            <p>{ sentence }</p>
            { for warnings.iter().map(|text| html! { <p key={text.clone()} class="warning">{ text }</p> }) }
        </div>
    }
}
