//! Documents and links from strangers: spoiled letter by letter, and by somebody who knows how they are made.
//! None panics, none makes more happen or takes more memory than it may, and each that is refused is refused
//! with a sentence.

use super::{recordings, spoiled_of, try_all};
use miniz_oxide::deflate::compress_to_vec_zlib;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use wavetank::timeline::link::link_of;
use wavetank::timeline::{
    BranchData, Caption, DigestMark, Document, Opening, Recording, Run, Target, Timeline,
};

/// How many events of a run that was opened are brought about here.
const EVENTS: u64 = 300;
/// The most memory that reading and opening a text of this size may take, in bytes: what is read has a copy
/// or two, and actions are larger than their text. Texts here have a few hundred kB, links unfold to 4 MiB.
const BYTES_MAX: i64 = 192 << 20;

/// Counts what each thread has of the memory, and the most that it ever had.
struct Counting;

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

fn count(bytes: i64) {
    // While a thread ends there is nobody left to count.
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        MOST.with(|most| most.set(most.get().max(now.get())));
    });
}

// SAFETY: all is done by the system's allocator; this only counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: as the caller has promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: as the caller has promised.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static MEMORY: Counting = Counting;

/// The most memory that this takes at once, in bytes.
fn memory_of<T>(what: impl FnOnce() -> T) -> (T, i64) {
    let before = NOW.get();
    MOST.set(before);
    let value = what();
    (value, MOST.get() - before)
}

/// The longest that one input has taken so far, in microseconds: told, and not judged.
static SLOWEST_US: AtomicU64 = AtomicU64::new(0);

/// Reads it, opens it and lets some of it happen, as the page does. Whether it is a run.
fn open(text: &str) -> Result<bool, TestCaseError> {
    let begun = Instant::now();
    let (opened, bytes) = memory_of(|| -> Result<(Document, Timeline), String> {
        let document = Document::from_text(text).map_err(|why| why.to_string())?;
        let timeline = Timeline::open(&document).map_err(|why| why.to_string())?;
        Ok((document, timeline))
    });
    prop_assert!(bytes < BYTES_MAX, "{} bytes", bytes);
    let result = match opened {
        Ok((document, mut timeline)) => {
            let target = document.open.events.map_or(Target::End, Target::Events);
            timeline.seek(target, EVENTS);
            let events = timeline.run().world().events();
            prop_assert!(events <= EVENTS + 100, "{} events", events);
            prop_assert_eq!(document.check(), Ok(()));
            // What was read is written so that it is read the same.
            let again = Document::from_text(&document.to_json());
            prop_assert!(again.as_ref() == Ok(&document), "{}", text);
            Ok(true)
        }
        Err(why) => {
            is_helpful(&why)?;
            Ok(false)
        }
    };
    SLOWEST_US.fetch_max(begun.elapsed().as_micros() as u64, Ordering::Relaxed);
    result
}

/// Whether a person can do something with it.
fn is_helpful(why: &str) -> Result<(), TestCaseError> {
    prop_assert!((30..800).contains(&why.chars().count()), "{}", why);
    prop_assert!(why.ends_with(['.', '?', '!']), "{}", why);
    prop_assert!(why.starts_with(char::is_uppercase) && why.split_whitespace().count() > 5, "{}", why);
    // What the person wrote may be repeated, in quotes.
    let own: String =
        why.split('‘').map(|part| part.split_once('’').map_or(part, |(_, rest)| rest)).collect();
    for raw in ["Err(", "Some(", "Error {", "Error(", "TINFL", "::", "kind:"] {
        prop_assert!(!own.contains(raw) || own.contains('`'), "{}", why);
    }
    // The parser's own words never stand alone.
    prop_assert!(
        !why.contains("line ")
            || why.contains("This is not a whole Wavetank run (")
            || why.contains("This is not a valid Wavetank run (")
            || why.contains("recording ("),
        "{}",
        why
    );
    Ok(())
}

