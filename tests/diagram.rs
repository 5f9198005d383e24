//! The space-time diagram as data: every message one line, who could have known what, quiet stretches that
//! fold and lose nothing, one entry followed on all servers.

mod common;

use common::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use wavetank::kv::Op;
use wavetank::raft::{Index, Term};
use wavetank::sim::{Action, DropReason, Endpoint, Event, PacketName, Seed, Setup, What, chaos};
use wavetank::timeline::Run;
use wavetank::timeline::diagram::*;

/// A run of random trouble, and the numbers of its servers.
fn storm(seed: u64, until_us: u64) -> Run {
    let (setup, actions) = chaos::plan_of_all(Seed(seed), 0, until_us);
    let mut run = Run::new(&setup).unwrap();
    for (at_us, action) in actions {
        run.run_until(at_us);
        // What does nothing is an event as well.
        let _ = run.act(action);
        if let Some(action) = chaos::meddle(run.world()) {
            let _ = run.act(action);
        }
    }
    run.run_until(until_us);
    run
}

fn servers(run: &Run) -> u8 {
    run.world().servers().len() as u8
}

/// The diagram of some of a run's events.
fn stretch(run: &Run, first: usize, count: usize) -> Diagram {
    let events = run.events().iter().skip(first).take(count).cloned().collect();
    Diagram::new(events, servers(run))
}

fn whole(run: &Run) -> Diagram {
    stretch(run, 0, usize::MAX)
}

/// A stretch of a storm.
fn any_stretch() -> impl Strategy<Value = Diagram> {
    (0..500_u64, 0.0..0.7_f64, 1..700_usize).prop_map(|(seed, from, count)| {
        let run = storm(seed, 2_500_000);
        let first = (run.events().len() as f64 * from) as usize;
        stretch(&run, first, count)
    })
}

/// The same host, as ShiViz's format has it: written a second time, and plainly.
fn host(event: &Event) -> Option<String> {
    match &event.what {
        What::Delivered { message, .. } => Some(message.to.to_string()),
        What::Woke { client, .. } | What::Ticked { client } => Some(client.to_string()),
        What::Acted { action: Action::Submit { .. }, refused: None } => Some("C1".into()),
        _ => event.server.map(|server| server.to_string()),
    }
}

/// Whether one event is directly before another, looked up anew for each pair.
fn directly_before(events: &[Arc<Event>], one: usize, other: usize, relation: Relation) -> bool {
    let (a, b) = (&events[one], &events[other]);
    let message = match &b.what {
        What::Delivered { message, .. } | What::Dropped { message, .. } | What::Queued { message, .. } => {
            Some(*message)
        }
        _ => None,
    };
    let sender = message.map(|name| name.from.to_string());
    let by_hand = matches!(a.what, What::Acted { .. });
    let related = by_hand || host(a).is_some() && (host(a) == host(b) || host(a) == sender);
    let caused = b.causes.contains(&Some(a.id)) && related;
    if relation == Relation::Causes {
        return caused;
    }
    let same_host = host(a).is_some() && host(a) == host(b);
    let sent = message.is_some_and(|name| {
        let named = events[..other].iter().any(|event| event.sent.contains(&name));
        let wanted = if named { name } else { PacketName { copy: 0, ..name } };
        a.sent.contains(&wanted)
    });
    caused || same_host || sent
}

/// The past of an event by trying all pairs until nothing is new.
fn naive_past(events: &[Arc<Event>], of: usize, relation: Relation) -> Vec<usize> {
    let mut reached = vec![of];
    let mut next = 0;
    while let Some(&place) = reached.get(next) {
        next += 1;
        for before in 0..place {
            if !reached.contains(&before) && directly_before(events, before, place, relation) {
                reached.push(before);
            }
        }
    }
    reached.retain(|&place| place != of);
    reached.sort_unstable();
    reached
}

fn naive_future(events: &[Arc<Event>], of: usize, relation: Relation) -> Vec<usize> {
    let mut reached = vec![of];
    for place in of + 1..events.len() {
        if reached.iter().any(|&before| directly_before(events, before, place, relation)) {
            reached.push(place);
        }
    }
    reached.split_off(1)
}

