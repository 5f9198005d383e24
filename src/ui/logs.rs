//! The logs: one row a server, one column an index. Only the columns in sight are drawn.

use super::context::{use_tank, use_view, use_view_of};
use super::prefs::use_media;
use super::tank::{Selected, Tank};
use super::words::{clip, payload_text, term_class};
use crate::raft::{Configuration, Index, Mode, Payload, Progress, RoleName, ServerId, Term};
use crate::sim::Server;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

pub(super) const CELL: f64 = 64.0;
/// The height of a row; and of one among many, where an entry has a single line.
pub(super) const ROW: f64 = 44.0;
pub(super) const ROW_DENSE: f64 = 30.0;
pub(super) const HEAD: f64 = 20.0;
/// From this many servers on, rows are dense.
pub(super) const DENSE_FROM: usize = 7;
/// Columns drawn on both sides of what is in sight.
const SPARE: u64 = 4;

/// An entry in a log.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cell {
    index: Index,
    term: Term,
    text: String,
    committed: bool,
    durable: bool,
    selected: bool,
    /// Whether it is a configuration.
    configuration: bool,
    /// Whether it is part of what breaks a promise.
    accused: bool,
}

/// A server's row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) id: ServerId,
    pub(super) up: bool,
    pub(super) retired: bool,
    pub(super) leads: bool,
    pub(super) term: Term,
    pub(super) commit: Index,
    pub(super) last: Index,
    /// Up to here a snapshot stands in the place of the log (§7), and the columns of it in sight.
    pub(super) compacted: Option<(Index, u64, u64)>,
    pub(super) cells: Vec<Cell>,
    /// What the leader in sight knows of it.
    pub(super) progress: Option<Progress>,
    pub(super) chosen: bool,
}

/// How long the logs are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    servers: usize,
    pub(super) last: u64,
}

pub(super) fn extent(tank: &Tank) -> Extent {
    tank.with(|run| {
        let servers = run.world().servers();
        let last =
            servers.iter().filter(|s| !s.retired).map(|s| s.node.log().last_index().0).max().unwrap_or(0);
        Extent { servers: servers.len(), last }
    })
}

/// The leader whose nextIndex and matchIndex are shown: the selected one, else that of the latest term.
fn leader(servers: &[Server], selected: Option<Selected>) -> Option<&Server> {
    let leaders = servers.iter().filter(|s| s.up && s.node.is_leader());
    leaders.max_by_key(|s| (selected == Some(Selected::Server(s.node.id())), s.node.term()))
}

/// The rows, with the entries of these columns.
pub(super) fn rows(tank: &Tank, &(first, last): &(u64, u64)) -> Vec<Rc<Row>> {
    let selected = tank.selected();
    let (accused, accused_index) = tank.accused().unwrap_or_default();
    tank.with(|run| {
        let servers = run.world().servers();
        let leader = leader(servers, selected);
        let row = |server: &Server| {
            let node = &server.node;
            let id = node.id();
            if server.retired {
                // What it knew went with its disk.
                return Rc::new(Row {
                    id,
                    up: false,
                    retired: true,
                    leads: false,
                    term: Term(0),
                    commit: Index(0),
                    last: Index(0),
                    compacted: None,
                    cells: Vec::new(),
                    progress: None,
                    chosen: selected == Some(Selected::Server(id)),
                });
            }
            let cells = (first.max(1)..=last.min(node.log().last_index().0)).filter_map(|index| {
                let index = Index(index);
                let entry = node.log().get(index)?;
                let (configuration, text) = match &entry.payload {
                    Payload::Configuration(new) => {
                        (true, change_text(&before(servers, index, entry.term), new))
                    }
                    payload => (false, payload_text(payload)),
                };
                Some(Cell {
                    index,
                    term: entry.term,
                    text,
                    configuration,
                    accused: accused.contains(id) && accused_index == Some(index),
                    committed: index <= node.commit(),
                    durable: index <= node.durable_index(),
                    selected: selected == Some(Selected::Entry(id, index)),
                })
            });
            Rc::new(Row {
                id,
                up: server.up,
                retired: false,
                leads: server.up && server.brief().role == RoleName::Leader,
                term: node.term(),
                commit: node.commit(),
                last: node.log().last_index(),
                compacted: Some(node.log().base_index())
                    .filter(|base| base.0 >= first)
                    .map(|base| (base, first.max(1), base.0.min(last))),
                cells: cells.collect(),
                progress: leader
                    .filter(|leader| leader.node.configuration().members().contains(id))
                    .and_then(|leader| leader.node.progress(id)),
                chosen: selected == Some(Selected::Server(id)),
            })
        };
        servers.iter().map(row).collect()
    })
}

