//! Options by name: all of them in a table, one of them set.

use super::parse::shown;
use super::shell::Line;
use crate::explain::{self, duration};
use crate::raft::{Backtracking, ReadMode, TimerRange};
use crate::sim::{Options, Shape};
use crate::spelling::nearest;

/// Where an option is kept, by what kind of value it takes.
enum Slot<'a> {
    Flag(&'a mut bool),
    Count(&'a mut u32),
    Share(&'a mut u32),
    Time(&'a mut u64),
    Range(&'a mut TimerRange),
    Back(&'a mut Backtracking),
    Shape(&'a mut Shape),
    Reads(&'a mut ReadMode),
}

type Of = for<'a> fn(&'a mut Options) -> Slot<'a>;

/// Every option: its name, where it is kept, and what it says.
#[rustfmt::skip]
const OPTIONS: &[(&str, Of, &str)] = &[
    ("election", |o| Slot::Range(&mut o.election), "from what range election timeouts are drawn (§5.2)"),
    ("heartbeat", |o| Slot::Time(&mut o.heartbeat_us), "how long a leader may be silent (§5.2)"),
    ("latency", |o| Slot::Range(&mut o.link.latency), "how long a message travels"),
    ("shape", |o| Slot::Shape(&mut o.link.shape), "how latencies are spread over their range"),
    ("loss", |o| Slot::Share(&mut o.link.loss_ppm), "how many messages are lost"),
    ("duplicate", |o| Slot::Share(&mut o.link.duplicate_ppm), "how many messages arrive twice"),
    ("fsync", |o| Slot::Range(&mut o.fsync), "how long a write to the disk takes"),
    ("noop", |o| Slot::Flag(&mut o.noop), "whether a leader begins with an entry that does nothing (§8)"),
    ("backtracking", |o| Slot::Back(&mut o.backtracking), "how a leader finds where a log agrees with its own (§5.3)"),
    ("maxEntries", |o| Slot::Count(&mut o.max_entries), "the most entries in one AppendEntries"),
    ("window", |o| Slot::Count(&mut o.window), "how many entries, not messages, may be in flight to a follower, 0 for no pipelining (D10.2.2)"),
    ("writeBeforeSend", |o| Slot::Flag(&mut o.write_before_send), "whether a leader writes to its disk before it sends (D10.2.1)"),
    ("preVote", |o| Slot::Flag(&mut o.pre_vote), "whether servers ask if they would be elected before they stand (D9.6)"),
    ("checkQuorum", |o| Slot::Flag(&mut o.check_quorum), "whether a leader that no majority hears steps down (D6.2)"),
    ("stickiness", |o| Slot::Flag(&mut o.stickiness), "whether servers that hear from a leader ignore vote requests (D4.2.3)"),
    ("lease", |o| Slot::Flag(&mut o.lease), "whether leaders hold leases (D6.4.1)"),
    ("driftPpm", |o| Slot::Share(&mut o.drift_ppm), "by how much leases believe that clocks may drift (D6.4.1)"),
    ("reads", |o| Slot::Reads(&mut o.reads), "how a get without --mode is answered (D6.4)"),
    ("catchUpRounds", |o| Slot::Count(&mut o.catch_up_rounds), "in how many rounds new servers catch up before they vote, 0 for none (D4.2.1, §6)"),
    ("handOverOnRemoval", |o| Slot::Flag(&mut o.hand_over_on_removal), "whether a leader that was removed hands leadership over before it steps down (D3.10)"),
    ("snapshotEvery", |o| Slot::Count(&mut o.snapshot_every), "after how many applied entries a snapshot is taken, 0 for never (§7 counts bytes)"),
    ("snapshotChunk", |o| Slot::Count(&mut o.snapshot_chunk), "the most bytes of a snapshot in one message, 0 for all (§7)"),
    ("sessions", |o| Slot::Flag(&mut o.sessions), "whether clients open sessions, so that no command takes effect twice (D6.3)"),
    ("sessionLife", |o| Slot::Count(&mut o.session_life), "after how many entries a session ends, 0 for never (D6.3)"),
    ("clientTimeout", |o| Slot::Time(&mut o.client_timeout_us), "how long a client waits for an answer"),
    ("clientAttempts", |o| Slot::Count(&mut o.client_attempts), "after how many client timeouts a client gives up"),
    ("paper", |o| Slot::Flag(&mut o.paper), "whether the run is restricted to Figure 2, from its start"),
    ("workloadEvery", |o| Slot::Time(&mut o.workload_every_us), "how often the background client asks, 0 for never"),
];

const SWITCH: [(&str, bool); 2] = [("on", true), ("off", false)];
const BACK: [(&str, Backtracking); 2] =
    [("stepByOne", Backtracking::StepByOne), ("conflictHints", Backtracking::ConflictHints)];
const SHAPES: [(&str, Shape); 2] = [("uniform", Shape::Uniform), ("longTail", Shape::LongTail)];
pub(super) const MODES: [(&str, ReadMode); 5] = [
    ("log", ReadMode::Log),
    ("readIndex", ReadMode::ReadIndex),
    ("lease", ReadMode::Lease),
    ("local", ReadMode::Local),
    ("follower", ReadMode::Follower),
];

/// The value of that name, whatever its case.
pub(super) fn pick<T: Copy>(names: &[(&'static str, T)], text: &str) -> Option<T> {
    names.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, value)| *value)
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> String {
    names.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name).into()
}

/// One option, and what it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    place: usize,
    value: String,
}

/// Which option a word names, and whether a bare number behind it is in the small unit. Names of
/// recordings are taken as well: `heartbeatUs`, `lossPpm`.
fn place_of(word: &str) -> Option<(usize, bool)> {
    let find = |word: &str| OPTIONS.iter().position(|(name, ..)| name.eq_ignore_ascii_case(word));
    let small = word.to_ascii_lowercase();
    let cut = small.strip_suffix("us").or(small.strip_suffix("ppm"));
    find(word).map(|place| (place, small.ends_with("ppm"))).or_else(|| Some((find(cut?)?, true)))
}

/// Whether a word names an option.
pub(super) fn is_option(word: &str) -> bool {
    place_of(word).is_some()
}

/// The option that a word names.
pub(super) fn name(word: &str) -> Option<&'static str> {
    place_of(word).map(|(place, _)| OPTIONS[place].0)
}

/// The names of all options.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OPTIONS.iter().map(|(name, ..)| *name)
}

/// What may stand behind an option, where that is a word.
pub(super) fn values_of(word: &str) -> Vec<&'static str> {
    let Some((place, _)) = place_of(word) else { return Vec::new() };
    match (OPTIONS[place].1)(&mut Options::default()) {
        Slot::Flag(_) => SWITCH.map(|(name, _)| name).to_vec(),
        Slot::Back(_) => BACK.map(|(name, _)| name).to_vec(),
        Slot::Shape(_) => SHAPES.map(|(name, _)| name).to_vec(),
        Slot::Reads(_) => MODES.map(|(name, _)| name).to_vec(),
        _ => Vec::new(),
    }
}

impl Setting {
    /// An option by name, and what was typed as its value.
    ///
    /// # Errors
    /// When there is no such option, or it can't be that.
    pub(super) fn read(word: &str, value: &str) -> Result<Setting, String> {
        let Some((place, small)) = place_of(word) else {
            let near = nearest(word, names());
            let hint =
                near.map_or("‘options’ shows them all.".into(), |near| format!("Did you mean ‘{near}’?"));
            return Err(format!("There is no option {}. {hint}", shown(word)));
        };
        let bare = small && value.chars().all(|letter| !letter.is_alphabetic() && letter != '%');
        let unit = if small_is_ppm(place) { "ppm" } else { "us" };
        let value = if bare && value != "0" { format!("{value}{unit}") } else { value.to_string() };
        let setting = Setting { place, value };
        setting.put(&mut Options::default())?;
        Ok(setting)
    }

    /// Changes that one option.
    pub(super) fn put(&self, options: &mut Options) -> Result<(), String> {
        let (name, of, does) = OPTIONS[self.place];
        let text = self.value.trim();
        let off = text.eq_ignore_ascii_case("off");
        let (done, how) = match of(options) {
            Slot::Flag(flag) => (store(flag, pick(&SWITCH, text)), "on or off"),
            Slot::Count(count) => (store(count, if off { Some(0) } else { whole(text) }), "a number"),
            Slot::Share(ppm) => (store(ppm, share(text)), "a share such as 5%, 0.1% or 200ppm"),
            Slot::Time(us) => {
                (store(us, if off { Some(0) } else { time(text) }), "a time such as 50ms or 1.5s")
            }
            Slot::Range(range) => (store(range, span(text)), "a range such as 150-300ms"),
            Slot::Back(back) => (store(back, pick(&BACK, text)), "stepByOne or conflictHints"),
            Slot::Shape(shape) => (store(shape, pick(&SHAPES, text)), "uniform or longTail"),
            Slot::Reads(reads) => (store(reads, pick(&MODES, text)), "log, readIndex, lease or local"),
        };
        done.then_some(()).ok_or_else(|| format!("{name} takes {how}, not {}: it says {does}.", shown(text)))
    }

    /// What the option is now, in a sentence.
    pub(super) fn told(&self, options: &Options) -> String {
        let (name, of, does) = OPTIONS[self.place];
        format!("{name} is {} now: {does}.", written(of(&mut options.clone())))
    }
}

fn store<T>(slot: &mut T, value: Option<T>) -> bool {
    value.map(|value| *slot = value).is_some()
}

fn small_is_ppm(place: usize) -> bool {
    matches!((OPTIONS[place].1)(&mut Options::default()), Slot::Share(_))
}

fn written(slot: Slot) -> String {
    match slot {
        Slot::Flag(on) => name_of(&SWITCH, on),
        Slot::Count(count) => count.to_string(),
        Slot::Share(ppm) => percent(*ppm),
        Slot::Time(us) => duration(*us),
        Slot::Range(range) => explain::span(*range),
        Slot::Back(back) => name_of(&BACK, back),
        Slot::Shape(shape) => name_of(&SHAPES, shape),
        Slot::Reads(reads) => name_of(&MODES, reads),
    }
}

/// All options.
pub(super) fn table(options: &Options) -> Line {
    let mut options = options.clone();
    let rows = OPTIONS
        .iter()
        .map(|(name, of, does)| vec![name.to_string(), written(of(&mut options)), does.to_string()]);
    let rows = rows.collect();
    Line::Table { head: vec!["Option".into(), "Is".into(), "What it says".into()], rows }
}

// Amounts.

/// Digits, with a point and up to six more, in millionths.
fn millionths(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || rest.len() > 6 || !digits(whole) || !digits(rest) {
        return None;
    }
    format!("{whole}{rest:0<6}").parse().ok()
}

fn whole(text: &str) -> Option<u32> {
    Some(text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

/// "5%", "200ppm" or "0", in millionths.
pub(super) fn share(text: &str) -> Option<u32> {
    let text = text.to_ascii_lowercase();
    let millionth = |text: &str, by: u64| {
        let ppm = millionths(text.trim())?.checked_mul(by)? / 1_000_000;
        u32::try_from(ppm).ok()
    };
    match (text.strip_suffix('%'), text.strip_suffix("ppm")) {
        (Some(number), _) => millionth(number, 10_000),
        (_, Some(number)) => millionth(number, 1),
        _ => (text == "0").then_some(0),
    }
}

fn percent(ppm: u32) -> String {
    let rest = format!("{:04}", ppm % 10_000);
    let rest = rest.trim_end_matches('0');
    format!("{}{}{rest} %", ppm / 10_000, if rest.is_empty() { "" } else { "." })
}

/// The number and the unit of a time.
fn unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let cut = text.find(|letter: char| letter.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(cut);
    (number.trim(), unit)
}

/// "50ms", "1.5s", "800us"; a bare number is milliseconds.
pub(super) fn time(text: &str) -> Option<u64> {
    let (number, unit) = unit(text);
    let us = match unit.to_lowercase().as_str() {
        "" | "ms" => 1000,
        "s" => 1_000_000,
        "us" | "µs" | "μs" => 1,
        _ => return None,
    };
    Some(millionths(number)?.checked_mul(us)? / 1_000_000)
}

/// "150-300ms", "150ms 300ms", or one time for both ends.
pub(super) fn span(text: &str) -> Option<TimerRange> {
    let (from, to) = text.trim().split_once(['-', '–', ' ']).unwrap_or((text, text));
    let from = if unit(from).1.is_empty() { format!("{from}{}", unit(to).1) } else { from.to_string() };
    Some(TimerRange { min_us: time(&from)?, max_us: time(to)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_their_units_and_nothing_else_is() {
        let times = ["50", "50ms", "1.5s", "800us", "0", " 3 ms"].map(time);
        assert_eq!(times, [50_000, 50_000, 1_500_000, 800, 0, 3000].map(Some));
        assert_eq!(["", "ms", "5m", "-5", "1.2.3", "1e9", "9999999999999"].map(time), [None; 7]);
        assert_eq!(
            ["5%", "0.1%", "200ppm", "0", "12.5 %"].map(share),
            [50_000, 1000, 200, 0, 125_000].map(Some)
        );
        assert_eq!(["5", "%", "-1%", "999999999999%", "x"].map(share), [None; 5]);
        let range = |min, max| Some(TimerRange { min_us: min, max_us: max });
        assert_eq!(
            ["150-300ms", "150-300", "1s 2s", "800-900us", "5ms"].map(span),
            [
                range(150_000, 300_000),
                range(150_000, 300_000),
                range(1_000_000, 2_000_000),
                range(800, 900),
                range(5000, 5000)
            ]
        );
        assert_eq!(["", "-", "a-b", "5-"].map(span), [None; 4]);
        assert_eq!([50_000, 1000, 0, 125_000].map(percent), ["5 %", "0.1 %", "0 %", "12.5 %"]);
    }
}
