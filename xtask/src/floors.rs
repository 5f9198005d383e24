//! The floor rule: every part of the house imports only from floors below it.
//!
//! It is read from the sources: each path that starts at `crate`, `self`, `super` or `wavetank`
//! is followed to the floor that it names, through groups and inline modules, in code, tests and
//! macros alike. A second rule goes with it: only the page knows that a browser exists.

use crate::project;
use crate::run::Outcome;
use crate::tokens::{Kind, Token, tokens};
use std::path::Path;

/// The floors, from the ground up.
const FLOORS: [&str; 14] = [
    "order",
    "spelling",
    "recognise",
    "raft",
    "kv",
    "sim",
    "check",
    "timeline",
    "explain",
    "explore",
    "learn",
    "console",
    "simulation",
    "ui",
];

/// Who may name the browser: the page, and the library for JavaScript programs.
const BROWSER_PLACES: [&str; 3] = ["simulation", "ui", "main"];

/// The crates that need a browser, or speak to one.
const BROWSER_CRATES: [&str; 8] = [
    "web_sys",
    "js_sys",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "serde_wasm_bindgen",
    "yew",
    "gloo",
    "getrandom",
];

/// Reads every source below src/ and says what breaks the rule.
pub fn check() -> Outcome {
    let root = project::root();
    let mut breaches = Vec::new();
    for path in project::files(&root.join("src"), ".rs") {
        let file = path.strip_prefix(&root).unwrap_or(&path);
        breaches.extend(breaches_in(file, &project::read(&path)?));
    }
    breaches.iter().for_each(|breach| eprintln!("{breach}"));
    match breaches.len() {
        0 => Ok(()),
        n => Err(format!("{n} imports break the floor rule: move what is shared to a lower floor.")),
    }
}

/// What breaks the rule in the file at `path` (from the root, as `src/kv/mod.rs`), as
/// `file:line: sentence`.
fn breaches_in(path: &Path, source: &str) -> Vec<String> {
    let module = module_of(path);
    let mut breaches: Vec<String> = imports(&tokens(source), &module)
        .into_iter()
        .filter_map(|(line, import)| Some((line, objection(&module, &import)?)))
        .map(|(line, sentence)| format!("{}:{line}: {sentence}", path.display()))
        .collect();
    // One line that names a floor twice is one breach.
    breaches.dedup();
    breaches
}

/// The module that a file is: `src/raft/log.rs` and `src/raft/log/mod.rs` are `raft`, `log`.
fn module_of(path: &Path) -> Vec<String> {
    let inside = path.strip_prefix("src").unwrap_or(path).with_extension("");
    let mut module: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Import {
    /// To something of this project: its full path from the root of the crate.
    Ours(Vec<String>),
    /// To a crate that needs a browser.
    Browser(String),
}

/// Why `import` may not stand in `module`; `None` if it may.
fn objection(module: &[String], import: &Import) -> Option<String> {
    let own = module.first().map_or("", String::as_str);
    match import {
        Import::Browser(_) if BROWSER_PLACES.contains(&own) => None,
        Import::Browser(name) => {
            Some(format!("`{own}` names `{name}`, but only the page knows the browser."))
        }
        // The roots of the crates stand on top of all floors.
        Import::Ours(_) if matches!(own, "lib" | "main" | "bin") => None,
        Import::Ours(path) => {
            let name = path.first().map_or("*", String::as_str);
            match (height(own), height(name)) {
                _ if name == own => None,
                (None, _) => {
                    Some(format!("`{own}` is no floor yet: give it a height in xtask/src/floors.rs."))
                }
                (_, None) => Some(format!("`{own}` names `crate::{name}`: name it by its floor.")),
                (Some(here), Some(there)) if there < here => None,
                _ => Some(format!("`{own}` imports from `{name}`, which is not below it.")),
            }
        }
    }
}

/// How high a floor is, if there is one of that name.
fn height(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|name| *name == floor)
}

/// The paths in a source that lead to our own crate or to the browser, each with its line.
fn imports(tokens: &[Token], module: &[String]) -> Vec<(u32, Import)> {
    let mut reader = Reader { tokens, at: 0, found: Vec::new() };
    // The inline modules around the place being read, and for each open brace whether it is one's.
    let mut here = root_of(module);
    let mut braces = Vec::new();
    while reader.at < tokens.len() {
        match reader.name(0) {
            Some("mod") if reader.name(1).is_some() && reader.mark(2) == Some('{') => {
                here.extend(reader.name(1).map(str::to_string));
                braces.push(true);
                reader.at += 3;
            }
            Some(start) if reader.is_start() => {
                let start = start.to_string();
                reader.follow(&start, &here);
            }
            _ => {
                match reader.mark(0) {
                    Some('{') => braces.push(false),
                    Some('}') if braces.pop() == Some(true) => drop(here.pop()),
                    _ => {}
                }
                reader.at += 1;
            }
        }
    }
    reader.found
}

