//! Mounts the page.

#![forbid(unsafe_code)]

fn main() {
    wavetank::ui::start();
}
