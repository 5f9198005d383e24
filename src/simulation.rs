//! The library for JavaScript programs, without a page: the class `Core` (feature `npm`) that the npm package
//! `wavetank` is made of, and below it what the page's own `window.wavetank` needs as well.
//!
//! **Whoever calls it gets plain data, or an error with a message and a code.** What is asked for comes as
//! JSON ([`asked`]), whose short forms are nothing but another way to write what recordings say.

pub mod asked;
#[cfg(feature = "js")]
pub mod bridge;
#[cfg(feature = "npm")]
pub mod class;
#[cfg(feature = "npm")]
mod failure;
pub mod reach;
