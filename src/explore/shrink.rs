//! Shrinking: from a recording in which something happens to a small one in which it still does.
//!
//! Whatever makes a recording simpler is tried, and kept if what is looked for still happens: an earlier
//! end, fewer actions, rules on again, fewer servers, options as they are by default, shorter times. That
//! goes on until nothing helps any more. Then no single action can be left out. It need not be the
//! smallest recording there is.

use super::target::{Seeker, Target};
use crate::check::Property;
use crate::kv::Op;
use crate::raft::{Rules, ServerSet};
use crate::sim::notation::{self, Shorthand};
use crate::sim::{Action, Link, Options, Seed};
use crate::timeline::{Recording, RecordingError, Stamp, Stamped, Start, play};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::fmt;

/// A gap between two actions is not made shorter by less than this, in microseconds.
const GAP_US_MIN: u64 = 1000;
/// Seeds that are easily typed.
const SMALL_SEEDS: u64 = 10;

/// What shrinking has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The small recording. It ends at the moment at which it happens.
    pub recording: Recording,
    /// How many recordings were tried.
    pub replays: u32,
    /// Whether everything was tried: no single step makes it simpler. If not, the limit was reached or it
    /// was called off.
    pub complete: bool,
}

/// Why a recording can't be shrunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotShrunk {
    /// It makes no run.
    Recording(RecordingError),
    /// What is looked for does not happen in it.
    NotThere(Target),
    /// It was called off before it was known whether that happens.
    CalledOff,
}

impl fmt::Display for NotShrunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotShrunk::Recording(why) => why.fmt(f),
            NotShrunk::CalledOff => f.write_str("Shrinking was called off before anything was known."),
            NotShrunk::NotThere(Target::Any) => f.write_str("No promise is broken in the recording."),
            NotShrunk::NotThere(Target::Property(property)) => {
                write!(f, "{property} is not broken in the recording.")
            }
            NotShrunk::NotThere(Target::Goal(goal)) => write!(f, "‘{goal}’ never holds in the recording."),
        }
    }
}

impl std::error::Error for NotShrunk {}

/// Shrinks a recording, by at most so many replays. After each of them, and now and then during one, `go_on` is
/// shown the smallest recording so far, and says whether to go on. Where any broken promise will do, it is the one that falls
/// first in the whole recording that is kept.
///
/// # Errors
/// When the recording makes no run, what is looked for does not happen in it, or it is called off before that
/// is known.
pub fn shrink(
    recording: &Recording,
    target: &Target,
    replays_max: u32,
    mut go_on: impl FnMut(&Recording, u32) -> bool,
) -> Result<Shrunk, NotShrunk> {
    let first = cut(recording, target, &mut || go_on(recording, 0)).map_err(NotShrunk::Recording)?;
    let Cut { found, fell, called_off } = first;
    let best = match found {
        Some(best) => best,
        None if called_off => return Err(NotShrunk::CalledOff),
        None => return Err(NotShrunk::NotThere(target.clone())),
    };
    let target = match (target, fell) {
        (Target::Any, Some(property)) => Target::Property(property),
        _ => target.clone(),
    };
    let mut shrinker = Shrinker { target, best, replays: 1, replays_max, go_on: &mut go_on, stopped: false };
    shrinker.shrink();
    Ok(Shrunk { recording: shrinker.best, replays: shrinker.replays, complete: !shrinker.stopped })
}

/// What a replay has come to.
struct Cut {
    /// The recording up to the moment at which it happens, if it does.
    found: Option<Recording>,
    /// The promise that fell first.
    fell: Option<Property>,
    /// Whether the replay was called off.
    called_off: bool,
}

/// Every so many events it is asked whether to go on: some milliseconds.
const ASK_EVERY: u32 = 1 << 12;

/// Looks a recording through.
fn cut(
    recording: &Recording,
    target: &Target,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Cut, RecordingError> {
    let (asked, called_off) = (RefCell::new((0_u32, go_on)), Cell::new(false));
    let enough = |seeker: &Seeker| {
        let (events, go_on) = &mut *asked.borrow_mut();
        *events = events.wrapping_add(1);
        if events.is_multiple_of(ASK_EVERY) && !go_on() {
            called_off.set(true);
        }
        seeker.found.is_some() || called_off.get()
    };
    let played = play(recording, |world| Seeker::new(target, world), enough)?;
    let fell = played.watch.checker.violations().first().map(|violation| violation.property);
    let found = played.watch.found.map(|end| {
        let done = played.moments.iter().zip(&recording.actions);
        let actions =
            done.map(|(&when, Stamped { action, .. })| Stamped { when, action: action.clone() }).collect();
        // It was looked for by this version's meaning, whichever the large one was made by.
        Recording { actions, end, ..Recording::new(recording.setup.clone(), recording.start.clone()) }
    });
    Ok(Cut { found, fell, called_off: called_off.get() })
}

struct Shrinker<'a> {
    target: Target,
    /// The smallest recording so far in which it happens.
    best: Recording,
    replays: u32,
    replays_max: u32,
    go_on: &'a mut dyn FnMut(&Recording, u32) -> bool,
    stopped: bool,
}

