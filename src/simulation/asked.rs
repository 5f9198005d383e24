//! What programs ask for, as JSON: the setup of a run, and actions. Both are written as in a recording;
//! what a person would leave out may be left out.

use crate::raft::Rules;
use crate::sim::{Action, Options, Seed, Setup};
use crate::spelling::shortened;
use crate::timeline::{EVENTS_MAX, RUN_US_MAX, Start, TRACE_MAX, Target, Timeline};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// How many servers there are where nobody says.
const SERVERS: u8 = 5;
/// The seed where nobody says: the same program gives the same run.
const SEED: &str = "1";
/// The largest number up to which JavaScript's numbers leave none out.
const SAFE_MAX: u64 = (1 << 53) - 1;

/// The actions that are about one thing, which may stand alone in them: `{crash: "S1"}` is
/// `{crash: {server: "S1"}}`.
const ABOUT: [(&str, &[&str]); 3] = [
    ("server", &["crash", "restart", "pause", "resume", "stepDown", "boot", "snapshot", "tear", "wipe"]),
    ("message", &["drop", "deliver", "hold", "release", "duplicate"]),
    ("to", &["transfer"]),
];

/// The actions of which one field may be left out around its value: `{manual: true}` is
/// `{manual: {on: true}}`.
const FIELDS: [(&str, &str); 6] = [
    ("manual", "on"),
    ("partition", "groups"),
    ("linkPreset", "preset"),
    ("setRules", "off"),
    ("submit", "op"),
    ("change", "change"),
];

/// Reads an action from JSON. `{setOptions: {heartbeatUs: 20000}}`, without `options` around it, changes
/// `options` in that alone.
///
/// # Errors
/// A sentence that says why it is none.
pub fn action(text: &str, options: &Options) -> Result<Action, String> {
    let none = |why: String| {
        format!("This is not an action: {why}. An action looks like {{crash: \"S1\"}}; see the docs.")
    };
    let asked: Value = serde_json::from_str(text).map_err(|why| none(words(&why)))?;
    if let Value::Object(fields) = &asked
        && fields.len() != 1
    {
        let names: Vec<&str> = fields.keys().map(String::as_str).collect();
        let found = if names.is_empty() { "nothing".to_string() } else { names.join(" and ") };
        return Err(none(shortened(format!("it has to name one thing to do, and names {found}"))));
    }
    read(&in_full(asked, options)).map_err(|why| none(words(&why)))
}

/// What the parser says, without the place: nobody has seen the text that it read.
fn words(why: &serde_json::Error) -> String {
    let why = why.to_string();
    shortened(why.rsplit_once(" at line ").map_or(why.as_str(), |(words, _)| words).to_string())
}

/// Reads by way of text: actions are read so from recordings, and a second reader of values would only add
/// to what the page has to load.
fn read<T: DeserializeOwned>(value: &Value) -> Result<T, serde_json::Error> {
    serde_json::from_str(&value.to_string())
}

/// An action as recordings have it. What is none stays as it is: whoever reads it says what is wrong.
fn in_full(asked: Value, options: &Options) -> Value {
    let Value::Object(fields) = &asked else { return asked };
    let mut fields_and_values = fields.iter();
    let (Some((name, value)), None) = (fields_and_values.next(), fields_and_values.next()) else {
        return asked;
    };
    let about = ABOUT.iter().find(|(_, names)| names.contains(&name.as_str()));
    let field = FIELDS.iter().find(|(of, field)| of == name && value.get(field).is_none());
    let full = match (name.as_str(), value) {
        (_, Value::String(_)) if let Some((field, _)) = about => object(field, value),
        _ if let Some((_, field)) = field => object(field, value),
        ("fire", Value::String(_)) => json!({ "server": value, "timer": "election" }),
        ("cut" | "mend" | "send", Value::Array(ends)) if let [from, to] = &ends[..] => {
            json!({ "from": from, "to": to })
        }
        ("heal" | "calm", Value::Bool(true)) => return name.as_str().into(),
        ("setOptions", Value::Object(changes)) if !changes.contains_key("options") => {
            object("options", &changed(options, changes))
        }
        _ => return asked,
    };
    object(name, &full)
}

