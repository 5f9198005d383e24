//! What stands at a place of the tape, in words.

use crate::raft::{RoleName, ServerId};
use crate::timeline::tape::{
    Class, Life, Mark, MarkKind, Measure, Standing, Tape, Window, at, cut_off, sides,
};
use crate::ui::words::time_text;

/// What a server is, in words.
#[must_use]
pub fn standing_text(standing: Standing) -> String {
    let Standing { life, role, term } = standing;
    let role = match role {
        RoleName::Follower => "follower",
        RoleName::Candidate => "candidate",
        RoleName::PreCandidate => "pre-candidate",
        RoleName::Leader => "leader",
    };
    match life {
        Life::Up => format!("{role} in term {term}"),
        Life::Paused => format!("paused, {role} in term {term}"),
        Life::Down => format!("crashed, term {term} on its disk"),
        Life::Retired => "retired: its disk is lost".into(),
    }
}

/// A place on the tape.
#[must_use]
pub fn place_text(measure: Measure, place: f64) -> String {
    match measure {
        Measure::Time => time_text(place),
        Measure::Events => format!("after {} events", place.max(0.0).floor()),
    }
}

/// The moment in words, for who does not see it.
#[must_use]
pub fn moment_text(tape: &Tape, us: f64, events: u64) -> String {
    let mut leaders = Vec::new();
    let mut down = Vec::new();
    for (lane, id) in tape.lanes().iter().zip(ServerId::first(tape.lanes().len() as u8)) {
        let Some(point) = lane.at(events) else { continue };
        match point.what {
            Standing { life: Life::Down, .. } => down.push(id.to_string()),
            Standing { life: Life::Up | Life::Paused, role: RoleName::Leader, term } => {
                leaders.push(format!("{id} leads in term {term}"));
            }
            _ => {}
        }
    }
    if leaders.is_empty() {
        leaders.push("nobody leads".into());
    }
    let mut text = format!("{}, event {events}, {}", time_text(us), leaders.join(", "));
    if !down.is_empty() {
        text += &format!(", {} crashed", down.join(", "));
    }
    let servers = tape.lanes().len() as u8;
    if let Some(cuts) = tape.cuts().at(events).map(|cuts| sides(&cuts.what, servers)).filter(|s| s.len() > 1)
    {
        let sides: Vec<String> = cuts.iter().map(ToString::to_string).collect();
        text += &format!(", cut into {}", sides.join(" and "));
    }
    text
}

/// A mark in words. `nth` is its number among those of its sort.
fn mark_text(mark: &Mark) -> String {
    match mark.what {
        MarkKind::Leader { server, term } => format!("{server} is elected in term {term}"),
        MarkKind::Commit { server, index } => format!("{server} commits up to index {index}"),
        MarkKind::Action { server: Some(server), refused: false } => format!("action on {server}"),
        MarkKind::Action { server: None, refused: false } => "action".into(),
        MarkKind::Action { refused: true, .. } => "action that did nothing".into(),
        MarkKind::Scheduled { server, refused } => {
            let on = server.map(|server| format!(" on {server}")).unwrap_or_default();
            format!("by schedule: {}{on}", if refused { "nothing done" } else { "a fault" })
        }
        MarkKind::Violation { property, .. } => format!("{property} is broken"),
        MarkKind::Snapshot { server, index } => format!("{server}: snapshot up to index {index}"),
        MarkKind::Unserved { client, serial, failed: true } => {
            format!("C{}’s request {serial} failed", client.0)
        }
        MarkKind::Unserved { client, serial, .. } => {
            format!("C{} gives up request {serial}: its outcome is unknown", client.0)
        }
    }
}

/// What is said of a place that is pointed at: line by line. `nth_action` says what the n-th action was.
#[must_use]
pub fn tip(
    tape: &Tape,
    window: &Window,
    lane: Option<usize>,
    x: f64,
    nth_action: impl Fn(usize) -> Option<String>,
) -> Vec<String> {
    let place = window.place(x);
    let mut lines = vec![place_text(window.measure, place)];
    let servers = tape.lanes().len() as u8;
    if let Some((lane, id)) =
        lane.and_then(|lane| Some((tape.lanes().get(lane)?, ServerId::first(servers).nth(lane)?)))
    {
        let now = at(lane, window.measure, place);
        lines.push(
            now.map_or(format!("{id}: not there yet"), |now| format!("{id}: {}", standing_text(now.what))),
        );
        let cut = at(tape.cuts(), window.measure, place).map(|cuts| cut_off(&cuts.what, servers, id));
        lines.extend(cut.filter(|cut| !cut.is_empty()).map(|cut| format!("cut off from {cut}")));
        let known = at(tape.configurations(), window.measure, place).map(|known| known.what.configuration);
        lines.extend(known.and_then(|known| match () {
            () if known.all_voters().contains(id) => None,
            () if known.learners.contains(id) => Some("learner: gets the log, has no vote".to_string()),
            () => Some("outside the configuration".to_string()),
        }));
    }
    for class in [
        Class::Violation,
        Class::Leader,
        Class::Action,
        Class::Scheduled,
        Class::Snapshot,
        Class::Unserved,
        Class::Commit,
    ] {
        lines.extend(near(tape, window, class, x, &nth_action));
    }
    lines
}

/// The marks of a sort that are pointed at: the nearest one, and how many more.
fn near(
    tape: &Tape,
    window: &Window,
    class: Class,
    x: f64,
    nth_action: &impl Fn(usize) -> Option<String>,
) -> Option<String> {
    /// So many pixels to each side are meant as well.
    const AIM: f64 = 5.0;
    let marks = tape.marks(class);
    let place = |mark: &Mark| window.x(window.measure.of(mark));
    let first = marks.count_while(|mark| place(mark) < x - AIM);
    let after = marks.count_while(|mark| place(mark) <= x + AIM);
    let middle = marks.count_while(|mark| place(mark) < x);
    let candidates = [middle.checked_sub(1), Some(middle)].into_iter().flatten();
    let nearest = candidates.filter(|n| (first..after).contains(n));
    let distance = |n: &usize| marks.get(*n).map_or(f64::MAX, |mark| (place(mark) - x).abs());
    let nearest = nearest.min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
    let mark = marks.get(nearest)?;
    let text = mark_text(mark);
    let text = match class {
        Class::Action => nth_action(nearest).map_or(text, |action| format!("▾ {action}")),
        _ => text,
    };
    Some(match after - first {
        1 => text,
        several => format!("{text} (and {} more here)", several - 1),
    })
}
