//! The console without its looks: lines in, answers out, and what was typed before.

use super::command::{COMMANDS, Command, DiskChange, Help, Target};
use super::options::{self, Setting};
use super::parse::parse;
use super::{answers, elect, members};
use crate::explain::{Scene, sentence, span};
use crate::kv::Op;
use crate::raft::{ChangeError, Refused, ServerId, ServerSet, Timer};
use crate::sim::{Action, EventId, Refusal};
use crate::timeline::{Actor, Run, Stamp};

/// How many lines are remembered.
const HISTORY_MAX: usize = 500;

/// Something that the console says. Text is text, never markup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A sentence.
    Text(String),
    /// A sentence about what was not done.
    Error(String),
    /// A table.
    Table {
        /// What the columns are.
        head: Vec<String>,
        /// The rows, each as long as the head.
        rows: Vec<Vec<String>>,
    },
    /// Everything said before goes away.
    Clear,
    /// A new run is to begin in this state, in shorthand. Whoever has the run does it.
    Begin(String),
}

/// What somebody does through the console, and who wants to know of it before it is done.
pub(super) struct Hands<'a> {
    pub(super) run: &'a mut dyn Actor,
    note: &'a mut dyn FnMut(Stamp, &Action),
}

impl Hands<'_> {
    /// Does something to the world. Where time stands still, disks finish their writes at once.
    pub(super) fn act(&mut self, action: Action) -> Result<EventId, Refusal> {
        (self.note)(self.run.run().stamp(), &action);
        let result = self.run.act(action);
        if self.run.run().world().is_manual() {
            let now_us = self.run.run().world().now_us();
            self.run.run_until(now_us);
        }
        result
    }

    /// Does something, and says what came of it. `skip` events of it say nothing new.
    pub(super) fn act_and_say(&mut self, action: Action, skip: u64) -> Line {
        match self.act(action) {
            Ok(id) => Line::Text(self.say(EventId(id.0 + skip))),
            Err(refusal) => why_not(&refusal),
        }
    }

    fn say(&self, id: EventId) -> String {
        let event = self.run.run().event(id);
        event.map_or_else(|| "Done.".into(), |event| sentence(event, Scene::of(self.run.run())).to_string())
    }
}

/// Why nothing was done, and what to do instead where that is known.
pub(super) fn why_not(refusal: &Refusal) -> Line {
    let hint = match refusal {
        Refusal::Declined { why, .. } => match why {
            Refused::NothingOfOwnTerm => " ‘put x 1’ gives it one.",
            Refused::ChangeUnderWay { .. } => " Wait until that is committed.",
            Refused::Change(ChangeError::Joint) => " Write ‘leave’.",
            Refused::NoVoter { .. } => " Add it first.",
            _ => "",
        },
        _ => "",
    };
    Line::Error(format!("Nothing was done: {refusal}.{hint}"))
}

/// The console of one person.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    history: Vec<String>,
    /// Where in the history the person is; and what they had typed before they went there.
    place: Option<(usize, String)>,
    /// The last request of C1 whose end was told.
    told: u32,
}

impl Shell {
    /// A console in which nothing was typed yet.
    #[must_use]
    pub fn new() -> Shell {
        Shell::default()
    }

    /// From now on it is about this run: what C1 knows by now is not told any more.
    pub fn attach(&mut self, run: &Run) {
        self.told = last_finished(run);
    }

    /// Does what a line says.
    pub fn execute(&mut self, line: &str, run: &mut dyn Actor) -> Vec<Line> {
        self.execute_noting(line, run, &mut |_, _| ())
    }

    /// Does what a line says, and calls `note` with each action before it is applied.
    pub fn execute_noting(
        &mut self,
        line: &str,
        run: &mut dyn Actor,
        note: &mut dyn FnMut(Stamp, &Action),
    ) -> Vec<Line> {
        self.remember(line);
        match parse(line) {
            Ok(command) => self.carry_out(command, &mut Hands { run, note }),
            Err(why) => vec![Line::Error(why)],
        }
    }

