//! What people type, and the files that they name.

use crate::output::{Fail, about, complain};
use clap::Args;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use wavetank::explain;
use wavetank::raft::{Rule, Rules};
use wavetank::sim::Action;
use wavetank::timeline::link::{LinkError, is_link};
use wavetank::timeline::{
    BranchData, DOCUMENT, Document, DocumentError, FORMAT, RUN_US_MAX, Recording, RecordingError, SEMANTICS,
    Stamp, TEXT_MAX,
};

/// A recording, and how it is to be done differently.
#[derive(Args)]
pub struct Source {
    /// The run: a file of the page, a recording, or a link; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Go on (or only) until then, such as 10s, 1500ms or 2m; else to the recording's end
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<u64>,
    /// Switch this rule off, from the start to the end (`wavetank rules` lists them); may be repeated
    #[arg(long, value_name = "RULE")]
    off: Vec<Rule>,
    /// Switch this rule on, from the start to the end; may be repeated
    #[arg(long, value_name = "RULE")]
    on: Vec<Rule>,
    /// Restrict the run to Figure 2 of the paper, with one entry in an AppendEntries
    #[arg(long)]
    paper: bool,
}

impl Source {
    /// Reads the recording, with what is to be different about it.
    pub fn recording(&self) -> Result<Recording, Fail> {
        let mut recording = recording(&self.file)?;
        self.change_rules(&mut recording)?;
        if self.paper {
            restrict_to_paper(&mut recording);
        }
        if let Some(at_us) = self.until {
            recording.end = Stamp { at_us, k: u32::MAX };
            recording.actions.retain(|stamped| stamped.when <= recording.end);
        }
        recording.check().map_err(|why| about(&self.file, told(&why)))?;
        Ok(recording)
    }

    /// The rules that were asked for hold whatever the recording does to them.
    fn change_rules(&self, recording: &mut Recording) -> Result<(), Fail> {
        if let Some(rule) = self.off.iter().find(|rule| self.on.contains(rule)) {
            return Err(Fail::Sentence(format!(
                "‘{rule}’ can't be both on and off: leave one of them away."
            )));
        }
        let changed = |rules: Rules| {
            let off = self.off.iter().fold(rules, |rules, &rule| rules.set(rule, false));
            self.on.iter().fold(off, |rules, &rule| rules.set(rule, true))
        };
        recording.setup.rules_off = changed(recording.setup.rules_off);
        for stamped in &mut recording.actions {
            if let Action::SetRules { off } = &mut stamped.action {
                *off = changed(*off);
            }
        }
        Ok(())
    }
}

/// The same timings, network, disks and clients, over the protocol of Figure 2. What the recording asks
/// for beyond that is refused in the run, and its trace says so.
fn restrict_to_paper(recording: &mut Recording) {
    let setup = &mut recording.setup;
    setup.options = setup.options.clone().restricted_to_paper();
    for stamped in &mut recording.actions {
        if let Action::SetOptions { options } = &mut stamped.action {
            *options = options.clone().restricted_to_paper();
        }
    }
}

/// Reads a recording: of a document, the branch that is shown. A link may stand in the place of a file.
pub fn recording(path: &Path) -> Result<Recording, Fail> {
    let link = path.to_str().filter(|text| is_link(text) && !path.exists());
    let (name, text) = match link {
        // Nobody wants to read the whole link in a complaint about it.
        Some(link) => (Path::new("the link"), link.to_owned()),
        None => (path, text(path, TEXT_MAX as u64)?),
    };
    let document = Document::from_text(&text).map_err(|why| about(name, told_of_document(&why)))?;
    let branch = document.branches.into_iter().nth(document.current as usize);
    let branch = branch.ok_or_else(|| about(name, "it has no branch."))?;
    say_how_it_stands(name, &branch)?;
    Ok(branch.recording)
}

/// A recording of an earlier meaning may run differently here: then a line on standard error says so.
fn say_how_it_stands(name: &Path, branch: &BranchData) -> Result<(), Fail> {
    let made_by = branch.recording.semantics;
    if made_by < SEMANTICS {
        let standing = branch.standing().map_err(|why| about(name, told(&why)))?;
        if let Some(sentence) = explain::standing(standing, made_by) {
            complain(&format!("{}: {sentence}", name.display()));
        }
    }
    Ok(())
}

/// Why a document can't be used, to somebody at a terminal.
fn told_of_document(why: &DocumentError) -> String {
    match why {
        DocumentError::Newer(version) | DocumentError::Link(LinkError::Newer(version)) => format!(
            "the run is of version {version}; this wavetank knows version {DOCUMENT}. Use the version that has \
             made it, or a later one."
        ),
        DocumentError::Recording(why) => told(why),
        DocumentError::Branch(number, why) => format!("branch {number}: {}", told(why)),
        why => why.to_string(),
    }
}

