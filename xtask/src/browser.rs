//! A Chrome or Chromium, and the chromedriver that fits it.

use crate::run::{Outcome, command, output, run, step};
use std::env;
use std::path::{Path, PathBuf};

/// Names under which a browser is found on PATH.
const CHROMES: [&str; 5] =
    ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser", "chrome"];

/// Where macOS keeps it.
const MAC_CHROMES: [&str; 2] = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

const ASK: &str = "install Chrome or Chromium with the chromedriver of the same version \
    (on Debian: `apt-get install chromium chromium-driver`), or name them in CHROME and CHROMEDRIVER.";

/// A browser and its driver, of the same major version.
#[derive(Clone, Debug)]
pub struct Browser {
    pub chrome: PathBuf,
    pub driver: PathBuf,
}

/// Finds a browser with its driver; as root on Debian or Ubuntu it may install them.
pub fn set_up() -> Outcome<Browser> {
    if let Some(browser) = pair(&chromes(), &drivers()) {
        return Ok(browser);
    }
    if may_install() {
        step("installing Chromium and its driver from the distribution", "2 minutes", install)?;
    }
    pair(&chromes(), &drivers()).ok_or_else(|| missing(&chromes(), &drivers()))
}

/// A browser alone, for what needs no driver.
pub fn chrome() -> Outcome<PathBuf> {
    match chromes().into_iter().next() {
        Some((path, _)) => Ok(path),
        None => set_up().map(|browser| browser.chrome),
    }
}

/// A program that runs, and the major version that it tells.
type Versioned = (PathBuf, u32);

/// The first browser and driver of one version.
fn pair(chromes: &[Versioned], drivers: &[Versioned]) -> Option<Browser> {
    chromes.iter().find_map(|(chrome, version)| {
        let (driver, _) = drivers.iter().find(|(_, other)| other == version)?;
        Some(Browser { chrome: chrome.clone(), driver: driver.clone() })
    })
}

/// What to do when there is no pair, in one sentence.
fn missing(chromes: &[Versioned], drivers: &[Versioned]) -> String {
    match (chromes.first(), drivers.first()) {
        (None, _) => format!("no browser was found: {ASK}"),
        (_, None) => format!("no chromedriver was found: {ASK}"),
        (Some((_, chrome)), Some((_, driver))) => {
            format!("the browser is of version {chrome} and chromedriver of {driver}: {ASK}")
        }
    }
}

/// All browsers that run here, the one that was asked for first.
fn chromes() -> Vec<Versioned> {
    let asked = env::var_os("CHROME").map(PathBuf::from);
    let mac = MAC_CHROMES.iter().map(PathBuf::from).filter(|path| path.exists());
    asked.into_iter().chain(CHROMES.map(PathBuf::from)).chain(mac).filter_map(versioned).collect()
}

/// All drivers that run here; GitHub's runners keep theirs in a folder of its own.
fn drivers() -> Vec<Versioned> {
    let asked = env::var_os("CHROMEDRIVER").map(PathBuf::from);
    let runner = env::var_os("CHROMEWEBDRIVER").map(|folder| Path::new(&folder).join("chromedriver"));
    let usual = PathBuf::from("chromedriver");
    asked.into_iter().chain(runner).chain([usual]).filter_map(versioned).collect()
}

/// The program's full path and its major version; `None` if it does not run (Ubuntu's `chromium`
/// may be but a signpost).
fn versioned(program: PathBuf) -> Option<Versioned> {
    let path = crate::setup::on_path(&program)?;
    let text = output(command(&path).arg("--version"))?;
    Some((path, major(&text)?))
}

/// 156 of "Chromium 156.0.8078.79 built on Debian".
fn major(text: &str) -> Option<u32> {
    text.split_whitespace().find_map(|word| word.split_once('.')?.0.parse().ok())
}

/// Whether we may install: root, on a system with apt-get.
fn may_install() -> bool {
    output(command("id").arg("-u")).is_some_and(|user| user == "0")
        && crate::setup::on_path(Path::new("apt-get")).is_some()
}

fn install() -> Outcome {
    let apt =
        |arguments: &[&str]| run(command("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"));
    apt(&["update", "-qq"])?;
    // A font goes along: a machine without any would show the page as empty boxes.
    let packages = ["chromium", "chromium-driver", "fonts-dejavu-core"];
    apt(&[&["install", "-y", "-qq", "--no-install-recommends"], &packages[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(name: &str, version: u32) -> Versioned {
        (PathBuf::from(name), version)
    }

    #[test]
    fn the_major_version_is_read_from_what_browsers_print() {
        let cases = [
            ("Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)", Some(156)),
            ("Google Chrome 140.0.1.2", Some(140)),
            ("ChromeDriver 156.0.8078.79 (a21ce95-refs/heads/8078@{#1704})", Some(156)),
            ("Command '/usr/bin/chromium' requires the chromium snap", None),
        ];
        for (text, expected) in cases {
            assert_eq!(major(text), expected, "{text}");
        }
    }

    #[test]
    fn only_a_driver_of_the_same_version_fits() {
        let chromes = [program("chromium", 155), program("google-chrome", 156)];
        let drivers = [program("chromedriver", 156)];
        let browser = pair(&chromes, &drivers).unwrap();
        assert_eq!(browser.chrome, Path::new("google-chrome"));
        assert!(pair(&chromes[..1], &drivers).is_none());
        assert!(missing(&chromes[..1], &drivers).contains("version 155 and chromedriver of 156"));
    }
}
