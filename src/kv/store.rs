//! The state machine of one server: a table, and the sessions of the clients.

use super::{Command, Op, Output};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The state machine of one server. A clone is cheap: what is large is shared until someone writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Store {
    table: Arc<BTreeMap<String, String>>,
    submitted: u32,
    /// By the client's number.
    sessions: Arc<BTreeMap<u8, Session>>,
}

/// What is kept of a client, so that none of its commands takes effect twice (D6.3). A client has one
/// command under way at a time, so the last answer is all that it can ask for again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Session {
    /// The number of its last command.
    pub serial: u32,
    /// The answer to that.
    pub output: Output,
    /// The index of the entry of that command.
    pub used: u64,
    /// After how many entries without a command of the client the session ends; 0: never.
    pub life: u32,
    /// Whether it has ended. What is left is the number, so that nothing from before comes to life again
    /// when a late copy arrives.
    pub ended: bool,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The answer.
    pub output: Output,
    /// Whether the command was carried out, and not answered from memory or refused.
    pub carried_out: bool,
}

impl Store {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.table.get(key).map(String::as_str)
    }

    /// All keys with their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.table.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many bare texts have been applied.
    #[must_use]
    pub fn submitted(&self) -> u32 {
        self.submitted
    }

    /// The sessions, by the clients' numbers, also those that have ended.
    #[must_use]
    pub fn sessions(&self) -> &BTreeMap<u8, Session> {
        &self.sessions
    }

    /// The store as bytes, for a snapshot: the same bytes for equal stores.
    #[must_use]
    pub fn encode(&self) -> Arc<[u8]> {
        serde_json::to_vec(self).unwrap_or_default().into()
    }

    /// The store that these bytes stand for, if they stand for one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Store> {
        serde_json::from_slice(bytes).ok()
    }

    /// This store as if no client had ever opened a session.
    #[must_use]
    pub fn without_sessions(self) -> Store {
        Store { sessions: Arc::default(), ..self }
    }

    /// Applies the command of the entry at `index`. The same commands in the same order give the same
    /// store everywhere: what a session allows, and when it ends, depends on the log alone (D6.3).
    /// `once` says whether sessions are heeded.
    pub fn apply(&mut self, index: u64, command: &Command, once: bool) -> Applied {
        self.end_sessions(index);
        let Command { client, serial, session, op } = command;
        if let Op::Register { life } = *op {
            let new = Session { serial: *serial, output: Output::Done, used: index, life, ended: false };
            // One that comes late must not put the session back to an earlier command.
            if self.sessions.get(client).is_none_or(|known| known.serial < *serial) {
                Arc::make_mut(&mut self.sessions).insert(*client, new);
            }
            return Applied { output: Output::Done, carried_out: false };
        }
        if !*session || !once {
            return Applied { output: self.carry_out(op), carried_out: true };
        }
        let output = match self.sessions.get(client) {
            None => Output::NoSession,
            Some(known) if known.serial > *serial => Output::Outdated,
            Some(known) if known.ended => Output::NoSession,
            Some(known) if known.serial == *serial => known.output.clone(),
            Some(&Session { life, .. }) => {
                let output = self.carry_out(op);
                let new =
                    Session { serial: *serial, output: output.clone(), used: index, life, ended: false };
                Arc::make_mut(&mut self.sessions).insert(*client, new);
                return Applied { output, carried_out: true };
            }
        };
        Applied { output, carried_out: false }
    }

    fn end_sessions(&mut self, index: u64) {
        let ends = |session: &Session| {
            !session.ended && session.life > 0 && index - session.used > u64::from(session.life)
        };
        if self.sessions.values().any(ends) {
            for session in Arc::make_mut(&mut self.sessions).values_mut().filter(|session| ends(session)) {
                (session.ended, session.output) = (true, Output::Done);
            }
        }
    }

    /// Does what an operation says, whoever asks and however often.
    pub fn carry_out(&mut self, op: &Op) -> Output {
        match op {
            Op::Get { key } => return Output::Value(self.table.get(key).cloned()),
            Op::Put { key, value } => match self.table_mut().get_mut(key) {
                Some(old) => old.clone_from(value),
                None => drop(self.table_mut().insert(key.clone(), value.clone())),
            },
            Op::Delete { key } => {
                self.table_mut().remove(key);
            }
            Op::Append { key, value } => self.table_mut().entry(key.clone()).or_default().push_str(value),
            Op::Cas { key, expect, value } => {
                let was = self.table.get(key).cloned();
                let swapped = was == *expect;
                if swapped {
                    self.table_mut().insert(key.clone(), value.clone());
                }
                return Output::Cas { swapped, was };
            }
            Op::Set { value } => {
                self.table_mut().insert(String::new(), value.clone());
            }
            Op::Submit { .. } => self.submitted += 1,
            Op::Increment { key } => {
                let number = self.get(key).and_then(|value| value.parse::<i64>().ok()).unwrap_or(0);
                let value = number.wrapping_add(1).to_string();
                self.table_mut().insert(key.clone(), value.clone());
                return Output::Value(Some(value));
            }
            Op::Register { .. } => {}
        }
        Output::Done
    }

    fn table_mut(&mut self) -> &mut BTreeMap<String, String> {
        Arc::make_mut(&mut self.table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(serial: u32, op: Op) -> Command {
        Command { client: 1, serial, session: true, op }
    }

    fn increment(serial: u32) -> Command {
        command(serial, Op::Increment { key: "n".into() })
    }

    #[test]
    fn a_command_that_comes_twice_is_applied_once_and_answered_the_same() {
        let mut store = Store::default();
        assert_eq!(store.apply(1, &increment(1), true).output, Output::NoSession);
        store.apply(2, &command(2, Op::Register { life: 0 }), true);
        let one = Output::Value(Some("1".into()));
        assert_eq!(store.apply(3, &increment(3), true).output, one);
        assert_eq!(store.apply(4, &increment(3), true).output, one);
        assert_eq!(store.get("n"), Some("1"));
        assert_eq!(store.apply(5, &increment(4), true).output, Output::Value(Some("2".into())));
        assert_eq!(store.apply(6, &increment(3), true).output, Output::Outdated);
        assert_eq!(
            store.apply(7, &increment(4), false).output,
            Output::Value(Some("3".into())),
            "sessions unheeded"
        );
    }

    #[test]
    fn a_session_ends_after_its_life_in_entries_and_is_opened_anew_behind_what_went_before() {
        let mut store = Store::default();
        store.apply(1, &command(1, Op::Register { life: 3 }), true);
        store.apply(2, &increment(2), true);
        assert_eq!(
            store.apply(5, &increment(3), true).output,
            Output::Value(Some("2".into())),
            "3 entries later"
        );
        assert_eq!(store.apply(9, &increment(4), true).output, Output::NoSession, "4 entries later");
        store.apply(10, &command(5, Op::Register { life: 3 }), true);
        assert_eq!(
            store.apply(11, &increment(4), true).output,
            Output::Outdated,
            "an old one that comes late"
        );
        assert_eq!(store.apply(12, &increment(6), true).output, Output::Value(Some("3".into())));
    }

    #[test]
    fn late_copies_of_a_registration_and_a_command_wake_no_session_that_has_ended() {
        let mut store = Store::default();
        let register = command(1, Op::Register { life: 3 });
        store.apply(1, &register, true);
        store.apply(2, &increment(2), true);
        assert_eq!(store.apply(9, &increment(2), true).output, Output::NoSession);
        store.apply(10, &register, true);
        assert_eq!(store.apply(11, &increment(2), true).output, Output::NoSession);
        assert_eq!(store.get("n"), Some("1"), "it took effect once, long ago");
    }

    #[test]
    fn an_old_registration_that_comes_late_changes_nothing() {
        let mut store = Store::default();
        store.apply(1, &command(1, Op::Register { life: 0 }), true);
        store.apply(2, &increment(2), true);
        store.apply(3, &command(1, Op::Register { life: 0 }), true);
        assert_eq!(store.apply(4, &increment(2), true).output, Output::Value(Some("1".into())));
        assert_eq!(store.get("n"), Some("1"));
    }

    #[test]
    fn a_store_survives_its_bytes_sessions_included() {
        let mut store = Store::default();
        store.apply(1, &command(1, Op::Register { life: 9 }), true);
        store.apply(2, &command(2, Op::Put { key: "a\"\n".into(), value: "ü".into() }), true);
        assert_eq!(Store::decode(&store.encode()), Some(store.clone()));
        assert_eq!(Store::decode(b"{}"), None);
        assert!(store.without_sessions().sessions().is_empty());
    }
}
