//! What people do, in words.

use super::claim::{Claim, Fate};
use super::client::{appended, sent_to};
use super::guards::{deciding, of, passed, refused};
use super::phrases::{links, phrase, speed, written};
use super::roles::role_change;
use super::sentence::{Draft, Kind, Scene, draft};
use super::servers::disk_of;
use super::words::{count, duration, entries, list, members, op as asks, request, span, vote};
use crate::kv::Op;
use crate::raft::{Change, ReadMode, RoleName, Rule, Rules, ServerId, ServerSet, TimerRange};
use crate::sim::{Action, Brief, Event, Fault, LinkPreset, Refusal, Workload};

/// Somebody has acted, or tried to; or a schedule has.
pub(super) fn acted(event: &Event, action: &Action, refused: Option<&Refusal>, scene: Scene) -> Draft {
    let mut draft = done(event, action, refused, scene);
    if event.is_scheduled() {
        let text = ["The ", "Nothing "].iter().fold(draft.text, |text, word| match text.strip_prefix(word) {
            Some(rest) => word.to_lowercase() + rest,
            None => text,
        });
        draft.text = format!("By schedule, {text}");
    }
    draft
}

fn done(event: &Event, action: &Action, refused: Option<&Refusal>, scene: Scene) -> Draft {
    if let Some(why) = refused {
        let draft = draft(Kind::Action, &[], format!("Nothing comes of “{}”: {why}", phrase(action)));
        let declined = deciding(event).filter(|_| matches!(why, Refusal::Declined { .. }));
        return declined.into_iter().fold(draft, |draft, guard| draft.also(guard.rule.section()));
    }
    match action {
        Action::Crash { .. }
        | Action::Restart { .. }
        | Action::Pause { .. }
        | Action::Resume { .. }
        | Action::Tear { .. } => to_server(event, action),
        Action::Wipe { server } => wiped(event, *server),
        Action::Change { change, .. } => changed(event, change),
        Action::Transfer { to, .. } => transfer(event, *to),
        Action::Boot { server } => draft(
            Kind::Action,
            &["D4.2.1"],
            format!("{server} starts, with an empty disk and no idea of a cluster: it waits to be added"),
        ),
        Action::Snapshot { server } => {
            let upto = event.change.map(|change| change.after.applied).unwrap_or_default();
            let text = format!(
                "{server} takes a snapshot of its state machine up to entry {upto}; when that is on its disk, the log gives up what it covers"
            );
            draft(Kind::Action, &["§7"], text).at(upto).claim([Claim::Snapshot {
                server: *server,
                upto,
                installed: false,
            }])
        }
        Action::SetClock { server, ppm } => draft(
            Kind::Fault,
            &["D6.4.1"],
            format!(
                "{server}'s clock runs {} from now on{}",
                speed(*ppm),
                if *ppm == 0 { "" } else { ": Raft's safety does not depend on clocks, but leases do" }
            ),
        ),
        Action::SetDisk { server, lies, fsync } => disk(event, *server, *lies, *fsync, scene),
        Action::StallDisk { server, for_us } => {
            let text = format!(
                "{server}'s disk stalls for {}: what waits for a write waits until then, and a crash before then loses it",
                duration(*for_us)
            );
            draft(Kind::Fault, &["D3.8", "D10.2.1"], text)
        }
        Action::Cut { from, to } => draft(
            Kind::Fault,
            &[],
            format!("The link is cut from {from} to {to}: {to} no longer hears {from}"),
        ),
        Action::Mend { from, to } => draft(
            Kind::Fault,
            &[],
            format!("The link from {from} to {to} is mended: {to} hears {from} again"),
        ),
        Action::Partition { groups } => partitioned(event, groups, scene),
        Action::Heal => draft(Kind::Fault, &[], "The network is healed: everyone hears everyone"),
        Action::LinkPreset { preset } => preset_in_words(event, *preset, scene),
        Action::Schedule { fault, every_us, for_us } => scheduled(*fault, *every_us, *for_us),
        Action::Calm => {
            draft(Kind::Action, &[], "All schedules end; what they have begun still ends in its time")
        }
        Action::Workload(workload) => draft(Kind::Client, &[], load(workload)),
        Action::StepDown { server } => draft(
            Kind::Election,
            &["§5.1"],
            format!("{server} steps down by hand and is a follower of the same term"),
        )
        .claim(role_change(event)),
        Action::Submit { op, to, mode } => submitted(event, op, *to, *mode),
        Action::Propose { server, op } => proposed(event, *server, op),
        Action::SetRules { off } => draft(Kind::Action, &[], rules_off(*off)),
        Action::Manual { on: true } => {
            draft(Kind::Action, &[], "Time stands still: timers and messages move by hand only")
        }
        Action::Manual { on: false } => draft(Kind::Action, &[], "Time goes on by itself"),
        Action::Mislead { leader, follower, next } => draft(
            Kind::Action,
            &["Fig. 2"],
            format!("{leader}'s nextIndex for {follower} is set to {next} by hand"),
        ),
        Action::SetOptions { .. } => draft(Kind::Action, &[], "Other options are in force from now on"),
        _ => draft(Kind::Action, &[], format!("By hand: {}", phrase(action))),
    }
}