/// The module to which `self` refers at the top of a file: the roots of crates have no name.
fn root_of(module: &[String]) -> Vec<String> {
    let root = matches!(module.first().map(String::as_str), Some("lib" | "main" | "bin"));
    if root { Vec::new() } else { module.to_vec() }
}

/// Walks through the tokens and collects the imports.
struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    found: Vec<(u32, Import)>,
}

impl<'a> Reader<'a> {
    fn kind(&self, ahead: usize) -> Option<&'a Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn name(&self, ahead: usize) -> Option<&'a str> {
        match self.kind(ahead)? {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }

    fn mark(&self, ahead: usize) -> Option<char> {
        match self.kind(ahead)? {
            Kind::Mark(mark) => Some(*mark),
            _ => None,
        }
    }

    /// Whether a path starts here: a name before `::`, or the one name of a `use`, that is not
    /// itself the continuation of a path.
    fn is_start(&self) -> bool {
        let before = self.at.checked_sub(1).map(|at| &self.tokens[at].kind);
        let used = matches!(before, Some(Kind::Name(word)) if word == "use" || word == "crate");
        before != Some(&Kind::Separator)
            && (self.kind(1) == Some(&Kind::Separator) || (used && self.name(0) != Some("crate")))
    }

    /// Follows the path that starts here with the name `start`.
    fn follow(&mut self, start: &str, here: &[String]) {
        let line = self.tokens[self.at].line;
        let base = match start {
            "crate" | "wavetank" => Vec::new(),
            "self" => here.to_vec(),
            "super" => parent(here),
            other => {
                if BROWSER_CRATES.contains(&other) {
                    self.found.push((line, Import::Browser(other.to_string())));
                }
                self.at += 1;
                return;
            }
        };
        self.at += 1;
        self.branch(base);
    }

    /// Reads on after a part of a path, whose meaning so far is `path`, to all its ends.
    fn branch(&mut self, mut path: Vec<String>) {
        let line = self.tokens[self.at - 1].line;
        if self.kind(0) != Some(&Kind::Separator) {
            return self.found.push((line, Import::Ours(path)));
        }
        self.at += 1;
        if self.mark(0) == Some('{') {
            return self.group(&path);
        }
        match self.name(0) {
            Some("self") => {}
            Some("super") => path = parent(&path),
            Some(name) => path.push(name.to_string()),
            // `::*` and the like: all that the path names.
            None => return self.found.push((line, Import::Ours(path))),
        }
        self.at += 1;
        self.branch(path);
    }

    /// Reads `{a, b::c, …}` after a path.
    fn group(&mut self, path: &[String]) {
        let line = self.tokens[self.at].line;
        self.at += 1;
        while let Some(kind) = self.kind(0) {
            match kind {
                Kind::Mark('}') => {
                    self.at += 1;
                    return;
                }
                Kind::Mark('*') => {
                    self.found.push((line, Import::Ours(path.to_vec())));
                    self.at += 1;
                }
                Kind::Name(name) if name == "as" => self.at += 2,
                Kind::Name(name) => {
                    let mut longer = path.to_vec();
                    if name != "self" {
                        longer.push(name.clone());
                    }
                    self.at += 1;
                    self.branch(longer);
                }
                _ => self.at += 1,
            }
        }
    }
}

/// The module around `module`.
fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rule says of `source` in the file `path`, without the place.
    fn said(path: &str, source: &str) -> Vec<String> {
        breaches_in(Path::new(path), source)
            .into_iter()
            .map(|breach| breach.splitn(3, ':').nth(2).unwrap().trim().to_string())
            .collect()
    }

    #[test]
    fn an_import_from_above_is_named_with_file_and_line() {
        let source = "//! The log.\nuse crate::raft::Term;\nuse crate::sim::World;\n";
        assert_eq!(
            breaches_in(Path::new("src/raft/log.rs"), source),
            ["src/raft/log.rs:3: `raft` imports from `sim`, which is not below it."]
        );
    }

