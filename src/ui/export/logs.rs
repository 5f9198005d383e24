//! The logs as a picture by themselves: the rows of the page, with names beside them, and any columns of
//! them, whatever is in sight on the page.

use crate::raft::Index;
use crate::ui::context::{use_tank, use_view_of};
use crate::ui::logs::{self, CELL, DENSE_FROM, HEAD, LogRow, ROW, ROW_DENSE, Row};
use crate::ui::words::term_class;
use std::rc::Rc;
use yew::prelude::*;

/// The width of the names.
const NAMES: f64 = 124.0;

/// What a picture of logs needs.
#[derive(Clone, PartialEq, Properties)]
pub struct LogsPictureProps {
    /// The first column.
    pub first: u64,
    /// The last column.
    pub last: u64,
}

/// The logs as a picture.
#[component]
pub fn LogsPicture(props: &LogsPictureProps) -> Html {
    let &LogsPictureProps { first, last } = props;
    let tank = use_tank();
    let rows = use_view_of(tank, (first, last), |tank, range| {
        let rows = logs::rows(tank, range);
        rows.iter().map(|row| (Rc::new(within(row, *range)), note(row))).collect::<Vec<_>>()
    });
    let dense = rows.len() >= DENSE_FROM;
    let high = if dense { ROW_DENSE } else { ROW };
    // One more column than there are entries: there stands what the leader sends next.
    let width = NAMES + (last + 2 - first) as f64 * CELL;
    let height = HEAD + rows.len() as f64 * high;
    let left = NAMES - (first - 1) as f64 * CELL;
    let choose = use_callback((), |_, ()| {});
    html! {
        <svg class="log-grid" viewBox={format!("0 0 {width} {height}")}>
            <g class="log-head">
                <text class="picture-name" x="0" y="14">{ "index" }</text>
                { for (first..=last).map(|index| html! {
                    <text key={index} x={(left + (index as f64 - 0.5) * CELL).to_string()} y="14">{ index }</text>
                }) }
            </g>
            { for rows.iter().enumerate().map(|(n, (row, note))| {
                let y = HEAD + n as f64 * high;
                html! {
                    <g key={row.id.number()} transform={format!("translate(0 {y})")}>
                        <line class="log-line" x1="0" x2={width.to_string()} y1="0.5" y2="0.5" />
                        { name(row, note, dense) }
                        <g transform={format!("translate({left} 0)")}>
                            <LogRow row={Rc::clone(row)} y={0.0} {dense} lined={false} choose={choose.clone()} />
                        </g>
                    </g>
                }
            }) }
            if rows.iter().all(|(row, _)| row.cells.is_empty() && row.compacted.is_none()) {
                <text class="log-empty" x={(NAMES + 8.0).to_string()} y={(HEAD + high * 0.65).to_string()}>{ "no entries" }</text>
            }
        </svg>
    }
}

/// A row without what lies outside of these columns.
fn within(row: &Row, (first, last): (u64, u64)) -> Row {
    let mut row = row.clone();
    if !(first..=last).contains(&row.commit.0) {
        row.commit = Index(0);
    }
    row.progress = row.progress.filter(|progress| (first..=last + 1).contains(&progress.next.0));
    if let Some(progress) = row.progress.as_mut().filter(|progress| progress.matched.0 < first) {
        progress.matched = Index(0);
    }
    row
}

/// What is to be said of a server beside its log.
fn note(row: &Row) -> String {
    match logs::mode_word(row) {
        _ if row.retired => "disk lost".into(),
        _ if !row.up => format!("term {}, crashed", row.term),
        _ if row.leads => format!("term {}, leader", row.term),
        Some(mode) => format!("term {}, {mode}", row.term),
        None => format!("term {}", row.term),
    }
}

fn name(row: &Row, note: &str, dense: bool) -> Html {
    let (x, y) = if dense { ("44", "18") } else { ("0", "36") };
    html! {
        <>
            <circle class={classes!("picture-dot", term_class(row.term))} cx="5" cy="14" r="5" />
            <text class="picture-name" x="16" y="19">{ row.id.to_string() }</text>
            <text class="picture-note" {x} {y}>{ note.to_owned() }</text>
        </>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::{Mode, Progress, Round, ServerId, Term};

    fn row(commit: u64, matched: u64, next: u64) -> Row {
        Row {
            id: ServerId::new(2).unwrap(),
            up: true,
            retired: false,
            leads: false,
            term: Term(3),
            commit: Index(commit),
            last: Index(30),
            compacted: None,
            cells: Vec::new(),
            progress: Some(Progress {
                next: Index(next),
                matched: Index(matched),
                mode: Mode::Replicate,
                round: Round(0),
            }),
            chosen: false,
        }
    }

    #[test]
    fn marks_outside_of_the_columns_are_left_out() {
        let table = [
            // commit, matchIndex, nextIndex; what is left of them in the columns 10 to 20
            ((12, 12, 13), (12, Some((12, 13)))),
            ((9, 9, 10), (0, Some((0, 10)))),
            ((20, 20, 21), (20, Some((20, 21)))),
            ((21, 21, 22), (0, None)),
        ];
        for ((commit, matched, next), left) in table {
            let row = within(&row(commit, matched, next), (10, 20));
            let progress = row.progress.map(|it| (it.matched.0, it.next.0));
            assert_eq!((row.commit.0, progress), left);
        }
    }

    #[test]
    fn a_servers_note_says_its_term_and_what_it_is() {
        let row = row(1, 1, 2);
        assert_eq!(note(&row), "term 3, replicate");
        assert_eq!(note(&Row { leads: true, ..row.clone() }), "term 3, leader");
        assert_eq!(note(&Row { up: false, ..row.clone() }), "term 3, crashed");
        assert_eq!(note(&Row { progress: None, ..row }), "term 3");
    }
}