/// A workload begins, or ends.
#[must_use]
pub fn load(workload: &Workload) -> String {
    let Workload { clients, every_us, reads_ppm, increments_ppm, keys, hot_ppm, mode } = *workload;
    if clients == 0 {
        return "The workload ends: what is under way is still waited for".into();
    }
    let shares = [(reads_ppm, "reads"), (increments_ppm, "increments")];
    let shares = shares.into_iter().filter(|(ppm, _)| *ppm > 0);
    let shares: Vec<String> = shares.map(|(ppm, what)| format!("{} {what}", share(ppm))).collect();
    let what = match (shares.is_empty(), reads_ppm + increments_ppm) {
        (true, _) => "writes".into(),
        (false, 1_000_000) => list(shares),
        (false, _) => format!("{}, the others writes", list(shares)),
    };
    let who = match clients {
        1 => "C2 asks".into(),
        several => format!("each of C2 to C{} asks", several + 1),
    };
    let hot = hot_ppm.map(|ppm| format!(", {} of them to k0", share(ppm))).unwrap_or_default();
    let mode = mode.map(|mode| format!("; reads by {}", reads_by(mode))).unwrap_or_default();
    let keys = count(u64::from(keys), "key", "keys");
    format!("From now on {who} something every {}: {what}, of {keys}{hot}{mode}", duration(every_us))
}

/// Millionths as people read them.
fn share(ppm: u32) -> String {
    let rest = format!("{:04}", ppm % 10_000);
    let rest = rest.trim_end_matches('0');
    format!("{}{}{rest} %", ppm / 10_000, if rest.is_empty() { "" } else { "." })
}

fn reads_by(mode: ReadMode) -> &'static str {
    match mode {
        ReadMode::Log => "the log",
        ReadMode::ReadIndex => "ReadIndex",
        ReadMode::Lease => "lease",
        ReadMode::Local => "whoever is asked",
        ReadMode::Follower => "followers",
    }
}

/// A schedule is set, or ends.
fn scheduled(fault: Fault, every_us: u64, for_us: Option<u64>) -> Draft {
    if every_us == 0 {
        let text = format!("The schedule of ‘{fault}’ ends; what it has begun still ends in its time");
        return draft(Kind::Action, &[], text);
    }
    let what = match fault {
        Fault::Crash => "a random server crashes".into(),
        Fault::CrashLeader => "the leader crashes".into(),
        Fault::Pause => "a random server is paused".into(),
        Fault::Cut => "a random link is cut in one direction".into(),
        Fault::Partition => "the network is cut into two random halves".into(),
        Fault::Links(preset) => format!("the network is cut as ‘{}’", preset.title()),
        Fault::Transfer => "the leader is asked to hand its leadership over".into(),
        Fault::StallDisk => "a random server's disk stalls".into(),
    };
    let length = for_us.map(|us| format!(", for {}", duration(us))).unwrap_or_default();
    let text = format!("From now on, every {}, {what}{length}", duration(every_us));
    draft(Kind::Action, if fault == Fault::Transfer { &["D3.10"] } else { &[] }, text)
}

