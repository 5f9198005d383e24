//! `wavetank rules`: the rules that can be switched off.

use crate::output::{CameOut, End, report};
use wavetank::raft::Rule;

pub fn rules() -> CameOut {
    let widest = |of: fn(&Rule) -> &'static str| {
        Rule::ALL.iter().map(|rule| of(rule).chars().count()).max().unwrap_or(0)
    };
    let (names, sections) = (widest(|rule| rule.name()), widest(|rule| rule.section()));
    let line =
        |rule: &Rule| format!("{:names$}  {:sections$}  {}\n", rule.name(), rule.section(), rule.title());
    report(&Rule::ALL.iter().map(line).collect::<String>())?;
    Ok(End::Held)
}