fn object(name: &str, value: &Value) -> Value {
    Value::Object(Map::from_iter([(name.to_string(), value.clone())]))
}

/// The options with these changes: of what has parts (a range, a link) the parts that are named.
fn changed(options: &Options, changes: &Map<String, Value>) -> Value {
    let mut changed = serde_json::to_value(options).unwrap_or_default();
    for (name, change) in changes {
        match (changed.get_mut(name), change) {
            (Some(Value::Object(parts)), Value::Object(changes)) => parts.extend(changes.clone()),
            _ => changed[name] = change.clone(),
        }
    }
    changed
}

/// Reads from JSON to which moment to go: `"start"`, `"end"`, `{event: 12}` (right after it), `{ms: 1500}`
/// (everything until then has happened).
///
/// # Errors
/// A sentence that says what is wrong.
pub fn target(text: &str) -> Result<Target, String> {
    let usual = "seek takes {event: number}, {ms: time}, \"start\" or \"end\"";
    let asked: Value = serde_json::from_str(text).map_err(|_| format!("{usual}."))?;
    let number = |name: &str, most: f64| match asked[name].as_f64() {
        Some(number) if (0.0..=most).contains(&number) => Ok(number),
        _ => Err(format!("{usual}; {name} has to be a number from 0 to {most}.")),
    };
    match &asked {
        Value::String(name) if name == "start" => Ok(Target::Start),
        Value::String(name) if name == "end" => Ok(Target::End),
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("event") => {
            number("event", EVENTS_MAX as f64).map(|event| Target::Events(event as u64 + 1))
        }
        Value::Object(fields) if fields.len() == 1 && fields.contains_key("ms") => {
            number("ms", (RUN_US_MAX / 1000) as f64).map(|ms| Target::Time((ms * 1000.0).round() as u64))
        }
        _ => Err(format!("{usual}.")),
    }
}

/// The most events that one call gives, where `limit` events were asked for.
///
/// # Errors
/// A sentence that names the bound, and says how to get more.
pub fn events_limit(limit: f64) -> Result<usize, String> {
    if (0.0..=TRACE_MAX as f64).contains(&limit) {
        return Ok(limit as usize);
    }
    Err(format!(
        "limit has to be a number from 0 to {TRACE_MAX}, which is what one call gives at most: ask again with from, up \
         to eventCount."
    ))
}

/// Whether the run has come so far.
///
/// # Errors
/// A sentence that says how far it has come.
pub fn has_come_to(to: Target, timeline: &Timeline) -> Result<(), String> {
    let (known, end_us) = (timeline.events_known(), timeline.end_us());
    match to {
        Target::Events(events) if events > known && timeline.branch().is_known() => Err(format!(
            "There is no event {} yet: there are {known}, numbered from 0. runFor goes on.",
            events - 1
        )),
        Target::Time(at_us) if at_us > end_us => {
            Err(format!("The run ends at {} ms. runFor goes on.", end_us as f64 / 1000.0))
        }
        _ => Ok(()),
    }
}

/// What a run is to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// With what it is set up.
    pub setup: Setup,
    /// From which state.
    pub start: Start,
}

