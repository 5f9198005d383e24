//! A setup in the page's address, such as `?servers=5&seed=7&election=150-300&heartbeat=50`. Times are
//! in milliseconds, chances in percent. Nothing here knows a browser.

use super::options;
use crate::raft::{Rule, Rules, TimerRange};
use crate::sim::{Options, Setup, notation};
use crate::timeline::Start;
use std::fmt::Write as _;

/// What an address asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The setup; what could not be read has its default.
    pub setup: Setup,
    /// What is there at the start.
    pub start: Start,
    /// Whether the address named a seed.
    pub has_seed: bool,
    /// What could not be read, each in a sentence that says what is used instead.
    pub troubles: Vec<String>,
}

/// Reads the part of an address after the `?` (with or without it). A seed that is not given is 1.
#[must_use]
pub fn parse(query: &str) -> Wanted {
    let mut wanted =
        Wanted { setup: Setup::new(5, 1), start: Start::Empty, has_seed: false, troubles: Vec::new() };
    let pairs: Vec<(String, String)> = query
        .trim_start_matches('?')
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    // A preset first: what else is given changes it, wherever it stands.
    let (presets, rest): (Vec<_>, Vec<_>) = pairs.into_iter().partition(|(name, _)| name == "preset");
    for (name, value) in presets.into_iter().chain(rest) {
        let mut changed = wanted.clone();
        let result = take(&mut changed, &name, value.trim()).and_then(|()| {
            changed.setup.check_new().map_err(|why| why.replace("µs is", "µs is, as a time,"))
        });
        match result {
            Ok(()) => wanted = changed,
            Err(why) => wanted.troubles.push(format!(
                "In the address, “{name}={}” was not used: {why}. The default stands.",
                clip(&value)
            )),
        }
    }
    wanted
}

fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(40).collect();
    if clipped.len() < text.len() {
        clipped.push('…');
    }
    clipped
}

fn take(wanted: &mut Wanted, name: &str, value: &str) -> Result<(), String> {
    let Setup { servers, seed, options, rules_off } = &mut wanted.setup;
    match name {
        "preset" => {
            *options = options::preset(&value.to_ascii_lowercase(), options)
                .ok_or("the presets are paper, raftscope, figure2 and everything")?;
        }
        "servers" => *servers = value.parse().map_err(|_| "write a number of servers from 1 to 9")?,
        "seed" => {
            *seed = value.parse()?;
            wanted.has_seed = true;
        }
        "off" => {
            let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
            let rules: Vec<Rule> = names.map(str::parse).collect::<Result<_, String>>()?;
            *rules_off = Rules::without(&rules);
        }
        "state" => {
            let states = notation::parse(value)?;
            if states.len() > 9 {
                return Err("a cluster has 1 to 9 servers".into());
            }
            *servers = states.len() as u8;
            wanted.start = Start::State(value.to_owned());
        }
        _ => match options::rows().find(|row| row.name.eq_ignore_ascii_case(name)) {
            Some(row) => row.set(options, value)?,
            None => {
                let names: Vec<&str> = options::rows().map(|row| row.name).collect();
                return Err(format!(
                    "nothing of that name can be set. What can: servers, seed, preset, off, state, {}",
                    names.join(", ")
                ));
            }
        },
    }
    Ok(())
}

/// Milliseconds with at most three decimals, as microseconds.
///
/// # Errors
/// A sentence that says what to write.
pub fn ms(text: &str) -> Result<u64, String> {
    decimal(text, 1000).ok_or_else(|| "write a time in milliseconds, such as 50 or 0.5".into())
}

/// `150-300` or a single `150`, in milliseconds.
///
/// # Errors
/// A sentence that says what to write.
pub fn range(text: &str) -> Result<TimerRange, String> {
    let (min, max) = text.split_once(['-', '–']).unwrap_or((text, text));
    match (ms(min), ms(max)) {
        (Ok(min_us), Ok(max_us)) => Ok(TimerRange { min_us, max_us }),
        _ => Err("write a range in milliseconds, such as 150-300".into()),
    }
}

/// A number with decimals, in whole parts of a unit. Whole numbers do it: to read any f64, the page would
/// load ten kilobytes of tables.
#[must_use]
pub fn decimal(text: &str, unit: u64) -> Option<u64> {
    let text = text.trim();
    let (whole, parts) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.bytes().chain(parts.bytes());
    if !(1..=15).contains(&text.len()) || text == "." || !digits.clone().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let value = digits.fold(0, |value, digit| value * 10 + u128::from(digit - b'0'));
    let scale = 10_u128.pow(parts.len() as u32);
    u64::try_from((value * u128::from(unit) + scale / 2) / scale).ok()
}

/// Microseconds as milliseconds, with as few decimals as it takes.
#[must_use]
pub fn ms_text(us: u64) -> String {
    let decimals = format!("{:03}", us % 1000);
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() { (us / 1000).to_string() } else { format!("{}.{decimals}", us / 1000) }
}

