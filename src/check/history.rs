//! What clients asked and were told, as data: the history that linearizability is judged by.
//!
//! As JSON a history is an array of operations, in any order:
//!
//! ```json
//! [{"client":1,"key":"x","op":"put","value":"1","ok":true,"call":0,"ret":4200},
//!  {"client":2,"key":"x","op":"get","out":"1","ok":true,"call":1000,"ret":5000},
//!  {"client":1,"key":"x","op":"cas","value":"2","expect":"1","call":6000,"ret":null}]
//! ```
//!
//! | field | meaning |
//! |---|---|
//! | `client` | the client's number; 0 is nobody in particular, whose operations need not follow each other |
//! | `key` | a text; the store's single value has the key `""` |
//! | `op` | `put`, `append`, `get`, `cas`, `delete` or `increment` |
//! | `value` | what `put`, `append` and `cas` write; the others have none |
//! | `expect` | what `cas` expects; null or absent: that there is nothing |
//! | `out` | what `get` read, what `cas` found, what `increment` made of it; null: nothing was there |
//! | `ok` | true; of a `cas`, whether it found what it expected and wrote |
//! | `call` | when it was asked, in microseconds |
//! | `ret` | when the answer came, in microseconds; null: none came, so that it may have taken effect at any time since, may still do so, or never will; then there is neither `out` nor `ok` |
//!
//! An operation that is known to have failed, so that it never takes effect, is not in the history. What
//! returns at the very microsecond at which another is called comes before it.

use crate::kv::{Op, Output};
use crate::spelling::shortened;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What one client asked, and what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Operation {
    /// The client's number; 0 for nobody in particular.
    pub client: u32,
    /// What it asked: something about one key.
    pub op: Op,
    /// When, in microseconds.
    pub call_us: u64,
    /// The answer. None: it may take effect at any time from the call on, or never.
    pub done: Option<Done>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Done {
    /// When it came, in microseconds.
    pub at_us: u64,
    /// What it said.
    pub output: Output,
}

/// Operations, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History(pub Vec<Operation>);

impl History {
    /// Reads a history from JSON.
    ///
    /// # Errors
    /// A sentence that says what is wrong, and in which line and column.
    pub fn parse(text: &str) -> Result<History, String> {
        serde_json::from_str(text).map_err(|error| shortened(format!("the history can't be read: {error}")))
    }

    /// The history as JSON, an operation in each line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let lines: Vec<String> =
            self.0.iter().filter_map(|operation| serde_json::to_string(operation).ok()).collect();
        format!("[{}]\n", lines.join(",\n "))
    }
}

impl fmt::Display for Operation {
    /// For a sentence: `C1's x←1 (asked at 2 ms, answered OK at 5.3 ms)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.client {
            0 => write!(f, "nobody's ")?,
            client => write!(f, "C{client}'s ")?,
        }
        write!(f, "{} (asked at {}", self.op, Ms(self.call_us))?;
        match &self.done {
            Some(Done { at_us, output }) => write!(f, ", answered ‘{output}’ at {})", Ms(*at_us)),
            None => f.write_str(", not answered)"),
        }
    }
}

/// Microseconds, told as milliseconds.
pub(super) struct Ms(pub(super) u64);

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1000, format!("{:03}", self.0 % 1000));
        match rest.trim_end_matches('0') {
            "" => write!(f, "{whole} ms"),
            rest => write!(f, "{whole}.{rest} ms"),
        }
    }
}

/// The operations of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Put,
    Append,
    Get,
    Cas,
    Delete,
    Increment,
}

/// An operation as it is written. Of the doubled options the outer one says whether the field is there.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    client: u32,
    key: String,
    op: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    expect: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    out: Option<Option<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ok: Option<bool>,
    call: u64,
    #[serde(deserialize_with = "nullable", serialize_with = "plain")]
    ret: Option<u64>,
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

// With a function of its own the field has to be there: what was forgotten is no unknown outcome.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)
}

