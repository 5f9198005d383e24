//! The command line: a handful of flags, so no library.

use crate::run::Outcome;
use std::collections::BTreeMap;

/// What was given after the command.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Options {
    flags: Vec<String>,
    values: BTreeMap<String, String>,
}

impl Options {
    /// Reads `arguments`; `flags` stand alone, `values` take one word, as `--port 80` or `--port=80`.
    pub fn parse(arguments: &[String], flags: &[&str], values: &[&str]) -> Outcome<Options> {
        let mut options = Options::default();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_string())),
                None => (word.as_str(), None),
            };
            if values.contains(&name) {
                let value = inline
                    .or_else(|| words.next().cloned())
                    .ok_or_else(|| format!("`{name}` needs a value, as in `{name} VALUE`."))?;
                options.values.insert(name.to_string(), value);
            } else if flags.contains(&name) && inline.is_none() {
                options.flags.push(name.to_string());
            } else {
                let known = [flags, values].concat().join(", ");
                let known = if known.is_empty() { "none".to_string() } else { known };
                return Err(format!("`{word}` is not an option here; there are: {known}."));
            }
        }
        Ok(options)
    }

    /// Whether a flag was given.
    pub fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|given| given == flag)
    }

    /// The value of an option, if it was given.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Outcome<Options> {
        let words: Vec<String> = line.split_whitespace().map(str::to_string).collect();
        Options::parse(&words, &["--open"], &["--port"])
    }

    #[test]
    fn a_value_may_follow_or_be_glued_on() {
        assert_eq!(parse("--port 80").unwrap().value("--port"), Some("80"));
        assert_eq!(parse("--open --port=80").unwrap().value("--port"), Some("80"));
    }

    #[test]
    fn what_is_unknown_is_named_with_what_there_is() {
        let sentence = parse("--prot 80").unwrap_err();
        assert!(sentence.contains("`--prot`") && sentence.contains("--open, --port"));
        assert!(parse("--open=yes").is_err());
    }

    #[test]
    fn a_missing_value_is_asked_for() {
        assert!(parse("--port").unwrap_err().contains("needs a value"));
    }
}
