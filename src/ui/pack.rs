//! A run packed as a link, by the browser's own compressor: ours would make the page 10 kB longer, and only
//! what reads links has to be ours.

use super::export::file;
use crate::timeline::Document;
use crate::timeline::link::link_of;
use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableWritablePair, Response};

/// The link of the branch that is shown, from the `w` on.
///
/// # Errors
/// A sentence: it is too long, or the browser can't pack.
pub async fn link(document: &Document) -> Result<String, String> {
    let json = document.link_json().map_err(|why| why.to_string())?;
    let packed = packed(&json).await.map_err(|_| {
        "This browser is too old to pack a run into a link. Save it as a file instead.".to_owned()
    })?;
    link_of(&packed).map_err(|why| why.to_string())
}

/// A zlib stream: that is what `deflate` is here.
async fn packed(json: &str) -> Result<Vec<u8>, JsValue> {
    // web-sys does not count it among what is settled, though all browsers have it since 2023.
    let class: Function = Reflect::get(&js_sys::global(), &"CompressionStream".into())?.dyn_into()?;
    let packer: ReadableWritablePair =
        Reflect::construct(&class, &Array::of1(&"deflate".into()))?.unchecked_into();
    let text = file::blob(&Array::of1(&json.into()), "text/plain")?;
    let stream = text.stream().pipe_through(&packer);
    let response = Response::new_with_opt_readable_stream(Some(&stream))?;
    let bytes = JsFuture::from(response.array_buffer()?).await?;
    Ok(Uint8Array::new(&bytes).to_vec())
}
