//! From a line to a command, or to a sentence that says why it is none.

use super::command::{COMMANDS, Command, DiskChange, Help, Target};
use super::options::{self, MODES, Setting, is_option, pick, share};
use crate::kv::{Op, TEXT_MAX};
use crate::raft::{Change, MAX_SERVERS, ReadMode, Rule, ServerId, ServerSet};
use crate::sim::{Fault, LinkPreset, Workload, notation};
use crate::spelling::nearest;

/// The longest line, in bytes.
pub const LINE_MAX: usize = 2 * TEXT_MAX + 200;
/// How much of a wrong word is repeated.
const SHOWN_MAX: usize = 30;

/// A word of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) text: String,
    /// Whether any of it stood in quotes: then it is text and nothing else.
    pub(super) quoted: bool,
}

/// Reads one line.
///
/// # Errors
/// One sentence that says what is wrong and how it is written.
pub fn parse(line: &str) -> Result<Command, String> {
    if line.len() > LINE_MAX {
        return Err(format!("The line has {} bytes; {LINE_MAX} are the most.", line.len()));
    }
    let words = split(line)?;
    let Some((first, rest)) = words.split_first() else { return Ok(Command::Nothing) };
    let help = Help::of(&first.text).filter(|_| !first.quoted).ok_or_else(|| unknown(first, rest))?;
    Line { help, words: rest, line }.command()
}

/// The words of a line: apart by spaces, together in quotes.
///
/// # Errors
/// When a quote is never closed.
pub(super) fn split(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\'' if opens(word.as_ref()) || letter == '"' => {
                let word = word.get_or_insert(Word { text: String::new(), quoted: true });
                word.quoted = true;
                quoted(letter, &mut letters, &mut word.text)?;
            }
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert(Word { text: String::new(), quoted: false }).text.push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

/// An apostrophe in the middle of a word is a letter.
fn opens(word: Option<&Word>) -> bool {
    word.is_none_or(|word| word.text.is_empty())
}

/// Takes what stands in quotes. A backslash before the quote or another backslash is left out.
fn quoted(quote: char, letters: &mut std::str::Chars, text: &mut String) -> Result<(), String> {
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(next) if next == quote || next == '\\' => text.push(next),
                Some(next) => text.extend(['\\', next]),
                None => break,
            },
            letter if letter == quote => return Ok(()),
            letter => text.push(letter),
        }
    }
    Err(format!("A quote is opened and never closed: end the text with {quote}."))
}

/// A wrong word, short enough to be repeated.
pub(super) fn shown(word: &str) -> String {
    match word.char_indices().nth(SHOWN_MAX) {
        Some((cut, _)) => format!("‘{}…’", &word[..cut]),
        None => format!("‘{word}’"),
    }
}

/// What to write where a line begins with no command.
fn unknown(word: &Word, rest: &[Word]) -> String {
    let known = shown(&word.text);
    let (name, value) = word.text.split_once('=').unwrap_or((&word.text, ""));
    let value = [value].into_iter().chain(rest.iter().map(|word| word.text.as_str()));
    let value = value.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let switched = is_switch(&value).then(|| nearest(name, options::names())).flatten();
    let option = options::name(name).or(switched).filter(|_| !word.quoted);
    if let Some(option) = option.filter(|_| value.chars().count() <= SHOWN_MAX) {
        let value = if value.is_empty() { "VALUE" } else { &value };
        return format!("There is no command {known}. Did you mean ‘option {option} {value}’?");
    }
    match nearest(&word.text, Help::names()) {
        Some(near) => format!("There is no command {known}. Did you mean ‘{near}’?"),
        None => format!("There is no command {known}. ‘help’ shows them all."),
    }
}

/// Whether that is a value as only an option is likely to have.
fn is_switch(text: &str) -> bool {
    ["on", "off", "yes", "no"].iter().any(|known| known.eq_ignore_ascii_case(text))
}

/// A line whose command is known.
struct Line<'a> {
    help: &'static Help,
    words: &'a [Word],
    line: &'a str,
}

