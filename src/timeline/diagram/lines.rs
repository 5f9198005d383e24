//! Messages as lines: from where and when they were sent to where and when they arrived, were lost, or are
//! still under way.

use super::{Row, row_at};
use crate::raft::{AppendOutcome, Body, Message, SnapshotOutcome, Term};
use crate::sim::{Action, Content, DropReason, Event, PacketName, What};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What kind of message it is, request and reply alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// AppendEntries without entries, and the answer to it.
    Heartbeat,
    /// AppendEntries with entries, and the answer to it.
    Append,
    /// RequestVote.
    Vote,
    /// PreVote.
    PreVote,
    /// InstallSnapshot.
    Snapshot,
    /// TimeoutNow.
    TimeoutNow,
    /// A follower's request for a ReadIndex, and the answer to it.
    ReadIndex,
    /// A client's request, or the answer to it.
    Client,
    /// It has not arrived within the stretch, so its events do not say.
    Unknown,
}

impl MessageKind {
    /// All kinds.
    pub const ALL: [MessageKind; 9] = [
        MessageKind::Heartbeat,
        MessageKind::Append,
        MessageKind::Vote,
        MessageKind::PreVote,
        MessageKind::Snapshot,
        MessageKind::TimeoutNow,
        MessageKind::ReadIndex,
        MessageKind::Client,
        MessageKind::Unknown,
    ];

    /// Its letter, as it stands on the line.
    #[must_use]
    pub fn letter(self) -> &'static str {
        match self {
            MessageKind::Heartbeat => "h",
            MessageKind::Append => "A",
            MessageKind::Vote => "V",
            MessageKind::PreVote => "P",
            MessageKind::Snapshot => "I",
            MessageKind::TimeoutNow => "T",
            MessageKind::ReadIndex => "R",
            MessageKind::Client => "C",
            MessageKind::Unknown => "?",
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            MessageKind::Heartbeat => "heartbeat",
            MessageKind::Append => "AppendEntries",
            MessageKind::Vote => "RequestVote",
            MessageKind::PreVote => "PreVote",
            MessageKind::Snapshot => "InstallSnapshot",
            MessageKind::TimeoutNow => "TimeoutNow",
            MessageKind::ReadIndex => "ReadIndex",
            MessageKind::Client => "client",
            MessageKind::Unknown => "still under way",
        }
    }
}

/// How the way of a message ended. The number is the place of the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It was received.
    Received(usize),
    /// It was lost.
    Lost(usize, DropReason),
    /// Not within the stretch.
    OnWay,
}

impl End {
    /// The event at its end.
    #[must_use]
    pub fn place(self) -> Option<usize> {
        match self {
            End::Received(place) | End::Lost(place, _) => Some(place),
            End::OnWay => None,
        }
    }
}

/// A message as a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The message.
    pub message: PacketName,
    /// The row that it left.
    pub from: usize,
    /// The row that it goes to.
    pub to: usize,
    /// What kind of message.
    pub kind: MessageKind,
    /// Whether it answers another one.
    pub reply: bool,
    /// Whether an answer is the one that was hoped for.
    pub agrees: bool,
    /// The term that it bears; a client's has none.
    pub term: Option<Term>,
    /// When it left, in microseconds; that may be before the stretch.
    pub start_us: u64,
    /// When it arrived or was lost; else when the stretch ends.
    pub end_us: u64,
    /// The event that sent it, if that is part of the stretch.
    pub sent_by: Option<usize>,
    /// How it ended.
    pub end: End,
    /// The event by which it came to a paused server, and waited.
    pub waits: Option<usize>,
    /// The event in which somebody held it.
    pub held: Option<usize>,
}

/// The lines under construction, by name.
struct Lines<'a> {
    rows: &'a [Row],
    last_us: u64,
    lines: Vec<Line>,
    by_name: BTreeMap<PacketName, usize>,
}

