//! What was made, handed to the person: as a file, or on the clipboard.

use super::picture::Picture;
use super::plain::pixels;
use js_sys::{Array, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, ClipboardItem, Document, HtmlAnchorElement,
    HtmlCanvasElement, HtmlImageElement, Url,
};

/// What browsers say of no use to anybody: so this is said.
pub const NO_PICTURE: &str = "The browser did not make the picture: try again, or choose SVG.";

/// What to say when a blob can't be made.
pub const NO_ROOM: &str = "The browser has no room left for the file: free some, and try again.";

/// Texts, one after the other, as something that can be saved.
///
/// # Errors
/// When the browser has no room for it.
pub fn blob(parts: &Array, kind: &str) -> Result<Blob, JsValue> {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    // Blobs may stand among the texts.
    Blob::new_with_str_sequence_and_options(parts, &options)
}

fn document() -> Result<Document, JsValue> {
    web_sys::window().and_then(|window| window.document()).ok_or(JsValue::NULL)
}

/// Hands it to the person as a file of that name.
///
/// # Errors
/// When the browser does not take it.
pub fn save(blob: &Blob, name: &str) -> Result<(), JsValue> {
    let address = Url::create_object_url_with_blob(blob)?;
    let link: HtmlAnchorElement = document()?.create_element("a")?.dyn_into()?;
    link.set_href(&address);
    link.set_download(name);
    link.click();
    Url::revoke_object_url(&address)
}

/// Puts on the clipboard what the promise brings, a [`Blob`] of that kind. Called right when the person asks:
/// browsers allow it only then.
///
/// # Errors
/// When the browser has no clipboard or does not allow it, or the promise is broken: then its sentence.
pub async fn copy(kind: &str, promise: &Promise) -> Result<(), JsValue> {
    let content = Object::new();
    Reflect::set(&content, &kind.into(), promise)?;
    let item = ClipboardItem::new_with_record_from_str_to_blob_promise(&content)?;
    let window = web_sys::window().ok_or(JsValue::NULL)?;
    let navigator = window.navigator();
    if Reflect::get(&navigator, &"clipboard".into())?.is_undefined() {
        return Err(JsValue::NULL);
    }
    JsFuture::from(navigator.clipboard().write(&Array::of1(&item))).await.map(drop)
}

/// A picture as a bitmap, `scale` times as large.
///
/// # Errors
/// A sentence, when it is too large, or the browser does not draw it.
pub async fn png(picture: Picture, scale: u8) -> Result<Blob, String> {
    let size = pixels(picture.width, picture.height, scale)?;
    drawn(&picture.svg, size).await.map_err(|_| NO_PICTURE.to_owned())
}

async fn drawn(svg: &str, (wide, high): (u32, u32)) -> Result<Blob, JsValue> {
    let address = Url::create_object_url_with_blob(&blob(&Array::of1(&svg.into()), "image/svg+xml")?)?;
    let image = HtmlImageElement::new()?;
    image.set_src(&address);
    let loaded = JsFuture::from(image.decode()).await;
    Url::revoke_object_url(&address)?;
    loaded?;
    let canvas: HtmlCanvasElement = document()?.create_element("canvas")?.dyn_into()?;
    canvas.set_width(wide);
    canvas.set_height(high);
    let context: CanvasRenderingContext2d = canvas.get_context("2d")?.ok_or(JsValue::NULL)?.dyn_into()?;
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, wide.into(), high.into())?;
    // It may not come: then it is null, which is no blob.
    let promise = Promise::new(&mut |resolve, reject| {
        if let Err(why) = canvas.to_blob(&resolve) {
            let _ = reject.call1(&JsValue::NULL, &why);
        }
    });
    JsFuture::from(promise).await?.dyn_into()
}
