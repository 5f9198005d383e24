//! What is drawn of a tape beside the tape itself, pixel by pixel.

mod common;

use common::{groups, set, state};
use proptest::prelude::*;
use std::sync::OnceLock;
use wavetank::check::Checker;
use wavetank::explore::{Judge, Plan, weather};
use wavetank::raft::{Guard, Observer, RoleName, Rules, ServerSet};
use wavetank::sim::{Event, Stepped, Watch, World};
use wavetank::timeline::tape::{Class, Life, Measure, Picture, Tape, Window, at, cut_off, sides};

struct Taping(Checker, Tape);

impl Observer for Taping {
    const WATCHES: bool = true;
    fn decided(&mut self, _: Guard) {}
}

impl Watch for Taping {
    fn happened(&mut self, _: &World, _: &Stepped, event: Option<Event>) {
        self.1.note(&event.unwrap());
    }
}

impl Judge for Taping {
    fn checker(&self) -> &Checker {
        &self.0
    }
    fn is_over(&self) -> bool {
        false
    }
}

/// Storms of a minute, each with the time of its end.
fn tapes() -> &'static [(Tape, f64)] {
    static TAPES: OnceLock<Vec<(Tape, f64)>> = OnceLock::new();
    TAPES.get_or_init(|| {
        let tape = |seed| {
            let (setup, actions) = Plan::All.draw(seed, 0, 60_000_000, Rules::ALL_ON, |_| {});
            let mut world = World::new(&setup);
            let mut taping = Taping(Checker::new(&world), Tape::begin(&world));
            weather(&mut world, actions, 60_000_000, &mut taping);
            (taping.1, world.now_us() as f64)
        };
        (0..8).map(tape).collect()
    })
}

fn end_of(tape: &Tape, end_us: f64, measure: Measure) -> f64 {
    match measure {
        Measure::Time => end_us,
        Measure::Events => tape.events() as f64,
    }
}