/// All messages that the events speak of, in the order of their sending.
pub(super) fn lines(events: &[Arc<Event>], rows: &[Row]) -> Vec<Line> {
    let last_us = events.last().map_or(0, |event| event.at_us);
    let mut lines = Lines { rows, last_us, lines: Vec::new(), by_name: BTreeMap::new() };
    for (place, event) in events.iter().enumerate() {
        match &event.what {
            What::Delivered { message, content } => {
                lines.ends(*message, content, event, End::Received(place));
            }
            What::Dropped { message, content, reason } => {
                lines.ends(*message, content, event, End::Lost(place, *reason));
            }
            What::Queued { message, content } => {
                if let Some(line) = lines.says(*message, content) {
                    line.waits = Some(place);
                }
            }
            What::Acted { action: Action::Hold { message }, refused: None } => {
                if let Some(line) = lines.line(*message) {
                    line.held = Some(place);
                }
            }
            _ => {}
        }
        for &name in &event.sent {
            if let Some(line) = lines.line(name) {
                line.sent_by = Some(place);
            }
        }
    }
    let mut lines = lines.lines;
    lines.sort_by_key(|line| (line.start_us, line.message));
    lines
}

impl Lines<'_> {
    /// The line of that name; a new one if it was not heard of. A copy that the network made was sent when
    /// the message itself was.
    fn line(&mut self, name: PacketName) -> Option<&mut Line> {
        if let Some(&known) = self.by_name.get(&name) {
            return self.lines.get_mut(known);
        }
        let original = self.by_name.get(&PacketName { copy: 0, ..name });
        let line = Line {
            message: name,
            from: row_at(self.rows, name.from.into())?,
            to: row_at(self.rows, name.to.into())?,
            kind: MessageKind::Unknown,
            reply: false,
            agrees: true,
            term: None,
            start_us: name.sent_us,
            end_us: self.last_us,
            sent_by: original.and_then(|&original| self.lines[original].sent_by),
            end: End::OnWay,
            waits: None,
            held: None,
        };
        self.by_name.insert(name, self.lines.len());
        self.lines.push(line);
        self.lines.last_mut()
    }

    fn says(&mut self, name: PacketName, content: &Content) -> Option<&mut Line> {
        let line = self.line(name)?;
        (line.kind, line.reply, line.agrees) = look(content);
        line.term = match content {
            Content::Raft(message) => Some(message.term),
            Content::Request { .. } | Content::Response { .. } => None,
        };
        Some(line)
    }

    fn ends(&mut self, name: PacketName, content: &Content, event: &Event, end: End) {
        if let Some(line) = self.says(name, content) {
            line.end = end;
            line.end_us = event.at_us;
        }
    }
}

/// What a message looks like: its kind, whether it is an answer, and whether that is the one hoped for.
fn look(content: &Content) -> (MessageKind, bool, bool) {
    match content {
        Content::Raft(message) => {
            let (kind, agrees) = look_of(message);
            (kind, !message.is_request(), agrees)
        }
        Content::Request { .. } => (MessageKind::Client, false, true),
        Content::Response { answer, .. } => {
            (MessageKind::Client, true, matches!(answer, crate::sim::Answer::Done(_)))
        }
    }
}

fn look_of(message: &Message) -> (MessageKind, bool) {
    match &message.body {
        Body::RequestVote { .. } => (MessageKind::Vote, true),
        Body::RequestVoteReply { granted, .. } => (MessageKind::Vote, *granted),
        Body::PreVote { .. } => (MessageKind::PreVote, true),
        Body::PreVoteReply { granted, .. } => (MessageKind::PreVote, *granted),
        Body::AppendEntries { entries, .. } => {
            (if entries.is_empty() { MessageKind::Heartbeat } else { MessageKind::Append }, true)
        }
        Body::AppendEntriesReply { count, outcome, .. } => (
            if *count == 0 { MessageKind::Heartbeat } else { MessageKind::Append },
            *outcome == AppendOutcome::Success,
        ),
        Body::InstallSnapshot { .. } => (MessageKind::Snapshot, true),
        Body::InstallSnapshotReply { outcome, .. } => {
            (MessageKind::Snapshot, *outcome != SnapshotOutcome::Stale)
        }
        Body::TimeoutNow => (MessageKind::TimeoutNow, true),
        Body::ReadIndex { .. } => (MessageKind::ReadIndex, true),
        Body::ReadIndexReply { index, .. } => (MessageKind::ReadIndex, index.is_some()),
    }
}