/// The configuration before an entry, from whoever has the entry and knows: a server that was added has
/// never heard of the ones before.
fn before(servers: &[Server], index: Index, term: Term) -> Configuration {
    let has = servers.iter().map(|s| s.node.log()).filter(|log| log.term_at(index) == Some(term));
    let known = has.map(|log| *log.configuration_at(index.prev())).find(|known| !known.members().is_empty());
    known.unwrap_or_default()
}

/// What a configuration changes, in so few letters that they stand in a cell.
fn change_text(old: &Configuration, new: &Configuration) -> String {
    match (old.is_joint(), new.is_joint()) {
        (false, true) => return "joint".into(),
        (true, false) => return "C new".into(),
        _ => {}
    }
    let came = new.all_voters().minus(old.all_voters());
    let learns = new.learners.minus(old.learners);
    let went = old.members().minus(new.members());
    let signs = [("+", came), ("~", learns), ("−", went)];
    let words = signs.into_iter().flat_map(|(sign, set)| set.iter().map(move |id| format!("{sign}{id}")));
    words.collect::<Vec<_>>().join(" ")
}

/// What the leader does about a follower, in a word.
pub(super) fn mode_word(row: &Row) -> Option<String> {
    let progress = row.progress.filter(|_| !row.leads)?;
    let under_way = progress.next.0.saturating_sub(progress.matched.0 + 1);
    Some(match progress.mode {
        Mode::Probe { .. } => "probe".into(),
        Mode::Replicate if under_way > 0 => format!("replicate {under_way}"),
        Mode::Replicate => "replicate".into(),
        Mode::Snapshot { .. } => "snapshot".into(),
    })
}

/// The logs.
#[component]
pub fn Logs() -> Html {
    let tank = use_tank();
    let extent = use_view(extent);
    let scroller = use_node_ref();
    // Where the scroller stands: from the left, and how wide it is.
    let sight = use_state(|| (0.0_f64, 900.0_f64));
    let look = {
        let (scroller, sight) = (scroller.clone(), sight.clone());
        move || {
            if let Some(element) = scroller.cast::<Element>() {
                let now = (f64::from(element.scroll_left()), f64::from(element.client_width()));
                // Half a cell decides nothing about which columns are drawn.
                if (now.0 - sight.0).abs() > CELL
                    || (now.1 - sight.1).abs() > CELL
                    || now.0 == 0.0 && sight.0 != 0.0
                {
                    sight.set(now);
                }
            }
        }
    };
    {
        // Follows the end, unless the person has scrolled away from it.
        let (scroller, look) = (scroller.clone(), look.clone());
        let before = use_mut_ref(|| 0_u64);
        use_effect_with(extent.last, move |last| {
            if let Some(element) = scroller.cast::<Element>() {
                let known = std::mem::replace(&mut *before.borrow_mut(), *last);
                let end = (known + 1) as f64 * CELL - f64::from(element.client_width());
                if *last > 0 && f64::from(element.scroll_left()) >= end - 2.0 * CELL {
                    element.set_scroll_left(element.scroll_width());
                }
            }
            look();
        });
    }
    let (left, width) = *sight;
    let first = ((left / CELL) as u64 + 1).saturating_sub(SPARE).max(1);
    let last = ((left + width) / CELL) as u64 + 1 + SPARE;
    let rows = use_view_of(tank.clone(), (first, last), rows);
    let columns = extent.last + 2;
    let total = (columns as f64 * CELL).max(CELL * 4.0);
    // On a low screen the tape has to stand below them.
    let low = use_media("(max-height: 820px) and (min-width: 901px)");
    let dense = low || extent.servers >= DENSE_FROM;
    let row_height = if dense { ROW_DENSE } else { ROW };
    let height = HEAD + extent.servers as f64 * row_height;
    let onscroll = move |_: Event| look();
    let choose = use_callback(tank, |selected: Selected, tank| tank.select(Some(selected)));

    html! {
        <section class="panel logs" aria-label="Logs">
            <div class="log-names" aria-hidden="true">
                <div class="log-corner">{ "index" }</div>
                { for rows.iter().map(|row| name(row, dense, &choose)) }
            </div>
            <div class="log-scroller" ref={scroller} {onscroll} tabindex="0" role="group"
                aria-label="Log entries; a table of them is under State">
                <svg class="log-grid" width={total.to_string()} height={height.to_string()} role="group" aria-label="Logs of all servers">
                    <g class="log-head">
                        { for (first..=last.min(columns - 1)).map(|index| html! {
                            <text key={index} x={(middle(Index(index))).to_string()} y="14">{ index }</text>
                        }) }
                    </g>
                    { for rows.iter().enumerate().map(|(n, row)| html! {
                        <LogRow key={row.id.number()} row={Rc::clone(row)} y={HEAD + n as f64 * row_height} {dense} choose={choose.clone()} />
                    }) }
                    if extent.last == 0 {
                        <text class="log-empty" x="14" y={(HEAD + 28.0).to_string()}>{ "All logs are empty: press C, or Ask." }</text>
                    }
                </svg>
            </div>
        </section>
    }
}