/// Whoever is in no group is alone.
fn partitioned(event: &Event, groups: &[ServerSet], scene: Scene) -> Draft {
    let hears_all = |id: &ServerId| event.cuts.as_ref().is_none_or(|cuts| cuts[id.slot()].is_empty());
    if ServerId::first(scene.servers).all(|id| hears_all(&id)) {
        return draft(Kind::Fault, &[], "The network is one again: everyone hears everyone");
    }
    let named = groups.iter().fold(ServerSet::EMPTY, |all, group| all.or(*group));
    let alone = ServerId::first(scene.servers).filter(|id| !named.contains(*id) && !hears_all(id));
    let alone = alone.map(|id| [id].into_iter().collect());
    let groups: Vec<ServerSet> =
        groups.iter().copied().filter(|group| !group.is_empty()).chain(alone).collect();
    draft(Kind::Fault, &[], format!("The network is cut into {}", written(&groups)))
}

fn preset_in_words(event: &Event, preset: LinkPreset, scene: Scene) -> Draft {
    let left = event.cuts.as_ref().map(|cuts| links(cuts, scene.servers)).unwrap_or_default();
    let section: &[&'static str] = match preset {
        LinkPreset::OneWay => &["D6.2"],
        LinkPreset::ConstrainedElection => &["§5.4.1"],
        LinkPreset::QuorumLoss | LinkPreset::Chained => &["§5.2"],
        _ => &[],
    };
    let left = if left.is_empty() { "no link is left".into() } else { format!("what is left is {left}") };
    draft(Kind::Fault, section, format!("The network is cut as ‘{}’: {left}", preset.title()))
}

/// A disk is another from now on. What it was before is told by the last event of its kind.
fn disk(event: &Event, server: ServerId, lies: bool, fsync: Option<TimerRange>, scene: Scene) -> Draft {
    let Some((lied, took)) =
        disk_of(scene, event.id, server).or((lies || fsync.is_some()).then_some((false, None)))
    else {
        // Nobody knows any more what it was before.
        let text = format!("{server}'s disk is honest, and takes as long for each write as the others'");
        return draft(Kind::Fault, &["D3.8"], text);
    };
    let honesty = (lied != lies).then_some(if lies {
        "says from now on that a write is done before it is: that is outside of Raft's fault model, and no promise holds any more"
    } else {
        "is honest again: what it says is written is written"
    });
    let speed = (took != fsync).then(|| match fsync {
        Some(range) => format!(
            "takes {} for each write from now on: whatever has to be on it first waits that long, while a leader can commit by the disks of the others",
            span(range)
        ),
        None => "takes as long for each write as the others' again".into(),
    });
    let does = list(speed.into_iter().chain(honesty.map(String::from)));
    let section = if lied == lies { "D10.2.1" } else { "D3.8" };
    draft(Kind::Fault, &[section], format!("{server}'s disk {does}"))
}

fn submitted(event: &Event, op: &Op, to: Option<ServerId>, mode: Option<ReadMode>) -> Draft {
    let mode = mode.filter(|_| matches!(op, Op::Get { .. })).unwrap_or_default();
    let what = request(op, mode);
    let whom = match (event.sent.first(), to) {
        (Some(name), _) => format!("C1 asks {} {what}", name.to),
        (None, Some(to)) => format!("C1 will ask {to} {what} when what it asked before is over"),
        (None, None) => format!("C1 will ask {what} when what it asked before is over"),
    };
    draft(Kind::Client, if mode == ReadMode::Log { &["§8"] } else { &["D6.4"] }, whom)
}