/// Reads from JSON what a run is to begin with: the fields of a recording's `setup`, and `start`; all of
/// them may be missing. A seed may be a whole number too, a start a state in shorthand
/// ([`crate::sim::notation`]), and of options those may be left out that are to be as usual.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn beginning(text: &str) -> Result<Beginning, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Asked {
        servers: Option<u8>,
        seed: Seed,
        options: Value,
        #[serde(default)]
        rules_off: Rules,
        #[serde(default)]
        start: Start,
    }

    let not_one = |why: serde_json::Error| {
        let why = words(&why);
        format!("This is no setup: {why}. A setup looks like {{servers: 5, seed: 7n}}; see the docs.")
    };
    let mut asked: Value = serde_json::from_str(text).map_err(not_one)?;
    if let Value::Object(fields) = &mut asked {
        let seed = seed(fields.get("seed"))?;
        fields.insert("seed".into(), seed);
        if let Some(Value::String(state)) = fields.get("start")
            && state != "empty"
        {
            let state = json!({ "state": state });
            fields.insert("start".into(), state);
        }
        fields.entry("options").or_insert_with(|| json!({}));
    }
    let asked: Asked = read(&asked).map_err(not_one)?;
    let options = match &asked.options {
        Value::Object(changes) => changed(&Options::default(), changes),
        other => other.clone(),
    };
    let options = read(&options).map_err(not_one)?;
    let servers = asked.servers.unwrap_or(SERVERS);
    let setup = Setup { servers, seed: asked.seed, options, rules_off: asked.rules_off };
    let beginning = Beginning { setup, start: asked.start };
    beginning.check(asked.servers)?;
    Ok(beginning)
}

impl Beginning {
    /// Whether it makes a run; `servers` is how many were asked for, if that was said.
    fn check(&self, servers: Option<u8>) -> Result<(), String> {
        self.setup.options.check_new()?;
        let world = self.start.world(&self.setup).map_err(|why| why.to_string())?;
        let there = world.setup().servers;
        match servers {
            Some(asked) if asked != there => Err(format!(
                "The start has {there} servers, and `servers` says {asked}: leave `servers` out, or let both say \
                 the same."
            )),
            _ => Ok(()),
        }
    }
}