/// Documents with everything in them.
fn documents() -> Vec<Document> {
    let read = |text: String| Recording::from_json(&text).expect("it is a recording");
    let mut documents: Vec<Document> =
        recordings().into_iter().map(|text| Document::of(read(text))).collect();
    let whole = documents[1].clone();
    for document in &mut documents {
        document.name = "A run “of mine” <b>1</b>".into();
        document.open = Opening { events: Some(20), playing: true };
        let run = Run::from_start(
            &document.branches[0].recording.setup,
            document.branches[0].recording.start.clone(),
        );
        let digest = run.expect("it makes a run").digest();
        document.branches[0].marks = vec![DigestMark { events: 0, digest }, DigestMark { events: 9, digest }];
        document.branches[0].captions = vec![Caption { until: 5, text: "It begins.".into() }];
        let child = BranchData { name: "b".into(), parent: Some(0), fork: 7, ..document.branches[0].clone() };
        document.branches.push(BranchData { recording: document.branches[0].recording.clone(), ..child });
        document.current = 1;
    }
    documents.push(whole);
    documents
}

/// A number from a seed, another one each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = (self.0 ^ (self.0 >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5677);
        ((self.0 >> 33) % below.max(1) as u64) as usize
    }
}

/// A place in a value, at random.
fn place<'a>(value: &'a mut Value, dice: &mut Dice) -> &'a mut Value {
    let size = match value {
        Value::Object(fields) => fields.len(),
        Value::Array(list) => list.len(),
        _ => 0,
    };
    if size == 0 || dice.roll(6) == 0 {
        return value;
    }
    let at = dice.roll(size);
    match value {
        Value::Object(fields) => place(fields.values_mut().nth(at).expect("it is there"), dice),
        Value::Array(list) => place(&mut list[at], dice),
        _ => unreachable!("only these have places"),
    }
}

/// Something that does not belong there, or not so much of it.
fn odd(dice: &mut Dice) -> Value {
    match dice.roll(24) {
        0 => json!(u64::MAX),
        1 => json!(-1),
        2 => json!(1.5e300),
        3 => json!(0),
        4 => json!(5_000_000),
        5 => json!(7_200_000_000_u64),
        6 => json!(null),
        7 => json!(true),
        8 => json!("<img src=x onerror=alert(1)>"),
        9 => json!("\u{202e}\u{0}\u{feff}'\"`\\"),
        10 => json!("é".repeat(5000)),
        11 => json!([]),
        12 => json!({}),
        13 => (0..dice.roll(200)).fold(json!(1), |inner, _| json!([inner])),
        14 => (0..dice.roll(200)).fold(json!(1), |inner, _| json!({"a": inner})),
        15 => json!(vec!["S1"; dice.roll(5000)]),
        16 => json!("S9"),
        17 => json!("S1>S2@18446744073709551615.4294967295.255"),
        18 => json!({"heal": null}),
        19 => json!(1_u64 << dice.roll(63)),
        20 => {
            json!({"submit": {"op": {"put": {"key": "k".repeat(dice.roll(3000)), "value": "v".repeat(dice.roll(100_000))}}}})
        }
        21 => {
            json!({"setOptions": {"options": {"election": {"minUs": 1, "maxUs": 1}, "heartbeatUs": 100, "workloadEveryUs": 100,
            "link": {"latency": {"minUs": 0, "maxUs": 0}, "duplicatePpm": 1_000_000}, "fsync": {"minUs": 0, "maxUs": 0}}}})
        }
        22 => json!({"partition": {"groups": vec![["S1"]; dice.roll(2000)]}}),
        _ => json!({"state": "S1:L9 1 / ".repeat(dice.roll(30))}),
    }
}

/// Changes a document as somebody would who knows how it is made.
fn bend(value: &mut Value, dice: &mut Dice) {
    for _ in 0..=dice.roll(3) {
        let other = place(&mut value.clone(), dice).clone();
        let here = place(value, dice);
        match (dice.roll(5), here) {
            (0, Value::Object(fields)) => {
                let name = fields.keys().nth(dice.roll(fields.len())).cloned();
                let taken = name.and_then(|name| fields.remove(&name));
                if dice.roll(2) == 0 {
                    fields.extend(taken.map(|taken| ("colour".to_owned(), taken)));
                }
            }
            (1, Value::Array(list)) if !list.is_empty() => {
                let again = list[dice.roll(list.len())].clone();
                list.extend(vec![again; dice.roll(80)]);
            }
            (2, Value::Number(number)) => {
                let near = number.as_u64().unwrap_or(0).wrapping_add(dice.roll(5) as u64).wrapping_sub(2);
                *number = near.into();
            }
            (3, here) => *here = other,
            (_, here) => *here = odd(dice),
        }
    }
}