// Membership and leadership.

/// A leader has taken up a change of the configuration.
fn changed(event: &Event, change: &Change) -> Draft {
    let (Some(brief), Some(leader)) = (event.change, event.server) else {
        return draft(Kind::Action, &["§6"], "The configuration changes");
    };
    let (before, after) = (brief.before, brief.after);
    let index = after.last_index;
    let (mut what, mut then) = (members(&after.configuration), "it is in force at once".to_string());
    let mut section = match change {
        Change::Add(_) | Change::Remove(_) => "D4.1",
        Change::Learner(_) => "D4.2.1",
        Change::Joint { .. } | Change::Leave => "§6",
    };
    match change {
        Change::Learner(id) if before.last_index == index => {
            let text =
                format!("{leader} lets {id} stay a learner: it is to become no voter when it has caught up");
            return draft(Kind::Action, &["D4.2.1"], text);
        }
        _ if before.last_index == index => {
            let who = match change {
                Change::Add(id) => format!("{id} catch up before it becomes a voter"),
                _ => "the new servers catch up before they become voters".into(),
            };
            return draft(Kind::Action, &["D4.2.1"], format!("{leader} lets {who}"));
        }
        _ if of(event, Rule::ConfigurationOnAppend).is_some_and(|guard| !guard.on) => {
            what = "asked for".into();
            then = "it is in force when it is committed".into();
        }
        Change::Add(id) if after.configuration.learners.contains(*id) => {
            then.push_str(&format!(": {id} receives the log, and becomes a voter when it has caught up"));
            section = "D4.2.1";
        }
        Change::Joint { manual, .. } if after.configuration.is_joint() => {
            let until = if *manual { "somebody asks to leave it" } else { "it is committed" };
            then.push_str(&format!(
                ": until {until}, majorities of the old and of the new voters are needed"
            ));
        }
        _ if after.role != RoleName::Leader => then.push_str(", and it steps down"),
        Change::Remove(id)
            if *id == leader && of(event, Rule::LeaderOutsideNotCounted).is_some_and(|guard| !guard.on) =>
        {
            then.push_str(": the leader counts itself all the same, and leads until that is committed");
        }
        Change::Remove(id) if *id == leader => {
            then.push_str(": the leader does not count itself any more, and leads until that is committed");
        }
        _ => {}
    }
    let text =
        format!("{leader} appends the configuration {what} as entry {index}{}; {then}", sent_to(event));
    let new = Claim::Configuration { server: leader, configuration: after.configuration, committed: false };
    let in_force = after.configuration != before.configuration;
    draft(Kind::Action, &[section], text)
        .at(index)
        .claim(appended(event, index))
        .claim(in_force.then_some(new))
        .claim(role_change(event))
}

fn transfer(event: &Event, to: ServerId) -> Draft {
    let leader = vote(event.server);
    let caught_up = passed(event, Rule::TransferWaitsForCatchUp);
    let claim = event.server.map(|leader| Claim::Transfer {
        leader,
        to,
        caught_up: caught_up.is_some_and(|guard| guard.held),
    });
    let text = if caught_up.is_some() {
        format!(
            "{leader} is to hand its leadership over to {to}, takes no more commands, and asks {to} to stand at once"
        )
    } else {
        format!(
            "{leader} is to hand its leadership over to {to}, takes no more commands, and sends {to} first what it lacks"
        )
    };
    draft(Kind::Action, &["D3.10"], text).claim(claim)
}

fn proposed(event: &Event, server: ServerId, op: &Op) -> Draft {
    let Some(change) = &event.change else {
        return draft(Kind::Client, &["§5.3"], format!("{server} takes {}", asks(op)));
    };
    let index = change.after.last_index;
    let text = format!(
        "{server} takes {} straight into its log as entry {index} of term {}",
        asks(op),
        change.after.term
    );
    draft(Kind::Client, &["§5.3"], text + &sent_to(event)).at(index).claim(appended(event, index))
}

