//! The one web worker: both ends of it. The page starts its own module there a second time, which finds no
//! page and waits for a job. Jobs and news are JSON.

use super::jobs::{self, Job, News};
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, MessageEvent, WorkerOptions, WorkerType};

/// The worker's file, beside the page.
const FILE: &str = "worker.js";
/// The function that the module puts there for it.
const WORK: &str = "wavetankWork";

/// Where there is no page: waits for jobs. See `static/worker.js`.
pub fn serve() {
    let work = Closure::<dyn Fn(String, Function)>::new(|job: String, post: Function| {
        let tell = |news: News| {
            let text = serde_json::to_string(&news).unwrap_or_default();
            // Nobody listens any longer: then it does not matter.
            let _ = post.call1(&JsValue::NULL, &text.into());
        };
        match serde_json::from_str::<Job>(&job) {
            Ok(job) => jobs::run(job, &tell),
            Err(why) => tell(News::Failed(format!("This is not a job: {why}."))),
        }
    });
    // Without it the worker says so itself.
    let _ = Reflect::set(&js_sys::global(), &WORK.into(), &work.into_js_value());
}

/// Work that is being done. Dropped before it is over, it ends at once.
pub struct Work {
    worker: web_sys::Worker,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _on_error: Closure<dyn Fn(Event)>,
}

impl Work {
    /// Starts a job. `hear` is called with all its news.
    ///
    /// # Errors
    /// A sentence, when no worker can be started.
    pub fn start(job: &Job, hear: impl Fn(News) + Clone + 'static) -> Result<Work, String> {
        let told = hear.clone();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let text = event.data().as_string().unwrap_or_default();
            told(
                serde_json::from_str(&text)
                    .unwrap_or_else(|why| News::Failed(format!("The worker’s answer can’t be read: {why}."))),
            );
        });
        let on_error = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            event.prevent_default();
            // A file that does not come gives an event without a message.
            let why = Reflect::get(&event, &"message".into()).ok().and_then(|why| why.as_string());
            let why = why.unwrap_or_else(|| format!("{FILE} could not be loaded"));
            hear(News::Failed(format!(
                "The worker has failed ({why}). The run on the page is untouched: try again."
            )));
        });
        let worker = begin(job, &on_message, &on_error);
        let worker =
            worker.map_err(|_| "No worker could be started: does the browser allow them?".to_owned())?;
        Ok(Work { worker, _on_message: on_message, _on_error: on_error })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn begin(
    job: &Job,
    on_message: &Closure<dyn Fn(MessageEvent)>,
    on_error: &Closure<dyn Fn(Event)>,
) -> Result<web_sys::Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = web_sys::Worker::new_with_options(&address(FILE)?, &options)?;
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    let message = Object::new();
    for (name, content) in
        [("module", address(&meta("page-module")?)?), ("wasm", address(&meta("page-wasm")?)?)]
    {
        Reflect::set(&message, &name.into(), &content.into())?;
    }
    let job = serde_json::to_string(job).map_err(|why| JsValue::from(why.to_string()))?;
    Reflect::set(&message, &"job".into(), &job.into())?;
    worker.post_message(&message)?;
    Ok(worker)
}

fn document() -> Result<web_sys::Document, JsValue> {
    web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)
}

/// A file's full address.
fn address(file: &str) -> Result<String, JsValue> {
    let base = document()?.base_uri()?.unwrap_or_default();
    Ok(web_sys::Url::new_with_base(file, &base)?.href())
}

/// What Trunk wrote into the page under this name.
fn meta(name: &str) -> Result<String, JsValue> {
    let element = document()?.query_selector(&format!("meta[name=\"{name}\"]"))?;
    element.and_then(|element| element.get_attribute("content")).ok_or(JsValue::NULL)
}
