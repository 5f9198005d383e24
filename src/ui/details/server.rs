//! A server in full: its state, its faults, its place in the cluster, what it knows of the others.

use super::disk::{DiskFacts, DiskSpeed, disk_actions, disk_lines};
use super::send::sends;
use super::{Line, lines_html};
use crate::raft::{
    Change, Configuration, Index, Mode, Pace, Role, RoleName, Rules, ServerId, ServerSet, Timer,
};
use crate::sim::{Action, Endpoint, Server};
use crate::ui::context::{use_tank, use_view_of};
use crate::ui::control::{Act, Offer, offers};
use crate::ui::members;
use crate::ui::requests;
use crate::ui::tank::Tank;
use crate::ui::words::{self, clip};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub struct ServerProps {
    /// Which.
    pub id: ServerId,
}

#[derive(Clone, Debug, PartialEq)]
struct ServerFacts {
    lines: Vec<Line>,
    peers: Vec<Peer>,
    store: Vec<(String, String)>,
    leads: bool,
    up: bool,
    paused: bool,
    clock_ppm: i32,
    disk: DiskFacts,
    rules: Rules,
    /// The configuration in sight, which changes begin from.
    members: Configuration,
}

#[derive(Clone, Debug, PartialEq)]
struct Peer {
    id: ServerId,
    progress: Option<(Index, Index, String)>,
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
                format!("{}{}", words::role_word(server), if brief.paused { ", paused" } else { "" }),
            ),
            ("currentTerm".into(), brief.term.to_string()),
            ("votedFor".into(), some(brief.voted_for)),
            ("leader, to its knowledge".into(), some(brief.leader)),
            ("log ends at".into(), format!("index {}, term {}", brief.last_index, brief.last_term)),
            ("on disk up to".into(), brief.durable_index.to_string()),
            ("commitIndex".into(), brief.commit.to_string()),
            ("lastApplied".into(), brief.applied.to_string()),
        ];
        if server.retired {
            // What it knew went with its disk.
            lines.truncate(1);
        } else {
            lines.extend(timer_lines(server));
            lines.extend(membership_lines(server));
            lines.extend(leader_lines(server));
            lines.extend(snapshot_lines(server));
        }
        if let Some((from, at_us)) = server.heard {
            lines.push(("last heard".into(), format!("{from}, at {}", words::time_text(at_us as f64))));
        }
        lines.extend(disk_lines(world, server));
        if !server.waiting.is_empty() {
            lines.push(("held back".into(), format!("{} messages wait for the disk", server.waiting.len())));
        }
        let cut = |from, to| world.network().is_cut(Endpoint::Server(from), Endpoint::Server(to));
        let peers = world.ids().filter(|peer| *peer != id).map(|peer| Peer {
            id: peer,
            progress: node
                .progress(peer)
                .filter(|_| node.configuration().members().contains(peer))
                .map(|p| (p.next, p.matched, mode_text(server, peer, p.mode))),
            cut_to: cut(id, peer),
            cut_from: cut(peer, id),
        });
        Some(ServerFacts {
            lines,
            peers: peers.collect(),
            clock_ppm: server.clock_ppm,
            disk: DiskFacts::of(world, server),
            rules: world.rules(),
            members: members::in_sight(world),
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
    let timers = [
        (Timer::Election, "election timer"),
        (Timer::Heartbeat, "heartbeat timer"),
        (Timer::Quorum, "check of the quorum"),
        (Timer::Transfer, "transfer given up"),
        (Timer::CatchUp, "round too long"),
    ];
    timers.into_iter().filter_map(|(timer, name)| line(timer, name)).collect()
}

/// What it goes by, and whom it would vote for.
fn membership_lines(server: &Server) -> Vec<Line> {
    let node = &server.node;
    let configuration = node.configuration();
    let set = |set: ServerSet| if set.is_empty() { "nobody".into() } else { set.to_string() };
    let mut lines: Vec<Line> = Vec::new();
    if configuration.is_joint() {
        lines.push(("old voters".into(), set(configuration.outgoing)));
        lines.push(("new voters".into(), set(configuration.voters)));
    } else {
        lines.push(("voters, as it goes by".into(), set(configuration.voters)));
    }
    if !configuration.learners.is_empty() {
        lines.push(("learners".into(), set(configuration.learners)));
    }
    match node.role() {
        Role::Candidate { granted, .. } => lines.extend(members::counts(configuration, "votes", *granted)),
        Role::PreCandidate { granted, .. } => {
            lines.extend(members::counts(configuration, "pre-votes", *granted));
        }
        Role::Leader(leading) if configuration.is_joint() => {
            let last = node.log().last_index();
            let has = |id: &ServerId| {
                let own = *id == node.id() && node.durable_index() >= last;
                own || leading.progress[id.slot()].matched >= last
            };
            let have = configuration.members().iter().filter(has).collect();
            lines.extend(members::counts(configuration, &format!("have index {last}"), have));
        }
        _ => {}
    }
    if let Some(timer) = server.timer(Timer::Stickiness).filter(|_| node.hears_leader()) {
        let until = words::time_text(timer.fires_us as f64);
        lines.push(("hears a leader".into(), format!("votes are withheld until {until} (D4.2.3)")));
    }
    lines
}

/// What only a leader has: a lease, reads, a transfer, a server that catches up.
fn leader_lines(server: &Server) -> Vec<Line> {
    let Some(leading) = server.node.leadership() else { return Vec::new() };
    let mut lines: Vec<Line> = Vec::new();
    let held = |(timer, lease): (Timer, _)| {
        (lease == crate::raft::Lease::Held).then(|| server.timer(timer))?.map(|running| running.fires_us)
    };
    if let Some(until_us) = Timer::LEASES.into_iter().zip(leading.leases).filter_map(held).max() {
        lines.push(("lease until".into(), words::time_text(until_us as f64)));
    }
    if !leading.reads.is_empty() {
        let (reads, round) = (leading.reads.len(), leading.round.0);
        lines.push((
            "reads waiting".into(),
            format!("{reads}; round {} of {round} confirmed", leading.confirmed.0),
        ));
    }
    if let Some(transfer) = leading.transfer {
        let state = if transfer.sent { "told to stand" } else { "gets the log first" };
        lines.push(("hands over to".into(), format!("{}: {state} (D3.10)", transfer.to)));
    }
    if let Some(up) = leading.catch_up {
        lines.push((
            "catches up".into(),
            match up.pace {
                Pace::CaughtUp => format!("{}: done, and the change is next ({})", up.servers, up.change),
                _ => format!("{}: round {}, up to index {}", up.servers, up.round, up.target),
            },
        ));
    }
    lines
}

/// Its snapshot, what it receives of one, and the sessions of its store.
fn snapshot_lines(server: &Server) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    if let Some(snapshot) = server.node.snapshot() {
        let (index, term, bytes) = (snapshot.index, snapshot.term, snapshot.data.len());
        lines.push(("snapshot".into(), format!("up to index {index}, term {term}, {bytes} bytes")));
    }
    if let Some((index, bytes)) = server.node.incoming() {
        lines.push(("receives a snapshot".into(), format!("up to index {index}, {bytes} bytes so far")));
    }
    for (client, session) in server.store.sessions() {
        let end = match session.life {
            _ if session.ended => ", ended".into(),
            0 => String::new(),
            life => format!(", ends after {life} entries"),
        };
        lines.push((format!("session of C{client}"), format!("last command no. {}{end}", session.serial)));
    }
    lines
}

