//! Files that are written: whole or not at all, whatever happens.

use super::{BROKEN, HOLDS, Said, command, ends, file, folder, said, wavetank};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use wavetank::timeline::{Recording, Run};

/// What was there before.
const OLD: &str = "the old file";

/// All commands that write a file, with what they come to. The file's name goes behind them.
fn writers() -> [(Vec<String>, i32); 7] {
    let (holds, broken) = (file(HOLDS), file(BROKEN));
    [
        (format!("run {holds} --trace"), 0),
        (format!("export {holds} --to words --out"), 0),
        ("search --goal leaders>=1 --out".into(), 0),
        ("reach S1:L1/S2:F1/S3:F0 --out".into(), 0),
        (format!("shrink {broken} --out"), 0),
        ("fuzz --seeds 0..9 --length 2s --off commitAfterQuorum --out".into(), 1),
        ("fuzz --seeds 0..1 --length 2s --keep".into(), 0),
    ]
    .map(|(line, code)| (line.split_whitespace().map(str::to_string).collect(), code))
}

fn with(arguments: &[String], path: &Path) -> Command {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = command(&arguments);
    command.arg(path);
    command
}

fn run(mut command: Command) -> Said {
    said(command.output().expect("the command runs"))
}

/// The names of what is in a folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_takes_the_place_of_the_old_one_and_nothing_is_left_beside_it() {
    let folder = folder("files");
    let path = folder.join("out");
    for (arguments, code) in writers() {
        let _ = fs::remove_file(&path);
        assert_eq!(run(with(&arguments, &path)).code, code, "{arguments:?}");
        let written = fs::read(&path).unwrap();
        assert!(!written.is_empty(), "{arguments:?}");
        fs::write(&path, OLD.repeat(100_000)).unwrap();
        assert_eq!(run(with(&arguments, &path)).code, code, "{arguments:?}");
        assert_eq!(fs::read(&path).unwrap(), written, "{arguments:?}: whatever was there");
        assert_eq!(names(&folder), ["out"], "{arguments:?}");
    }
}

/// A limit on the size of files stands for a disk that is full after so many bytes; the signal that comes with it
/// is ignored, so that writing fails as it does on a full disk.
#[cfg(unix)]
fn on_a_full_disk(arguments: &[String], path: &Path) -> Said {
    let script = r#"trap "" XFSZ; ulimit -f 1; exec "$@""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_wavetank")]).args(arguments).arg(path);
    run(command)
}

#[cfg(unix)]
#[test]
fn on_a_full_disk_the_old_file_stays_and_the_result_is_told() {
    let folder = folder("full");
    let path = folder.join("out");
    for (mut arguments, _) in writers() {
        if arguments[0] == "search" || arguments[0] == "reach" || arguments[0] == "shrink" {
            // These find short runs, whose recordings the limit lets through.
            continue;
        }
        if arguments[0] == "fuzz" {
            arguments.retain(|word| word != "2s" && word != "--length");
        }
        fs::write(&path, OLD).unwrap();
        let Said { code, err, .. } = on_a_full_disk(&arguments, &path);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        for expected in
            [path.to_str().unwrap(), "can't be written (", "Make room there, or give another path"]
        {
            assert!(err.contains(expected), "{arguments:?}: {expected} is not in\n{err}");
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), OLD, "{arguments:?}");
        assert_eq!(names(&folder), ["out"], "{arguments:?}");
    }
}

#[test]
fn where_nothing_can_be_written_it_is_said_why_and_what_is_there_stays() {
    let folder = folder("nowhere");
    let (plain, inside) = (folder.join("plain"), folder.join("folder"));
    fs::write(&plain, OLD).unwrap();
    fs::create_dir(&inside).unwrap();
    let nowhere = [
        (plain.join("out"), "ot a directory"),
        (folder.join("no/such/folder/out"), "Give another path, in a folder that exists"),
        (inside.clone(), "directory"),
        (Path::new("/proc/wavetank.json").into(), "can't be written"),
    ];
    for (arguments, _) in writers() {
        for (path, why) in &nowhere {
            let Said { code, err, .. } = run(with(&arguments, path));
            assert_eq!(code, 2, "{arguments:?} {path:?}: {err}");
            assert!(err.contains(path.to_str().unwrap()) && err.contains(why), "{path:?}: {err}");
            // The name of a file that never was tells nobody anything.
            assert!(!err.contains(".wavetank-"), "{err}");
        }
    }
    assert_eq!((fs::read_to_string(&plain).unwrap().as_str(), names(&inside).len()), (OLD, 0));
    assert_eq!(names(&folder), ["folder", "plain"]);
}

/// Some may write in any folder; what they can't write is found out in the same way.
#[cfg(unix)]
#[test]
fn in_a_read_only_folder_the_old_file_stays_or_the_new_one_is_whole() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder("read_only");
    let path = folder.join("out");
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    for (arguments, code) in writers() {
        let _ = fs::remove_file(&path);
        run(with(&arguments, &path));
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, OLD).unwrap();
        set(&folder, 0o555);
        let Said { code: ended, err, .. } = run(with(&arguments, &path));
        set(&folder, 0o755);
        let there = fs::read_to_string(&path).unwrap();
        match ended {
            2 => assert!(there == OLD && err.contains("no file can be made beside it"), "{err}"),
            _ => assert_eq!((ended, there), (code, whole), "{arguments:?}"),
        }
        assert_eq!(names(&folder), ["out"]);
    }
}

