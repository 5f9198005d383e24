//! A whole run in words: a line for each event, for people to read elsewhere.

use super::sentence::{Scene, Sentence, sentence};
use super::words::duration;
use crate::sim::World;
use crate::timeline::Recording;
use crate::timeline::export::{Listener, Moment};
use std::io::{self, Write};

/// How many of the last events may be looked back on to find words for one.
const REMEMBERED: usize = 2000;

/// What just happened, as a sentence.
#[must_use]
pub fn in_words(moment: Moment) -> Sentence {
    let scene = Scene { servers: moment.world.servers().len() as u8, trace: moment.trace };
    sentence(moment.event, scene)
}

/// Writes a run in words as it hears of it: first what the run is, then the time and the sentence of each
/// event that `passes`.
#[derive(Debug)]
pub struct Telling<W, F> {
    out: W,
    passes: F,
}

impl<W: Write, F: Fn(&Sentence) -> bool> Telling<W, F> {
    /// A text that is written there.
    pub fn new(out: W, passes: F) -> Telling<W, F> {
        Telling { out, passes }
    }
}

impl<W: Write, F: Fn(&Sentence) -> bool> Listener for Telling<W, F> {
    const REMEMBERS: usize = REMEMBERED;

    fn begin(&mut self, recording: &Recording, world: &World) -> io::Result<()> {
        let (servers, seed) = (world.servers().len(), recording.setup.seed);
        let end = duration(recording.end.at_us);
        writeln!(self.out, "Wavetank: {servers} servers, seed {seed}, from the start to {end}.")?;
        let off: Vec<_> = recording.setup.rules_off.off().map(|rule| rule.name()).collect();
        if !off.is_empty() {
            writeln!(self.out, "Rules that are off from the start: {}.", off.join(", "))?;
        }
        writeln!(self.out)
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        let sentence = in_words(moment);
        if !(self.passes)(&sentence) {
            return Ok(());
        }
        let at_us = moment.event.at_us;
        // A sentence may quote what somebody typed; here, a line is an event.
        let words = sentence.to_string().replace(['\n', '\r'], " ");
        writeln!(self.out, "{:>9}.{:03} ms  {words}", at_us / 1000, at_us % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::Kind;
    use crate::sim::Setup;
    use crate::timeline::export::tell;
    use crate::timeline::{Run, Start};

    fn told(passes: impl Fn(&Sentence) -> bool) -> (Run, String) {
        let mut run = Run::from_start(&Setup::new(3, 7), Start::Empty).unwrap();
        run.run_until(700_000);
        let mut text = Vec::new();
        tell(&run.recording(), &mut Telling::new(&mut text, passes)).unwrap();
        (run, String::from_utf8(text).unwrap())
    }

    #[test]
    fn every_event_is_a_line_with_its_time_and_the_sentence_of_the_feed() {
        let (run, text) = told(|_| true);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(lines.len() as u64, run.world().events());
        assert!(text.starts_with("Wavetank: 3 servers, seed 7, from the start to 700 ms.\n\n"), "{text}");
        for (line, event) in lines.iter().zip(run.events()) {
            let words = sentence(event, Scene::of(&run)).to_string();
            assert_eq!(line.split_once(" ms  ").unwrap().1, words);
        }
    }

    #[test]
    fn what_does_not_pass_is_left_out() {
        let (run, text) = told(|sentence| sentence.kind == Kind::Election);
        let lines = text.lines().skip(2).count() as u64;
        assert!(0 < lines && lines < run.world().events());
        assert!(text.contains("stands for election"));
        assert!(!text.contains("heartbeat"));
    }
}
