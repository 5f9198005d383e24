//! The stretch of a run that is in sight, and its scale. Nothing here knows a browser.

use super::super::row::Point;

/// What a place on the tape is measured by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Virtual time, in microseconds.
    #[default]
    Time,
    /// The number of events before: where time stands still, they are all that passes.
    Events,
}

impl Measure {
    /// The place of a point.
    #[must_use]
    pub fn of<T>(self, point: &Point<T>) -> f64 {
        match self {
            Measure::Time => point.at_us as f64,
            Measure::Events => point.after as f64,
        }
    }

    /// The smallest stretch that fills the tape: some milliseconds, a fraction of a round trip; or a few
    /// events.
    #[must_use]
    pub fn span_min(self) -> f64 {
        match self {
            Measure::Time => 2_000.0,
            Measure::Events => 8.0,
        }
    }

    /// The stretch in sight when a run begins.
    #[must_use]
    pub fn span_usual(self) -> f64 {
        match self {
            Measure::Time => 2_000_000.0,
            Measure::Events => 200.0,
        }
    }
}

/// A place on the scale, with what is written there.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Where, in pixels.
    pub x: f64,
    /// What is written there; nothing between two that are written.
    pub label: Option<String>,
}

/// The stretch that is in sight, over so many pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// What places are measured by.
    pub measure: Measure,
    /// The place at the left edge.
    pub from: f64,
    /// How much is in sight.
    pub span: f64,
    /// How wide it is, in pixels.
    pub width: f64,
}

impl Window {
    /// Everything up to an end, over so many pixels.
    #[must_use]
    pub fn whole(measure: Measure, end: f64, width: f64) -> Window {
        Window { measure, from: 0.0, span: end.max(measure.span_min()), width }
    }

    /// Where a place is, in pixels.
    #[must_use]
    pub fn x(&self, place: f64) -> f64 {
        (place - self.from) / self.span * self.width
    }

    /// Which place is there.
    #[must_use]
    pub fn place(&self, x: f64) -> f64 {
        self.from + x / self.width.max(1.0) * self.span
    }

    /// The place at the right edge.
    #[must_use]
    pub fn to(&self) -> f64 {
        self.from + self.span
    }

    /// The window with so many times as much in sight, where the place at `x` stays where it is. `end` is
    /// the end of the run.
    #[must_use]
    pub fn zoomed(&self, times: f64, x: f64, end: f64) -> Window {
        let most = (end * 1.25).max(self.measure.span_usual());
        let span = (self.span * times).clamp(self.measure.span_min(), most);
        let from = self.place(x) - x / self.width.max(1.0) * span;
        Window { from, span, ..*self }.kept(end)
    }

    /// The window so many pixels further on.
    #[must_use]
    pub fn moved(&self, pixels: f64, end: f64) -> Window {
        Window { from: self.place(pixels), ..*self }.kept(end)
    }

    /// The window that has that place in sight: as it is if it has; else the place is at this part of it.
    #[must_use]
    pub fn showing(&self, place: f64, part: f64, end: f64) -> Window {
        let x = self.x(place);
        if (0.0..=self.width * part.max(0.9)).contains(&x) {
            return *self;
        }
        Window { from: place - self.span * part, ..*self }.kept(end)
    }

    /// Never before the start, and never so far on that hardly anything is in sight.
    fn kept(self, end: f64) -> Window {
        let last = (end - self.span * 0.2).max(0.0);
        Window { from: self.from.clamp(0.0, last), ..self }
    }

    /// The scale: a tick at least each 14 pixels, and room for what is written.
    #[must_use]
    pub fn ticks(&self) -> Vec<Tick> {
        let step = self.step(78.0);
        let parts = self.parts_of(step);
        let fine = step / f64::from(parts);
        let first = (self.from / fine).ceil();
        let count = ((self.to() / fine).floor() - first).max(-1.0) as i64 + 1;
        let tick = |n: i64| {
            let number = first as i64 + n;
            let place = number as f64 * fine;
            let label = (number % i64::from(parts) == 0).then(|| self.label(place, step));
            Tick { x: self.x(place), label }
        };
        (0..count.min(2000)).map(tick).collect()
    }

