//! What goes to the terminal, to a pipe, or into files.

use crate::interrupt::{self, Stopped};
use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;
use wavetank::timeline::Recording;

/// Why a command could not do what was asked.
#[derive(Debug)]
pub enum Fail {
    /// Whoever reads the output has closed it.
    Closed,
    /// Ctrl-C was pressed while a run was told: what of it is no more.
    Interrupted(String),
    /// What was wrong, where, and what to do.
    Sentence(String),
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything held, was found, or was done.
    Held,
    /// A property was violated, or nothing was found where everything was looked at.
    Not,
    /// A bound was reached before that was known.
    Bound,
    /// Ctrl-C was pressed before that was known.
    Interrupted,
}

impl End {
    /// The exit code that says so.
    pub fn code(self) -> u8 {
        match self {
            End::Held => 0,
            End::Not => 1,
            End::Bound => 3,
            End::Interrupted => interrupt::CODE,
        }
    }
}

/// How a command ended, or why it could not do what was asked.
pub type CameOut = Result<End, Fail>;

/// Something is wrong with a file.
pub fn about(path: &Path, what: impl std::fmt::Display) -> Fail {
    Fail::Sentence(format!("{}: {what}", path.display()))
}

/// Why writing there did not work.
pub fn not_written(path: &Path, why: &io::Error) -> Fail {
    if why.kind() == io::ErrorKind::BrokenPipe {
        return Fail::Closed;
    }
    if let Some(stopped) = why.get_ref().and_then(|inner| inner.downcast_ref::<Stopped>()) {
        return Fail::Interrupted(format!("{stopped}: the run was not told to its end."));
    }
    let advice = match why.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "Make room there, or give another path"
        }
        io::ErrorKind::NotFound => "Give another path, in a folder that exists",
        _ => "Give another path",
    };
    about(path, format!("it can't be written ({why}). {advice}."))
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

/// Prints what a command has come to. Where something else goes to standard output, on standard error.
pub fn say_beside(words: &str, out: Option<&Path>) -> Result<(), Fail> {
    if !out.is_some_and(is_standard) {
        return report(words);
    }
    let _ = io::stderr().write_all(words.as_bytes());
    Ok(())
}

/// Prints what a command has come to, and writes the recording, if there is one, where it is wanted.
pub fn deliver(words: &str, recording: Option<&Recording>, out: Option<&Path>) -> Result<(), Fail> {
    say_beside(words, out)?;
    out.zip(recording).map_or(Ok(()), |(path, recording)| save(recording, path))
}

/// Writes a recording there.
pub fn save(recording: &Recording, path: &Path) -> Result<(), Fail> {
    if is_standard(path) {
        return report(&(recording.to_json() + "\n"));
    }
    write(path, &recording.to_json())
}

/// Writes a text there.
pub fn write(path: &Path, text: &str) -> Result<(), Fail> {
    let mut sink = Sink::open(path)?;
    let written = sink.out.write_all(text.as_bytes());
    written.map_err(|why| sink.trouble(&why)).and_then(|()| sink.finish())
}

/// On how many threads to work: as many as were asked for, or as there are cores.
pub fn threads(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(cores, usize::from)
}

/// Whether a path stands for standard output.
pub fn is_standard(path: &Path) -> bool {
    path == Path::new("-")
}

/// Where a command writes to: a file, or standard output.
///
/// **A file is there whole or not at all**: it is written beside the one that is there, on the same disk, and renamed
/// over it at the end. Whatever fails before that, the old one stays.
pub struct Sink {
    path: PathBuf,
    out: BufWriter<Out>,
}

/// What a sink writes to.
enum Out {
    /// Standard output, a device, or a pipe: what is written there can't be taken back.
    Direct(Box<dyn Write>),
    /// A file that is to have this path.
    Beside(NamedTempFile, PathBuf),
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Out::Direct(out) => out.write(bytes),
            Out::Beside(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Out::Direct(out) => out.flush(),
            Out::Beside(file, _) => file.flush(),
        }
    }
}

impl Sink {
    /// Writes to a file, but not over the one that is read; or to standard output.
    pub fn create(path: Option<&Path>, input: &Path) -> Result<Sink, Fail> {
        let Some(path) = path.filter(|path| !is_standard(path)) else {
            let out = BufWriter::new(Out::Direct(Box::new(io::stdout())));
            return Ok(Sink { path: "standard output".into(), out });
        };
        not_over(path, input)?;
        Sink::open(path)
    }

    fn open(path: &Path) -> Result<Sink, Fail> {
        // From now on there is something to clear away.
        interrupt::heeded();
        let out = Out::open(path).map_err(|why| not_written(path, &why))?;
        Ok(Sink { path: path.into(), out: BufWriter::new(out) })
    }

    /// Why writing there did not work.
    pub fn trouble(&self, why: &io::Error) -> Fail {
        not_written(&self.path, why)
    }

    /// Everything was written.
    pub fn finish(self) -> Result<(), Fail> {
        let Sink { path, out } = self;
        let written = out.into_inner().map_err(io::IntoInnerError::into_error).and_then(Out::finish);
        written.map_err(|why| not_written(&path, &why))
    }
}

impl Out {
    fn open(path: &Path) -> io::Result<Out> {
        // A link stays one: what it leads to is written.
        let target = led_to(path)?;
        let old = match File::options().append(true).open(&target) {
            Ok(old) => Some(old),
            Err(why) if why.kind() == io::ErrorKind::NotFound => None,
            Err(why) => return Err(why),
        };
        let metadata = old.as_ref().map(File::metadata).transpose()?;
        if let Some(old) = old
            && (of_a_process(&target) || !metadata.as_ref().is_some_and(fs::Metadata::is_file))
        {
            return Ok(Out::Direct(Box::new(old)));
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut beside = tempfile::Builder::new();
        beside.prefix(".wavetank-").suffix(".tmp");
        #[cfg(unix)]
        beside.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // The name of the file that can't be made tells nobody anything.
        let plain = |why: io::Error| {
            io::Error::new(why.kind(), format!("no file can be made beside it: {}", why.kind()))
        };
        let file = beside.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(plain)?;
        if let Some(metadata) = metadata {
            file.as_file().set_permissions(metadata.permissions())?;
        }
        Ok(Out::Beside(file, target))
    }

    /// Everything was written: a file is on the disk before it takes the old one's place, so that neither a full
    /// disk nor a loss of power leaves half of it there.
    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let Out::Beside(file, target) = self else { return Ok(()) };
        file.as_file().sync_all()?;
        file.persist(target).map(drop).map_err(|why| why.error)
    }
}

/// Whether a path names what a process has open, as `/dev/stdout` leads to: that is not renamed over.
fn of_a_process(path: &Path) -> bool {
    ["/dev/fd", "/proc"].into_iter().any(|open| path.starts_with(open))
}

/// The most links that lead from one to the next.
const LINKS_MAX: usize = 40;

/// Where symbolic links lead, though nothing may be there yet.
fn led_to(path: &Path) -> io::Result<PathBuf> {
    let mut here = path.to_path_buf();
    for _ in 0..LINKS_MAX {
        match fs::read_link(&here) {
            Ok(_) if of_a_process(&here) => return Ok(here),
            Ok(next) => here = here.parent().map_or(next.clone(), |folder| folder.join(next)),
            Err(_) => return Ok(here),
        }
    }
    Err(io::Error::other("its symbolic links lead nowhere"))
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