    fn carry_out(&self, command: Command, hands: &mut Hands) -> Vec<Line> {
        match command {
            Command::Status => vec![answers::status(hands.run.run().world())],
            Command::Ask(op, to, mode) => vec![hands.act_and_say(Action::Submit { op, to, mode }, 0)],
            Command::ShowLog(None) => vec![answers::logs(hands.run.run().world())],
            Command::ShowLog(Some(server)) => answers::log(hands.run.run().world(), server),
            Command::Kill(servers) => each(hands, servers, |server| Action::Crash { server }),
            Command::Restart(servers) => each(hands, servers, |server| Action::Restart { server }),
            Command::Pause(servers) => each(hands, servers, |server| Action::Pause { server }),
            Command::Resume(servers) => each(hands, servers, |server| Action::Resume { server }),
            Command::Timeout(servers) => {
                let fire = |server| hands.act_and_say(Action::Fire { server, timer: Timer::Election }, 1);
                servers.into_iter().map(fire).collect()
            }
            Command::State(server, target) => vec![become_that(hands, server, target)],
            Command::Shorthand => vec![Line::Text(hands.run.run().shorthand())],
            Command::Open(state) => vec![Line::Begin(state)],
            Command::Partition(groups) => vec![partition(hands, groups)],
            Command::Cut(from, to) => vec![hands.act_and_say(Action::Cut { from, to }, 0)],
            Command::Mend(from, to) => vec![hands.act_and_say(Action::Mend { from, to }, 0)],
            Command::Send(from, to, empty) => vec![hands.act_and_say(Action::Send { from, to, empty }, 0)],
            Command::Heal => vec![hands.act_and_say(Action::Heal, 0)],
            Command::Links(Some(preset)) => vec![hands.act_and_say(Action::LinkPreset { preset }, 0)],
            Command::Links(None) => vec![answers::link_presets()],
            Command::Schedule(fault, every_us, for_us) => {
                vec![hands.act_and_say(Action::Schedule { fault, every_us, for_us }, 0)]
            }
            Command::Schedules => vec![answers::schedules(hands.run.run().world())],
            Command::Workload(Some(workload)) => vec![hands.act_and_say(Action::Workload(workload), 0)],
            Command::Workload(None) => vec![answers::workload(hands.run.run().world())],
            Command::Calm => vec![hands.act_and_say(Action::Calm, 0)],
            Command::Change(change) => members::change(hands, change),
            Command::Boot(server) => vec![members::boot(hands, server)],
            Command::Configurations => vec![members::configurations(hands.run.run().world())],
            Command::Transfer(to) => vec![hands.act_and_say(Action::Transfer { to, at: None }, 0)],
            Command::Snapshot(servers) => each(hands, servers, |server| Action::Snapshot { server }),
            Command::Tear(servers) => servers.into_iter().map(|server| tear(hands, server)).collect(),
            Command::Wipe(servers) => each(hands, servers, |server| Action::Wipe { server }),
            Command::Clock(server, ppm) => vec![hands.act_and_say(Action::SetClock { server, ppm }, 0)],
            Command::Disk(server, change) => disk(hands, server, change),
            Command::Set(setting) => set(hands, &setting),
            Command::Options => vec![options::table(hands.run.run().world().options())],
            Command::Rule(rule, on) => {
                let off = hands.run.run().world().rules().set(rule, on);
                vec![hands.act_and_say(Action::SetRules { off }, 0)]
            }
            Command::Rules => vec![answers::rules(hands.run.run().world().rules())],
            Command::History => self.history.iter().cloned().map(Line::Text).collect(),
            Command::Help(Some(help)) => help_of(help),
            Command::Help(None) => vec![help_table()],
            Command::Clear => vec![Line::Clear],
            Command::Nothing => Vec::new(),
        }
    }

    /// What C1 has learnt since this was last asked: one line for each request that is over.
    pub fn poll(&mut self, run: &Run) -> Vec<Line> {
        let last = last_finished(run);
        // After a reset or a step back there is less to know: what comes then is news again.
        let told = std::mem::replace(&mut self.told, last).min(last);
        let Some(client) = run.world().clients().first() else { return Vec::new() };
        let news: Vec<Line> =
            client.finished.iter().filter(|one| one.serial > told).map(answers::finished).collect();
        let missed = (last - told) as usize - news.len().min((last - told) as usize);
        let missed = (missed > 0).then(|| Line::Text(format!("({missed} more were over meanwhile.)")));
        missed.into_iter().chain(news).collect()
    }

    // What was typed.

    fn remember(&mut self, line: &str) {
        self.place = None;
        let line = line.trim();
        if line.is_empty() || self.history.last().is_some_and(|last| last == line) {
            return;
        }
        if self.history.len() == HISTORY_MAX {
            self.history.remove(0);
        }
        self.history.push(line.to_string());
    }

    /// What was typed before the line that is shown; `typed` is what stands there now. Nothing at the
    /// beginning.
    pub fn older(&mut self, typed: &str) -> Option<String> {
        let (place, draft) = match self.place.take() {
            Some((place, draft)) => (place, draft),
            None => (self.history.len(), typed.to_string()),
        };
        let older = place.checked_sub(1);
        self.place = Some((older.unwrap_or(place), draft)).filter(|(place, _)| *place < self.history.len());
        self.history.get(older?).cloned()
    }

    /// What was typed after the line that is shown; at the end, what stood there before one went back.
    pub fn newer(&mut self) -> Option<String> {
        let (place, draft) = self.place.take()?;
        match self.history.get(place + 1) {
            Some(line) => {
                self.place = Some((place + 1, draft));
                Some(line.clone())
            }
            None => Some(draft),
        }
    }
}

fn last_finished(run: &Run) -> u32 {
    let client = run.world().clients().first();
    client.and_then(|client| client.finished.back()).map_or(0, |finished| finished.serial)
}

fn each(hands: &mut Hands, servers: Vec<ServerId>, action: fn(ServerId) -> Action) -> Vec<Line> {
    servers.into_iter().map(|server| hands.act_and_say(action(server), 0)).collect()
}

