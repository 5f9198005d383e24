//! What a run is told in to other programs: each format is read back here by a reader of its own, that
//! knows no more than `docs/formats.md` says.

// Of the storms' digests nothing is needed here.
#[allow(dead_code)]
#[path = "common/digests.rs"]
mod storms;

#[path = "formats/golden.rs"]
mod golden;
#[path = "formats/history.rs"]
mod history;
#[path = "formats/paper.rs"]
mod paper;
#[path = "formats/replayer.rs"]
mod replayer;
#[path = "formats/shiviz.rs"]
mod shiviz;
#[path = "formats/written.rs"]
mod written;

use serde_json::Value;
use std::io::{self, Write};
use std::sync::LazyLock;
use wavetank::kv::Op;
use wavetank::raft::{Backtracking, ServerId};
use wavetank::sim::{Action, Options, Setup, World};
use wavetank::timeline::export::trace::Trace;
use wavetank::timeline::export::{Listener, Moment, TellError, Told, tell};
use wavetank::timeline::{Recording, Run, Start};

/// The recordings that are exported: storms in Figure 2's world and over all of Raft.
fn recordings() -> &'static [Recording] {
    static RECORDINGS: LazyLock<Vec<Recording>> = LazyLock::new(|| {
        let plain = (0..6).map(|seed| storms::storm(seed).recording());
        let whole = plain.chain((0..16).map(|seed| storms::storm_of_all(seed).recording()));
        let storms = whole.map(|recording| cut(recording, 6_000_000));
        storms.chain([figure_7(Backtracking::StepByOne), figure_7(Backtracking::ConflictHints)]).collect()
    });
    &RECORDINGS
}

/// Followers as in the paper's Figure 7, (a) to (f), which a leader brings in line: logs get shorter, and
/// entries in the middle of them change their terms.
fn figure_7(backtracking: Backtracking) -> Recording {
    let state = "S1:L8 1114455666 c3 / S2 111445566 / S3 1114 / S4 11144556666 / S5 111445566677 \
                 / S6 1114444 / S7 11122233333";
    let setup = Setup { options: Options { backtracking, ..Options::default() }, ..Setup::new(7, 1) };
    let mut run = Run::from_start(&setup, Start::State(state.into())).unwrap();
    let op = Op::Put { key: "x".into(), value: "1".into() };
    let leader = ServerId::first(1).next().unwrap();
    run.act(Action::Propose { server: leader, op }).unwrap();
    run.run_until(1_500_000);
    run.recording()
}

/// The beginning of a recording.
fn cut(mut recording: Recording, end_us: u64) -> Recording {
    recording.end.at_us = end_us;
    recording.end.k = 0;
    recording.actions.retain(|stamped| stamped.when <= recording.end);
    recording
}

/// The trace of a recording, parsed line by line, with what the replay came to.
fn trace_of<L: Listener>(recording: &Recording, beside: L) -> (Vec<Value>, L, Told) {
    let mut text = Vec::new();
    let mut listeners = (Trace::new(&mut text), beside);
    let told = tell(recording, &mut listeners).expect("the recording makes a run");
    let beside = listeners.1;
    let text = String::from_utf8(text).expect("a trace is text");
    assert!(text.ends_with('\n'));
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    (lines, beside, told)
}

/// Nobody else listens.
fn nobody() -> Option<Trace<io::Sink>> {
    None
}

#[test]
fn an_export_does_exactly_what_the_recording_says() {
    let mut events = 0;
    for recording in recordings() {
        let run = Run::replay(recording).unwrap();
        let (lines, _, told) = trace_of(recording, nobody());
        assert_eq!(told.digest, run.digest());
        assert_eq!(told.checker.violations(), run.violations());
        assert_eq!(lines.len() as u64, 1 + run.world().events());
        let header = &lines[0];
        assert_eq!((&header["format"], &header["version"]), (&"wavetank-trace".into(), &1.into()));
        for (id, line) in (0..).zip(&lines[1..]) {
            assert_eq!(line["id"], id);
            let causes = line["causes"].as_array().unwrap();
            assert!(causes.iter().all(|cause| cause.as_u64().unwrap() < id), "{line}");
        }
        let times: Vec<_> = lines[1..].iter().map(|line| line["atUs"].as_u64().unwrap()).collect();
        assert!(times.is_sorted());
        events += times.len();
    }
    assert!(events > 20_000, "the storms are not idle: {events} events");
}

/// A pipe that is closed after so many bytes.
struct Closing(usize);

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts what it hears.
#[derive(Default)]
struct Count(u64);

impl Listener for Count {
    const REMEMBERS: usize = 0;

    fn begin(&mut self, _: &Recording, _: &World) -> io::Result<()> {
        Ok(())
    }

    fn hear(&mut self, _: Moment) -> io::Result<()> {
        self.0 += 1;
        Ok(())
    }
}

#[test]
fn a_closed_pipe_ends_the_replay_at_once() {
    let recording = storms::storm(3).recording();
    let mut whole = Count::default();
    tell(&recording, &mut whole).unwrap();
    let mut listeners = (Count::default(), Trace::new(Closing(50_000)));
    let Err(TellError::Listener(why)) = tell(&recording, &mut listeners) else {
        panic!("the pipe was closed")
    };
    assert_eq!(why.kind(), io::ErrorKind::BrokenPipe);
    let heard = listeners.0.0;
    assert!(heard > 0 && heard < whole.0 / 4, "{heard} of {} events were told", whole.0);
}
