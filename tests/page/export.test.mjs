// Exports: every kind is saved as a person does it, and what is in the file is looked at elsewhere.

import AxeBuilder from "@axe-core/playwright";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { SIZES, THEMES, call, harness } from "./lib.mjs";

const { open } = harness();

const DOCS = await readFile(new URL("../../docs/formats.md", import.meta.url), "utf8");

/** An example of docs/formats.md, which a native test writes. */
function example(name) {
  const block = DOCS.split(`<!-- example: ${name} -->\n`)[1];
  return block.slice(block.indexOf("\n") + 1, block.indexOf("\n```", 4) + 1);
}

const NAUGHTY = '</text><script>alert("&")</script>';

/** A page with a leader, a crashed server, a cut link, messages on their way, and markup as a value. */
async function busy(t, options = {}) {
  const page = await open(t, { query: "?seed=7", ...options });
  page.setDefaultTimeout(15_000);
  await page.getByRole("button", { name: "Pause" }).first().click();
  await page.evaluate((value) => {
    const { wavetank } = window;
    wavetank.load({ ...wavetank.recording(), actions: [], end: { atUs: 0, k: 0 } });
    wavetank.runFor(400);
    for (let n = 0; n < 3; n += 1) wavetank.act({ submit: { op: { put: { key: "x", value } } } });
    wavetank.runFor(120);
    wavetank.act({ crash: { server: "S4" } });
    wavetank.act({ partition: { groups: [["S1", "S2", "S3", "S4"], ["S5"]] } });
    wavetank.act({ submit: { op: { put: { key: "y", value: "1" } } } });
    wavetank.runFor(12);
  }, NAUGHTY);
  return page;
}

const dialog = (page) => page.getByRole("dialog", { name: "Export" });

async function choose(page, what, fields = {}) {
  if (!(await dialog(page).isVisible())) await page.locator("[data-do=export]").click();
  await dialog(page).getByRole("radio", { name: what, exact: true }).check();
  for (const [name, value] of Object.entries(fields)) {
    await dialog(page).locator(`[data-field=${name}]`).selectOption(value);
  }
}

/** Saves what is chosen: the file's name and its bytes. */
async function save(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("[data-do=export-save]").click()]);
  const bytes = await readFile(await download.path());
  await dialog(page).getByText(`Saved: ${download.suggestedFilename()}`).waitFor();
  return { name: download.suggestedFilename(), bytes, text: bytes.toString("utf8") };
}

const saved = async (page, what, fields) => {
  await choose(page, what, fields);
  return save(page);
};

/** A page that knows nothing of Wavetank. */
async function elsewhere(page) {
  const other = await page.context().newPage();
  await other.goto("about:blank");
  return other;
}

/** What an XML parser finds in an SVG, and nothing else may be in it. */
async function parsed(page, svg) {
  const other = await elsewhere(page);
  const found = await other.evaluate((svg) => {
    const tree = new DOMParser().parseFromString(svg, "image/svg+xml");
    const all = [...tree.querySelectorAll("*")];
    return {
      errors: tree.querySelectorAll("parsererror").length,
      tags: [...new Set(all.map((element) => element.localName))],
      attributes: [...new Set(all.flatMap((element) => element.getAttributeNames()))],
      texts: [...tree.querySelectorAll("text")].map((text) => text.textContent),
      colours: [...new Set(all.flatMap((element) => [element.getAttribute("fill"), element.getAttribute("stroke")]))],
      fonts: [...new Set(all.map((element) => element.getAttribute("font-family")).filter((font) => font))],
    };
  }, svg);
  await other.close();
  return found;
}

