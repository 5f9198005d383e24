//! `wavetank run`: does a recording again and says what came of it.

use crate::input::{Source, told as in_terminal};
use crate::interrupt;
use crate::output::{CameOut, End, Progress, Sink, about, not_written, say_beside};
use crate::states::against_start;
use clap::Args;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use wavetank::check::Violation;
use wavetank::explain::{Scene, duration, list, sentence};
use wavetank::raft::Rules;
use wavetank::sim::{Event, World};
use wavetank::timeline::Recording;
use wavetank::timeline::export::trace::Trace;
use wavetank::timeline::export::{Listener, Moment, TellError, Told, tell};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Write the trace there, a line of JSON for each event
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Print the digest: equal digests, equal runs
    #[arg(long)]
    digest: bool,
}

/// How many terms are listed with their leaders.
const TERMS_MAX: usize = 12;

pub fn run(arguments: &Arguments) -> CameOut {
    let file = &arguments.source.file;
    let recording = arguments.source.recording()?;
    let mut sink = arguments.trace.as_deref().map(|path| Sink::create(Some(path), file)).transpose()?;
    let witness = Witness { end_us: recording.end.at_us, seen: Vec::new(), progress: Progress::new() };
    let mut listeners = (sink.as_mut().map(Trace::new), witness);
    let told = tell(&recording, &mut listeners);
    let Witness { seen, .. } = listeners.1;
    let told = told.map_err(|why| match (why, &sink) {
        (TellError::Recording(why), _) => about(file, in_terminal(&why)),
        (TellError::Listener(why), Some(sink)) => sink.trouble(&why),
        (TellError::Listener(why), None) => not_written(file, &why),
    })?;
    if let Some(sink) = sink {
        sink.finish()?;
    }
    say_beside(&summary(&recording, &told, &seen, arguments.digest), arguments.trace.as_deref())?;
    Ok(if told.checker.violations().is_empty() { End::Held } else { End::Not })
}

/// Sees which event breaks a promise, while it can still be put into words.
struct Witness {
    end_us: u64,
    /// For each broken promise the events that make it so, in words.
    seen: Vec<Vec<String>>,
    progress: Progress,
}

impl Listener for Witness {
    const REMEMBERS: usize = 2000;

    fn begin(&mut self, _: &Recording, _: &World) -> io::Result<()> {
        Ok(())
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        while self.seen.len() < moment.checker.violations().len() {
            let violation = &moment.checker.violations()[self.seen.len()];
            self.seen.push(made_so_by(violation, moment));
        }
        let (now, end) = (moment.event.at_us, self.end_us);
        self.progress.show(|| format!("{} of {}", duration(now), duration(end)));
        interrupt::go_on()
    }
}

/// The events that make it so, oldest first; those that are still known.
fn made_so_by(violation: &Violation, moment: Moment) -> Vec<String> {
    let scene = Scene { servers: moment.world.servers().len() as u8, trace: moment.trace };
    let events = violation.events.iter().filter_map(|&id| scene.event(id));
    let line = |event: &Event| {
        format!("event {} at {}: {}", event.id.0, exactly(event.at_us), sentence(event, scene))
    };
    events.map(line).collect()
}

/// The promises that are broken in a recording, each with the events that make it so, in words.
pub fn witness(recording: &Recording) -> Vec<(Violation, Vec<String>)> {
    let mut witness = Witness { end_us: recording.end.at_us, seen: Vec::new(), progress: Progress::new() };
    // A recording that was just made can be done again; if not, there are no sentences.
    let told = tell(recording, &mut witness);
    let violations = told.map_or_else(|_| Vec::new(), |told| told.checker.violations().to_vec());
    violations.into_iter().zip(std::mem::take(&mut witness.seen)).collect()
}

/// What a run came to, for people.
fn summary(recording: &Recording, told: &Told, seen: &[Vec<String>], digest: bool) -> String {
    let Told { world, checker, .. } = told;
    let mut text = String::new();
    let servers = world.setup().servers;
    let seed = world.setup().seed;
    let _ = writeln!(text, "{servers} servers, seed {seed}; {}.", rules_off(recording.setup.rules_off));
    if let Some(against) = against_start(&recording.start) {
        let _ = writeln!(text, "About the start: {against}");
    }
    let _ = writeln!(text, "{} events in {}.", world.events(), duration(world.now_us()));
    let leaders: Vec<String> =
        checker.leaders().map(|(term, leader)| format!("{leader} in term {term}")).collect();
    let more = leaders.len().saturating_sub(TERMS_MAX);
    let _ = match leaders.len() {
        0 => writeln!(text, "Nobody was elected."),
        _ if more > 0 => {
            let last = leaders[more..].iter();
            writeln!(text, "Led: {}, and others in {more} terms before.", list(last))
        }
        _ => writeln!(text, "Led: {}.", list(leaders)),
    };
    let _ = match checker.committed().0 {
        0 => writeln!(text, "Nothing was committed."),
        1 => writeln!(text, "1 entry was committed."),
        committed => writeln!(text, "{committed} entries were committed."),
    };
    if digest {
        let _ = writeln!(text, "Digest {}.", told.digest);
    }
    if checker.violations().is_empty() {
        text.push_str("Every promise held.\n");
    }
    for (number, violation) in checker.violations().iter().enumerate() {
        text.push_str(&broken(violation, seen.get(number).map_or(&[], Vec::as_slice)));
    }
    text
}

fn rules_off(rules: Rules) -> String {
    match rules.off().count() {
        0 => "all rules on".into(),
        _ => format!("off: {}", list(rules.off())),
    }
}

/// A broken promise, the values and the events that make it so.
pub fn broken(violation: &Violation, events: &[String]) -> String {
    let Violation { property, at_us, values, sentence, .. } = violation;
    let mut text = format!("{property} fell at {}, in event {}:\n", exactly(*at_us), violation.event.0);
    let _ = writeln!(text, "  {sentence}");
    for value in values {
        let _ = writeln!(text, "  - {}: {}", value.label, value.text);
    }
    for event in events {
        let _ = writeln!(text, "  - {event}");
    }
    text
}

/// A moment in milliseconds, to the microsecond.
pub fn exactly(us: u64) -> String {
    let (whole, part) = (us / 1000, format!("{:03}", us % 1000));
    match part.trim_end_matches('0') {
        "" => format!("{whole} ms"),
        part => format!("{whole}.{part} ms"),
    }
}