/// What a leader does about a follower's log.
fn mode_text(server: &Server, peer: ServerId, mode: Mode) -> String {
    match mode {
        Mode::Probe { .. } => "probe".into(),
        Mode::Replicate => "replicate".into(),
        Mode::Snapshot { offset } => {
            let sending = server.node.leadership().and_then(|leading| leading.sending.get(&peer));
            match sending {
                Some(snapshot) => format!("snapshot, byte {offset} of {}", snapshot.data.len()),
                None => "snapshot".into(),
            }
        }
    }
}

/// What can be done to it at any time.
fn actions(id: ServerId, facts: &ServerFacts) -> Vec<Offer> {
    let server = id;
    let (timer, fire) = match facts.leads {
        true => (Timer::Heartbeat, "Heartbeat now"),
        false => (Timer::Election, "Time out now"),
    };
    let crash =
        (Action::Crash { server }, "Crash", "Stops at once; what is not on its disk is lost", "X", "danger");
    let restart = (Action::Restart { server }, "Restart", "Comes up with what is on its disk", "X", "");
    let pause = (Action::Pause { server }, "Pause", "Stands still; nothing is lost", "Z", "");
    let resume = (Action::Resume { server }, "Resume", "Goes on, with everything it missed waiting", "Z", "");
    vec![
        if facts.up { crash } else { restart },
        if facts.paused { resume } else { pause },
        (Action::Fire { server, timer }, fire, "Its timer fires now", "T", ""),
        (Action::StepDown { server }, "Step down", "Becomes a follower of the same term", "", ""),
    ]
}

