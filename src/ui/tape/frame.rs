//! Where the parts of the tape stand, in CSS pixels. Nothing here knows a browser.

use crate::raft::RoleName;

/// The names of the servers stand left of the lanes.
pub const GUTTER: f64 = 30.0;
/// What is free at the right.
const MARGIN: f64 = 6.0;
/// The strip above the lanes: actions and violations.
pub const STRIP: f64 = 13.0;
/// The strip below the lanes: commits and snapshots.
pub const COMMITS: f64 = 10.0;
/// The scale below everything.
pub const AXIS: f64 = 17.0;
/// Between two lanes.
pub const GAP: f64 = 2.0;

/// How much of a lane's height the bar of a role takes: roles are told apart without their colour.
#[must_use]
pub fn share(role: RoleName) -> f64 {
    match role {
        RoleName::Leader => 1.0,
        RoleName::Candidate => 0.72,
        RoleName::PreCandidate => 0.55,
        RoleName::Follower => 0.4,
    }
}

/// The measures of a tape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// How wide it is.
    pub width: f64,
    /// How many lanes it has.
    pub lanes: usize,
    /// How high a lane is.
    pub lane: f64,
}

impl Frame {
    /// The measures of a tape of that width; `low` where there is little room in height.
    #[must_use]
    pub fn new(width: f64, lanes: usize, low: bool) -> Frame {
        let lane = match (lanes, low) {
            (..=5, false) => 15.0,
            (..=5, true) | (..=7, false) => 12.0,
            (_, _) => 10.0,
        };
        Frame { width, lanes, lane }
    }

    /// How wide the run is drawn.
    #[must_use]
    pub fn plot(&self) -> f64 {
        (self.width - GUTTER - MARGIN).max(1.0)
    }

    /// How high it is.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.axis() + AXIS
    }

    /// Where a lane begins.
    #[must_use]
    pub fn top(&self, lane: usize) -> f64 {
        STRIP + lane as f64 * (self.lane + GAP)
    }

    /// Where the strip of commits begins.
    #[must_use]
    pub fn commits(&self) -> f64 {
        self.top(self.lanes)
    }

    /// Where the scale begins.
    #[must_use]
    pub fn axis(&self) -> f64 {
        self.commits() + COMMITS
    }

    /// The lane at that height.
    #[must_use]
    pub fn lane_at(&self, y: f64) -> Option<usize> {
        let lane = (y - STRIP + GAP / 2.0) / (self.lane + GAP);
        (lane >= 0.0 && lane < self.lanes as f64).then_some(lane as usize)
    }
}
