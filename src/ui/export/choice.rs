//! What is exported, and how: plain values. Nothing here knows a browser.

use crate::sim::Seed;

/// What can be exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum What {
    /// The picture of the stage.
    #[default]
    Stage,
    /// The picture of the logs.
    Logs,
    /// The stretch of the space-time diagram that is in sight.
    Diagram,
    /// The feed, as text.
    Feed,
    /// A line of JSON for each event.
    Trace,
    /// What clients asked and were told.
    History,
    /// For ShiViz.
    Shiviz,
    /// What replays.
    Recording,
}

impl What {
    /// All pictures.
    pub const PICTURES: [What; 3] = [What::Stage, What::Logs, What::Diagram];
    /// All that is text.
    pub const TEXTS: [What; 5] = [What::Feed, What::Trace, What::History, What::Shiviz, What::Recording];

    /// Whether it is a picture.
    #[must_use]
    pub fn is_picture(self) -> bool {
        What::PICTURES.contains(&self)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            What::Stage => "Stage",
            What::Logs => "Logs",
            What::Diagram => "Space-time diagram",
            What::Feed => "Feed",
            What::Trace => "Trace",
            What::History => "History of the clients",
            What::Shiviz => "ShiViz log",
            What::Recording => "Recording",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            What::Stage => "The servers, and the messages on their way.",
            What::Logs => "What stands in the log of each server.",
            What::Diagram => "The stretch of the space-time diagram that is in sight, dark on white.",
            What::Feed => "Every event in a sentence, as plain text, from the start of the run.",
            What::Trace => "Every event with what was decided, sent and written: a line of JSON each.",
            What::History => "What clients asked and were told, as JSON: for a checker of linearizability.",
            What::Shiviz => "Every event with its vector clock: open it in ShiViz for a space-time diagram.",
            What::Recording => "What it takes to do the run again: this page and the command line open it.",
        }
    }

    /// The end of its file's name, where it is text, and of what kind browsers say that it is.
    #[must_use]
    pub fn text_file(self) -> (&'static str, &'static str) {
        match self {
            What::Stage | What::Logs | What::Diagram | What::Feed => ("feed.txt", "text/plain"),
            What::Trace => ("trace.ndjson", "application/x-ndjson"),
            What::History => ("history.json", "application/json"),
            What::Shiviz => ("shiviz.log", "text/plain"),
            What::Recording => ("recording.json", "application/json"),
        }
    }
}

/// As what a picture is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Lines and letters.
    Svg,
    /// Pixels: so many times as large.
    Png(u8),
}

impl Form {
    /// Of what kind browsers say that it is.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Form::Svg => "image/svg+xml",
            Form::Png(_) => "image/png",
        }
    }
}

/// In which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Colours {
    /// As the page has them.
    #[default]
    Screen,
    /// Dark on white.
    Light,
    /// Light on dark.
    Dark,
}

/// What is exported, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// What.
    pub what: What,
    /// A picture: as what.
    pub form: Form,
    /// A picture: in which colours.
    pub colours: Colours,
    /// A picture: whether it has no background.
    pub transparent: bool,
    /// A picture: whether time, seed and servers stand under it.
    pub facts: bool,
    /// A picture: what stands under it, if anything.
    pub title: String,
    /// The logs: the first and the last column, as far as the person has said.
    pub columns: (Option<u64>, Option<u64>),
    /// The feed: whether only what its filter lets pass.
    pub filtered: bool,
    /// Text: whether with what follows the moment that is shown, as far as it is known.
    pub whole: bool,
}

impl Default for Choice {
    fn default() -> Choice {
        Choice {
            what: What::default(),
            form: Form::Png(2),
            colours: Colours::default(),
            transparent: false,
            facts: true,
            title: String::new(),
            columns: (None, None),
            filtered: false,
            whole: false,
        }
    }
}

/// The most columns of logs in one picture: more can't be read.
pub const COLUMNS_MAX: u64 = 200;
/// So many columns, the last ones, if the person says nothing.
const COLUMNS_USUAL: u64 = 20;

/// The columns of a picture of logs whose last index is `last`, and a sentence when these are not the ones
/// that were asked for.
#[must_use]
pub fn columns((from, to): (Option<u64>, Option<u64>), last: u64) -> ((u64, u64), Option<String>) {
    let last = last.max(1);
    let end = to.unwrap_or(last).clamp(1, last);
    let begin = from.unwrap_or_else(|| (end + 1).saturating_sub(COLUMNS_USUAL)).clamp(1, end);
    let kept = begin.max((end + 1).saturating_sub(COLUMNS_MAX));
    let why = if kept > begin {
        Some(format!("A picture has at most {COLUMNS_MAX} columns: these are {kept} to {end}."))
    } else if from.is_some_and(|from| from != begin) || to.is_some_and(|to| to != end) {
        Some(format!("The logs have the indexes 1 to {last}: these are {begin} to {end}."))
    } else {
        None
    };
    ((kept, end), why)
}

/// A name for the file that says what is in it.
#[must_use]
pub fn file_name(seed: Seed, at_us: u64, end: &str) -> String {
    format!("wavetank-seed{seed}-{}ms-{end}", at_us / 1000)
}

/// The end of the name of a picture's file.
#[must_use]
pub fn picture_end(what: What, form: Form) -> String {
    let name = what.name().to_ascii_lowercase().replace(' ', "-");
    match form {
        Form::Svg => format!("{name}.svg"),
        Form::Png(_) => format!("{name}.png"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_columns_are_drawn_unless_the_person_says_which() {
        for (asked, last, drawn) in [
            ((None, None), 0, (1, 1)),
            ((None, None), 7, (1, 7)),
            ((None, None), 90, (71, 90)),
            ((Some(3), None), 90, (3, 90)),
            ((None, Some(30)), 90, (11, 30)),
            ((Some(5), Some(6)), 90, (5, 6)),
        ] {
            assert_eq!(columns(asked, last), (drawn, None), "{asked:?}");
        }
    }

    #[test]
    fn columns_that_are_not_there_or_too_many_are_told_of() {
        let (drawn, why) = columns((Some(1), None), 1000);
        assert_eq!(drawn, (801, 1000));
        assert_eq!(why.unwrap(), "A picture has at most 200 columns: these are 801 to 1000.");
        let (drawn, why) = columns((Some(0), Some(99)), 9);
        assert_eq!(drawn, (1, 9));
        assert_eq!(why.unwrap(), "The logs have the indexes 1 to 9: these are 1 to 9.");
        assert_eq!(columns((Some(8), Some(3)), 9).0, (3, 3));
    }

    #[test]
    fn a_files_name_says_what_is_in_it() {
        let end = picture_end(What::Stage, Form::Png(2));
        assert_eq!(file_name(Seed(7), 1_234_567, &end), "wavetank-seed7-1234ms-stage.png");
        assert_eq!(picture_end(What::Diagram, Form::Svg), "space-time-diagram.svg");
        assert_eq!(file_name(Seed(7), 0, What::Trace.text_file().0), "wavetank-seed7-0ms-trace.ndjson");
    }
}