/// A tape, and a window somewhere on it, from a fraction of a round trip to more than the whole run.
fn windows() -> impl Strategy<Value = (usize, Window)> {
    (0..8_usize, any::<bool>(), 0.0..1.0_f64, 0.0..1.0_f64, 40.0..700.0_f64).prop_map(
        |(n, by_events, from, span, width)| {
            let (tape, end_us) = &tapes()[n];
            let measure = if by_events { Measure::Events } else { Measure::Time };
            let end = end_of(tape, *end_us, measure);
            let least = measure.span_min();
            let span = least * (end * 1.25 / least).powf(span);
            (n, Window { measure, from: from * end, span, width: width.floor() })
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_pixel_shows_what_was_so_there((n, window) in windows()) {
        let (tape, end_us) = &tapes()[n];
        let end = end_of(tape, *end_us, window.measure);
        let picture = Picture::of(tape, &window, end);
        let edge = window.x(end).min(window.width);
        for (row, stretches) in tape.lanes().iter().zip(&picture.lanes) {
            let begins = row.get(0).map_or(0.0, |first| window.x(window.measure.of(first)).max(0.0));
            let mut x = begins;
            for stretch in stretches {
                prop_assert!((stretch.x - x).abs() < 1e-6 && stretch.end > stretch.x, "{stretch:?} at {x}");
                x = stretch.end;
                if stretch.merged == 1 {
                    let middle = window.place(f64::midpoint(stretch.x, stretch.end));
                    prop_assert_eq!(at(row, window.measure, middle), Some(&stretch.point));
                } else {
                    // What is merged lies within one pixel, and is one of those that begin there or reach in.
                    prop_assert!(stretch.end - stretch.x <= 1.0 + 1e-6);
                    let own = window.x(window.measure.of(&stretch.point));
                    prop_assert!(own < stretch.end);
                    let down = row.iter().filter(|point| {
                        let x = window.x(window.measure.of(point));
                        x >= stretch.x && x < stretch.end && point.what.life == Life::Down
                    });
                    if stretch.merged <= 16 && down.count() > 0 {
                        prop_assert_eq!(stretch.point.what.life, Life::Down);
                    }
                }
            }
            prop_assert!(x >= edge - 1e-6 || begins >= edge, "{x} {edge}");
            prop_assert!(stretches.len() as f64 <= 2.0 * window.width + 2.0);
        }
    }

    #[test]
    fn every_mark_in_sight_is_in_one_spot_and_spots_are_bounded_by_pixels((n, window) in windows()) {
        let (tape, end_us) = &tapes()[n];
        let picture = Picture::of(tape, &window, end_of(tape, *end_us, window.measure));
        for class in Class::ALL {
            let spots = &picture.marks[class as usize];
            let inside = |x: &f64| (0.0..=window.width).contains(x);
            let places = tape.marks(class).iter().map(|mark| window.x(window.measure.of(mark)));
            let visible = places.filter(inside).count();
            let shown: u32 = spots.iter().map(|spot| spot.merged).sum();
            // At the edges a spot may hold some that are just outside.
            prop_assert!(shown as usize >= visible, "{class:?} {shown} {visible}");
            let near = tape.marks(class).iter().filter(|mark| {
                let x = window.x(window.measure.of(mark));
                (-7.1..=window.width + 7.1).contains(&x)
            });
            prop_assert!(shown as usize <= near.count(), "{class:?}");
            prop_assert!(spots.len() as f64 <= window.width + 3.0);
            prop_assert!(spots.windows(2).all(|two| two[0].x < two[1].x));
        }
    }

    #[test]
    fn what_is_merged_does_not_depend_on_where_the_window_begins((n, window) in windows(), by in 1..40_i32) {
        let (tape, end_us) = &tapes()[n];
        let end = end_of(tape, *end_us, window.measure);
        let moved = Window { from: window.place(f64::from(by)), ..window };
        let (here, there) = (Picture::of(tape, &window, end), Picture::of(tape, &moved, end));
        for class in Class::ALL {
            let inside = |x: f64| x > 50.0 && x < window.width - 50.0;
            let in_both = |place: f64| inside(moved.x(place)) && inside(window.x(place));
            let inner = |picture: &Picture| -> Vec<(u64, u32)> {
                let spots = picture.marks[class as usize].iter();
                let shared = spots.filter(|spot| in_both(window.measure.of(&spot.mark)));
                shared.map(|spot| (spot.mark.after, spot.merged)).collect()
            };
            prop_assert_eq!(inner(&here), inner(&there));
        }
    }
}

#[test]
fn an_hour_is_painted_with_no_more_shapes_than_a_minute() {
    // What a minute shows, sixty times over.
    let (tape, end_us) = &tapes()[0];
    let narrow = Window { width: 1000.0, ..Window::whole(Measure::Time, *end_us, 1000.0) };
    let minute = Picture::of(tape, &narrow, *end_us).shapes();
    let wide = Window { width: 50.0, ..narrow };
    let fewer = Picture::of(tape, &wide, *end_us).shapes();
    assert!(fewer < minute && fewer < 50 * (2 * tape.lanes().len() + 10), "{fewer} {minute}");
}

#[test]
fn a_tape_beyond_its_end_shows_nothing() {
    let (tape, end_us) = &tapes()[0];
    let window = Window { measure: Measure::Time, from: end_us + 1e6, span: 1e6, width: 500.0 };
    assert_eq!(Picture::of(tape, &window, *end_us).shapes(), 0);
}

#[test]
fn the_sides_of_a_cut_are_those_that_hear_each_other_both_ways() {
    let mut run = state("S1:L4 1122 / S2:F4 1122 / S3:F4 1122 / S4:F4 1122 / S5:F4 1122");
    assert_eq!(sides(run.world().network().cuts(), 5), [ServerSet::first(5)]);
    run.act(groups("12 345")).unwrap();
    let cuts = *run.world().network().cuts();
    assert_eq!(sides(&cuts, 5), [set("345"), set("12")]);
    assert_eq!(cut_off(&cuts, 5, common::s(1)), set("345"));
    // S3 hears both halves, and is heard by both.
    run.act(groups("123 345")).unwrap();
    let cuts = *run.world().network().cuts();
    assert_eq!(sides(&cuts, 5), [ServerSet::first(5)]);
    assert_eq!(cut_off(&cuts, 5, common::s(1)), set("45"));
    assert_eq!(cut_off(&cuts, 5, common::s(3)), set(""));
    // A message in one direction only does not join two sides.
    let mut run = state("S1:L4 1122 / S2:F4 1122");
    run.act(wavetank::sim::Action::Cut { from: common::s(1), to: common::s(2) }).unwrap();
    assert_eq!(sides(run.world().network().cuts(), 2), [set("1"), set("2")]);
}

#[test]
fn a_crash_shorter_than_a_pixel_is_seen() {
    let (tape, end_us) = tapes()
        .iter()
        .find(|(tape, _)| {
            tape.lanes().iter().any(|lane| lane.iter().any(|point| point.what.life == Life::Down))
        })
        .unwrap();
    let window = Window::whole(Measure::Time, *end_us, 60.0);
    let picture = Picture::of(tape, &window, *end_us);
    for (row, stretches) in tape.lanes().iter().zip(&picture.lanes) {
        let crashed = row.iter().any(|point| point.what.life == Life::Down);
        assert_eq!(stretches.iter().any(|stretch| stretch.point.what.life == Life::Down), crashed);
    }
    let leaders = tape.marks(Class::Leader).iter().count();
    let seen = picture.marks[Class::Leader as usize].iter().map(|spot| spot.merged).sum::<u32>();
    assert_eq!(leaders, seen as usize);
    assert!(tape.lanes().iter().any(|lane| lane.iter().any(|point| point.what.role == RoleName::Leader)));
}
