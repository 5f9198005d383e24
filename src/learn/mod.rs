//! What there is to learn from: so far, which promise falls without which rule.

pub mod broken;
pub mod together;
