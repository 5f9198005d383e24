//! The replicated state machine: a key-value store with client sessions (D6.3). Raft carries its
//! commands as bytes; what they mean is known only here.

mod store;

pub use store::{Applied, Session, Store};

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// The longest key or value, in bytes.
pub const TEXT_MAX: usize = 4096;

/// What a client asks of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Op {
    /// key ← value.
    Put {
        /// The key.
        key: String,
        /// Its new value.
        value: String,
    },
    /// What is key? A read goes through the log like a write, so it sees every write before it.
    Get {
        /// The key.
        key: String,
    },
    /// Forget key.
    Delete {
        /// The key.
        key: String,
    },
    /// key ← what key was, and then value.
    Append {
        /// The key.
        key: String,
        /// What is appended.
        value: String,
    },
    /// key ← value, if key is what is expected.
    Cas {
        /// The key.
        key: String,
        /// What it has to be; none: it has to be absent.
        expect: Option<String>,
        /// Its new value then.
        value: String,
    },
    /// The one value of small Raft programs, kept under the empty key.
    Set {
        /// The new value.
        value: String,
    },
    /// Any text, replicated as it is. The store only counts these.
    Submit {
        /// The text.
        text: String,
    },
    /// key ← key + 1; what is no number counts as 0. Done twice, it shows.
    Increment {
        /// The key.
        key: String,
    },
    /// Opens the client's session, or opens it anew (D6.3). Clients do that by themselves.
    Register {
        /// After how many entries without a command of the client the session ends; 0: never.
        life: u32,
    },
}

/// A client's request as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// The number of the client that asks; 0 for entries that stood in the log at the start.
    pub client: u8,
    /// The client's number for this request. A retry bears the same one.
    pub serial: u32,
    /// Whether it is to take effect at most once, by the client's session (D6.3).
    pub session: bool,
    /// What is asked.
    pub op: Op,
}

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Output {
    /// It is done.
    Done,
    /// The value of the key, or none.
    Value(Option<String>),
    /// Whether compare-and-set found what was expected, and what it found.
    Cas {
        /// Whether the value was set.
        swapped: bool,
        /// What was there.
        was: Option<String>,
    },
    /// Nothing was done: the client has no session, or has one no longer. Whether the command was applied
    /// before, while there was one, nobody can tell.
    NoSession,
    /// Nothing was done: the client has had an answer to a later command, so it can't wait for this one.
    Outdated,
}

impl Op {
    /// The key that it is about, if it is about one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Op::Put { key, .. }
            | Op::Get { key }
            | Op::Delete { key }
            | Op::Append { key, .. }
            | Op::Cas { key, .. }
            | Op::Increment { key } => Some(key),
            Op::Set { .. } => Some(""),
            Op::Submit { .. } | Op::Register { .. } => None,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Put { key, value } => write!(f, "{key}←{value}"),
            Op::Get { key } => write!(f, "{key}?"),
            Op::Delete { key } => write!(f, "{key}←∅"),
            Op::Append { key, value } => write!(f, "{key}+={value}"),
            Op::Cas { key, expect: Some(expect), value } => write!(f, "{key}:{expect}→{value}"),
            Op::Cas { key, expect: None, value } => write!(f, "{key}:∅→{value}"),
            Op::Set { value } => write!(f, "←{value}"),
            Op::Submit { text } => f.write_str(text),
            Op::Increment { key } => write!(f, "{key}++"),
            Op::Register { .. } => f.write_str("open a session"),
        }
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Output::Done => f.write_str("OK"),
            Output::Value(Some(value)) => f.write_str(value),
            Output::Value(None) => f.write_str("(nothing)"),
            Output::Cas { swapped: true, .. } => f.write_str("OK"),
            Output::Cas { was: Some(was), .. } => write!(f, "not changed, it was {was}"),
            Output::Cas { was: None, .. } => f.write_str("not changed, there was nothing"),
            Output::NoSession => f.write_str("no session"),
            Output::Outdated => f.write_str("outdated"),
        }
    }
}