    /// The smallest round step that is at least so many pixels wide.
    fn step(&self, pixels: f64) -> f64 {
        let least = self.place(pixels) - self.from;
        // Minutes are no power of ten.
        const MINUTES: [f64; 6] = [60e6, 120e6, 300e6, 600e6, 1_200e6, 3_600e6];
        let mut step = 1.0;
        while step < least {
            for times in [2.0, 5.0, 10.0] {
                if step * times >= least {
                    step *= times;
                    return match self.measure {
                        Measure::Time if step > 30e6 => {
                            MINUTES.into_iter().find(|minutes| *minutes >= least).unwrap_or(step)
                        }
                        _ => step,
                    };
                }
            }
            step *= 10.0;
        }
        step
    }

    /// Into how many parts a step is divided.
    fn parts_of(&self, step: f64) -> u32 {
        let pixels = step / self.span * self.width;
        let fits = |parts: &u32| pixels / f64::from(*parts) >= 14.0 && step / f64::from(*parts) >= 1.0;
        [10, 5, 4, 2]
            .into_iter()
            .find(|parts| fits(parts) && (step / f64::from(*parts)).fract() == 0.0)
            .unwrap_or(1)
    }

    fn label(&self, place: f64, step: f64) -> String {
        match self.measure {
            Measure::Events => format!("{place}"),
            Measure::Time => time_label(place, step),
        }
    }
}

/// A time as it stands on a scale of such steps, both in microseconds.
fn time_label(us: f64, step_us: f64) -> String {
    if us == 0.0 {
        return "0".into();
    }
    if us >= 60e6 {
        let (minutes, seconds) = ((us / 60e6).floor(), us % 60e6 / 1e6);
        let decimals = decimals(step_us, 1e6);
        let width = if decimals == 0 { 2 } else { decimals + 3 };
        return format!("{minutes}:{seconds:0width$.decimals$}");
    }
    if us >= 1e6 || step_us >= 1e6 {
        return format!("{:.*} s", decimals(step_us, 1e6), us / 1e6);
    }
    format!("{:.*} ms", decimals(step_us, 1e3), us / 1e3)
}

