//! What the worker is about, for the whole page: one job at a time. It outlives the panels.

use super::jobs::{Job, News, Progress, Shrunk};
use super::tank::Tank;
use super::worker::Work;
use std::cell::RefCell;
use std::rc::Rc;

/// What there is to show of the last job.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// What was asked.
    pub job: Rc<Job>,
    /// How far it is, and for how many real milliseconds it has run.
    pub progress: Progress,
    pub since_ms: f64,
    /// How far a recording was shrunk.
    pub shrunk: Option<Shrunk>,
    /// What came of it, if it is over.
    pub result: Option<Rc<News>>,
}

#[derive(Default)]
struct Desk {
    task: Option<Task>,
    /// Dropped, it ends at once.
    work: Option<Work>,
    /// Grows with each job: late news of one before are not heard.
    number: u64,
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// The last job.
pub fn task() -> Option<Task> {
    DESK.with_borrow(|desk| desk.task.clone())
}

pub(super) fn now_ms() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or(0.0, |clock| clock.now())
}

/// Starts a job. The one before ends.
pub fn start(tank: &Tank, job: Job) {
    let number = DESK.with_borrow(|desk| desk.number + 1);
    let (heard, began_ms) = (tank.clone(), now_ms());
    let work = Work::start(&job, move |news| hear(&heard, number, news, now_ms() - began_ms));
    let (work, result) = match work {
        Ok(work) => (Some(work), None),
        Err(sentence) => (None, Some(Rc::new(News::Failed(sentence)))),
    };
    let task = Task { job: Rc::new(job), progress: Progress::default(), since_ms: 0.0, shrunk: None, result };
    DESK.set(Desk { task: Some(task), work, number });
    tank.touch();
}

fn hear(tank: &Tank, number: u64, news: News, since_ms: f64) {
    // The worker ends outside of its own call.
    let over = DESK.with_borrow_mut(|desk| {
        let task = desk.task.as_mut().filter(|_| desk.number == number)?;
        task.since_ms = since_ms;
        match news {
            News::Progress(progress) => {
                task.progress = progress;
                None
            }
            News::Shrinking(shrunk) => {
                task.shrunk = Some(shrunk);
                None
            }
            result => {
                task.result = Some(Rc::new(result));
                desk.work.take()
            }
        }
    });
    if let Some(work) = over {
        // It is being called back right now, so it is dropped a little later.
        wasm_bindgen_futures::spawn_local(async move { drop(work) });
    }
    tank.touch();
}

/// Ends the job at once, and forgets it.
pub fn cancel(tank: &Tank) {
    DESK.with_borrow_mut(|desk| {
        desk.number += 1;
        desk.task = None;
        desk.work = None;
    });
    tank.touch();
}