impl Shrinker<'_> {
    /// Tries everything, again and again, until nothing helps.
    fn shrink(&mut self) {
        let ways = [
            Shrinker::fewer_actions,
            Shrinker::fewer_servers,
            Shrinker::fewer_rules_off,
            Shrinker::plainer_options,
            Shrinker::plainer_actions,
            Shrinker::shorter_times,
            Shrinker::smaller_seed,
        ];
        loop {
            let before = self.best.clone();
            ways.iter().for_each(|way| way(self));
            if self.stopped || self.best == before {
                return;
            }
        }
    }

    /// Keeps a simpler recording if it still happens in it.
    fn attempt(&mut self, simpler: Recording) -> bool {
        if self.stopped || self.replays >= self.replays_max {
            self.stopped = true;
            return false;
        }
        self.replays += 1;
        // A recording that makes no run is none in which anything happens.
        let (best, replays) = (&self.best, self.replays);
        let cut = cut(&simpler, &self.target, &mut || (self.go_on)(best, replays)).ok();
        let called_off = cut.as_ref().is_some_and(|cut| cut.called_off);
        let found = cut.and_then(|cut| cut.found);
        let is_found = found.is_some();
        if let Some(found) = found {
            self.best = found;
        }
        self.stopped = called_off || !(self.go_on)(&self.best, self.replays);
        is_found
    }

    /// The recording with a change to it, if the change says that there is one.
    fn attempt_with(&mut self, change: impl FnOnce(&mut Recording) -> bool) -> bool {
        let mut simpler = self.best.clone();
        change(&mut simpler) && self.attempt(simpler)
    }

    /// Leaves out runs of actions, long ones first, from the end on: what comes later rests on what was
    /// before. It ends when no single action can be left out.
    fn fewer_actions(&mut self) {
        let mut length = self.best.actions.len();
        loop {
            let mut any = false;
            let mut end = self.best.actions.len();
            while end > 0 && !self.stopped {
                let begin = end.saturating_sub(length.max(1));
                let removed = self.attempt_with(|recording| {
                    recording.actions.drain(begin..end);
                    true
                });
                any |= removed;
                end = begin.min(self.best.actions.len());
            }
            if self.stopped || length <= 1 && !any {
                return;
            }
            length /= 2;
        }
    }

    /// Leaves out the last server, as often as that goes. What happened to the others by chance may need
    /// another seed then.
    fn fewer_servers(&mut self) {
        let mut seeds = [self.best.setup.seed].into_iter().chain((0..SMALL_SEEDS).map(Seed));
        let mut seed = seeds.next();
        while let Some(tried) = seed {
            let fewer = self.attempt_with(|recording| {
                recording.setup.seed = tried;
                without_last_server(recording)
            });
            // The same one may do once more.
            seed = if fewer { seed } else { seeds.next() };
        }
    }

    /// Switches rules on again, one by one.
    fn fewer_rules_off(&mut self) {
        let switched = self.best.actions.iter().filter_map(|stamped| match &stamped.action {
            Action::SetRules { off } => Some(*off),
            _ => None,
        });
        let off: Vec<_> = switched.chain([self.best.setup.rules_off]).flat_map(Rules::off).collect();
        for rule in off {
            self.attempt_with(|recording| {
                let on = recording.clone().with_rules_on(Rules::without(&[rule]));
                std::mem::replace(recording, on) != *recording
            });
        }
    }

    /// Sets options to what they are by default: all of them, else one by one; at the beginning and
    /// wherever they are switched. The faults of links, which are lost and doubled messages, go with them.
    fn plainer_options(&mut self) {
        // Each that helps is gone from the next list of what could.
        let mut tried = 0;
        while let Some(options) =
            plainer(&self.best.setup.options, &Options::default()).into_iter().nth(tried)
        {
            let helps = self.attempt_with(|recording| {
                recording.setup.options = options;
                true
            });
            tried += usize::from(!helps);
        }
        self.plainer_at(|action| match action {
            Action::SetOptions { options } => {
                let plainer = plainer(options, &Options::default());
                plainer.into_iter().map(|options| Action::SetOptions { options }).collect()
            }
            Action::SetLink { from, to, link } => {
                let (from, to, plainer) = (*from, *to, plainer(link, &Link::default()));
                plainer.into_iter().map(|link| Action::SetLink { from, to, link }).collect()
            }
            _ => Vec::new(),
        });
    }

    /// Asks for less: the same short command, of nobody in particular; and acts at the beginning of an
    /// instant.
    fn plainer_actions(&mut self) {
        let plain = || Op::Put { key: "x".into(), value: "1".into() };
        self.plainer_at(|action| match action {
            Action::Propose { server, op } if *op != plain() => {
                vec![Action::Propose { server: *server, op: plain() }]
            }
            Action::Submit { op, to, mode } => {
                let with = |op, to, mode| Action::Submit { op, to, mode };
                let simpler = [
                    (*op != plain()).then(|| with(plain(), *to, *mode)),
                    to.map(|_| with(op.clone(), None, *mode)),
                    mode.map(|_| with(op.clone(), *to, None)),
                ];
                simpler.into_iter().flatten().collect()
            }
            _ => Vec::new(),
        });
        for number in 0..self.best.actions.len() {
            self.attempt_with(|recording| {
                let stamped = recording.actions.get_mut(number);
                stamped.is_some_and(|stamped| std::mem::take(&mut stamped.when.k) > 0)
            });
        }
    }

    /// Puts a simpler action in the place of each, where there are some.
    fn plainer_at(&mut self, simpler: impl Fn(&Action) -> Vec<Action>) {
        for number in 0..self.best.actions.len() {
            let mut tried = 0;
            // What helps may also cut the recording off.
            while let Some(stamped) = self.best.actions.get(number)
                && let Some(action) = simpler(&stamped.action).into_iter().nth(tried)
            {
                let helps = self.attempt_with(|recording| {
                    recording.actions[number].action = action;
                    true
                });
                tried += usize::from(!helps);
            }
        }
    }

    /// Lets everything from an action on come earlier: at once, else after half the time.
    fn shorter_times(&mut self) {
        for number in 0..self.best.actions.len() {
            for part in [1, 2] {
                if self.attempt_with(|recording| comes_earlier(recording, number, part)) {
                    break;
                }
            }
        }
    }

    fn smaller_seed(&mut self) {
        if self.best.setup.seed.0 < SMALL_SEEDS {
            return;
        }
        for seed in 0..SMALL_SEEDS {
            let tried = self.attempt_with(|recording| {
                recording.setup.seed = Seed(seed);
                true
            });
            if tried {
                return;
            }
        }
    }
}