fn middle(index: Index) -> f64 {
    (index.0 as f64 - 0.5) * CELL
}

fn name(row: &Row, dense: bool, choose: &Callback<Selected>) -> Html {
    let id = row.id;
    let onclick = choose.reform(move |_: MouseEvent| Selected::Server(id));
    let role = if !row.up {
        "✕"
    } else if row.leads {
        "♛"
    } else {
        ""
    };
    html! {
        <div key={id.number()} class={classes!("log-name", dense.then_some("dense"), row.chosen.then_some("selected"), (!row.up).then_some("is-down"))} {onclick}>
            <b>{ id.to_string() }</b><span class={classes!("dot", term_class(row.term))}></span><span class="log-role">{ role }</span>
            if let Some(mode) = mode_word(row) { <span class="log-mode" title="What the leader does about this log, and how many entries are under way">{ mode }</span> }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
pub(super) struct LogRowProps {
    pub(super) row: Rc<Row>,
    pub(super) y: f64,
    pub(super) dense: bool,
    /// Whether there is a line above it, as wide as what it stands in.
    #[prop_or(true)]
    pub(super) lined: bool,
    pub(super) choose: Callback<Selected>,
}

/// A server's log.
#[component]
pub(super) fn LogRow(props: &LogRowProps) -> Html {
    let &LogRowProps { ref row, y, dense, lined, ref choose } = props;
    let bottom = if dense { ROW_DENSE } else { ROW };
    let id = row.id;
    html! {
        <g class={classes!("log-row", dense.then_some("dense"), row.chosen.then_some("selected"), (!row.up).then_some("is-down"))}
            transform={format!("translate(0 {y})")} data-log={id.to_string()}>
            if lined { <line class="log-line" x1="0" x2="100%" y1="0.5" y2="0.5" /> }
            if row.retired { <text class="log-empty" x="14" y={(bottom / 2.0 + 5.0).to_string()}>{ "disk lost" }</text> }
            { compacted(row, dense, choose) }
            { for row.cells.iter().map(|cell| cell_html(id, cell, dense, choose)) }
            if row.commit.0 > 0 {
                <path key="commit" class="commit-line" d={format!("M{} 2v{}", row.commit.0 as f64 * CELL + 0.5, bottom - 4.0)} />
            }
            { progress(row, bottom) }
        </g>
    }
}

/// What a snapshot covers: one block up to its last index.
fn compacted(row: &Row, dense: bool, choose: &Callback<Selected>) -> Html {
    let Some((base, from, to)) = row.compacted else { return html! {} };
    let id = row.id;
    let onclick = choose.reform(move |_: MouseEvent| Selected::Server(id));
    let (left, right) = ((from - 1) as f64 * CELL + 3.0, to as f64 * CELL - 3.0);
    // The name stays in sight while the block is scrolled.
    let text = if right - left < 100.0 { format!("…{base}") } else { format!("snapshot 1–{base}") };
    html! {
        <g key="compacted" class="compacted" {onclick}>
            <title>{ format!("{id}: a snapshot stands in the place of the entries 1 to {base}") }</title>
            <rect x={left.to_string()} y="3" width={(right - left).to_string()} height={if dense { "20" } else { "31" }} rx="2" />
            <text x={(right - 8.0).to_string()} y={if dense { "17" } else { "23" }}>{ text }</text>
        </g>
    }
}

fn cell_html(id: ServerId, cell: &Cell, dense: bool, choose: &Callback<Selected>) -> Html {
    let index = cell.index;
    let onclick = choose.reform(move |_: MouseEvent| Selected::Entry(id, index));
    let class = classes!(
        "cell",
        term_class(cell.term),
        if cell.committed { "committed" } else { "open" },
        cell.configuration.then_some("config"),
        (!cell.durable).then_some("volatile"),
        cell.selected.then_some("selected"),
        cell.accused.then_some("accused")
    );
    let x = (index.0 - 1) as f64 * CELL;
    let state = match (cell.committed, cell.durable) {
        (true, true) => "committed",
        (true, false) => "committed, but not on this disk yet",
        (false, true) => "not committed",
        (false, false) => "not on disk yet: a crash would lose it",
    };
    html! {
        <g key={index.0} {class} transform={format!("translate({x} 0)")} {onclick}>
            <title>{ format!("{id}, index {index}: {}, term {}; {state}", cell.text, cell.term) }</title>
            <rect class="cell-box" x="3" y="3" width={(CELL - 6.0).to_string()} height={if dense { "20" } else { "31" }} rx={if cell.configuration { "13" } else { "4" }} />
            <rect class="cell-band" x="5" y="5" width="20" height="13" rx="3" />
            <text class="cell-term" x="15" y="15.5">{ cell.term.to_string() }</text>
            if cell.committed && !dense { <path class="cell-check" d="M46 11.500l3 3.5 6-7" /> }
            if cell.accused { <rect class="cell-accused" x="1.5" y="1.5" width={(CELL - 3.0).to_string()} height={if dense { "23" } else { "34" }} rx="5" /> }
            if !cell.durable { <path class="cell-volatile" d={format!("M{} 9.5h7m-3.5-3.5v7", if cell.committed && !dense { 33 } else { 51 })} /> }
            if dense {
                <text class="cell-text" x="28" y="17">{ clip(&cell.text, 5) }</text>
            } else {
                <text class="cell-text" x={(CELL / 2.0).to_string()} y="29.5">{ clip(&cell.text, 7) }</text>
            }
        </g>
    }
}

/// nextIndex as an arrow in front of the next column, matchIndex as a dot under its own.
fn progress(row: &Row, bottom: f64) -> Html {
    let Some(Progress { next, matched, .. }) = row.progress else { return html! {} };
    if row.last.0 == 0 && next.0 <= 1 {
        return html! {};
    }
    let at = (next.0 as f64 - 1.0) * CELL + CELL / 2.0;
    html! {
        <g key="progress" class="progress">
            <g transform={format!("translate({at:.1} {:.1})", bottom - 1.0)}>
                <title>{ format!("nextIndex {next}: the leader sends from here") }</title>
                <path class="next-arrow" d="M0-7 5 0h-10z" />
            </g>
            if matched.0 > 0 {
                <g transform={format!("translate({:.1} {:.1})", matched.0 as f64 * CELL - CELL / 2.0 + 14.0, bottom - 4.5)}>
                    <title>{ format!("matchIndex {matched}: the logs agree up to here") }</title>
                    <circle class="match-dot" r="3.5" />
                </g>
            }
        </g>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::Change;

    #[test]
    fn a_change_is_told_in_a_few_letters() {
        let id = |n| ServerId::new(n).unwrap();
        let three = Configuration::of_first(3);
        let joint = Change::Joint {
            voters: Configuration::of_first(2).voters,
            learners: Default::default(),
            manual: false,
        };
        let table = [
            (three, Change::Add(id(4)), "+S4"),
            (three, Change::Learner(id(5)), "~S5"),
            (three, Change::Learner(id(3)), "~S3"),
            (three, Change::Remove(id(2)), "−S2"),
            (three, joint, "joint"),
            (three.changed_by(joint).unwrap(), Change::Leave, "C new"),
        ];
        for (old, change, text) in table {
            assert_eq!(change_text(&old, &old.changed_by(change).unwrap()), text);
        }
    }
}