fn rules_off(off: Rules) -> String {
    let off: Vec<Rule> = off.off().collect();
    if off.is_empty() {
        "From now on every rule is in force".into()
    } else {
        format!("From now on off: {}", list(off.iter().map(|rule| rule.title())))
    }
}

fn to_server(event: &Event, action: &Action) -> Draft {
    let Some(change) = &event.change else { return draft(Kind::Fault, &[], phrase(action)) };
    let (before, after) = (change.before, change.after);
    match action {
        Action::Tear { server } => {
            let text = format!(
                "{server} crashes in the middle of a write: its disk has whole entries up to {}, and behind them a piece of one",
                after.last_index
            );
            draft(Kind::Fault, &["D3.8"], text)
                .at(after.last_index)
                .claim([Claim::Up { server: *server, up: false }])
        }
        Action::Crash { server } => {
            let mut claims = vec![Claim::Up { server: *server, up: false }];
            let lost = if before.last_index > after.last_index {
                let (from, to) = (after.last_index.next(), before.last_index);
                claims.push(Claim::Entries { server: *server, from, to, fate: Fate::Lost });
                let lost = entries(after.last_index.next(), before.last_index);
                let are = if before.last_index == after.last_index.next() { "is" } else { "are" };
                format!(": {lost} had not reached its disk and {are} lost")
            } else if (before.term, before.voted_for) != (after.term, after.voted_for) {
                ": its latest term or vote had not reached its disk and is lost".into()
            } else {
                ": what its memory held is lost, what its disk holds stays".into()
            };
            draft(Kind::Fault, &["§5.5", "D3.8"], format!("{server} crashes{lost}")).claim(claims)
        }
        Action::Restart { server } => {
            let mut text = format!("{server} restarts from its disk: {}", found(after));
            let mut sections = vec!["D3.8"];
            if refused(event, Rule::ChecksumEndsLog).is_some() {
                text.push_str("; a torn entry behind that was known by its checksum, and is cut off");
            }
            if refused(event, Rule::RestartedVoterWaits).is_some() {
                text.push_str("; it withholds its vote for an election timeout, as a lease may count on it");
                sections.push("D6.4.1");
            }
            draft(Kind::Fault, &sections, text).claim([Claim::Up { server: *server, up: true }])
        }
        Action::Pause { server } => draft(
            Kind::Fault,
            &["§5.5"],
            format!("{server} is paused: it stands still, and what arrives waits in front of it"),
        ),
        Action::Resume { server } => {
            draft(Kind::Fault, &["§5.5"], format!("{server} goes on, and takes what has arrived meanwhile"))
        }
        _ => draft(Kind::Fault, &[], phrase(action)),
    }
}

/// A server has lost its disk.
fn wiped(event: &Event, server: ServerId) -> Draft {
    if refused(event, Rule::FreshIdentity).is_none() {
        let text = format!(
            "{server} loses its disk and comes back under its old name, having forgotten what it promised: that is outside of Raft's fault model"
        );
        return draft(Kind::Fault, &["D3.8"], text);
    }
    let text = format!(
        "{server} loses its disk, and nobody of that name comes back; another server starts empty, under a new name, and waits to be added"
    );
    draft(Kind::Fault, &["D3.8", "D4.1"], text)
}

/// What a server has after a restart.
fn found(now: Brief) -> String {
    let Brief { term, voted_for, last_index, first_index, .. } = now;
    let covered = first_index.prev();
    let mut log = count(last_index.0 - covered.0, "entry", "entries");
    if covered.0 > 0 {
        log = format!("a snapshot up to entry {covered} with {log} behind it");
    }
    format!(
        "it knows term {term}, a vote for {} and {log}; its commitIndex begins at {} again",
        vote(voted_for),
        now.commit
    )
}
