//! A run written out for other programs and for reading: in the worker, piece by piece, so that neither the
//! page nor its memory fills up.

use crate::explain::{Telling, in_words};
use crate::sim::World;
use crate::timeline::Recording;
use crate::timeline::export::history::History;
use crate::timeline::export::shiviz::Shiviz;
use crate::timeline::export::trace::Trace;
use crate::timeline::export::{Listener, Moment, TellError, tell};
use crate::ui::feed::Filter;
use crate::ui::jobs::News;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::io::{self, Write};

/// The longest file that the page writes, in bytes. The command line has no such bound.
pub const BYTES_MAX: u64 = 256 << 20;
/// So many bytes go to the page at once.
const PIECE: usize = 256 << 10;
/// After so many events it is told how far it is.
const TELL_EVERY: u64 = 1024;

/// What is to be written, and of which run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The run, up to its end.
    pub recording: Recording,
    /// How.
    pub form: Form,
}

/// In which format a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Form {
    /// A sentence for each event that passes.
    Words(Filter),
    /// A line of JSON for each event.
    Trace,
    /// What clients asked and were told.
    History,
    /// With vector clocks.
    Shiviz,
}

/// Writes it: tells each piece and how far it is, and at last that this was all.
///
/// # Errors
/// A sentence, when the recording makes no run or the file gets too long.
pub fn write(order: &Order, tell: &dyn Fn(News)) -> Result<News, String> {
    write_at_most(order, BYTES_MAX, tell)
}

fn write_at_most(order: &Order, bytes_max: u64, tell: &dyn Fn(News)) -> Result<News, String> {
    let at_us = Cell::new(0);
    let mut out = Pieces { tell, waiting: Vec::new(), written: 0, bytes_max };
    let done = match order.form {
        Form::Words(filter) => heard(order, Telling::new(&mut out, |it| filter.passes(it)), &at_us, tell),
        Form::Trace => heard(order, Trace::new(&mut out), &at_us, tell),
        Form::History => heard(order, History::new(&mut out), &at_us, tell),
        Form::Shiviz => {
            heard(order, Shiviz::new(&mut out, |moment| in_words(moment).to_string()), &at_us, tell)
        }
    };
    match done.and_then(|()| out.end().map_err(TellError::Listener)) {
        Ok(()) => Ok(News::Written),
        Err(TellError::Recording(why)) => Err(why.to_string()),
        Err(TellError::Listener(_)) => Err(format!(
            "The file would be longer than {} MB, which is the most that the page writes; that much was reached at {} of {} ms. Save the run, and write it with the command line, which has no such bound: wavetank export.",
            bytes_max >> 20,
            at_us.get() / 1000,
            order.recording.end.at_us / 1000,
        )),
    }
}

fn heard(
    order: &Order,
    listener: impl Listener,
    at_us: &Cell<u64>,
    say: &dyn Fn(News),
) -> Result<(), TellError> {
    tell(&order.recording, &mut (listener, Clock { at_us, say, events: 0 })).map(drop)
}

/// Tells how far it is.
struct Clock<'a> {
    at_us: &'a Cell<u64>,
    say: &'a dyn Fn(News),
    events: u64,
}

impl Listener for Clock<'_> {
    const REMEMBERS: usize = 0;

    fn begin(&mut self, _: &Recording, _: &World) -> io::Result<()> {
        Ok(())
    }

    fn hear(&mut self, moment: Moment) -> io::Result<()> {
        self.at_us.set(moment.event.at_us);
        self.events += 1;
        if self.events.is_multiple_of(TELL_EVERY) {
            (self.say)(News::Writing { at_us: moment.event.at_us });
        }
        Ok(())
    }
}

/// What was written and not yet handed over.
struct Pieces<'a> {
    tell: &'a dyn Fn(News),
    waiting: Vec<u8>,
    written: u64,
    bytes_max: u64,
}

impl Pieces<'_> {
    /// Hands over what is whole text, as a letter may be written in two parts.
    fn hand_over(&mut self) -> io::Result<()> {
        let rest = match std::str::from_utf8(&self.waiting) {
            Ok(_) => Vec::new(),
            Err(why) if why.error_len().is_none() => self.waiting.split_off(why.valid_up_to()),
            Err(why) => return Err(io::Error::other(why)),
        };
        let piece =
            String::from_utf8(std::mem::replace(&mut self.waiting, rest)).map_err(io::Error::other)?;
        (self.tell)(News::Piece(piece));
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        self.hand_over()
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written += bytes.len() as u64;
        if self.written > self.bytes_max {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Setup;
    use crate::timeline::{Run, Start};
    use std::cell::RefCell;

    fn order(form: Form, until_us: u64) -> Order {
        let mut run = Run::from_start(&Setup::new(5, 7), Start::Empty).unwrap();
        run.run_until(until_us);
        Order { recording: run.recording(), form }
    }

    /// The pieces of what is written, and what came of it.
    fn written(order: &Order, bytes_max: u64) -> (Vec<String>, Result<News, String>) {
        let pieces = RefCell::new(Vec::new());
        let result = write_at_most(order, bytes_max, &|news| {
            if let News::Piece(piece) = news {
                pieces.borrow_mut().push(piece);
            }
        });
        (pieces.into_inner(), result)
    }

    #[test]
    fn the_pieces_are_together_what_a_listener_writes_at_once() {
        let order = order(Form::Trace, 3_000_000);
        let mut whole = Vec::new();
        tell(&order.recording, &mut Trace::new(&mut whole)).unwrap();
        let (pieces, result) = written(&order, BYTES_MAX);
        assert_eq!(result, Ok(News::Written));
        assert!(pieces.len() > 2, "it comes in pieces");
        assert!(pieces.concat().into_bytes() == whole);
    }

    #[test]
    fn a_letter_that_is_written_in_two_parts_stays_whole() {
        let pieces = RefCell::new(Vec::new());
        let tell = |news| pieces.borrow_mut().push(news);
        let mut out = Pieces { tell: &tell, waiting: Vec::new(), written: 0, bytes_max: 1 << 30 };
        let filler = "x".repeat(PIECE - 1);
        for part in [filler.as_bytes(), &"é".as_bytes()[..1], &"é".as_bytes()[1..]] {
            out.write_all(part).unwrap();
        }
        out.end().unwrap();
        assert_eq!(pieces.into_inner(), [News::Piece(filler), News::Piece("é".into())]);
    }

    #[test]
    fn a_file_that_gets_too_long_is_given_up_with_a_sentence() {
        let (pieces, result) = written(&order(Form::Trace, 20_000_000), 1 << 20);
        let why = result.unwrap_err();
        assert!(why.starts_with("The file would be longer than 1 MB"), "{why}");
        assert!(why.contains("of 20000 ms"), "{why}");
        assert!(pieces.concat().len() <= 1 << 20);
    }

    #[test]
    fn a_recording_that_makes_no_run_is_refused_in_its_own_words() {
        let mut order = order(Form::History, 1000);
        order.recording.setup.servers = 0;
        let (pieces, result) = written(&order, BYTES_MAX);
        assert!(pieces.is_empty());
        assert_eq!(result.unwrap_err(), order.recording.check().unwrap_err().to_string());
    }

    #[test]
    fn how_far_it_is_is_told_on_the_way() {
        let order = order(Form::Words(Filter::ALL), 60_000_000);
        let told = RefCell::new(Vec::new());
        write(&order, &|news| {
            if let News::Writing { at_us } = news {
                told.borrow_mut().push(at_us);
            }
        })
        .unwrap();
        let told = told.into_inner();
        assert!(told.len() > 1 && told.is_sorted(), "{told:?}");
    }
}