#[cfg(unix)]
#[test]
fn a_file_keeps_its_permissions_and_a_symbolic_link_stays_one() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = folder("links");
    let (real, link, new) = (folder.join("real"), folder.join("link"), folder.join("new"));
    let (far, dangling) = (folder.join("far"), folder.join("dangling"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::write(&real, OLD).unwrap();
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real", &link).unwrap();
    symlink("link", &far).unwrap();
    symlink("made", &dangling).unwrap();
    let search: Vec<String> = ["search", "--goal", "leaders>=1", "--out"].map(String::from).into();
    for path in [&link, &far, &dangling, &new] {
        assert_eq!(run(with(&search, path)).code, 0);
        Recording::from_json(&fs::read_to_string(path).unwrap()).unwrap();
    }
    assert!(
        [&link, &far, &dangling].into_iter().all(|path| fs::symlink_metadata(path).unwrap().is_symlink())
    );
    assert_eq!(mode(&real), 0o640, "it is as it was");
    assert_eq!(names(&folder), ["dangling", "far", "link", "made", "new", "real"]);
    // A new file has the permissions that any program's has.
    let plain = folder.join("plain");
    fs::write(&plain, "").unwrap();
    assert_eq!(mode(&new), mode(&plain));
    // A link that leads to itself leads nowhere.
    fs::remove_file(&link).unwrap();
    symlink("far", &link).unwrap();
    let Said { code, err, .. } = run(with(&search, &far));
    assert!(code == 2 && err.contains("can't be written"), "{err}");
}

/// Everything is done to links and pipes of the test's own: a command that renames over what it is given must not
/// come near the system's devices.
#[cfg(target_os = "linux")]
#[test]
fn devices_and_pipes_are_written_to_as_they_are() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    let folder = folder("devices");
    let export = ["export", &file(HOLDS), "--to", "words"];
    let whole = ends(&export, 0);
    let pipe = folder.join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).unwrap()
    });
    assert_eq!(ends(&[&export[..], &["--out", pipe.to_str().unwrap()]].concat(), 0), "");
    assert_eq!(reader.join().unwrap(), whole);
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    // As /dev/stdout is one.
    let link = folder.join("stdout");
    symlink("/proc/self/fd/1", &link).unwrap();
    let through = [&export[..], &["--out", link.to_str().unwrap()]].concat();
    assert_eq!(ends(&through, 0), whole);
    // So it is where standard output is a file.
    let path = folder.join("out");
    let mut out = fs::File::create(&path).unwrap();
    writeln!(out, "What was said before.").unwrap();
    assert!(command(&through).stdout(out).status().unwrap().success());
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("What was said before.\n{whole}"));
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(names(&folder), ["out", "pipe", "stdout"]);
    // Standard output itself may be full.
    let full = |arguments: &[&str]| {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let Output { status, stderr, .. } = command(arguments)
            .stdout(full)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        (status.code(), String::from_utf8(stderr).unwrap())
    };
    for arguments in [&["rules"][..], &["run", &file(HOLDS)], &["export", &file(HOLDS), "--to", "trace"]] {
        let (code, err) = full(arguments);
        assert!(
            code == Some(2) && err.contains("standard output: it can't be written"),
            "{arguments:?}: {err}"
        );
    }
}

#[test]
fn a_hyphen_is_standard_output_and_the_words_go_to_standard_error() {
    for (arguments, code) in writers() {
        let mut arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        arguments.push("-");
        let Said { code: ended, out, err } = wavetank(&arguments);
        assert_eq!(ended, code, "{arguments:?}: {err}");
        match arguments[0] {
            "export" => assert!(err.is_empty() && out.starts_with("Wavetank: "), "{err}"),
            "run" => assert!(err.contains("Every promise held.") && out.starts_with("{\"format\""), "{err}"),
            _ => drop((Recording::from_json(&out).unwrap(), assert!(!err.is_empty()))),
        }
    }
}

#[test]
fn a_run_in_which_everything_held_is_kept() {
    let folder = folder("kept");
    let [kept, found] = ["kept.json", "found.json"].map(|name| folder.join(name).display().to_string());
    let hunt = ["fuzz", "--length", "3s", "--plan", "all", "--seeds", "4..8", "--keep", &kept];
    let out = ends(&hunt, 0);
    assert!(out.contains("Everything held in the run of seed 4, which is kept."), "{out}");
    let recording = Recording::from_json(&fs::read_to_string(&kept).unwrap()).unwrap();
    let run = Run::replay(&recording).unwrap();
    assert!(run.violations().is_empty() && !recording.actions.is_empty());
    // 3 s of trouble, and 20 s in which there has to be a leader.
    assert_eq!((run.world().now_us(), recording.setup.seed.0), (23_000_000, 4));
    assert!(ends(&["run", &kept], 0).contains("Every promise held."));

    // Of runs that held and runs that did not, each goes where it was asked to go.
    let broken = ["fuzz", "--length", "3s", "--seeds", "0..30", "--all", "--off", "logSurvivesCrash"];
    let both = ["--out", &found, "--keep", &kept];
    let line = ends(&[&broken[..], &["--json"], &both].concat(), 1);
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let read = |path: &str| Recording::from_json(&fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(line["held"], read(&kept).setup.seed.0.to_string());
    assert_eq!(line["first"]["seed"], read(&found).setup.seed.0.to_string());
    ends(&["run", &kept], 0);
    ends(&["run", &found], 1);

    // Where none held, nothing is kept, and what was there stays.
    fs::write(&kept, OLD).unwrap();
    let none = ["fuzz", "--length", "3s", "--seeds", "0..2", "--all", "--off", "commitAfterQuorum"];
    let out = ends(&[&none[..], &["--keep", &kept]].concat(), 1);
    assert!(out.contains("no run in which everything held"), "{out}");
    assert_eq!(fs::read_to_string(&kept).unwrap(), OLD);
    let Said { code, err, .. } = wavetank(&[&none[..], &["--keep", &kept, "--out", &kept]].concat());
    assert!(code == 2 && err.contains("the same file"), "{err}");
}
