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
//! | `client` | the client's number; 0 is nobody in particular, whose operations need not follow each other. Any other does one thing at a time, so it asks nothing between the call and the return of an operation; what was not answered it has given up by the time of its next one |
//! | `key` | a text; the store's single value has the key `""` |
//! | `op` | `put`, `append`, `get`, `cas`, `delete` or `increment` |
//! | `value` | what `put`, `append` and `cas` write; the others have none |
//! | `expect` | what `cas` expects; null or absent: that there is nothing |
//! | `out` | what `get` read, what `cas` found, what `increment` made of it; null: nothing was there. A `cas` may be without: then it is not known what it found, only whether that was what it expected |
//! | `ok` | true; of a `cas`, whether it found what it expected and wrote |
//! | `call` | when it was asked, in microseconds |
//! | `ret` | when the answer came, in microseconds; null: none came, so that it may have taken effect at any time since, may still do so, or never will; then there is neither `out` nor `ok` |
//!
//! An operation that is known to have failed, so that it never takes effect, is not in the history. What
//! returns at the very microsecond at which another is called comes before it.

use crate::kv::{Op, Output};
use crate::spelling::{shortened, shortened_to};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What one client asked, and what it was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "Fields")]
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
    pub answer: Answer,
}

/// What an answer said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// All that the store says.
    Output(Output),
    /// That a compare-and-set has not found what it expected. What it found instead is not known.
    Mismatch,
}

impl From<Output> for Answer {
    fn from(output: Output) -> Answer {
        Answer::Output(output)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Output(output) => output.fmt(f),
            Answer::Mismatch => f.write_str("not changed"),
        }
    }
}

/// Operations, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct History(pub Vec<Operation>);

impl History {
    /// Reads a history from JSON.
    ///
    /// # Errors
    /// A sentence that says what is wrong, and in which line and column, or with which operations.
    pub fn parse(text: &str) -> Result<History, String> {
        let history: History = serde_json::from_str(text)
            .map_err(|error| shortened(format!("the history can't be read: {error}")))?;
        match history.overlap() {
            None => Ok(history),
            Some((one, other)) => Err(format!(
                "a client does one thing at a time, and {} was asked while the same client waited for the answer \
                 to {} (operations {} and {} of the file). Where it is not known who asked, or where a client \
                 does several things at once, ‘client’ is 0",
                history.0[other].told(),
                history.0[one].told(),
                other + 1,
                one + 1,
            )),
        }
    }

    /// Two operations of one client, of which the second was asked before the first one's answer came. An
    /// unanswered one was given up by the time of the client's next.
    fn overlap(&self) -> Option<(usize, usize)> {
        let of_clients = (0..self.0.len()).filter(|at| self.0[*at].client != 0);
        let mut operations: Vec<usize> = of_clients.collect();
        let returned = |at: &usize| self.0[*at].done.as_ref().map(|done| done.at_us);
        operations.sort_by_key(|at| (self.0[*at].client, self.0[*at].call_us, returned(at)));
        // The one whose answer came last so far.
        let mut waited: Option<usize> = None;
        for at in operations {
            let same = waited.filter(|before| self.0[*before].client == self.0[at].client);
            if let Some(before) = same
                && returned(&before) > Some(self.0[at].call_us)
            {
                return Some((before, at));
            }
            if returned(&at).is_some() {
                waited = Some(at);
            }
        }
        None
    }

    /// The history as JSON, an operation in each line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let lines: Vec<String> =
            self.0.iter().filter_map(|operation| serde_json::to_string(operation).ok()).collect();
        format!("[{}]\n", lines.join(",\n "))
    }
}

/// The longest that is told of an operation, in letters.
const TOLD_MAX: usize = 240;

impl Operation {
    /// It in words, as in a sentence; without the middle where it is about something long.
    #[must_use]
    pub fn told(&self) -> String {
        shortened_to(TOLD_MAX, self.to_string())
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
            Some(Done { at_us, answer }) => write!(f, ", answered ‘{answer}’ at {})", Ms(*at_us)),
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
    #[serde(deserialize_with = "client")]
    client: u32,
    #[serde(deserialize_with = "text")]
    key: String,
    op: Kind,
    #[serde(default, deserialize_with = "written", skip_serializing_if = "Option::is_none")]
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

impl<'de> Deserialize<'de> for History {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<History, D::Error> {
        deserializer.deserialize_seq(Whole)
    }
}

struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = History;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of operations ([ before the first, ] behind the last, commas between them)")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut operations: A) -> Result<History, A::Error> {
        let mut history = History::default();
        while let Some(operation) = operations.next_element()? {
            history.0.push(operation);
        }
        Ok(history)
    }
}

impl<'de> Deserialize<'de> for Operation {
    // A derived reader would take an array of the fields' values as well.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Operation, D::Error> {
        deserializer.deserialize_map(Named)
    }
}

struct Named;

impl<'de> Visitor<'de> for Named {
    type Value = Operation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation with named fields, such as {\"client\":1,\"key\":\"x\",\"op\":\"get\", …}")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Operation, A::Error> {
        let fields = Fields::deserialize(MapAccessDeserializer::new(fields))?;
        fields.try_into().map_err(A::Error::custom)
    }
}

/// A text, and nothing that others write in its place.
struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text (keys and values are texts here, so a number stands in quotation marks)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.into())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_string(Text)
}

fn client<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    struct Number;

    impl Visitor<'_> for Number {
        type Value = u32;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a client's number (give each name a number; 0 is nobody in particular)")
        }

        fn visit_u64<E: de::Error>(self, number: u64) -> Result<u32, E> {
            u32::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
        }
    }

    deserializer.deserialize_u32(Number)
}

/// A text, or null.
struct Maybe;

impl<'de> Visitor<'de> for Maybe {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_none<E: de::Error>(self) -> Result<Option<String>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<String>, D::Error> {
        text(deserializer).map(Some)
    }
}

fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_option(Maybe)
}

fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    deserializer.deserialize_option(Maybe).map(Some)
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
            (Kind::Cas, Some(false), None) => return Ok(Some(Done { at_us, answer: Answer::Mismatch })),
            // It has found what it expected.
            (Kind::Cas, Some(true), None) => {
                Output::Cas { swapped: true, was: self.expect.clone().flatten() }
            }
            (Kind::Get | Kind::Increment, _, None) => {
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
        Ok(Some(Done { at_us, answer: output.into() }))
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
        let (out, ok) = match done.map(|done| done.answer) {
            None => (None, None),
            Some(Answer::Mismatch) => (None, Some(false)),
            Some(Answer::Output(output)) => match output {
                Output::Value(value) => (Some(value), Some(true)),
                Output::Cas { swapped, was } => (Some(was), Some(swapped)),
                Output::Done | Output::NoSession | Output::Outdated => (None, Some(true)),
            },
        };
        Fields { client, key, op, value, expect, out, ok, call, ret }
    }
}
