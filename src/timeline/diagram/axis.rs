//! Where a moment stands on the time axis, when quiet stretches may be folded.

use super::Band;

/// How wide a folded stretch is, in pixels, however long it lasts.
pub const BAND_PX: f64 = 44.0;

/// The time axis: pixels to the right of the beginning of the stretch. A scale is pixels for a microsecond.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    start_us: f64,
    end_us: f64,
    folds: Vec<Fold>,
}

/// A stretch that is folded.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fold {
    from_us: f64,
    to_us: f64,
    /// How much of the time before it is shown.
    shown_us: f64,
    /// How many are folded before it.
    before: f64,
}

impl Fold {
    fn x(&self, scale: f64) -> f64 {
        self.shown_us * scale + self.before * BAND_PX
    }
}

impl Axis {
    /// The axis of a stretch of time in which these are folded: in order, and not overlapping.
    #[must_use]
    pub fn new(start_us: u64, end_us: u64, folded: impl Iterator<Item = Band>) -> Axis {
        let mut folds: Vec<Fold> = Vec::new();
        for band in folded {
            let (from_us, to_us) = (band.from_us as f64, band.to_us as f64);
            let (end_us, shown_us) =
                folds.last().map_or((start_us as f64, 0.0), |last| (last.to_us, last.shown_us));
            let shown_us = shown_us + (from_us - end_us).max(0.0);
            folds.push(Fold { from_us, to_us, shown_us, before: folds.len() as f64 });
        }
        Axis { start_us: start_us as f64, end_us: end_us as f64, folds }
    }

    /// How much time is shown, in microseconds, and how many stretches are folded.
    #[must_use]
    pub fn extent(&self) -> (f64, usize) {
        let shown_us = match self.folds.last() {
            Some(last) => last.shown_us + (self.end_us - last.to_us),
            None => self.end_us - self.start_us,
        };
        (shown_us, self.folds.len())
    }

    /// How wide it is.
    #[must_use]
    pub fn width(&self, scale: f64) -> f64 {
        self.x(self.end_us, scale)
    }

    /// Where a moment stands. Before the beginning that is to the left of 0.
    #[must_use]
    pub fn x(&self, us: f64, scale: f64) -> f64 {
        let after = self.folds.partition_point(|fold| fold.from_us <= us);
        let Some(fold) = after.checked_sub(1).map(|n| &self.folds[n]) else {
            return (us - self.start_us) * scale;
        };
        if us >= fold.to_us {
            return fold.x(scale) + BAND_PX + (us - fold.to_us) * scale;
        }
        fold.x(scale) + BAND_PX * (us - fold.from_us) / (fold.to_us - fold.from_us)
    }

    /// Which moment stands there.
    #[must_use]
    pub fn us(&self, x: f64, scale: f64) -> f64 {
        let after = self.folds.partition_point(|fold| fold.x(scale) <= x);
        let Some(fold) = after.checked_sub(1).map(|n| &self.folds[n]) else {
            return self.start_us + x / scale;
        };
        let inside = x - fold.x(scale);
        if inside >= BAND_PX {
            return fold.to_us + (inside - BAND_PX) / scale;
        }
        fold.from_us + (fold.to_us - fold.from_us) * inside / BAND_PX
    }
}
