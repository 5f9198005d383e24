//! `wavetank export`: a run, told to other programs.

use crate::input::{Source, told};
use crate::interrupt;
use crate::output::{CameOut, End, Progress, Sink, about};
use clap::{Args, ValueEnum};
use std::io;
use std::path::PathBuf;
use wavetank::explain::{Telling, duration, in_words};
use wavetank::sim::World;
use wavetank::timeline::Recording;
use wavetank::timeline::export::history::History;
use wavetank::timeline::export::shiviz::Shiviz;
use wavetank::timeline::export::trace::Trace;
use wavetank::timeline::export::{Listener, Moment, TellError, tell};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    source: Source,
    /// In which format
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Format,
    /// Write it there; without it, to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Everything that happened, a line of JSON for each event
    Trace,
    /// What clients asked and were told, as JSON
    History,
    /// Each host's events with vector clocks, as ShiViz reads them
    Shiviz,
    /// A sentence for each event, as in the feed of the page
    Words,
}

pub fn export(arguments: &Arguments) -> CameOut {
    let file = &arguments.source.file;
    let recording = arguments.source.recording()?;
    let mut sink = Sink::create(arguments.out.as_deref(), file)?;
    let done = match arguments.to {
        Format::Trace => write(&recording, Trace::new(&mut sink)),
        Format::History => write(&recording, History::new(&mut sink)),
        Format::Shiviz => write(&recording, Shiviz::new(&mut sink, |moment| in_words(moment).to_string())),
        Format::Words => write(&recording, Telling::new(&mut sink, |_| true)),
    };
    match done {
        Ok(()) => sink.finish().map(|()| End::Held),
        Err(TellError::Recording(why)) => Err(about(file, told(&why))),
        Err(TellError::Listener(why)) => Err(sink.trouble(&why)),
    }
}

fn write(recording: &Recording, listener: impl Listener) -> Result<(), TellError> {
    let watch = Watch { end_us: recording.end.at_us, progress: Progress::new() };
    tell(recording, &mut (listener, watch)).map(drop)
}

/// Shows how far it is.
struct Watch {
    end_us: u64,
    progress: Progress,
}

impl Listener for Watch {
    const REMEMBERS: usize = 0;

    fn begin(&mut self, _: &Recording, _: &World) -> io::Result<()> {
        Ok(())
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        let (now, end) = (moment.event.at_us, self.end_us);
        self.progress.show(|| format!("{} of {}", duration(now), duration(end)));
        interrupt::go_on()
    }
}
