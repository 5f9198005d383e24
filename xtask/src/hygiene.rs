//! What must stand in no committed file: paths of somebody's machine, addresses of a registry.

use crate::project;
use crate::run::{Outcome, command, output};

/// The one source that Cargo.lock may name: crates.io under its usual name.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Reads every file that git knows or would take, and says where something must go.
pub fn check() -> Outcome {
    let Some(list) = output(command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))
    else {
        println!("xtask: not a git repository, so there are no files to look through.");
        return Ok(());
    };
    let machine = machine_paths();
    let mut count = 0;
    for file in list.lines() {
        // Pictures and what has just been removed are not text to look through.
        let Ok(text) = project::read(file) else { continue };
        for (line, what) in faults(file, &text, &machine) {
            eprintln!("{file}:{line}: {what}");
            count += 1;
        }
    }
    match count {
        0 => Ok(()),
        n => Err(format!("{n} lines name a machine's path or a registry's address: take that out.")),
    }
}

/// The paths that exist only here: this checkout, the home folder, and homes in general.
fn machine_paths() -> Vec<String> {
    let here = project::root().display().to_string();
    let home = std::env::var("HOME").unwrap_or_default();
    // Put together, so that this file does not find itself.
    let general = ["home", "Users", "root"].map(|folder| format!("/{folder}/"));
    [here, home].into_iter().filter(|path| path.len() > 4).chain(general).collect()
}

/// The faulty lines of a file, counted from 1, and what is wrong with each.
fn faults(file: &str, text: &str, machine: &[String]) -> Vec<(usize, String)> {
    let fault = |line: &str| {
        let trimmed = line.trim();
        if let Some(path) = machine.iter().find(|path| names_path(line, path)) {
            Some(format!("names the machine's path {path}."))
        } else if file.ends_with("package-lock.json") && trimmed.starts_with("\"resolved\": \"http") {
            Some("carries a download address; npm's `omit-lockfile-registry-resolved` leaves it out.".into())
        } else if file.ends_with("Cargo.lock")
            && trimmed.starts_with("source = ")
            && !trimmed.contains(CRATES_IO)
        {
            Some("names a source other than crates.io.".into())
        } else if file.ends_with(".npmrc") && trimmed.starts_with("registry") {
            Some("names a registry; that belongs in one's own settings.".into())
        } else {
            None
        }
    };
    (1..).zip(text.lines()).filter_map(|(number, line)| Some((number, fault(line)?))).collect()
}

/// Whether `line` names `path` itself, not a longer name or address that happens to contain it.
fn names_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + path.len()..].chars().next();
        let starts = !before.is_some_and(|c| c.is_alphanumeric() || "./_-*".contains(c));
        let ends = path.ends_with('/') || !after.is_some_and(|c| c.is_alphanumeric() || "_-".contains(c));
        starts && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_where_they_stand() {
        let machine = ["/place/of/mine".to_string(), format!("/{}/", "home")];
        let crates_io = format!("source = \"{CRATES_IO}\"");
        let home = format!("cd /{}/me/wavetank", "home");
        let cases = [
            ("README.md", "cargo xtask serve", 0),
            ("README.md", "cd /place/of/mine", 1),
            ("README.md", "cd /place/of/minerals", 0),
            ("README.md", home.as_str(), 1),
            ("README.md", "https://example.org/home/page.html", 0),
            ("Cargo.lock", crates_io.as_str(), 0),
            ("Cargo.lock", "source = \"registry+https://mirror.example.org/index\"", 1),
            ("tests/page/package-lock.json", "\"resolved\": \"https://mirror.example.org/a.tgz\",", 1),
            ("tests/page/package-lock.json", "\"integrity\": \"sha512-abc\",", 0),
            ("tests/page/.npmrc", "registry=https://mirror.example.org", 1),
        ];
        for (file, line, expected) in cases {
            let found = faults(file, line, &machine);
            assert_eq!(found.len(), expected, "{file}: {line}: {found:?}");
        }
    }
}