impl Line<'_> {
    fn command(&self) -> Result<Command, String> {
        match self.help.name {
            "status" => self.alone(Command::Status),
            "show_log" => match self.words {
                [] => Ok(Command::ShowLog(None)),
                [one] => Ok(Command::ShowLog(Some(self.server(one)?))),
                _ => Err(self.usage()),
            },
            "set" if self.words.first().is_some_and(|word| self.names_option(word)) => self.option(),
            "set" => {
                self.is_meant_as_key()?;
                self.op().map(|op| Command::Ask(op, None, None))
            }
            "put" | "delete" | "append" | "cas" | "increment" => {
                self.op().map(|op| Command::Ask(op, None, None))
            }
            "get" => self.read(),
            "option" if self.words.is_empty() => Ok(Command::Options),
            "option" => self.option(),
            "options" => self.alone(Command::Options),
            "config" => self.alone(Command::Configurations),
            "add" => self.one_server().map(|id| Command::Change(Change::Add(id))),
            "learner" => self.one_server().map(|id| Command::Change(Change::Learner(id))),
            "remove" => self.one_server().map(|id| Command::Change(Change::Remove(id))),
            "joint" => self.joint(),
            "leave" => self.alone(Command::Change(Change::Leave)),
            "boot" if self.words.is_empty() => Ok(Command::Boot(None)),
            "boot" => self.one_server().map(|id| Command::Boot(Some(id))),
            "transfer" => self.one_server().map(Command::Transfer),
            "snapshot" => self.servers().map(Command::Snapshot),
            "tear" => self.servers().map(Command::Tear),
            "wipe" => self.servers().map(Command::Wipe),
            "clock" => self.clock(),
            "disk" => self.disk(),
            "submit" => self.submit(),
            "kill" => self.servers().map(Command::Kill),
            "restart" => self.servers().map(Command::Restart),
            "pause" => self.servers().map(Command::Pause),
            "resume" => self.servers().map(Command::Resume),
            "timeout" => self.servers().map(Command::Timeout),
            "state" => self.state(),
            "partition" => self.partition(),
            "cut" => self.two_servers().map(|(from, to)| Command::Cut(from, to)),
            "mend" => self.two_servers().map(|(from, to)| Command::Mend(from, to)),
            "send" => self.send(),
            "heal" => self.alone(Command::Heal),
            "links" => self.links(),
            "schedule" => self.schedule(),
            "workload" => self.workload(),
            "rule" => self.rule(),
            "rules" => self.alone(Command::Rules),
            "history" => self.alone(Command::History),
            "help" => self.help(),
            "clear" => self.alone(Command::Clear),
            _ => Err(self.usage()),
        }
    }

    /// What to write instead.
    fn usage(&self) -> String {
        format!("Write ‘{}’: it {}", self.help.usage, self.help.does)
    }

    fn alone(&self, command: Command) -> Result<Command, String> {
        if self.words.is_empty() { Ok(command) } else { Err(self.usage()) }
    }

    fn op(&self) -> Result<Op, String> {
        let texts: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let own = |text: &str| text.to_string();
        match (self.help.name, texts.as_slice()) {
            ("set", [one]) => Ok(match one.split_once('=') {
                Some((key, value)) if !self.words[0].quoted && !key.is_empty() => {
                    Op::Put { key: own(key), value: own(value) }
                }
                _ => Op::Set { value: own(one) },
            }),
            ("set" | "put", [key, value]) => Ok(Op::Put { key: own(key), value: own(value) }),
            ("increment", [key]) => Ok(Op::Increment { key: own(key) }),
            ("delete", [key]) => Ok(Op::Delete { key: own(key) }),
            ("append", [key, value]) => Ok(Op::Append { key: own(key), value: own(value) }),
            ("cas", [key, old, new]) => {
                let absent = *old == "-" && !self.words[1].quoted;
                Ok(Op::Cas { key: own(key), expect: (!absent).then(|| own(old)), value: own(new) })
            }
            _ => Err(format!("{} Text with spaces goes in quotes.", self.usage())),
        }
    }

    fn submit(&self) -> Result<Command, String> {
        let ask = |words: &[Word], to| {
            let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
            Command::Ask(Op::Submit { text: texts.join(" ") }, to, None)
        };
        match self.words {
            [] => Err(self.usage()),
            [first, rest @ ..] if !rest.is_empty() && looks_like_server(first) => {
                Ok(ask(rest, Some(self.server(first)?)))
            }
            // Without quotes the text is what stands there, spaces and all.
            words if words.iter().all(|word| !word.quoted) => {
                let text =
                    self.line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
                Ok(Command::Ask(Op::Submit { text: text.to_string() }, None, None))
            }
            words => Ok(ask(words, None)),
        }
    }

    fn state(&self) -> Result<Command, String> {
        let (server, target) = match self.words {
            [] => return Ok(Command::Shorthand),
            [server, target] if !server.text.contains(':') && target.text != "/" => (server, target),
            words if words.iter().any(|word| word.text.contains([':', '/'])) => return self.whole_state(),
            _ => return Err(self.usage()),
        };
        let server = self.server(server)?;
        let target = match target.text.to_ascii_lowercase().as_str() {
            "follower" => Target::Follower,
            "candidate" => Target::Candidate,
            "leader" => Target::Leader,
            _ => {
                let wrong = shown(&target.text);
                return Err(format!("{wrong} is no state: a server is follower, candidate or leader."));
            }
        };
        Ok(Command::State(server, target))
    }

    fn whole_state(&self) -> Result<Command, String> {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let text = words.join(" ");
        match notation::parse(&text) {
            Ok(states) if states.len() <= usize::from(MAX_SERVERS) => Ok(Command::Open(text)),
            Ok(_) => Err(format!("A cluster has 1 to {MAX_SERVERS} servers.")),
            Err(why) => Err(format!("This is no state: {why}.")),
        }
    }

    fn rule(&self) -> Result<Command, String> {
        let [name, on] = self.words else { return Err(self.usage()) };
        let rule: Rule = name.text.parse().map_err(|_| {
            let near = nearest(&name.text, Rule::ALL.iter().map(|rule| rule.name()));
            let hint =
                near.map_or("‘rules’ shows them all.".into(), |near| format!("Did you mean ‘{near}’?"));
            format!("There is no rule {}. {hint}", shown(&name.text))
        })?;
        match on.text.to_ascii_lowercase().as_str() {
            "on" => Ok(Command::Rule(rule, true)),
            "off" => Ok(Command::Rule(rule, false)),
            _ => Err(format!("A rule is on or off, not {}.", shown(&on.text))),
        }
    }

    fn help(&self) -> Result<Command, String> {
        match self.words {
            [] => Ok(Command::Help(None)),
            [name] => {
                Help::of(&name.text).map(|help| Command::Help(Some(help))).ok_or_else(|| unknown(name, &[]))
            }
            _ => Err(self.usage()),
        }
    }

    /// `get KEY`, with what stands behind dashes anywhere.
    fn read(&self) -> Result<Command, String> {
        let (mut keys, mut mode, mut at) = (Vec::new(), None, None);
        let mut words = self.words.iter();
        while let Some(word) = words.next() {
            let name = word.text.strip_prefix("--").filter(|_| !word.quoted);
            let Some(name) = name else {
                keys.push(word.text.clone());
                continue;
            };
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, words.next().map(|word| word.text.as_str())),
            };
            let value = Word { text: value.unwrap_or_default().into(), quoted: false };
            match name.to_ascii_lowercase().as_str() {
                "mode" => mode = Some(read_mode(&value.text)?),
                "at" => at = Some(self.server(&value)?),
                _ => return Err(self.usage()),
            }
        }
        match <[String; 1]>::try_from(keys) {
            Ok([key]) => Ok(Command::Ask(Op::Get { key }, at, mode)),
            Err(_) => Err(format!("{} Text with spaces goes in quotes.", self.usage())),
        }
    }

    // Options.

    /// Whether `set` is about an option: a word that names one, with or without a value.
    fn names_option(&self, word: &Word) -> bool {
        !word.quoted && is_option(word.text.split('=').next().unwrap_or_default())
    }

    /// Whether `set` is about a key, and not about an option that is spelled wrong.
    fn is_meant_as_key(&self) -> Result<(), String> {
        let (word, value) = match self.words {
            [one] => match one.text.split_once('=') {
                Some((word, value)) if !one.quoted => (word, value),
                _ => return Ok(()),
            },
            [word, value] if !word.quoted && !value.quoted => (word.text.as_str(), value.text.as_str()),
            _ => return Ok(()),
        };
        let hint = match nearest(word, options::names()) {
            Some(near) => format!("Did you mean ‘{near}’?"),
            None if is_switch(value) => "‘options’ shows them all.".into(),
            None => return Ok(()),
        };
        let put = if value.chars().count() > SHOWN_MAX { "VALUE" } else { value };
        Err(format!("There is no option {}. {hint} To write a key: ‘put {word} {put}’.", shown(word)))
    }

    fn option(&self) -> Result<Command, String> {
        let [first, rest @ ..] = self.words else { return Err(self.usage()) };
        let (name, value) = match first.text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (first.text.as_str(), None),
        };
        let values = value.into_iter().chain(rest.iter().map(|word| word.text.as_str()));
        let value = values.collect::<Vec<_>>().join(" ");
        if value.is_empty() && is_option(name) {
            return Err(format!(
                "{name} is an option: write ‘option {name} VALUE’, or put it in quotes if you mean the text."
            ));
        }
        Setting::read(name, &value).map(Command::Set)
    }

    // Servers.

    /// One server, for what is done to one at a time.
    fn one_server(&self) -> Result<ServerId, String> {
        match (self.servers()?.as_slice(), self.help.name) {
            ([one], _) => Ok(*one),
            (_, "add" | "learner" | "remove") => Err(
                "Servers come and go one at a time (D4.1): for several at once write ‘joint’ and all that are to stay."
                    .into(),
            ),
            _ => Err(self.usage()),
        }
    }

    fn joint(&self) -> Result<Command, String> {
        let mut words = self.listed(&[',']);
        let is = |word: &Word, name: &str| word.text.eq_ignore_ascii_case(name);
        let manual = words.pop_if(|word| is(word, "manual")).is_some();
        let mut groups = words.split(|word| is(word, "learners"));
        let mut group = || {
            let words = groups.next().unwrap_or_default();
            words.iter().map(|word| self.server(word)).collect::<Result<ServerSet, _>>()
        };
        let (voters, learners) = (group()?, group()?);
        if voters.is_empty() || groups.next().is_some() {
            return Err(self.usage());
        }
        Ok(Command::Change(Change::Joint { voters, learners, manual }))
    }

    fn clock(&self) -> Result<Command, String> {
        let [server, rate] = self.words else { return Err(self.usage()) };
        let server = self.server(server)?;
        let slow = rate.text.strip_prefix(['-', '−']);
        let much = slow.unwrap_or(rate.text.strip_prefix('+').unwrap_or(&rate.text));
        let ppm = share(much).and_then(|ppm| i32::try_from(ppm).ok()).ok_or_else(|| {
            format!("{} is no rate: write +10% (fast), -10% (slow), 500ppm, or 0 (right).", shown(&rate.text))
        })?;
        Ok(Command::Clock(server, if slow.is_some() { -ppm } else { ppm }))
    }

    fn disk(&self) -> Result<Command, String> {
        let [server, how, rest @ ..] = self.words else { return Err(self.usage()) };
        let server = self.server(server)?;
        let texts =
            |words: &[Word]| words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
        let change = if ["stall", "stalls"].iter().any(|name| name.eq_ignore_ascii_case(&how.text)) {
            let text = texts(rest);
            let span_us = options::time(&text).filter(|_| !rest.is_empty()).ok_or_else(|| {
                format!(
                    "{} is no time: write how long it stalls, as in ‘disk {server} stall 2s’.",
                    shown(&text)
                )
            });
            DiskChange::Stall(span_us?)
        } else {
            let text = texts(&self.words[1..]);
            let known = [
                ("lies", DiskChange::Lies(true)),
                ("lie", DiskChange::Lies(true)),
                ("honest", DiskChange::Lies(false)),
                ("common", DiskChange::Fsync(None)),
            ];
            let range = || options::span(&text).map(|range| DiskChange::Fsync(Some(range)));
            pick(&known, &text).or_else(range).ok_or_else(|| {
                format!(
                    "A disk takes 3s, 1-5ms or common for a write, stalls for 2s, lies or is honest; not {}.",
                    shown(&text)
                )
            })?
        };
        Ok(Command::Disk(server, change))
    }

    fn send(&self) -> Result<Command, String> {
        let (ends, empty) = match self.words {
            [ends @ .., last] if last.text.eq_ignore_ascii_case("empty") => (ends, true),
            ends => (ends, false),
        };
        let (from, to) = Line { words: ends, ..*self }.two_servers()?;
        Ok(Command::Send(from, to, empty))
    }

    fn server(&self, word: &Word) -> Result<ServerId, String> {
        let digits = word.text.trim_start_matches(['S', 's']);
        let whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let id = if whole { digits.parse().ok().and_then(ServerId::new) } else { None };
        id.filter(|_| word.text.len() <= digits.len() + 1)
            .ok_or_else(|| format!("{} is not a server: write S1 to S{MAX_SERVERS}.", shown(&word.text)))
    }

    fn servers(&self) -> Result<Vec<ServerId>, String> {
        let words = self.listed(&[',']);
        if words.is_empty() {
            Err(self.usage())
        } else {
            words.iter().map(|word| self.server(word)).collect()
        }
    }

    fn two_servers(&self) -> Result<(ServerId, ServerId), String> {
        let [one, other] = self.words else { return Err(self.usage()) };
        let (one, other) = (self.server(one)?, self.server(other)?);
        if one == other {
            return Err(match self.help.name {
                "send" => format!("{one} sends itself nothing: name two servers."),
                _ => format!("{one} is always connected with itself: name two servers."),
            });
        }
        Ok((one, other))
    }

    /// The words, where these letters stand for spaces.
    fn listed(&self, spaces: &[char]) -> Vec<Word> {
        let parts = self.words.iter().flat_map(|word| word.text.split(spaces));
        parts.filter(|part| !part.is_empty()).map(|part| Word { text: part.into(), quoted: false }).collect()
    }

    fn schedule(&self) -> Result<Command, String> {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let is = |word: &str, name: &str| word.eq_ignore_ascii_case(name);
        let (fault, rest) = match words.as_slice() {
            [] => return Ok(Command::Schedules),
            [stop] if is(stop, "stop") => return Ok(Command::Calm),
            // The schedule of links ends whatever its preset is.
            [links, stop] if is(links, "links") && is(stop, "stop") => {
                (Fault::Links(LinkPreset::Halves), &words[1..])
            }
            [links, preset, rest @ ..] if is(links, "links") => (Fault::Links(link_preset(preset)?), rest),
            [fault, rest @ ..] => (fault_of(fault)?, rest),
        };
        match rest {
            [stop] if is(stop, "stop") => Ok(Command::Schedule(fault, 0, None)),
            [every] => Ok(Command::Schedule(fault, span_of(every)?, None)),
            [every, word, length] if is(word, "for") => {
                Ok(Command::Schedule(fault, span_of(every)?, Some(span_of(length)?)))
            }
            _ => Err(self.usage()),
        }
    }

    fn workload(&self) -> Result<Command, String> {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        let is = |word: &str, names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name));
        let (clients, every, mut rest) = match words.as_slice() {
            [] => return Ok(Command::Workload(None)),
            [stop] if is(stop, &["stop", "0"]) => return Ok(Command::Workload(Some(Workload::none()))),
            [n, clients, every, rest @ ..] if is(clients, &["client", "clients"]) => (n, every, rest),
            _ => return Err(self.usage()),
        };
        let number = |text: &str| text.parse::<u32>().map_err(|_| self.usage());
        let part = |text: &str| {
            share(text).ok_or_else(|| format!("{} is no share: write 50%, 0.1% or 200ppm.", shown(text)))
        };
        let clients = u8::try_from(number(clients)?).unwrap_or(u8::MAX);
        let mut load = Workload { clients, every_us: span_of(every)?, ..Workload::default() };
        while let [name, value, others @ ..] = rest {
            match name.to_ascii_lowercase().as_str() {
                "reads" => load.reads_ppm = part(value)?,
                "increments" => load.increments_ppm = part(value)?,
                "keys" => load.keys = number(value)?,
                "hot" => load.hot_ppm = Some(part(value)?),
                "mode" => load.mode = Some(read_mode(value)?),
                _ => return Err(self.usage()),
            }
            rest = others;
        }
        if rest.is_empty() { Ok(Command::Workload(Some(load))) } else { Err(self.usage()) }
    }

    fn links(&self) -> Result<Command, String> {
        match self.words {
            [] => Ok(Command::Links(None)),
            [preset] => link_preset(&preset.text).map(|preset| Command::Links(Some(preset))),
            _ => Err(self.usage()),
        }
    }

    fn partition(&self) -> Result<Command, String> {
        let text: Vec<String> = self.listed(&[',']).into_iter().map(|word| word.text).collect();
        let text = text.join(" ");
        let mut groups = Vec::new();
        for part in text.split('|') {
            let words: Vec<Word> =
                part.split_whitespace().map(|text| Word { text: text.into(), quoted: false }).collect();
            let group: ServerSet = words.iter().map(|word| self.server(word)).collect::<Result<_, _>>()?;
            if !group.is_empty() {
                groups.push(group);
            }
        }
        if groups.is_empty() { Err(self.usage()) } else { Ok(Command::Partition(groups)) }
    }
}

