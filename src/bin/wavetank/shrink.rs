//! `wavetank shrink`: from a recording in which something happens to a small one in which it still does.

use crate::input::{recording, told};
use crate::interrupt;
use crate::limits::count;
use crate::output::{CameOut, End, Fail, Progress, about, complain, deliver, not_over, report};
use crate::run::{broken, witness};
use clap::Args;
use std::path::PathBuf;
use wavetank::check::Property;
use wavetank::check::goal::Goal;
use wavetank::explain::duration;
use wavetank::explore::{NotShrunk, Target, shrink};
use wavetank::timeline::Recording;

#[derive(Args)]
pub struct Arguments {
    /// The recording; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What has to fall still, such as ElectionSafety; without it, whichever promise falls first
    #[arg(long, value_name = "PROPERTY", value_parser = property)]
    property: Option<Property>,
    /// What has to hold still at some moment, instead; docs/goals.md has the words
    #[arg(long, value_name = "EXPR", conflicts_with = "property")]
    goal: Option<Goal>,
    /// The most recordings to try
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    replays: u32,
    /// Write the small recording there
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A property by its name, with or without blanks and hyphens.
fn property(text: &str) -> Result<Property, String> {
    let plain =
        |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let found = Property::ALL.into_iter().find(|property| plain(property.name()) == plain(text));
    found.ok_or_else(|| {
        let all = Property::ALL.map(|property| format!("{property:?}"));
        format!("there is no promise of that name; there are {}", all.join(", "))
    })
}

pub fn shrink_file(arguments: &Arguments) -> CameOut {
    let file = &arguments.file;
    let large = recording(file)?;
    if let Some(out) = &arguments.out {
        not_over(out, file)?;
    }
    let target = match (&arguments.goal, arguments.property) {
        (Some(goal), _) => Target::Goal(goal.clone()),
        (None, Some(property)) => Target::Property(property),
        (None, None) => Target::Any,
    };
    interrupt::heeded();
    let mut progress = Progress::new();
    let shrunk = shrink(&large, &target, arguments.replays, |small, tried| {
        progress.show(|| format!("{tried} recordings tried; the smallest has {}", size(small)));
        !interrupt::asked()
    });
    drop(progress);
    let shrunk = match shrunk {
        Ok(shrunk) => shrunk,
        Err(NotShrunk::Recording(why)) => return Err(about(file, told(&why))),
        Err(NotShrunk::CalledOff) => {
            let what = "stopped by Ctrl-C before it was known whether that happens in the recording";
            return Err(Fail::Interrupted(format!("{what}: nothing was written.")));
        }
        Err(why @ NotShrunk::NotThere(_)) => {
            report(&format!("{why}\n"))?;
            return Ok(End::Not);
        }
    };
    let small = shrunk.recording;
    let end = match shrunk.complete {
        true => End::Held,
        false if shrunk.replays < arguments.replays => End::Interrupted,
        false => End::Bound,
    };
    let early = match end {
        End::Interrupted => format!("Stopped by Ctrl-C: {} recordings were tried.\n", shrunk.replays),
        End::Bound => "Not everything was tried: give more with --replays.\n".into(),
        _ => String::new(),
    };
    let Some(out) = &arguments.out else {
        // Without a file for it, the recording is the result.
        if !early.is_empty() {
            complain(early.trim_end());
        }
        return report(&(small.to_json() + "\n")).map(|()| end);
    };
    let mut text = format!("From {} to {}.\n{early}", size(&large), size(&small));
    for (violation, events) in witness(&small) {
        text.push_str(&broken(&violation, &events));
    }
    deliver(&text, Some(&small), Some(out))?;
    Ok(end)
}

fn size(recording: &Recording) -> String {
    let actions = count(recording.actions.len() as u64, "action");
    let servers = count(u64::from(recording.setup.servers), "server");
    format!("{actions} on {servers} in {}", duration(recording.end.at_us))
}