/// What can be asked of the leader about this server. What the configuration in sight rules out is not
/// offered.
fn member_actions(id: ServerId, facts: &ServerFacts) -> Vec<Offer> {
    let members = &facts.members;
    let known = members.members().contains(id);
    let hand_over = "The leader hands its leadership over to it, once it has the whole log (D3.10)";
    let promote = "It gets a vote, once it has caught up if that is an option (D4.2.1)";
    let changes = [
        (Change::Learner(id), ["Add as learner", "Make learner"], "It gets the log and has no vote (D4.2.1)"),
        (Change::Add(id), ["Add as voter", "Promote"], promote),
        (Change::Remove(id), ["", "Remove"], "It leaves the cluster (D4.1)"),
        (
            Change::Leave,
            ["Leave joint consensus"; 2],
            "The leader appends the new configuration; from then on only its majority counts (§6)",
        ),
    ];
    let mut offers: Vec<Offer> = Vec::new();
    if members.voters.contains(id) && !facts.leads {
        offers.push((Action::Transfer { to: id, at: None }, "Make leader", hand_over, "F", "small"));
    }
    let possible = changes.into_iter().filter(|(change, ..)| members.changed_by(*change).is_ok());
    offers.extend(possible.map(|(change, labels, hint)| {
        (Action::Change { change, at: None }, labels[usize::from(known)], hint, "", "small")
    }));
    offers
}

/// What can go wrong with a machine; with what is outside Raft's fault model marked.
fn fault_actions(id: ServerId, facts: &ServerFacts) -> Vec<Offer> {
    let server = id;
    let DiskFacts { lies, fsync, .. } = facts.disk;
    let other = Action::SetDisk { server, lies: !lies, fsync };
    let torn = "Crashes in the middle of the write under way: inside Raft’s fault model, if checksums end the log (D3.8)";
    let mut offers: Vec<Offer> = vec![
        (
            Action::Snapshot { server },
            "Take snapshot",
            "What it has applied is put in the place of its log (§7)",
            "K",
            "small",
        ),
        (Action::Tear { server }, "Torn write", torn, "", "small"),
    ];
    let slow = "Its clock runs slow: its next timers last longer; safe, but for leases";
    let exact = "Its clock runs as the others’: its next timers last as long as they should";
    let fast = "Its clock runs fast: its next timers are shorter";
    let clocks = [(-300_000, "Slow clock", slow), (0, "Exact clock", exact), (400_000, "Fast clock", fast)];
    let others = clocks.into_iter().filter(|(ppm, ..)| *ppm != facts.clock_ppm);
    offers.extend(
        others.map(|(ppm, label, clock)| (Action::SetClock { server, ppm }, label, clock, "", "small")),
    );
    offers.extend(disk_actions(id, &facts.disk));
    let wipe = Action::Wipe { server };
    let (label, hint) = if wipe.is_outside_fault_model(facts.rules) {
        (
            "Wipe disk ⚠",
            "It comes back under its old name with an empty disk: outside Raft’s fault model, no promise holds (D3.8)",
        )
    } else {
        ("Wipe disk", "It loses its disk and comes back as somebody new: inside Raft’s fault model (D3.8)")
    };
    offers.push((wipe, label, hint, "", "small danger"));
    let (label, hint) = if lies {
        ("Honest disk", "What it says from now on is true; what it has said may not be")
    } else {
        (
            "Disk lies ⚠",
            "It says that a write is done before it is: outside Raft’s fault model, no promise holds (D3.8)",
        )
    };
    offers.push((other, label, hint, "", "small danger"));
    offers
}