/// Where nothing is being written, how to come by a write is said as well.
fn tear(hands: &mut Hands, server: ServerId) -> Line {
    match hands.act(Action::Tear { server }) {
        Ok(id) => Line::Text(hands.say(id)),
        Err(Refusal::Nonsense { why }) => {
            let world = hands.run.run().world();
            let own = world.server(server).and_then(|server| server.disk.fsync);
            let lasts = span(own.unwrap_or(world.options().fsync));
            Line::Error(format!(
                "Nothing was done: {why}. A write lasts ‘fsync’, now {lasts}: make it longer by ‘option fsync 50ms’, or step until it writes entries."
            ))
        }
        Err(refusal) => why_not(&refusal),
    }
}

/// Sets one option. What that brings with it that one may not want is said as well.
fn set(hands: &mut Hands, setting: &Setting) -> Vec<Line> {
    let before = hands.run.run().world().options().clone();
    let mut options = before.clone();
    if let Err(why) = setting.put(&mut options) {
        return vec![Line::Error(why)];
    }
    if options == before {
        return vec![why_not(&Refusal::Already)];
    }
    let known = before.warnings();
    let told = setting.told(&options);
    match hands.act(Action::SetOptions { options: options.clone() }) {
        Err(refusal) => vec![why_not(&refusal)],
        Ok(_) => {
            let warnings = options.warnings().into_iter().filter(|warning| !known.contains(warning));
            std::iter::once(told).chain(warnings).map(Line::Text).collect()
        }
    }
}

/// Changes one thing about a disk. What a slow one brings with it that one may not want is said as well.
fn disk(hands: &mut Hands, server: ServerId, change: DiskChange) -> Vec<Line> {
    let world = hands.run.run().world();
    let options = world.options().clone();
    let now = world.server(server).map(|server| &server.disk);
    let (lies, fsync) = now.map_or((false, None), |disk| (disk.lies, disk.fsync));
    let action = match change {
        DiskChange::Lies(lies) => Action::SetDisk { server, lies, fsync },
        DiskChange::Fsync(fsync) => Action::SetDisk { server, lies, fsync },
        DiskChange::Stall(for_us) => Action::StallDisk { server, for_us },
    };
    let line = hands.act_and_say(action, 0);
    let warnings = match (change, &line) {
        (DiskChange::Fsync(Some(range)), Line::Text(_)) => options.warnings_of_disk(range),
        _ => Vec::new(),
    };
    std::iter::once(line).chain(warnings.into_iter().map(Line::Text)).collect()
}

/// A single group stands against all others.
fn partition(hands: &mut Hands, mut groups: Vec<ServerSet>) -> Line {
    if let [one] = groups.as_slice() {
        let others = hands.run.run().world().ids().collect::<ServerSet>().minus(*one);
        if !others.is_empty() {
            groups.push(others);
        }
    }
    hands.act_and_say(Action::Partition { groups }, 0)
}

fn become_that(hands: &mut Hands, server: ServerId, target: Target) -> Line {
    let leads = hands.run.run().world().server(server).is_some_and(|s| s.up && s.node.is_leader());
    match target {
        Target::Follower => hands.act_and_say(Action::StepDown { server }, 0),
        Target::Leader => match elect::elect(hands, server) {
            Ok(text) => Line::Text(text),
            Err(why) => Line::Error(why),
        },
        Target::Candidate => {
            // A leader has no election timer: it steps down first, as it may at any time.
            if leads && let Err(refusal) = hands.act(Action::StepDown { server }) {
                return Line::Error(format!("Nothing was done: {refusal}."));
            }
            hands.act_and_say(Action::Fire { server, timer: Timer::Election }, 1)
        }
    }
}

fn help_of(help: &Help) -> Vec<Line> {
    let mut lines = vec![Line::Text(format!("{} – {}", help.usage, help.does))];
    if !help.aliases.is_empty() {
        lines.push(Line::Text(format!("Also: {}.", help.aliases.join(", "))));
    }
    lines
}

fn help_table() -> Line {
    let rows = COMMANDS.iter().map(|help| vec![help.usage.to_string(), help.does.to_string()]);
    Line::Table { head: vec!["Write".into(), "What it does".into()], rows: rows.collect() }
}

/// An operation as one would type it.
pub(super) fn spelled(op: &Op) -> String {
    match op {
        Op::Put { key, value } => format!("put {key} {value}"),
        Op::Get { key } => format!("get {key}"),
        Op::Delete { key } => format!("delete {key}"),
        Op::Append { key, value } => format!("append {key} {value}"),
        Op::Cas { key, expect, value } => format!("cas {key} {} {value}", expect.as_deref().unwrap_or("-")),
        Op::Set { value } => format!("set {value}"),
        Op::Submit { text } => format!("submit {text}"),
        Op::Increment { key } => format!("increment {key}"),
        Op::Register { .. } => "open a session".into(),
    }
}