/// Why a recording can't be used, to somebody at a terminal.
pub fn told(why: &RecordingError) -> String {
    match why {
        RecordingError::Newer(format) => format!(
            "the recording is of format {format}; this wavetank knows format {FORMAT}. Use the version that has \
             made it, or a later one."
        ),
        RecordingError::NewerMeaning(semantics) => format!(
            "the recording was made by a later version, which simulates differently: its semantics is \
             {semantics}, this wavetank's is {SEMANTICS}. Use the version that has made it, or a later one."
        ),
        why => why.to_string(),
    }
}

/// The text of a file of at most that many bytes.
pub fn text(path: &Path, bytes_max: u64) -> Result<String, Fail> {
    let unreadable = |why: io::Error| about(path, format!("it can't be read ({why})."));
    let input: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(unreadable)?)
    };
    let mut bytes = Vec::new();
    input.take(bytes_max + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        return Err(about(path, format!("it is longer than {bytes_max} bytes. Is it the right file?")));
    }
    String::from_utf8(bytes).map_err(|why| {
        let place = why.utf8_error().valid_up_to();
        about(path, format!("byte {place} is not text (UTF-8). Is it the right file?"))
    })
}

/// A time in microseconds: `10s`, `1500ms`, `2m`, `0.5s`, `1h`.
pub fn time(text: &str) -> Result<u64, String> {
    const EXAMPLES: &str = "write for example 10s, 1500ms or 2m";
    let (number, unit) = parted(text);
    let us = match unit {
        "us" | "µs" => 1,
        "ms" => 1000,
        "s" => 1_000_000,
        "m" | "min" => 60_000_000,
        "h" => 3_600_000_000,
        "" => return Err(format!("it has no unit: {EXAMPLES}")),
        other => return Err(format!("‘{other}’ is no unit of time: write us, ms, s, m or h")),
    };
    match scaled(number, us) {
        None => Err(format!("it is no time: {EXAMPLES}")),
        Some((whole, _)) if whole > u128::from(RUN_US_MAX) => Err(longest()),
        Some((whole, true)) if whole == u128::from(RUN_US_MAX) => Err(longest()),
        Some((_, true)) => Err("simulated time goes by whole microseconds: it has a part of one".into()),
        Some((whole, false)) => Ok(whole as u64),
    }
}

fn longest() -> String {
    format!("a run takes at most {} h, which are {RUN_US_MAX} us", RUN_US_MAX / 3_600_000_000)
}

/// A number, and the unit behind it.
fn parted(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

/// So many digits behind a point are reckoned with; of more it is only seen whether they are all 0.
const DIGITS_MAX: usize = 18;

/// A number times `unit`, as far as that is whole, and whether there is a part left. What is too large to be
/// reckoned with stays too large for everything.
fn scaled(number: &str, unit: u64) -> Option<(u128, bool)> {
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) {
        return None;
    }
    let (part, finer) = part.split_at(part.len().min(DIGITS_MAX));
    let one = 10_u128.pow(part.len() as u32);
    let whole = whole.parse().unwrap_or(u128::MAX).saturating_mul(one);
    let scaled = whole.saturating_add(part.parse().ok()?).saturating_mul(u128::from(unit));
    Some((scaled / one, scaled % one > 0 || finer.bytes().any(|digit| digit != b'0')))
}

/// A time that is not 0.
pub fn length(text: &str) -> Result<u64, String> {
    match time(text)? {
        0 => Err("nothing happens in no time: write for example 60s".into()),
        us => Ok(us),
    }
}

/// A size in bytes: `2GiB`, `500MiB`, `100MB`; a part of a byte is left out.
pub fn bytes(text: &str) -> Result<u64, String> {
    const EXAMPLES: &str = "write for example 500MiB or 2GiB";
    let (number, unit) = parted(text);
    let unit = match unit.to_ascii_lowercase().as_str() {
        "b" => 1,
        "kib" | "k" => 1 << 10,
        "mib" | "m" => 1 << 20,
        "gib" | "g" => 1 << 30,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "" => return Err(format!("it is no size, since it has no unit: {EXAMPLES}")),
        _ => return Err(format!("it is no size: {EXAMPLES}")),
    };
    let (bytes, _) = scaled(number, unit).ok_or_else(|| format!("it is no size: {EXAMPLES}"))?;
    u64::try_from(bytes).map_err(|_| format!("it is more than the {} bytes that can be counted", u64::MAX))
}

/// Seeds: `0..1000` is a thousand of them, the last is 999.
pub fn seeds(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").ok_or("write two numbers such as 0..1000")?;
    let (from, to) = (whole(from)?, whole(to)?);
    if from >= to {
        return Err(format!("there is no seed from {from} up to {to}: put the smaller number first"));
    }
    Ok(from..to)
}

/// A part of several: `2/8`.
pub fn shard(text: &str) -> Result<(u64, u64), String> {
    let (which, of) = text.split_once('/').ok_or("write for example 2/8, the second part of eight")?;
    let (which, of) = (whole(which)?, whole(of)?);
    if which == 0 || which > of {
        return Err(format!("there is no part {which} of {of}: parts are 1 to {of}"));
    }
    Ok((which, of))
}

fn whole(text: &str) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten();
    number.ok_or_else(|| format!("‘{text}’ is no whole number from 0 to {}", u64::MAX))
}
