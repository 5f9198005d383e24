//! The replicated state machine: a key-value store. Raft carries its commands as bytes; what they mean
//! is known only here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
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
}

/// A client's request as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// The number of the client that asks; 0 for entries that stood in the log at the start.
    pub client: u8,
    /// The client's number for this request. A retry bears the same one.
    pub serial: u32,
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
        };
        let texts = texts.into_iter().flatten();
        let mut bytes = Vec::with_capacity(6 + texts.clone().map(|text| 4 + text.len()).sum::<usize>());
        bytes.extend([kind, self.client]);
        bytes.extend(self.serial.to_le_bytes());
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
            _ => return None,
        };
        rest.0.is_empty().then_some(Command { client, serial, op })
    }
}

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

/// The state machine of one server. A clone is cheap: the table is shared until someone writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Store {
    table: Arc<BTreeMap<String, String>>,
    submitted: u32,
}

impl Store {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.table.get(key).map(String::as_str)
    }

    /// All keys with their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.table.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many bare texts have been applied.
    #[must_use]
    pub fn submitted(&self) -> u32 {
        self.submitted
    }

    /// Applies one command. The same commands in the same order give the same store everywhere.
    pub fn apply(&mut self, op: &Op) -> Output {
        match op {
            Op::Get { key } => return Output::Value(self.table.get(key).cloned()),
            Op::Put { key, value } => match self.table_mut().get_mut(key) {
                Some(old) => old.clone_from(value),
                None => drop(self.table_mut().insert(key.clone(), value.clone())),
            },
            Op::Delete { key } => {
                self.table_mut().remove(key);
            }
            Op::Append { key, value } => self.table_mut().entry(key.clone()).or_default().push_str(value),
            Op::Cas { key, expect, value } => {
                let was = self.table.get(key).cloned();
                let swapped = was == *expect;
                if swapped {
                    self.table_mut().insert(key.clone(), value.clone());
                }
                return Output::Cas { swapped, was };
            }
            Op::Set { value } => {
                self.table_mut().insert(String::new(), value.clone());
            }
            Op::Submit { .. } => self.submitted += 1,
        }
        Output::Done
    }

    fn table_mut(&mut self) -> &mut BTreeMap<String, String> {
        Arc::make_mut(&mut self.table)
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
        ]
    }

    proptest! {
        #[test]
        fn a_command_survives_its_bytes(client: u8, serial: u32, op in op()) {
            let command = Command { client, serial, op };
            prop_assert_eq!(Command::decode(&command.encode()), Some(command));
        }

        #[test]
        fn bytes_that_are_no_command_are_refused_and_never_panic(bytes in proptest::collection::vec(0..9u8, 0..40)) {
            if let Some(command) = Command::decode(&bytes) {
                prop_assert_eq!(&command.encode()[..], &bytes[..]);
            }
        }
    }

    #[test]
    fn the_encoding_is_frozen() {
        let command = Command { client: 1, serial: 2, op: Op::Put { key: "x".into(), value: "10".into() } };
        assert_eq!(command.encode()[..], [0, 1, 2, 0, 0, 0, 1, 0, 0, 0, b'x', 2, 0, 0, 0, b'1', b'0']);
    }

    #[test]
    fn the_store_does_what_each_operation_says() {
        let text = |s: &str| s.to_string();
        let mut store = Store::default();
        let mut apply = |op| store.apply(&op).to_string();
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