/// How many decimals tell steps of that size apart, in such units.
fn decimals(step: f64, unit: f64) -> usize {
    let mut decimals = 0;
    let mut shown = unit;
    while step < shown && decimals < 6 {
        decimals += 1;
        shown /= 10.0;
    }
    decimals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: f64, span: f64) -> Window {
        Window { measure: Measure::Time, from, span, width: 1000.0 }
    }

    #[test]
    fn places_and_pixels_are_each_others_inverse() {
        for (from, span) in [(0.0, 3.6e9), (1_234_567.0, 20_000.0), (3.5e9, 2_000.0)] {
            let window = window(from, span);
            for x in [0.0, 1.0, 333.25, 999.0, 1000.0] {
                assert!((window.x(window.place(x)) - x).abs() < 1e-6, "{from} {span} {x}");
            }
            assert_eq!((window.x(from), window.x(window.to())), (0.0, 1000.0));
        }
    }

    #[test]
    fn what_is_under_the_pointer_stays_there_when_zoomed() {
        let end = 3.6e9;
        let mut now = window(1e9, 1e8);
        let place = now.place(700.0);
        for times in [0.5, 0.25, 2.0, 0.01] {
            now = now.zoomed(times, 700.0, end);
            assert!((now.place(700.0) - place).abs() < 1.0, "{times}");
        }
    }

    #[test]
    fn zoom_goes_from_the_whole_run_to_one_round_trip_and_no_further() {
        let hour = 3.6e9;
        let mut now = Window::whole(Measure::Time, hour, 1000.0);
        assert_eq!((now.from, now.to()), (0.0, hour));
        for _ in 0..100 {
            now = now.zoomed(0.5, 500.0, hour);
        }
        assert_eq!(now.span, 2_000.0);
        for _ in 0..100 {
            now = now.zoomed(2.0, 500.0, hour);
        }
        assert_eq!((now.from, now.span), (0.0, hour * 1.25));
    }

    #[test]
    fn the_window_stays_at_the_run() {
        let end = 10e6;
        assert_eq!(window(1e6, 2e6).moved(-5000.0, end).from, 0.0);
        assert_eq!(window(1e6, 2e6).moved(50_000.0, end).from, end - 0.4e6);
        assert_eq!(window(1e6, 2e6).moved(250.0, end).from, 1.5e6);
        // A run shorter than the window stays at the left.
        assert_eq!(window(0.0, 2e6).moved(250.0, 0.1e6).from, 0.0);
    }

    #[test]
    fn the_window_follows_only_what_leaves_it() {
        let end = 100e6;
        let now = window(4e6, 2e6);
        assert_eq!(now.showing(5e6, 0.8, end), now);
        let on = now.showing(5.9e6, 0.8, end);
        assert!((on.x(5.9e6) - 800.0).abs() < 1e-6, "{on:?}");
        let back = now.showing(1e6, 0.2, end);
        assert!((back.x(1e6) - 200.0).abs() < 1e-6, "{back:?}");
        assert_eq!(now.showing(0.0, 0.2, end).from, 0.0);
    }

    fn labels(window: Window) -> String {
        window.ticks().into_iter().filter_map(|tick| tick.label).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn the_scale_is_round_from_an_hour_to_a_round_trip() {
        assert_eq!(
            labels(window(0.0, 3.6e9)),
            "0 | 5:00 | 10:00 | 15:00 | 20:00 | 25:00 | 30:00 | 35:00 | 40:00 | 45:00 | 50:00 | 55:00 | 60:00"
        );
        assert_eq!(
            labels(window(60e6, 2e6)),
            "1:00.0 | 1:00.2 | 1:00.4 | 1:00.6 | 1:00.8 | 1:01.0 | 1:01.2 | 1:01.4 | 1:01.6 | 1:01.8 | 1:02.0"
        );
        assert_eq!(
            labels(window(0.0, 2e6)),
            "0 | 200 ms | 400 ms | 600 ms | 800 ms | 1.0 s | 1.2 s | 1.4 s | 1.6 s | 1.8 s | 2.0 s"
        );
        assert_eq!(
            labels(window(1_500_000.0, 20_000.0)),
            "1.500 s | 1.502 s | 1.504 s | 1.506 s | 1.508 s | 1.510 s | 1.512 s | 1.514 s | 1.516 s | 1.518 s | 1.520 s"
        );
        assert_eq!(
            labels(Window { measure: Measure::Events, width: 300.0, ..window(95.0, 12.0) }),
            "95 | 100 | 105"
        );
    }

    #[test]
    fn what_is_written_has_room_and_ticks_do_not_crowd() {
        let mut span = 2_000.0;
        while span < 7.3e9 {
            for from in [0.0, 1_234_567.0, 3.6e9] {
                let ticks = window(from, span).ticks();
                let gaps = ticks.windows(2).map(|two| two[1].x - two[0].x);
                assert!(gaps.min_by(f64::total_cmp).is_some_and(|least| least > 13.9), "{from} {span}");
                let written: Vec<f64> = ticks.iter().filter(|t| t.label.is_some()).map(|t| t.x).collect();
                assert!(written.len() >= 2, "{from} {span} {written:?}");
                assert!(written.windows(2).all(|two| two[1] - two[0] > 77.9), "{from} {span}");
            }
            span *= 1.7;
        }
    }
}
