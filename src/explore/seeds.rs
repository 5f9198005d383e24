//! Many seeds on several threads, with results that do not depend on how many.

use std::ops::Range;

/// Does `work` for each seed, on that many threads, and hands the results to `fold` in the order of the
/// seeds, until it says that this is enough. What `fold` sees does not depend on the threads. In a
/// browser there is one thread.
pub fn for_seeds<T: Send>(
    seeds: Range<u64>,
    threads: usize,
    work: impl Fn(u64) -> T + Sync,
    mut fold: impl FnMut(u64, T) -> bool + Send,
) {
    if threads <= 1 || cfg!(target_arch = "wasm32") {
        for seed in seeds {
            if !fold(seed, work(seed)) {
                return;
            }
        }
    } else {
        on_threads(seeds, threads, work, fold);
    }
}

#[cfg(target_arch = "wasm32")]
fn on_threads<T: Send>(
    _: Range<u64>,
    _: usize,
    _: impl Fn(u64) -> T + Sync,
    _: impl FnMut(u64, T) -> bool + Send,
) {
}

#[cfg(not(target_arch = "wasm32"))]
fn on_threads<T: Send>(
    seeds: Range<u64>,
    threads: usize,
    work: impl Fn(u64) -> T + Sync,
    fold: impl FnMut(u64, T) -> bool + Send,
) {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::sync::{Mutex, PoisonError};

    let next = AtomicU64::new(seeds.start);
    let enough = AtomicBool::new(false);
    // Results that came before those of earlier seeds, and the seed that is awaited.
    let early = Mutex::new((BTreeMap::new(), seeds.start, fold));
    let worker = || {
        while !enough.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            let result = work(seed);
            let (early, awaited, fold) = &mut *early.lock().unwrap_or_else(PoisonError::into_inner);
            early.insert(seed, result);
            while let Some(result) = early.remove(awaited) {
                *awaited += 1;
                if enough.load(Ordering::Relaxed) || !fold(*awaited - 1, result) {
                    enough.store(true, Ordering::Relaxed);
                    return;
                }
            }
        }
    };
    // A panic in a worker comes out of the scope.
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(worker);
        }
        worker();
    });
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_and_end_where_they_are_enough_whatever_the_threads() {
        let seen = |threads, enough| {
            let mut seen = Vec::new();
            let uneven = |seed: u64| (0..(seed % 7) * 10_000).fold(seed, |sum, n| sum.wrapping_mul(31) ^ n);
            for_seeds(5..60, threads, uneven, |seed, result| {
                seen.push((seed, result));
                seed != enough
            });
            seen
        };
        for enough in [5, 20, 59, 100] {
            let alone = seen(1, enough);
            assert_eq!(alone.len() as u64, enough.min(59) - 5 + 1);
            assert!(alone.is_sorted_by_key(|&(seed, _)| seed));
            for threads in [2, 3, 8] {
                assert_eq!(seen(threads, enough), alone, "{threads} threads");
            }
        }
    }
}