    /// One case a line: file, source, how many breaches.
    #[test]
    fn every_way_to_write_a_path_is_followed() {
        let cases = [
            // Down is allowed, up and sideways is not.
            ("src/kv/mod.rs", "use crate::raft::Index;", 0),
            ("src/raft/mod.rs", "use crate::kv::Store;", 1),
            ("src/raft/log.rs", "use crate::raft::{Term, types::Index};", 0),
            ("src/sim/mod.rs", "use crate::{kv::Store, raft::{self, Node}};", 0),
            ("src/sim/mod.rs", "use crate::{kv::Store, check::{Check, Goal as G}, raft};", 1),
            ("src/timeline/run.rs", "use crate::{check, sim, ui, explain};", 2),
            ("src/check.rs", "fn f() -> crate::timeline::Run { crate::timeline::Run::new() }", 1),
            ("src/explore/mod.rs", "use crate::learn as lessons;", 1),
            ("src/simulation.rs", "use crate::console::Command; use crate::ui;", 1),
            ("src/ui/mod.rs", "use crate::{simulation, console, learn, raft};", 0),
            // Relative paths.
            ("src/raft/log.rs", "use super::types::Term;", 0),
            ("src/raft/log.rs", "use super::super::kv::Store;", 1),
            ("src/raft/mod.rs", "use super::kv;", 1),
            ("src/raft/log/segment.rs", "use super::super::Term;", 0),
            ("src/kv/mod.rs", "use self::sessions::Session;", 0),
            ("src/raft/log.rs", "mod tests { use super::*; use super::super::Term; }", 0),
            ("src/raft/log.rs", "mod tests { use super::super::super::kv::Store; }", 1),
            ("src/raft/log.rs", "mod a { fn f() {} } use super::super::sim;", 1),
            // By the crate's own name, in macros, and by what lies at the root.
            ("src/raft/mod.rs", "use wavetank::sim::World;", 1),
            ("src/raft/mod.rs", "macro_rules! m { () => { $crate::sim::now() } }", 1),
            ("src/kv/mod.rs", "use crate::Term;", 1),
            ("src/kv/mod.rs", "use crate::*;", 1),
            ("src/raft/mod.rs", "use super::*;", 1),
            // What is no path of ours.
            ("src/raft/mod.rs", "// use crate::sim;\n/* crate::sim */ const A: &str = \"crate::sim\";", 0),
            ("src/raft/mod.rs", "pub(crate) fn f() {} pub(in crate::raft) fn g() {} use std::sim::X;", 0),
            ("src/raft/mod.rs", "fn f<'a>(c: char, s: &'a str) -> bool { c == '\"' || s == \"'\" }", 0),
            // The roots stand above all; a new folder has to be given its floor.
            ("src/lib.rs", "pub mod raft; pub use crate::sim::World;", 0),
            ("src/main.rs", "use wavetank::ui::App; mod extra; use crate::extra::X;", 0),
            ("src/bin/bench.rs", "use wavetank::{sim, check};", 0),
            ("src/attic/mod.rs", "use crate::raft::Node;", 1),
        ];
        for (path, source, expected) in cases {
            let breaches = said(path, source);
            assert_eq!(breaches.len(), expected, "{path}: {source}\n{breaches:#?}");
        }
    }

    #[test]
    fn only_the_page_knows_the_browser() {
        let cases = [
            ("src/sim/mod.rs", "use web_sys::console;", 1),
            ("src/explain/mod.rs", "fn f(v: &wasm_bindgen::JsValue) {}", 1),
            ("src/learn/mod.rs", "use {serde::Serialize, yew::prelude::*};", 1),
            ("src/kv/mod.rs", "use js_sys;", 1),
            ("src/kv/mod.rs", "extern crate yew;", 1),
            ("src/raft/mod.rs", "let yew = 1; node.web_sys(yew); a::yew::b();", 0),
            ("src/bin/bench.rs", "use js_sys::Date;", 1),
            ("src/simulation.rs", "use wasm_bindgen::prelude::*;", 0),
            ("src/ui/stage.rs", "use web_sys::Element; use yew::prelude::*;", 0),
            ("src/main.rs", "fn main() { yew::Renderer::<App>::new().render(); }", 0),
        ];
        for (path, source, expected) in cases {
            let breaches = said(path, source);
            assert_eq!(breaches.len(), expected, "{path}: {source}\n{breaches:#?}");
        }
    }

    #[test]
    fn a_breach_says_what_is_wrong() {
        let source = "use crate::{kv, Term}; use yew::html;";
        assert_eq!(
            said("src/raft/mod.rs", source),
            [
                "`raft` imports from `kv`, which is not below it.",
                "`raft` names `crate::Term`: name it by its floor.",
                "`raft` names `yew`, but only the page knows the browser.",
            ]
        );
    }
}