/// A server in full.
#[component]
pub fn ServerDetails(props: &ServerProps) -> Html {
    let id = props.id;
    let tank = use_tank();
    let facts = use_view_of(tank.clone(), id, |tank, id| server_facts(tank, *id));
    let Some(facts) = &*facts else { return html! { <p>{ "There is no such server in this run." }</p> } };
    let ask = move |_: MouseEvent| requests::ask(&tank, "", Some(id), None);
    let ask = html! {
        <button type="button" class="button" onclick={ask} title={format!("The client asks {id} first, whether it leads or not")}>{ format!("Ask {id}") }</button>
    };
    html! {
        <>
            { offers(format!("Act on {id}"), actions(id, facts), ask) }
            { offers(format!("{id} in the cluster"), member_actions(id, facts), html! {}) }
            <details class="faults">
                <summary>{ "Snapshot, disk and clock" }</summary>
                { offers(format!("Disk and clock of {id}"), fault_actions(id, facts), html! {}) }
                <DiskSpeed {id} disk={facts.disk.clone()} />
            </details>
            { sends(id, facts.peers.iter().map(|peer| peer.id)) }
            { lines_html(&facts.lines) }
            if !facts.peers.is_empty() {
                <h3>{ if facts.leads { "Followers and links" } else { "Links" } }</h3>
                <table class="peers">
                    <thead><tr>
                        <th scope="col">{ "peer" }</th>
                        if facts.leads { <th scope="col">{ "next" }</th><th scope="col">{ "match" }</th><th scope="col">{ "mode" }</th> }
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
    let (next, matched, mode) = match &peer.progress {
        Some((next, matched, mode)) => (next.to_string(), matched.to_string(), mode.clone()),
        None => ("–".to_owned(), "–".to_owned(), "–".to_owned()),
    };
    let state = |cut: bool| if cut { "cut · " } else { "open · " };
    html! {
        <tr key={peer.id.number()}>
            <th scope="row">{ peer.id.to_string() }</th>
            if leads { <td>{ next }</td><td>{ matched }</td><td class="mode">{ mode }</td> }
            <td>{ state(peer.cut_to) }<CutToggle from={id} to={peer.id} cut={peer.cut_to} /></td>
            <td>{ state(peer.cut_from) }<CutToggle from={peer.id} to={id} cut={peer.cut_from} /></td>
        </tr>
    }
}

#[derive(Clone, PartialEq, Properties)]
pub struct CutProps {
    /// Who sends.
    pub from: ServerId,
    /// Who receives.
    pub to: ServerId,
    /// Whether the direction is cut.
    pub cut: bool,
}

/// Cuts one direction of a link, or mends it.
#[component]
pub fn CutToggle(props: &CutProps) -> Html {
    let &CutProps { from, to, cut } = props;
    let action = if cut { Action::Mend { from, to } } else { Action::Cut { from, to } };
    let hint = if cut {
        format!("Messages from {from} to {to} arrive again")
    } else {
        format!("Messages from {from} to {to} no longer arrive")
    };
    html! { <Act {action} label={if cut { "Mend" } else { "Cut" }} {hint} class={classes!("small", cut.then_some("is-cut"))} /> }
}
