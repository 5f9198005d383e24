//! Ctrl-C. Before a command has begun its work, it ends the program at once. From then on the first one asks the
//! command to end with what it has, and the second one ends the program at once.

use signal_hook::consts::SIGINT;
use signal_hook::flag::{register, register_conditional_shutdown};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::{fmt, io};

/// What a shell makes of a program that Ctrl-C has ended: 128 and the number of the signal.
pub const CODE: u8 = 130;

/// Whether a command is asked to end.
static ASKED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// Whether Ctrl-C ends the program at once.
static AT_ONCE: LazyLock<Arc<AtomicBool>> = LazyLock::new(|| Arc::new(AtomicBool::new(true)));

/// Has Ctrl-C do what is said above. Where a system has no such signal, it ends the program as it always did.
pub fn listen() {
    let flag = |flag: &Arc<AtomicBool>| Arc::clone(flag);
    // What a signal does is done in this order.
    let _ = register_conditional_shutdown(SIGINT, i32::from(CODE), flag(&AT_ONCE))
        .and_then(|_| register(SIGINT, flag(&AT_ONCE)))
        .and_then(|_| register(SIGINT, flag(&ASKED)));
}

/// Work begins that looks at this flag: where it is set, it is to end with what it has.
pub fn heeded() -> Arc<AtomicBool> {
    AT_ONCE.store(false, Ordering::Relaxed);
    Arc::clone(&ASKED)
}

/// Whether Ctrl-C was pressed since then.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// Why a run is not told to its end after Ctrl-C.
#[derive(Debug)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped by Ctrl-C")
    }
}

impl std::error::Error for Stopped {}

/// For those who are told a run: whether to go on.
pub fn go_on() -> io::Result<()> {
    if asked() { Err(io::Error::other(Stopped)) } else { Ok(()) }
}