fn of_cone(cone: &Cone, count: usize) -> (Vec<usize>, Vec<usize>) {
    ((0..count).filter(|&p| cone.is_past(p)).collect(), (0..count).filter(|&p| cone.is_future(p)).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cone_is_the_transitive_closure(diagram in any_stretch(), at in 0.0..1.0_f64) {
        let events = diagram.events();
        prop_assume!(!events.is_empty());
        let of = (events.len() as f64 * at) as usize;
        for relation in [Relation::HappenedBefore, Relation::Causes] {
            let cone = diagram.cone(of, relation).unwrap();
            let (past, future) = of_cone(&cone, events.len());
            prop_assert_eq!(&past, &naive_past(events, of, relation));
            prop_assert_eq!(&future, &naive_future(events, of, relation));
            prop_assert_eq!((cone.past, cone.future), (past.len(), future.len()));
        }
        let wide = diagram.cone(of, Relation::HappenedBefore).unwrap();
        let fine = diagram.cone(of, Relation::Causes).unwrap();
        prop_assert!((0..events.len()).all(|place| !fine.contains(place) || wide.contains(place)));
        prop_assert!(diagram.cone(events.len(), Relation::Causes).is_none());
    }

    #[test]
    fn every_message_that_is_spoken_of_has_exactly_one_line(diagram in any_stretch()) {
        let mut told: BTreeMap<PacketName, (usize, Option<u64>)> = BTreeMap::new();
        for event in diagram.events() {
            for name in &event.sent {
                told.entry(*name).or_insert((0, None));
            }
            match &event.what {
                What::Delivered { message, .. } | What::Dropped { message, .. } => {
                    told.entry(*message).or_insert((0, None)).1 = Some(event.at_us);
                }
                What::Queued { message, .. } => { told.entry(*message).or_insert((0, None)); }
                What::Acted { action: Action::Hold { message }, refused: None } => {
                    told.entry(*message).or_insert((0, None));
                }
                _ => {}
            }
        }
        for line in diagram.lines() {
            let known = told.get_mut(&line.message).expect("no line without a message");
            known.0 += 1;
            let arrived = line.end.place().map(|place| diagram.events()[place].at_us);
            prop_assert_eq!(arrived, known.1);
            prop_assert!(line.start_us <= line.end_us);
            if let Some(sender) = line.sent_by {
                let copy = PacketName { copy: 0, ..line.message };
                let sent = &diagram.events()[sender].sent;
                prop_assert!(sent.contains(&line.message) || sent.contains(&copy));
            }
            let row = |end: Endpoint| diagram.rows().iter().position(|row| *row == end.into());
            prop_assert_eq!((Some(line.from), Some(line.to)), (row(line.message.from), row(line.message.to)));
            prop_assert_eq!(diagram.line(line.message), Some(line));
        }
        prop_assert!(told.values().all(|(lines, _)| *lines == 1));
    }

    #[test]
    fn folding_loses_no_event_and_hides_only_what_changes_nothing(diagram in any_stretch()) {
        let bands = bands(&diagram);
        let count = diagram.events().len();
        let mut hidden = vec![0; count];
        for band in &bands {
            prop_assert!(band.count() >= BAND_MIN && band.first < band.end && band.end <= count);
            hidden[band.first..band.end].iter_mut().for_each(|times| *times += 1);
        }
        prop_assert!(bands.is_sorted_by_key(|band| band.first));
        prop_assert!(hidden.iter().all(|&times| times <= 1));
        for (place, event) in diagram.events().iter().enumerate().filter(|(place, _)| hidden[*place] == 1) {
            prop_assert!(event.change.is_none_or(|change| change.before == change.after), "{place}");
            prop_assert!(event.finished.is_none() && event.wrote.is_none());
            let told = match &event.what {
                What::Delivered { .. } | What::Fired { .. } | What::Ticked { .. } => true,
                What::Dropped { reason, .. } => *reason != DropReason::ByHand,
                _ => false,
            };
            prop_assert!(told, "{place}");
        }
        let diagram = Rc::new(diagram);
        let mut sheet = Sheet::new(Rc::clone(&diagram), 800.0, 300.0, true);
        let shown = (0..count).filter(|&place| sheet.hidden_in(place).is_none()).count();
        prop_assert_eq!(shown + bands.iter().map(Band::count).sum::<usize>(), count);
        sheet.fold_all(false);
        prop_assert!((0..count).all(|place| sheet.hidden_in(place).is_none()));
        if !bands.is_empty() {
            sheet.fold(0, true);
            prop_assert!((0..count).all(|p| (sheet.hidden_in(p) == Some(0)) == (p < bands[0].end && p >= bands[0].first)));
        }
    }

    #[test]
    fn time_and_place_lead_back_to_each_other_and_what_is_in_sight_is_found(
        diagram in any_stretch(),
        moves in prop::collection::vec((0..4_u8, 0.0..1.0_f64), 0..12),
    ) {
        prop_assume!(!diagram.events().is_empty());
        let diagram = Rc::new(diagram);
        let mut sheet = Sheet::new(Rc::clone(&diagram), 700.0, 320.0, true);
        for (kind, how) in moves {
            match kind {
                0 => sheet.zoom(0.3 + 4.0 * how, 700.0 * how),
                1 => sheet.pan(2000.0 * (how - 0.5)),
                2 => sheet.fold((sheet.bands().len() as f64 * how) as usize, how > 0.3),
                _ => sheet.resize(300.0 + 700.0 * how, 320.0),
            }
        }
        let (width, _) = sheet.size();
        let mut before = f64::MIN;
        for (place, point) in diagram.points().iter().enumerate() {
            let x = sheet.x(point.at_us);
            prop_assert!(x >= before, "time goes to the right");
            before = x;
            let back = sheet.x(sheet.us(x).max(0.0).round() as u64);
            prop_assert!((back - x).abs() <= sheet.scale() + 0.01 || sheet.hidden_in(place).is_some());
            if (0.0..width).contains(&x) {
                prop_assert!(sheet.places().contains(&place));
            }
            // What has gone behind the names of the rows can't be reached.
            if sheet.hidden_in(place).is_none() && x >= GUTTER_PX {
                let (x, y) = sheet.at(place).unwrap();
                let Some(Hit::Event(found)) = sheet.hit(x, y) else { panic!("nothing at {place}") };
                prop_assert_eq!(sheet.at(found), Some((x, y)));
            }
        }
        for (place, line) in diagram.lines().iter().enumerate() {
            let [(from, _), (to, _)] = sheet.ends(line);
            if from <= width && to >= 0.0 {
                prop_assert!(sheet.lines().contains(&place));
            }
        }
        sheet.fit();
        prop_assert!(sheet.x(diagram.stretch_us().start) >= 0.0);
        prop_assert!(sheet.x(diagram.stretch_us().end) <= width || !sheet.bands().is_empty());
    }

    #[test]
    fn an_entry_is_followed_as_the_logs_of_the_servers_have_it(seed in 0..400_u64) {
        let run = storm(seed, 2_500_000);
        let diagram = whole(&run);
        prop_assume!(run.events().len() < EVENTS_MAX);
        // The longest log of the end names entries that were there.
        let Some(best) = run.world().servers().iter().max_by_key(|s| s.node.log().last_index()) else {
            return Ok(());
        };
        for (n, entry) in best.node.log().iter().enumerate().take(40) {
            let index = Index(best.node.log().base_index().0 + 1 + n as u64);
            let way = follow(&diagram, index, entry.term);
            prop_assert!(way.steps.len() <= STEPS_MAX);
            prop_assert!(way.steps.is_sorted_by_key(|step| step.place));
            if way.more > 0 {
                continue;
            }
            for server in run.world().servers().iter().filter(|server| !server.retired) {
                let who = Row::Server(server.node.id());
                let last = way.steps.iter().rev().find(|step| step.who == who && matches!(
                    step.kind, StepKind::Appended | StepKind::Stored | StepKind::Gone | StepKind::Covered));
                let base = server.node.log().base_index();
                let held = server.node.log().term_at(index) == Some(entry.term);
                match last.map(|step| step.kind) {
                    Some(StepKind::Appended | StepKind::Stored) => prop_assert!(held || base >= index, "{who} {index}"),
                    Some(StepKind::Covered) => prop_assert!(base >= index || !server.up, "{who} {index}"),
                    _ => prop_assert!(!held || base >= index, "{who} has {index} from nowhere"),
                }
                let applied = way.steps.iter().any(|step| step.who == who && step.kind == StepKind::Applied);
                if server.up && held && server.applied >= index && base < index {
                    prop_assert!(applied, "{who} applied {index}, and nobody says when");
                }
            }
        }
    }
}

/// The steps of a way, as words.
fn told(way: &Follow) -> Vec<String> {
    way.steps.iter().map(ToString::to_string).collect()
}

#[test]
fn a_request_is_followed_from_the_client_to_every_server_and_back() {
    let mut run = cluster(3, 7);
    let leader = any_leader(&mut run);
    wait(&mut run, 100);
    submit(&mut run, Op::Put { key: "x".into(), value: "1".into() });
    wait(&mut run, 400);
    let diagram = whole(&run);
    let entry = server(&run, leader.number()).node.log().last_index();
    let way = follow(&diagram, entry, run.world().server(leader).unwrap().node.term());
    let told = told(&way);
    let place = |text: &str| {
        told.iter().position(|step| step == text).unwrap_or_else(|| panic!("no ‘{text}’ in {told:#?}"))
    };
    let asked = told.iter().position(|step| step.starts_with("C1 asks S")).expect("the client asks");
    let appended = place(&format!("{leader} leads, and puts it into its log"));
    assert!(asked < appended);
    for other in run.world().ids().filter(|&id| id != leader) {
        let sent = place(&format!("{leader} sends it to {other}"));
        let stored = place(&format!("{other} puts it into its log, from {leader}"));
        let durable = place(&format!("it is on {other}’s disk"));
        let committed = place(&format!("{other} knows that it is committed"));
        let applied = place(&format!("{other} applies it"));
        assert!(appended < sent && sent < stored && stored < durable);
        assert!(durable < committed && committed < applied, "{told:#?}");
    }
    let committed = place(&format!("{leader} knows that it is committed"));
    let answered = place(&format!("{leader} answers C1"));
    let heard = place("C1 has the answer");
    assert!(committed < answered && answered < heard);
    let count = |kind| way.steps.iter().filter(|step| step.kind == kind).count();
    let once_each = [StepKind::Durable, StepKind::Committed, StepKind::Applied].map(count);
    assert_eq!(once_each, [3; 3], "{told:#?}");
    assert_eq!([StepKind::Appended, StepKind::Stored, StepKind::Heard].map(count), [1, 2, 1], "{told:#?}");
}

#[test]
fn an_entry_that_is_replaced_is_seen_to_go() {
    let mut run = cluster(3, 7);
    let first = any_leader(&mut run);
    wait(&mut run, 200);
    let others: String =
        run.world().ids().filter(|&id| id != first).map(|id| id.number().to_string()).collect();
    act(&mut run, groups(&format!("{} {others}", first.number())));
    act(&mut run, Action::Propose { server: first, op: Op::Put { key: "y".into(), value: "2".into() } });
    let (index, term) = {
        let node = &run.world().server(first).unwrap().node;
        (node.log().last_index(), node.term())
    };
    until(&mut run, 4000, "the others have a leader", |run| leader(run) != Some(first));
    act(&mut run, Action::Heal);
    let second = leader(&run).unwrap();
    act(&mut run, Action::Propose { server: second, op: put("y", "3") });
    wait(&mut run, 600);
    let way = follow(&whole(&run), index, term);
    let kinds: Vec<StepKind> =
        way.steps.iter().filter(|s| s.who == Row::Server(first)).map(|s| s.kind).collect();
    assert!(
        kinds.contains(&StepKind::Appended) && kinds.last() == Some(&StepKind::Gone),
        "{:#?}",
        told(&way)
    );
    assert!(way.steps.iter().all(|step| step.kind != StepKind::Committed));
}

#[test]
fn an_idle_cluster_folds_into_one_quiet_stretch() {
    let mut run = cluster(5, 7);
    any_leader(&mut run);
    wait(&mut run, 500);
    let before = run.events().len();
    wait(&mut run, 3000);
    let diagram = stretch(&run, before, usize::MAX);
    let bands = bands(&diagram);
    assert_eq!(bands.len(), 1);
    assert!(bands[0].count() * 100 > diagram.events().len() * 95);
    // A request in the middle of it parts it.
    submit(&mut run, Op::Put { key: "x".into(), value: "1".into() });
    wait(&mut run, 3000);
    let diagram = stretch(&run, before, usize::MAX);
    assert!(wavetank::timeline::diagram::bands(&diagram).len() >= 2);
}

#[test]
fn what_a_server_was_is_told_span_by_span() {
    let mut run = cluster(3, 7);
    let first = any_leader(&mut run);
    wait(&mut run, 100);
    crash(&mut run, first.number());
    wait(&mut run, 1000);
    restart(&mut run, first.number());
    wait(&mut run, 300);
    let diagram = whole(&run);
    let row = diagram.rows().iter().position(|row| *row == Row::Server(first)).unwrap();
    let labels: Vec<String> =
        diagram.spans().iter().filter(|span| span.row == row).map(Span::label).collect();
    let term = run.world().servers().iter().map(|s| s.node.term()).max().unwrap();
    assert_eq!(labels[..4], ["F0", "C1", "L1", "✕1"], "{labels:?}");
    assert_eq!(labels.last(), Some(&format!("F{term}")));
    for (one, other) in diagram.spans().iter().zip(diagram.spans().iter().skip(1)) {
        assert!(one.row != other.row || one.to_us == other.from_us);
    }
    assert!(Term(1) < term);
}

#[test]
fn a_message_that_is_held_duplicated_or_waits_for_a_paused_server_is_one_line_each() {
    let mut run = cluster(3, 7);
    let from = any_leader(&mut run);
    let to = run.world().ids().find(|&id| id != from).unwrap();
    act(&mut run, Action::Send { from, to, empty: false });
    let (message, _) = on_way(&run, from.number(), to.number()).pop().unwrap();
    act(&mut run, Action::Hold { message });
    act(&mut run, Action::Duplicate { message });
    wait(&mut run, 50);
    act(&mut run, Action::Pause { server: to });
    act(&mut run, Action::Release { message });
    wait(&mut run, 100);
    let diagram = whole(&run);
    let line = diagram.line(message).unwrap();
    assert_eq!(line.end, End::OnWay);
    assert!(line.held.is_some() && line.waits.is_some() && line.sent_by.is_some());
    act(&mut run, Action::Resume { server: to });
    wait(&mut run, 100);
    let diagram = whole(&run);
    let line = diagram.line(message).unwrap();
    assert!(matches!(line.end, End::Received(_)));
    let copy = diagram.line(PacketName { copy: 1, ..message }).unwrap();
    let sender = &diagram.events()[copy.sent_by.unwrap()];
    assert!(matches!(sender.what, What::Acted { action: Action::Duplicate { .. }, .. }));
}

#[test]
fn a_longer_stretch_is_cut_at_the_cap() {
    let mut run = cluster(9, 3);
    while run.events().len() <= EVENTS_MAX + 10 {
        wait(&mut run, 1000);
    }
    assert_eq!(whole(&run).events().len(), EVENTS_MAX);
    let empty = Diagram::new(Vec::new(), 3);
    assert_eq!((empty.rows().len(), empty.lines().len(), empty.stretch_us()), (3, 0, 0..0));
    let sheet = Sheet::new(Rc::new(empty), 500.0, 200.0, true);
    assert_eq!(sheet.hit(100.0, 100.0), None);
}

/// What is in sight, zoomed into the middle of a busy stretch.
fn busy_sheet() -> Sheet {
    let mut run = cluster(3, 7);
    any_leader(&mut run);
    submit(&mut run, Op::Put { key: "x".into(), value: "1".into() });
    wait(&mut run, 300);
    crash(&mut run, 2);
    wait(&mut run, 500);
    let mut sheet = Sheet::new(Rc::new(whole(&run)), 900.0, 300.0, true);
    sheet.zoom(6.0, 300.0);
    sheet
}

#[test]
fn the_picture_has_what_is_in_sight_and_no_more() {
    let mut sheet = busy_sheet();
    let all = picture(&sheet, None, None);
    let in_sight = sheet.places().filter(|&place| {
        sheet.hidden_in(place).is_none() && sheet.diagram.points()[place].kind != PointKind::Lost
    });
    let points: usize =
        all.marks.iter().filter(|(look, _)| look.layer == 7).map(|(_, marks)| marks.len()).sum();
    let checks: usize =
        all.marks.iter().filter(|(look, _)| look.shape == Shape::Check).map(|(_, marks)| marks.len()).sum();
    assert_eq!(points - checks, in_sight.count());
    assert!(all.marks.keys().chain([]).all(|look| !look.faded));
    assert_eq!(all.names.len(), sheet.diagram.rows().len());
    // What is lit stays, all else stands back.
    let of = sheet.places().find(|&place| sheet.diagram.points()[place].kind == PointKind::Delivery).unwrap();
    let cone = sheet.diagram.cone(of, Relation::HappenedBefore).unwrap();
    let light = Light::of_cone(&sheet.diagram, &cone);
    let lit = picture(&sheet, Some(&light), Some(of));
    let bright: usize = lit
        .marks
        .iter()
        .filter(|(look, _)| look.layer == 7 && look.shape != Shape::Check)
        .map(|(_, marks)| marks.len())
        .sum();
    let wanted = sheet.places().filter(|&place| {
        cone.contains(place)
            && sheet.hidden_in(place).is_none()
            && sheet.diagram.points()[place].kind != PointKind::Lost
    });
    assert_eq!(bright, wanted.count());
    assert!(lit.marks.keys().any(|look| look.faded) && lit.strokes.keys().any(|look| look.faded));
    assert!(lit.marks.keys().any(|look| look.layer == 9), "the chosen one has a ring");
    sheet.fit();
    assert!(!picture(&sheet, None, None).words.is_empty());
}

#[test]
fn the_svg_is_whole_has_its_own_colours_and_no_outside() {
    let text = svg(&busy_sheet(), None, None);
    assert!(text.starts_with("<svg xmlns=") && text.ends_with("</svg>\n"));
    for foreign in ["var(", "class=", "style", "href", "NaN", "inf"] {
        assert!(!text.contains(foreign), "{foreign}");
    }
    assert!(text.contains("<title>Events ") && text.contains(">S1</text>") && text.contains(">L1</text>"));
    assert!(text.contains(">C1</text>"), "the client's row");
    let mut open: Vec<String> = Vec::new();
    for tag in text.split('<').skip(1) {
        let (tag, rest) = tag.split_once('>').expect("each tag is closed");
        assert!(!rest.contains('>'), "{rest}");
        let name: String = tag.chars().take_while(|c| c.is_alphanumeric()).collect();
        if let Some(end) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(end));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty());
    let none = svg(&Sheet::new(Rc::new(Diagram::new(Vec::new(), 3)), 400.0, 200.0, true), None, None);
    assert!(none.contains("No events") && none.ends_with("</svg>\n"));
}

#[test]
fn ten_thousand_events_at_once_are_few_enough_strokes() {
    let mut setup = Setup::new(5, 3);
    setup.options.workload_every_us = 100_000;
    let mut run = Run::new(&setup).unwrap();
    while run.events().len() < EVENTS_MAX {
        wait(&mut run, 1000);
    }
    let diagram = Rc::new(whole(&run));
    let count = diagram.lines().len();
    let mut sheet = Sheet::new(diagram, 900.0, 300.0, false);
    for _ in 0..3 {
        let picture = picture(&sheet, None, None);
        let strokes: usize = picture.strokes.values().map(Vec::len).sum();
        let marks: usize = picture.marks.values().map(Vec::len).sum();
        assert!(strokes < 4000.min(count), "{strokes} strokes for {count} messages");
        assert!(marks < 4000, "{marks}");
        assert!(picture.words.len() < 400);
        sheet.zoom(6.0, 450.0);
    }
}