#[expect(clippy::ref_option, reason = "serde asks for this form")]
fn plain<S: Serializer>(ret: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    ret.serialize(serializer)
}

impl TryFrom<Fields> for Operation {
    type Error = String;

    fn try_from(fields: Fields) -> Result<Operation, String> {
        let done = fields.done()?;
        let Fields { client, key, op, value, expect, call, .. } = fields;
        let name = format!("{op:?}").to_lowercase();
        let takes_value = matches!(op, Kind::Put | Kind::Append | Kind::Cas);
        if takes_value != value.is_some() {
            let has = if takes_value { "needs a" } else { "has no" };
            return Err(format!("{name} {has} ‘value’"));
        }
        let expect = expect.flatten();
        if op != Kind::Cas && expect.is_some() {
            return Err(format!("{name} has no ‘expect’"));
        }
        let value = value.unwrap_or_default();
        let op = match op {
            Kind::Put => Op::Put { key, value },
            Kind::Append => Op::Append { key, value },
            Kind::Get => Op::Get { key },
            Kind::Cas => Op::Cas { key, expect, value },
            Kind::Delete => Op::Delete { key },
            Kind::Increment => Op::Increment { key },
        };
        Ok(Operation { client, op, call_us: call, done })
    }
}

impl Fields {
    /// The answer, if there was one.
    fn done(&self) -> Result<Option<Done>, String> {
        let Fields { op, out, ok, call, ret, .. } = self;
        let Some(at_us) = *ret else {
            return match (out, ok) {
                (None | Some(None), None) => Ok(None),
                _ => Err("‘ret’ is null, so nothing is known of ‘out’ and ‘ok’".into()),
            };
        };
        if at_us < *call {
            return Err(format!("‘ret’ {at_us} lies before ‘call’ {call}"));
        }
        let output = match (op, ok, out) {
            (_, None, _) => return Err("‘ok’ is missing, though there was an answer".into()),
            (Kind::Get | Kind::Cas | Kind::Increment, _, None) => {
                return Err("‘out’ is missing, though there was an answer".into());
            }
            (Kind::Cas, Some(swapped), Some(was)) => Output::Cas { swapped: *swapped, was: was.clone() },
            (_, Some(false), _) => {
                return Err("‘ok’ is false: an operation that failed is left out of a history".into());
            }
            (Kind::Get | Kind::Increment, _, Some(value)) => Output::Value(value.clone()),
            (_, _, Some(Some(_))) => return Err("only get, cas and increment have an ‘out’".into()),
            _ => Output::Done,
        };
        Ok(Some(Done { at_us, output }))
    }
}

impl From<Operation> for Fields {
    fn from(Operation { client, op, call_us: call, done }: Operation) -> Fields {
        let (key, op, value, expect) = match op {
            Op::Put { key, value } => (key, Kind::Put, Some(value), None),
            Op::Set { value } => (String::new(), Kind::Put, Some(value), None),
            Op::Append { key, value } => (key, Kind::Append, Some(value), None),
            Op::Cas { key, expect, value } => (key, Kind::Cas, Some(value), Some(expect)),
            Op::Delete { key } => (key, Kind::Delete, None, None),
            Op::Increment { key } => (key, Kind::Increment, None, None),
            // Neither is in a history: they are about no key.
            Op::Get { key } | Op::Submit { text: key } => (key, Kind::Get, None, None),
            Op::Register { .. } => (String::new(), Kind::Get, None, None),
        };
        let ret = done.as_ref().map(|done| done.at_us);
        let (out, ok) = match done.map(|done| done.output) {
            None => (None, None),
            Some(Output::Value(value)) => (Some(value), Some(true)),
            Some(Output::Cas { swapped, was }) => (Some(was), Some(swapped)),
            Some(Output::Done | Output::NoSession | Output::Outdated) => (None, Some(true)),
        };
        Fields { client, key, op, value, expect, out, ok, call, ret }
    }
}
