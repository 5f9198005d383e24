//! A tape as a small picture: for branches, runs, and tapes side by side.

use super::frame::{GAP, share};
use crate::timeline::Tape;
use crate::timeline::tape::{Class, Life, Picture, Standing, Stretch, Window};
use crate::ui::words::term_class;
use yew::prelude::*;

/// The lanes of a tape in a window, as an SVG of that window's width: painted by role and term like the
/// tape itself, without words. `end` is the place up to where the run is known, `lane` the height of a lane
/// in pixels. Its meaning is to be written beside it, in `label`.
pub fn thumbnail(tape: &Tape, window: &Window, end: f64, lane: f64, label: String) -> Html {
    let picture = Picture::of(tape, window, end);
    let lanes = picture.lanes.len();
    let step = lane + if lane < 6.0 { 1.0 } else { GAP };
    let (width, height) = (window.width, step * lanes as f64);
    let bars = picture.lanes.iter().enumerate().flat_map(|(n, stretches)| {
        stretches.iter().enumerate().filter_map(move |(m, stretch)| {
            let (class, top, high) = bar(stretch, lane)?;
            let y = n as f64 * step + top;
            let wide = (stretch.end - stretch.x).max(0.5);
            Some(html! { <rect key={format!("{n}.{m}")} {class} x={px(stretch.x)} y={px(y)} width={px(wide)} height={px(high)} /> })
        })
    });
    let crosses: String = picture
        .lanes
        .iter()
        .enumerate()
        .map(|(n, stretches)| {
            let (r, y) = ((lane / 2.0 - 0.5).min(3.5), n as f64 * step + lane / 2.0);
            stretches
                .iter()
                .filter(|stretch| stretch.begins && is_down(stretch))
                .map(|stretch| cross(stretch.x + r, y, r))
                .collect::<String>()
        })
        .collect();
    let broken = picture.marks[Class::Violation as usize].iter().map(|spot| {
        html! { <rect key={spot.mark.after.to_string()} class="tape-broken" x={px(spot.x - 1.0)} y="0" width="2" height={px(height)} /> }
    });
    html! {
        <svg class="tape-thumb" role="img" aria-label={label} viewBox={format!("0 0 {} {}", px(width), px(height))}
            width={px(width)} height={px(height)} preserveAspectRatio="none">
            { for bars }
            <path class="tape-crosses" d={crosses} />
            { for broken }
        </svg>
    }
}

fn px(x: f64) -> String {
    format!("{x:.1}")
}

fn is_down(stretch: &Stretch<Standing>) -> bool {
    matches!(stretch.point.what.life, Life::Down | Life::Retired)
}

fn cross(x: f64, y: f64, r: f64) -> String {
    let (left, right, top, low) = (x - r, x + r, y - r, y + r);
    format!("M{left:.1} {top:.1}L{right:.1} {low:.1}M{right:.1} {top:.1}L{left:.1} {low:.1}")
}

/// The bar of a stretch: its class, how far below the top of its lane it begins, and its height.
fn bar(stretch: &Stretch<Standing>, lane: f64) -> Option<(Classes, f64, f64)> {
    let Standing { life, role, term } = stretch.point.what;
    match life {
        Life::Retired => None,
        Life::Down => Some((classes!("tape-down"), lane / 2.0 - 0.5, 1.0)),
        Life::Up | Life::Paused => {
            let paused = (life == Life::Paused).then_some("paused");
            let high = (lane * share(role)).max(1.0);
            Some((classes!("tape-thumb-bar", term_class(term), paused), lane - high, high))
        }
    }
}