impl Command {
    /// The bytes that stand for the command in the log: kind, client, serial, then the texts, each
    /// behind its length. The encoding is frozen: digests depend on it.
    #[must_use]
    pub fn encode(&self) -> Arc<[u8]> {
        let (kind, texts): (u8, [Option<&str>; 3]) = match &self.op {
            Op::Put { key, value } => (0, [Some(key), Some(value), None]),
            Op::Get { key } => (1, [Some(key), None, None]),
            Op::Delete { key } => (2, [Some(key), None, None]),
            Op::Append { key, value } => (3, [Some(key), Some(value), None]),
            Op::Cas { key, expect: Some(expect), value } => (4, [Some(key), Some(value), Some(expect)]),
            Op::Cas { key, expect: None, value } => (5, [Some(key), Some(value), None]),
            Op::Set { value } => (6, [Some(value), None, None]),
            Op::Submit { text } => (7, [Some(text), None, None]),
            Op::Increment { key } => (8, [Some(key), None, None]),
            Op::Register { .. } => (9, [None, None, None]),
        };
        let texts = texts.into_iter().flatten();
        let mut bytes = Vec::with_capacity(6 + texts.clone().map(|text| 4 + text.len()).sum::<usize>());
        bytes.extend([kind | if self.session { IN_SESSION } else { 0 }, self.client]);
        bytes.extend(self.serial.to_le_bytes());
        if let Op::Register { life } = self.op {
            bytes.extend(life.to_le_bytes());
        }
        for text in texts {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes.into()
    }

    /// The command that these bytes stand for, if they stand for one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Command> {
        let mut rest = Reader(bytes);
        let [kind, client] = *rest.take(2)? else { return None };
        let serial = rest.number()?;
        let (kind, session) = (kind & !IN_SESSION, kind & IN_SESSION != 0);
        if kind == 9 {
            let life = rest.number()?;
            return rest.0.is_empty().then_some(Command {
                client,
                serial,
                session,
                op: Op::Register { life },
            });
        }
        let mut text = || rest.text();
        let op = match kind {
            0 => Op::Put { key: text()?, value: text()? },
            1 => Op::Get { key: text()? },
            2 => Op::Delete { key: text()? },
            3 => Op::Append { key: text()?, value: text()? },
            4 => {
                let (key, value) = (text()?, text()?);
                Op::Cas { key, expect: Some(text()?), value }
            }
            5 => Op::Cas { key: text()?, expect: None, value: text()? },
            6 => Op::Set { value: text()? },
            7 => Op::Submit { text: text()? },
            8 => Op::Increment { key: text()? },
            _ => return None,
        };
        rest.0.is_empty().then_some(Command { client, serial, session, op })
    }
}

/// The bit of the kind that says that a command stands in a session.
const IN_SESSION: u8 = 0x80;

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number()? as usize;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn op() -> impl Strategy<Value = Op> {
        let text = || ".{0,6}";
        prop_oneof![
            (text(), text()).prop_map(|(key, value)| Op::Put { key, value }),
            text().prop_map(|key| Op::Get { key }),
            text().prop_map(|key| Op::Delete { key }),
            (text(), text()).prop_map(|(key, value)| Op::Append { key, value }),
            (text(), proptest::option::of(text()), text()).prop_map(|(key, expect, value)| Op::Cas {
                key,
                expect,
                value
            }),
            text().prop_map(|value| Op::Set { value }),
            text().prop_map(|text| Op::Submit { text }),
            text().prop_map(|key| Op::Increment { key }),
            any::<u32>().prop_map(|life| Op::Register { life }),
        ]
    }

    proptest! {
        #[test]
        fn a_command_survives_its_bytes(client: u8, serial: u32, session: bool, op in op()) {
            let command = Command { client, serial, session, op };
            prop_assert_eq!(Command::decode(&command.encode()), Some(command));
        }

        #[test]
        fn bytes_that_are_no_command_are_refused_and_never_panic(bytes in proptest::collection::vec(prop_oneof![0..10u8, Just(0x89)], 0..40)) {
            if let Some(command) = Command::decode(&bytes) {
                prop_assert_eq!(&command.encode()[..], &bytes[..]);
            }
        }
    }

    #[test]
    fn the_encoding_is_frozen() {
        let command = Command {
            client: 1,
            serial: 2,
            session: false,
            op: Op::Put { key: "x".into(), value: "10".into() },
        };
        assert_eq!(command.encode()[..], [0, 1, 2, 0, 0, 0, 1, 0, 0, 0, b'x', 2, 0, 0, 0, b'1', b'0']);
    }

    #[test]
    fn the_store_does_what_each_operation_says() {
        let text = |s: &str| s.to_string();
        let mut store = Store::default();
        let mut apply = |op| store.carry_out(&op).to_string();
        assert_eq!(apply(Op::Get { key: text("x") }), "(nothing)");
        assert_eq!(apply(Op::Put { key: text("x"), value: text("1") }), "OK");
        assert_eq!(apply(Op::Append { key: text("x"), value: text("2") }), "OK");
        assert_eq!(apply(Op::Get { key: text("x") }), "12");
        assert_eq!(
            apply(Op::Cas { key: text("x"), expect: Some(text("9")), value: text("3") }),
            "not changed, it was 12"
        );
        assert_eq!(apply(Op::Cas { key: text("x"), expect: Some(text("12")), value: text("3") }), "OK");
        assert_eq!(
            apply(Op::Cas { key: text("y"), expect: Some(text("1")), value: text("3") }),
            "not changed, there was nothing"
        );
        assert_eq!(apply(Op::Delete { key: text("x") }), "OK");
        assert_eq!(apply(Op::Get { key: text("x") }), "(nothing)");
        assert_eq!(apply(Op::Set { value: text("5") }), "OK");
        assert_eq!(apply(Op::Submit { text: text("UPDATE status=active") }), "OK");
        assert_eq!((store.get(""), store.submitted()), (Some("5"), 1));
    }
}
