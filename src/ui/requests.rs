//! What the person asks of the cluster, typed in a small field.

use super::tank::{Tank, Tone};
use crate::kv::Op;
use crate::raft::{ReadMode, ServerId};
use crate::sim::Action;

/// Reads what was typed: `x=1` writes, `x?` or a single word reads, anything else is replicated as it is.
#[must_use]
pub fn read(text: &str) -> Op {
    let text = text.trim();
    let word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    if let Some((key, value)) = text.split_once(['=', '←'])
        && word(key.trim())
    {
        return Op::Put { key: key.trim().into(), value: value.trim().into() };
    }
    match text.strip_suffix('?') {
        Some(key) if word(key) => Op::Get { key: key.into() },
        _ => Op::Submit { text: text.into() },
    }
}

/// What is asked when nothing was typed: x, y and z in turn, with a number that grows.
#[must_use]
pub fn next(tank: &Tank) -> String {
    let asked = tank.with(|run| {
        let client = &run.world().clients()[0];
        client.serial as usize + client.queue.len()
    });
    format!("{}={}", ["x", "y", "z"][asked % 3], asked + 1)
}

/// Asks this of the cluster; nothing typed asks the next small thing. A read is answered by that mode, else
/// as the options say.
pub fn ask(tank: &Tank, text: &str, to: Option<ServerId>, mode: Option<ReadMode>) {
    let text = if text.trim().is_empty() { next(tank) } else { text.to_owned() };
    let action = Action::Submit { op: read(&text), to, mode };
    if let Err(refusal) = tank.act(action) {
        tank.notify(Tone::Trouble, format!("Nothing was asked: {refusal}."));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_a_write_a_read_or_just_text() {
        assert_eq!(read("x=1"), Op::Put { key: "x".into(), value: "1".into() });
        assert_eq!(read(" x = a b "), Op::Put { key: "x".into(), value: "a b".into() });
        assert_eq!(read("x?"), Op::Get { key: "x".into() });
        assert_eq!(read("UPDATE s=1"), Op::Submit { text: "UPDATE s=1".into() });
        assert_eq!(read("<b>"), Op::Submit { text: "<b>".into() });
    }
}