/// A seed as recordings have it, as text.
fn seed(asked: Option<&Value>) -> Result<Value, String> {
    match asked {
        None | Some(Value::Null) => Ok(SEED.into()),
        Some(Value::Number(number)) => match number.as_u64() {
            Some(seed) if seed <= SAFE_MAX => Ok(seed.to_string().into()),
            _ => Err(format!(
                "The seed {number} is not a whole number from 0 to {SAFE_MAX}. A larger one, up to {}, has to be a \
                 bigint or a text.",
                u64::MAX
            )),
        },
        Some(other) => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::Actor;

    fn asked_for(short: &str) -> Value {
        let action = action(short, &Options { heartbeat_us: 70_000, ..Options::default() });
        serde_json::to_value(action.unwrap_or_else(|why| panic!("{short}: {why}"))).unwrap()
    }

    /// A short form, and the same as recordings have it.
    const FORMS: &[(&str, &str)] = &[
        (r#"{"crash":"S1"}"#, r#"{"crash":{"server":"S1"}}"#),
        (r#"{"crash":{"server":"S1"}}"#, r#"{"crash":{"server":"S1"}}"#),
        (r#"{"restart":"S2"}"#, r#"{"restart":{"server":"S2"}}"#),
        (r#"{"stepDown":"S2"}"#, r#"{"stepDown":{"server":"S2"}}"#),
        (r#"{"fire":"S3"}"#, r#"{"fire":{"server":"S3","timer":"election"}}"#),
        (
            r#"{"fire":{"server":"S3","timer":"heartbeat"}}"#,
            r#"{"fire":{"server":"S3","timer":"heartbeat"}}"#,
        ),
        (r#"{"drop":"S1>S2@15000"}"#, r#"{"drop":{"message":"S1>S2@15000"}}"#),
        (r#"{"cut":["S1","S2"]}"#, r#"{"cut":{"from":"S1","to":"S2"}}"#),
        (r#"{"send":["S1","S2"]}"#, r#"{"send":{"from":"S1","to":"S2"}}"#),
        (r#"{"partition":[["S1"],["S2","S3"]]}"#, r#"{"partition":{"groups":[["S1"],["S2","S3"]]}}"#),
        (r#"{"linkPreset":"oneWay"}"#, r#"{"linkPreset":{"preset":"oneWay"}}"#),
        (r#"{"heal":true}"#, r#""heal""#),
        (r#"{"calm":true}"#, r#""calm""#),
        (r#""heal""#, r#""heal""#),
        (r#"{"manual":false}"#, r#"{"manual":{"on":false}}"#),
        (r#"{"setRules":["oneVotePerTerm"]}"#, r#"{"setRules":{"off":["oneVotePerTerm"]}}"#),
        (
            r#"{"submit":{"put":{"key":"x","value":"1"}}}"#,
            r#"{"submit":{"op":{"put":{"key":"x","value":"1"}}}}"#,
        ),
        (
            r#"{"submit":{"op":{"get":{"key":"x"}},"to":"S2"}}"#,
            r#"{"submit":{"op":{"get":{"key":"x"}},"to":"S2"}}"#,
        ),
        (r#"{"transfer":"S4"}"#, r#"{"transfer":{"to":"S4"}}"#),
        (r#"{"change":{"add":"S6"}}"#, r#"{"change":{"change":{"add":"S6"}}}"#),
        (r#"{"change":"leave"}"#, r#"{"change":{"change":"leave"}}"#),
        (
            r#"{"change":{"change":{"remove":"S1"},"at":"S2"}}"#,
            r#"{"change":{"change":{"remove":"S1"},"at":"S2"}}"#,
        ),
    ];

    #[test]
    fn short_forms_are_another_way_to_write_what_recordings_say() {
        for (short, long) in FORMS {
            assert_eq!(asked_for(short), serde_json::from_str::<Value>(long).unwrap(), "{short}");
        }
    }

    #[test]
    fn options_change_in_what_is_named_alone() {
        let options = |short| asked_for(short)["setOptions"]["options"].clone();
        let changed = options(r#"{"setOptions":{"link":{"lossPpm":5},"noop":true}}"#);
        assert_eq!(changed["heartbeatUs"], 70_000);
        assert_eq!(changed["noop"], true);
        assert_eq!(changed["link"]["lossPpm"], 5);
        assert_eq!(changed["link"]["latency"]["minUs"], 10_000);
        // As in a recording, everything else is as usual then.
        let all = options(r#"{"setOptions":{"options":{"noop":true}}}"#);
        assert_eq!(all["heartbeatUs"], 50_000);
    }

    #[test]
    fn what_is_no_action_is_said_in_a_sentence() {
        let table = [
            (r#"{"explode":"S1"}"#, "unknown variant `explode`"),
            (r#"{"crash":"<b>"}"#, "not a server"),
            (r#"{"crash":"S1","restart":"S2"}"#, "names crash and restart"),
            ("{}", "names nothing"),
            (r#"{"crash":{"server":"S1","when":5}}"#, "unknown field `when`"),
            (r#"{"setOptions":{"heartbeat":5}}"#, "unknown field `heartbeat`"),
            ("null", "not an action"),
            ("", "not an action"),
            ("[]", "not an action"),
        ];
        for (text, words) in table {
            let why = action(text, &Options::default()).unwrap_err();
            assert!(why.contains(words) && why.contains("{crash: \"S1\"}"), "{text}: {why}");
            assert!(!why.contains("column"), "{why}");
        }
    }

    #[test]
    fn a_moment_is_named_by_an_event_by_a_time_or_as_an_end() {
        assert_eq!(target("\"start\""), Ok(Target::Start));
        assert_eq!(target("\"end\""), Ok(Target::End));
        assert_eq!(target(r#"{"event":0}"#), Ok(Target::Events(1)));
        assert_eq!(target(r#"{"ms":1.5}"#), Ok(Target::Time(1500)));
        for text in
            ["", "5", "null", "\"middle\"", "{}", r#"{"ms":1,"event":1}"#, r#"{"ms":-1}"#, r#"{"event":"1"}"#]
        {
            assert!(target(text).unwrap_err().starts_with("seek takes"), "{text}");
        }
    }

    #[test]
    fn a_limit_of_events_above_the_bound_is_refused_with_the_bound_and_the_way_to_more() {
        for (limit, events) in [(0.0, 0), (1.9, 1), (20_000.0, 20_000)] {
            assert_eq!(events_limit(limit), Ok(events));
        }
        for limit in [20_001.0, -1.0, f64::NAN, f64::INFINITY] {
            let why = events_limit(limit).unwrap_err();
            assert!(why.contains("from 0 to 20000") && why.contains("ask again with from"), "{why}");
        }
    }

    #[test]
    fn a_moment_that_the_run_has_not_come_to_is_refused() {
        let mut timeline = Timeline::new(&Setup::new(3, 1), Start::Empty).unwrap();
        timeline.run_until(1_000_000);
        let known = timeline.events_known();
        for (to, comes) in [
            (Target::Events(known), true),
            (Target::Events(known + 1), false),
            (Target::Time(1_000_000), true),
            (Target::Time(1_000_001), false),
            (Target::End, true),
        ] {
            assert_eq!(has_come_to(to, &timeline).is_ok(), comes, "{to:?}");
        }
    }

    #[test]
    fn a_setup_may_leave_out_everything() {
        let empty = beginning("{}").unwrap();
        assert_eq!(empty, Beginning { setup: Setup::new(5, 1), start: Start::Empty });
        let one =
            beginning(r#"{"servers":3,"seed":7,"rulesOff":["oneVotePerTerm"],"options":{"noop":true}}"#);
        let setup = one.unwrap().setup;
        assert_eq!((setup.servers, setup.seed, setup.options.noop), (3, Seed(7), true));
        assert_eq!(setup.rules_off.off().count(), 1);
        let part = beginning(r#"{"options":{"link":{"lossPpm":5},"election":{"maxUs":400000}}}"#).unwrap();
        assert_eq!(part.setup.options.link.latency.min_us, 10_000);
        assert_eq!(
            (part.setup.options.election.min_us, part.setup.options.election.max_us),
            (150_000, 400_000)
        );
    }

    #[test]
    fn a_start_brings_its_servers_along() {
        let state = "S1:L2 12 c1 / S2:F2 12 / S3:F1 1";
        let wanted = Start::State(state.into());
        for text in [json!({ "start": state }), json!({ "start": { "state": state }, "servers": 3 })] {
            assert_eq!(beginning(&text.to_string()).unwrap().start, wanted);
        }
        let why = beginning(&json!({ "start": state, "servers": 5 }).to_string()).unwrap_err();
        assert!(why.starts_with("The start has 3 servers"), "{why}");
    }

    #[test]
    fn seeds_of_any_kind_are_read_exactly_or_refused() {
        let seed_of = |json: &str| beginning(&format!("{{\"seed\":{json}}}")).map(|asked| asked.setup.seed.0);
        assert_eq!(seed_of("\"18446744073709551615\""), Ok(u64::MAX));
        assert_eq!(seed_of("9007199254740991"), Ok(SAFE_MAX));
        for (text, words) in [
            ("9007199254740993", "a bigint or a text"),
            ("1.5", "not a whole number"),
            ("-1", "not a whole number"),
            ("\"-1\"", "is not a seed"),
            ("true", "no setup"),
        ] {
            let why = seed_of(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }

    #[test]
    fn what_is_no_setup_is_said_in_a_sentence() {
        let table = [
            (r#"{"sevrers":5}"#, "unknown field `sevrers`"),
            (r#"{"servers":40}"#, "40 servers"),
            (r#"{"servers":300}"#, "invalid value: integer `300`"),
            (r#"{"options":{"heartbeat":5}}"#, "unknown field `heartbeat`"),
            (r#"{"options":{"heartbeatUs":0}}"#, "heartbeat: 0 ms is out of bounds"),
            (r#"{"options":7}"#, "invalid type"),
            (r#"{"rulesOff":["x"]}"#, "unknown variant `x`"),
            (r#"{"start":"S1:Q"}"#, "starting state"),
            ("5", "invalid type"),
            ("", "no setup"),
        ];
        for (text, words) in table {
            let why = beginning(text).unwrap_err();
            assert!(why.contains(words), "{text}: {why}");
        }
    }
}
