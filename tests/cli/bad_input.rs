//! What makes no sense, for every command: it ends with 2, and says what was wrong, where, and what to do.

use super::{BROKEN, HOLDS, Said, ends, file, folder, wavetank};
use std::fs::{self, File};

/// Arguments, and what is said. `@name` is a file of the test's folder, `!` one that holds.
const TABLE: &[(&str, &[&str])] = &[
    ("", &["Usage: wavetank <COMMAND>"]),
    ("serch !", &["unrecognized subcommand 'serch'", "'search'"]),
    ("run", &["<FILE>"]),
    ("run ! --faster", &["unexpected argument '--faster'"]),
    // Files.
    ("run @history.json", &["This is a history of what clients", "`wavetank check-history`"]),
    ("run @jepsen.edn", &["This is a history as Jepsen writes one", "docs/formats.md"]),
    ("run @log.shiviz", &["This is a log for ShiViz", "from its recording"]),
    ("run @etcd.ndjson", &["This is a trace of etcd's raft", "no traces of other programs"]),
    ("run @words.txt", &["This is a run told in sentences"]),
    ("search --goal leaders>=2 --from @trace.ndjson", &["This is a trace"]),
    ("shrink @trace.ndjson", &["This is a trace"]),
    ("run @package.json", &["no Wavetank run but JSON of another kind"]),
    ("run @letter.txt", &["no Wavetank run but text of another kind"]),
    ("run @longer.json", &["runs for 7200.000001 s; 7200 s are the most"]),
    ("run @missing.json", &["missing.json", "can't be read"]),
    ("run @.", &["can't be read"]),
    ("run @empty.json", &["empty.json", "no Wavetank run", "right one?"]),
    ("run w1.eJyrVkrOSCw", &["the link: The link was cut off", "Copy it again"]),
    ("run https://wavetank.example/#w2.eJyrVkrOSCw", &["of version 2", "knows version 1", "a later one"]),
    ("run @trace.ndjson", &["This is a trace", "done again from its recording"]),
    ("export @trace.ndjson --to words", &["This is a trace", "done again from its recording"]),
    ("run @hunt.json", &["This is the result of a hunt", "done again from its recording"]),
    ("run @way.json", &["what `wavetank reach` has found out", "done again from its recording"]),
    ("run @truncated.json", &["not a whole Wavetank run", "EOF", "line"]),
    ("run @picture.png", &["byte 0 is not text"]),
    ("run @huge.json", &["longer than 33554432 bytes", "right file"]),
    ("run @newer.json", &["is of format 9", "knows format 1", "later one"]),
    ("run @meaning.json", &["simulates differently", "semantics is 9", "wavetank's is 2", "later one"]),
    ("run @zero.json", &["never a format 0"]),
    ("run @nothing.json", &["never a semantics 0"]),
    ("run @crowd.json", &["setup makes no run", "servers"]),
    ("run @rule.json", &["unknown variant `gravity`", "line"]),
    ("run @field.json", &["unknown field `colour`", "line"]),
    ("run @order.json", &["Action 2", "before the one that it follows"]),
    ("run @forever.json", &["7200 s are the most"]),
    ("run @state.json", &["starting state makes no run", "S1 is next"]),
    ("run @paper.json", &["paper", "switch everything else off"]),
    // Values.
    ("run ! --off gravity", &["--off", "no rule ‘gravity’"]),
    ("run ! --off onevotperterm", &["did you mean ‘oneVotePerTerm’?"]),
    ("run ! --on oneVotePerTrem", &["did you mean ‘oneVotePerTerm’?"]),
    ("run ! --on preVote --off preVote", &["‘preVote’ can't be both on and off"]),
    ("run ! --until 5", &["no unit", "10s"]),
    ("run ! --until 5y", &["‘y’ is no unit of time"]),
    ("run ! --until s", &["no time"]),
    ("run ! --until 1.2.3s", &["no time"]),
    ("run ! --until 1.1234567s", &["whole microseconds"]),
    ("run ! --until 0.5us", &["whole microseconds"]),
    ("run ! --until 7200.000001s", &["at most 2 h, which are 7200000000 us"]),
    ("run ! --until 7200.00000000000000000000001s", &["at most 2 h"]),
    ("run ! --until .5s", &["no time"]),
    ("run ! --until 5.s", &["no time"]),
    ("run ! --until=-5s", &["no unit of time"]),
    ("run ! --until 3h", &["at most 2 h"]),
    ("run ! --until 99999999999999999999999999999999999999999999999s", &["at most 2 h"]),
    ("run ! --until 18446744073709551615h", &["at most 2 h"]),
    ("run @before.json --until 1s --on gravity", &["no rule"]),
    // Where to write.
    ("run ! --trace @no/such/folder.ndjson", &["can't be written", "another path"]),
    ("run @copy.json --trace @copy.json", &["that is the file that is read"]),
    ("export @copy.json --to trace --out @copy.json", &["that is the file that is read"]),
    ("export ! --to trace --out @.", &["can't be written"]),
    ("export !", &["--to <FORMAT>"]),
    ("export ! --to pdf", &["invalid value 'pdf'", "trace, history, shiviz"]),
    ("export @truncated.json --to shiviz", &["not a whole Wavetank run"]),
    ("export @missing.json --to history", &["can't be read"]),
    // Hunts.
    ("fuzz", &["--seeds <A..B>"]),
    ("fuzz --seeds 5", &["two numbers such as 0..1000"]),
    ("fuzz --seeds 9..3", &["no seed from 9 up to 3", "smaller number first"]),
    ("fuzz --seeds 7..7", &["no seed from 7 up to 7"]),
    ("fuzz --seeds 0..18446744073709551616", &["no whole number from 0 to 18446744073709551615"]),
    ("fuzz --seeds=-3..4", &["‘-3’ is no whole number"]),
    ("fuzz --seeds 0..4 --shard 0/3", &["parts are 1 to 3"]),
    ("fuzz --seeds 0..4 --shard 4/3", &["no part 4 of 3"]),
    ("fuzz --seeds 0..4 --shard 3", &["2/8"]),
    ("fuzz --seeds 0..4 --off logUpToDat", &["did you mean ‘logUpToDate’?"]),
    ("fuzz --seeds 0..4 --length 0s", &["nothing happens in no time"]),
    (
        "fuzz --seeds 0..4 --length 7180.000001s",
        &["20 s after its trouble", "at most 7200 s", "give 7180s or less"],
    ),
    ("fuzz --seeds 0..4 --length 2h", &["--ending never"]),
    ("fuzz --seeds 0..4 --length 100h", &["at most 2 h"]),
    ("fuzz --seeds 0..4 --servers 10", &["10 is not in 1..=9"]),
    ("fuzz --seeds 0..4 --threads 0", &["0 is not in 1..=1024"]),
    ("fuzz --seeds 0..4 --plan everything", &["figure2, all"]),
    ("fuzz --seeds 0..4 --ending soon", &["drawn, healed, majority, never"]),
    // Searches.
    ("search", &["--goal <EXPR>"]),
    ("search --goal leders>=2", &["column 1", "did you mean ‘leaders’?"]),
    ("search --goal leaders>=", &["column"]),
    ("search --goal canWin(S7)", &["there is no S7", "S1 to S3"]),
    ("search --goal violated(OneVote)", &["promises of Figure 3 alone", "One Vote is none of them"]),
    ("search --goal leader(S2)=S1", &["whom a server follows"]),
    ("search --goal leaders>=2 --servers 0", &["0 is not in 1..=9"]),
    ("search --goal leaders>=2 --max 9999999999999", &["--max"]),
    ("search --goal leaders>=2 --terms 0", &["--terms"]),
    ("search --goal leaders>=2 --terms 99999999999", &["--terms"]),
    ("search --goal leaders>=2 --memory lots", &["500MiB or 2GiB"]),
    (
        "search --goal leaders>=2 --memory 99999999999999999999GiB",
        &["more than the 18446744073709551615 bytes"],
    ),
    (
        "search --goal leaders>=2 --memory 18446744073709551616b",
        &["more than the 18446744073709551615 bytes"],
    ),
    ("search --goal leaders>=2 --memory 1024", &["no unit", "500MiB or 2GiB"]),
    ("search --goal leaders>=2 --memory=-1KiB", &["no size"]),
    ("search --goal leaders>=2 --grain sand", &["gesture, message"]),
    ("search --goal leaders>=2 --state S2:L1", &["--state", "S1 is next"]),
    ("search --goal leaders>=2 --state S1:L99999999", &["term 99999999", "at most 998"]),
    ("search --goal leaders>=2 --from @missing.json", &["can't be read"]),
    ("search --goal leaders>=2 --from @truncated.json", &["not a whole Wavetank run"]),
    ("search --goal leaders>=2 --from ! --servers 3", &["cannot be used with"]),
    // Ways to states.
    ("reach", &["<STATE>"]),
    ("reach S2:L1", &["the state: ", "S1 is next"]),
    ("reach S1/S2/S3/S4/S5/S6/S7/S8/S9/S10", &["the state: ", "S10"]),
    ("reach S1:P1/S2:F1/S3:F1", &["the state: ", "no PreVote", "S1"]),
    ("reach S1:F2/S2:F2/S3:F2 --shortest --terms 1", &["term 2", "give --terms 2 --logs 0 or more"]),
    ("reach S1:F2.2/S2:F2/S3:F2 --shortest", &["the state: "]),
    ("reach S1:F5000/S2:F5000/S3:F5000", &["term 5000", "at most 1000"]),
    ("reach S1 --off gravity", &["no rule ‘gravity’"]),
    ("reach S1 --out @no/such/folder.json --json --state S1", &["unexpected argument '--state'"]),
    // Shrinking.
    ("shrink", &["<FILE>"]),
    ("shrink @missing.json", &["can't be read"]),
    ("shrink @truncated.json", &["not a whole Wavetank run"]),
    ("shrink ! --property Gravity", &["no promise of that name", "ElectionSafety"]),
    ("shrink ! --goal leders>=2", &["did you mean ‘leaders’?"]),
    ("shrink ! --goal leaders>=2 --property Order", &["cannot be used with"]),
    ("shrink ! --replays=-1", &["--replays"]),
    ("shrink @copy.json --out @copy.json", &["that is the file that is read"]),
    // Histories.
    ("check-history @missing.json", &["can't be read"]),
    ("check-history @empty.json", &["this is no history but an empty file"]),
    ("check-history @truncated.json", &["this is no history but a run", "export FILE --to history"]),
    ("check-history @trace.ndjson", &["this is no history but a trace", "from its recording"]),
    ("check-history @log.shiviz", &["this is no history but a log for ShiViz"]),
    ("check-history @half.json", &["the history can't be read", "EOF", "line"]),
    ("check-history @package.json", &["the history can't be read", "line 1"]),
    ("check-history @op.json", &["unknown variant `frobnicate`", "line 1"]),
    ("check-history @back.json", &["‘ret’ 1 lies before ‘call’ 5", "line 1"]),
    ("check-history !", &["this is no history but a run"]),
    ("check-history @op.json --steps many", &["--steps"]),
];