/// A range as [`range`] reads it.
#[must_use]
pub fn range_text(range: TimerRange) -> String {
    if range.min_us == range.max_us {
        return ms_text(range.min_us);
    }
    format!("{}-{}", ms_text(range.min_us), ms_text(range.max_us))
}

/// Parts in a million as a percentage.
#[must_use]
pub fn percent_text(ppm: u32) -> String {
    (f64::from(ppm) / 10_000.0).to_string()
}

/// The address of a setup, from the `?` on: servers and seed, and what is not as it is by default.
#[must_use]
pub fn print(setup: &Setup, start: &Start) -> String {
    let Setup { servers, seed, options, rules_off } = setup;
    let default = Options::default();
    let mut query = format!("?servers={servers}&seed={seed}");
    let mut add = |name: &str, changed: bool, value: String| {
        if changed {
            let _ = write!(query, "&{name}={}", encode(&value));
        }
    };
    for row in options::rows() {
        let value = row.get(options);
        add(row.name, value != row.get(&default), value);
    }
    let off: Vec<&str> = rules_off.off().map(Rule::name).collect();
    add("off", !off.is_empty(), off.join(","));
    if let Start::State(text) = start {
        add("state", true, text.clone());
    }
    query
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            u8::from_str_radix(digits, 16).ok()
        });
        bytes.push(escaped.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A text as it can stand in an address.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b',' | b':' | b'/' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Seed;

    #[test]
    fn an_empty_address_is_the_default() {
        for query in ["", "?", "?&"] {
            let wanted = parse(query);
            assert_eq!((wanted.setup, wanted.start), (Setup::new(5, 1), Start::Empty));
            assert_eq!(wanted.troubles, [] as [String; 0]);
        }
    }

    #[test]
    fn what_the_address_says_is_what_the_run_gets() {
        let query = "?servers=7&seed=18446744073709551615&election=100-200.5&heartbeat=25&latency=3&loss=2.5%25\
                     &duplicate=1&fsync=0-4&noop=yes&backtrack=hints&workload=20";
        let wanted = parse(query);
        assert_eq!(wanted.troubles, [] as [String; 0]);
        let Setup { servers, seed, options, .. } = wanted.setup;
        assert_eq!((servers, seed), (7, Seed(u64::MAX)));
        assert_eq!((options.election.min_us, options.election.max_us), (100_000, 200_500));
        assert_eq!((options.link.latency.min_us, options.link.latency.max_us), (3000, 3000));
        assert_eq!((options.link.loss_ppm, options.link.duplicate_ppm), (25_000, 10_000));
        assert_eq!((options.heartbeat_us, options.workload_every_us), (25_000, 20_000));
        assert!(options.noop && options.backtracking == crate::raft::Backtracking::ConflictHints);
    }

    #[test]
    fn what_is_printed_reads_back() {
        for query in [
            "?servers=5&seed=1",
            "?servers=9&seed=7&election=100-200&heartbeat=25.5&noop=yes&preVote=yes&backtrack=hints&window=8\
             &snapshotEvery=10&reads=readIndex&drift=0.5&workload=100&latency=1-2&loss=0.5&duplicate=100&fsync=3",
            "?servers=2&seed=3&state=S1:L2+12+c1+/+S2+1",
        ] {
            let Wanted { setup, start, troubles, .. } = parse(query);
            assert_eq!(troubles, [] as [String; 0]);
            assert_eq!(print(&setup, &start), query);
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_sentence_and_the_rest_is_used() {
        let table = [
            ("servers=10", "servers"),
            ("servers=none", "from 1 to 9"),
            ("seed=-1", "not a seed"),
            ("election=300-150", "upside down"),
            ("election=abc", "150-300"),
            ("heartbeat=", "milliseconds"),
            ("heartbeat=1e9", "milliseconds"),
            ("loss=101", "0 to 100"),
            ("loss=x", "a percentage"),
            ("window=-1", "whole number"),
            ("noop=maybe", "noop=yes"),
            ("backtrack=fast", "backtrack=step"),
            ("preset=fast", "paper, raftscope"),
            ("reads=fast", "reads=local"),
            ("state=S2", "S1 is next"),
            ("off=gravity", "no rule"),
            ("color=red", "What can: servers"),
            ("state=%3Cscript%3E", "not a server"),
        ];
        for (pair, expected) in table {
            let wanted = parse(&format!("?{pair}&seed=4"));
            assert_eq!(wanted.troubles.len(), 1, "{pair}");
            assert!(wanted.troubles[0].contains(expected), "{pair}: {}", wanted.troubles[0]);
            assert_eq!(wanted.setup, Setup::new(5, 4), "{pair}");
        }
    }

    #[test]
    fn a_preset_comes_first_wherever_it_stands() {
        let wanted = parse("?heartbeat=20&preset=raftscope");
        assert_eq!(wanted.setup.options, Options { heartbeat_us: 20_000, ..Options::raftscope() });
    }
}