/// Takes the last server away, if there are several. What is done to it does nothing then.
fn without_last_server(recording: &mut Recording) -> bool {
    let servers = match &mut recording.start {
        Start::Empty => recording.setup.servers.saturating_sub(1),
        Start::State(text) => {
            let Ok(mut states) = notation::parse(text) else { return false };
            states.pop();
            let written: Vec<String> = states.iter().map(Shorthand::to_string).collect();
            *text = written.join(" / ");
            states.len() as u8
        }
    };
    recording.setup.servers = servers;
    for stamped in &mut recording.actions {
        if let Action::Partition { groups } = &mut stamped.action {
            groups.iter_mut().for_each(|group| *group = group.and(ServerSet::first(servers)));
            groups.retain(|group| !group.is_empty());
        }
    }
    servers > 0
}

/// Takes all or a part of the time before an action away. Whether there was enough of it.
fn comes_earlier(recording: &mut Recording, number: usize, part: u64) -> bool {
    let Some((before, rest)) = recording.actions.split_at_mut_checked(number) else { return false };
    let mut last = before.last().map(|stamped| stamped.when).unwrap_or_default();
    let by_us = rest.first().map_or(0, |first| (first.when.at_us - last.at_us) / part);
    for stamped in rest {
        let at_us = stamped.when.at_us.saturating_sub(by_us);
        stamped.when = last.max(Stamp { at_us, ..stamped.when });
        last = stamped.when;
    }
    by_us >= GAP_US_MIN
}

/// The same with fields as they are by default: all of them, and each that differs, also within a field.
fn plainer<T: Serialize + DeserializeOwned + PartialEq + Clone>(value: &T, default: &T) -> Vec<T> {
    if value == default {
        return Vec::new();
    }
    let (Ok(own), Ok(usual)) = (serde_json::to_value(value), serde_json::to_value(default)) else {
        return Vec::new();
    };
    let each = simpler(&own, &usual).into_iter().filter_map(|json| serde_json::from_value(json).ok());
    [default.clone()].into_iter().chain(each).collect()
}

/// JSON with one field as it usually is, for each field that is not.
fn simpler(own: &Value, usual: &Value) -> Vec<Value> {
    let (Value::Object(own), Value::Object(usual)) = (own, usual) else { return Vec::new() };
    let mut all = Vec::new();
    for (name, value) in own.iter().filter(|(name, value)| usual.get(*name) != Some(value)) {
        let mut with = |value: Option<Value>| {
            let mut fields = own.clone();
            // What is left out is as it is by default.
            match value {
                Some(value) => fields.insert(name.clone(), value),
                None => fields.remove(name),
            };
            all.push(Value::Object(fields));
        };
        let usual = usual.get(name);
        with(usual.cloned());
        let within = usual.map_or(Vec::new(), |usual| simpler(value, usual));
        within.into_iter().for_each(|value| with(Some(value)));
    }
    all
}
