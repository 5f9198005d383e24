//! What goes to the terminal, to a pipe, or into files.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Why a command could not do what was asked.
#[derive(Debug)]
pub enum Fail {
    /// Whoever reads the output has closed it.
    Closed,
    /// What was wrong, where, and what to do.
    Sentence(String),
}

/// Whether everything held, or was found.
pub type CameOut = Result<bool, Fail>;

/// Something is wrong with a file.
pub fn about(path: &Path, what: impl std::fmt::Display) -> Fail {
    Fail::Sentence(format!("{}: {what}", path.display()))
}

/// Why writing there did not work.
pub fn not_written(path: &Path, why: &io::Error) -> Fail {
    if why.kind() == io::ErrorKind::BrokenPipe {
        return Fail::Closed;
    }
    about(path, format!("it can't be written ({why}). Give another path, or make room."))
}

/// Prints a text that ends with its last line.
pub fn say(text: &str) -> Result<(), Fail> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|why| not_written(Path::new("standard output"), &why))
}

/// Prints what a command has come to. The result stands, whether or not anybody reads it.
pub fn report(text: &str) -> Result<(), Fail> {
    match say(text) {
        Err(Fail::Closed) => Ok(()),
        done => done,
    }
}

/// Says on standard error what went wrong. Nothing can be done if nobody hears it.
pub fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "wavetank: {sentence}");
}

/// Writes a file whole.
pub fn write(path: &Path, text: &str) -> Result<(), Fail> {
    std::fs::write(path, text).map_err(|why| not_written(path, &why))
}

/// On how many threads to work: as many as were asked for, or as there are cores.
pub fn threads(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(cores, usize::from)
}

/// Where a command writes to: a file, or standard output.
pub struct Sink {
    path: PathBuf,
    out: Box<dyn Write>,
}

impl Sink {
    /// Makes the file, but not over the one that is read.
    pub fn create(path: Option<&Path>, input: &Path) -> Result<Sink, Fail> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            let out = Box::new(BufWriter::new(io::stdout()));
            return Ok(Sink { path: "standard output".into(), out });
        };
        not_over(path, input)?;
        let file = File::create(path).map_err(|why| not_written(path, &why))?;
        Ok(Sink { path: path.into(), out: Box::new(BufWriter::new(file)) })
    }

    /// Why writing there did not work.
    pub fn trouble(&self, why: &io::Error) -> Fail {
        not_written(&self.path, why)
    }

    /// Everything was written.
    pub fn finish(mut self) -> Result<(), Fail> {
        self.out.flush().map_err(|why| not_written(&self.path, &why))
    }
}

impl Write for &mut Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What is read is not written over.
pub fn not_over(path: &Path, input: &Path) -> Result<(), Fail> {
    match (path.canonicalize(), input.canonicalize()) {
        (Ok(one), Ok(other)) if one == other => {
            Err(about(path, "that is the file that is read. Give another path to write to."))
        }
        _ => Ok(()),
    }
}

/// How far it is, on a terminal; in a pipe it is quiet.
pub struct Progress {
    shown: Option<Instant>,
    terminal: bool,
}

/// How often a line is shown anew.
const EVERY: Duration = Duration::from_millis(200);

impl Progress {
    pub fn new() -> Progress {
        Progress { shown: None, terminal: io::stderr().is_terminal() }
    }

    /// Shows a line in the place of the one before, if it is time to.
    pub fn show(&mut self, line: impl FnOnce() -> String) {
        if !self.terminal || self.shown.is_some_and(|shown| shown.elapsed() < EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let _ = write!(io::stderr(), "\r\x1b[K{}", line());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.terminal && self.shown.is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
