//! Files that lie beside the page, fetched when somebody wants them.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// The text of a file beside the page.
///
/// # Errors
/// A sentence, when it can't be fetched.
pub async fn text(path: &str) -> Result<String, String> {
    fetched(path).await.map_err(|why| {
        let why =
            why.as_string().or_else(|| why.dyn_into::<js_sys::Error>().ok().map(|e| e.message().into()));
        format!(
            "{path} could not be fetched ({}): check the connection and try again.",
            why.unwrap_or_default()
        )
    })
}

async fn fetched(path: &str) -> Result<String, JsValue> {
    let window = web_sys::window().ok_or("there is no window")?;
    let response: Response = JsFuture::from(window.fetch_with_str(path)).await?.dyn_into()?;
    if !response.ok() {
        return Err(format!("the answer was {}", response.status()).into());
    }
    let text = JsFuture::from(response.text()?).await?;
    Ok(text.as_string().unwrap_or_default())
}