/** The pixels of an image that stands alone: its size, how many colours it has, and how many pixels have one of some. */
async function pixels(page, bytes, kind, colours = []) {
  const other = await elsewhere(page);
  const seen = await other.evaluate(
    async ([data, colours]) => {
      const image = new Image();
      image.src = data;
      await image.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
      const context = canvas.getContext("2d");
      context.drawImage(image, 0, 0);
      const { data: bytes } = context.getImageData(0, 0, canvas.width, canvas.height);
      const counts = new Map();
      for (let n = 0; n < bytes.length; n += 4) {
        const [red, green, blue, alpha] = bytes.subarray(n, n + 4);
        const colour = alpha ? `#${((red << 16) | (green << 8) | blue).toString(16).padStart(6, "0")}` : "none";
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
      return { width: canvas.width, height: canvas.height, kinds: counts.size, of: colours.map((colour) => counts.get(colour) ?? 0) };
    },
    [`data:${kind};base64,${bytes.toString("base64")}`, colours],
  );
  await other.close();
  return seen;
}

const TAGS = ["svg", "title", "rect", "g", "line", "circle", "text", "tspan", "path", "polygon", "polyline", "ellipse"];
const PLAIN = /^(xmlns|viewBox|width|height|transform|opacity|fill|stroke|x|y|[xy][12]|c[xy]|r[xy]?|d[xy]?|points|font-(family|size|weight)|text-anchor|dominant-baseline|paint-order|(fill|stroke)-opacity|stroke-(width|dasharray|dashoffset|linecap|linejoin))$/;

function standsByItself(svg, { errors, tags, attributes, colours, fonts }) {
  assert.equal(errors, 0, "an XML parser reads it");
  assert.deepEqual(tags.filter((tag) => !TAGS.includes(tag)), []);
  assert.deepEqual(attributes.filter((name) => !PLAIN.test(name)), []);
  assert.deepEqual(colours.filter((colour) => colour && !/^(none|#[0-9a-f]{6})$/.test(colour)), []);
  assert.deepEqual(fonts.filter((font) => !["sans-serif", "monospace"].includes(font)), []);
  assert.doesNotMatch(svg.replace('xmlns="http://www.w3.org/2000/svg"', ""), /var\(|url\(|href|https?:|NaN|undefined/);
}

test("the stage as SVG stands by itself: well-formed, with its texts, its colours and nothing of the page", async (t) => {
  const page = await busy(t);
  const { name, bytes, text } = await saved(page, "Stage", { form: "svg", colours: "light" });
  assert.match(name, /^wavetank-seed7-532ms-stage\.svg$/);
  const found = await parsed(page, text);
  standsByItself(text, found);
  const live = await page.locator("svg.stage text").evaluateAll((all) => all.map((text) => text.textContent));
  assert.deepEqual(found.texts.slice(0, live.length), live, "text remains text, all of it");
  assert.equal(found.texts.at(-1), "Wavetank · time 532.00 ms · seed 7 · 5 servers");
  const messages = await page.locator("svg.stage .packet").count();
  assert.ok(messages > 2 && (text.match(/<path|<circle/g) ?? []).length > messages, "messages and marks are there");
  // The colour of term 1, ink, and what marks a crash and a cut, on white.
  const seen = await pixels(page, bytes, "image/svg+xml", ["#ffffff", "#56b4e9", "#12202b", "#a32a00"]);
  assert.ok(seen.of.every((count) => count > 50), `${seen.of}`);
  assert.ok(seen.of[0] > (seen.width * seen.height) / 2);
});

test("a picture is in the colours that were chosen, whatever the page has, and may have no background", async (t) => {
  const page = await busy(t, { theme: "dark" });
  const ground = async (colours) => (await saved(page, "Stage", { form: "svg", colours })).text.match(/<rect[^>]*fill="(#\w+)"/)[1];
  assert.deepEqual([await ground("screen"), await ground("light"), await ground("dark")], ["#0f1d28", "#ffffff", "#0f1d28"]);
  await dialog(page).getByRole("checkbox", { name: "no background" }).check();
  const { bytes } = await save(page);
  const seen = await pixels(page, bytes, "image/svg+xml", ["none"]);
  assert.ok(seen.of[0] > (seen.width * seen.height) / 2, "what is empty is transparent");
});

test("what is selected, hidden or only there to be clicked is not in the picture", async (t) => {
  const page = await busy(t);
  const before = (await saved(page, "Stage", { form: "svg" })).text;
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /^S1, / }).first().click();
  await page.locator(".server.selected").waitFor();
  assert.equal((await saved(page, "Stage", { form: "svg" })).text, before);
  assert.equal((before.match(/transparent|rgba/g) ?? []).length, 0);
});

for (const scale of [1, 2, 4]) {
  test(`a PNG has the size that was promised, ${scale}×, and shows the picture`, async (t) => {
    const page = await busy(t);
    await choose(page, "Stage", { form: `png${scale}`, colours: "light" });
    const option = dialog(page).locator(`option[value=png${scale}]`);
    await page.waitForFunction((scale) => / px$/.test(document.querySelector(`option[value=png${scale}]`).textContent), scale);
    const [, wide, high] = (await option.textContent()).match(/(\d+) × (\d+) px/).map(Number);
    const { name, bytes } = await save(page);
    assert.match(name, /stage\.png$/);
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [wide, high]);
    assert.equal(wide, 1184 * scale);
    const seen = await pixels(page, bytes, "image/png", ["#ffffff", "#56b4e9"]);
    assert.ok(seen.kinds > 20 && seen.of.every((count) => count > 1000 * scale), JSON.stringify(seen));
  });
}

test("the logs as SVG: a row a server, entries with term and text, markup as text, any columns", async (t) => {
  const page = await busy(t);
  const { name, text } = await saved(page, "Logs", { form: "svg", colours: "light" });
  assert.match(name, /logs\.svg$/);
  const found = await parsed(page, text);
  standsByItself(text, found);
  for (const word of ["S1", "S5", "term 1, leader", "term 1, crashed", "1", "2"]) assert.ok(found.texts.includes(word), word);
  assert.ok(found.texts.some((text) => text.startsWith("x←</t")), "a value that looks like markup is text");
  const { servers } = await call(page, "state");
  const entries = servers.reduce((sum, { log }) => sum + log.length, 0);
  assert.equal(found.texts.filter((text) => /^[xy]←/.test(text)).length, entries, "every entry is there");
  await dialog(page).getByLabel("from index").fill("2");
  await dialog(page).getByLabel("to index").fill("2");
  await dialog(page).getByLabel("to index").press("Tab");
  const some = await parsed(page, (await save(page)).text);
  const second = servers.filter(({ log }) => log.length >= 2).length;
  assert.equal(some.texts.filter((text) => /^[xy]←/.test(text)).length, second);
});

test("where the diagram has the stage's place, both can be exported; where it is closed, it says how to open it", async (t) => {
  const page = await busy(t);
  await choose(page, "Space-time diagram");
  await dialog(page).getByText(/The space-time diagram is not open: close this, press W/).waitFor();
  const before = (await saved(page, "Stage", { form: "svg" })).text;
  await page.keyboard.press("Escape");
  await page.keyboard.press("w");
  await page.locator("svg.stage").waitFor({ state: "detached" });
  const diagram = await saved(page, "Space-time diagram", { form: "svg" });
  assert.match(diagram.name, /^wavetank-seed7-532ms-space-time-diagram\.svg$/);
  assert.equal((await parsed(page, diagram.text)).errors, 0);
  const seen = await pixels(page, diagram.bytes, "image/svg+xml", ["#ffffff", "#12202b"]);
  assert.ok(seen.of.every((count) => count > 200), `${seen.of}`);
  assert.equal((await saved(page, "Stage", { form: "svg" })).text, before);
});

test("long logs: the last columns, up to a bound that is told; a bitmap that is too large is told of, and not made", async (t) => {
  const log = "1".repeat(250);
  const page = await open(t, { query: `?seed=7&state=${encodeURIComponent(`S1:L2 ${log} / S2 ${log} / S3 1`)}` });
  await page.getByRole("button", { name: "Pause" }).first().click();
  const columns = ({ texts }) => texts.filter((text) => /^\d+$/.test(text) && text !== "1").map(Number);
  const { text } = await saved(page, "Logs", { form: "svg" });
  assert.deepEqual(columns(await parsed(page, text)), Array.from({ length: 20 }, (_, n) => 231 + n));
  await dialog(page).getByLabel("from index").fill("1");
  await dialog(page).getByLabel("from index").press("Tab");
  await dialog(page).getByText("A picture has at most 200 columns: these are 51 to 250.").waitFor();
  await choose(page, "Logs", { form: "png4" });
  await dialog(page).getByText(/^A PNG of \d+ × \d+ px is more than browsers draw/).waitFor();
  await page.locator("[data-do=export-save]").click();
  await dialog(page).getByRole("status").getByText(/choose a smaller size, less of it, or SVG/).waitFor();
});

test("a caption stands under the picture: a title in the person's words, time and seed, or nothing", async (t) => {
  const page = await busy(t);
  await choose(page, "Stage", { form: "svg" });
  const title = `${NAUGHTY} ${"a long title ".repeat(20)}`;
  await dialog(page).getByLabel(/^title/).fill(title);
  const { texts } = await parsed(page, (await save(page)).text);
  const [first, ...rest] = texts.slice(texts.findIndex((text) => text.startsWith("</text>")));
  assert.ok(rest.length > 2, "it goes over several lines");
  assert.equal([first, ...rest.slice(0, -1)].join(" "), title.trim());
  await dialog(page).getByLabel(/^title/).fill("");
  await dialog(page).getByRole("checkbox", { name: /^time, seed/ }).uncheck();
  assert.ok(!(await save(page)).text.includes("seed 7"));
});

test("trace, history and ShiViz log are byte by byte what is written natively", async (t) => {
  const page = await open(t, { query: "?seed=4" });
  await page.getByRole("button", { name: "Pause" }).first().click();
  await call(page, "load", JSON.parse(example("recording")));
  const trace = await saved(page, "Trace");
  assert.match(trace.name, /^wavetank-seed4-600ms-trace\.ndjson$/);
  const lines = trace.text.split("\n");
  for (const name of ["header", "fired", "vote", "append", "crash"]) {
    assert.ok(lines.includes(example(`trace ${name}`).trim()), `the line of ${name}`);
  }
  assert.equal(lines.length, 2 + (await page.evaluate(() => window.wavetank.state().events)), "a line an event");
  assert.equal((await saved(page, "History of the clients")).text, example("history"));
  const shiviz = await saved(page, "ShiViz log");
  assert.ok(shiviz.text.startsWith(example("shiviz")), shiviz.text.slice(0, 200));
  const feed = await saved(page, "Feed");
  assert.ok(feed.text.startsWith(example("words")), feed.text.slice(0, 500));
  assert.equal(feed.text.trim().split("\n").length, lines.length, "two lines of heading, and one an event");
});

test("the recording replays to the same digest, and the feed is what its filter shows, if one wants that", async (t) => {
  const page = await busy(t);
  const digest = await call(page, "digest");
  const whole = (await saved(page, "Feed")).text.trim().split("\n").slice(2);
  const { text } = await saved(page, "Recording");
  await page.keyboard.press("Escape");
  await page.getByRole("group", { name: "Which events are shown" }).getByRole("button", { name: "replication" }).click();
  await choose(page, "Feed");
  await dialog(page).getByRole("checkbox", { name: /filter/ }).check();
  const some = (await save(page)).text.trim().split("\n").slice(2);
  assert.ok(some.length > 0 && some.length < whole.length);
  const replication = (line) => line.includes("AppendEntries reaches");
  assert.ok(whole.some(replication) && !some.some(replication) && some.every((line) => whole.includes(line)));
  await call(page, "load", JSON.parse(text));
  assert.equal(await call(page, "digest"), digest);
});

test("seen from the past, a run is written up to this moment, or with what follows", async (t) => {
  const page = await busy(t);
  const [whole, digest] = [(await saved(page, "Feed")).text, await call(page, "digest")];
  await page.keyboard.press("Escape");
  for (let n = 0; n < 5; n += 1) await page.keyboard.press(",");
  const some = await saved(page, "Feed");
  assert.ok(whole.length > some.text.length);
  await dialog(page).getByRole("checkbox", { name: "with what follows this moment" }).check();
  const all = await save(page);
  assert.equal(all.text, whole);
  assert.match(all.name, /532ms/);
  const { text } = await saved(page, "Recording");
  await call(page, "load", JSON.parse(text));
  assert.equal(await call(page, "digest"), digest);
});

test("a run is written in a worker: its end can be waited for or cancelled, and a second one works", async (t) => {
  let letGo;
  const held = new Promise((resolve) => (letGo = resolve));
  const page = await busy(t, {
    prepare: (page) => page.route("**/worker.js", async (route) => held.then(() => route.continue())),
    expected: [/worker\.js/],
  });
  await choose(page, "Trace");
  await page.locator("[data-do=export-save]").click();
  await dialog(page).getByText("Writing …").waitFor();
  await dialog(page).getByRole("progressbar", { name: "How much of the run is written" }).waitFor();
  assert.equal(await page.locator("[data-do=export-save]").isDisabled(), true);
  await page.locator("[data-do=export-cancel]").click();
  await dialog(page).getByText("Cancelled: nothing was written.").waitFor();
  letGo();
  assert.match((await save(page)).name, /trace\.ndjson$/);
  assert.equal(page.workers().length, 0, "no worker stays");
});

test("a worker that can't be had is told of in a sentence", async (t) => {
  const page = await busy(t, {
    prepare: (page) => page.route("**/worker.js", (route) => route.abort()),
    expected: [/worker\.js/],
  });
  await choose(page, "Trace");
  await page.locator("[data-do=export-save]").click();
  await dialog(page).getByText(/The worker has failed \(.+\)\. The run on the page is untouched/).waitFor();
});

test("text and PNG go to the clipboard; where it is refused, a sentence says what to do", async (t) => {
  const page = await busy(t, { permissions: ["clipboard-read", "clipboard-write"] });
  const { text } = await saved(page, "Feed");
  await page.locator("[data-do=export-copy]").click();
  await dialog(page).getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  await choose(page, "Stage", { form: "png1" });
  await page.locator("[data-do=export-copy]").click();
  await dialog(page).getByText("Copied.").waitFor();
  const kinds = () => page.evaluate(async () => (await navigator.clipboard.read()).flatMap(({ types }) => types));
  assert.deepEqual(await kinds(), ["image/png"]);
  await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
  await page.locator("[data-do=export-copy]").click();
  await dialog(page).getByText("The browser did not allow the clipboard: save the file instead.").waitFor();
});

test("time stands still while the dialog is open, and goes on afterwards as before", async (t) => {
  const page = await open(t, { query: "?seed=7" });
  await page.locator("[data-do=export]").click();
  await dialog(page).getByRole("img", { name: "Stage as it will be exported" }).waitFor();
  const now = () => page.evaluate(() => window.wavetank.state().nowUs);
  const then = await now();
  await page.waitForTimeout(200);
  assert.equal(await now(), then);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Pause" }).first().waitFor();
  await page.getByRole("button", { name: "Pause" }).first().click();
  await page.locator("[data-do=export]").click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Play" }).first().waitFor();
});

test("all of it by keyboard", async (t) => {
  const page = await busy(t);
  await page.keyboard.press("o");
  await dialog(page).getByRole("radio", { name: "Stage" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await dialog(page).getByRole("radio", { name: "Logs" }).isChecked(), true);
  const focused = () => page.evaluate(() => document.activeElement.dataset.do);
  for (let n = 0; n < 20 && (await focused()) !== "export-save"; n += 1) await page.keyboard.press("Tab");
  const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
  assert.match(download.suggestedFilename(), /logs\.png$/);
});

for (const [name, size] of Object.entries(SIZES)) {
  test(`the dialog fits, ${name}`, async (t) => {
    const page = await busy(t, { size });
    await choose(page, "Logs");
    const wide = await page.evaluate(() => [document.documentElement.scrollWidth, document.querySelector("dialog[open]").scrollWidth]);
    const { width } = await dialog(page).boundingBox();
    assert.ok(wide[0] <= size.width && wide[1] <= Math.ceil(width) && width <= size.width, `${wide} in ${width}`);
    await page.locator("[data-do=export-save]").scrollIntoViewIfNeeded();
    for (const control of await dialog(page).locator("button, select, label").all()) {
      const { height } = await control.boundingBox();
      assert.ok(height >= 24, await control.textContent());
    }
  });
}

for (const theme of THEMES) {
  test(`axe finds nothing serious in the dialog, ${theme}`, async (t) => {
    const page = await busy(t, { theme });
    for (const what of ["Logs", "Feed"]) {
      await choose(page, what);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
      assert.deepEqual(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(" | ")}`), []);
    }
  });
}