#[test]
fn what_makes_no_sense_is_told_and_ends_with_2() {
    let folder = folder("bad_input");
    let good = fs::read_to_string(file(HOLDS)).unwrap();
    let change = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let action = |at_us: u64| format!(r#"{{"when":{{"atUs":{at_us}}},"action":"heal"}},"#);
    let files = [
        ("empty.json", String::new()),
        ("truncated.json", good[..good.len() / 2].to_string()),
        ("newer.json", change("\"format\": 1", "\"format\": 9")),
        ("meaning.json", change("\"semantics\": 2", "\"semantics\": 9")),
        ("nothing.json", change("\"semantics\": 2", "\"semantics\": 0")),
        ("zero.json", change("\"format\": 1", "\"format\": 0")),
        ("crowd.json", change("\"servers\": 5", "\"servers\": 200")),
        ("rule.json", change("\"rulesOff\": []", "\"rulesOff\": [\"gravity\"]")),
        ("field.json", change("\"noop\"", "\"colour\": 1, \"noop\"")),
        ("order.json", change("\"actions\": [", &format!("\"actions\": [{}{}", action(9), action(8)))),
        ("forever.json", change("\"atUs\": 5330000", "\"atUs\": 18446744073709551615")),
        ("state.json", change("\"start\": \"empty\"", "\"start\": {\"state\": \"S2:L1\"}")),
        ("paper.json", change("\"noop\"", "\"paper\": true, \"noop\"")),
        ("trace.ndjson", ends(&["export", &file(HOLDS), "--to", "trace", "--until", "1s"], 0)),
        ("hunt.json", ends(&["fuzz", "--seeds", "0..1", "--length", "1s", "--json"], 0)),
        ("way.json", ends(&["reach", "S1:L1 / S2:F1 / S3:F0", "--json"], 0)),
        ("longer.json", change("\"atUs\": 5330000", "\"atUs\": 7200000001")),
        ("history.json", ends(&["export", &file(HOLDS), "--to", "history"], 0)),
        ("half.json", ends(&["export", &file(HOLDS), "--to", "history"], 0)[..600].to_string()),
        ("log.shiviz", ends(&["export", &file(HOLDS), "--to", "shiviz"], 0)),
        ("words.txt", ends(&["export", &file(HOLDS), "--to", "words"], 0)),
        ("jepsen.edn", "{:process 0, :type :invoke, :f :write, :value 1, :time 10, :index 0}\n".into()),
        ("etcd.ndjson", "{\"tag\":\"trace\",\"event\":{\"name\":\"InitState\",\"nid\":\"1\"}}\n".into()),
        ("package.json", "{\"name\":\"x\",\"version\":\"1.0.0\"}".into()),
        ("letter.txt", "Dear reader,\n".into()),
        ("before.json", good.clone()),
        ("copy.json", good.clone()),
        ("op.json", r#"[{"client":1,"key":"x","op":"frobnicate","call":0,"ret":null}]"#.into()),
        ("back.json", r#"[{"client":1,"key":"x","op":"get","out":null,"ok":true,"call":5,"ret":1}]"#.into()),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    fs::write(folder.join("picture.png"), [0x89, b'P', b'N', b'G', 0xff]).unwrap();
    File::create(folder.join("huge.json")).unwrap().set_len(33 << 20).unwrap();

    for (line, expected) in TABLE {
        let place = |word: &str| match word.split_at(usize::from(!word.is_empty())) {
            ("@", name) => folder.join(name).to_str().unwrap().to_string(),
            ("!", "") => file(HOLDS),
            _ => word.to_string(),
        };
        let arguments: Vec<String> = line.split_whitespace().map(place).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let Said { code, out, err } = wavetank(&arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{line}: {err}");
        for expected in *expected {
            assert!(err.contains(expected), "{line}: ‘{expected}’ is not in\n{err}");
        }
        assert!(err.len() < 3000, "{line}: {err}");
    }
    // Nothing was written over.
    assert_eq!(fs::read_to_string(folder.join("copy.json")).unwrap(), good);
}

/// A result that can't be kept is told, and the result as well.
#[test]
fn a_find_that_can_not_be_written_is_still_told() {
    let hunt = ["fuzz", "--seeds", "0..9", "--length", "5s", "--off", "commitAfterQuorum"];
    let Said { code, out, err } = wavetank(&[&hunt[..], &["--out", "/no/such/folder/x.json"]].concat());
    assert_eq!(code, 2);
    assert!(out.contains("Again: wavetank fuzz") && err.contains("can't be written"), "{out}{err}");
    assert_eq!(wavetank(&["run", &file(BROKEN), "--trace", "/no/such/x.ndjson"]).code, 2);
}