/// A fault that can be scheduled, without what follows its name.
fn fault_of(text: &str) -> Result<Fault, String> {
    let names = Fault::PLAIN.map(|fault| (fault.name(), fault));
    pick(&names, text).ok_or_else(|| {
        let known = Fault::PLAIN.map(Fault::name).join(", ");
        format!("{} can't be scheduled: write {known} or links PRESET.", shown(text))
    })
}

/// How often, or for how long, in microseconds.
fn span_of(text: &str) -> Result<u64, String> {
    options::time(text)
        .filter(|&us| us > 0)
        .ok_or_else(|| format!("{} is no time: write 5s, 250ms or 800us.", shown(text)))
}

/// A way in which links fail.
pub(super) fn link_preset(text: &str) -> Result<LinkPreset, String> {
    let names = LinkPreset::ALL.map(|preset| (preset.name(), preset));
    pick(&names, text).ok_or_else(|| {
        let near = nearest(text, LinkPreset::ALL.map(LinkPreset::name).into_iter());
        let hint =
            near.map_or("‘links’ shows them all.".into(), |near| format!("Did you mean ‘{near}’?"));
        format!("Links do not fail as {}. {hint}", shown(text))
    })
}

fn read_mode(text: &str) -> Result<ReadMode, String> {
    pick(&MODES, text)
        .ok_or_else(|| format!("{} is no way to read: write log, readIndex, lease or local.", shown(text)))
}

/// Whether a word can only be meant as a server, as in `submit S2 text`.
fn looks_like_server(word: &Word) -> bool {
    !word.quoted
        && word
            .text
            .strip_prefix(['S', 's'])
            .is_some_and(|n| !n.is_empty() && n.len() <= 2 && n.bytes().all(|byte| byte.is_ascii_digit()))
}

/// All names of commands: used by whoever completes a line.
pub(super) fn command_names() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|help| help.name)
}
