//! A run that one goes back and forth in is, at every moment, what a straight replay shows.

#[path = "common/seeking.rs"]
mod seeking;

use seeking::{Compared, seek_everywhere};

#[test]
fn any_recording_sought_in_any_order_is_what_a_straight_replay_shows() {
    let seeds = std::env::var("WAVETANK_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(400);
    let workers: Vec<_> = (0..2)
        .map(|worker| {
            std::thread::spawn(move || {
                let mut all = Compared::default();
                for seed in (worker..seeds).step_by(2) {
                    // Some are long enough for several checkpoints.
                    let until_us = if seed % 16 == 5 { 40_000_000 } else { 1_000_000 + 500_000 * (seed % 8) };
                    let compared = seek_everywhere(seed, until_us, 12);
                    all.moments += compared.moments;
                    all.branches += compared.branches;
                    all.backwards += compared.backwards;
                }
                all
            })
        })
        .collect();
    let mut all = Compared::default();
    for worker in workers {
        let compared = worker.join().expect("no moment differs");
        all.moments += compared.moments;
        all.branches += compared.branches;
        all.backwards += compared.backwards;
    }
    println!("{seeds} recordings: {all:?}");
    assert!(u64::from(all.moments) == 12 * seeds);
    assert!(u64::from(all.backwards) > seeds && u64::from(all.branches) > seeds / 4);
}