/// Documents as text: bent, or with letters changed, or both, or well.
fn texts() -> impl Strategy<Value = String> {
    let documents = documents();
    let values: Vec<Value> =
        documents.iter().map(|one| serde_json::to_value(one).expect("plain data")).collect();
    let whole = documents.iter().map(Document::to_json).collect();
    let bent = (proptest::sample::select(values), any::<u64>()).prop_map(|(mut value, seed)| {
        let mut dice = Dice(seed);
        bend(&mut value, &mut dice);
        let text = value.to_string();
        match dice.roll(12) {
            0 => format!("{text}{text}"),
            1 => text.replacen("\"recording\":", "\"recording\":null,\"recording\":", 1),
            2 => "[".repeat(dice.roll(100_000)),
            _ => text,
        }
    });
    prop_oneof![4 => bent, 3 => spoiled_of(whole)]
}

/// Bytes packed into a link whatever they are; what is too long for one is written out all the same.
fn link(packed: &[u8]) -> String {
    link_of(packed).unwrap_or_else(|_| format!("w1.{}", "A".repeat(packed.len())))
}

/// Links: with letters changed, of documents that were bent, of streams that were damaged, of bombs.
fn links() -> impl Strategy<Value = String> {
    let whole: Vec<String> = documents().iter().filter_map(|document| document.to_link().ok()).collect();
    assert!(whole.len() > 8, "most of them fit into a link");
    let packed = |text: &str| compress_to_vec_zlib(text.as_bytes(), 6);
    let damaged = (texts(), any::<u64>()).prop_map(move |(text, seed)| {
        let (mut bytes, mut dice) = (packed(&text), Dice(seed));
        match dice.roll(6) {
            0 => bytes.truncate(dice.roll(bytes.len())),
            1 => bytes.extend_from_within(..),
            2 => bytes.truncate(bytes.len() - 4),
            3 => bytes.extend([0; 4]),
            _ => {
                let at = dice.roll(bytes.len());
                bytes[at] ^= 1 << dice.roll(8);
            }
        }
        link(&bytes)
    });
    let bombs = (any::<u64>(), proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(seed, noise)| {
        let mut dice = Dice(seed);
        let letter = b" [{\"0a"[dice.roll(6)];
        // What unfolds into more than a link may hold; some of it begins like a document.
        let mut bytes = br#"{"wavetank":1,"name":""#.repeat(dice.roll(2));
        bytes.extend(vec![letter; 1 << (10 + dice.roll(14))]);
        bytes.extend(noise);
        link(&compress_to_vec_zlib(&bytes, 1 + dice.roll(9) as u8))
    });
    let bent = texts().prop_map(move |text| link(&packed(&text)));
    prop_oneof![8 => spoiled_of(whole), 6 => bent, 4 => damaged, 1 => bombs]
}

#[test]
fn no_document_panics_or_takes_too_much_and_what_is_none_says_why() {
    try_all(texts(), |text| open(text));
    println!("documents: the slowest took {} µs", SLOWEST_US.load(Ordering::Relaxed));
}

#[test]
fn no_link_panics_or_takes_too_much_and_what_is_none_says_why() {
    try_all(links(), |text| open(text));
    println!("links: the slowest took {} µs", SLOWEST_US.load(Ordering::Relaxed));
}

#[test]
fn the_memory_of_a_thread_is_counted() {
    let ((), bytes) = memory_of(|| drop(std::hint::black_box(vec![1_u8; 10 << 20])));
    assert!((10 << 20..11 << 20).contains(&bytes), "{bytes}");
}
